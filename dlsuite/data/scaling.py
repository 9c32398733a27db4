"""Columns and channels of arrays, scaled to mean 0 and standard deviation 1."""

from dataclasses import dataclass

import numpy as np

from dlsuite.data.dataset import Array

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

        scaler = StandardScaler().fit(x.reshape(-1, x.shape[-1]))
        return cls(scaler.mean_.astype(np.float64), scaler.scale_.astype(np.float64))

    def transform(self, x: Array) -> Array:
        """Scale inputs `[n, ..., channels]`; float32 of the same shape."""
        scaled = np.empty(x.shape, np.float32)
        for start in range(0, len(x), _CHUNK):
            chunk = slice(start, start + _CHUNK)
            scaled[chunk] = (x[chunk].astype(np.float64) - self.mean) / self.scale
        return scaled
