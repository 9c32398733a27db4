"""Columns and channels of arrays, scaled to mean 0 and standard deviation 1."""

from dataclasses import dataclass

import numpy as np

from dlsuite.data.dataset import Array
from dlsuite.data.gathered import aligned_empty

_CHUNK_BYTES = 2**24
"""Bytes that are read at once from a file."""
_CHUNK = 65536
"""Examples that are scaled at once; what they need in float64 is all that is held beside the result."""


@dataclass(frozen=True, eq=False)
class ChannelScaler:
    """`float32((x - mean) / scale)`, each column or channel (the last axis) by itself, in float64.

    Attributes:
        mean: The mean of each channel in the training examples, float64 `[channels]`.
        scale: Their standard deviation, 1 for a constant channel, float64 `[channels]`.
    """

    mean: Array
    scale: Array

    @classmethod
    def fit(cls, x: Array) -> "ChannelScaler":
        """Learn mean and deviation from inputs `[n, ..., channels]`, by scikit-learn's `StandardScaler`."""
        from sklearn.preprocessing import StandardScaler

        with np.errstate(over="ignore", invalid="ignore"):  # `prepare` names what cannot be scaled.
            scaler = StandardScaler().fit(x.reshape(-1, x.shape[-1]))
        return cls(scaler.mean_.astype(np.float64), scaler.scale_.astype(np.float64))

    @classmethod
    def fit_bytes(cls, store: Array, places: Array) -> "ChannelScaler":
        """Learn mean and deviation from some of many images, a few at a time, exactly.

        Args:
            store: uint8 `[m, height, width, channels]`.
            places: The images to learn from.
        """
        width, ordered = int(np.prod(store.shape[1:])), np.sort(places)
        by_value = np.zeros((2, width), np.int64)
        # No more images at once than that 32 bits hold the sum of their squares.
        size = max(1, min(2**16, _CHUNK_BYTES // max(1, width)))
        for start in range(0, len(places), size):
            values = store[ordered[start : start + size]].reshape(-1, width)
            by_value[0] += values.sum(axis=0, dtype=np.uint32)
            by_value[1] += np.square(values, dtype=np.uint16).sum(axis=0, dtype=np.uint32)
        sums, squares = by_value.reshape(2, -1, store.shape[-1]).sum(axis=1)
        count = len(places) * int(np.prod(store.shape[1:-1]))
        # Whole numbers that Python does not round: count * squares may exceed 64 bits.
        spread = [count * int(q) - int(s) ** 2 for s, q in zip(sums, squares, strict=True)]
        deviation = np.sqrt(np.array(spread, dtype=np.float64)) / count
        return cls(sums / count, np.where(deviation > 0, deviation, 1.0))

    def transform(self, x: Array) -> Array:
        """Scale inputs `[n, ..., channels]`; float32 of the same shape."""
        scaled = aligned_empty(x.shape, np.float32)
        for start in range(0, len(x), _CHUNK):
            chunk = slice(start, start + _CHUNK)
            scaled[chunk] = (x[chunk].astype(np.float64) - self.mean) / self.scale
        return scaled
