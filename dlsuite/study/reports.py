"""Figures and pages, written beside the tables they are made from. No TensorFlow."""

import json
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from dlsuite.errors import DlsuiteError, StoreError
from dlsuite.report import StudyTables, draw_figures
from dlsuite.report.page import (
    IndexEntry,
    PageFigure,
    index_page,
    page_figure,
    short_answers,
    study_page,
)
from dlsuite.store import ResultsFolder
from dlsuite.study.plan import make_plan
from dlsuite.study.results import PAGE, Results

INDEX = "index.html"
"""The name of the page that lists studies, in the folder in which they stand."""


def write_report(results: Results) -> Path:
    """Draw a study's figures and write its page, from its tables alone.

    Figures that the study no longer has are removed.

    Args:
        results: The study's results.

    Returns:
        The page, `report.html` in the study's folder.

    Raises:
        StoreError: The folder cannot be written, or a table cannot be read.
    """
    folder = results.folder
    try:
        figures = _draw(results.tables, folder / "figures")
        specification = (folder / "study.toml").read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        raise StoreError(f"{folder}: no page can be made of it ({error}).") from error
    page = study_page(
        results.tables,
        figures=figures,
        findings=results.findings,
        environment=environment_of(folder),
        specification=specification,
        planned=planned_trials(results),
        rejected=ResultsFolder(folder).rejected(),
    )
    ResultsFolder(folder).write({PAGE: page})
    return results.page


def write_index(out: Path) -> Path:
    """Write the page that lists the studies of a folder, with their answers.

    A folder in it that holds no results, or results that cannot be read, is left out.

    Args:
        out: The folder in which studies have folders of their own.

    Returns:
        The page, `index.html`.

    Raises:
        StoreError: The folder cannot be written.
    """
    entries = []
    for table in sorted(out.glob("*/trials.csv")):
        try:
            entries.append(_entry(Results(table.parent)))
        except DlsuiteError:  # Of another version, say: its own command tells what is wrong.
            continue
    ResultsFolder(out).write({INDEX: index_page(entries)})
    return out / INDEX


def planned_trials(results: Results) -> int | None:
    """How many trials a study has when it is finished; None where that is not known here.

    A model of its user's own may not be registered in this process.
    """
    try:
        return len(make_plan(results.study).trials)
    except DlsuiteError:
        return None


def _entry(results: Results) -> IndexEntry:
    trials = results.trials
    return IndexEntry(
        name=results.study.name,
        question=results.study.question,
        trials=len(trials),
        findings=results.findings,
        answers=short_answers(results.tables),
        planned=planned_trials(results),
        diverged=int((trials["status"] == "diverged").sum()),
        failed=results.n_failed,
        link=f"{results.folder.name}/{PAGE}" if results.page.is_file() else None,
    )


def _draw(tables: StudyTables, folder: Path) -> list[PageFigure]:
    """Draw each figure once, for its files and for the page."""
    jobs: list[Future[PageFigure]] = []
    # Packing pixels leaves Python free to draw the next figure.
    with ThreadPoolExecutor(1) as packing:
        files = draw_figures(
            tables,
            folder,
            each=lambda drawn, png: jobs.append(
                packing.submit(page_figure, drawn, png.read_bytes())
            ),
        )
    for path in folder.iterdir():
        if path not in files and path.suffix in (".png", ".svg"):
            path.unlink()
    return [job.result() for job in jobs]


def environment_of(folder: Path) -> dict[str, Any] | None:
    """What a study says of where it ran; None where that cannot be read."""
    try:
        found = json.loads((folder / "environment.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None
