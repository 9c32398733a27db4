"""How long a population takes, seen by who watches its training."""

import contextlib
import itertools
import math
import statistics
import time
from collections.abc import Iterator
from typing import Any

from dlsuite.study.paces import Pace
from dlsuite.training.watcher import TrainingWatcher


class Stopwatch:
    """Hands on what training tells, and takes the time.

    Args:
        watcher: Who is told.
    """

    def __init__(self, watcher: TrainingWatcher) -> None:
        self._watcher = watcher
        self._began = math.nan
        self._told: list[float] = []
        self._compiled = False

    @contextlib.contextmanager
    def running(self, trainer: Any) -> Iterator[None]:
        """Training runs meanwhile; the trainer says whether it has compiled anything."""
        before = trainer.compilations
        self._began = time.monotonic()
        yield
        self._compiled = trainer.compilations > before

    def epoch(self, loss: float, trials: float) -> None:
        """An epoch has ended."""
        self._told.append(time.monotonic())
        self._watcher.epoch(loss, trials)

    def pace(self, epochs: int) -> Pace | None:
        """What was measured; None where training did not go from beginning to end without a stop.

        Args:
            epochs: How many there had to be, so that a pace can be seen: 2 or more.
        """
        if len(self._told) != epochs or epochs < 2:
            return None
        epoch = statistics.median(b - a for a, b in itertools.pairwise(self._told))
        start = self._told[0] - self._began - epoch if self._compiled else math.nan
        return Pace(start if start > 0 else math.nan, epoch)
