"""The registered models as a table: what each takes, is, is for and comes from."""

from dlsuite.models import list_models, model_entry
from dlsuite.study.written_tables import as_markdown


def model_rows(pattern: str = "*", *, kind: str | None = None) -> list[dict[str, str]]:
    """A row for each registered model.

    Args:
        pattern: A shell wildcard.
        kind: Only models that take this kind of data.
    """
    rows = []
    for name in list_models(pattern, kind=kind):
        entry = model_entry(name)
        rows.append(
            {
                "model": name,
                "for": ", ".join(entry.kinds),
                "what it is": entry.summary,
                "what it is for": entry.purpose,
                "papers": "; ".join(paper.citation for paper in entry.papers),
            }
        )
    return rows


def models_markdown() -> str:
    """The suite's own models as a table in Markdown, each with the paper that it is from."""
    rows = []
    for name in list_models():
        entry = model_entry(name)
        if entry.is_shipped:
            rows.append(
                {
                    "name": name,
                    "for": ", ".join(entry.kinds),
                    "what it is for": entry.purpose,
                    "paper": str(entry.papers[0]) if entry.papers else "",
                }
            )
    return as_markdown(rows, bold=[False] * len(rows), column="")
