"""Gradient descent in one variable: paths on the curve, and which start reaches which minimum."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from dlsuite.report.style import GRAY, PAGE_WIDTH, TRIANGLE, figure_style, new_axes

REACHED_COLORS = {
    "absolute minimum": "#0072B2",
    "relative minimum": "#E69F00",
    "on the way": "#BBBBBB",
    "diverged": "#000000",
}
"""The color of what a start comes to."""
_SHOWN = (-3.1, 2.6)
"""From which starts paths are drawn: the nearest ones to these."""
_TOP = 4.6
_ROOM = 0.35


def draw_one_variable(tables: Mapping[str, pd.DataFrame]) -> Figure:
    """Draw, for each learning rate, paths on the curve, and below what every start comes to."""
    table, curve = tables["one_variable"], tables["one_variable_curve"]
    points = tables["one_variable_points"]
    rates = sorted(table["learning_rate"].unique())
    with figure_style():
        figure = Figure(figsize=(PAGE_WIDTH, 3.2), layout="constrained")
        grid = figure.add_gridspec(2, len(rates), height_ratios=(6, 1))
        first: Axes | None = None
        for column, rate in enumerate(rates):
            rows = table[table["learning_rate"] == rate]
            ax = figure.add_subplot(grid[0, column], sharex=first, sharey=first)
            plot_descents(curve, points, rows, ax=ax)
            ax.set_title(f"learning rate {rate:g}")
            ax.tick_params(labelbottom=False, labelleft=column == 0)
            strip = figure.add_subplot(grid[1, column], sharex=ax)
            plot_reached(rows, ax=strip)
            strip.set_xlabel("start x")
            if column == 0:
                ax.set_ylabel("f(x)")
                first = ax
        ends = table.drop_duplicates("reached")["reached"]
        marks: list[tuple[Patch | Line2D, str]] = [
            (Patch(color=color), name)
            for name, color in REACHED_COLORS.items()
            if name in set(ends)
        ]
        marks.append(
            (Line2D([], [], color=GRAY, marker="o", markersize=3, linewidth=0.8), "a step each")
        )
        marks.append((Line2D([], [], color=GRAY, **TRIANGLE), "leaves the picture"))
        figure.legend(
            [mark for mark, _ in marks],
            [name for _, name in marks],
            title="what the start comes to",
            loc="outside lower center",
            ncols=len(marks),
        )
        figure.suptitle(
            "Gradient descent in one variable: a wide and a narrow minimum", fontsize=9.5
        )
    return figure


def plot_descents(
    curve: pd.DataFrame, points: pd.DataFrame, rows: pd.DataFrame, *, ax: Axes | None = None
) -> Axes:
    """Draw a function and the ways down it from a few starts.

    Args:
        curve: The function: `x` and `f`.
        points: Its stationary points: `kind`, `x`, `f`.
        rows: Descents of one learning rate: `start`, `step`, `x`, `f`, `reached`.
        ax: Where to draw; a new figure's axes if absent.
    """
    ax = new_axes() if ax is None else ax
    ax.plot(curve["x"], curve["f"], color="#999999", linewidth=2.2, zorder=1)
    starts = rows["start"].unique()
    for wanted in _SHOWN if len(starts) else ():
        start = starts[np.argmin(np.abs(starts - wanted))]
        _plot_descent(ax, rows[rows["start"] == start], curve)
    for _, point in points[points["kind"] != "maximum"].iterrows():
        ax.annotate(
            str(point["kind"]).replace(" ", "\n"),
            (point["x"], point["f"]),
            xytext=(0, -8),
            textcoords="offset points",
            ha="center",
            va="top",
            fontsize=6.5,
            color=REACHED_COLORS.get(str(point["kind"]), GRAY),
        )
    ax.set_ylim(-1.3, _TOP)
    ax.set_xlim(curve["x"].min(), curve["x"].max())
    return ax


def plot_reached(rows: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw what each start comes to, as a strip.

    Args:
        rows: Descents of one learning rate: `start`, `reached`.
        ax: Where to draw; a new figure's axes if absent.
    """
    ax = new_axes() if ax is None else ax
    ends = rows.drop_duplicates("start").sort_values("start")
    starts = ends["start"].to_numpy(float)
    width = float(np.min(np.diff(starts))) if len(starts) > 1 else 0.1
    colors = [REACHED_COLORS[name] for name in ends["reached"]]
    ax.bar(starts, np.ones(len(starts)), width=width, color=colors, linewidth=0)
    ax.set_ylim(0, 1)
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)
    return ax


def _plot_descent(ax: Axes, rows: pd.DataFrame, curve: pd.DataFrame) -> None:
    color = REACHED_COLORS[rows["reached"].iloc[0]]
    x, f = rows["x"].to_numpy(float), rows["f"].to_numpy(float)
    inside = (x >= curve["x"].min()) & (x <= curve["x"].max()) & (f <= _TOP)
    last = len(x) if inside.all() else int(np.argmin(inside))
    ax.plot(x[:last], f[:last], color=color, marker="o", markersize=3, linewidth=0.8, zorder=2)
    ax.plot(x[:1], f[:1], color=color, marker="o", markersize=6, markeredgecolor="white", zorder=3)
    if last < len(x) and last:
        edge = float(np.clip(x[last], curve["x"].min() + _ROOM, curve["x"].max() - _ROOM))
        ax.plot(
            [x[last - 1], edge], [f[last - 1], _TOP - _ROOM], color=color, linewidth=0.8, zorder=2
        )
        ax.plot(edge, _TOP - _ROOM, color=color, **TRIANGLE, zorder=3)
