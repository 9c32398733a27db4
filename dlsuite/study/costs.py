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
        train: From there on.
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
    """Seconds a call, a multiplication, a byte, a sequential step; to begin, and to compile an operation."""

    call: float
    multiplication: float
    byte: float
    sequential: float
    start: float
    operation: float


_PLACES: tuple[Place, Place] = ("lanes", "worker")

_FIGURES: dict[Place, _Figures] = {
    "lanes": _Figures(5e-4, 1.7e-11, 1.0e-10, 3.1e-5, 4.5, 0.64),
    "worker": _Figures(3.3e-4, 7.1e-11, 2.9e-11, 4.3e-5, 3.6, 1.4),
}
"""Fitted to `benchmarks/results/costs.csv`. The estimate of an epoch is off by a factor of 1.2 there in the
median and 2.3 at the most, that of a start by 1.4 and 2.6. What a population takes outside of its epochs is
not in them.
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
            Cost(lanes.start, trial.epochs * lanes.epoch),
            Cost(worker.start, trial.epochs * worker.epoch),
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
            ratio = self._paces.ratio(place) or self._paces.ratio(other) or Pace(1.0, 1.0)
        return Pace(expected.start * ratio.start, expected.epoch * ratio.epoch)

    def is_measured(self, trial: Trial, size: PopulationSize) -> bool:
        """Whether such a population has trained on this machine."""
        key = pace_key(trial, size.members)
        return any(self._paces.of(key, place) for place in _PLACES)


def expected_pace(size: PopulationSize, place: Place) -> Pace:
    """What a population's pace is by what it computes, on the machine of the figures."""
    figures, work = _FIGURES[place], size.work
    return Pace(
        start=figures.start + figures.operation * work.operations,
        epoch=figures.call * work.calls
        + figures.multiplication * work.multiplications
        + figures.byte * work.bytes
        + figures.sequential * work.sequential,
    )
