"""Executors: take populations, yield finished parts.

All of them go through one small interface, so that where trials are trained changes nothing else.
"""

import functools
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import pandas as pd

from dlsuite.data import DataEntry, Dataset, data_entry, load_data
from dlsuite.spec.values import thaw
from dlsuite.store import Part
from dlsuite.study.trial import Trial
from dlsuite.training.quiet import import_tensorflow
from dlsuite.training.watcher import TrainingWatcher


@dataclass(frozen=True)
class Job:
    """A population to train.

    Attributes:
        trials: Its trials; they have their structural values in common.
        keys: Their keys, in the same order.
    """

    trials: tuple[Trial, ...]
    keys: tuple[str, ...]


class Watcher(TrainingWatcher, Protocol):
    """Whoever wants to know how a run goes."""

    def say(self, line: str) -> None:
        """Something that a reader should know."""


class Executor(Protocol):
    """Trains populations."""

    def run(self, jobs: Sequence[Job], watcher: Watcher) -> Iterator[Part]:
        """Train populations, in whatever order, and yield a part as soon as one is finished."""


class InProcessExecutor:
    """Trains one population after another in this process.

    It keeps its trainer, so that a second study finds the graphs compiled that it shares with the first.
    """

    def __init__(self) -> None:
        self._trainer: Any = None

    def run(self, jobs: Sequence[Job], watcher: Watcher) -> Iterator[Part]:
        """Train the populations in the order given."""
        if not jobs:
            return
        if self._trainer is None:
            import_tensorflow()
            from dlsuite.training.trainer import Trainer

            self._trainer = Trainer()
        # A model that cannot be trained is found before any other is trained.
        for job in {job.trials[0].structure: job for job in jobs}.values():
            data = load(job.trials[0])
            (setup,) = setups_of(job.trials[:1], data)
            self._trainer.check(setup, data)
        said: set[str] = set()
        for job in jobs:
            yield train_population(job, self._trainer, watcher, said=said)


def load(trial: Trial) -> Dataset:
    """Load the data set of a trial, once for each of its settings."""
    settings = json.dumps(thaw(trial.data_settings), sort_keys=True)
    return _load(data_entry(trial.data), settings)


@functools.lru_cache(maxsize=32)
def _load(entry: DataEntry, settings: str) -> Dataset:
    """By its entry, not its name: a name can be registered again for something else."""
    return load_data(entry.name, **json.loads(settings))


def train_population(job: Job, trainer: Any, watcher: Watcher, *, said: set[str]) -> Part:
    """Train a population.

    Args:
        job: The population.
        trainer: A `dlsuite.training.trainer.Trainer`.
        watcher: Told of every epoch.
        said: What the watcher has been told, so that it is told once.
    """
    data = load(job.trials[0])
    setups = setups_of(job.trials, data)
    results = trainer.train(setups, data, epochs=job.trials[0].epochs, watcher=watcher)
    rows: dict[str, list[dict[str, Any]]] = {"trials": [], "curves": [], "layers": []}
    for trial, key, result in zip(job.trials, job.keys, results, strict=True):
        for note in result.notes:
            line = f"{trial.task}: {note}."
            if line not in said:
                said.add(line)
                watcher.say(line)
        rows["trials"].append(
            {
                "trial": key,
                "status": result.status,
                "diverged_epoch": result.diverged_epoch,
                "epochs": trial.epochs,
                "best_epoch": result.best_epoch,
                "parameters": result.parameters,
                **result.scores,
            }
        )
        rows["curves"] += [{"trial": key, **row} for row in result.curves]
        rows["layers"] += [{"trial": key, **row} for row in result.layers]
    integers = {"diverged_epoch": "Int64", "best_epoch": "Int64"}
    return Part(
        trials=pd.DataFrame(rows["trials"]).astype(integers),
        curves=pd.DataFrame(rows["curves"]),
        layers=pd.DataFrame(rows["layers"]),
    )


def setups_of(trials: Sequence[Trial], data: Dataset) -> list[Any]:
    """What the trainer needs of each trial; trials with the same hyperparameters share a model."""
    from dlsuite.training.trainer import TrialSetup

    build = _model_builder(data)
    return [
        TrialSetup(
            model=build(trial.model, json.dumps(thaw(trial.model_settings), sort_keys=True)),
            settings=trial.training,
            seed=trial.seed,
        )
        for trial in trials
    ]


def _model_builder(data: Dataset) -> Callable[[str, str], Any]:
    """Build a model for a data set, once for each of its hyperparameters."""
    from dlsuite.models import create_model

    @functools.cache
    def build(name: str, settings: str) -> Any:
        return create_model(
            name,
            input_shape=data.input_shape,
            outputs=data.outputs,
            vocabulary=len(data.vocabulary) if data.vocabulary is not None else None,
            **json.loads(settings),
        )

    return build
