"""Pictures of the forward pass: how what layers hand on is spread, and how many units hand nothing on."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator, PercentFormatter

from dlsuite.report.encoding import thinned
from dlsuite.report.limits import Limits
from dlsuite.report.pictures.forward_ridges import ridge_figure
from dlsuite.report.pictures.forward_variants import layer_title, look_of, pictured
from dlsuite.report.style import PAGE_WIDTH, axes_grid, figure_style, new_axes

_MOST_LAYERS = 4
_SHARES = {
    "dead_share": "dead ReLU units",
    "zero_share": "ReLU outputs that are 0",
    "saturated_share": "saturated outputs",
}
_UNIT_TITLES = {
    (True, True): "Dead units and saturated outputs over training",
    (True, False): "Units that hand nothing on, over training",
    (False, True): "Saturated outputs over training",
}
"""By whether there are ReLU layers and bounded ones."""


def forward_pictures(tables: Mapping[str, pd.DataFrame], *, subject: str) -> dict[str, Figure]:
    """Draw the forward pass.

    Args:
        tables: `layers`, `activations` and `histograms`.
        subject: The model and the data set, for titles.

    Returns:
        `distributions` (ridgelines of a few epochs), `quantiles` (bands over all epochs), `depth` (spread
        from layer to layer) and `units` (dead units, saturated outputs); one that would be empty is left out.
    """
    layers = tables["layers"]
    figures: dict[str, Figure | None] = {
        "distributions": ridge_figure(tables["histograms"], layers, subject=subject),
        "quantiles": _quantile_figure(tables["activations"], layers, subject=subject),
        "depth": _depth_figure(layers, subject=subject),
        "units": _unit_figure(layers, subject=subject),
    }
    return {name: figure for name, figure in figures.items() if figure is not None}


def plot_quantiles(rows: pd.DataFrame, ax: Axes | None = None, *, color: str = "#0072B2") -> Axes:
    """Draw how values are spread, epoch by epoch: the middle 90 %, the middle half, the median.

    Args:
        rows: Of one variant, layer and quantity: `epoch` and the quantiles.
        ax: Where to draw; a new figure's if None.
        color: The variant's color.

    Returns:
        The axes.
    """
    ax = ax if ax is not None else new_axes()
    epochs = rows["epoch"].to_numpy(dtype=float)
    for low, high, strength in (("q05", "q95", 0.18), ("q25", "q75", 0.35)):
        lower, upper = (rows[end].to_numpy(dtype=float) for end in (low, high))
        ax.fill_between(epochs, lower, upper, color=color, alpha=strength, linewidth=0)
    marker = "o" if len(rows) == 1 else ""
    ax.plot(epochs, rows["q50"].to_numpy(dtype=float), color=color, marker=marker, markersize=3)
    ax.axhline(0.0, color="#999999", linewidth=0.6, zorder=0)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    return ax


def plot_depth(layers: pd.DataFrame, epoch: int, ax: Axes | None = None) -> Axes:
    """Draw the standard deviation over examples of what each layer computes, from input to output.

    Args:
        layers: A row a variant, epoch and layer.
        epoch: Which epoch; a variant that ended before is left out.
        ax: Where to draw; a new figure's if None.

    Returns:
        The axes.
    """
    ax = ax if ax is not None else new_axes()
    for variant in layers["variant"].unique():
        own = layers.loc[(layers["variant"] == variant) & (layers["epoch"] == epoch)]
        spread = own["pre_sd"].fillna(own["sd"]).to_numpy(dtype=float)
        look = look_of(variant)
        ax.plot(
            own["position"],
            np.where(spread > 0, spread, np.nan),
            color=look.color,
            marker=look.marker,
            markersize=4,
        )
    return ax


def plot_share(layers: pd.DataFrame, column: str, ax: Axes | None = None) -> Axes:
    """Draw a share of units or outputs of one layer over training, a line a variant.

    Args:
        layers: Rows of one layer.
        column: `dead_share`, `zero_share` or `saturated_share`.
        ax: Where to draw; a new figure's if None.

    Returns:
        The axes.
    """
    ax = ax if ax is not None else new_axes()
    for variant, own in layers.groupby("variant", sort=False):
        look = look_of(str(variant))
        ax.plot(
            own["epoch"],
            own[column].to_numpy(dtype=float),
            color=look.color,
            linestyle=look.line,
            marker=look.marker if len(own) == 1 else "",
            clip_on=False,
        )
    ax.yaxis.set_major_formatter(PercentFormatter(xmax=1.0, decimals=0))
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    return ax


def _quantile_figure(
    quantiles: pd.DataFrame, layers: pd.DataFrame, *, subject: str
) -> Figure | None:
    shown = thinned(pictured(quantiles), _MOST_LAYERS)
    variants = list(layers["variant"].unique())
    if not shown:
        return None
    with figure_style():
        figure, panels = axes_grid(
            len(shown) * len(variants), columns=len(variants), panel_height=1.7
        )
        for index, (layer, quantity) in enumerate(shown):
            row = panels[index * len(variants) : (index + 1) * len(variants)]
            for ax, variant in zip(row, variants, strict=True):
                own = quantiles.loc[
                    (quantiles["variant"] == variant)
                    & (quantiles["layer"] == layer)
                    & (quantiles["quantity"] == quantity)
                ]
                plot_quantiles(own, ax, color=look_of(variant).color)
                about = layer_title(layers.loc[layers["layer"] == layer])
                ax.set_title(f"{look_of(variant).name}\n{about}" if index == 0 else about)
                if index == len(shown) - 1:
                    ax.set_xlabel("epoch")
            _share_y(row)
            row[0].set_ylabel(quantity)
        _title(figure, f"What activations take in and hand on over training: {subject}")
        handles: dict[str, Artist] = {
            "median": Line2D([], [], color="#444444"),
            "middle half": Patch(color="#444444", alpha=0.5, linewidth=0),
            "middle 90 %": Patch(color="#444444", alpha=0.2, linewidth=0),
        }
        figure.legend(list(handles.values()), list(handles), loc="outside lower center", ncols=3)
    return figure


def _depth_figure(layers: pd.DataFrame, *, subject: str) -> Figure | None:
    variants = list(layers["variant"].unique())
    lasts = {
        variant: layers.loc[layers["variant"] == variant, "epoch"].max() for variant in variants
    }
    epochs = sorted({0, max(lasts.values(), default=0)})
    names = layers.drop_duplicates("position").set_index("position")["layer"]
    with figure_style():
        figure, panels = axes_grid(len(epochs), panel_height=2.3)
        for ax, epoch in zip(panels, epochs, strict=True):
            plot_depth(layers, epoch, ax)
            ax.set_title("epoch 0: random weights" if epoch == 0 else f"epoch {epoch}")
            ticks = thinned(list(names.index), 10)
            ax.set_xticks(ticks, [names[tick] for tick in ticks], rotation=30, ha="right")
            ax.set_xlim(names.index.min() - 0.3, names.index.max() + 0.3)
        _share_log(panels)
        panels[0].set_ylabel("standard deviation")
        _title(figure, f"How far what layers compute differs from example to example: {subject}")
        _add_variants(figure, variants, lines=False)
    return figure


def _unit_figure(layers: pd.DataFrame, *, subject: str) -> Figure | None:
    hidden = layers.loc[layers["role"] == "hidden"]
    shown = [column for column in _SHARES if hidden[column].max() > 0]
    if not shown:
        return None
    paths = thinned(list(hidden["layer"].unique()), _MOST_LAYERS)
    variants = list(layers["variant"].unique())
    with figure_style():
        figure, panels = axes_grid(len(paths) * len(shown), columns=len(paths), panel_height=1.7)
        for place, ax in enumerate(panels):
            row, column = divmod(place, len(paths))
            own = hidden.loc[hidden["layer"] == paths[column]]
            plot_share(own, shown[row], ax)
            if row == 0:
                ax.set_title(layer_title(own, between="\n"))
            if row == len(shown) - 1:
                ax.set_xlabel("epoch")
            if column == 0:
                ax.set_ylabel(_SHARES[shown[row]])
        for row in range(len(shown)):
            of_row = panels[row * len(paths) : (row + 1) * len(paths)]
            highest = float(np.nanmax(hidden[shown[row]].to_numpy(dtype=float)))
            for ax in of_row:
                ax.set_ylim(0.0, min(1.0, max(0.05, 1.1 * highest)))
        _title(
            figure, f"{_UNIT_TITLES['zero_share' in shown, 'saturated_share' in shown]}: {subject}"
        )
        _add_variants(figure, variants, lines=True)
    return figure


def _add_variants(figure: Figure, variants: list[str], *, lines: bool) -> None:
    looks = [look_of(variant) for variant in variants]
    handles = [
        Line2D(
            [],
            [],
            color=look.color,
            linestyle=look.line if lines else "solid",
            marker="" if lines else look.marker,
            markersize=4,
        )
        for look in looks
    ]
    figure.legend(
        handles, [look.name for look in looks], loc="outside lower center", ncols=len(looks)
    )


def _share_y(panels: list[Axes]) -> None:
    low = min(ax.get_ylim()[0] for ax in panels)
    high = max(ax.get_ylim()[1] for ax in panels)
    for ax in panels:
        ax.set_ylim(low, high)
    for ax in panels[1:]:
        ax.tick_params(labelleft=False)


def _share_log(panels: list[Axes]) -> None:
    """The same logarithmic axis in all panels, of a decade at least, so that small changes look small."""
    drawn = np.concatenate(
        [np.asarray(line.get_ydata(), dtype=float) for ax in panels for line in ax.lines]
    )
    drawn = drawn[np.isfinite(drawn)]
    low, high = (float(drawn.min()), float(drawn.max())) if drawn.size else (1.0, 1.0)
    widen = max(1.25, (10 / (high / low)) ** 0.5)
    for ax in panels:
        Limits(low / widen, high * widen, log=True).apply(ax)
    for ax in panels[1:]:
        ax.tick_params(labelleft=False, which="both")


def _title(figure: Figure, text: str) -> None:
    figure.suptitle(text, fontsize=9.5 if figure.get_figwidth() >= PAGE_WIDTH else 8.5)
