"""The commands that show what was found: `show` and `power`."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from dlsuite.cli.options import Json, Out, StudyName, open_results, places
from dlsuite.errors import SpecError

if TYPE_CHECKING:
    from dlsuite.study import Results


def show(
    studies: Annotated[
        list[str],
        typer.Argument(
            metavar="STUDY [STUDY]",
            help="A study's name in the folder of --out, or its own folder; two are compared.",
        ),
    ],
    out: Out = Path("results"),
    style: Annotated[
        Literal["text", "markdown", "latex", "csv"],
        typer.Option("--format", help="The table alone, as it goes into a paper."),
    ] = "text",
    as_json: Json = False,
) -> None:
    """Show what a study found: the answers, then the tables. Two studies are compared."""
    from dlsuite.study.answers import FOOTNOTE, TEST, answer_rows, answer_texts
    from dlsuite.study.problems import problem_lines
    from dlsuite.study.written_tables import as_latex, as_markdown

    if len(studies) > 2:
        raise SpecError(f"show: expected one study, or two to compare; got {len(studies)}.")
    if len(studies) == 2:
        _show_both(open_results(studies[0], out), open_results(studies[1], out), style, as_json)
        return
    results = open_results(studies[0], out)
    rows = answer_rows(results)
    if as_json:
        checks = results.checklist.to_dict("records")
        answer = {
            "findings": results.findings,
            "checklist": checks,
            "summary": rows,
            "problems": problem_lines(results),
        }
        typer.echo(json.dumps(answer, indent=2))
        return
    if style == "csv":
        _print_csv(rows)
        return
    if style != "text":
        write = as_markdown if style == "markdown" else as_latex
        bold = [row["best"] for row in rows]
        typer.echo(write(answer_texts(rows, stars=True), bold=bold, column=TEST), nl=False)
        return
    from dlsuite.terminal import print_lines, print_rows

    print_lines([results.study.question, ""] if results.study.question else [])
    print_lines([*results.findings, ""])
    print_rows(answer_texts(rows))
    print_lines([FOOTNOTE] if any(row["n_diverged"] for row in rows) else [])
    if problems := problem_lines(results):
        print_lines(["", *problems])
    look = results.checklist.loc[results.checklist["status"] == "look"]
    print_lines(["", "Look at:"] if len(look) else [])
    print_lines(f"- {row['task']}: {row['finding']}" for row in look.to_dict("records"))
    print_lines(["", places(results)])


def _show_both(first: "Results", second: "Results", style: str, as_json: bool) -> None:
    """Compare two studies, condition by condition."""
    from dlsuite.study.answers import compared_rows, compared_texts
    from dlsuite.study.written_tables import as_latex, as_markdown

    rows = compared_rows(first, second)
    texts = compared_texts(rows)
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
    elif style == "csv":
        _print_csv(rows)
    elif style == "text":
        from dlsuite.terminal import print_lines, print_rows

        print_lines([f"first: {first.folder}", f"second: {second.folder}", ""])
        print_rows(texts)
    else:
        write = as_markdown if style == "markdown" else as_latex
        typer.echo(write(texts, bold=[False] * len(texts), column=""), nl=False)


def _print_csv(rows: list[dict[str, Any]]) -> None:
    import csv

    writer = csv.DictWriter(sys.stdout, list(rows[0]) if rows else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)


def power(
    study_name: StudyName,
    effect: Annotated[
        float,
        typer.Option(help="The difference to show, in the unit of the metric that decides."),
    ],
    out: Out = Path("results"),
    as_json: Json = False,
) -> None:
    """Say how many more seeds a study needs to show a difference of a given size."""
    from dlsuite.study.answers import power_rows, power_sentence, power_texts

    rows = power_rows(open_results(study_name, out), effect=effect)
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
        return
    from dlsuite.terminal import print_lines, print_rows

    print_rows(power_texts(rows))
    print_lines(["", power_sentence(rows, effect=effect)])
