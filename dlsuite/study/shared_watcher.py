"""Several populations that train at once, a thread each, and one watcher."""

import threading

from dlsuite.study.executors import Job, StoppedError, Watcher
from dlsuite.study.paces import Pace, Place


class SharedWatcher:
    """Hands on what several lanes tell, one at a time; once stopped, it stops who tells it anything.

    Args:
        watcher: Who is told.

    Attributes:
        error: What the watcher itself has raised, if anything.
        stopped: Whether every lane shall end with the epoch that it is in.
    """

    def __init__(self, watcher: Watcher) -> None:
        self._watcher = watcher
        self._lock = threading.Lock()
        self._said: set[str] = set()
        self.error: Exception | None = None
        self.stopped = False

    def epoch(self, loss: float, trials: float) -> None:
        """A population has come further.

        Raises:
            StoppedError: It shall not go on.
        """
        with self._lock:
            if self.stopped:
                raise StoppedError
            try:
                self._watcher.epoch(loss, trials)
            except Exception as error:
                self.error = error
                raise

    def say(self, line: str) -> None:
        """Something that a reader should know; the same line is said once."""
        with self._lock:
            if line not in self._said:
                self._said.add(line)
                self._watcher.say(line)

    def worker(self, number: int, at: str, share: float, loss: float) -> None:
        """A worker somewhere else has come further."""
        with self._lock:
            self._watcher.worker(number, at, share, loss)

    def took(self, job: Job, place: Place, pace: Pace) -> None:
        """How long a population took."""
        with self._lock:
            self._watcher.took(job, place, pace)

    def stop(self) -> None:
        """Let every lane end. It takes no lock, so that a signal's handler may call it at any time."""
        self.stopped = True
