"""How long a population takes, seen by who watches its training."""

import itertools
import math
import statistics
import time
from typing import Any

from dlsuite.study.paces import Pace
from dlsuite.training.watcher import TrainingWatcher

_LEAST = 1e-3
"""Seconds that anything takes, however quick it was."""


class Stopwatch:
    """Hands on what training tells, and takes the time.

    Args:
        watcher: Who is told.
        trainer: The `Trainer`, which says whether it has compiled anything.
    """

    def __init__(self, watcher: TrainingWatcher, trainer: Any) -> None:
        self._watcher, self._trainer = watcher, trainer
        self._began = math.nan
        self._compilations = 0
        self._told: list[float] = []

    def begin(self) -> None:
        """The population's turn has come."""
        self._began = time.monotonic()
        self._compilations = self._trainer.compilations

    def epoch(self, loss: float, trials: float) -> None:
        """An epoch has ended."""
        self._told.append(time.monotonic())
        self._watcher.epoch(loss, trials)

    def pace(self, epochs: int) -> Pace | None:
        """What was measured until now; None where training did not go from beginning to end without a stop.

        Args:
            epochs: How many there had to be, so that a pace can be seen: 2 or more.
        """
        if len(self._told) != epochs or epochs < 2:
            return None
        epoch = statistics.median(b - a for a, b in itertools.pairwise(self._told))
        before = max(self._told[0] - self._began - epoch, _LEAST)
        after = max(time.monotonic() - self._told[-1], _LEAST)
        if self._trainer.compilations > self._compilations:
            return Pace(before, epoch, after)
        return Pace(math.nan, epoch, before + after)
