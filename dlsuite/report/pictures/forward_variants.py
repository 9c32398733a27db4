"""How the trainings of the forward pass are told apart, and which layers are shown by what."""

from typing import Any, NamedTuple

import pandas as pd

from dlsuite.report.style import OKABE_ITO


class Look(NamedTuple):
    """How a training is drawn.

    Attributes:
        name: What it is called.
        color: Its color.
        line: Its line.
        marker: The shape of its points.
    """

    name: str
    color: str
    line: Any
    marker: str


_LOOKS = {
    "batch_norm=false": Look("without batch norm", OKABE_ITO[0], "solid", "o"),
    "batch_norm=true": Look("with batch norm", OKABE_ITO[1], (0, (4.0, 1.5)), "s"),
}


def look_of(variant: str) -> Look:
    """How a training is drawn."""
    return _LOOKS.get(variant, Look(variant, OKABE_ITO[0], "solid", "o"))


def layer_title(rows: pd.DataFrame, *, between: str = ": ") -> str:
    """A layer with its size and activation: `activation_1: 64 units, ReLU`.

    Args:
        rows: Of the layer; the first one counts.
        between: What stands behind the layer's name.
    """
    row = rows.iloc[0]
    given = "" if pd.isna(row["activation"]) else str(row["activation"])
    activation = f", {'ReLU' if given == 'relu' else given}" if given else ""
    return f"{row['layer']}{between}{row['units']} units{activation}"


def pictured(rows: pd.DataFrame) -> list[tuple[str, str]]:
    """For each layer, what is drawn of it: what its activation takes in, where that is known.

    What ReLU hands on is that without its negative part; what goes in tells both.

    Args:
        rows: With `layer` and `quantity`.
    """
    found: dict[str, str] = {}
    for layer, quantity in rows[["layer", "quantity"]].drop_duplicates().itertuples(index=False):
        if quantity == "pre-activation" or layer not in found:
            found[layer] = quantity
    return list(found.items())
