"""The command that draws a study's figures and page again: `report`."""

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dlsuite.cli.options import Json, Out, open_results

if TYPE_CHECKING:
    from dlsuite.study import Results

_SECONDS = 2.0
"""How often `--watch` looks whether there is something new."""


def report(
    studies: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="STUDY...",
            help="Names of studies in the folder of --out, or their own folders; all if absent.",
        ),
    ] = None,
    watch: Annotated[
        bool,
        typer.Option("--watch", help="Write the page again whenever a run has come further."),
    ] = False,
    out: Out = Path("results"),
    as_json: Json = False,
) -> None:
    """Draw figures and pages again, from the CSVs alone. Nothing is trained, TensorFlow is not needed."""
    from dlsuite.errors import SpecError
    from dlsuite.study.reports import write_index, write_report
    from dlsuite.terminal import print_lines

    names = studies or sorted(path.parent.name for path in out.glob("*/trials.csv"))
    if watch:
        if len(names) != 1:
            raise SpecError(f"report: --watch: expected one study to watch; got {len(names)}.")
        _watch(names[0], out)
        return
    chosen = [open_results(name, out) for name in names]
    if not chosen:
        raise SpecError(f"report: there are no studies in {out}; run one first, or say --out.")
    pages = [write_report(results) for results in chosen]
    indexes = [write_index(folder) for folder in dict.fromkeys(r.folder.parent for r in chosen)]
    if as_json:
        answer = {"pages": list(map(str, pages)), "indexes": list(map(str, indexes))}
        typer.echo(json.dumps(answer, indent=2))
        return
    print_lines(map(str, pages))
    print_lines(f"All studies: {index}" for index in indexes)


def _watch(name: str, out: Path) -> None:
    """Write the page whenever the tables have changed, until all trials are there or Ctrl-C."""
    from dlsuite.errors import StoreError
    from dlsuite.study.reports import planned_trials, write_index, write_report
    from dlsuite.terminal import err, print_lines

    seen: tuple[int, ...] = ()
    waiting = False
    while True:
        try:
            results = open_results(name, out)
            now = _state(results)
        except (StoreError, FileNotFoundError):
            if not waiting:
                err.print(f"{name}: no results yet; waiting for the first trials.", markup=False)
            waiting = True
            time.sleep(_SECONDS)
            continue
        if now != seen:
            page = write_report(results)
            write_index(results.folder.parent)
            seen = now
            trials, planned = len(results.trials), planned_trials(results)
            print_lines([f"{page}: {trials} of {planned or '?'} trials"])
            if planned is not None and trials >= planned:
                return
        time.sleep(_SECONDS)


def _state(results: "Results") -> tuple[int, ...]:
    """What changes when a run writes its tables."""
    return tuple(
        (results.folder / file).stat().st_mtime_ns for file in ("trials.csv", "environment.json")
    )
