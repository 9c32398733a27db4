"""The loss along the lines between seeds' ends, and how high it rises on the way."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from dlsuite.report.limits import bulk_limits
from dlsuite.report.style import PAGE_WIDTH, TRIANGLE, figure_style, new_axes

COLORS = {False: "#D55E00", True: "#0072B2"}
"""Before and after alignment."""
_NAMES = {False: "as they are", True: "units aligned"}
_SPLITS = {"train": "training", "val": "validation"}
_CEILING = 50.0
"""Losses this many times the median of all may lie above the panel."""


def loss_unit(about: pd.DataFrame) -> str:
    """The loss's unit, for an axis."""
    return "MSE" if about["task_type"].iloc[0] == "regression" else "nats"


def draw_lines(tables: Mapping[str, pd.DataFrame], *, subject: str) -> Figure:
    """Draw lines before and after alignment, and the barriers of all pairs, for both splits."""
    lines, barriers, about = tables["lines"], tables["barriers"], tables["about"]
    stages = [flag for flag in (False, True) if (lines["aligned"] == flag).any()]
    with figure_style():
        figure = Figure(figsize=(PAGE_WIDTH, 4.2), layout="constrained")
        figure.get_layout_engine().set(h_pad=0.06, w_pad=0.06)  # type: ignore[union-attr, call-arg]
        grid = figure.add_gridspec(2, len(stages) + 1, width_ratios=[*[1.0] * len(stages), 0.75])
        for row, (split, name) in enumerate(_SPLITS.items()):
            shared: Axes | None = None
            for column, flag in enumerate(stages):
                ax = figure.add_subplot(grid[row, column], sharey=shared)
                plot_lines(lines[lines["aligned"] == flag], split, color=COLORS[flag], ax=ax)
                if shared is None:
                    _limit(ax, lines[f"{split}_loss"])
                    ax.set_ylabel(f"{name} loss ({loss_unit(about)})")
                    shared = ax
                ax.tick_params(labelleft=column == 0, labelbottom=row == 1)
                _mark_above(ax, lines[lines["aligned"] == flag], f"{split}_loss", COLORS[flag])
                if row == 0:
                    ax.set_title(_NAMES[flag])
                else:
                    ax.set_xlabel("from one seed (0) to another (1)")
            ax = figure.add_subplot(grid[row, -1])
            plot_barriers(barriers, split, ax=ax)
            ax.set_ylabel(f"barrier ({loss_unit(about)})")
            ax.tick_params(labelbottom=row == 1)
            if row == 0:
                ax.set_title("barriers")
        handles = [
            Line2D([], [], color="#555555", linewidth=0.7, alpha=0.6),
            Line2D([], [], color="#555555", linewidth=2.2),
            Line2D(
                [], [], color="#555555", marker="_", markersize=12, markeredgewidth=2, linestyle=""
            ),
        ]
        names = ["a pair of seeds", "mean of the pairs' losses", "mean barrier"]
        figure.legend(handles, names, loc="outside lower center", ncols=len(names))
        title = f"{subject}: the loss on straight lines between {_count(lines)} seeds' weights"
        figure.suptitle(title, fontsize=9.5)
    return figure


def plot_lines(lines: pd.DataFrame, split: str, *, color: str, ax: Axes | None = None) -> Axes:
    """Draw the loss along lines: each pair thin, their mean bold.

    Args:
        lines: Rows `seed_a`, `seed_b`, `t` and the split's loss.
        split: `train` or `val`.
        color: Of all lines.
        ax: Where to draw; a new figure's axes if absent.
    """
    ax = new_axes() if ax is None else ax
    measure = f"{split}_loss"
    for _, line in lines.groupby(["seed_a", "seed_b"], sort=False):
        ax.plot(line["t"], line[measure], color=color, linewidth=0.7, alpha=0.45)
    mean = lines.groupby("t")[measure].mean()
    ax.plot(mean.index, mean, color=color, linewidth=2.2)
    ax.set_xlim(0, 1)
    ax.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
    return ax


def plot_barriers(barriers: pd.DataFrame, split: str, *, ax: Axes | None = None) -> Axes:
    """Draw each pair's barrier before and after alignment, and their means.

    Args:
        barriers: Rows `seed_a`, `seed_b`, `aligned` and the split's barrier.
        split: `train` or `val`.
        ax: Where to draw; a new figure's axes if absent.
    """
    ax = new_axes() if ax is None else ax
    measure = f"{split}_barrier"
    stages = [flag for flag in (False, True) if (barriers["aligned"] == flag).any()]
    finite = barriers[np.isfinite(barriers[measure])]
    for _, pair in finite.groupby(["seed_a", "seed_b"], sort=False):
        places = [stages.index(bool(flag)) for flag in pair["aligned"]]
        ax.plot(places, pair[measure], color="#999999", linewidth=0.6, zorder=1)
    for place, flag in enumerate(stages):
        values = finite.loc[finite["aligned"] == flag, measure]
        ax.plot(
            [place] * len(values),
            values,
            "o",
            color=COLORS[flag],
            markersize=3.2,
            alpha=0.7,
            zorder=2,
        )
        if len(values):
            ax.plot(
                place,
                values.mean(),
                marker="_",
                markersize=20,
                markeredgewidth=2.2,
                color=COLORS[flag],
                zorder=3,
            )
    ax.set_xticks(range(len(stages)), [_NAMES[flag] for flag in stages])
    ax.set_xlim(-0.5, len(stages) - 0.5)
    limits = bulk_limits(finite[measure], anchors=[0.0], ceiling=_ceiling(finite[measure]))
    ax.set_ylim(min(0.0, limits.low), limits.high)
    ax.axhline(0.0, color="#999999", linewidth=0.6, zorder=0)
    return ax


def _limit(ax: Axes, losses: "pd.Series[float]") -> None:
    limits = bulk_limits(losses, ceiling=_ceiling(losses), anchors=[0.0])
    ax.set_ylim(0.0, limits.high)


def _ceiling(values: "pd.Series[float]") -> float:
    finite = values[np.isfinite(values)]
    middle = float(finite.median()) if len(finite) else 0.0
    return _CEILING * middle if middle > 0 else float("inf")


def _mark_above(ax: Axes, lines: pd.DataFrame, measure: str, color: str) -> None:
    """Mark where losses leave the panel."""
    low, high = ax.get_ylim()
    above = lines.loc[~(lines[measure] <= high), "t"].unique()
    ax.plot(above, np.full(len(above), high - 0.03 * (high - low)), color=color, **TRIANGLE)


def _count(lines: pd.DataFrame) -> int:
    return len(set(lines["seed_a"]) | set(lines["seed_b"]))
