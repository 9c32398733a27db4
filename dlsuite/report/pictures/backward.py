"""Pictures of the backward pass: how much each layer and each node contributes to the error."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from dlsuite.report.labels import plain, shortened
from dlsuite.report.pictures.backward_network import network_figure
from dlsuite.report.style import (
    GRAY,
    MARKERS,
    OKABE_ITO,
    axes_grid,
    figure_style,
    new_axes,
    value_colors,
)

_ERROR = 0.1
"""Share by which a prediction may be wrong before it is marked."""
_LEGEND_LAYERS = 12


def backward_pictures(tables: Mapping[str, pd.DataFrame], *, subject: str) -> dict[str, Figure]:
    """Draw the topic's pictures.

    Args:
        tables: `layer_gradients`, `nodes`, `edges`, `agreement` and `steps`.
        subject: The model and the data set, for titles.

    Returns:
        `layer_gradients`, `network`, `estimates` and `steps`, as far as there is something to draw.
    """
    with figure_style():
        figures = {
            "layer_gradients": _layer_gradients(tables["layer_gradients"], subject),
            "network": network_figure(tables["nodes"], tables["edges"], subject=subject),
            "estimates": _estimates(tables["nodes"], tables["agreement"], subject),
            "steps": _steps(tables["steps"], subject),
        }
    return {name: figure for name, figure in figures.items() if figure is not None}


def moment_name(epoch: int) -> str:
    """What a moment of training is called above a panel."""
    return "before training" if epoch == 0 else f"after epoch {epoch}"


def plot_layer_gradients(layers: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw how long each layer's gradient is in each epoch, on a logarithmic axis.

    Args:
        layers: A row an epoch and layer: `epoch`, `layer`, `place`, `gradient_norm`.
        ax: Where to draw; a new figure's if absent.
    """
    ax = ax or new_axes()
    names = list(dict.fromkeys(layers.sort_values("place")["layer"]))
    colors = value_colors(range(1, len(names) + 1))
    for (name, color), marker in zip(
        zip(names, colors.values(), strict=True), MARKERS * len(names), strict=False
    ):
        own = layers[layers["layer"].eq(name) & layers["gradient_norm"].gt(0)]
        marks: dict[str, Any] = (
            {"marker": marker, "markersize": 3} if len(names) <= len(MARKERS) else {}
        )
        ax.plot(own["epoch"], own["gradient_norm"], color=color, label=plain(name), **marks)
    if (layers["gradient_norm"] > 0).any():
        ax.set_yscale("log")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set_xlabel("epoch")
    ax.set_ylabel("length of the gradient\n(mean over the epoch's steps)")
    return ax


def plot_estimates(
    nodes: pd.DataFrame, *, colors: Mapping[str, str], ax: Axes | None = None
) -> Axes:
    """Draw for each hidden node the loss change estimated against the one measured, and where both agree.

    Args:
        nodes: A row a hidden node: `layer`, `estimated_change`, `measured_change`.
        colors: A color for each layer.
        ax: Where to draw; a new figure's if absent.
    """
    ax = ax or new_axes()
    pair = nodes[["estimated_change", "measured_change"]].to_numpy(dtype=float)
    known = np.isfinite(pair).all(axis=1)
    for marker, (layer, color) in zip(MARKERS * len(colors), colors.items(), strict=False):
        own = pair[known & nodes["layer"].eq(layer).to_numpy()]
        ax.scatter(
            own[:, 0],
            own[:, 1],
            s=13,
            color=color,
            marker=marker,
            alpha=0.75,
            linewidths=0,
            label=plain(shortened(layer, 24)),
            zorder=3,
        )
    ax.axhline(0, color=GRAY, linewidth=0.5)
    ax.axvline(0, color=GRAY, linewidth=0.5)
    if known.any():
        ax.axline((0, 0), slope=1, color=GRAY, linestyle="--", linewidth=1.0)
        ax.set_xlim(*_padded(pair[known, 0]))
        ax.set_ylim(*_padded(pair[known, 1]))
    ax.xaxis.set_major_locator(MaxNLocator(5))
    ax.set_xlabel("estimated loss change (first order)")
    ax.set_ylabel("measured loss change")
    return ax


def _padded(values: np.ndarray) -> tuple[float, float]:
    """From the smallest to the largest value and zero, with some room at each end."""
    low, high = min(float(values.min()), 0.0), max(float(values.max()), 0.0)
    pad = 0.05 * (high - low) or 1.0
    return low - pad, high + pad


def plot_steps(steps: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw by how much a step should lower the loss, and by how much it does, against its size.

    Args:
        steps: The rows of one epoch: `step_size`, `predicted_change`, `actual_change`, `relative_error`.
        ax: Where to draw; a new figure's if absent.
    """
    ax = ax or new_axes()
    sizes, actual = steps["step_size"], steps["actual_change"]
    ax.plot(
        sizes, -steps["predicted_change"], color=GRAY, linestyle="--", label="predicted decrease"
    )
    falls, rises = actual < 0, actual > 0
    points: dict[str, Any] = {"linestyle": "", "markersize": 4}
    ax.plot(
        sizes[falls],
        -actual[falls],
        marker="o",
        color=OKABE_ITO[0],
        label="actual decrease",
        **points,
    )
    ax.plot(
        sizes[rises],
        actual[rises],
        marker="^",
        color=OKABE_ITO[1],
        label="actual increase",
        **points,
    )
    wrong = sizes[~steps["relative_error"].le(_ERROR)]
    if len(wrong):
        ax.axvline(
            wrong.min(), color="black", linestyle=":", linewidth=1.0, label="off by more than 10 %"
        )
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xlabel("step size")
    ax.set_ylabel("size of the loss change")
    return ax


def _layer_gradients(layers: pd.DataFrame, subject: str) -> Figure | None:
    if layers.empty:
        return None
    figure, [ax] = axes_grid(1, panel_height=2.8)
    plot_layer_gradients(layers, ax=ax)
    ax.set_title(plain(f"{subject}: gradient by layer"), loc="left")
    handles, names = ax.get_legend_handles_labels()
    if len(names) > _LEGEND_LAYERS:
        kept = np.unique(np.linspace(0, len(names) - 1, _LEGEND_LAYERS).round().astype(int))
        handles, names = [handles[i] for i in kept], [names[i] for i in kept]
    title = "from input to output" if len(names) > 1 else None
    figure.legend(handles, names, loc="outside right upper", title=title, alignment="left")
    return figure


def _estimates(nodes: pd.DataFrame, agreement: pd.DataFrame, subject: str) -> Figure | None:
    hidden = nodes[nodes["kind"].eq("hidden")]
    hidden = hidden[hidden["measured_change"].notna()]
    if hidden.empty:
        return None
    epochs = list(dict.fromkeys(hidden["epoch"]))
    layers = list(dict.fromkeys(hidden["layer"]))
    ordered = len(layers) > 2
    colors = dict(
        zip(
            layers,
            value_colors(range(len(layers))).values() if ordered else OKABE_ITO,
            strict=False,
        )
    )
    figure, panels = axes_grid(len(epochs), panel_height=2.9, legend_rows=2)
    for ax, epoch in zip(panels, epochs, strict=True):
        plot_estimates(hidden[hidden["epoch"].eq(epoch)], colors=colors, ax=ax)
        rank = agreement.loc[
            agreement["epoch"].eq(epoch) & agreement["layer"].eq("all"), "spearman"
        ]
        told = f", rank correlation {rank.iloc[0]:.2f}" if len(rank) and rank.notna().all() else ""
        ax.set_title(f"{moment_name(epoch)}{told}", loc="left")
    handles, names = panels[0].get_legend_handles_labels()
    figure.legend(
        handles[:_LEGEND_LAYERS],
        names[:_LEGEND_LAYERS],
        loc="outside upper center",
        ncols=min(4, len(names)),
        title=plain(
            f"{subject}: loss change when a node is set to zero; dashed: estimate = measured"
        ),
    )
    return figure


def _steps(steps: pd.DataFrame, subject: str) -> Figure | None:
    epochs = list(dict.fromkeys(steps["epoch"]))
    if not epochs:
        return None
    figure, panels = axes_grid(len(epochs), panel_height=2.6, legend_rows=2)
    for ax, epoch in zip(panels, epochs, strict=True):
        plot_steps(steps[steps["epoch"].eq(epoch)], ax=ax)
        ax.set_title(moment_name(epoch), loc="left")
    entries = {
        name: handle
        for ax in panels
        for handle, name in zip(*ax.get_legend_handles_labels(), strict=True)
        if isinstance(handle, Line2D) and np.size(handle.get_xdata())
    }
    figure.legend(
        list(entries.values()),
        list(entries),
        loc="outside upper center",
        ncols=len(entries),
        title=plain(f"{subject}: one step against the gradient"),
    )
    return figure
