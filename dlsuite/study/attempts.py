"""An attempt to train a job, and what came of it; every executor makes one of each job that it is handed."""

import gc
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from dlsuite.compiled import share_compiled
from dlsuite.data import Dataset
from dlsuite.errors import DataError, StoreError
from dlsuite.spec.metrics import tags_of
from dlsuite.store import Part
from dlsuite.study.executors import Job, StoppedError, Watcher
from dlsuite.study.job_parts import failed_part, finished_part, one_line
from dlsuite.study.keeping import PopulationKeeper
from dlsuite.study.paces import Pace, Place
from dlsuite.study.setups import load, setups_of
from dlsuite.study.shared_watcher import SharedWatcher
from dlsuite.study.sizes import population_size_of
from dlsuite.study.stopwatch import Stopwatch
from dlsuite.training.mappings import NoRoomError

_ENDS_THE_RUN = (DataError, NoRoomError, StoreError)
"""What no other population would be spared."""


@dataclass(frozen=True)
class Outcome:
    """What came of a job.

    Attributes:
        part: What is kept of its trials, which are finished or failed; None where it was stopped.
        failure: How its trials failed, if they did, in a line.
        hungry: Whether they failed for want of memory.
        pace: How long it took, if it was trained from beginning to end.
    """

    part: Part | None = None
    failure: str = ""
    hungry: bool = False
    pace: Pace | None = None


class Attempt:
    """A job that is trained.

    Args:
        job: The job.
        trainer: The `Trainer`, which keeps its graphs.
        shared: Told how it goes; stops it.
        data: Its data set; loaded if absent.
    """

    def __init__(
        self, job: Job, trainer: Any, shared: SharedWatcher, data: Dataset | None = None
    ) -> None:
        self.job, self._trainer, self._shared, self._data = job, trainer, shared, data
        self._keepers: list[PopulationKeeper] = []
        self._stopwatch = Stopwatch(shared, trainer)

    def prepared(self) -> Callable[[], Any]:
        """Load its data and build its models; gives what is left to do."""
        job = self.job
        self._stopwatch.begin()
        try:
            data = self._data or load(job.trials[0])
            setups = setups_of(job.trials, data)
        except Exception as error:
            return partial(_raise, error)
        return partial(
            self._trainer.train,
            setups,
            data,
            epochs=job.trials[0].epochs,
            watcher=self._stopwatch,
            metrics=job.metrics,
            members=job.members,
            keeper=None if job.checkpoints is None else self._keeper,
        )

    def outcome(self, trained: Callable[[], Any]) -> Outcome:
        """Train it; what came of it is written as bytes here, so that whoever keeps it has little to do.

        Args:
            trained: What `prepared` gave back.

        Raises:
            DataError, NoRoomError, StoreError: What no other population would be spared.
            Exception: What the watcher has raised.
        """
        from dlsuite.training.memory import is_out_of_memory

        try:
            part = finished_part(self.job, trained(), self._shared.say)
            share_compiled()
            return Outcome(part, pace=self._stopwatch.pace(self.job.trials[0].epochs))
        except StoppedError:
            return Outcome()
        except _ENDS_THE_RUN:
            raise
        except (Exception, SystemExit) as error:
            if self._shared.error is not None:
                raise self._shared.error from None
            hungry = is_out_of_memory(error)
            if hungry:
                self._trainer.forget_graphs()
            return Outcome(failed_part(self.job, error), one_line(error), hungry)

    def forget(self) -> None:
        """Remove its checkpoints: what came of it is kept."""
        for keeper in self._keepers:
            keeper.forget()

    def _keeper(self, number: int) -> PopulationKeeper:
        job = self.job
        assert job.checkpoints is not None
        keeper = PopulationKeeper(
            job.checkpoints,
            [job.keys, job.trials[0].epochs, tags_of(job.metrics), job.members, number],
            stopping=lambda: self._shared.stopped,
            say=self._shared.say,
        )
        self._keepers.append(keeper)
        return keeper


def settled(
    job: Job, outcome: Outcome, watcher: Watcher, place: Place
) -> tuple[list[Job], Part | None]:
    """What is to be trained instead of a job, or the part that is to be kept; says so where it failed.

    Args:
        job: The job.
        outcome: What came of it.
        watcher: Told what a reader should know, and how long it took.
        place: Where it was trained.
    """
    if outcome.pace is not None:
        watcher.took(job, place, outcome.pace)
    if outcome.hungry:
        members = job.members or population_size_of(job.trials[0])
        if members > 1:
            halves = job.halves(members, outcome.failure)
            watcher.say(f"{job.task}: {halves[0].problem}.")
            return halves, None
    if outcome.failure:
        count = len(job.trials)
        watcher.say(f"{job.task}: {count} trial{'s' * (count > 1)} failed: {outcome.failure}")
    return [], outcome.part


def check_jobs(jobs: list[Job], trainer: Any, shared: SharedWatcher) -> None:
    """Find a model that cannot be trained before any other is trained.

    Raises:
        SpecError: There is one.
    """
    for job in {job.trials[0].structure: job for job in jobs}.values():
        if shared.stopped:
            return
        data = load(job.trials[0])
        (setup,) = setups_of(job.trials[:1], data)
        trainer.check(setup, data)
        del setup
    gc.collect()  # Models refer to themselves in circles, and a run with workers needs none of them again.


def _raise(error: Exception) -> None:
    raise error
