"""A plain tape loop: a `tf.function` step without XLA, called from Python once a batch."""

import time

import keras
import tensorflow as tf

from benchmarks.cases import BATCH, Case
from benchmarks.peers.keras_model import adam, cross_entropy, keras_model, trainable_parameters
from benchmarks.peers.measured import Measured


def run(case: Case, *, models: int, epochs: int) -> Measured:
    """Train models one after another.

    Args:
        case: What is trained.
        models: How many models.
        epochs: Epochs of each; the first, which traces, is not counted.
    """
    training, _ = case.data()
    x, y = tf.constant(training.x), tf.constant(training.y)
    trains, trainings = [], []
    for member in range(models):
        began = time.perf_counter()
        keras.utils.set_random_seed(case.seed(member))
        model = keras_model(case)
        step = _step_of(model, adam(case.learning_rate(member)))
        trains.append([_epoch(case, step, x, y, member, epoch) for epoch in range(epochs)])
        trainings.append(time.perf_counter() - began)
    return Measured(parameters=trainable_parameters(model), train=trains, trainings=trainings)


def _epoch(
    case: Case,
    step: tf.types.experimental.PolymorphicFunction,
    x: tf.Tensor,
    y: tf.Tensor,
    member: int,
    epoch: int,
) -> float:
    """Train for an epoch; returns its seconds."""
    batches = [tf.constant(rows) for rows in case.rows(case.seed(member), epoch)]
    assert len(batches) == case.steps and batches[0].shape == (BATCH,)
    began = time.perf_counter()
    for rows in batches:
        loss = step(x, y, rows)
    loss.numpy()
    return time.perf_counter() - began


def _step_of(
    model: keras.Model, optimizer: keras.optimizers.Optimizer
) -> tf.types.experimental.PolymorphicFunction:
    optimizer.build(model.trainable_variables)
    loss_function = cross_entropy()

    @tf.function(jit_compile=False)
    def step(x: tf.Tensor, y: tf.Tensor, rows: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            logits = model(tf.gather(x, rows), training=True)
            loss = loss_function(tf.gather(y, rows), logits)
        variables = [variable.value for variable in model.trainable_variables]
        optimizer.apply(tape.gradient(loss, variables), model.trainable_variables)
        return loss

    return step
