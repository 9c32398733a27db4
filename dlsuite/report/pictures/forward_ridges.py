"""Ridgelines: how what layers compute is distributed in a few epochs, one above the other."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from dlsuite.report.encoding import thinned
from dlsuite.report.pictures.forward_variants import layer_title, look_of, pictured
from dlsuite.report.style import PAGE_WIDTH, axes_grid, figure_style, new_axes

_MOST_LAYERS = 4
_OVERLAP = 1.7
"""How high the highest ridge is, in distances between two."""
_CUT = "#BBBBBB"
"""What ReLU does not hand on."""


def plot_ridges(
    rows: pd.DataFrame,
    ax: Axes | None = None,
    *,
    color: str = "#0072B2",
    cut_below_zero: bool = False,
) -> Axes:
    """Draw the histograms of one layer, the first epoch on top, each to the same height.

    Args:
        rows: Of one variant, layer and quantity: `epoch`, `bin_low`, `bin_high`, `share`.
        ax: Where to draw; a new figure's if None.
        color: The variant's color.
        cut_below_zero: Whether what is negative is not handed on, and drawn gray.

    Returns:
        The axes; its ticks are the epochs.
    """
    ax = ax if ax is not None else new_axes()
    epochs = sorted(rows["epoch"].unique())
    for place, epoch in enumerate(epochs):
        own = rows.loc[rows["epoch"] == epoch].sort_values("bin_low")
        base = float(len(epochs) - 1 - place)
        share = own["share"].to_numpy(dtype=float)
        height = _OVERLAP * share / max(float(share.max(initial=0.0)), 1e-12)
        edges = np.append(own["bin_low"].to_numpy(), own["bin_high"].to_numpy()[-1:])
        # A ridge hides what lies behind it: the one above.
        order = 2.0 * place
        ax.stairs(base + height, edges, baseline=base, fill=True, color="white", zorder=order + 1.0)
        below = (own["bin_high"] <= 0).to_numpy() if cut_below_zero else np.zeros(len(own), bool)
        for part, shade in ((below, _CUT), (~below, color)):
            ax.stairs(
                base + np.where(part, height, 0.0),
                edges,
                baseline=base,
                fill=True,
                color=shade,
                alpha=0.75,
                linewidth=0,
                zorder=order + 1.1,
            )
        ax.stairs(
            base + height, edges, baseline=None, color="white", linewidth=0.6, zorder=order + 1.2
        )
        ax.axhline(base, color="#888888", linewidth=0.5, zorder=order + 1.3)
    ax.set_yticks(range(len(epochs)), [str(epoch) for epoch in reversed(epochs)])
    ax.set_ylim(-0.1, len(epochs) - 1 + _OVERLAP + 0.1)
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    return ax


def ridge_figure(histograms: pd.DataFrame, layers: pd.DataFrame, *, subject: str) -> Figure | None:
    """Draw a row a layer and a column a variant; None where there are no histograms.

    Args:
        histograms: A row a variant, epoch, layer, quantity and bin.
        layers: A row a variant, epoch and layer.
        subject: The model and the data set.
    """
    shown = thinned(pictured(histograms), _MOST_LAYERS)
    variants = list(layers["variant"].unique())
    if not shown:
        return None
    cuts = False
    with figure_style():
        figure, panels = axes_grid(
            len(shown) * len(variants), columns=len(variants), panel_height=2.1
        )
        for place, ax in enumerate(panels):
            row, column = divmod(place, len(variants))
            (layer, quantity), variant = shown[row], variants[column]
            own = histograms.loc[
                (histograms["variant"] == variant)
                & (histograms["layer"] == layer)
                & (histograms["quantity"] == quantity)
            ]
            about = layers.loc[layers["layer"] == layer]
            cut = quantity == "pre-activation" and about["activation"].iloc[0] == "relu"
            cuts |= cut
            look = look_of(variant)
            plot_ridges(own, ax, color=look.color, cut_below_zero=cut)
            ax.set_title(f"{look.name}\n{layer_title(about)}" if row == 0 else layer_title(about))
            ax.set_xlabel(quantity)
            if column == 0:
                ax.set_ylabel("epoch")
        figure.suptitle(
            f"Distributions of what layers compute: {subject}",
            fontsize=9.5 if figure.get_figwidth() >= PAGE_WIDTH else 8.5,
        )
        if cuts:
            figure.legend(
                [Patch(color=_CUT, linewidth=0)],
                ["negative: ReLU hands on 0 instead"],
                loc="outside lower center",
            )
    return figure
