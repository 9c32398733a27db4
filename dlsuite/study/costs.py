"""How long a population takes to train: from what was measured of it here, else from what it computes.

What it computes becomes seconds by figures that `python -m benchmarks.costs` has fitted to trainings of all
registered models, and by how this machine has compared with them so far.
"""

from typing import NamedTuple

from dlsuite.study.paces import Pace, Paces, Place, pace_key
from dlsuite.study.sizes import PopulationSize
from dlsuite.study.trial import Trial


class Cost(NamedTuple):
    """How long a population takes, in seconds.

    Attributes:
        start: Until training begins, where its graph is not compiled yet.
        train: From there on, and what is done once whether it is compiled or not.
    """

    start: float = 0.0
    train: float = 0.0


class Costs(NamedTuple):
    """What a population costs in either place.

    Attributes:
        lanes: Beside others in one process.
        worker: In a process with its own cores.
        size: How large it is; None where nobody has estimated.
    """

    lanes: Cost = Cost()
    worker: Cost = Cost()
    size: PopulationSize | None = None

    @property
    def bytes(self) -> int:
        """The memory that it takes while it trains."""
        return 0 if self.size is None else self.size.bytes


UNKNOWN = Costs()
"""Where nobody has estimated."""


class _Figures(NamedTuple):
    """Seconds a call, a multiplication, a byte, a sequential step; to begin, and to compile an operation.

    What is done once a population takes seconds of its own.
    """

    call: float
    multiplication: float
    byte: float
    sequential: float
    start: float
    operation: float
    once: float
    once_operation: float
    once_multiplication: float
    once_sequential: float


_PLACES: tuple[Place, Place] = ("lanes", "worker")

_FIGURES: dict[Place, _Figures] = {
    "lanes": _Figures(2.4e-4, 1.25e-11, 1.8e-10, 6.3e-5, 7.1, 0.75, 0.94, 0.026, 0.0, 0.0095),
    "worker": _Figures(3.7e-4, 6.3e-11, 5.2e-11, 6.1e-5, 9.4, 1.1, 0.48, 0.03, 5.3e-11, 0.015),
}
"""Fitted to `benchmarks/results/costs.csv`. Estimates are off there by a factor of 1.1 to 1.4 in the median.
At the most an epoch is off by 1.9 (one of 16 ms by 5.6), a start by 2.2, the rest by 1.7.
"""


class Estimator:
    """Estimates how long populations take.

    Args:
        paces: What was measured on this machine.
    """

    def __init__(self, paces: Paces | None = None) -> None:
        self._paces = paces or Paces()

    def costs(self, trial: Trial, size: PopulationSize) -> Costs:
        """How long a population takes.

        Args:
            trial: One of its trials.
            size: How large it is.
        """
        lanes, worker = (self._pace(trial, size, place) for place in _PLACES)
        return Costs(
            _cost(lanes, trial.epochs),
            _cost(worker, trial.epochs),
            size,
        )

    def _pace(self, trial: Trial, size: PopulationSize, place: Place) -> Pace:
        key = pace_key(trial, size.members)
        if measured := self._paces.of(key, place):
            return measured
        expected = expected_pace(size, place)
        other: Place = "lanes" if place == "worker" else "worker"
        if measured := self._paces.of(key, other):
            ratio = Pace(
                *(a / b for a, b in zip(measured, expected_pace(size, other), strict=True))
            )
        else:
            ratio = self._paces.ratio(place) or self._paces.ratio(other) or Pace(1.0, 1.0, 1.0)
        return Pace(*(a * b for a, b in zip(expected, ratio, strict=True)))

    def is_measured(self, trial: Trial, size: PopulationSize) -> bool:
        """Whether such a population has trained on this machine."""
        key = pace_key(trial, size.members)
        return any(self._paces.of(key, place) for place in _PLACES)


def _cost(pace: Pace, epochs: int) -> Cost:
    return Cost(pace.start, epochs * pace.epoch + pace.rest)


def expected_pace(size: PopulationSize, place: Place) -> Pace:
    """What a population's pace is by what it computes, on the machine of the figures."""
    figures, work = _FIGURES[place], size.work
    return Pace(
        start=figures.start + figures.operation * work.operations,
        epoch=figures.call * work.calls
        + figures.multiplication * work.multiplications
        + figures.byte * work.bytes
        + figures.sequential * work.sequential,
        rest=figures.once
        + figures.once_operation * work.operations
        + figures.once_multiplication * work.last_multiplications
        + figures.once_sequential * work.last_sequential,
    )
