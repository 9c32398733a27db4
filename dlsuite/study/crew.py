"""Crews: workers somewhere else, who train a population each; and the executor that gives them work.

Where the workers are, in processes of this machine or on others, is left to the crew. Who gets which job,
what happens to a job whose worker is lost, and how a run is stopped is the same for all of them.
"""

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, Self

from dlsuite.errors import DlsuiteError
from dlsuite.quiet import import_tensorflow
from dlsuite.store import Part
from dlsuite.study.attempts import Outcome, check_jobs, settled
from dlsuite.study.costs import Cost
from dlsuite.study.executors import Job, StoppedError, Watcher
from dlsuite.study.job_parts import failed_part, one_line
from dlsuite.study.schedule import Waiting
from dlsuite.study.shared_watcher import SharedWatcher
from dlsuite.study.workplace import Workplace

_WAIT = 0.2
"""Seconds that a crew waits for news at a time, so that an interrupt of this process is soon noticed."""
_MOST_LOSSES = 3
"""How many workers a job may lose before it is given up, or halved where memory may be the cause."""


LOGS = "logs"
"""The folder, in a study's, of what its workers have printed."""


class LostWorkerError(DlsuiteError):
    """A worker ended without a word: somebody killed it, or its process crashed."""


@dataclass(frozen=True)
class Progress:
    """A worker has come further: the median training loss, and by how many trials' worth."""

    loss: float
    trials: float


@dataclass(frozen=True)
class Said:
    """A worker has something to say that a reader should know."""

    line: str


@dataclass(frozen=True)
class Ended:
    """A worker has ended its job, and waits for the next."""

    outcome: Outcome


@dataclass(frozen=True)
class Raised:
    """A worker has ended its job by an error that ends the run."""

    error: Exception


@dataclass(frozen=True)
class Lost:
    """A worker is lost, and with it what it has not kept.

    Attributes:
        how: What became of it.
        hungry: Whether it may have been for want of memory.
        cause: The same as `how`, where that names one worker, in words that hold for any.
    """

    how: str
    hungry: bool = False
    cause: str = ""


Event = Progress | Said | Ended | Raised | Lost


class Crew(Protocol):
    """Workers, known by number from 0."""

    @property
    def size(self) -> int:
        """How many there are; it may change between jobs."""

    def open(self, place: Workplace, logs: Path | None) -> None:
        """A run begins.

        Args:
            place: What workers need to know of this process.
            logs: The folder for what each of them prints.
        """

    def begin(self, worker: int, job: Job) -> None:
        """Give a worker a job; one that is lost, or was not there yet, is replaced first."""

    def events(self, seconds: float) -> list[tuple[int, Event]]:
        """What has happened, by worker; waits for something to, but no longer than that."""

    def stop(self) -> None:
        """Ask all workers to end with the epoch that they are in, and to keep how far they have come."""

    def close(self, *, at_once: bool = False) -> None:
        """Send the workers away, at once if they are at work."""


@dataclass
class _Try:
    """A job that a worker is at.

    Attributes:
        job: The job.
        losses: How many workers it has cost.
        trials: How many trials' worth it has come further.
        loss: The loss told last.
    """

    job: Job
    losses: int = 0
    trials: float = 0.0
    loss: float = math.nan


class CrewExecutor:
    """Trains populations by a crew of workers.

    A job whose worker is lost goes to another, which begins where the job was kept last: to the same bytes.
    The crew stays between runs; `close` sends it away.

    Args:
        crew: The workers.
    """

    def __init__(self, crew: Crew) -> None:
        self._crew = crew
        self._trainer: Any = None
        self._stopping = False

    def stop(self) -> None:
        """Let every population end with the epoch that it is in, and keep how far it has come."""
        self._stopping = True

    def close(self) -> None:
        """Send the workers away."""
        self._crew.close()

    def __enter__(self) -> Self:
        """Return the executor; the workers are sent away at the end."""
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def run(self, jobs: Sequence[Job], watcher: Watcher) -> Iterator[Part]:
        """Train the populations; who is free takes the longest, as `dlsuite.study.schedule` says."""
        if not jobs:
            return
        self._stopping = False
        self._check(jobs, watcher)
        folder = jobs[0].checkpoints
        self._crew.open(Workplace.here(), None if folder is None else folder.parent / LOGS)
        work = _Work(jobs, self._crew, watcher)
        told, done = False, False
        try:
            while work.busy or (work.waiting and not self._stopping):
                if not self._stopping:
                    work.hand_out()
                elif not told:
                    self._crew.stop()
                    told = True
                for worker, event in self._crew.events(_WAIT):
                    part = work.take(worker, event)
                    if part is not None:
                        yield part
            if work.waiting:
                raise StoppedError
            done = True
        finally:
            if not done and work.busy:  # An error, a second interrupt, or nobody who wants more.
                self._crew.close(at_once=True)

    def _check(self, jobs: Sequence[Job], watcher: Watcher) -> None:
        if self._trainer is None:
            import_tensorflow()
            from dlsuite.training.trainer import Trainer

            self._trainer = Trainer()
        check_jobs(list(jobs), self._trainer, SharedWatcher(watcher))


class _Work:
    """What is left of a run, and who is at what.

    Args:
        jobs: The run's jobs.
        crew: Who does them.
        watcher: Told how it goes.
    """

    def __init__(self, jobs: Sequence[Job], crew: Crew, watcher: Watcher) -> None:
        self._crew, self._watcher = crew, watcher
        self.waiting = Waiting(map(_Try, jobs), _job_of, _cost_of)
        self.busy: dict[int, _Try] = {}
        self._compiled: dict[int, set[str]] = {}

    def hand_out(self) -> None:
        """Give every worker something to do who has nothing."""
        while self.waiting and len(self.busy) < self._crew.size:
            worker = next(number for number in itertools.count() if number not in self.busy)
            own = self._compiled.setdefault(worker, set())
            taken = self.waiting.pop(own, set().union(*self._compiled.values()))
            own.add(taken.job.trials[0].structure)
            self.busy[worker] = taken
            self._crew.begin(worker, self.busy[worker].job)
            self._show(worker)

    def take(self, worker: int, event: Event) -> Part | None:
        """Deal with what has happened; gives a part that is finished.

        Raises:
            Exception: What a worker has raised that ends the run.
        """
        if isinstance(event, Raised):
            raise event.error
        if isinstance(event, Said):
            self._watcher.say(event.line)
        elif worker not in self.busy:  # It is lost while it had nothing to do.
            return None
        elif isinstance(event, Progress):
            self.busy[worker].trials += event.trials
            self.busy[worker].loss = event.loss
            self._watcher.epoch(event.loss, event.trials)
            self._show(worker)
        elif isinstance(event, Lost):
            self._compiled.pop(worker, None)
            return self._lost(self._free(worker), event)
        elif event.outcome.part is None:  # It was stopped.
            self.waiting.add(self._free(worker))
        else:
            return self._settled(self._free(worker), event.outcome)
        return None

    def _free(self, worker: int) -> _Try:
        """A worker has nothing to do any more; gives what it was at."""
        self._watcher.worker(worker, "", 0.0, math.nan)
        return self.busy.pop(worker)

    def _show(self, worker: int) -> None:
        at = self.busy[worker]
        share = min(1.0, at.trials / len(at.job.trials))
        self._watcher.worker(worker, at.job.label, share, at.loss)

    def _settled(self, ended: _Try, outcome: Outcome) -> Part | None:
        again, part = settled(ended.job, outcome, self._watcher, "worker")
        if part is None:
            self._watcher.epoch(ended.loss, -ended.trials)
        for half in reversed(again):
            self.waiting.add(_Try(half))
        return part

    def _lost(self, lost: _Try, event: Lost) -> Part | None:
        job, losses = lost.job, lost.losses + 1
        if losses == _MOST_LOSSES:
            error = LostWorkerError(
                f"{event.cause or event.how}, the third that was lost at this population"
            )
            return self._settled(
                lost, Outcome(failed_part(job, error), one_line(error), event.hungry)
            )
        self._watcher.say(f"{job.task}: {event.how}; what it was at goes to another worker.")
        self._watcher.epoch(lost.loss, -lost.trials)
        self.waiting.add(_Try(job, losses))
        return None


def _job_of(taken: _Try) -> Job:
    return taken.job


def _cost_of(job: Job) -> Cost:
    return job.costs.worker
