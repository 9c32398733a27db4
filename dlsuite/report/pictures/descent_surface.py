"""The surface of the loss along two directions in weight space: as a landscape and as a map."""

from collections.abc import Mapping
from typing import Any

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import BoundaryNorm, Colormap, ListedColormap
from matplotlib.contour import QuadContourSet
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from dlsuite.report.style import PAGE_WIDTH, figure_style, new_axes

_LEVELS = 14
_DECADES = 4.0
"""What lies so many powers of ten below the highest place shown is shown as one."""
_REACH = 1e3
"""Places as many times as high as the one in the middle are cut."""

Numbers = npt.NDArray[np.float64]


def loss_label(about: pd.DataFrame) -> str:
    """The loss with its unit, for an axis."""
    regression = about["task_type"].iloc[0] == "regression"
    return "training loss (MSE, standardized target)" if regression else "training loss (nats)"


def loss_grid(table: pd.DataFrame, columns: tuple[str, str]) -> tuple[Numbers, Numbers, Numbers]:
    """A table of a grid as arrays: the first coordinate, the second, and the losses `[second, first]`."""
    wide = table.pivot(index=columns[1], columns=columns[0], values="loss")
    return wide.columns.to_numpy(float), wide.index.to_numpy(float), wide.to_numpy(float)


def loss_levels(losses: Numbers) -> Numbers:
    """Levels of losses that are equally far apart on a logarithmic scale.

    They reach from the lowest loss to the highest, over four powers of ten at the most below the highest
    and up to a thousand times the median; places that are no number count as none.
    """
    found = losses[np.isfinite(losses)]
    if not found.size:
        return np.geomspace(0.1, 1.0, _LEVELS)
    highest = min(float(found.max()), _REACH * float(np.median(found)))
    highest = highest if highest > 0 else 1.0
    lowest = max(float(found.min()), highest * 10.0**-_DECADES)
    if highest / lowest < 1.01:
        lowest, highest = lowest / 1.1, highest * 1.1
    return np.geomspace(lowest, highest, _LEVELS)


def shades(levels: Numbers, name: str = "viridis", *, start: float = 0.0) -> tuple[Colormap, Any]:
    """A color for each pair of levels, and what maps losses to them.

    Args:
        levels: Rising.
        name: One of matplotlib's color maps.
        start: From which share of it on.
    """
    chosen = mpl.colormaps[name](np.linspace(start, 1.0, len(levels) - 1))
    colors = ListedColormap(chosen)
    return colors, BoundaryNorm(levels, colors.N)


def fill_contours(
    ax: Axes, x: Numbers, y: Numbers, losses: Numbers, *, name: str = "viridis", start: float = 0.0
) -> QuadContourSet:
    """Fill and line the contours of losses; places that are no number stay hatched."""
    levels = loss_levels(losses)
    colors, norm = shades(levels, name, start=start)
    shown = np.ma.masked_invalid(np.clip(losses, levels[0], levels[-1]))
    ax.set_facecolor("#dddddd")
    filled = ax.contourf(x, y, shown, levels=levels, cmap=colors, norm=norm)
    ax.contour(x, y, shown, levels=levels, colors="white", linewidths=0.4, alpha=0.6)
    return filled


def add_loss_bar(figure: Figure, mappable: Any, ax: Any, label: str, **where: Any) -> None:
    """A color bar whose ticks are losses."""
    bar = figure.colorbar(mappable, ax=ax, **where)
    levels = np.asarray(mappable.norm.boundaries)
    ticks = levels[:: 2 if len(levels) > 8 else 1]
    bar.set_ticks(list(ticks))
    bar.ax.minorticks_off()
    formatter = FuncFormatter(lambda value, _: f"{value:.2g}")
    (
        bar.ax.xaxis if where.get("orientation") == "horizontal" else bar.ax.yaxis
    ).set_major_formatter(formatter)
    bar.set_label(label)


def plot_surface_map(surface: pd.DataFrame, about: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw the loss around trained weights as a map.

    Args:
        surface: Rows `a`, `b`, `loss`.
        about: One row, with the `task_type`.
        ax: Where to draw; a new figure's axes if absent.
    """
    ax = new_axes() if ax is None else ax
    filled = fill_contours(ax, *loss_grid(surface, ("a", "b")))
    ax.plot(0, 0, marker="*", markersize=10, color="white", markeredgecolor="black", linestyle="")
    ax.set_aspect("equal")
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(MaxNLocator(5))
    ax.set_xlabel("first direction, in lengths of the filters")
    ax.set_ylabel("second direction")
    figure = ax.get_figure(root=True)
    if figure is not None:
        add_loss_bar(figure, filled, ax, loss_label(about), shrink=0.9)
    return ax


def draw_surface(tables: Mapping[str, pd.DataFrame], *, subject: str) -> Figure:
    """Draw the loss around trained weights as a landscape, and beside it as a map."""
    surface, about = tables["surface"], tables["about"]
    x, y, losses = loss_grid(surface, ("a", "b"))
    levels = loss_levels(losses)
    with figure_style():
        figure = Figure(figsize=(PAGE_WIDTH, 3.3), layout="constrained")
        grid = figure.add_gridspec(1, 2, width_ratios=(1, 1.15))
        solid: Any = figure.add_subplot(grid[0], projection="3d")
        # A place without a number is as high as the highest one shown.
        known = np.where(np.isnan(losses), np.inf, losses)
        heights = np.log10(np.clip(known, levels[0], levels[-1]))
        colors, norm = shades(levels)
        faces = ScalarMappable(norm, colors).to_rgba(10**heights)
        solid.plot_surface(
            *np.meshgrid(x, y),
            heights,
            facecolors=faces,
            rstride=1,
            cstride=1,
            linewidth=0.2,
            antialiased=True,
            shade=True,
        )
        solid.view_init(elev=38, azim=-58)
        solid.set_box_aspect((1, 1, 0.75), zoom=0.9)
        ticks = range(int(np.ceil(heights.min())), int(np.floor(heights.max())) + 1)
        if len(ticks):
            solid.set_zticks(list(ticks), [f"{10.0**tick:g}" for tick in ticks])
        solid.set_xticks([-1, 0, 1])
        solid.set_yticks([-1, 0, 1])
        solid.tick_params(pad=-2)
        solid.set_xlabel("first direction", labelpad=-6)
        solid.set_ylabel("second direction", labelpad=-6)
        solid.set_title("as a landscape (height: the loss)")
        ax = figure.add_subplot(grid[1])
        plot_surface_map(surface, about, ax=ax)
        ax.set_title("as a map; the star: the trained weights")
        figure.suptitle(f"{subject}: the loss around the trained weights", fontsize=9.5)
    return figure
