"""Executors: take populations, yield finished parts.

All of them go through one small interface, so that where trials are trained changes nothing else.
"""

import functools
import itertools
import json
import threading
from collections.abc import Callable, Hashable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any, Protocol
from weakref import WeakKeyDictionary

import pandas as pd

from dlsuite.data import DataEntry, Dataset, Recent, data_entry, load_data
from dlsuite.quiet import import_tensorflow
from dlsuite.spec.metrics import Metric, tags_of
from dlsuite.spec.values import thaw
from dlsuite.store import Part, Weights
from dlsuite.store.schema import METRICS
from dlsuite.study.trial import Trial
from dlsuite.training.lanes import BUILDING
from dlsuite.training.lanes import lanes as default_lanes
from dlsuite.training.watcher import TrainingWatcher


@dataclass(frozen=True)
class Job:
    """A population to train.

    Attributes:
        trials: Its trials; they have their structural values in common.
        keys: Their keys, in the same order.
        metrics: What is computed of their predictions.
    """

    trials: tuple[Trial, ...]
    keys: tuple[str, ...]
    metrics: tuple[Metric, ...] = ()


class Watcher(TrainingWatcher, Protocol):
    """Whoever wants to know how a run goes."""

    def say(self, line: str) -> None:
        """Something that a reader should know."""


class Executor(Protocol):
    """Trains populations."""

    def run(self, jobs: Sequence[Job], watcher: Watcher) -> Iterator[Part]:
        """Train populations, in whatever order, and yield a part as soon as one is finished."""


class InProcessExecutor:
    """Trains populations in this process, a few at once, a thread each.

    It keeps its trainer, so that a second study finds the graphs compiled that it shares with the first.

    Args:
        lanes: How many populations train at once; as `dlsuite.training.lanes.lanes` says if absent. It
            changes no result.
    """

    def __init__(self, lanes: int | None = None) -> None:
        self._lanes = lanes or default_lanes()
        self._trainer: Any = None

    @property
    def graphs(self) -> list[Any]:
        """The compiled graphs that are kept."""
        return self._trainer.graphs if self._trainer is not None else []

    def run(self, jobs: Sequence[Job], watcher: Watcher) -> Iterator[Part]:
        """Train the populations, begun in the order given."""
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
        shared = SharedWatcher(watcher)
        said: set[str] = set()
        waiting = iter(jobs)
        running: dict[Future[Any], Job] = {}
        with ThreadPoolExecutor(self._lanes) as threads:
            try:
                while True:
                    for job in itertools.islice(waiting, self._lanes - len(running)):
                        running[threads.submit(self._work(job, shared))] = job
                    if not running:
                        return
                    done = wait(running, return_when=FIRST_COMPLETED).done
                    for future in sorted(done, key=lambda ended: ended.exception() is not None):
                        yield _part_of(running.pop(future), future.result(), shared, said)
            finally:  # An error, an interrupt, or nobody who wants more.
                shared.stop()

    def _work(self, job: Job, watcher: "SharedWatcher") -> Callable[[], Any]:
        """What a lane does for a job. Data and models are made here, in the main thread."""
        data = load(job.trials[0])
        setups, epochs = setups_of(job.trials, data), job.trials[0].epochs
        return lambda: self._trainer.train(
            setups, data, epochs=epochs, watcher=watcher, metrics=job.metrics
        )


class SharedWatcher:
    """Hands on what several lanes tell, one at a time; once stopped, it stops who tells it anything."""

    def __init__(self, watcher: Watcher) -> None:
        self._watcher = watcher
        self._lock = threading.Lock()
        self._stopped = False

    def epoch(self, loss: float, trials: float) -> None:
        """A population has come further.

        Raises:
            StoppedError: It shall not go on.
        """
        with self._lock:
            if self._stopped:
                raise StoppedError
            self._watcher.epoch(loss, trials)

    def say(self, line: str) -> None:
        """Something that a reader should know."""
        with self._lock:
            self._watcher.say(line)

    def stop(self) -> None:
        """Let every lane end with the epoch that it is in."""
        with self._lock:
            self._stopped = True


class StoppedError(Exception):
    """A lane was stopped; its population is given up."""


def load(trial: Trial) -> Dataset:
    """Load the data set of a trial; again only if it was not used for long, or a file has changed."""
    return _data.get(_data_key(trial), lambda: load_data(trial.data, **_data_settings(trial)))


def fingerprint_of(trial: Trial) -> str:
    """The fingerprint of a trial's data set; known without loading it again, as data may be large."""
    entry, *key = _data_key(trial)
    known = _fingerprints.setdefault(entry, {})
    if tuple(key) not in known:
        known[tuple(key)] = load(trial).fingerprint
    return known[tuple(key)]


_data: Recent[Dataset] = Recent(lambda data: data.nbytes)
# An entry that is registered no more, such as that of arrays in a notebook, is forgotten.
_fingerprints: WeakKeyDictionary[DataEntry, dict[Hashable, str]] = WeakKeyDictionary()


def _data_key(trial: Trial) -> tuple[DataEntry, Hashable, str]:
    """By the entry, not its name: a name can be registered again for something else."""
    settings = _data_settings(trial)
    entry = data_entry(trial.data, settings)
    return entry, entry.state(settings), json.dumps(settings, sort_keys=True)


def _data_settings(trial: Trial) -> dict[str, Any]:
    settings = thaw(trial.data_settings)
    assert isinstance(settings, dict)
    return settings


def _part_of(job: Job, results: Sequence[Any], watcher: Watcher, said: set[str]) -> Part:
    """The rows of a population; what a reader should know is said once."""
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
                "unit_correlation": result.unit_correlation,
                "lesion_loss": result.lesion_loss,
                "parameters": result.parameters,
                "members": result.members,
                **result.scores,
                **({METRICS: tags_of(job.metrics)} if job.metrics else {}),
            }
        )
        rows["curves"] += [{"trial": key, **row} for row in result.curves]
        rows["layers"] += [{"trial": key, **row} for row in result.layers]
    integers = {"diverged_epoch": "Int64", "best_epoch": "Int64"}
    return Part(
        trials=pd.DataFrame(rows["trials"]).astype(integers),
        curves=pd.DataFrame(rows["curves"]),
        layers=pd.DataFrame(rows["layers"]),
        weights=_best_weights(job, results),
    )


def _best_weights(job: Job, results: Sequence[Any]) -> dict[str, Weights]:
    """The weights of each condition's best seed, with each of its tuned values.

    Whichever tuned values a study chooses, the best seed of all its parts is among those of the parts.
    """
    best: dict[str, tuple[float, str, Weights]] = {}
    for trial, key, result in zip(job.trials, job.keys, results, strict=True):
        if result.status == "completed":
            candidate = json.dumps([trial.condition, thaw(trial.tuned)])
            loss = result.scores["val_loss_best"]
            if candidate not in best or loss < best[candidate][0]:
                best[candidate] = loss, key, result.weights
    return {key: weights for _, key, weights in best.values()}


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
    from dlsuite.models import create_model_for

    @functools.cache
    def build(name: str, settings: str) -> Any:
        with BUILDING:
            return create_model_for(name, data, **json.loads(settings))

    return build
