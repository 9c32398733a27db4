"""All figures of a study: which there are, and how they come into a folder."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure

from dlsuite.errors import StoreError
from dlsuite.report.factor_data import factor_data
from dlsuite.report.factor_plots import factor_figure
from dlsuite.report.learning_curves import learning_curve_data, learning_curve_figure
from dlsuite.report.study_tables import StudyTables
from dlsuite.report.style import save_figure


@dataclass(frozen=True)
class StudyFigure:
    """A figure that answers one question about a study.

    Attributes:
        name: Its files' name without suffix, such as `effects`.
        title: What it shows, in a few words.
        caption: What a reader should know to read it: a sentence or two, no numbers.
        sources: The tables that its numbers are from, such as `("effects",)`.
        figure: The matplotlib figure.
    """

    name: str
    title: str
    caption: str
    sources: tuple[str, ...]
    figure: Figure


def study_figures(tables: StudyTables) -> Iterator[StudyFigure]:
    """Draw what the tables hold, one figure after another; one that would be empty is left out.

    Args:
        tables: The study's tables.

    Raises:
        DlsuiteError: A table lacks a column or a task.
    """
    for draw in _FIGURES:
        yield from draw(tables)


def draw_figures(tables: StudyTables, folder: Path) -> list[Path]:
    """Draw all figures of a study into a folder.

    Args:
        tables: The study's tables.
        folder: Where to write; made if it is missing.

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
    return [
        path
        for drawn in study_figures(tables)
        for path in save_figure(drawn.figure, folder, drawn.name)
    ]


def _learning_curves(tables: StudyTables) -> Iterator[StudyFigure]:
    for quantity in ("loss", "metric"):
        lines = learning_curve_data(
            tables["curves"],
            tables["trials"],
            tables["tasks"],
            factors=tables.factors,
            tuned=tables.tuned,
            quantity=quantity,
        )
        if not lines.empty:
            yield StudyFigure(
                f"learning_curves_{quantity}",
                f"Learning curves: {quantity}",
                "Train dashed, validation solid, both by an inference pass after each epoch; the mean over "
                "seeds. Where the solid line turns upward while the dashed one falls, the network overfits.",
                ("curves",),
                learning_curve_figure(lines, tables["tasks"], factors=tables.factors),
            )


def _factors(tables: StudyTables) -> Iterator[StudyFigure]:
    for factor in tables.factors if not tables["summary"].empty else ():
        data = factor_data(
            tables["trials"],
            tables["summary"],
            tables["tasks"],
            factor=factor,
            factors=tables.factors,
            tuned=tables.tuned,
        )
        if not data.means.empty:
            yield StudyFigure(
                f"factor_{factor}",
                f"Test metric and generalization gap against {factor}",
                "Every dot is a trial, every bar a 95 % interval of the mean over seeds. A gap above zero "
                "means overfitting.",
                ("summary", "trials"),
                factor_figure(data, tables["tasks"]),
            )


_FIGURES: Sequence[Callable[[StudyTables], Iterator[StudyFigure]]] = (_learning_curves, _factors)
