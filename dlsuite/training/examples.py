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
    parts_x, parts_y, parts_weight = [], [], []
    splits: list[int] = []
    for number, name in enumerate(("train", "validation", "test")):
        split = getattr(data, name)
        x = split.x if np.issubdtype(split.x.dtype, np.integer) else split.x.astype(dtype)
        batches = -(-len(split) // EVALUATION_BATCH)
        parts_x.append(_in_batches(x, batches))
        parts_y.append(_in_batches(objective.standardize(split.y, dtype), batches))
        parts_weight.append(_in_batches(np.ones(len(split), dtype), batches))
        splits += [number] * batches
    return Examples(
        x=tf.constant(np.concatenate(parts_x)),
        y=tf.constant(np.concatenate(parts_y)),
        weights=tf.constant(np.concatenate(parts_weight)),
        splits=tf.constant(splits),
        trained=tf.constant([0, splits.index(2)]),
        tested=tf.constant([splits.index(2), len(splits)]),
    )


def window_of(examples: Examples) -> int:
    """How many batches are predicted at once: one compiled graph then serves splits of any size."""
    return min(int(examples.x.shape[0]), _WINDOW)


def _in_batches(array: np.ndarray, batches: int) -> np.ndarray:
    """Fill an array `[n, ...]` up with zeros to `[batches, EVALUATION_BATCH, ...]`."""
    missing = batches * EVALUATION_BATCH - len(array)
    padded = np.concatenate([array, np.zeros((missing, *array.shape[1:]), array.dtype)])
    return padded.reshape(batches, EVALUATION_BATCH, *array.shape[1:])
