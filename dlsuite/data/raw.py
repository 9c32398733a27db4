"""What a loader returns: data as it was read, before any split, draw or scaling."""

from dataclasses import dataclass

import numpy as np

from dlsuite.data.dataset import Array
from dlsuite.errors import DataError


@dataclass(frozen=True, eq=False)
class Examples:
    """Examples of a table or images, independent of each other.

    Attributes:
        x: Inputs: `[n, columns]`, or `[n, height, width, channels]`.
        y: `[n]`: whole-number labels from 0, or targets in their own units.
        feature_names: Names of the columns; empty for images.
        class_names: By label; empty for regression.
        notes: What was done to the data that a reader should know.

    Raises:
        DataError: `x` and `y` differ in length, or hold NaN or infinity.
    """

    x: Array
    y: Array
    feature_names: tuple[str, ...] = ()
    class_names: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check the lengths and that all is finite."""
        _check_lengths("x", len(self.x), len(self.y))
        for name, array in (("x", self.x), ("y", self.y)):
            missing = int((~np.isfinite(array)).sum())
            if missing:
                raise DataError(
                    f"{name}: expected finite numbers; got NaN or infinity in {missing} places."
                )


@dataclass(frozen=True, eq=False)
class Phrases:
    """Short texts, independent of each other, each of one class.

    Attributes:
        texts: The texts, read character by character.
        labels: `[n]`: whole-number labels from 0.
        class_names: By label.
        length: Number of characters that a model reads: longer texts lose their end.
        notes: What was done to the data that a reader should know.

    Raises:
        DataError: `texts` and `labels` differ in length.
    """

    texts: tuple[str, ...]
    labels: Array
    class_names: tuple[str, ...]
    length: int
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check the lengths."""
        _check_lengths("texts", len(self.texts), len(self.labels))


@dataclass(frozen=True, eq=False)
class TimeSeries:
    """A series at regular steps, of which windows are taken to predict the next value.

    Attributes:
        values: `[time, channels]`, NaN where missing.
        feature_names: Names of the channels.
        window: Number of steps that a model reads.
        target: The channel to predict.
        difference: Whether a model reads and predicts changes from step to step, not levels.
        notes: What was done to the data that a reader should know.

    Raises:
        DataError: There is not one name for each channel.
    """

    values: Array
    feature_names: tuple[str, ...]
    window: int
    target: int = 0
    difference: bool = False
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check the shape."""
        if self.values.ndim != 2 or self.values.shape[1] != len(self.feature_names):
            raise DataError(
                f"values: expected shape (time, {len(self.feature_names)}), one channel for each "
                f"of feature_names; got {self.values.shape}."
            )


Raw = Examples | Phrases | TimeSeries


def _check_lengths(name: str, inputs: int, targets: int) -> None:
    if inputs != targets:
        raise DataError(f"{name}: expected as many as there are targets, {targets}; got {inputs}.")
