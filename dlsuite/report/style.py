"""How figures look: colors, fonts, sizes, and files that are the same bytes every time.

Nothing here changes matplotlib's global state beyond a `with` block, and no figure goes through
pyplot, so that figures can be drawn without a display and from several threads.
"""

import io
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from dlsuite.analysis.factor_values import distinct_values, format_value, is_numeric
from dlsuite.atomic import write_file
from dlsuite.errors import StoreError

_LineStyle = Literal["solid"] | tuple[float, tuple[float, float]]

OKABE_ITO = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#882255")
"""Colors told apart with any color vision: Okabe and Ito's (2008), a wine red for their yellow."""
GRAY = "#666666"
"""What is not a condition: guessing, zero, marks in legends."""
LINE_STYLES: dict[str, _LineStyle] = {"train": (0, (3.0, 1.4)), "val": "solid"}
"""Dashed is what the model was trained on, solid what it was not."""
CROSS: dict[str, Any] = {"linestyle": "", "marker": "x", "markersize": 5, "markeredgewidth": 1.4}
"""Marks what diverged."""
TRIANGLE: dict[str, Any] = {"linestyle": "", "marker": "^", "markersize": 5}
"""Marks what lies above the panel."""
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
"""Shapes told apart at the size of a point."""
DASHES: tuple[_LineStyle | tuple[float, tuple[float, ...]], ...] = (
    "solid",
    (0, (4.0, 1.5)),
    (0, (1.0, 1.2)),
    (0, (4.0, 1.2, 1.0, 1.2)),
)
"""Lines told apart beside one another."""

PAGE_WIDTH = 7.0
"""Inches across both columns of a page."""
_DPI = 200
_SETTINGS: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 8.0,
    "axes.titlesize": 8.5,
    # Else matplotlib looks for room above the ticks, a tenth of all that drawing costs.
    "axes.titley": 1.0,
    "axes.labelsize": 8.0,
    "xtick.labelsize": 7.0,
    "ytick.labelsize": 7.0,
    "legend.fontsize": 7.5,
    "legend.title_fontsize": 7.5,
    "legend.frameon": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.7,
    "xtick.major.width": 0.7,
    "ytick.major.width": 0.7,
    "lines.linewidth": 1.4,
    "svg.fonttype": "path",
    "svg.hashsalt": "dlsuite",
}
# matplotlib's settings belong to the process: two threads that entered and left in turn would leave
# one another's behind.
_LOCK = threading.RLock()


@contextmanager
def figure_style() -> Iterator[None]:
    """Draw in the suite's style within the block; the settings are as before after it."""
    with _LOCK, mpl.rc_context(_SETTINGS):
        yield


def value_colors(values: Iterable[object]) -> dict[str, str]:
    """Give each value a color: ordered ones for three and more numbers, distinct ones otherwise.

    Args:
        values: A factor's values, or names; repeated ones count once.

    Returns:
        A color as `#rrggbb` for each value as `format_value` writes it, in the values' order.
    """
    distinct = distinct_values(values)
    names = [format_value(value) for value in distinct]
    if len(names) > len(OKABE_ITO) or (is_numeric(distinct) and len(names) > 2):
        # The map's light end is lost on white paper.
        shades = mpl.colormaps["plasma"](np.linspace(0.0, 0.85, len(names)))
        return {name: to_hex(shade) for name, shade in zip(names, shades, strict=True)}
    return dict(zip(names, OKABE_ITO, strict=False))


def axes_grid(
    n_panels: int, *, columns: int = 2, panel_height: float = 2.2, legend_rows: int = 0
) -> tuple[Figure, list[Axes]]:
    """Lay out a figure of equal panels, row by row, without an empty one.

    Args:
        n_panels: How many.
        columns: How many side by side, at most.
        panel_height: Inches.
        legend_rows: Rows of a legend above the panels, for which the figure grows.

    Returns:
        The figure and its panels. A single panel has about a column's width.
    """
    columns = min(columns, n_panels)
    rows = -(-n_panels // columns)
    width = PAGE_WIDTH if columns > 1 else 0.68 * PAGE_WIDTH
    figure = Figure(
        figsize=(width, rows * panel_height + 0.4 + 0.17 * legend_rows), layout="constrained"
    )
    figure.get_layout_engine().set(h_pad=0.06, w_pad=0.06)  # type: ignore[union-attr, call-arg]
    grid = figure.add_gridspec(rows, columns)
    panels = [figure.add_subplot(grid[divmod(index, columns)]) for index in range(n_panels)]
    return figure, panels


def new_axes() -> Axes:
    """Make a figure of one panel for a plot function that was given no axes."""
    with figure_style():
        _, [axes] = axes_grid(1)
    return axes


def lay_out(figure: Figure) -> None:
    """Place what a figure holds, once for all files; left to matplotlib, each file would measure anew."""
    engine = figure.get_layout_engine()
    if engine is not None:
        # Letters are fitted to pixels, so that a text's width depends on how many there are.
        figure.set_dpi(_DPI)
        engine.execute(figure)
        # Any engine that stays, even one that does nothing, costs a draw more each time.
        figure.set_layout_engine(None)


def save_figure(figure: Figure, folder: Path, name: str) -> list[Path]:
    """Write a figure as PNG (200 dpi) and SVG; the same figure gives the same bytes.

    Args:
        figure: What to write.
        folder: An existing folder.
        name: The files' name without suffix.

    Returns:
        The paths written, PNG first.

    Raises:
        StoreError: A file cannot be written.
    """
    paths = []
    with figure_style():
        lay_out(figure)
    for suffix, metadata in (
        (".png", {"Software": None}),
        (".svg", {"Date": None, "Creator": None}),
    ):
        buffer = io.BytesIO()
        with figure_style():
            figure.savefig(buffer, format=suffix[1:], dpi=_DPI, metadata=metadata)
        path = folder / f"{name}{suffix}"
        try:
            write_file(path, buffer.getvalue(), sync=False)  # It can be drawn again.
        except OSError as error:
            raise StoreError(
                f"{path}: cannot be written ({error.strerror}). The tables stay: see that there is room and "
                "that it can be written, and draw again with 'dlsuite report'."
            ) from error
        paths.append(path)
    return paths
