"""The network as a few steps see it: with a real draw of its units switched off."""

import pandas as pd
from matplotlib import colormaps
from matplotlib.colors import ListedColormap, to_hex
from matplotlib.figure import Figure

from dlsuite.report.labels import plain
from dlsuite.report.pictures.network import draw_network
from dlsuite.report.style import axes_grid

UNITS_DRAWN = 12
"""Units of a layer that are drawn, at most: the first."""

_KEPT = ListedColormap(colormaps["Blues"]([0.0, 0.12, 0.24, 0.36, 0.48, 0.6, 0.72]))
"""From white, where nothing of a unit is kept, to blue."""
_ALWAYS_ON = "#BBBBBB"
_THROUGH, _CUT = "#3B5B7AB0", "#C8C8C840"


def draw_marks(draw: pd.DataFrame, network: pd.DataFrame) -> pd.DataFrame:
    """The units of one step as `draw_network` takes them.

    Args:
        draw: Rows of `draws.csv` of one step.
        network: `network.csv`.
    """
    kept = {layer: own.set_index("unit")["kept"] for layer, own in draw.groupby("layer")}
    rows = []
    for column in network.itertuples():
        for unit in range(min(int(str(column.units)), UNITS_DRAWN)):
            drawn = column.layer in kept
            share = float(kept[str(column.layer)][unit]) if drawn else 1.0
            rows.append(
                {
                    "place": column.place,
                    "layer": column.layer,
                    "unit": unit,
                    "units": column.units,
                    "size": 0.45,
                    "kept": share,
                    "color": to_hex(_KEPT(share)) if drawn else _ALWAYS_ON,
                    "crossed": share == 0,
                }
            )
    return pd.DataFrame(rows)


def edge_marks(nodes: pd.DataFrame, network: pd.DataFrame) -> pd.DataFrame:
    """The edges of one step, faded where one of their ends is dropped.

    Args:
        nodes: What `draw_marks` gives.
        network: `network.csv`; edges stand where a column is linked to the one before.
    """
    rows = []
    for column in network[network["linked"].astype(bool)].itertuples():
        own = nodes["place"].eq(int(str(column.place)))
        before = nodes["place"].eq(int(str(column.place)) - 1)
        for source in nodes[before].itertuples():
            for target in nodes[own].itertuples():
                on = not (source.crossed or target.crossed)
                rows.append(
                    {
                        "source_layer": source.layer,
                        "source": source.unit,
                        "target_layer": target.layer,
                        "target": target.unit,
                        "size": 0.25 if on else 0.0,
                        "color": _THROUGH if on else _CUT,
                    }
                )
    columns = ["source_layer", "source", "target_layer", "target", "size", "color"]
    return pd.DataFrame(rows, columns=columns)


def draws_figure(draws: pd.DataFrame, network: pd.DataFrame, *, subject: str) -> Figure | None:
    """Draw the network once a step.

    Args:
        draws: `draws.csv`.
        network: `network.csv`.
        subject: The model and the data set, for the title.

    Returns:
        The figure; None without draws.
    """
    steps = list(dict.fromkeys(draws["step"]))
    if not steps:
        return None
    figure, panels = axes_grid(len(steps), panel_height=2.6, legend_rows=2)
    for ax, step in zip(panels, steps, strict=True):
        own = draws[draws["step"].eq(step)]
        nodes = draw_marks(own, network)
        draw_network(nodes, edge_marks(nodes, network), ax=ax)
        told = " + ".join(
            f"{of_layer['kept'].sum():.3g} of {len(of_layer)}"
            for _, of_layer in own.groupby("layer", sort=False)
        )
        first = own.iloc[0]
        ax.set_title(
            f"step {step} (epoch {first['epoch']}, training example {first['example']})\n{told} kept",
            loc="left",
            fontsize=7.5,
        )
    partly = ((draws["kept"] > 0) & (draws["kept"] < 1)).any()
    legend = "gray: never dropped; blue: kept; crossed: dropped, with all its edges"
    if partly:
        legend += "; paler: kept at fewer positions or steps"
    rates = " and ".join(f"{rate:g}" for rate in dict.fromkeys(draws["rate"]))
    figure.suptitle(
        plain(f"{subject}: what dropout at rate {rates} left of the network\n{legend}"),
        fontsize=8.5,
    )
    return figure
