"""The paths of trainings over the loss, and what happens along them."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import Normal, Stroke
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

from dlsuite.report.limits import bulk_limits
from dlsuite.report.pictures.descent_surface import (
    add_loss_bar,
    fill_contours,
    loss_grid,
    loss_label,
)
from dlsuite.report.style import PAGE_WIDTH, TRIANGLE, figure_style, new_axes

ROLE_COLORS = {"low": "#0072B2", "good": "#009E73", "high": "#D55E00"}
"""The color of each learning rate."""
ROLE_MARKERS = {"low": "s", "good": "o", "high": "D"}
_HALO = [Stroke(linewidth=2.4, foreground="white"), Normal()]


def draw_paths(tables: Mapping[str, pd.DataFrame], *, subject: str) -> Figure:
    """Draw paths over the loss, and beside them losses, gradients and steps by epoch."""
    paths, about = tables["paths"], tables["about"].iloc[0]
    short = "MSE" if about["task_type"] == "regression" else "nats"
    with figure_style():
        figure = Figure(figsize=(PAGE_WIDTH, 4.6), layout="constrained")
        figure.get_layout_engine().set(h_pad=0.05, w_pad=0.05)  # type: ignore[union-attr, call-arg]
        grid = figure.add_gridspec(3, 2, width_ratios=(1.45, 1))
        plane = figure.add_subplot(grid[:, 0])
        plot_path_plane(tables["path_plane"], paths, tables["about"], ax=plane)
        shares = about["variance_share_1"], about["variance_share_2"]
        for axis, share, name in zip((plane.xaxis, plane.yaxis), shares, "12", strict=True):
            axis.set_label_text(f"principal component {name} ({share:.1%} of the variance)")
        panels: list[Axes] = []
        for row, (column, label) in enumerate(
            (
                ("train_loss", f"training loss\n({short})"),
                ("gradient_norm", "length of the\ngradient"),
                ("step_length", "distance moved\nin the epoch"),
            )
        ):
            ax = figure.add_subplot(grid[row, 1], sharex=panels[0] if panels else None)
            plot_by_epoch(paths, column, ax=ax)
            ax.set_ylabel(label)
            ax.tick_params(labelbottom=row == 2)
            panels.append(ax)
        panels[-1].set_xlabel("epoch")
        rates = paths.drop_duplicates("role").set_index("role")["learning_rate"]
        handles = [
            Line2D([], [], color=ROLE_COLORS[role], marker=ROLE_MARKERS[role], markersize=4)
            for role in rates.index
        ]
        # What is drawn is a shadow: how long it is says nothing where the path is far off.
        off = paths[paths["role"] == "high"]["off_plane"].max()
        names = [
            f"{role}: {rate:g}" + (f" (up to {off:.3g} off the plane)" if role == "high" else "")
            for role, rate in rates.items()
        ]
        if bool(_outside(plane, paths).any()):
            handles.append(Line2D([], [], color=ROLE_COLORS["high"], **TRIANGLE))
            names.append("leaves the map here")
        figure.legend(
            handles, names, title="learning rate", loc="outside lower center", ncols=len(handles)
        )
        figure.suptitle(
            f"{subject}: paths from the same initial weights, a mark an epoch", fontsize=9.5
        )
    return figure


def plot_path_plane(
    plane: pd.DataFrame, paths: pd.DataFrame, about: pd.DataFrame, *, ax: Axes | None = None
) -> Axes:
    """Draw paths over the loss on a plane.

    A path that leaves the plane's drawn part ends in a triangle at its edge, which points to where it goes.

    Args:
        plane: Rows `component_1`, `component_2`, `loss`.
        paths: Rows with a `role`, an `epoch` and the same two components.
        about: One row, with the `task_type`.
        ax: Where to draw; a new figure's axes if absent.
    """
    ax = new_axes() if ax is None else ax
    x, y, losses = loss_grid(plane, ("component_1", "component_2"))
    filled = fill_contours(ax, x, y, losses, name="Greys_r", start=0.3)
    ax.set_xlim(x[0], x[-1])
    ax.set_ylim(y[0], y[-1])
    by_role = {str(role): rows for role, rows in paths.groupby("role")}
    # The shortest comes last, on top.
    for role in (name for name in reversed(ROLE_COLORS) if name in by_role):
        rows = by_role[role]
        line = rows[["component_1", "component_2"]].to_numpy()
        color, marker = ROLE_COLORS[role], ROLE_MARKERS[role]
        (drawn,) = ax.plot(*line.T, color=color, marker=marker, markersize=2.8, linewidth=1.3)
        drawn.set_path_effects(_HALO)
        _mark_exits(ax, line, color)
    start = paths.iloc[0]
    ax.plot(
        start["component_1"],
        start["component_2"],
        marker="o",
        markersize=7,
        color="white",
        markeredgecolor="black",
        linestyle="",
        zorder=4,
    )
    ax.annotate(
        "start",
        (start["component_1"], start["component_2"]),
        xytext=(0, -12),
        textcoords="offset points",
        ha="center",
        path_effects=[Stroke(linewidth=2, foreground="white"), Normal()],
    )
    ax.set_xlabel("principal component 1")
    ax.set_ylabel("principal component 2")
    figure = ax.get_figure(root=True)
    if figure is not None:
        add_loss_bar(
            figure,
            filled,
            ax,
            loss_label(about),
            orientation="horizontal",
            location="top",
            pad=0.02,
        )
    return ax


def plot_by_epoch(paths: pd.DataFrame, column: str, *, ax: Axes | None = None) -> Axes:
    """Draw a measure by epoch, a line a learning rate, on a logarithmic axis where it spans much.

    Args:
        paths: Rows with a `role`, an `epoch` and the measure.
        column: The measure, positive.
        ax: Where to draw; a new figure's axes if absent.
    """
    ax = new_axes() if ax is None else ax
    for role, rows in paths.groupby("role", sort=False):
        color, marker = ROLE_COLORS[str(role)], ROLE_MARKERS[str(role)]
        values = rows[column].where(rows[column] > 0)
        ax.plot(rows["epoch"], values, color=color, marker=marker, markersize=2.4, linewidth=1.1)
    measured = paths[column].to_numpy(float)
    limits = bulk_limits(measured[measured > 0], decades=7)
    limits.apply(ax)
    if limits.log:
        ax.yaxis.set_major_locator(LogLocator(numticks=5))
        ax.yaxis.set_minor_formatter(NullFormatter())
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    return ax


def _outside(ax: Axes, paths: pd.DataFrame) -> "pd.Series[bool]":
    inside = paths["component_1"].between(*ax.get_xlim()) & paths["component_2"].between(
        *ax.get_ylim()
    )
    return ~inside


def _mark_exits(ax: Axes, line: np.ndarray, color: str) -> None:
    """Mark where a path first leaves the drawn part, by a triangle that points outwards."""
    low = np.array([ax.get_xlim()[0], ax.get_ylim()[0]])
    high = np.array([ax.get_xlim()[1], ax.get_ylim()[1]])
    inside = np.all((line >= low) & (line <= high), axis=1)
    exits = np.flatnonzero(inside[:-1] & ~inside[1:])
    if not exits.size:
        return
    here, there = line[exits[0]], line[exits[0] + 1]
    away = there - here
    with np.errstate(divide="ignore", invalid="ignore"):
        borders = np.where(away > 0, high, low)
        reach = np.where(away != 0, (borders - here) / away, np.inf)
    edge = here + away * min(1.0, float(reach.min()))
    side = int(np.argmin(reach))
    rotations = ((90.0, -90.0), (180.0, 0.0))  # Left and right; down and up.
    turned = rotations[side][int(away[side] > 0)]
    inner = edge - 0.015 * (high - low) * np.sign(away) * (np.arange(2) == side)
    ax.plot(
        *inner, marker=(3, 0, turned), markersize=9, color=color, markeredgecolor="white", zorder=5
    )
