"""The numbers behind the pictures of the backward pass."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from dlsuite.data import Dataset

if TYPE_CHECKING:
    from dlsuite.training.hidden_units import ByColumn, FirstOrder, HiddenUnits
    from dlsuite.training.links import Column
    from dlsuite.training.result import TrialResult

NODES_DRAWN = 12
"""Nodes of a layer that are drawn, at most: those that contribute most at the end."""

_DECADES = (-5, 1)
"""Powers of ten between which steps are tried, around the one that should take the whole loss away."""
_STEPS_A_DECADE = 4

Weights = Mapping[int, Sequence[np.ndarray]]
"""By epoch, the weights in the order of `model.weights`."""


def layer_gradients_table(result: "TrialResult") -> pd.DataFrame:
    """How long each layer's gradient was in each epoch, layers from the input to the output."""
    columns = ["epoch", "layer", "place", "gradient_norm", "weight_norm", "update_ratio"]
    table = pd.DataFrame(result.layers, columns=[*columns[:2], *columns[3:]])
    # Layers without weights of their own have rows for their dead units.
    table = table[table["epoch"].ge(1) & table["gradient_norm"].notna()]
    place = table.groupby("epoch", sort=False).cumcount() + 1
    return table.assign(place=place.astype(int))[columns].reset_index(drop=True)


def nodes_table(
    columns: Sequence["Column"],
    passes: Mapping[int, "FirstOrder"],
    changes: Mapping[int, "ByColumn"],
) -> pd.DataFrame:
    """What each node contributes, estimated and measured.

    Args:
        columns: The network as columns of nodes.
        passes: By epoch, what a backward pass told.
        changes: By epoch, by how much the loss changes without each hidden node.
    """
    last = max(passes)
    parts = []
    for epoch, told in passes.items():
        for place, column in enumerate(columns):
            contribution = told.contribution[column.path]
            total = float(np.sum(contribution))
            hidden = column.kind == "hidden"
            missing = np.full(column.units, np.nan)
            parts.append(
                pd.DataFrame(
                    {
                        "epoch": epoch,
                        "place": place,
                        "layer": column.path,
                        "kind": column.kind,
                        "unit": np.arange(column.units),
                        "drawn": _largest(passes[last].contribution[column.path], NODES_DRAWN),
                        "contribution": contribution,
                        "share": contribution / total if total > 0 else missing,
                        "activation_gradient": told.activation_gradient[column.path],
                        "estimated_change": told.estimated_change[column.path]
                        if hidden
                        else missing,
                        "measured_change": changes[epoch][column.path] if hidden else missing,
                    }
                )
            )
    return pd.concat(parts, ignore_index=True)


def edges_table(
    units: "HiddenUnits",
    nodes: pd.DataFrame,
    moments: Weights,
    passes: Mapping[int, "FirstOrder"],
) -> pd.DataFrame:
    """Weights between the nodes that are drawn, and the slope of the loss in each of them."""
    model = units.model
    place_of = {id(weight): i for i, weight in enumerate(model.weights)}
    slope_of = {id(weight): i for i, weight in enumerate(model.trainable_variables)}
    parts = []
    for epoch, weights in moments.items():
        own = nodes[nodes["epoch"].eq(epoch) & nodes["drawn"]]
        drawn = {layer: rows["unit"].to_numpy() for layer, rows in own.groupby("layer")}
        for before, column in zip(units.columns, units.columns[1:], strict=False):
            if column.link is None or id(column.link.kernel) not in slope_of:
                continue
            kernel = column.link.kernel
            ends = np.ix_(drawn[before.path], drawn[column.path])
            source, target = np.meshgrid(drawn[before.path], drawn[column.path], indexing="ij")
            parts.append(
                pd.DataFrame(
                    {
                        "epoch": epoch,
                        "source_layer": before.path,
                        "source": source.ravel(),
                        "target_layer": column.path,
                        "target": target.ravel(),
                        "weight": weights[place_of[id(kernel)]][ends].ravel(),
                        "weight_gradient": passes[epoch]
                        .gradients[slope_of[id(kernel)]][ends]
                        .ravel(),
                    }
                )
            )
    names = ["epoch", "source_layer", "source", "target_layer", "target", "weight"]
    empty = pd.DataFrame(columns=[*names, "weight_gradient"])
    return pd.concat(parts, ignore_index=True) if parts else empty


def rank_agreement(nodes: pd.DataFrame) -> pd.DataFrame:
    """How well the estimates rank nodes: Spearman's correlation with what is measured.

    Args:
        nodes: A row an epoch and node, as `nodes_table` gives them.

    Returns:
        A row an epoch and hidden layer, and one for all layers together (`all`); not a number where ranks
        do not differ.
    """
    rows = []
    hidden = nodes[nodes["kind"].eq("hidden")]
    for epoch, own in hidden.groupby("epoch"):
        groups = [*own.groupby("layer", sort=False), ("all", own)]
        for layer, of_layer in groups:
            rows.append(
                {
                    "epoch": epoch,
                    "layer": layer,
                    "nodes": len(of_layer),
                    "spearman": spearman(of_layer["estimated_change"], of_layer["measured_change"]),
                }
            )
    return pd.DataFrame(rows, columns=["epoch", "layer", "nodes", "spearman"])


def spearman(first: "pd.Series[float]", second: "pd.Series[float]") -> float:
    """The correlation of ranks, ties sharing theirs; not a number where those of either do not differ."""
    known = np.isfinite(first) & np.isfinite(second)
    ranks = [one[known].rank().to_numpy() for one in (first, second)]
    if not known.any() or any(np.ptp(of_one) == 0 for of_one in ranks):
        return float("nan")
    return float(np.corrcoef(ranks[0], ranks[1])[0, 1])


def steps_table(
    units: "HiddenUnits", data: Dataset, moments: Weights, passes: Mapping[int, "FirstOrder"]
) -> pd.DataFrame:
    """What steps of several sizes along the negative gradient should do to the loss, and what they do.

    The sizes go from a hundred-thousandth of the one that should take the whole loss away to ten times that.
    There is no row for an epoch in which the gradient is 0 or no number.
    """
    from dlsuite.training.landscape import LossLandscape

    model = units.model
    slope_of = {id(weight): i for i, weight in enumerate(model.trainable_variables)}
    landscape = None
    parts = []
    for epoch, weights in moments.items():
        told = passes[epoch]
        with np.errstate(all="ignore"):
            square = float(sum(np.sum(np.square(gradient)) for gradient in told.gradients))
        if not (0 < square < np.inf and 0 < told.loss < np.inf):
            continue
        middle = np.floor(np.log10(told.loss) - np.log10(square))
        count = _STEPS_A_DECADE * (_DECADES[1] - _DECADES[0]) + 1
        sizes = 10.0 ** np.linspace(middle + _DECADES[0], middle + _DECADES[1], count)
        if not np.isfinite(sizes).all() or sizes[0] == 0:
            continue
        places = []
        for variable, weight in zip(model.weights, weights, strict=True):
            here = np.asarray(weight, np.float64)
            slope = told.gradients[slope_of[id(variable)]] if id(variable) in slope_of else 0 * here
            along = np.concatenate([[0.0], sizes]).reshape(-1, *[1] * here.ndim)
            places.append(here - along * slope)
        landscape = landscape or LossLandscape(model, data, examples=units.examples)
        with np.errstate(all="ignore"):
            losses = landscape.losses(places)
            actual = losses[1:] - losses[0]
            predicted = -sizes * square
            parts.append(
                pd.DataFrame(
                    {
                        "epoch": epoch,
                        "step_size": sizes,
                        "predicted_change": predicted,
                        "actual_change": np.where(np.isfinite(actual), actual, np.nan),
                        "relative_error": np.abs(actual - predicted) / np.abs(predicted),
                        "loss": losses[0],
                        "gradient_norm": np.sqrt(square),
                    }
                )
            )
    names = ["epoch", "step_size", "predicted_change", "actual_change", "relative_error"]
    empty = pd.DataFrame(columns=[*names, "loss", "gradient_norm"])
    return pd.concat(parts, ignore_index=True) if parts else empty


def _largest(values: np.ndarray, most: int) -> np.ndarray:
    """Which values are among the largest; the first of equal ones."""
    chosen = np.zeros(len(values), bool)
    chosen[np.argsort(-np.nan_to_num(values), kind="stable")[:most]] = True
    return chosen
