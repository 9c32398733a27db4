"""A network drawn as columns of nodes, with the edges between them."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection

from dlsuite.report.labels import plain, shortened
from dlsuite.report.style import GRAY, new_axes

_SMALLEST, _LARGEST = 14.0, 110.0
"""Areas of nodes, in square points."""
_THINNEST, _WIDEST = 0.15, 2.2
"""Widths of edges, in points."""
_UPRIGHT = 6
"""Columns whose names have room beside one another."""


def draw_network(nodes: pd.DataFrame, edges: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw nodes in columns, from the input on the left to the output on the right.

    Args:
        nodes: A row a node that is drawn, top to bottom within its column:

            - `place`: the column, from 0;
            - `layer`: its name, the same for the whole column;
            - `unit`: the node's number in its layer;
            - `units`: how many the layer has, drawn or not;
            - `size`: from 0 to 1;
            - `color`: what fills the node;
            - `crossed`: whether it is crossed out; `False` where the column is missing.
        edges: A row an edge: `source_layer`, `source`, `target_layer`, `target`, `size` (from 0 to 1),
            `color`. Wide ones are drawn last. Those of nodes that are not drawn are left out.
        ax: Where to draw; a new figure's if absent.

    Returns:
        The axes, without frame and ticks.
    """
    ax = ax or new_axes()
    ax.set_axis_off()
    if nodes.empty:
        return ax
    placed = _placed(nodes)
    _draw_edges(ax, placed, edges)
    sizes = _SMALLEST + (_LARGEST - _SMALLEST) * placed["size"].fillna(0.0).clip(0, 1)
    ax.scatter(
        placed["x"],
        placed["y"],
        s=sizes,
        c=list(placed["color"]),
        edgecolors="#333333",
        linewidths=0.6,
        zorder=3,
    )
    if "crossed" in placed:
        gone = placed[placed["crossed"].astype(bool)]
        ax.scatter(gone["x"], gone["y"], s=34, c="#333333", marker="x", linewidths=1.0, zorder=4)
    _name_columns(ax, placed)
    ax.set_xlim(placed["x"].min() - 0.4, placed["x"].max() + 0.4)
    return ax


def _placed(nodes: pd.DataFrame) -> pd.DataFrame:
    """Nodes with coordinates: columns a unit apart, each centered at height 0."""
    row = nodes.groupby("place").cumcount()
    count = nodes.groupby("place")["unit"].transform("size")
    return nodes.assign(x=nodes["place"].astype(float), y=(count - 1) / 2 - row)


def _draw_edges(ax: Axes, placed: pd.DataFrame, edges: pd.DataFrame) -> None:
    if edges.empty:
        return
    ends = zip(placed["layer"], placed["unit"], strict=True)
    at: dict[Any, Any] = dict(zip(ends, placed[["x", "y"]].to_numpy(), strict=True))
    sources = list(zip(edges["source_layer"], edges["source"], strict=True))
    targets = list(zip(edges["target_layer"], edges["target"], strict=True))
    drawn = [s in at and t in at for s, t in zip(sources, targets, strict=True)]
    order = np.argsort(edges["size"].fillna(0.0).to_numpy(), kind="stable")
    chosen = [index for index in order if drawn[index]]
    sizes = edges["size"].fillna(0.0).clip(0, 1).to_numpy()[chosen]
    lines = LineCollection(
        [[at[sources[index]], at[targets[index]]] for index in chosen],
        colors=[edges["color"].iloc[index] for index in chosen],
        linewidths=_THINNEST + (_WIDEST - _THINNEST) * sizes,
        zorder=1,
    )
    ax.add_collection(lines)


def _name_columns(ax: Axes, placed: pd.DataFrame) -> None:
    """Names above the columns, and below them how many nodes are left out."""
    top, bottom = placed["y"].max() + 0.9, placed["y"].min() - 0.9
    columns = list(placed.groupby("place"))
    crowded = len(columns) > _UPRIGHT
    for _, column in columns:
        x, left_out = column["x"].iloc[0], column["units"].iloc[0] - len(column)
        name = plain(shortened(str(column["layer"].iloc[0]), 15))
        slant = {"rotation": 40, "ha": "left"} if crowded else {"ha": "center"}
        ax.text(x, top, name, va="bottom", fontsize=7, **slant)
        if left_out > 0:
            ax.text(
                x,
                column["y"].min() - 0.75,
                f"+ {left_out}" if crowded else f"+ {left_out} more",
                ha="center",
                va="top",
                fontsize=6.5,
                color=GRAY,
            )
    ax.set_ylim(bottom - 0.9, top + (3.2 if crowded else 0.8))
