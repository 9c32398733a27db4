"""One step of gradient descent, as the textbook has it: forward pass, loss, backward pass, step."""

from typing import NamedTuple

import keras
import tensorflow as tf

from dlsuite.training.instrumented import InstrumentedModel
from dlsuite.training.objective import Objective


class StepStatistics(NamedTuple):
    """What a step tells about itself.

    Attributes:
        finite: Whether the loss and the gradient are numbers, a scalar.
        gradient_norm: Length of the whole gradient, a scalar.
        layer_gradient_norms: Length of each layer's part, `[layers]`.
        layer_update_ratios: How far each layer's weights moved, over their own length, `[layers]`.
    """

    finite: tf.Tensor
    gradient_norm: tf.Tensor
    layer_gradient_norms: tf.Tensor
    layer_update_ratios: tf.Tensor


def loss_and_gradients(
    trained: InstrumentedModel, objective: Objective, x: tf.Tensor, y: tf.Tensor
) -> tuple[tf.Tensor, list[tf.Tensor]]:
    """The forward and the backward pass.

    The loss is the mean over the batch, with the penalties on weights. The tape records the forward pass
    and goes back through it by the chain rule, which gives for every weight how much the loss changes with
    it: how much it contributes to the error.

    Args:
        trained: The model.
        objective: What is minimized.
        x: Inputs, `[batch, ...]`.
        y: Targets, `[batch]`.

    Returns:
        The loss, a scalar, and a gradient for each of the model's trainable variables, of its shape.
    """
    with tf.GradientTape() as tape:
        outputs = trained.model(x, training=True)
        loss = tf.reduce_mean(objective.losses(y, outputs)) + trained.penalty()
    variables = trained.model.trainable_variables
    gradients = tape.gradient(
        loss, [v.value for v in variables], unconnected_gradients=tf.UnconnectedGradients.ZERO
    )
    # An embedding's gradient comes as slices, for which Keras's optimizers have rules of their own.
    return loss, [tf.convert_to_tensor(gradient) for gradient in gradients]


def take_step(
    trained: InstrumentedModel,
    objective: Objective,
    optimizer: keras.optimizers.Optimizer,
    x: tf.Tensor,
    y: tf.Tensor,
) -> StepStatistics:
    """Take one step against the gradient.

    Args:
        trained: The model, whose weights move.
        objective: What is minimized.
        optimizer: Turns the gradient into a step.
        x: Inputs, `[batch, ...]`.
        y: Targets, `[batch]`.
    """
    variables = trained.model.trainable_variables
    before = [tf.identity(v.value) for v in variables]
    loss, gradients = loss_and_gradients(trained, objective, x, y)
    optimizer.apply(gradients, variables)
    trained.step.assign_add(1)
    moves = [v.value - old for v, old in zip(variables, before, strict=True)]
    layers = list(trained.layer_indices().values())
    gradient_norm = tf.linalg.global_norm(gradients)
    return StepStatistics(
        finite=tf.math.is_finite(loss) & tf.math.is_finite(gradient_norm),
        gradient_norm=gradient_norm,
        layer_gradient_norms=norms(gradients, layers),
        layer_update_ratios=norms(moves, layers) / (norms(before, layers) + 1e-12),
    )


def norms(tensors: list[tf.Tensor], groups: list[list[int]]) -> tf.Tensor:
    """The Euclidean length of each group of tensors taken together, `[groups]`."""
    return tf.stack([tf.linalg.global_norm([tensors[i] for i in group]) for group in groups])
