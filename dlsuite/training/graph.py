"""The compiled graph of a training: a whole epoch and its evaluation in one call.

On small models a Python step costs ten times the arithmetic. Here Python calls the graph once an epoch.
What differs between the trials that share a graph (weights, learning rate, dropout rates, penalties, seed)
stands in variables; the data are arguments.
"""

from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from dlsuite.training.examples import Examples
from dlsuite.training.initialize import initial_weights
from dlsuite.training.instrumented import InstrumentedModel
from dlsuite.training.objective import Objective
from dlsuite.training.optimizers import make_optimizer
from dlsuite.training.settings import TrainingSettings
from dlsuite.training.step import StepStatistics, norms, take_step

_DRAWS_KEPT = 32


class EpochReport(NamedTuple):
    """What an epoch, or the look before the first, has to tell; NumPy arrays and floats.

    Attributes:
        finite: Whether every loss and gradient was a number.
        gradient_norm: Mean over the steps of the gradient's length; NaN before the first step.
        train: Means of the objective's measures on the training split after the epoch, `[2]`.
        validation: The same on the validation split.
        layer_gradient_norms: Mean over the steps, `[layers]`.
        layer_update_ratios: Mean over the steps, `[layers]`.
        layer_weight_norms: After the epoch, `[layers]`.
        dead_units: For each ReLU layer, the share of units that are 0 for every training example.
    """

    finite: bool
    gradient_norm: float
    train: np.ndarray
    validation: np.ndarray
    layer_gradient_norms: np.ndarray
    layer_update_ratios: np.ndarray
    layer_weight_norms: np.ndarray
    dead_units: np.ndarray


class TrainingGraph:
    """Trains one trial after another of the same graph.

    Args:
        plain: A model of the structure that all trials share.
        settings: Training settings; all but the vectorized ones are built in.
        objective: What is minimized and reported.
        total_steps: Steps in the whole training, for schedules.
    """

    def __init__(
        self,
        plain: keras.Model,
        settings: TrainingSettings,
        objective: Objective,
        *,
        total_steps: int,
    ) -> None:
        self.trained = InstrumentedModel(plain)
        self._objective = objective
        self._optimizer = make_optimizer(
            settings, total_steps=total_steps, dtype=self.trained.model.variable_dtype
        )
        self._schedule = self._optimizer._learning_rate
        self._optimizer.build(self.trained.model.trainable_variables)
        self._optimizer_start = [np.asarray(v) for v in self._optimizer.variables]
        self._best = [tf.Variable(v.value, trainable=False) for v in self.trained.model.weights]
        self._best_loss = tf.Variable(np.inf, trainable=False, dtype=self.trained.model.dtype)
        self._drawn: dict[int, list[np.ndarray]] = {}
        self.layers = list(self.trained.layer_indices())
        self._epoch = tf.function(self._train_and_evaluate, jit_compile=True)
        self._evaluate_split = tf.function(self._evaluate, jit_compile=True)

    def initial_weights(self, plain: keras.Model, seed: int) -> list[np.ndarray]:
        """The initial weights for a seed, drawn once for all trials of the seed that share the graph."""
        if seed not in self._drawn:
            if len(self._drawn) >= _DRAWS_KEPT:
                self._drawn.clear()
            self._drawn[seed] = initial_weights(plain, seed)
        return self._drawn[seed]

    def begin(
        self, plain: keras.Model, weights: list[np.ndarray], *, learning_rate: float, seed: int
    ) -> None:
        """Put a trial in: its model's rates, its initial weights, its learning rate and its seed."""
        self.trained.load(plain, weights, seed)
        self._schedule.base.assign(learning_rate)
        for variable, value in zip(self._optimizer.variables, self._optimizer_start, strict=True):
            variable.assign(value)
        for best, weight in zip(self._best, weights, strict=True):
            best.assign(weight)

    def look(self, examples: Examples) -> EpochReport:
        """Evaluate before the first step."""
        train, dead = self._evaluate_split(examples, examples.ranges["train"])
        validation, _ = self._evaluate_split(examples, examples.ranges["validation"])
        self._best_loss.assign(np.inf)
        nothing = np.full(len(self.layers), np.nan)
        return EpochReport(
            finite=True,
            gradient_norm=np.nan,
            train=train.numpy(),
            validation=validation.numpy(),
            layer_gradient_norms=nothing,
            layer_update_ratios=nothing,
            layer_weight_norms=self._weight_norms().numpy(),
            dead_units=dead.numpy(),
        )

    def epoch(self, examples: Examples, batches: tf.Tensor, last: tf.Tensor) -> EpochReport:
        """Train for an epoch, then evaluate the training and the validation split.

        Args:
            examples: The data.
            batches: Rows of the training split, a batch a line, `[steps, batch]`.
            last: Rows of the last, smaller batch; empty if there is none.
        """
        scalars, train, validation, layers, dead = self._epoch(examples, batches, last)
        finite, gradient_norm = scalars.numpy()
        by_layer = layers.numpy()
        return EpochReport(
            finite=bool(finite),
            gradient_norm=float(gradient_norm),
            train=train.numpy(),
            validation=validation.numpy(),
            layer_gradient_norms=by_layer[0],
            layer_update_ratios=by_layer[1],
            layer_weight_norms=by_layer[2],
            dead_units=dead.numpy(),
        )

    def test(self, examples: Examples) -> np.ndarray:
        """Go back to the epoch that was best on validation and read the test split, `[2]`."""
        for variable, best in zip(self.trained.model.weights, self._best, strict=True):
            variable.assign(best)
        means, _ = self._evaluate_split(examples, examples.ranges["test"])
        return np.asarray(means.numpy())

    def _train_and_evaluate(
        self, examples: Examples, batches: tf.Tensor, last: tf.Tensor
    ) -> tuple[tf.Tensor, ...]:
        dtype = self.trained.model.dtype
        rows_x = tf.reshape(examples.x, tf.concat([[-1], tf.shape(examples.x)[2:]], 0))
        rows_y = tf.reshape(examples.y, [-1])
        finite = tf.constant(True)
        gradient_norm = tf.zeros([], dtype)
        by_layer = tf.zeros([2, len(self.layers)], dtype)
        for index in tf.range(batches.shape[0]):
            step = self._step(rows_x, rows_y, batches[index])
            finite &= step.finite
            gradient_norm += step.gradient_norm
            by_layer += tf.stack([step.layer_gradient_norms, step.layer_update_ratios])
        steps = batches.shape[0]
        if last.shape[0] > 0:  # Of another shape, so it stands in the graph as a step of its own.
            step = self._step(rows_x, rows_y, last)
            finite &= step.finite
            gradient_norm += step.gradient_norm
            by_layer += tf.stack([step.layer_gradient_norms, step.layer_update_ratios])
            steps += 1
        train, dead = self._evaluate(examples, examples.ranges["train"])
        validation, _ = self._evaluate(examples, examples.ranges["validation"])
        self._keep_best(validation[0])
        return (
            tf.stack([tf.cast(finite, dtype), gradient_norm / steps]),
            train,
            validation,
            tf.concat([by_layer / steps, [self._weight_norms()]], axis=0),
            dead,
        )

    def _step(self, rows_x: tf.Tensor, rows_y: tf.Tensor, rows: tf.Tensor) -> StepStatistics:
        x, y = tf.gather(rows_x, rows), tf.gather(rows_y, rows)
        return take_step(self.trained, self._objective, self._optimizer, x, y)

    def _evaluate(self, examples: Examples, batch_range: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """An inference pass: no dropout, moving statistics.

        Returns:
            The means of the objective's measures over the examples of a split, `[2]`, and the share of
            dead units of each ReLU layer, `[ReLU layers]`.
        """
        dtype = self.trained.model.dtype
        total = tf.zeros([2], dtype)
        count = tf.zeros([], dtype)
        units = [output.shape[-1] for output in self.trained.measured.outputs[1:]]
        highest = [tf.zeros([width], dtype) for width in units]
        for index in tf.range(batch_range[0], batch_range[1]):
            weights = examples.weights[index]
            outputs, *active = _as_list(self.trained.measured(examples.x[index], training=False))
            measures = self._objective.measures(examples.y[index], outputs)
            total += tf.reduce_sum(tf.where(weights[:, None] > 0, measures, 0.0), axis=0)
            count += tf.reduce_sum(weights)
            highest = [
                tf.maximum(peak, _highest_by_unit(activation, weights))
                for peak, activation in zip(highest, active, strict=True)
            ]
        dead = [tf.reduce_mean(tf.cast(tf.equal(peak, 0.0), dtype)) for peak in highest]
        return total / count, tf.stack(dead) if dead else tf.zeros([0], dtype)

    def _keep_best(self, validation_loss: tf.Tensor) -> None:
        better = validation_loss < self._best_loss
        for best, weight in zip(self._best, self.trained.model.weights, strict=True):
            best.assign(tf.where(better, weight.value, best))
        self._best_loss.assign(tf.where(better, validation_loss, self._best_loss))

    def _weight_norms(self) -> tf.Tensor:
        variables = [v.value for v in self.trained.model.trainable_variables]
        return norms(variables, list(self.trained.layer_indices().values()))


def _as_list(outputs: tf.Tensor | list[tf.Tensor]) -> list[tf.Tensor]:
    return outputs if isinstance(outputs, list) else [outputs]


def _highest_by_unit(activation: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
    """Each unit's greatest activation over a batch's examples and positions, padding apart, `[units]`."""
    axes = list(range(1, activation.shape.rank - 1))
    by_example = tf.reduce_max(activation, axis=axes) if axes else activation
    return tf.reduce_max(tf.where(weights[:, None] > 0, by_example, 0.0), axis=0)
