"""A run's watcher that also notes how long populations take, for the estimates of later runs."""

import math

from dlsuite.study.costs import expected_pace
from dlsuite.study.executors import Job
from dlsuite.study.paces import Pace, Paces, Place, pace_key
from dlsuite.study.run_watcher import RunWatcher


class TimedRun(RunWatcher):
    """Hands on what it is told, and notes paces.

    Args:
        watcher: Who is told.
    """

    def __init__(self, watcher: RunWatcher) -> None:
        self._watcher = watcher
        self._measured: dict[tuple[str, Place], tuple[Pace, Pace]] = {}

    def epoch(self, loss: float, trials: float) -> None:
        """A population has come further."""
        self._watcher.epoch(loss, trials)

    def say(self, line: str) -> None:
        """Something that a reader should know."""
        self._watcher.say(line)

    def worker(self, number: int, at: str, share: float, loss: float) -> None:
        """A worker has begun, or come further."""
        self._watcher.worker(number, at, share, loss)

    def took(self, job: Job, place: Place, pace: Pace) -> None:
        """Note how long a population took; of several of a kind the latest."""
        self._watcher.took(job, place, pace)
        size = job.costs.size
        if size is None or job.members not in (None, size.members):
            return
        key = pace_key(job.trials[0], size.members), place
        if key in self._measured:  # One of them has compiled the graph for all.
            start = max(pace.start, self._measured[key][0].start, key=_known_first)
            pace = pace._replace(start=start)
        self._measured[key] = pace, expected_pace(size, place)

    def keep(self) -> None:
        """Keep what was noted."""
        Paces().keep(self._measured)


def _known_first(seconds: float) -> tuple[bool, float]:
    return not math.isnan(seconds), seconds
