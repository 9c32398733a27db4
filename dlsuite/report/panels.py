"""How panels are laid out: a panel a task, or rows of tasks over columns of conditions."""

from collections.abc import Callable, Sequence

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.transforms import ScaledTranslation

from dlsuite.report.facets import Facet
from dlsuite.report.labels import factor_text, plain, shortened, value_text
from dlsuite.report.legends import add_colors, columns_above
from dlsuite.report.style import PAGE_WIDTH, axes_grid

_LETTERS_A_COLUMN = 100


def task_figure(
    tasks: Sequence[str],
    draw: Callable[[str, Axes], object],
    *,
    panel_height: float = 2.2,
    legend_rows: int = 0,
) -> Figure:
    """Draw a panel a task, two side by side.

    Args:
        tasks: Labels of the tasks.
        draw: Takes a task and its axes.
        panel_height: Inches.
        legend_rows: Rows of a legend above the panels.
    """
    figure, panels = axes_grid(len(tasks), panel_height=panel_height, legend_rows=legend_rows)
    for task, ax in zip(tasks, panels, strict=True):
        draw(task, ax)
    return figure


def facet_figure(
    tasks: Sequence[str],
    columns: Sequence[Facet],
    draw: Callable[[str, Facet, Axes], object],
    *,
    panel_height: float = 2.0,
) -> Figure:
    """Draw a panel a task where the conditions fit into one; else a row a task, a column a facet.

    Args:
        tasks: Labels of the tasks.
        columns: As `facets` returns them, one at least.
        draw: Takes a task, a facet and the axes; draws its conditions in the facet's colors.
        panel_height: Inches.

    Returns:
        The figure, with what the colors mean beside the panels or above them.
    """
    if len(columns) == 1:
        [facet] = columns
        names = {condition: plain(shortened(n, 40)) for condition, n in facet.names.items()}
        factors = [facet.factor] if facet.factor else []
        beside = max(map(len, names.values()), default=0) <= 16
        rows = 0 if beside else -(-len(names) // columns_above(names))
        figure, panels = axes_grid(len(tasks), legend_rows=rows)
        for task, ax in zip(tasks, panels, strict=True):
            draw(task, facet, ax)
        if len(names) > 1:
            add_colors(figure, facet.colors, names, factors=factors, beside=beside)
        return figure
    figure = Figure(figsize=(PAGE_WIDTH, len(tasks) * panel_height + 0.9), layout="constrained")
    figure.get_layout_engine().set(h_pad=0.05, w_pad=0.05)  # type: ignore[union-attr, call-arg]
    grid = figure.subplots(len(tasks), len(columns), sharey="row", squeeze=False)
    for row, task in enumerate(tasks):
        for place, facet in enumerate(columns):
            ax = grid[row, place]
            draw(task, facet, ax)
            title = plain(shortened(task, 84 // len(columns)))
            if place:
                ax.set_ylabel("")
                ax.tick_params(labelleft=False)
                title = ""
            if row < len(tasks) - 1:
                ax.set_xlabel("")
            if row == 0 and facet.column:
                name, value = facet.column
                title = f"{factor_text(name, 20)} {value_text(value, 12)}\n{title}"
            elif row == 0:
                _add_own_key(figure, ax, facet, len(columns))
            ax.set_title(title, loc="left")
    if columns[0].column:
        names = {c: plain(shortened(n, 24)) for c, n in columns[0].names.items()}
        add_colors(figure, columns[0].colors, names, factors=[columns[0].factor])
    return figure


def _add_own_key(figure: Figure, ax: Axes, facet: Facet, columns: int) -> None:
    """Say above a column's first panel what its colors mean, which are its own."""
    names = [value_text(name, 12) for name in facet.names.values()]
    longest = max(map(len, names))
    handles: list[Artist] = [
        Line2D([], [], color=facet.colors[condition], linewidth=2) for condition in facet.names
    ]
    legend = ax.legend(
        handles,
        names,
        title=factor_text(facet.factor, 24),
        loc="lower left",
        # Above the title, however high the panel.
        bbox_to_anchor=(-0.02, 1.0),
        bbox_transform=ax.transAxes + ScaledTranslation(0, 18 / 72, figure.dpi_scale_trans),
        ncols=min(4, max(1, _LETTERS_A_COLUMN // columns // (longest + 6))),
        alignment="left",
        columnspacing=0.9,
        handlelength=1.2,
        handletextpad=0.4,
        borderaxespad=0.0,
    )
    legend.set_in_layout(True)
