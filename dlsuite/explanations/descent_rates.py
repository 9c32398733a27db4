"""Which learning rates show best how training goes down: a low, a good and a high one, of those tried."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from dlsuite.errors import SpecError
from dlsuite.training.settings import TrainingSettings

if TYPE_CHECKING:
    from dlsuite.explanations.subject import Subject
    from dlsuite.training.result import TrialResult

ROLES = ("low", "good", "high")
"""What the three rates are called, in order of their size."""

FACTORS = (1 / 30, 1 / 10, 1 / 3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0)
"""What the subject's own learning rate is multiplied by."""

_OWN = FACTORS.index(1.0)
_BELOW = 3
"""How many places on the ladder the low rate stands below the good one: a factor of 30."""


@dataclass(frozen=True)
class Tried:
    """Trainings from the same initial weights, by learning rate.

    Attributes:
        rates: The learning rates, rising.
        results: What came of each.
        roles: For `low`, `good` and `high` the place in `rates`.
        given: Whether the good rate is the one that was asked for, rather than the best of those tried.
    """

    rates: Sequence[float]
    results: Sequence["TrialResult"]
    roles: dict[str, int]
    given: bool


def try_rates(subject: "Subject") -> Tried:
    """Train with rates from a thirtieth of the subject's own to 300 times it, as one population.

    Raises:
        SpecError: All of them diverge.
    """
    own = subject.training.learning_rate
    model = subject.build()
    rates = [float(f"{own * factor:.4g}") for factor in FACTORS]
    setups = [subject.setup(model, learning_rate=rate) for rate in rates]
    results = subject.train(setups, keep_weights=True)
    given = own != TrainingSettings().learning_rate and results[_OWN].status == "completed"
    good = _OWN if given else _best(results)
    if good is None:
        raise SpecError(
            f"explain descent: learning_rate: training diverged at {own:g} and at all rates from "
            f"{rates[0]:g} to {rates[-1]:g}; give a lower one."
        )
    roles = {"low": max(0, good - _BELOW), "good": good, "high": _high(results, good)}
    return Tried(rates, results, roles, given)


def rises(result: "TrialResult") -> int:
    """In how many epochs the training loss rose."""
    losses = [row["train_loss"] for row in result.curves]
    return sum(after > before for before, after in pairwise(losses))


def overshoots(result: "TrialResult", good: "TrialResult") -> bool:
    """Whether a training jumps about instead of going down.

    It diverged; or its training loss rose in a quarter of the epochs, at least one, and was over the last
    quarter
    on average more than half again that of the good one.
    """
    if result.status == "diverged":
        return True
    epochs = len(result.curves) - 1
    return rises(result) >= max(1.0, epochs / 4) and _end(result) > 1.5 * _end(good)


def _end(result: "TrialResult") -> float:
    """The mean training loss of the last quarter of the epochs."""
    last = -(-(len(result.curves) - 1) // 4)
    return float(np.mean([row["train_loss"] for row in result.curves[-last:]]))


def _best(results: Sequence["TrialResult"]) -> int | None:
    """The rate that ends with the lowest validation loss, if any does not diverge."""
    ends = {
        index: result.curves[-1]["val_loss"]
        for index, result in enumerate(results)
        # The lowest ones are there to be the low one.
        if result.status == "completed" and (index >= _BELOW or results[_OWN].status != "completed")
    }
    return min(ends, key=ends.__getitem__) if ends else None


def _high(results: Sequence["TrialResult"], good: int) -> int:
    """The lowest rate above the good one that overshoots, one that stays finite if there is one."""
    above = range(good + 1, len(results))
    found = [index for index in above if overshoots(results[index], results[good])]
    finite = [index for index in found if results[index].status == "completed"]
    moved = [index for index in found if len(results[index].path) > 1]
    return next(iter(finite or moved or found), len(results) - 1)
