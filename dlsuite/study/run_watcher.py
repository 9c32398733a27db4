"""Who watches a run."""

from dlsuite.study.executors import Job
from dlsuite.study.paces import Pace, Place


class RunWatcher:
    """Watches a run. This one says nothing; a terminal's overrides its methods."""

    def begin(self, total: int, finished: int) -> None:
        """The run begins: how many trials the study has, and how many are finished already."""
        return

    def epoch(self, loss: float, trials: float) -> None:
        """A population has come further: its median training loss, and by how many trials' worth.

        By less than nothing, where a worker was lost with what it had not kept.
        """
        return

    def say(self, line: str) -> None:
        """Something that a reader should know."""
        return

    def worker(self, number: int, at: str, share: float, loss: float) -> None:
        """A worker has begun, or come further; see `dlsuite.study.executors.Watcher`."""
        return

    def took(self, job: Job, place: Place, pace: Pace) -> None:
        """How long a population took."""
        return
