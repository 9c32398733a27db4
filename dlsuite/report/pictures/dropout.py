"""Pictures of dropout: the network in a few steps, and its units with and without dropout."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from dlsuite.report.labels import plain, shortened
from dlsuite.report.pictures.dropout_correlation import correlation_figure
from dlsuite.report.pictures.dropout_draws import draws_figure
from dlsuite.report.style import (
    GRAY,
    LINE_STYLES,
    OKABE_ITO,
    axes_grid,
    figure_style,
    new_axes,
)

SIDE_COLORS = {"without": OKABE_ITO[1], "with": OKABE_ITO[0]}
"""Colors of the training without dropout, and of the one with it."""

_LAYERS = 6
"""Layers that have a panel, at most: the last."""


def dropout_pictures(tables: Mapping[str, pd.DataFrame], *, subject: str) -> dict[str, Figure]:
    """Draw the topic's pictures.

    Args:
        tables: `draws`, `network`, `units`, `correlations` and `curves`.
        subject: The model and the data set, for titles.

    Returns:
        `draws`, `reliance`, `correlation` and `curves`, as far as there is something to draw.
    """
    with figure_style():
        figures = {
            "draws": draws_figure(tables["draws"], tables["network"], subject=subject),
            "reliance": _reliance(tables["units"], subject),
            "correlation": correlation_figure(tables["correlations"], SIDE_COLORS, subject=subject),
            "curves": _curves(tables["curves"], subject),
        }
    return {name: figure for name, figure in figures.items() if figure is not None}


def plot_reliance(units: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw by how much the loss changes without each unit, units from the most to the least needed.

    Args:
        units: The rows of one layer: `side`, `loss_change`.
        ax: Where to draw; a new figure's if absent.
    """
    ax = ax or new_axes()
    ax.axhline(0, color=GRAY, linewidth=0.6)
    for side, color in SIDE_COLORS.items():
        changes = np.sort(units.loc[units["side"].eq(side), "loss_change"].dropna())[::-1]
        ax.plot(
            np.arange(1, len(changes) + 1),
            changes,
            color=color,
            marker="o" if side == "with" else "s",
            markersize=2.5,
            label=f"{side} dropout",
        )
    ax.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    ax.set_xlabel("unit, from the most needed on")
    ax.set_ylabel("validation loss change\nwhen it is set to zero")
    return ax


def plot_curves(curves: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw train and validation loss of both trainings.

    Args:
        curves: A row a side and epoch: `side`, `epoch`, `train_loss`, `val_loss`.
        ax: Where to draw; a new figure's if absent.
    """
    ax = ax or new_axes()
    for side, color in SIDE_COLORS.items():
        own = curves[curves["side"].eq(side)]
        for split, name in (("train", "training"), ("val", "validation")):
            ax.plot(
                own["epoch"],
                own[f"{split}_loss"],
                color=color,
                linestyle=LINE_STYLES[split],
                label=f"{side} dropout, {name}",
            )
    losses = curves[["train_loss", "val_loss"]].to_numpy(dtype=float)
    if losses.size and np.nanmin(losses) > 0 and np.nanmax(losses) > 20 * np.nanmin(losses):
        ax.set_yscale("log")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set_xlabel("epoch")
    ax.set_ylabel("loss (inference mode)")
    return ax


def _reliance(units: pd.DataFrame, subject: str) -> Figure | None:
    known = units[units["loss_change"].notna()]
    layers = list(dict.fromkeys(known["layer"]))[-_LAYERS:]
    if not layers:
        return None
    figure, panels = axes_grid(len(layers), columns=min(3, len(layers)), legend_rows=2)
    for index, (ax, layer) in enumerate(zip(panels, layers, strict=True)):
        plot_reliance(known[known["layer"].eq(layer)], ax=ax)
        ax.set_title(plain(shortened(layer, 28)), loc="left")
        if index % 3:
            ax.set_ylabel("")
    figure.legend(
        *panels[0].get_legend_handles_labels(),
        loc="outside upper center",
        ncols=2,
        title=plain(f"{subject}: how much the network needs single units"),
    )
    return figure


def _curves(curves: pd.DataFrame, subject: str) -> Figure | None:
    if curves.empty:
        return None
    figure, [ax] = axes_grid(1, panel_height=2.6, legend_rows=3)
    plot_curves(curves, ax=ax)
    figure.legend(
        *ax.get_legend_handles_labels(),
        loc="outside upper center",
        ncols=2,
        title=plain(f"{subject}: same seed, initial weights and batches"),
    )
    return figure
