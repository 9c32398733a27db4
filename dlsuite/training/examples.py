"""A data set laid out for the device: three splits in one array, in batches, padded with weight zero."""

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from dlsuite.data import Dataset
from dlsuite.training.objective import Objective

EVALUATION_BATCH = 32
"""Examples in a batch of the inference pass. It changes no result but for the last bits."""

_WINDOW = 64


class Examples(NamedTuple):
    """A data set on the device.

    The training split comes first, so that its example i is row i.

    Attributes:
        x: Inputs, `[batches, EVALUATION_BATCH, ...]`.
        y: Labels or standardized targets, `[batches, EVALUATION_BATCH]`.
        weights: 1 for an example, 0 for padding, `[batches, EVALUATION_BATCH]`.
        splits: Which split a batch belongs to, 0 for train, 1 for validation, 2 for test, `[batches]`.
        trained: The batches of the training and the validation split: the first and the one after the
            last, `[2]`.
        tested: Those of the test split, `[2]`.
    """

    x: tf.Tensor
    y: tf.Tensor
    weights: tf.Tensor
    splits: tf.Tensor
    trained: tf.Tensor
    tested: tf.Tensor


def place(data: Dataset, objective: Objective, *, dtype: str = "float32") -> Examples:
    """Lay a data set out on the device.

    Args:
        data: The data set.
        objective: Which standardizes the targets.
        dtype: Type of inputs and targets that are not whole numbers.
    """
    parts = [data.train, data.validation, data.test]
    batches = [-(-len(part) // EVALUATION_BATCH) for part in parts]
    first = [sum(batches[:number]) * EVALUATION_BATCH for number in range(len(parts))]
    rows = sum(batches) * EVALUATION_BATCH
    whole_numbers = np.issubdtype(data.train.x.dtype, np.integer)
    # Filled in place: data may be large, and its copies need not be.
    x = np.zeros((rows, *data.input_shape), data.train.x.dtype if whole_numbers else dtype)
    targets = [objective.standardize(part.y, dtype) for part in parts]
    y = np.zeros(rows, targets[0].dtype)
    weights = np.zeros(rows, dtype)
    for at, part, target in zip(first, parts, targets, strict=True):
        x[at : at + len(part)] = part.x
        y[at : at + len(part)] = target
        weights[at : at + len(part)] = 1
    splits = np.repeat(np.arange(len(parts), dtype=np.int32), batches)
    test_begins = sum(batches[:2])
    return Examples(
        x=tf.constant(_in_batches(x)),
        y=tf.constant(_in_batches(y)),
        weights=tf.constant(_in_batches(weights)),
        splits=tf.constant(splits),
        trained=tf.constant([0, test_begins]),
        tested=tf.constant([test_begins, len(splits)]),
    )


def bytes_of(examples: Examples) -> int:
    """How much memory a data set takes on the device."""
    return sum(int(part.shape.num_elements()) * int(part.dtype.size) for part in examples)


def window_of(examples: Examples) -> int:
    """How many batches are predicted at once: one compiled graph then serves splits of any size."""
    return min(int(examples.x.shape[0]), _WINDOW)


def _in_batches(array: np.ndarray) -> np.ndarray:
    """Fold an array `[batches * EVALUATION_BATCH, ...]` to `[batches, EVALUATION_BATCH, ...]`."""
    return array.reshape(-1, EVALUATION_BATCH, *array.shape[1:])
