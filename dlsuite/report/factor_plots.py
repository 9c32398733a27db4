"""The metric on test and the generalization gap against a factor's values."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from dlsuite.analysis.factor_values import factor_label
from dlsuite.analysis.frames import task_row
from dlsuite.analysis.measures import metric_label
from dlsuite.report.factor_data import GAP, FactorData
from dlsuite.report.legends import (
    GUESS_LINE,
    add_colors,
    add_marks,
    columns_above,
    guess_mark,
    named_colors,
)
from dlsuite.report.limits import Limits, bulk_limits
from dlsuite.report.style import CROSS, GRAY, TRIANGLE, axes_grid, figure_style, new_axes
from dlsuite.report.value_axis import ValueAxis

_LOSS_UNITS = {"classification": " (nats)", "regression": " (MSE)"}
_UNITS = {"rmse": "\n(target's unit)", "mae": "\n(target's unit)"}


def plot_factor(
    data: FactorData,
    task: str,
    measure: str,
    ax: Axes | None = None,
    *,
    task_type: str | None = None,
    colors: Mapping[str, str] | None = None,
) -> Axes:
    """Draw one measure of one task against the factor: every trial, the means and their intervals.

    Above the panel stands how many trials diverged, if any; a triangle at the edge marks a mean
    that lies outside, since the axis is chosen for the bulk.

    Args:
        data: As `factor_data` returns it.
        task: Which task.
        measure: A column such as `test_accuracy` or `gap_loss_last`.
        ax: Where to draw; a new figure's if None.
        task_type: `classification` or `regression`; for the unit of a loss.
        colors: A color for each combination of the other factors' values; chosen here if None.

    Returns:
        The axes. A legend is left to the caller: `factor_figure` has one.
    """
    ax = ax if ax is not None else new_axes()
    colors = colors or named_colors(data.means, key="series", factors=data.others)[0]
    means = data.means.loc[(data.means["task"] == task) & (data.means["measure"] == measure)]
    points = data.points.loc[(data.points["task"] == task) & (data.points["measure"] == measure)]
    places = ValueAxis.of(data.means[data.factor])
    limits = _limits(means, points)
    limits.apply(ax)
    series = [name for name in colors if name in set(means["series"])]
    places.apply(ax, room=abs(_shift(0, len(series))))
    for index, name in enumerate(series):
        shift = _shift(index, len(series))
        of_series = means.loc[means["series"] == name]
        dots = points.loc[points["series"] == name]
        x = places.at(of_series[data.factor], shift)
        color = colors[name]
        ax.plot(
            places.at(dots[data.factor], shift + 0.03),
            dots["value"],
            linestyle="",
            marker="o",
            markersize=3,
            markeredgewidth=0,
            color=color,
            alpha=0.35,
            zorder=2,
        )
        _draw_means(ax, x, of_series, limits, color=color, connect=places.connected)
        _mark_outside(ax, x, of_series["mean"], limits, color=color)
    _write_divergence(ax, means, data.factor, places)
    if measure == GAP:
        ax.axhline(0, color=GRAY, linewidth=0.7, zorder=1)
    guess = means["guess"].dropna()
    if len(guess):
        ax.axhline(guess.iloc[0], zorder=1, **GUESS_LINE)
    ax.set_xlabel(factor_label(data.factor))
    ax.set_ylabel(_y_label(measure, task_type))
    ax.set_title(task, loc="left", pad=15 if (means["n_diverged"] > 0).any() else 6)
    return ax


def _shift(index: int, series: int) -> float:
    """How far a series is moved aside, as a share of the distance between neighboring values."""
    return (index - (series - 1) / 2) * min(0.12, 0.5 / max(series, 1))


def factor_figure(data: FactorData, tasks: pd.DataFrame) -> Figure:
    """Draw a row a task: the metric on test on the left, the loss gap on the right.

    Args:
        data: As `factor_data` returns it, with one row at least.
        tasks: A row a task.

    Returns:
        The figure.
    """
    names = [str(task) for task in data.means["task"].drop_duplicates()]
    colors, shown = named_colors(data.means, key="series", factors=data.others)
    rows_above = 1 + -(-len(shown) // columns_above(shown)) if data.others else 0
    with figure_style():
        figure, panels = axes_grid(2 * len(names), panel_height=2.05, legend_rows=rows_above)
        for index, task in enumerate(names):
            about = task_row(tasks, task)
            for ax, measure in zip(
                panels[2 * index : 2 * index + 2], (f"test_{about['metric']}", GAP), strict=True
            ):
                task_type = str(about.get("task_type"))
                plot_factor(data, task, measure, ax, task_type=task_type, colors=colors)
        if data.others:
            add_colors(figure, colors, shown, factors=data.others)
        add_marks(figure, _marks(data, tasks))
    return figure


def _limits(means: pd.DataFrame, points: pd.DataFrame) -> Limits:
    measure = means["measure"].iloc[0] if len(means) else ""
    ceiling = float(means["ceiling"].iloc[0]) if len(means) else float("inf")
    shown = np.concatenate([means["mean"], points["value"]])
    inner = bulk_limits(shown, ceiling=ceiling, margin=0.0)
    # With two or three trials an interval may be many times as wide as all that was measured.
    reach = 0.5 * (inner.high - inner.low)
    ends = means[["ci_low", "ci_high"]].to_numpy().clip(inner.low - reach, inner.high + reach)
    anchors = [0.0] if measure == GAP else means["guess"].iloc[:1].to_list()
    is_error = not measure.startswith("gap") and measure != "test_accuracy"
    if is_error and inner.low > 0 and inner.high / inner.low > 20:
        return bulk_limits(shown, ceiling=ceiling, anchors=anchors, decades=4)
    limits = bulk_limits([*shown, *ends.ravel()], ceiling=ceiling, anchors=anchors)
    if measure == "test_accuracy":
        return Limits(max(limits.low, -0.03), min(limits.high, 1.03))
    return limits


def _draw_means(
    ax: Axes, x: Sequence[float], rows: pd.DataFrame, limits: Limits, *, color: str, connect: bool
) -> None:
    order = np.argsort(x)
    place = np.asarray(x)[order]
    mean = rows["mean"].to_numpy(dtype=float)[order]
    if connect:
        # Toward the triangle at the edge, not straight up to what lies far outside.
        line = mean.clip(limits.low, limits.high)
        ax.plot(place, line, color=color, linewidth=1.2, marker="", zorder=3)
    inside = (mean >= limits.low) & (mean <= limits.high)
    arms = np.abs(rows[["ci_low", "ci_high"]].to_numpy(dtype=float)[order].T - mean)
    ax.errorbar(
        place[inside],
        mean[inside],
        yerr=np.nan_to_num(arms[:, inside]),
        color=color,
        linestyle="",
        marker="o",
        markersize=4.5,
        elinewidth=1.2,
        capsize=2.5,
        zorder=4,
    )


def _mark_outside(
    ax: Axes, x: Sequence[float], means: "pd.Series[float]", limits: Limits, *, color: str
) -> None:
    for place, mean in zip(x, means, strict=True):
        if mean > limits.high or mean < limits.low:
            above = mean > limits.high
            mark = TRIANGLE if above else {**TRIANGLE, "marker": "v"}
            height = 1.0 if above else 0.0
            transform = ax.get_xaxis_transform()
            ax.plot(
                [place], [height], transform=transform, color=color, clip_on=False, zorder=6, **mark
            )


def _write_divergence(ax: Axes, means: pd.DataFrame, factor: str, places: ValueAxis) -> None:
    """Write above the panel how many trials of each value diverged, all series together."""
    for value, rows in means.groupby(factor, sort=False, dropna=False):
        diverged = int(rows["n_diverged"].sum())
        if not diverged:
            continue
        total = diverged + int(rows["n"].sum())
        [place] = places.at(pd.Series([value]), 0.0)
        ax.annotate(
            f"\N{MULTIPLICATION SIGN} {diverged}/{total}",
            (place, 1.0),
            xycoords=ax.get_xaxis_transform(),
            xytext=(0, 4),
            textcoords="offset points",
            ha="center",
            va="bottom",
            fontsize=7,
            color="black",
        )


def _y_label(measure: str, task_type: str | None) -> str:
    if measure == GAP:
        unit = _LOSS_UNITS.get(task_type or "", "")
        return f"validation \N{MINUS SIGN} train loss\nat the last epoch{unit}"
    metric = measure.removeprefix("test_")
    return f"test {metric_label(metric)}{_UNITS.get(metric, '')}"


def _marks(data: FactorData, tasks: pd.DataFrame) -> dict[str, Artist]:
    marks: dict[str, Artist] = {
        "mean, 95 % t interval over seeds": Line2D([], [], color=GRAY, marker="o", markersize=4.5),
        "one trial": Line2D(
            [], [], color=GRAY, linestyle="", marker="o", markersize=3, markeredgewidth=0, alpha=0.5
        ),
    }
    if data.means["guess"].notna().any():
        marks |= guess_mark(tasks, data.means["task"])
    if (data.means["n_diverged"] > 0).any():
        marks["trials that diverged, of all"] = Line2D([], [], color="black", **CROSS)
    if any(_leaves(data, task, measure) for task, measure in _panels(data)):
        marks["mean outside the panel"] = Line2D([], [], color=GRAY, **TRIANGLE)
    return marks


def _panels(data: FactorData) -> list[tuple[str, str]]:
    pairs = data.means[["task", "measure"]].drop_duplicates()
    return [(str(task), str(measure)) for task, measure in pairs.itertuples(index=False)]


def _leaves(data: FactorData, task: str, measure: str) -> bool:
    means = data.means.loc[(data.means["task"] == task) & (data.means["measure"] == measure)]
    points = data.points.loc[(data.points["task"] == task) & (data.points["measure"] == measure)]
    limits = _limits(means, points)
    return bool(((means["mean"] > limits.high) | (means["mean"] < limits.low)).any())
