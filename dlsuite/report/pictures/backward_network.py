"""The network with the part that each node and each edge has in the error."""

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.cm import ScalarMappable
from matplotlib.colors import ListedColormap, Normalize, to_hex, to_rgba
from matplotlib.figure import Figure

from dlsuite.report.labels import plain
from dlsuite.report.pictures.network import draw_network
from dlsuite.report.style import PAGE_WIDTH

# The map's dark end would hide a cross.
_NODES = ListedColormap(colormaps["viridis_r"](np.linspace(0.0, 0.9, 128)))
_RAISES, _LOWERS = "#B2182B", "#2166AC"
"""Red and blue of a diverging palette that any color vision tells apart."""


def node_marks(nodes: pd.DataFrame) -> pd.DataFrame:
    """Nodes of one moment as `draw_network` takes them: size and color beside their layer's largest.

    Args:
        nodes: Rows of `nodes.csv` of one epoch.
    """
    units = nodes.groupby("layer")["unit"].transform("size")
    drawn = nodes.assign(units=units)[nodes["drawn"].astype(bool)]
    most = drawn.groupby("layer")["share"].transform("max")
    size = (drawn["share"] / most.where(most > 0)).fillna(0.0)
    # Columns begin at 0 whichever of them are drawn.
    place = drawn["place"] - drawn["place"].min()
    return drawn.assign(
        place=place, size=size, color=[to_hex(shade) for shade in _NODES(size.to_numpy())]
    )


def edge_marks(edges: pd.DataFrame) -> pd.DataFrame:
    """Edges of one moment as `draw_network` takes them: width by the slope's size, color by its sign.

    Args:
        edges: Rows of `edges.csv` of one epoch.
    """
    slope = edges["weight_gradient"].astype(float)
    most = slope.abs().max()
    size = (slope.abs() / most if most > 0 else 0.0 * slope).fillna(0.0)
    colors = [
        to_hex(to_rgba(_RAISES if up else _LOWERS, 0.12 + 0.8 * part), keep_alpha=True)
        for up, part in zip(slope > 0, size, strict=True)
    ]
    return edges.assign(size=size, color=colors)


def network_figure(nodes: pd.DataFrame, edges: pd.DataFrame, *, subject: str) -> Figure | None:
    """Draw the network at the start and at the end of training, side by side.

    Args:
        nodes: `nodes.csv`.
        edges: `edges.csv`; without rows where layers share weights over positions or steps.
        subject: The model and the data set, for the title.

    Returns:
        The figure; None without hidden nodes.
    """
    if not nodes["kind"].eq("hidden").any():
        return None
    epochs = list(dict.fromkeys(nodes["epoch"]))
    columns = int(nodes["place"].nunique())
    wide = columns > 5  # Then one below the other.
    rows, across = (len(epochs), 1) if wide else (1, len(epochs))
    figure = Figure(figsize=(PAGE_WIDTH, 2.9 * rows + 0.9), layout="constrained")
    grid = figure.add_gridspec(rows, across)
    panels = [figure.add_subplot(grid[divmod(index, across)]) for index in range(len(epochs))]
    for ax, epoch in zip(panels, epochs, strict=True):
        own_edges = edges[edges["epoch"].eq(epoch)]
        drawn = node_marks(nodes[nodes["epoch"].eq(epoch)])
        draw_network(drawn, edge_marks(own_edges), ax=ax)
        when = "before training" if epoch == 0 else f"after epoch {epoch}"
        steepest = own_edges["weight_gradient"].abs().max() if len(own_edges) else np.nan
        told = f" (widest edge: |slope| {steepest:.2g})" if np.isfinite(steepest) else ""
        ax.set_title(f"{when}{told}", loc="left")
    bar = figure.colorbar(
        ScalarMappable(Normalize(0, 1), _NODES),
        ax=panels,
        location="bottom",
        shrink=0.45,
        aspect=40,
        pad=0.02,
    )
    bar.set_label(
        "node: |activation \N{MULTIPLICATION SIGN} gradient|, relative to the largest of its layer"
    )
    title = f"{subject}: contributions to the training loss"
    if len(edges):
        title += "\nedge: slope of the loss in the weight; red: more of it raises the loss, blue: lowers it"
    else:
        title += "\nno edges: weights are shared over positions or steps, or layers are joined"
    figure.suptitle(plain(title), fontsize=8.5)
    return figure
