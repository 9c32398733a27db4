"""The trainer: takes a list of trials that share a data set, gives back a result for each.

Trials of the same shape train together, as populations. It keeps the compiled graphs of the shapes it has
seen last, so that the next population of a shape begins at once.
"""

import itertools
import math
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from dlsuite.data import Dataset, Recent
from dlsuite.spec.metrics import Metric
from dlsuite.training.asked_metrics import AskedMetrics
from dlsuite.training.batches import EpochBatches, epoch_batches
from dlsuite.training.checks import dtype_of, structure_of
from dlsuite.training.class_weights import class_weights
from dlsuite.training.devices import here, placed
from dlsuite.training.examples import Examples, bytes_of, place
from dlsuite.training.graph import TrainingGraph
from dlsuite.training.losses import check_loss
from dlsuite.training.memory import litter, weight_bytes
from dlsuite.training.objective import Objective
from dlsuite.training.population import Population
from dlsuite.training.population_training import Member
from dlsuite.training.precision import with_precision
from dlsuite.training.result import TrialLog, TrialResult
from dlsuite.training.seating import portions, seat
from dlsuite.training.settings import TrainingSettings
from dlsuite.training.sizes import population_size
from dlsuite.training.snapshot import Keeper, Snapshot
from dlsuite.training.watcher import TrainingWatcher

_GRAPHS_KEPT = 8


@dataclass(frozen=True)
class TrialSetup:
    """One trial to train.

    Attributes:
        model: A plain model with the trial's hyperparameters. It is not trained itself, and setups with the
            same hyperparameters may share it; the seed draws the initial weights. Where the settings say
            another precision, one of that precision takes its place.
        settings: How it is trained.
        seed: Governs initial weights, batch order and dropout.
    """

    model: keras.Model
    settings: TrainingSettings
    seed: int

    def __post_init__(self) -> None:
        """Let the model's layers compute in the precision of the settings."""
        object.__setattr__(self, "model", with_precision(self.model, self.settings.precision))


class Trainer:
    """Trains lists of trials, and remembers compiled graphs. Several threads may call it at once.

    Args:
        members: How many members every population has; chosen by the model's size if absent.
    """

    def __init__(self, members: int | None = None) -> None:
        self._members = members
        # What is compiled takes memory too, of which nobody says how much.
        self._graphs: Recent[TrainingGraph] = Recent(lambda graph: graph.bytes, number=_GRAPHS_KEPT)
        self._examples: Recent[Examples] = Recent(bytes_of)
        self._lock = threading.Lock()

    @property
    def graphs(self) -> list[TrainingGraph]:
        """The graphs that are kept, the one used last at the end."""
        with self._lock:
            return self._graphs.things

    @property
    def compilations(self) -> int:
        """How many graphs this process has compiled so far, whether they are kept or not."""
        return TrainingGraph.compiled_here

    def forget_graphs(self) -> None:
        """Let go of the graphs that are kept, and the memory that they hold."""
        with self._lock:
            self._graphs.clear()

    def train(
        self,
        setups: Sequence[TrialSetup],
        data: Dataset,
        *,
        epochs: int,
        watcher: TrainingWatcher | None = None,
        keep_weights: bool = False,
        metrics: Sequence[Metric] = (),
        members: int | None = None,
        keeper: Callable[[int], Keeper] | None = None,
    ) -> list[TrialResult]:
        """Train trials on a data set.

        Args:
            setups: The trials.
            data: The data set of all of them.
            epochs: Passes over the training split, 1 or more.
            watcher: Told after each epoch.
            keep_weights: Whether each result's `path` shall hold its weights of every epoch.
            metrics: What to compute of predictions, beside what every trial has.
            members: How many members the populations have; as the trainer has it if absent.
            keeper: Gives who keeps snapshots of a population, by its number among those that the trials are
                cut into. Training goes on from what is kept. Weights of every epoch are not.

        Returns:
            A result for each setup, in the same order. A trial that diverges gives a result too.

        Raises:
            SpecError: A model cannot be trained by the suite; a loss or class weights do not fit the data, or
                a user's loss or metric does not give what it should.
        """
        groups: dict[Any, list[int]] = {}
        for index, setup in enumerate(setups):
            groups.setdefault(_shape(setup), []).append(index)
        results: dict[int, TrialResult] = {}
        number = itertools.count()
        for group in groups.values():
            first = setups[group[0]]
            size = (
                members or self._members or population_size(first.model, first.settings.batch_size)
            )
            for portion in portions([setups[index].seed for index in group], size):
                own = [group[index] for index in portion]
                with placed():
                    trained = self._train_population(
                        [setups[index] for index in own],
                        size,
                        data,
                        epochs,
                        watcher or _Nobody(),
                        keep_weights,
                        metrics,
                        keeper(next(number)) if keeper else None,
                    )
                results.update(zip(own, trained, strict=True))
        return [results[index] for index in range(len(setups))]

    def _train_population(
        self,
        setups: list[TrialSetup],
        size: int,
        data: Dataset,
        epochs: int,
        watcher: TrainingWatcher,
        keep_weights: bool,
        metrics: Sequence[Metric],
        keeper: Keeper | None,
    ) -> list[TrialResult]:
        """Train up to `size` trials."""
        seating = seat([setup.seed for setup in setups], size)
        graph, examples, objective = self._prepare(setups[0], size, seating.variants, data, epochs)
        seated = [setups[index] for index in seating.members]
        training = graph.begin([Member(one.model, one.settings, one.seed) for one in seated])
        asked = AskedMetrics(metrics, data, objective)
        weighted = class_weights(setups[0].settings, data)
        logs = [TrialLog(graph.population, objective, metrics) for _ in setups]
        begin = 0
        kept = keeper.kept() if keeper is not None else None
        if kept is not None and training.restore(kept.values):
            begin = kept.epoch + 1
            asked.restore(kept.notes)
            for log, record in zip(logs, kept.logs, strict=True):
                log.restore(record)
            if all(log.diverged_epoch is not None for log in logs):
                begin = epochs + 1
            watcher.epoch(_median_loss(logs), kept.epoch * len(setups) / epochs)
        for epoch in range(begin, epochs + 1):
            report = (
                training.epoch(
                    examples,
                    *_batches_of(seated[:: seating.variants], data, epoch),
                    class_weights=weighted,
                )
                if epoch
                else training.look(examples)
            )
            weights = training.last_weights() if keep_weights else []
            seen = asked.look(training, examples)
            for member, log in zip(seating.seats, logs, strict=True):
                own = [weight[member] for weight in weights]
                log.add(epoch, report.of(member), own, partial(seen.scores, member))
            over = all(log.diverged_epoch is not None for log in logs)
            if keeper is not None and epoch and keeper.due():
                records = [log.record() for log in logs]
                keeper.keep(Snapshot(epoch, training.values(), records, asked.undefined))
            if epoch:
                done = epochs - epoch + 1 if over else 1
                loss = float(np.median(report.train[list(seating.seats), 0]))
                watcher.epoch(loss, done * len(setups) / epochs)
            if over:
                break
        best, last = training.best_weights(), training.last_weights()
        test, dependence = training.test(examples), training.dependence(examples)
        note = _batches(setups[0], data, 1).note
        seen = asked.look(training, examples, test=True)
        results = [
            log.result(
                setup.model,
                test[member],
                dependence.of(member),
                [weight[member] for weight in best],
                [weight[member] for weight in last],
                asked=partial(seen.scores, member),
                notes=(note,) if note else (),
            )
            for member, setup, log in zip(seating.seats, setups, logs, strict=True)
        ]
        return [replace(result, notes=(*result.notes, *asked.notes)) for result in results]

    def _prepare(
        self, setup: TrialSetup, members: int, variants: int, data: Dataset, epochs: int
    ) -> tuple[TrainingGraph, Examples, Objective]:
        with self._lock:
            return self._find_or_make(setup, members, variants, data, epochs)

    def _find_or_make(
        self, setup: TrialSetup, members: int, variants: int, data: Dataset, epochs: int
    ) -> tuple[TrainingGraph, Examples, Objective]:
        objective = Objective.of(data, loss=setup.settings.loss)
        dtype = dtype_of(setup.model)
        examples = self._examples.get(
            (data.fingerprint, dtype, objective, here()),
            lambda: place(data, objective, dtype=dtype),
        )
        settings = setup.settings
        total_steps = epochs * steps_per_epoch(setup, data)
        length = total_steps if settings.depends_on_length else None
        graph = self._graphs.get(
            (_shape(setup), objective.task_type, objective.loss, length, members, variants, here()),
            lambda: _make_graph(
                setup, data, objective, members=members, variants=variants, total_steps=total_steps
            ),
        )
        return graph, examples, objective

    def check(self, setup: TrialSetup, data: Dataset) -> None:
        """See that a trial can be trained, without training it.

        Raises:
            SpecError: It cannot.
        """
        Population(setup.model, members=1)
        litter.add(2 * weight_bytes(setup.model))
        _check_objective(setup, data, Objective.of(data, loss=setup.settings.loss))
        class_weights(setup.settings, data)
        _batches(setup, data, 1)


class _Nobody:
    """Watches where nobody else does."""

    def epoch(self, loss: float, trials: float) -> None:
        """Nobody wants to know."""


def _median_loss(logs: Sequence[TrialLog]) -> float:
    """The median of the training losses that were logged last."""
    losses = [log.curves[-1]["train_loss"] for log in logs if log.curves]
    return float(np.median(losses)) if losses else math.nan


def _make_graph(
    setup: TrialSetup, data: Dataset, objective: Objective, **options: int
) -> TrainingGraph:
    _check_objective(setup, data, objective)
    return TrainingGraph(setup.model, setup.settings, objective, **options)


def _check_objective(setup: TrialSetup, data: Dataset, objective: Objective) -> None:
    if objective.loss is not None:
        check_loss(objective.loss, outputs=data.outputs, dtype=dtype_of(setup.model))


def steps_per_epoch(setup: TrialSetup, data: Dataset) -> int:
    """How many steps an epoch of a trial takes."""
    return _batches(setup, data, 1).steps


def _shape(setup: TrialSetup) -> tuple[Any, ...]:
    """What trials must have in common to share a population."""
    return structure_of(setup.model), dtype_of(setup.model), setup.settings.structure()


def _batches(setup: TrialSetup, data: Dataset, epoch: int) -> EpochBatches:
    return epoch_batches(
        setup.model,
        seed=setup.seed,
        epoch=epoch,
        examples=len(data.train),
        batch_size=setup.settings.batch_size,
    )


def _batches_of(
    setups: Sequence[TrialSetup], data: Dataset, epoch: int
) -> tuple[tf.Tensor, tf.Tensor]:
    """The batches of setups with a seed each, `[steps, seeds, batch]`, and the last, smaller ones."""
    by_seed = {setup.seed: _batches(setup, data, epoch) for setup in setups}
    whole = np.stack([by_seed[setup.seed].whole for setup in setups], axis=1)
    last = np.stack([by_seed[setup.seed].last for setup in setups])
    return tf.constant(whole), tf.constant(last)
