"""Executors: take populations, yield finished parts.

All of them go through one small interface, so that where trials are trained changes nothing else.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from dlsuite.spec.metrics import Metric
from dlsuite.store import Part
from dlsuite.study.costs import UNKNOWN, Costs
from dlsuite.study.paces import Pace, Place
from dlsuite.study.trial import Trial, condition_label
from dlsuite.training.seating import portions
from dlsuite.training.watcher import TrainingWatcher


@dataclass(frozen=True)
class Job:
    """A population to train.

    Attributes:
        trials: Its trials; they have their structural values in common.
        keys: Their keys, in the same order.
        metrics: What is computed of their predictions.
        members: How many members its population has; as the model's size says if absent.
        problem: What went wrong before, if anything.
        checkpoints: Where to keep how far it has come; nowhere if absent.
        costs: How long it takes, by estimate.
    """

    trials: tuple[Trial, ...]
    keys: tuple[str, ...]
    metrics: tuple[Metric, ...] = ()
    members: int | None = None
    problem: str = ""
    checkpoints: Path | None = None
    costs: Costs = UNKNOWN

    @property
    def task(self) -> str:
        """The label of its trials' task."""
        return self.trials[0].task

    @property
    def label(self) -> str:
        """What it is, for people: its task, the factors' values that its trials share, and their number."""
        first, count = self.trials[0], len(self.trials)
        shared = {
            key: value
            for key, value in {**first.factors, **first.tuned}.items()
            if all({**trial.factors, **trial.tuned}[key] == value for trial in self.trials)
        }
        named = f"{self.task} {condition_label(shared)}" if shared else self.task
        return f"{named}, {count} trial{'s' * (count > 1)}"

    def without_checkpoints(self) -> "Job":
        """The same job, of which nothing is kept on the way."""
        return replace(self, checkpoints=None)

    def halves(self, members: int, cause: str) -> list["Job"]:
        """The same trials in populations of half the size, which say why.

        Args:
            members: How many members the population had, 2 or more.
            cause: Why it is halved.
        """
        half = members // 2
        return [
            replace(
                self,
                trials=tuple(self.trials[place] for place in portion),
                keys=tuple(self.keys[place] for place in portion),
                members=half,
                problem=f"trained in a population of {half} members: {cause}",
            )
            for portion in portions([trial.seed for trial in self.trials], half)
        ]


class Watcher(TrainingWatcher, Protocol):
    """Whoever wants to know how a run goes."""

    def say(self, line: str) -> None:
        """Something that a reader should know."""

    def worker(self, number: int, at: str, share: float, loss: float) -> None:
        """A worker somewhere else has begun a population, has come further in it, or has nothing to do.

        Args:
            number: Which worker, from 0.
            at: The population, as `Job.label` has it; empty where there is none.
            share: How much of it is done, from 0 to 1.
            loss: The median training loss; NaN before the first epoch.
        """

    def took(self, job: Job, place: Place, pace: Pace) -> None:
        """How long a population took, from its beginning to its end.

        Args:
            job: The population.
            place: Where it was trained.
            pace: How long it took to start, and an epoch.
        """


class Executor(Protocol):
    """Trains populations."""

    def run(self, jobs: Sequence[Job], watcher: Watcher) -> Iterator[Part]:
        """Train populations, in whatever order, and yield a part as soon as one is finished.

        A population that fails gives a part as well, of failed trials; one that fails for want of memory is
        halved and tried again first. Who takes a part has kept it when it asks for the next. `Part.of` makes
        one, best where the population was trained: whoever keeps parts has other things to do than to format.

        Raises:
            StoppedError: `stop` was called, and some populations are not finished.
        """

    def stop(self) -> None:
        """Let every population end with the epoch that it is in, and keep how far it has come.

        It may be called by a signal's handler.
        """


class StoppedError(Exception):
    """Training was stopped; what is not finished is given up."""
