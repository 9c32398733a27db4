"""The trainer: takes a list of trials that share a data set, gives back a result for each.

It keeps the compiled graphs of the shapes it has seen last, so that the next population of a shape begins
at once.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf

from dlsuite.data import Dataset
from dlsuite.training.batches import EpochBatches, epoch_batches
from dlsuite.training.examples import Examples, place
from dlsuite.training.graph import TrainingGraph
from dlsuite.training.instrumented import InstrumentedModel, structure_of
from dlsuite.training.objective import Objective
from dlsuite.training.result import TrialLog, TrialResult
from dlsuite.training.settings import TrainingSettings
from dlsuite.training.watcher import TrainingWatcher

_GRAPHS_KEPT = 8
_DATA_KEPT = 4


@dataclass(frozen=True)
class TrialSetup:
    """One trial to train.

    Attributes:
        model: A plain model with the trial's hyperparameters. It is not trained itself, and setups with the
            same hyperparameters may share it; the seed draws the initial weights.
        settings: How it is trained.
        seed: Governs initial weights, batch order and dropout.
    """

    model: keras.Model
    settings: TrainingSettings
    seed: int


class Trainer:
    """Trains lists of trials, and remembers compiled graphs."""

    def __init__(self) -> None:
        self._graphs: OrderedDict[Any, TrainingGraph] = OrderedDict()
        self._examples: OrderedDict[Any, Examples] = OrderedDict()

    def train(
        self,
        setups: Sequence[TrialSetup],
        data: Dataset,
        *,
        epochs: int,
        watcher: TrainingWatcher | None = None,
    ) -> list[TrialResult]:
        """Train trials on a data set.

        Args:
            setups: The trials.
            data: The data set of all of them.
            epochs: Passes over the training split, 1 or more.
            watcher: Told after each epoch and trial.

        Returns:
            A result for each setup, in the same order. A trial that diverges gives a result too.

        Raises:
            SpecError: A model cannot be trained by the suite.
        """
        objective = Objective(data.task_type, data.target_mean, data.target_scale)
        return [self._train_one(setup, data, objective, epochs, watcher) for setup in setups]

    def _train_one(
        self,
        setup: TrialSetup,
        data: Dataset,
        objective: Objective,
        epochs: int,
        watcher: TrainingWatcher | None,
    ) -> TrialResult:
        graph, examples = self._prepare(setup, data, objective, epochs)
        graph.begin(
            setup.model,
            graph.initial_weights(setup.model, setup.seed),
            learning_rate=setup.settings.learning_rate,
            seed=setup.seed,
        )
        log = TrialLog(graph, objective)
        log.add(0, graph.look(examples))
        for epoch in range(1, epochs + 1):
            if log.diverged_epoch is not None:
                break
            batches = _batches(setup, data, epoch)
            report = graph.epoch(examples, tf.constant(batches.whole), tf.constant(batches.last))
            log.add(epoch, report)
            if watcher is not None:
                watcher.epoch(log.last_loss)
        test = None if log.diverged_epoch is not None else graph.test(examples)
        if watcher is not None:
            watcher.trial()
        note = _batches(setup, data, 1).note
        return log.result(setup.model, test, notes=(note,) if note else ())

    def _prepare(
        self, setup: TrialSetup, data: Dataset, objective: Objective, epochs: int
    ) -> tuple[TrainingGraph, Examples]:
        dtype = setup.model.dtype
        examples = _remember(
            self._examples,
            (data.fingerprint, dtype, objective),
            lambda: place(data, objective, dtype=dtype),
            most=_DATA_KEPT,
        )
        total_steps = epochs * _batches(setup, data, 1).steps
        settings = setup.settings
        key = (
            structure_of(setup.model),
            dtype,
            settings.structure(),
            objective.task_type,
            total_steps if settings.depends_on_length else None,
        )
        graph = _remember(
            self._graphs,
            key,
            lambda: TrainingGraph(setup.model, settings, objective, total_steps=total_steps),
            most=_GRAPHS_KEPT,
        )
        return graph, examples

    def check(self, setup: TrialSetup, data: Dataset) -> None:
        """See that a trial can be trained, without training it.

        Raises:
            SpecError: It cannot.
        """
        InstrumentedModel(setup.model)
        _batches(setup, data, 1)


def _batches(setup: TrialSetup, data: Dataset, epoch: int) -> EpochBatches:
    return epoch_batches(
        setup.model,
        seed=setup.seed,
        epoch=epoch,
        examples=len(data.train),
        batch_size=setup.settings.batch_size,
    )


def _remember(kept: OrderedDict[Any, Any], key: Any, make: Callable[[], Any], *, most: int) -> Any:
    """Give what was made for a key; forget what was not asked for longest."""
    if key not in kept:
        kept[key] = make()
        while len(kept) > most:
            kept.popitem(last=False)
    kept.move_to_end(key)
    return kept[key]
