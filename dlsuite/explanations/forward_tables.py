"""Tables of what layers hand on: by epoch in a few numbers, as quantiles and as histograms."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from dlsuite.training.activations import LayerActivity

Activities = Mapping[str, Sequence["LayerActivity"]]
"""By variant, what the layers hand on at every epoch."""

QUANTILES = {"q05": 0.05, "q25": 0.25, "q50": 0.5, "q75": 0.75, "q95": 0.95}
"""Columns of quantiles, and which they are."""

_BINS = 60
_TAIL = 0.002
"""The share of values, at each end, that may lie outside of all bins."""


def layer_table(activities: Activities) -> pd.DataFrame:
    """A row a variant, epoch and layer, the input and the output included: see `LayerActivity`.

    Columns: `variant`, `epoch`, `layer`, `position` (0 is the input), `role`, `activation`, `units`;
    `pre_mean` and `pre_sd` (over examples) of what the activation takes in; `mean` and `sd` of what it
    hands on; `zero_share`, `dead_share`, `saturated_share`.
    """
    rows: list[dict[str, Any]] = []
    for variant, layers in activities.items():
        # Where the input is no numbers, the first hidden layer is still at position 1.
        first = 0 if layers[0].role == "input" else 1
        for epoch in range(len(layers[0].zero)):
            for position, layer in enumerate(layers, start=first):
                taken = layer.inputs
                hidden = layer.role == "hidden"
                relu = hidden and layer.activation == "relu"
                rows.append(
                    {
                        "variant": variant,
                        "epoch": epoch,
                        "layer": layer.layer,
                        "position": position,
                        "role": layer.role,
                        "activation": layer.activation,
                        "units": layer.units,
                        "pre_mean": taken.mean[epoch] if taken else np.nan,
                        "pre_sd": taken.deviation[epoch] if taken else np.nan,
                        "mean": layer.outputs.mean[epoch],
                        "sd": layer.outputs.deviation[epoch],
                        "zero_share": layer.zero[epoch] if relu else np.nan,
                        "dead_share": layer.dead[epoch] if relu else np.nan,
                        "saturated_share": layer.saturated[epoch],
                    }
                )
    return pd.DataFrame(rows)


def quantile_table(activities: Activities) -> pd.DataFrame:
    """A row a variant, epoch, hidden layer and quantity (`pre-activation` or `activation`): quantiles."""
    rows = []
    for variant, layers in activities.items():
        for layer in layers:
            for quantity, kept in _quantities(layer).items():
                for epoch, values in enumerate(kept):
                    finite = values[np.isfinite(values)]
                    found = (
                        np.quantile(finite, list(QUANTILES.values()))
                        if finite.size
                        else [np.nan] * len(QUANTILES)
                    )
                    rows.append(
                        {
                            "variant": variant,
                            "epoch": epoch,
                            "layer": layer.layer,
                            "quantity": quantity,
                            **dict(zip(QUANTILES, map(float, found), strict=True)),
                        }
                    )
    return pd.DataFrame(rows)


def histogram_table(activities: Activities, *, epochs: Sequence[int]) -> pd.DataFrame:
    """A row a variant, epoch, hidden layer, quantity and bin: the share of the values in the bin.

    A layer's bins are the same for all variants and epochs; they hold all but a few in a thousand of the
    values at each end. A variant that ended earlier has its last epoch among those shown.

    Args:
        activities: What the layers hand on.
        epochs: Which epochs to show.
    """
    edges = _edges(activities, epochs)
    rows = []
    for variant, layers in activities.items():
        for layer in layers:
            for quantity, kept in _quantities(layer).items():
                own = edges[layer.layer, quantity]
                for epoch in _shown(epochs, len(kept)):
                    finite = kept[epoch][np.isfinite(kept[epoch])]
                    counts, _ = np.histogram(finite, own)
                    rows += [
                        {
                            "variant": variant,
                            "epoch": epoch,
                            "layer": layer.layer,
                            "quantity": quantity,
                            "bin_low": low,
                            "bin_high": high,
                            "share": count / max(1, kept[epoch].size),
                        }
                        for low, high, count in zip(own[:-1], own[1:], counts, strict=True)
                    ]
    return pd.DataFrame(rows)


def _quantities(layer: "LayerActivity") -> dict[str, np.ndarray]:
    """What a hidden layer's activation takes in, where it can be seen, and what it hands on."""
    if layer.role != "hidden":
        return {}
    taken = {"pre-activation": layer.inputs.kept} if layer.inputs else {}
    return {**taken, "activation": layer.outputs.kept}


def _shown(epochs: Sequence[int], count: int) -> list[int]:
    return sorted({epoch for epoch in epochs if epoch < count} | {count - 1})


def _edges(activities: Activities, epochs: Sequence[int]) -> dict[tuple[str, str], np.ndarray]:
    """The edges of each layer's bins."""
    ends: dict[tuple[str, str], list[np.ndarray]] = {}
    for layers in activities.values():
        for layer in layers:
            for quantity, kept in _quantities(layer).items():
                for epoch in _shown(epochs, len(kept)):
                    finite = kept[epoch][np.isfinite(kept[epoch])].astype(np.float64)
                    if finite.size:
                        own = np.quantile(finite, [_TAIL, 1 - _TAIL])
                        ends.setdefault((layer.layer, quantity), []).append(own)
                    else:
                        ends.setdefault((layer.layer, quantity), [])
    edges = {}
    for key, found in ends.items():
        low, high = (min(e[0] for e in found), max(e[1] for e in found)) if found else (0.0, 1.0)
        # A unit that is always the same still needs a bin that has a width.
        if high - low <= 1e-6 * max(abs(low), abs(high)):
            low, high = low - 0.5, high + 0.5
        edges[key] = _with_edge_at_zero(low, high)
    return edges


def _with_edge_at_zero(low: float, high: float) -> np.ndarray:
    """Even bins. Where 0 lies among them it is an edge: no bin mixes what ReLU cuts with what it keeps."""
    width = (high - low) / _BINS
    if low < 0 < high:
        low = -np.ceil(-low / width) * width
    return low + width * np.arange(int(np.ceil((high - low) / width - 1e-9)) + 1)
