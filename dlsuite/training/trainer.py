"""The trainer: takes a list of trials that share a data set, gives back a result for each.

It keeps the compiled graphs of the shapes it has seen last, so that the next population of a shape begins
at once.
"""

import math
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from dlsuite.data import Dataset
from dlsuite.spec.metrics import generalization_gap
from dlsuite.training.examples import Examples, place
from dlsuite.training.graph import EpochReport, TrainingGraph
from dlsuite.training.initialize import initial_weights
from dlsuite.training.instrumented import structure_of
from dlsuite.training.objective import Objective
from dlsuite.training.settings import TrainingSettings
from dlsuite.training.streams import batch_order

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


@dataclass(frozen=True)
class TrialResult:
    """What came of a trial.

    Attributes:
        status: `completed`, or `diverged` where a loss or gradient was no number.
        diverged_epoch: The epoch in which it diverged, from 1.
        best_epoch: The epoch with the lowest validation loss; None where it diverged.
        scores: By name: `<split>_<score>_<best or last>`, `test_<score>`, `gap_<score>_<best or last>`;
            empty where it diverged.
        curves: A row an epoch from 0: the epoch, scores on train and validation, gradient norm.
        layers: A row an epoch and layer: gradient norm, weight norm, update ratio, dead units.
        parameters: How many trainable weights the model has.
        notes: What a reader should know.
        weights: The weights of the best epoch, in the order of `model.weights`.
    """

    status: str
    diverged_epoch: int | None
    best_epoch: int | None
    scores: dict[str, float]
    curves: list[dict[str, Any]]
    layers: list[dict[str, Any]]
    parameters: int
    notes: tuple[str, ...] = ()
    weights: list[np.ndarray] = field(default_factory=list, repr=False)


Progress = Callable[[int, int, float], None]
"""Called after each epoch with the trial's place in the list, the epoch and the training loss."""


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
        progress: Progress | None = None,
    ) -> list[TrialResult]:
        """Train trials on a data set.

        Args:
            setups: The trials.
            data: The data set of all of them.
            epochs: Passes over the training split, 1 or more.
            progress: Told after each epoch.

        Returns:
            A result for each setup, in the same order. A trial that diverges gives a result too.

        Raises:
            SpecError: A model cannot be trained by the suite.
        """
        objective = Objective(data.task_type, data.target_mean, data.target_scale)
        results = []
        for place_in_list, setup in enumerate(setups):
            graph, examples = self._prepare(setup, data, objective, epochs)
            graph.begin(
                setup.model,
                initial_weights(setup.model, setup.seed),
                learning_rate=setup.settings.learning_rate,
                seed=setup.seed,
            )
            log = _TrialLog(graph, objective)
            log.add(0, graph.look(examples))
            for epoch in range(1, epochs + 1):
                batches, last, _ = _batches(setup, len(data.train), epoch)
                log.add(epoch, graph.epoch(examples, tf.constant(batches), tf.constant(last)))
                if progress is not None:
                    progress(place_in_list, epoch, log.last_loss)
                if log.diverged_epoch is not None:
                    break
            test = None if log.diverged_epoch is not None else graph.test(examples)
            results.append(log.result(setup, test, notes=_batches(setup, len(data.train), 1)[2]))
        return results

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
        batches, last, _ = _batches(setup, len(data.train), 1)
        total_steps = epochs * (len(batches) + bool(len(last)))
        settings = setup.settings
        key = (
            structure_of(setup.model),
            dtype,
            settings.structure(),
            objective,
            total_steps if settings.depends_on_length else None,
        )
        graph = _remember(
            self._graphs,
            key,
            lambda: TrainingGraph(setup.model, settings, objective, total_steps=total_steps),
            most=_GRAPHS_KEPT,
        )
        return graph, examples


class _TrialLog:
    """Gathers a trial's rows, and sums them up."""

    def __init__(self, graph: TrainingGraph, objective: Objective) -> None:
        self._graph = graph
        self._objective = objective
        self.curves: list[dict[str, Any]] = []
        self.layers: list[dict[str, Any]] = []
        self.diverged_epoch: int | None = None
        self.last_loss = math.nan

    def add(self, epoch: int, report: EpochReport) -> None:
        """Take an epoch's report; one with a loss or gradient that is no number ends the trial."""
        self.last_loss = float(report.train[0])
        means = np.concatenate([report.train, report.validation])
        if not report.finite or not np.isfinite(means).all():
            self.diverged_epoch = epoch
            return
        row: dict[str, Any] = {"epoch": epoch}
        for split, split_means in (("train", report.train), ("val", report.validation)):
            for name, value in self._objective.scores(split_means).items():
                row[f"{split}_{name}"] = value
        self.curves.append(row | {"gradient_norm": report.gradient_norm})
        dead = dict(zip(self._graph.trained.active_layers, report.dead_units, strict=True))
        for index, layer in enumerate(self._graph.layers):
            self.layers.append(
                {
                    "epoch": epoch,
                    "layer": layer,
                    "gradient_norm": float(report.layer_gradient_norms[index]),
                    "weight_norm": float(report.layer_weight_norms[index]),
                    "update_ratio": float(report.layer_update_ratios[index]),
                    "dead_units": float(dead.pop(layer, math.nan)),
                }
            )
        for layer, share in dead.items():
            self.layers.append({"epoch": epoch, "layer": layer, "dead_units": float(share)})

    def result(
        self, setup: TrialSetup, test: np.ndarray | None, *, notes: tuple[str, ...]
    ) -> TrialResult:
        """Sum the trial up."""
        parameters = sum(math.prod(v.shape) for v in setup.model.trainable_variables)
        if test is None:
            return TrialResult(
                status="diverged",
                diverged_epoch=self.diverged_epoch,
                best_epoch=None,
                scores={},
                curves=self.curves,
                layers=self.layers,
                parameters=parameters,
                notes=notes,
            )
        best = min(self.curves, key=lambda row: float(row["val_loss"]))
        names = self._objective.scores(test)
        scores: dict[str, float] = {}
        for name in names:
            for when, row in (("best", best), ("last", self.curves[-1])):
                train, held_out = row[f"train_{name}"], row[f"val_{name}"]
                scores[f"train_{name}_{when}"] = train
                scores[f"val_{name}_{when}"] = held_out
                scores[f"gap_{name}_{when}"] = generalization_gap(name, train, held_out)
            scores[f"test_{name}"] = names[name]
        return TrialResult(
            status="completed",
            diverged_epoch=None,
            best_epoch=best["epoch"],
            scores=scores,
            curves=self.curves,
            layers=self.layers,
            parameters=parameters,
            notes=notes,
            weights=[np.asarray(weight) for weight in self._graph.trained.model.get_weights()],
        )


def _batches(
    setup: TrialSetup, examples: int, epoch: int
) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """An epoch's batches `[steps, batch]`, the last, smaller one, and what there is to say of them."""
    order = batch_order(setup.seed, epoch, examples)
    size = min(setup.settings.batch_size, examples)
    whole = examples // size * size
    last = order[whole:]
    notes: tuple[str, ...] = ()
    if len(last) == 1 and _has_batch_norm(setup.model):
        # The variance of a single example is 0: batch normalization would erase it.
        last = last[:0]
        notes = (
            "the last batch, of a single example, is skipped: it has no variance to normalize by",
        )
    return order[:whole].reshape(-1, size), last, notes


def _has_batch_norm(model: keras.Model) -> bool:
    return any(
        isinstance(layer, keras.layers.BatchNormalization) for layer in model._flatten_layers()
    )


def _remember(kept: OrderedDict[Any, Any], key: Any, make: Callable[[], Any], *, most: int) -> Any:
    """Give what was made for a key; forget what was not asked for longest."""
    if key not in kept:
        kept[key] = make()
        while len(kept) > most:
            kept.popitem(last=False)
    kept.move_to_end(key)
    return kept[key]
