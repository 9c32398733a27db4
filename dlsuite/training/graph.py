"""The compiled graph of a population's training: a whole epoch and its evaluation in one call.

On small models a Python step costs ten times the arithmetic. Here Python calls the graph once an epoch.
What differs between members (weights, learning rates, dropout rates, penalties, seeds) stands in
variables; the data are arguments. So one graph serves all populations of a shape, and is compiled twice:
as the epoch, and as the evaluation of a split.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from dlsuite.training.examples import Examples
from dlsuite.training.initialize import initial_weights
from dlsuite.training.objective import Objective
from dlsuite.training.optimizers import MemberOptimizer, shaped
from dlsuite.training.population import Population
from dlsuite.training.settings import TrainingSettings
from dlsuite.training.step import StepStatistics, take_step, weight_norms

_DRAWS_KEPT = 64


class EpochReport(NamedTuple):
    """What an epoch, or the look before the first, has to tell.

    Attributes:
        finite: Whether every loss and gradient so far was a number, `[members]`.
        gradient_norm: Mean over the steps of the gradient's length, `[members]`; NaN before the first.
        train: Means of the objective's measures on the training split after the epoch, `[members, 2]`.
        validation: The same on the validation split.
        layer_gradient_norms: Mean over the steps, `[members, layers]`.
        layer_update_ratios: Mean over the steps, `[members, layers]`.
        layer_weight_norms: After the epoch, `[members, layers]`.
        dead_units: The share of units that are 0 for every training example, `[members, ReLU layers]`.
    """

    finite: np.ndarray
    gradient_norm: np.ndarray
    train: np.ndarray
    validation: np.ndarray
    layer_gradient_norms: np.ndarray
    layer_update_ratios: np.ndarray
    layer_weight_norms: np.ndarray
    dead_units: np.ndarray

    def of(self, member: int) -> "EpochReport":
        """One member's part, without the member axis."""
        return EpochReport(*(part[member] for part in self))


class Member(NamedTuple):
    """What a member is loaded from: its plain model, settings and seed."""

    model: keras.Model
    settings: TrainingSettings
    seed: int


class TrainingGraph:
    """Trains one population after another of the same shape.

    Args:
        plain: A model of the structure that all members share.
        settings: Training settings; all but the vectorized ones are built in.
        objective: What is minimized and reported.
        members: How many members a population has.
        total_steps: Steps in the whole training, for schedules.

    Attributes:
        population: The models that are trained.
        compilations: How many graphs have been traced and compiled so far.
    """

    def __init__(
        self,
        plain: keras.Model,
        settings: TrainingSettings,
        objective: Objective,
        *,
        members: int,
        total_steps: int,
    ) -> None:
        self.population = Population(plain, members)
        self._objective = objective
        self._optimizer = MemberOptimizer(
            settings, self.population.trainable, total_steps=total_steps
        )
        dtype = self.population.dtype
        self._alive = tf.Variable(np.ones(members, bool), trainable=False)
        self._best = [tf.Variable(v.value, trainable=False) for v in self.population.weights]
        self._best_loss = tf.Variable(np.full(members, np.inf), trainable=False, dtype=dtype)
        self._drawn: dict[int, list[np.ndarray]] = {}
        self._compiled: dict[Any, Any] = {}

    @property
    def compilations(self) -> int:
        """How many graphs have been traced and compiled so far."""
        return len(self._compiled)

    def _run(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call a function compiled for the shapes of its arguments."""
        shapes = [(leaf.shape, leaf.dtype) for leaf in tf.nest.flatten(arguments)]
        key = (function.__name__, *map(str, shapes))
        if key not in self._compiled:
            compiled = tf.function(function, jit_compile=True)
            self._compiled[key] = compiled.get_concrete_function(*arguments)
        return self._compiled[key](*arguments)

    def begin(self, members: Sequence[Member]) -> None:
        """Put members in: rates and penalties, initial weights, settings and seeds."""
        weights = [self._initial_weights(member.model, member.seed) for member in members]
        self.population.load(
            [member.model for member in members], weights, [member.seed for member in members]
        )
        self._optimizer.load([member.settings for member in members])
        self._alive.assign(np.ones(len(members), bool))
        self._best_loss.assign(np.full(len(members), np.inf))
        for best, weight in zip(self._best, self.population.weights, strict=True):
            best.assign(weight.value)

    def _initial_weights(self, plain: keras.Model, seed: int) -> list[np.ndarray]:
        """The initial weights for a seed, drawn once for all members of the seed."""
        if seed not in self._drawn:
            if len(self._drawn) >= _DRAWS_KEPT:
                self._drawn.clear()
            self._drawn[seed] = initial_weights(plain, seed)
        return self._drawn[seed]

    def look(self, examples: Examples) -> EpochReport:
        """Evaluate before the first step."""
        means, dead = self._run(self._evaluate, examples, examples.trained)
        norms = weight_norms(self.population).numpy().T
        return EpochReport(
            finite=np.ones(len(norms), bool),
            gradient_norm=np.full(len(norms), np.nan),
            train=means.numpy()[0],
            validation=means.numpy()[1],
            layer_gradient_norms=np.full(norms.shape, np.nan),
            layer_update_ratios=np.full(norms.shape, np.nan),
            layer_weight_norms=norms,
            dead_units=dead.numpy(),
        )

    def epoch(self, examples: Examples, batches: tf.Tensor, last: tf.Tensor) -> EpochReport:
        """Train for an epoch, then evaluate the training and the validation split.

        Args:
            examples: The data.
            batches: Rows of the training split, `[steps, members, batch]`.
            last: Rows of the last, smaller batch, `[members, rest]`; none if there is none.
        """
        parts = self._run(self._train_and_evaluate, examples, batches, last)
        return EpochReport(*(part.numpy() for part in parts))

    def test(self, examples: Examples) -> np.ndarray:
        """Go back to the epochs that were best on validation and read the test split, `[members, 2]`."""
        for variable, best in zip(self.population.weights, self._best, strict=True):
            variable.assign(best)
        means, _ = self._run(self._evaluate, examples, examples.tested)
        return np.asarray(means.numpy()[2])

    def _train_and_evaluate(
        self, examples: Examples, batches: tf.Tensor, last: tf.Tensor
    ) -> tuple[tf.Tensor, ...]:
        population = self.population
        rows_x = tf.reshape(examples.x, tf.concat([[-1], tf.shape(examples.x)[2:]], 0))
        rows_y = tf.reshape(examples.y, [-1])

        def step(rows: tf.Tensor) -> StepStatistics:
            x, y = tf.gather(rows_x, rows), tf.gather(rows_y, rows)
            return take_step(population, self._objective, self._optimizer, self._alive, x, y)

        gradient_norm = tf.zeros([population.members], population.dtype)
        by_layer = tf.zeros([2, len(population.layers), population.members], population.dtype)
        for index in tf.range(batches.shape[0]):
            now = step(batches[index])
            gradient_norm += now.gradient_norm
            by_layer += tf.stack([now.layer_gradient_norms, now.layer_update_ratios])
        steps = batches.shape[0]
        if last.shape[1] > 0:  # Of another shape, so it stands in the graph as a step of its own.
            now = step(last)
            gradient_norm += now.gradient_norm
            by_layer += tf.stack([now.layer_gradient_norms, now.layer_update_ratios])
            steps += 1
        means, dead = self._evaluate(examples, examples.trained)
        train, validation, _ = tf.unstack(means)
        self._keep_best(validation[:, 0])
        gradient_norms, update_ratios = tf.unstack(tf.transpose(by_layer / steps, [0, 2, 1]))
        norms = tf.transpose(weight_norms(population))
        finite = tf.identity(self._alive)
        return (
            finite,
            gradient_norm / steps,
            train,
            validation,
            gradient_norms,
            update_ratios,
            norms,
            dead,
        )

    def _evaluate(self, examples: Examples, batch_range: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """An inference pass: no dropout, moving statistics.

        Returns:
            The means of the objective's measures over the examples of each split, `[3, members, 2]`, not
            numbers where none of its batches was looked at; and the share of dead units of each ReLU layer,
            by the training examples, `[members, ReLU layers]`.
        """
        population = self.population
        members, dtype = population.members, population.dtype
        total = tf.zeros([3, members, 2], dtype)
        count = tf.zeros([3], dtype)
        highest = [tf.zeros([members, width], dtype) for width in population.active_units]
        for index in tf.range(batch_range[0], batch_range[1]):
            counts = examples.weights[index] > 0
            split = tf.one_hot(examples.splits[index], 3, dtype=dtype)
            outputs, active = population.measured(_for_all(examples.x[index], members))
            measures = self._objective.measures(_for_all(examples.y[index], members), outputs)
            sums = tf.reduce_sum(tf.where(counts[:, None], measures, 0.0), axis=1)
            total += tf.where(split[:, None, None] > 0, sums, 0.0)
            count += split * tf.reduce_sum(examples.weights[index])
            highest = [
                tf.maximum(peak, _highest_by_unit(activations, counts & (split[0] > 0)))
                for peak, activations in zip(highest, active, strict=True)
            ]
        dead = [tf.reduce_mean(tf.cast(tf.equal(peak, 0.0), dtype), axis=1) for peak in highest]
        return total / count[:, None, None], tf.stack(dead, axis=1) if dead else tf.zeros(
            [members, 0], dtype
        )

    def _keep_best(self, validation_loss: tf.Tensor) -> None:
        better = self._alive & (validation_loss < self._best_loss)
        for best, weight in zip(self._best, self.population.weights, strict=True):
            best.assign(tf.where(shaped(better, best), weight.value, best))
        self._best_loss.assign(tf.where(better, validation_loss, self._best_loss))

    def last_weights(self) -> list[np.ndarray]:
        """All members' weights as training left them, `[members, ...]` each."""
        return [np.asarray(weight) for weight in self.population.weights]

    def best_weights(self, member: int) -> list[np.ndarray]:
        """A member's weights of the epoch that was best on validation."""
        return [best.numpy()[member] for best in self._best]


def _for_all(value: tf.Tensor, members: int) -> tf.Tensor:
    return tf.broadcast_to(value, [members, *value.shape])


def _highest_by_unit(activations: list[Any], counts: tf.Tensor) -> tf.Tensor:
    """Each unit's greatest activation over a batch's examples and positions, padding apart.

    Args:
        activations: What a layer handed on in each of its calls, `[members, batch, ..., units]`.
        counts: Which examples are no padding, `[batch]`.

    Returns:
        `[members, units]`.
    """
    by_example = [tf.reduce_max(a, axis=list(range(2, a.shape.rank - 1))) for a in activations]
    highest = tf.reduce_max(tf.stack(by_example), axis=0)
    return tf.reduce_max(tf.where(counts[:, None], highest, 0.0), axis=1)
