"""What is told of a population after an epoch."""

from typing import NamedTuple

import numpy as np


class EpochReport(NamedTuple):
    """What an epoch, or the look before the first, has to tell.

    Attributes:
        finite: Whether every loss and gradient so far was a number, `[members]`.
        gradient_norm: Mean over the steps of the gradient's length, `[members]`; NaN before the first.
        step_loss_spread: Deviation of the steps' losses from their trend, `[members]`: `sqrt(mean((loss[t] -
            loss[t - 1]) ** 2) / 2)` over the epoch's whole batches (von Neumann, 1941); NaN where there are
            fewer than two.
        train: Means of the objective's measures on the training split after the epoch,
            `[members, width]`.
        validation: The same on the validation split.
        layer_gradient_norms: Mean over the steps, `[members, layers]`.
        layer_update_ratios: Mean over the steps, `[members, layers]`.
        layer_weight_norms: After the epoch, `[members, layers]`.
        dead_units: The share of units that are 0 for every training example, `[members, ReLU layers]`.
    """

    finite: np.ndarray
    gradient_norm: np.ndarray
    step_loss_spread: np.ndarray
    train: np.ndarray
    validation: np.ndarray
    layer_gradient_norms: np.ndarray
    layer_update_ratios: np.ndarray
    layer_weight_norms: np.ndarray
    dead_units: np.ndarray

    def of(self, member: int) -> "EpochReport":
        """One member's part, without the member axis."""
        return EpochReport(*(part[member] for part in self))
