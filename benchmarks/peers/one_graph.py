"""One ordinary Keras model with its whole epoch in one XLA graph; convolutions are XLA's own.

What the epoch in a graph brings by itself, without a population.
"""

import time

import keras
import tensorflow as tf

from benchmarks.cases import BATCH, Case
from benchmarks.peers.keras_model import adam, cross_entropy, keras_model, trainable_parameters
from benchmarks.peers.measured import Measured


def run(case: Case, *, models: int, epochs: int) -> Measured:
    """Train models one after another, each with a graph of its own.

    Args:
        case: What is trained.
        models: How many models.
        epochs: Epochs of each; the first, which compiles, is not counted.
    """
    training, _ = case.data()
    x, y = tf.constant(training.x), tf.constant(training.y)
    trains, trainings = [], []
    for member in range(models):
        began = time.perf_counter()
        keras.utils.set_random_seed(case.seed(member))
        model = keras_model(case)
        epoch_of = _epoch_of(model, adam(case.learning_rate(member)))
        seconds = []
        for epoch in range(epochs):
            rows = tf.constant(case.rows(case.seed(member), epoch))
            assert rows.shape == (case.steps, BATCH)
            start = time.perf_counter()
            epoch_of(x, y, rows).numpy()
            seconds.append(time.perf_counter() - start)
        trains.append(seconds)
        trainings.append(time.perf_counter() - began)
    return Measured(parameters=trainable_parameters(model), train=trains, trainings=trainings)


def _epoch_of(
    model: keras.Model, optimizer: keras.optimizers.Optimizer
) -> tf.types.experimental.PolymorphicFunction:
    optimizer.build(model.trainable_variables)
    loss_function = cross_entropy()

    @tf.function(jit_compile=True)
    def epoch(x: tf.Tensor, y: tf.Tensor, batches: tf.Tensor) -> tf.Tensor:
        total = tf.zeros([])
        for index in tf.range(batches.shape[0]):
            rows = batches[index]
            with tf.GradientTape() as tape:
                logits = model(tf.gather(x, rows), training=True)
                loss = loss_function(tf.gather(y, rows), logits)
            variables = [variable.value for variable in model.trainable_variables]
            optimizer.apply(tape.gradient(loss, variables), model.trainable_variables)
            total += loss
        return total

    return epoch
