"""One step of gradient descent, as the textbook has it: forward pass, loss, backward pass, step."""

from collections.abc import Iterable
from typing import NamedTuple

import keras
import tensorflow as tf

from dlsuite.training.loss_scale import LossScale
from dlsuite.training.objective import Objective
from dlsuite.training.optimizers import MemberOptimizer, shaped
from dlsuite.training.population import Population, square_sums
from dlsuite.training.state import values_of


class BackwardPass(NamedTuple):
    """What a forward and a backward pass give.

    Attributes:
        losses: Means over the batch, with the penalties on weights, `[members]`.
        gradients: A gradient for each trainable variable, of its shape.
        data_losses: The losses without penalties, weighted by class where they are, `[members]`.
    """

    losses: tf.Tensor
    gradients: list[tf.Tensor]
    data_losses: tf.Tensor


class StepStatistics(NamedTuple):
    """What a step tells about itself.

    Attributes:
        loss: The batch's mean loss before the step, in training mode and without penalties, weighted by
            class where it is, `[members]`.
        gradient_norm: Length of the whole gradient, `[members]`.
        layer_gradient_norms: Length of each layer's part, `[layers, members]`.
        layer_update_ratios: How far each layer's weights moved, over their own length, `[layers, members]`.
    """

    loss: tf.Tensor
    gradient_norm: tf.Tensor
    layer_gradient_norms: tf.Tensor
    layer_update_ratios: tf.Tensor


def loss_and_gradients(
    population: Population,
    objective: Objective,
    x: tf.Tensor,
    y: tf.Tensor,
    class_weights: tf.Tensor | None = None,
    loss_scale: LossScale | None = None,
) -> BackwardPass:
    """The forward and the backward pass.

    A member's loss is the mean over its batch, with the penalties on its weights. The tape records the
    forward pass and goes back through it by the chain rule, which gives for every weight how much the loss
    changes with it: how much it contributes to the error. What is differentiated is the sum of the
    members' losses, in which no member's weights meet another's, so each gets the gradient that it would
    get alone.

    Args:
        population: The models.
        objective: What is minimized.
        x: Inputs, `[members, batch, ...]`, or `[seeds, batch, ...]`.
        y: Targets, `[members, batch]`.
        class_weights: What an example's loss is multiplied by, for each class, `[classes]`.
        loss_scale: What losses are multiplied by before the backward pass, and gradients divided by after it.
    """
    variables = [v.value for v in population.trainable]
    with tf.GradientTape() as tape:
        tape.watch(variables)
        outputs = population(x, training=True)
        by_example = objective.losses(y, outputs)
        if class_weights is not None:
            by_example *= tf.gather(class_weights, y)
        data_losses = tf.reduce_mean(by_example, axis=1)
        losses = data_losses + population.penalty()
        total = tf.reduce_sum(losses if loss_scale is None else loss_scale.scaled(losses))
    gradients = tape.gradient(total, variables, unconnected_gradients=tf.UnconnectedGradients.ZERO)
    # An embedding's gradient may come as slices, which add up only when they are made dense.
    dense = [tf.convert_to_tensor(gradient) for gradient in gradients]
    if loss_scale is not None:
        dense = loss_scale.unscaled(dense)
    return BackwardPass(losses, dense, data_losses)


def take_step(
    population: Population,
    objective: Objective,
    optimizer: MemberOptimizer,
    alive: keras.Variable,
    x: tf.Tensor,
    y: tf.Tensor,
    class_weights: tf.Tensor | None = None,
    loss_scale: LossScale | None = None,
) -> StepStatistics:
    """Take one step against the gradient.

    A member whose loss or gradient is no number is put back to where it stood before the step and stays
    there: it is no longer alive. No other member notices.

    A member that skips the step, as its loss scale says, is put back too, its optimizer and moving statistics
    included, and goes on with the next. It counts as a step without a gradient.

    Args:
        population: The models, whose weights move.
        objective: What is minimized.
        optimizer: Turns gradients into steps.
        alive: Which members have not diverged, `[members]`.
        x: Inputs, `[members, batch, ...]`, or `[seeds, batch, ...]`.
        y: Targets, `[members, batch]`.
        class_weights: What an example's loss is multiplied by, for each class, `[classes]`.
        loss_scale: What losses are scaled by, where gradients go through float16.
    """
    before = dict(zip(map(id, population.weights), values_of(population.weights), strict=True))
    losses, gradients, data_losses = loss_and_gradients(
        population, objective, x, y, class_weights, loss_scale
    )
    by_variable = [square_sums(gradient) for gradient in gradients]
    gradient_norm = tf.sqrt(tf.add_n(by_variable))
    skipped = None
    if loss_scale is not None:
        skipped = loss_scale.adapt(tf.math.is_finite(gradient_norm)) & tf.math.is_finite(losses)
        gradients = [tf.where(shaped(skipped, g), 0.0, g) for g in gradients]
        by_variable = [tf.where(skipped, 0.0, squares) for squares in by_variable]
        gradient_norm = tf.where(skipped, 0.0, gradient_norm)
    optimizer.apply(gradients, gradient_norm, skipped)
    population.constrain()
    population.step.assign_add(1)
    finite = tf.math.is_finite(losses) & tf.math.is_finite(gradient_norm)
    alive.assign(alive.value & finite)
    for variable in population.weights:
        moved = alive.value if skipped is None else alive.value & ~skipped
        variable.assign(tf.where(shaped(moved, variable), variable.value, before[id(variable)]))
    starts = [before[id(v)] for v in population.trainable]
    moves = [v.value - start for v, start in zip(population.trainable, starts, strict=True)]
    groups = population.layers.values()
    return StepStatistics(
        loss=data_losses,
        gradient_norm=gradient_norm,
        layer_gradient_norms=_by_layer(by_variable, groups),
        layer_update_ratios=_by_layer(map(square_sums, moves), groups)
        / (_by_layer(map(square_sums, starts), groups) + 1e-12),
    )


def weight_norms(population: Population) -> tf.Tensor:
    """The length of each layer's weights, `[layers, members]`."""
    squares = [square_sums(v.value) for v in population.trainable]
    return _by_layer(squares, population.layers.values())


def _by_layer(squares: Iterable[tf.Tensor], layers: Iterable[list[int]]) -> tf.Tensor:
    """From the sums of squares of variables to the lengths of layers, `[layers, members]`."""
    listed = list(squares)
    return tf.stack([tf.sqrt(tf.add_n([listed[i] for i in places])) for places in layers])
