"""The numbers behind the pictures of dropout."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from dlsuite.training.draws import Draw
    from dlsuite.training.hidden_units import ByColumn, HiddenUnits
    from dlsuite.training.links import Column
    from dlsuite.training.result import TrialResult

UNITS_PAIRED = 64
"""Units of a layer whose pairs have a row, at most: the first. Pairs grow with the square."""

_CONSTANT = 1e-6
"""A unit that deviates by no more than this share of its root mean square is constant but for rounding."""


def draws_table(draws: Sequence["Draw"]) -> pd.DataFrame:
    """Which units stayed, for the first example of each of a few steps."""
    columns = ["step", "epoch", "example", "layer", "rate", "unit", "kept"]
    parts = [
        pd.DataFrame(
            {
                "step": draw.step,
                "epoch": draw.epoch,
                "example": draw.example,
                "layer": draw.path,
                "rate": draw.rate,
                "unit": np.arange(len(draw.kept)),
                "kept": draw.kept,
            }
        )
        for draw in draws
    ]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


def network_table(columns: Sequence["Column"]) -> pd.DataFrame:
    """The network as columns of units, from the input to the output."""
    return pd.DataFrame(
        {
            "place": range(len(columns)),
            "layer": [column.path for column in columns],
            "kind": [column.kind for column in columns],
            "units": [column.units for column in columns],
            "linked": [column.link is not None for column in columns],
        }
    )


def units_table(
    units: "HiddenUnits",
    results: Mapping[str, "TrialResult"],
    activations: Mapping[str, "ByColumn"],
) -> pd.DataFrame:
    """What each hidden unit has become, with and without dropout."""
    from dlsuite.training.unit_weights import unit_weights

    parts = []
    for side, result in results.items():
        weights = result.path[-1]
        _, changes = units.lesions(weights)
        for layer, values in activations[side].items():
            count = values.shape[1]
            lengths = unit_weights(units.model, weights, layer, count)
            partner, correlation = closest_partners(values)
            with np.errstate(all="ignore"):
                mean, deviation = values.mean(axis=0), values.std(axis=0)
            parts.append(
                pd.DataFrame(
                    {
                        "side": side,
                        "layer": layer,
                        "unit": np.arange(count),
                        "mean": mean,
                        "deviation": deviation,
                        "active": (values > 0).mean(axis=0),
                        "weights_in": lengths.incoming,
                        "weights_out": lengths.outgoing,
                        "loss_change": changes[layer],
                        "partner": pd.array(
                            [one if one >= 0 else None for one in partner], dtype="Int64"
                        ),
                        "partner_correlation": correlation,
                    }
                )
            )
    columns = ["side", "layer", "unit", "mean", "deviation", "active", "weights_in", "weights_out"]
    columns += ["loss_change", "partner", "partner_correlation"]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


def correlations_table(activations: Mapping[str, "ByColumn"]) -> pd.DataFrame:
    """Pearson's correlation of each pair of units of a layer; constant units have none."""
    parts = []
    for side, of_layers in activations.items():
        for layer, values in of_layers.items():
            matrix = correlation_matrix(values[:, :UNITS_PAIRED])
            first, second = np.triu_indices(len(matrix), 1)
            parts.append(
                pd.DataFrame(
                    {
                        "side": side,
                        "layer": layer,
                        "unit": first,
                        "other": second,
                        "correlation": matrix[first, second],
                    }
                )
            )
    columns = ["side", "layer", "unit", "other", "correlation"]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


def curves_table(results: Mapping[str, "TrialResult"]) -> pd.DataFrame:
    """Losses and metrics of both trainings, epoch by epoch."""
    return pd.concat(
        [pd.DataFrame(result.curves).assign(side=side) for side, result in results.items()],
        ignore_index=True,
    )


def correlation_matrix(values: np.ndarray) -> np.ndarray:
    """Pearson's correlations of columns; not a number for a column that is constant.

    Args:
        values: `[samples, units]`.

    Returns:
        `[units, units]`.
    """
    with np.errstate(all="ignore"):
        centered = values - values.mean(axis=0)
        deviation = np.sqrt(np.mean(centered**2, axis=0))
        live = deviation > _CONSTANT * np.sqrt(np.mean(values**2, axis=0))
        scaled = centered / np.where(live, deviation, np.nan)
        return np.asarray(np.clip(scaled.T @ scaled / len(values), -1.0, 1.0))


def closest_partners(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The unit of the layer that each unit is most correlated with, of either sign.

    Args:
        values: `[samples, units]`.

    Returns:
        The partners, -1 where there is none, and the correlations with them, `[units]` each.
    """
    matrix = correlation_matrix(values)
    np.fill_diagonal(matrix, np.nan)
    size = np.nan_to_num(np.abs(matrix), nan=-1.0)
    partner = size.argmax(axis=1) if size.size else np.zeros(0, int)
    found = size.max(axis=1, initial=-1.0) >= 0
    correlation = matrix[np.arange(len(matrix)), partner]
    return np.where(found, partner, -1), np.where(found, correlation, np.nan)
