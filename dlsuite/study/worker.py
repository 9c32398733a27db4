"""A worker: trains one population after another, wherever it is, and tells how it goes."""

import math
import time
from collections.abc import Callable
from typing import Any

from dlsuite.data import Dataset
from dlsuite.quiet import import_tensorflow
from dlsuite.study.attempts import Attempt, Outcome
from dlsuite.study.crew import Ended, Event, Progress, Raised, Said
from dlsuite.study.executors import Job
from dlsuite.study.paces import Pace, Place
from dlsuite.study.shared_watcher import SharedWatcher

_PAUSE = 0.2
"""Seconds between two tellings of progress, so that the other end has little to do."""


class Worker:
    """Trains jobs one after another; its trainer keeps the graphs.

    Args:
        tell: Takes what happens.

    Attributes:
        tell: The same.
    """

    def __init__(self, tell: Callable[[Event], None]) -> None:
        self.tell = tell
        self._trainer: Any = None
        self._before: Attempt | None = None

    def order(self, job: Job, data: Dataset | None = None) -> "Order":
        """Take a job on. It is begun by `train`; it may be stopped before that already.

        Args:
            job: The job.
            data: Its data set; loaded if absent.
        """
        return Order(job, self.tell, data)

    def train(self, order: "Order") -> None:
        """Train a job. What came of the one before has been kept, or this one would not have come."""
        if self._before is not None:
            self._before.forget()
            self._before = None
        try:
            outcome = self._outcome(order)
        except Exception as error:
            self.tell(Raised(error))
        else:
            order.telling.flush()
            self.tell(Ended(outcome))

    def _outcome(self, order: "Order") -> Outcome:
        if self._trainer is None:
            import_tensorflow()
            from dlsuite.training.trainer import Trainer

            self._trainer = Trainer()
        attempt = Attempt(order.job, self._trainer, order.shared, order.data)
        outcome = attempt.outcome(attempt.prepared())
        if outcome.part is not None:
            self._before = attempt
        return outcome


class Order:
    """A job that a worker was given.

    Args:
        job: The job.
        tell: Takes what happens.
        data: Its data set; loaded if absent.
    """

    def __init__(
        self, job: Job, tell: Callable[[Event], None], data: Dataset | None = None
    ) -> None:
        self.job, self.data = job, data
        self.telling = _Telling(tell)
        self.shared = SharedWatcher(self.telling)

    def stop(self) -> None:
        """Let it end with the epoch that it is in. Any thread may call it."""
        self.shared.stop()


class _Telling:
    """Tells progress in steps of some size."""

    def __init__(self, tell: Callable[[Event], None]) -> None:
        self._tell = tell
        self._loss, self._trials = math.nan, 0.0
        self._next = 0.0

    def epoch(self, loss: float, trials: float) -> None:
        self._loss = loss
        self._trials += trials
        if time.monotonic() >= self._next:
            self.flush()

    def flush(self) -> None:
        """Tell what has not been told."""
        if self._trials:
            self._tell(Progress(self._loss, self._trials))
        self._trials = 0.0
        self._next = time.monotonic() + _PAUSE

    def say(self, line: str) -> None:
        self._tell(Said(line))

    def worker(self, number: int, at: str, share: float, loss: float) -> None:
        """It is a worker itself, and the crew knows what it is at."""

    def took(self, job: Job, place: Place, pace: Pace) -> None:
        """It is said with what came of the job."""
