"""The inference pass: how wrong all members are on whole splits, and what they predict there."""

from typing import Any, NamedTuple

import tensorflow as tf

from dlsuite.training.examples import Examples
from dlsuite.training.members import Members, for_variants
from dlsuite.training.objective import Objective
from dlsuite.training.population import Population
from dlsuite.training.step import weight_norms


class Evaluation(NamedTuple):
    """What an inference pass tells.

    Attributes:
        means: The means of the objective's measures over the examples of each split,
            `[3, members, width]`; not numbers where none of its batches was looked at.
        dead_units: The share of units that are 0 for every training example, `[members, ReLU layers]`.
        weight_norms: The length of each layer's weights, `[members, layers]`.
    """

    means: tf.Tensor
    dead_units: tf.Tensor
    weight_norms: tf.Tensor


def evaluate(
    population: Population, objective: Objective, examples: Examples, batch_range: tf.Tensor
) -> Evaluation:
    """Look at examples without dropout, and with moving statistics.

    Args:
        population: The models.
        objective: What is measured.
        examples: The data.
        batch_range: The first batch, and the one after the last, `[2]`.
    """
    members, dtype = population.members, population.dtype

    def turn(index: tf.Tensor, total: tf.Tensor, count: tf.Tensor, highest: list[tf.Tensor]) -> Any:
        counts = examples.weights[index] > 0
        split = tf.one_hot(examples.splits[index], 3, dtype=dtype)
        outputs, active = population.measured(examples.batches(index)[None])
        measures = objective.measures(for_variants(examples.y[index][None], members), outputs)
        sums = tf.reduce_sum(tf.where(counts[:, None], measures, 0.0), axis=1)
        total += tf.where(split[:, None, None] > 0, sums, 0.0)
        count += split * tf.reduce_sum(examples.weights[index])
        highest = [
            tf.maximum(peak, tf.cast(_highest_by_unit(activations, counts & (split[0] > 0)), dtype))
            for peak, activations in zip(highest, active, strict=True)
        ]
        return index + 1, total, count, highest

    nothing = [tf.zeros([members, width], dtype) for width in population.active_units]
    _, total, count, highest = tf.while_loop(
        lambda index, *_: index < batch_range[1],
        turn,
        (
            batch_range[0],
            tf.zeros([3, members, objective.width], dtype),
            tf.zeros([3], dtype),
            nothing,
        ),
    )
    dead = [tf.reduce_mean(tf.cast(tf.equal(peak, 0.0), dtype), axis=1) for peak in highest]
    return Evaluation(
        means=total / count[:, None, None],
        dead_units=tf.stack(dead, axis=1) if dead else tf.zeros([members, 0], dtype),
        weight_norms=tf.transpose(weight_norms(population)),
    )


def predict(population: Population, x: tf.Tensor) -> tf.Tensor:
    """All members' outputs, without dropout and with moving statistics.

    Args:
        population: The models.
        x: Inputs, `[batches, EVALUATION_BATCH, ...]`.

    Returns:
        `[batches, members, EVALUATION_BATCH, outputs]`.
    """
    return tf.map_fn(lambda batch: population(batch[None]), x, fn_output_signature=population.dtype)


def _highest_by_unit(activations: list[Members], counts: tf.Tensor) -> tf.Tensor:
    """Each unit's greatest activation over a batch's examples and positions, padding apart.

    Args:
        activations: What a layer handed on in each of its calls.
        counts: Which examples are no padding, `[batch]`.

    Returns:
        `[members, units]`.
    """

    def by_example(x: Members) -> tf.Tensor:
        highest = tf.reduce_max(x.value, axis=list(range(2, x.value.shape.rank - 1)))
        return tf.transpose(highest, [0, 2, 1]) if x.batch_last else highest

    highest = tf.reduce_max(tf.stack([by_example(x) for x in activations]), axis=0)
    return tf.reduce_max(tf.where(counts[:, None], highest, 0.0), axis=1)
