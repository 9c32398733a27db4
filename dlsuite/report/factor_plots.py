"""The metric on test and the generalization gap against a factor's values."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from dlsuite.analysis.factor_values import factor_label
from dlsuite.analysis.frames import task_row
from dlsuite.report.encoding import Encoding
from dlsuite.report.factor_data import GAP, FactorData, factor_data
from dlsuite.report.labels import factor_text, measure_label, plain, shortened
from dlsuite.report.legends import add_marks, draw_guess, guess_mark
from dlsuite.report.limits import Limits, score_limits
from dlsuite.report.study_figure import StudyFigure
from dlsuite.report.study_tables import StudyTables
from dlsuite.report.style import CROSS, GRAY, TRIANGLE, axes_grid, figure_style, new_axes
from dlsuite.report.value_axis import ValueAxis


def factor_figures(tables: StudyTables) -> Iterator[StudyFigure]:
    """Draw a figure a factor.

    Args:
        tables: The study's tables.
    """
    for factor in tables.factors if not tables["summary"].empty else ():
        data = factor_data(tables, factor)
        if data.means.empty:
            continue
        yield StudyFigure(
            f"factor_{factor}",
            f"Test metric and generalization gap against {factor_label(factor)}",
            "Every dot is a trial, every bar a 95 % interval of the mean over seeds. A gap above zero "
            "means overfitting: what dropout and the like are meant to narrow without a loss on test. "
            "Trials that diverged are counted above the panels and are in no mean.",
            ("summary", "trials"),
            factor_figure(data, tables["tasks"]),
        )


def plot_factor(
    data: FactorData,
    task: str,
    measure: str,
    ax: Axes | None = None,
    *,
    about: Mapping[str, Any] | None = None,
    encoding: Encoding | None = None,
) -> Axes:
    """Draw one measure of one task against the factor: every trial, the means and their intervals.

    Above the panel stands how many trials diverged, if any; a cross in the color of a combination whose
    trials all did. A triangle at the edge marks a mean that lies outside, since the axis is chosen for the
    bulk.

    Args:
        data: As `factor_data` returns it.
        task: Which task.
        measure: A column such as `test_accuracy` or `gap_loss_last`.
        ax: Where to draw; a new figure's if None.
        about: The task's row, for the unit of a loss.
        encoding: How combinations of the other factors' values look; chosen here if None.

    Returns:
        The axes. A legend is left to the caller: `factor_figure` has one.
    """
    ax = ax if ax is not None else new_axes()
    encoding = encoding or Encoding.of(data.means, data.others)
    means = data.means.loc[(data.means["task"] == task) & (data.means["measure"] == measure)]
    points = data.points.loc[(data.points["task"] == task) & (data.points["measure"] == measure)]
    places = ValueAxis.of(data.means[data.factor])
    limits = _limits(means, points, measure)
    limits.apply(ax)
    names = list(means["series"].drop_duplicates())
    places.apply(ax, room=abs(_shift(0, len(names))))
    for index, name in enumerate(names):
        shift = _shift(index, len(names))
        of_series = means.loc[means["series"] == name]
        dots = points.loc[points["series"] == name]
        x = places.at(of_series[data.factor], shift)
        look = encoding.look(of_series.iloc[0].to_dict())
        ax.plot(
            places.at(dots[data.factor], shift + 0.03),
            dots["value"],
            linestyle="",
            marker="o",
            markersize=2.6,
            markeredgewidth=0,
            color=look["color"],
            alpha=0.35,
            zorder=2,
        )
        _draw_means(ax, x, of_series, limits, look=look, connect=places.connected)
        _mark_outside(ax, x, of_series, limits, color=look["color"])
    _write_divergence(ax, means, data.factor, places)
    if measure == GAP:
        ax.axhline(0, color=GRAY, linewidth=0.7, zorder=1)
    draw_guess(ax, float(means["guess"].max()), limits)
    ax.set_xlabel(factor_text(data.factor))
    ax.set_ylabel(measure_label(measure, about or {}))
    diverged = (means["n_diverged"] > 0).any()
    ax.set_title(plain(shortened(task, 44)), loc="left", pad=15 if diverged else 6)
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
    encoding = Encoding.of(data.means, data.others)
    with figure_style():
        figure, panels = axes_grid(2 * len(names), panel_height=1.95, legend_rows=encoding.rows)
        for index, task in enumerate(names):
            about = task_row(tasks, task)
            for ax, measure in zip(
                panels[2 * index : 2 * index + 2], (f"test_{about['metric']}", GAP), strict=True
            ):
                plot_factor(data, task, measure, ax, about=about, encoding=encoding)
            if index < len(names) - 1:
                for ax in panels[2 * index : 2 * index + 2]:
                    ax.set_xlabel("")
        encoding.add_key(figure, lines=ValueAxis.of(data.means[data.factor]).connected)
        add_marks(figure, _marks(data, tasks))
    return figure


def _limits(means: pd.DataFrame, points: pd.DataFrame, measure: str) -> Limits:
    return score_limits(
        np.concatenate([means["mean"], points["value"]]),
        measure,
        ceiling=float(means["ceiling"].max()) if len(means) else float("inf"),
        guess=float(means["guess"].max()),
        ends=means[["ci_low", "ci_high"]].to_numpy(),
    )


def _draw_means(
    ax: Axes,
    x: Sequence[float],
    rows: pd.DataFrame,
    limits: Limits,
    *,
    look: Mapping[str, Any],
    connect: bool,
) -> None:
    order = np.argsort(x)
    place = np.asarray(x)[order]
    mean = rows["mean"].to_numpy(dtype=float)[order]
    color = look["color"]
    if connect:
        # Toward the triangle at the edge, not straight up to what lies far outside.
        line = mean.clip(limits.low, limits.high)
        outside = limits.leaves(mean)
        for here in np.flatnonzero(outside[1:] & outside[:-1])[::-1]:
            # Along the edge there is nothing to show.
            place_between = (place[here] + place[here + 1]) / 2
            line = np.insert(line, here + 1, np.nan)
            place = np.insert(place, here + 1, place_between)
        style = look["linestyle"]
        ax.plot(place, line, color=color, linewidth=1.2, linestyle=style, marker="", zorder=3)
        place = np.asarray(x)[order]
    inside = limits.holds(mean)
    arms = np.abs(rows[["ci_low", "ci_high"]].to_numpy(dtype=float)[order].T - mean)
    ax.errorbar(
        place[inside],
        mean[inside],
        yerr=np.nan_to_num(arms[:, inside]),
        color=color,
        linestyle="",
        marker=look["marker"],
        markerfacecolor=look["markerfacecolor"],
        markersize=4.5,
        elinewidth=1.2,
        capsize=2.0,
        zorder=4,
    )


def _mark_outside(
    ax: Axes, x: Sequence[float], rows: pd.DataFrame, limits: Limits, *, color: str
) -> None:
    transform = ax.get_xaxis_transform()
    lost = (rows["n"] == 0) & (rows["n_diverged"] > 0)
    for place, mean, all_diverged in zip(x, rows["mean"], lost, strict=True):
        above = mean > limits.high
        mark: dict[str, Any] = CROSS
        if limits.leaves(mean):
            mark = TRIANGLE if above else {**TRIANGLE, "marker": "v"}
        elif not all_diverged:
            continue
        height = 1.0 if above or all_diverged else 0.0
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
    if data.left_out:
        shown = data.means["series"].nunique()
        told = f"{shown} of {shown + data.left_out} combinations of the other factors"
        marks[told] = Line2D([], [], linestyle="")
    return marks


def _panels(data: FactorData) -> list[tuple[str, str]]:
    pairs = data.means[["task", "measure"]].drop_duplicates()
    return [(str(task), str(measure)) for task, measure in pairs.itertuples(index=False)]


def _leaves(data: FactorData, task: str, measure: str) -> bool:
    means = data.means.loc[(data.means["task"] == task) & (data.means["measure"] == measure)]
    points = data.points.loc[(data.points["task"] == task) & (data.points["measure"] == measure)]
    limits = _limits(means, points, measure)
    return bool(limits.leaves(means["mean"]).any())
