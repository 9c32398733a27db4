"""How a study's results and a learning-rate range show themselves in a notebook."""

from html import escape

from dlsuite.data.html import rows_table
from dlsuite.study.answers import CONDITIONAL, FOOTNOTE, TEST, answer_rows, answer_texts
from dlsuite.study.problems import problem_lines
from dlsuite.study.rate_range import LearningRateRange
from dlsuite.study.results import Results


def results_html(results: Results) -> str:
    """Write what a study found as HTML: the question, the findings, the answers, and where the page is.

    Args:
        results: A study's results.
    """
    study = results.study
    head = f"<b>{escape(study.name)}</b>"
    if study.question:
        head += f": {escape(study.question)}"
    said = "".join(f"<li>{escape(finding)}</li>" for finding in results.findings)
    rows = answer_texts(answer_rows(results))
    cells = [list(row.values()) for row in rows]
    table = rows_table(list(rows[0]), cells, names=3) if rows else ""
    note = ""
    if any(row[TEST].endswith(CONDITIONAL) for row in rows):
        note = f"<p><small>{escape(FOOTNOTE)}</small></p>"
    note += "".join(f"<p><small>{escape(line)}</small></p>" for line in problem_lines(results))
    page = results.page
    where = f"The page with all figures: {page}" if page.is_file() else f"Tables: {results.folder}"
    return (
        f"<div><p>{head}</p>{f'<ul>{said}</ul>' if said else ''}{table}{note}"
        f"<p><small>{escape(where)}</small></p></div>"
    )


def rate_range_html(found: LearningRateRange) -> str:
    """Write a learning-rate range as HTML: which rate to take, and a row for each that was tried.

    Args:
        found: What a range test found.
    """
    rows = found.rows()
    table = rows_table(list(rows[0]), [list(row.values()) for row in rows], names=2)
    return f"<div><p>{escape(found.sentence())}</p>{table}</div>"
