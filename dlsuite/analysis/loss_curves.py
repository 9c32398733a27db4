"""A trial's two loss curves, and what can be read off them: how far down, how fast, how steadily."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from dlsuite.analysis.factor_values import format_value

Array = npt.NDArray[np.float64]

NOTICEABLE_RISE = 0.05
"""Smaller rises, as a share of all there is to fall, are noise: near convergence every curve has them."""
PARTS = 5
"""The pace at the end is that of the last fifth of the epochs."""


@dataclass(frozen=True, eq=False)
class LossCurves:
    """A trial's losses, in nats or standardized squared error.

    Attributes:
        train: `[epochs + 1]`, from epoch 0; empty where there was no number at all.
        validation: The same shape, smoothed.
    """

    train: Array
    validation: Array

    def __len__(self) -> int:
        """How many epochs there are, epoch 0 included."""
        return len(self.train)

    @cached_property
    def drop(self) -> float:
        """How far the validation loss fell at the most: 0 where it never was below its start."""
        return float(self.validation[0] - self.validation.min())

    @cached_property
    def rise_share(self) -> float:
        """The share of epochs in which the train loss rose; NaN without an epoch."""
        return float(np.mean(np.diff(self.train) > 0)) if len(self) > 1 else float("nan")

    def oscillation(self, height: float) -> float:
        """The sum of the train loss's noticeable rises from epoch to epoch, over a height.

        Args:
            height: All there is to fall.
        """
        rises = np.diff(self.train)
        # Sorted: an explosion may stay finite, and then the order of its rises would show in the sum.
        noticeable = np.sort(rises[rises > NOTICEABLE_RISE * height])
        with np.errstate(over="ignore", divide="ignore"):
            return float(np.sum(noticeable) / height) if noticeable.size else 0.0

    @cached_property
    def risen(self) -> float:
        """By how much the train loss ended above its start; negative where it fell."""
        return float(self.train[-1] - self.train[0])

    @cached_property
    def pace(self) -> float:
        """The validation loss's pace over the last fifth of the epochs, over its whole drop by all epochs.

        1 is a straight line, 0 flat, negative a rise. NaN under 5 epochs, and where the loss never fell.
        """
        epochs = len(self) - 1
        if epochs < PARTS or not self.drop > 0:
            return float("nan")
        last = round(epochs / PARTS)
        fall = self.validation[-1 - last] - self.validation[-1]
        # A drop may be too small to be divided by; the pace is then no number or infinite.
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            return float(fall / last / (self.drop / epochs))

    def epochs_to(self, drop: float) -> float:
        """Epochs until the validation loss had fallen by so much; infinite if it never had."""
        if not len(self):
            return float("inf")
        there = self.validation <= self.validation[0] - drop
        return float(np.argmax(there)) if there.any() else float("inf")


def curves_by_trial(curves: pd.DataFrame, identity: list[str]) -> dict[tuple[str, ...], LossCurves]:
    """Gather the curves of each trial; epochs without a number are left out.

    Args:
        curves: A row a trial and epoch, in any order: the identity, `epoch`, `train_loss`, `val_loss`.
        identity: The columns that name a trial.

    Returns:
        The curves by the trial's name, as `trial_name` writes it.
    """
    if curves.empty:
        return {}
    numbers = curves.groupby(identity, dropna=False, sort=False).ngroup().to_numpy()
    order = np.lexsort((curves["epoch"].to_numpy(), numbers))
    losses = curves[["train_loss", "val_loss"]].to_numpy(dtype=float)[order]
    starts = np.flatnonzero(np.diff(numbers[order], prepend=-1))
    first = curves.iloc[order[starts]]
    names = [trial_name(row) for row in zip(*(first[key] for key in identity), strict=True)]
    found = {}
    for name, rows in zip(names, np.split(losses, starts[1:]), strict=True):
        rows = rows[np.isfinite(rows).all(axis=1)]
        found[name] = LossCurves(rows[:, 0], smoothed(rows[:, 1]))
    return found


def trial_name(values: Any) -> tuple[str, ...]:
    """Write the values that name a trial so that they match in two tables, missing ones included."""
    return tuple(format_value(value) for value in values)


def smoothed(losses: Array) -> Array:
    """Smooth a curve by running medians of three, with Tukey's rule for the end; the start is kept.

    Source: J. W. Tukey, Exploratory Data Analysis, 1977, chapter 7.

    Args:
        losses: `[epochs + 1]`, from epoch 0.

    Returns:
        The same shape. A curve that only falls, ever slower, is unchanged.
    """
    result = losses.copy()
    if len(losses) < 3:
        return result
    result[1:-1] = _middle(losses[:-2], losses[1:-1], losses[2:])
    # The end, the point before it, and where the two before would have led.
    with np.errstate(over="ignore"):
        result[-1] = _middle(losses[-1], result[-2], 3 * result[-2] - 2 * result[-3])
    return result


def _middle(first: Array, second: Array, third: Array) -> Array:
    """The median of three, element by element; in a tenth of the time that `np.median` takes."""
    low, high = np.minimum(first, second), np.maximum(first, second)
    middle: Array = np.maximum(low, np.minimum(high, third))
    return middle
