"""The compiled graph of a population's training: a whole epoch and its evaluation in one call.

On small models a Python step costs ten times the arithmetic. Here Python calls the graph once an epoch.
What differs between members (weights, learning rates, dropout rates, penalties, seeds) is handed in, like the
data. So one graph serves all populations of a shape, several at once if threads call it, and is compiled
twice: as the epoch, and as the evaluation of a split; and once more where predictions are asked for.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from dlsuite.data.recent import Recent
from dlsuite.training.dependence import Dependence, measure_dependence
from dlsuite.training.evaluation import Evaluation, evaluate, predict
from dlsuite.training.examples import Examples
from dlsuite.training.initialize import initial_weights
from dlsuite.training.lanes import BUILDING
from dlsuite.training.loss_scale import LossScale
from dlsuite.training.mappings import check_room
from dlsuite.training.members import for_variants
from dlsuite.training.memory import DRAWS_KEPT
from dlsuite.training.objective import Objective
from dlsuite.training.optimizers import MemberOptimizer, shaped
from dlsuite.training.population import Population
from dlsuite.training.population_training import Member, PopulationTraining
from dlsuite.training.precision import overflows_early
from dlsuite.training.settings import TrainingSettings
from dlsuite.training.sizes import footprint
from dlsuite.training.state import Values, pure, sum_over, values_of
from dlsuite.training.step import StepStatistics, take_step


class TrainingGraph:
    """What is compiled for populations of one shape.

    Args:
        plain: A model of the structure that all members share.
        settings: Training settings; all but the vectorized ones are built in.
        objective: What is minimized and reported.
        members: How many members a population has.
        variants: How many members that stand side by side have the same seed; it divides `members`.
        total_steps: Steps in the whole training, for schedules.

    Attributes:
        population: The models that are trained, as a graph sees them.
        compilations: How many graphs have been traced and compiled so far.
        compiled_here: The same, of all that this process ever had.
    """

    compiled_here = 0

    def __init__(
        self,
        plain: keras.Model,
        settings: TrainingSettings,
        objective: Objective,
        *,
        members: int,
        variants: int = 1,
        total_steps: int,
    ) -> None:
        with BUILDING:
            self.population = Population(plain, members, variants)
            self._objective = objective
            self._activations = footprint(plain, 1).activations
            self._loss_scale = LossScale(members) if overflows_early(plain) else None
            self._optimizer = MemberOptimizer(
                settings,
                self.population.trainable,
                total_steps=total_steps,
                skips=self._loss_scale is not None,
            )
            self._alive = keras.Variable(np.ones(members, bool), trainable=False, dtype="bool")
            weights = self.population.weights
            self._best = [keras.Variable(v.value, trainable=False, dtype=v.dtype) for v in weights]
            self._best_loss, self._step_loss = (
                keras.Variable(
                    np.full(members, first), trainable=False, dtype=self.population.dtype
                )
                for first in (np.inf, np.nan)
            )
        self._moving = [
            *self.population.variables,
            *self._optimizer.variables,
            self._alive,
            self._step_loss,
            *(self._loss_scale.variables if self._loss_scale is not None else ()),
        ]
        self._variables = [*self._moving, *self._best, self._best_loss]
        self._drawn: Recent[list[np.ndarray]] = Recent(
            lambda weights: sum(weight.nbytes for weight in weights), DRAWS_KEPT
        )
        self._compiled: dict[Any, Any] = {}

    @property
    def bytes(self) -> int:
        """The memory that it takes while nothing is trained, without what is compiled."""
        return sum(math.prod(v.shape) * tf.as_dtype(v.dtype).size for v in self._variables)

    @property
    def compilations(self) -> int:
        """How many graphs have been traced and compiled so far."""
        return len(self._compiled)

    def begin(self, members: Sequence[Member]) -> PopulationTraining:
        """Put members in: rates and penalties, initial weights, settings and seeds.

        Args:
            members: As many as the population has; those that stand side by side share a seed, as
                `variants` says.
        """
        population = self.population
        with BUILDING:
            weights = [self._initial_weights(member.model, member.seed) for member in members]
            seeds = [member.seed for member in members]
            population.load([member.model for member in members], weights, seeds)
            self._optimizer.load([member.settings for member in members])
            if self._loss_scale is not None:
                self._loss_scale.load()
            for best, weight in zip(self._best, population.weights, strict=True):
                best.assign(weight.value)
            return PopulationTraining(self, members, values_of(self._variables))

    def call(self, function: Callable[..., Any], values: Values, *arguments: Any) -> Any:
        """Call a function compiled for the shapes of its arguments.

        Args:
            function: One of this graph's methods.
            values: What its variables hold.
            arguments: What it takes.

        Returns:
            What it returns, and what the variables hold then.
        """
        shapes = [(leaf.shape, leaf.dtype) for leaf in tf.nest.flatten(arguments)]
        key = (function.__name__, *map(str, shapes))
        with BUILDING:
            if key not in self._compiled:
                check_room()
                compiled = tf.function(
                    pure(function, self._variables), jit_compile=True, autograph=False
                )
                self._compiled[key] = compiled.get_concrete_function(values, *arguments)
                TrainingGraph.compiled_here += 1
        return self._compiled[key](values, *arguments)

    def _initial_weights(self, plain: keras.Model, seed: int) -> list[np.ndarray]:
        """The initial weights for a seed, drawn once for all members of the seed."""
        return self._drawn.get(seed, lambda: initial_weights(plain, seed))

    def evaluate(self, examples: Examples, batch_range: tf.Tensor) -> Evaluation:
        """An inference pass over a range of batches."""
        return evaluate(self.population, self._objective, examples, batch_range)

    def predict(self, x: tf.Tensor) -> tf.Tensor:
        """An inference pass over a window of batches; gives the outputs."""
        return predict(self.population, x)

    def dependence(self, values: Values, examples: Examples, seeds: Sequence[int]) -> Dependence:
        """Measure how hidden units depend on one another.

        Args:
            values: What the variables hold.
            examples: The data.
            seeds: Each member's seed.
        """

        def measure() -> Dependence:
            return measure_dependence(
                self.population,
                self._objective,
                examples,
                seeds=seeds,
                activations=self._activations,
            )

        measured: Dependence
        measured, _ = pure(measure, self._variables)(values)
        return measured

    def train_and_evaluate(
        self,
        examples: Examples,
        batches: tf.Tensor,
        last: tf.Tensor,
        class_weights: tf.Tensor | None = None,
    ) -> tuple[tf.Tensor, ...]:
        """An epoch and its evaluation; gives the parts of an `EpochReport`."""
        population = self.population

        def step(rows: tf.Tensor) -> StepStatistics:
            x, y = examples.inputs(rows), for_variants(examples.targets(rows), population.variants)
            parts = population, self._objective, self._optimizer, self._alive
            return take_step(*parts, x, y, class_weights, self._loss_scale)

        def whole(index: tf.Tensor) -> tuple[tf.Tensor, ...]:
            now = step(batches[index])
            change = tf.where(index > 0, tf.square(now.loss - self._step_loss.value), 0.0)
            self._step_loss.assign(now.loss)
            return change, *_lengths(now)

        like = (
            *[tf.zeros([population.members], population.dtype)] * 2,
            tf.zeros([2, len(population.layers), population.members], population.dtype),
        )
        steps = batches.shape[0]
        changes, *sums = sum_over(steps, whole, like, variables=self._moving)
        spread = tf.sqrt(changes / (2 * (steps - 1)))  # 0 / 0 where there is one step only.
        if last.shape[1] > 0:  # Of another shape, so it stands in the graph as a step of its own.
            sums = [total + own for total, own in zip(sums, _lengths(step(last)), strict=True)]
            steps += 1
        gradient_norm, by_layer = (total / steps for total in sums)
        evaluation = self.evaluate(examples, examples.trained)
        train, validation, _ = tf.unstack(evaluation.means)
        self._keep_best(validation[:, 0])
        gradient_norms, update_ratios = tf.unstack(tf.transpose(by_layer, [0, 2, 1]))
        return (
            tf.identity(self._alive.value),
            gradient_norm,
            spread,
            train,
            validation,
            gradient_norms,
            update_ratios,
            evaluation.weight_norms,
            evaluation.dead_units,
        )

    def _keep_best(self, validation_loss: tf.Tensor) -> None:
        lowest = self._best_loss.value
        better = self._alive.value & (validation_loss < lowest)
        for best, weight in zip(self._best, self.population.weights, strict=True):
            best.assign(tf.where(shaped(better, best), weight.value, best.value))
        self._best_loss.assign(tf.where(better, validation_loss, lowest))

    def split_values(self, values: Values) -> tuple[Values, Values]:
        """From what the variables hold, the weights and those that were best on validation."""
        place = {id(variable): i for i, variable in enumerate(self._variables)}
        weights, best = (
            [values[place[id(v)]] for v in variables]
            for variables in (self.population.weights, self._best)
        )
        return weights, best


def _lengths(step: StepStatistics) -> tuple[tf.Tensor, tf.Tensor]:
    """What is averaged over an epoch's steps."""
    return step.gradient_norm, tf.stack([step.layer_gradient_norms, step.layer_update_ratios])
