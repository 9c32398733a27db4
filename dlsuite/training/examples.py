"""A data set laid out for the device: a store of inputs, and where in it each example of the splits is.

The inference pass goes through the splits in batches, padded with weight zero.
"""

from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from dlsuite.data import Dataset, Gathered
from dlsuite.data.gathered import aligned
from dlsuite.data.joined import BLOCK, beginnings, join
from dlsuite.training.devices import here
from dlsuite.training.objective import Objective

EVALUATION_BATCH = BLOCK
"""Examples in a batch of the inference pass. It changes no result but for the last bits."""

_WINDOW = 64
_WINDOW_BYTES = 2**26


class Examples(NamedTuple):
    """A data set on the device.

    The training split comes first, so that its example i is in row i.

    Attributes:
        store: Inputs `[m, ...]`, in whatever order: examples, or the steps of series.
        places: The place in the store where a row's example is or begins, `[batches, EVALUATION_BATCH]`.
        offsets: From there, the places of an example's steps, `[window]`; empty where it is a single place.
        mean: What is taken from each channel of what is gathered, float64 `[channels]`; empty if nothing.
        scale: What that is divided by, float64, of the same shape.
        y: Labels or standardized targets, `[batches, EVALUATION_BATCH]`.
        weights: 1 for an example, 0 for padding, `[batches, EVALUATION_BATCH]`.
        splits: Which split a batch belongs to, 0 for train, 1 for validation, 2 for test, `[batches]`.
        trained: The batches of the training and the validation split: the first and the one after the
            last, `[2]`.
        tested: Those of the test split, `[2]`.
    """

    store: tf.Tensor
    places: tf.Tensor
    offsets: tf.Tensor
    mean: tf.Tensor
    scale: tf.Tensor
    y: tf.Tensor
    weights: tf.Tensor
    splits: tf.Tensor
    trained: tf.Tensor
    tested: tf.Tensor

    def inputs(self, rows: tf.Tensor) -> tf.Tensor:
        """Gather the inputs of rows, as they were or will be in the data set.

        Args:
            rows: Whole numbers of any shape.

        Returns:
            `[*rows, ...]`.
        """
        return self._gather(tf.gather(tf.reshape(self.places, [-1]), rows))

    def batches(self, index: Any) -> tf.Tensor:
        """Gather the inputs of a batch, `[EVALUATION_BATCH, ...]`, or of a slice of batches."""
        return self._gather(self.places[index])

    def targets(self, rows: tf.Tensor) -> tf.Tensor:
        """Gather the targets of rows, of the rows' shape."""
        return tf.gather(tf.reshape(self.y, [-1]), rows)

    def _gather(self, places: tf.Tensor) -> tf.Tensor:
        if self.offsets.shape[0]:
            places = places[..., None] + self.offsets
        x = tf.gather(self.store, places)
        if self.mean.shape[0]:  # In the order and the precision of `ChannelScaler`: the same bits.
            x = tf.cast((tf.cast(x, tf.float64) - self.mean) / self.scale, tf.float32)
        return x


def place(data: Dataset, objective: Objective, *, dtype: str = "float32") -> Examples:
    """Lay a data set out on the device.

    Args:
        data: The data set.
        objective: Which standardizes the targets.
        dtype: Type of inputs and targets that are not whole numbers.
    """
    parts = [data.train, data.validation, data.test]
    batches = [-(-len(part) // EVALUATION_BATCH) for part in parts]
    first, rows = beginnings([len(part) for part in parts])
    targets = [objective.standardize(part.y, dtype) for part in parts]
    y = np.zeros(rows, targets[0].dtype)
    weights = np.zeros(rows, dtype)
    for at, part, target in zip(first, parts, targets, strict=True):
        y[at : at + len(part)] = target
        weights[at : at + len(part)] = 1
    splits = np.repeat(np.arange(len(parts), dtype=np.int32), batches)
    test_begins = sum(batches[:2])
    return Examples(
        **_inputs(data, first, rows, dtype),
        y=tf.constant(_in_batches(y)),
        weights=tf.constant(_in_batches(weights)),
        splits=tf.constant(splits),
        trained=tf.constant([0, test_begins]),
        tested=tf.constant([test_begins, len(splits)]),
    )


def _inputs(data: Dataset, first: list[int], rows: int, dtype: str) -> dict[str, tf.Tensor]:
    """The store, and where each row's example is in it."""
    xs = [data.train.x, data.validation.x, data.test.x]
    places = np.zeros(rows, np.int32)
    gathered = [x for x in xs if isinstance(x, Gathered)]
    if len({id(x.store) for x in gathered}) == 1 and len(gathered) == len(xs):
        for at, of_split in zip(first, gathered, strict=True):
            places[at : at + len(of_split)] = of_split.places
        return _store(_on_device(gathered[0].store), places, gathered[0])
    for at, x in zip(first, xs, strict=True):
        places[at : at + len(x)] = np.arange(at, at + len(x))
    type_ = xs[0].dtype if np.issubdtype(xs[0].dtype, np.integer) else np.dtype(dtype)
    store = data.store
    if store is None or store.dtype != type_:
        store = join([np.asarray(x) for x in xs], type_)
    return _store(_on_device(store), places)


def _store(
    store: tf.Tensor, places: np.ndarray, gathered: Gathered | None = None
) -> dict[str, tf.Tensor]:
    scaler = gathered.scaler if gathered is not None else None
    return {
        "store": store,
        "places": tf.constant(_in_batches(places)),
        "offsets": tf.range(gathered.window if gathered is not None else 0),
        "mean": tf.constant([] if scaler is None else scaler.mean, tf.float64),
        "scale": tf.constant([] if scaler is None else scaler.scale, tf.float64),
    }


def _on_device(store: np.ndarray) -> tf.Tensor:
    """Make an array a tensor; without a copy where it can be, so that a mapped file stays on the disk."""
    if here():
        return tf.constant(store)
    return tf.experimental.dlpack.from_dlpack(np.asarray(_Lent(aligned(store))).__dlpack__())


class _Lent:
    """An array lent to somebody who does not write to it: NumPy gives away only what may be written to."""

    def __init__(self, array: np.ndarray) -> None:
        self._array = array  # As long as it is lent.
        self.__array_interface__ = {**array.__array_interface__, "data": (array.ctypes.data, False)}


def bytes_of(examples: Examples) -> int:
    """How much memory a data set takes on the device."""
    return sum(int(part.shape.num_elements()) * int(part.dtype.size) for part in examples)


def window_of(examples: Examples) -> int:
    """How many batches are predicted at once: one compiled graph then serves splits of any size."""
    steps = max(1, int(examples.offsets.shape[0]))
    of_batch = 4 * EVALUATION_BATCH * steps * int(np.prod(examples.store.shape[1:]))
    return min(int(examples.places.shape[0]), _WINDOW, max(1, _WINDOW_BYTES // of_batch))


def _in_batches(array: np.ndarray) -> np.ndarray:
    """Fold an array `[batches * EVALUATION_BATCH, ...]` to `[batches, EVALUATION_BATCH, ...]`."""
    return array.reshape(-1, EVALUATION_BATCH, *array.shape[1:])
