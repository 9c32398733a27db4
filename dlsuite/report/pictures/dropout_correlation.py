"""How much the units of a layer say the same, with and without dropout."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dlsuite.report.labels import plain, shortened
from dlsuite.report.style import PAGE_WIDTH, new_axes

_LAYERS = 3
"""Layers that are drawn, at most: the last."""


def matrix_of(pairs: pd.DataFrame) -> np.ndarray:
    """The correlation matrix of a layer's units; not a number where a unit is constant.

    Args:
        pairs: A row a pair: `unit`, `other`, `correlation`.

    Returns:
        `[units, units]`.
    """
    count = int(pairs["other"].max()) + 1
    matrix = np.full([count, count], np.nan)
    first, second = pairs["unit"].to_numpy(int), pairs["other"].to_numpy(int)
    matrix[first, second] = matrix[second, first] = pairs["correlation"]
    live = np.isfinite(matrix).any(axis=1)
    matrix[live, live] = 1.0
    return matrix


def like_beside_like(matrix: np.ndarray) -> np.ndarray:
    """An order of units in which those that are correlated stand together, constant ones at the end.

    They are sorted by the angle between the two leading eigenvectors (Friendly, 2002).

    Args:
        matrix: `[units, units]`.

    Returns:
        Places, `[units]`.

    References:
        Friendly (2002), Corrgrams: exploratory displays for correlation matrices.
    """
    live = np.isfinite(np.diagonal(matrix))
    if live.sum() < 3:
        return np.argsort(~live, kind="stable")
    _, vectors = np.linalg.eigh(np.nan_to_num(matrix[np.ix_(live, live)]))
    angle = np.arctan2(vectors[:, -2], vectors[:, -1])
    places = np.flatnonzero(live)[np.argsort(angle, kind="stable")]
    return np.concatenate([places, np.flatnonzero(~live)])


def plot_sizes(pairs: pd.DataFrame, colors: Mapping[str, str], *, ax: Axes | None = None) -> Axes:
    """Draw which share of the pairs of a layer has at most each size of correlation.

    Args:
        pairs: A row a side and pair: `side`, `correlation`.
        colors: A color for each side.
        ax: Where to draw; a new figure's if absent.
    """
    ax = ax or new_axes()
    for side, color in colors.items():
        sizes = np.sort(pairs.loc[pairs["side"].eq(side), "correlation"].abs().dropna())
        shares = np.arange(1, len(sizes) + 1) / max(1, len(sizes))
        ax.step(sizes, shares, where="post", color=color, label=f"{side} dropout")
    ax.set_xlim(0, 1)
    ax.set_ylim(0, 1.02)
    ax.set_xlabel("|correlation|")
    ax.set_ylabel("share of pairs below")
    return ax


def correlation_figure(
    correlations: pd.DataFrame, colors: Mapping[str, str], *, subject: str
) -> Figure | None:
    """Draw for each layer both correlation matrices side by side, and the sizes of the correlations.

    Args:
        correlations: `correlations.csv`.
        colors: A color for each side, which is also the order.
        subject: The model and the data set, for the title.

    Returns:
        The figure; None where no layer has two units that are not constant.
    """
    known = correlations[correlations["correlation"].notna()]
    layers = list(dict.fromkeys(known["layer"]))[-_LAYERS:]
    if not layers:
        return None
    figure = Figure(figsize=(PAGE_WIDTH, 2.25 * len(layers) + 0.75), layout="constrained")
    grid = figure.add_gridspec(len(layers), 3, width_ratios=[1, 1, 1.1])
    image = None
    matrices = []
    for row, layer in enumerate(layers):
        own = correlations[correlations["layer"].eq(layer)]
        for column, side in enumerate(colors):
            ax = figure.add_subplot(grid[row, column])
            matrices.append(ax)
            matrix = matrix_of(own[own["side"].eq(side)])
            order = like_beside_like(matrix)
            colormap = colormaps["RdBu_r"].with_extremes(bad="#D9D9D9")
            shown = np.ma.masked_invalid(matrix[np.ix_(order, order)])
            image = ax.imshow(shown, cmap=colormap, vmin=-1, vmax=1, interpolation="nearest")
            ax.set_xticks([])
            ax.set_yticks([])
            ax.set_title(f"{side} dropout", loc="left")
            if not column:
                ax.set_ylabel(f"{plain(shortened(layer, 24))}\n{len(matrix)} units")
        ax = plot_sizes(own, colors, ax=figure.add_subplot(grid[row, 2]))
        if not row:
            figure.legend(*ax.get_legend_handles_labels(), loc="outside upper right", ncols=2)
    if image is not None:
        bar = figure.colorbar(
            image, ax=matrices, location="bottom", shrink=0.6, aspect=35, pad=0.02
        )
        bar.set_ticks([-1, -0.5, 0, 0.5, 1])
        bar.set_label("correlation of two units over validation examples (gray: constant unit)")
    figure.suptitle(plain(f"{subject}: do units say the same?"), x=0.01, ha="left", fontsize=8.5)
    return figure
