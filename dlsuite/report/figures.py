"""All figures of a study: which there are, and how they come into a folder."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from dlsuite.errors import StoreError
from dlsuite.report.effects_forest import effects_figures
from dlsuite.report.factor_plots import factor_figures
from dlsuite.report.gap_tradeoff import tradeoff_figures
from dlsuite.report.heat_maps import heat_map_figures
from dlsuite.report.interaction_plots import interaction_figures
from dlsuite.report.learning_curves import learning_curve_figures
from dlsuite.report.learning_rate_plots import learning_rate_figures
from dlsuite.report.onset_curves import onset_figures
from dlsuite.report.seed_spread import seed_spread_figures
from dlsuite.report.study_figure import StudyFigure
from dlsuite.report.study_tables import StudyTables
from dlsuite.report.style import figure_style, save_figure
from dlsuite.report.wrong_winners import wrong_winner_figures

_TASKS_A_FIGURE = 6


def study_figures(tables: StudyTables) -> Iterator[StudyFigure]:
    """Draw what the tables hold, one figure after another; one that would be empty is left out.

    A figure has six tasks at most; further ones follow in a figure of their own, `effects-2` after `effects`.

    Args:
        tables: The study's tables.

    Raises:
        DlsuiteError: A table lacks a column or a task.
    """
    tasks = tables.tasks
    for draw in _FIGURES:
        if len(tasks) <= _TASKS_A_FIGURE:
            yield from _styled(draw, tables)
            continue
        for first in range(0, len(tasks), _TASKS_A_FIGURE):
            shown = tasks[first : first + _TASKS_A_FIGURE]
            part = f"tasks {first + 1} to {first + len(shown)} of {len(tasks)}"
            for drawn in _styled(draw, tables.only(shown)):
                name = f"{drawn.name}-{first // _TASKS_A_FIGURE + 1}" if first else drawn.name
                yield replace(drawn, name=name, title=f"{drawn.title} ({part})")


def _styled(
    draw: Callable[[StudyTables], Iterator[StudyFigure]], tables: StudyTables
) -> list[StudyFigure]:
    """Draw in the suite's style whatever a module forgets to: another thread may hold the settings."""
    with figure_style():
        return list(draw(tables))


def draw_figures(
    tables: StudyTables,
    folder: Path,
    *,
    each: Callable[[StudyFigure, Path], object] = lambda drawn, png: None,
) -> list[Path]:
    """Draw all figures of a study into a folder.

    Args:
        tables: The study's tables.
        folder: Where to write; made if it is missing.
        each: Called with each figure and its PNG when they are written.

    Returns:
        The files written, a `.png` and a `.svg` for each of `study_figures`.

    Raises:
        DlsuiteError: A table lacks a column or a task.
        StoreError: The folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{folder}: expected a folder for figures; {error.strerror}.") from error
    files: list[Path] = []
    for drawn in study_figures(tables):
        png, svg = save_figure(drawn.figure, folder, drawn.name)
        files += [png, svg]
        each(drawn, png)
    return files


_FIGURES: Sequence[Callable[[StudyTables], Iterator[StudyFigure]]] = (
    effects_figures,
    factor_figures,
    learning_rate_figures,
    interaction_figures,
    heat_map_figures,
    tradeoff_figures,
    learning_curve_figures,
    onset_figures,
    seed_spread_figures,
    wrong_winner_figures,
)
