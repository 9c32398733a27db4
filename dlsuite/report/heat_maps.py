"""Two factors as a map: the mean of the metric on test for each pair of their values."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from dlsuite.analysis.factor_values import distinct_values, format_value
from dlsuite.analysis.measures import higher_is_better, metric_label
from dlsuite.analysis.task_trials import is_baseline
from dlsuite.analysis.wording import score_text
from dlsuite.report.labels import factor_text, plain, shortened, value_text
from dlsuite.report.limits import Limits, bulk_limits, score_ceiling
from dlsuite.report.study_figure import StudyFigure
from dlsuite.report.study_tables import StudyTables
from dlsuite.report.style import PAGE_WIDTH, figure_style, new_axes

_MOST_MAPS = 4
_WRITTEN = 8
_CROSS = "\N{MULTIPLICATION SIGN}"


@dataclass(frozen=True)
class HeatMap:
    """The mean of a task's metric on test over the values of two factors, the others at the baseline.

    Attributes:
        task: The task.
        rows: The factor down the map.
        columns: The factor across.
        row_values: Its values, from the bottom up, as `format_value` writes them.
        column_values: Those of the other, from left to right.
        mean: Shape `[rows, columns]`, in the metric's unit; NaN where nothing was measured.
        n: Trials behind each mean, same shape.
        n_diverged: Trials that diverged, same shape; 0 also where nothing was tried.
        baseline: The baseline's place, row and column; None if it is not on the map.
    """

    task: str
    rows: str
    columns: str
    row_values: tuple[str, ...]
    column_values: tuple[str, ...]
    mean: npt.NDArray[np.float64]
    n: npt.NDArray[np.float64]
    n_diverged: npt.NDArray[np.float64]
    baseline: tuple[int, int] | None


def heat_map_figures(tables: StudyTables) -> Iterator[StudyFigure]:
    """Draw a map for each pair of factors that was crossed, up to four pairs.

    Args:
        tables: The study's tables.
    """
    maps = heat_maps(tables)
    if maps:
        yield StudyFigure(
            "heat_map",
            "Mean test metric over two factors",
            "The mean over seeds of the metric on test, brighter is better; all further factors are at the "
            "baseline, which has a frame. A cross counts the trials that diverged and are in no mean; "
            "hatched is what has no trial left.",
            ("summary",),
            heat_map_figure(maps, tables),
        )


def heat_maps(tables: StudyTables) -> list[HeatMap]:
    """Collect the maps: pair by pair, and task by task.

    Args:
        tables: The study's tables.
    """
    summary = tables["summary"]
    found: list[HeatMap] = []
    pairs = 0
    for a, b in combinations(tables.factors, 2) if len(summary) else ():
        others = {name: value for name, value in tables.baseline.items() if name not in (a, b)}
        at = summary.loc[is_baseline(summary, others)] if others else summary
        sizes = {factor: len(distinct_values(at[factor])) for factor in (a, b)}
        crossed = len(at.drop_duplicates([a, b])) > sum(sizes.values()) - 1
        if min(sizes.values()) < 2 or not crossed or pairs == _MOST_MAPS:
            continue
        pairs += 1
        rows = min((a, b), key=lambda factor: sizes[factor])
        for task in tables.tasks:
            measure = f"test_{tables.task(task)['metric']}"
            own = at.loc[(at["task"] == task) & (at["measure"] == measure)]
            if len(own):
                found.append(_heat_map(own, task, rows, b if rows == a else a, tables.baseline))
    return found


def plot_heat_map(
    heat_map: HeatMap,
    ax: Axes | None = None,
    *,
    about: Mapping[str, Any],
    limits: Limits | None = None,
) -> Axes:
    """Draw one map, with its values written into the cells up to eight by eight.

    Args:
        heat_map: One of `heat_maps`.
        ax: Where to draw; a new figure's if None.
        about: The task's row.
        limits: The range of the colors, in the metric's unit; that of the map if None.

    Returns:
        The axes.
    """
    ax = ax if ax is not None else new_axes()
    metric = str(about["metric"])
    limits = limits or _limits(heat_map.mean, about)
    colors = mpl.colormaps["cividis" if higher_is_better(metric) else "cividis_r"]
    share = np.clip((heat_map.mean - limits.low) / (limits.high - limits.low), 0.0, 1.0)
    shades = colors(np.ma.masked_invalid(share))
    shades[np.isnan(share)] = (1.0, 1.0, 1.0, 1.0)
    ax.imshow(shades, origin="lower", aspect="auto", interpolation="nearest")
    written = max(share.shape) <= _WRITTEN
    for (row, column), mean in np.ndenumerate(heat_map.mean):
        diverged, n = int(heat_map.n_diverged[row, column]), int(heat_map.n[row, column])
        lines = [score_text(mean, metric)] if np.isfinite(mean) and written else []
        if diverged:
            lines.append(
                f"\N{MULTIPLICATION SIGN} {diverged}/{diverged + n}"
                if written
                else "\N{MULTIPLICATION SIGN}"
            )
        if diverged and not n:
            box = Rectangle((column - 0.5, row - 0.5), 1, 1, facecolor="0.93", edgecolor="0.6")
            box.set(hatch="////", linewidth=0)
            ax.add_patch(box)
        luminance = shades[row, column, :3] @ (0.299, 0.587, 0.114)
        ink = "black" if luminance > 0.5 or not n else "white"
        ax.text(column, row, "\n".join(lines), ha="center", va="center", fontsize=7, color=ink)
    if heat_map.baseline:
        row, column = heat_map.baseline
        frame = Rectangle((column - 0.47, row - 0.45), 0.94, 0.9, fill=False, edgecolor="black")
        frame.set(linewidth=2.0)
        ax.add_patch(frame)
    _label(ax, heat_map)
    title = f"{plain(shortened(heat_map.task, 28))}: test {metric_label(metric)}"
    ax.set_title(title, loc="left")
    return ax


def heat_map_figure(maps: list[HeatMap], tables: StudyTables) -> Figure:
    """Draw the maps two side by side.

    Args:
        maps: As `heat_maps` returns them, one at least.
        tables: The study's tables.
    """
    columns = min(2, len(maps))
    rows = -(-len(maps) // columns)
    cells = [
        max(len(m.row_values) for m in maps[columns * r : columns * (r + 1)]) for r in range(rows)
    ]
    heights = [0.75 + min(0.36 * count, 2.6) for count in cells]
    with figure_style():
        width = PAGE_WIDTH if columns > 1 else 0.68 * PAGE_WIDTH
        figure = Figure(figsize=(width, sum(heights)), layout="constrained")
        figure.get_layout_engine().set(h_pad=0.06, w_pad=0.06)  # type: ignore[union-attr, call-arg]
        grid = figure.add_gridspec(rows, columns, height_ratios=heights)
        for index, heat_map in enumerate(maps):
            ax = figure.add_subplot(grid[divmod(index, columns)])
            about = tables.task(heat_map.task)
            means = [other.mean.ravel() for other in maps if other.task == heat_map.task]
            limits = _limits(np.concatenate(means), about)
            plot_heat_map(heat_map, ax, about=about, limits=limits)
    return figure


def _heat_map(
    own: Any, task: str, rows: str, columns: str, baseline: Mapping[str, object]
) -> HeatMap:
    names = {f: [format_value(v) for v in distinct_values(own[f])] for f in (rows, columns)}
    shape = (len(names[rows]), len(names[columns]))
    mean, n, diverged = np.full(shape, np.nan), np.zeros(shape), np.zeros(shape)
    for record in own.to_dict("records"):
        at = tuple(names[f].index(format_value(record[f])) for f in (rows, columns))
        mean[at], n[at], diverged[at] = record["mean"], record["n"], record["n_diverged"]
    place = None
    if rows in baseline and columns in baseline:
        base = own.loc[is_baseline(own, {rows: baseline[rows], columns: baseline[columns]})]
        if len(base):
            first = base.iloc[0]
            row, column = (names[f].index(format_value(first[f])) for f in (rows, columns))
            place = (row, column)
    values = (tuple(names[rows]), tuple(names[columns]))
    return HeatMap(task, rows, columns, *values, mean, n, diverged, place)


def _limits(means: npt.ArrayLike, about: Mapping[str, Any]) -> Limits:
    ceiling = score_ceiling(about, f"test_{about['metric']}")
    return bulk_limits(means, ceiling=ceiling, margin=0.0)


def _label(ax: Axes, heat_map: HeatMap) -> None:
    for values, axis, most in (
        (heat_map.column_values, ax.xaxis, 8),
        (heat_map.row_values, ax.yaxis, 12),
    ):
        places = range(0, len(values), -(-len(values) // most))
        axis.set_ticks(list(places), [value_text(values[place], 12) for place in places])
        axis.set_tick_params(length=0)
    for spine in ax.spines.values():
        spine.set_visible(False)
    ax.set_xlabel(factor_text(heat_map.columns))
    ax.set_ylabel(factor_text(heat_map.rows))
