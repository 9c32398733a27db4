"""The batches of an epoch: which training examples each step sees."""

from typing import NamedTuple

import keras
import numpy as np

from dlsuite.errors import SpecError
from dlsuite.training.streams import batch_order


class EpochBatches(NamedTuple):
    """The batches of an epoch, as rows of the training split.

    Attributes:
        whole: Batches of full size, `[steps, batch]`.
        last: The last, smaller one; empty if there is none.
        note: What a reader should know; empty if nothing.
    """

    whole: np.ndarray
    last: np.ndarray
    note: str

    @property
    def steps(self) -> int:
        """How many steps the epoch takes."""
        return len(self.whole) + bool(len(self.last))


def epoch_batches(
    model: keras.Model, *, seed: int, epoch: int, examples: int, batch_size: int
) -> EpochBatches:
    """Cut an epoch's order of examples into batches.

    The last batch is as small as it happens to be. One of a single example is skipped if the model has
    batch normalization: its variance is 0, and normalizing would erase it.

    Args:
        model: The model that sees them.
        seed: The trial's seed.
        epoch: The epoch, from 1.
        examples: How many training examples there are.
        batch_size: Examples in a batch; all of them if there are fewer.

    Raises:
        SpecError: Every batch would be a single example, and the model has batch normalization.
    """
    order = batch_order(seed, epoch, examples)
    size = min(batch_size, examples)
    end = examples // size * size
    whole, last = order[:end].reshape(-1, size), order[end:]
    if size == 1 and _has_batch_norm(model):
        raise SpecError(
            "batch_size: batch normalization needs at least 2 examples in a batch, since the variance of "
            "one is 0; got 1."
        )
    if len(last) == 1 and _has_batch_norm(model):
        note = "the last batch, of a single example, is skipped: it has no variance to normalize by"
        return EpochBatches(whole, last[:0], note)
    return EpochBatches(whole, last, "")


def _has_batch_norm(model: keras.Model) -> bool:
    return any(
        _has_batch_norm(layer)
        if isinstance(layer, keras.Model)
        else isinstance(layer, keras.layers.BatchNormalization)
        for layer in model.layers
    )
