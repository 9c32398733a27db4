"""The three parts of a data set, and how independent examples come to them: by lot.

They are split 60/20/20, classes in proportion. Inputs stay as they were read; scaling and encoding come
after. A series is split in `dlsuite.data.windows`.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from dlsuite.data.dataset import Array
from dlsuite.data.draws import Purpose, generator
from dlsuite.data.gathered import Gathered
from dlsuite.errors import DataError

SHARE_HELD_OUT = 0.2
"""The share of the examples that goes to validation, and again to test."""

FEWEST_OF_A_CLASS = 3
"""With fewer examples of a class, the lot could leave training without one."""


@dataclass(frozen=True, eq=False)
class Part:
    """Some of the examples.

    Attributes:
        x: Inputs `[n, ...]`: an array, of texts or of the places of rows too, or `Gathered`.
        y: Labels or targets `[n]`.
        last_value: For series, the prediction `[n]` that nothing will change; else None.
        seasonal: For series with a season, the prediction `[n]` that all is as it was a season ago.
    """

    x: Any
    y: Array
    last_value: Array | None = None
    seasonal: Array | None = None

    def __len__(self) -> int:
        """Return the number of examples."""
        return len(self.y)

    def take(self, index: Array | slice) -> "Part":
        """Return the examples at these places."""
        last_value, seasonal = (
            None if values is None else values[index] for values in (self.last_value, self.seasonal)
        )
        x = self.x.take(index) if isinstance(self.x, Gathered) else self.x[index]
        return Part(x, self.y[index], last_value, seasonal)


@dataclass(frozen=True, eq=False)
class Parts:
    """Training, validation and test examples.

    Attributes:
        train: In an order of which any beginning (series: any end) is a fair smaller training set.
        validation: In no particular order, or in time order.
        test: Likewise.
    """

    train: Part
    validation: Part
    test: Part

    def map_x(self, change: Callable[[Any], Any]) -> "Parts":
        """Return the parts with changed inputs."""
        return Parts(*(replace(p, x=change(p.x)) for p in (self.train, self.validation, self.test)))


def split_by_lot(x: Array, y: Array, *, classes: int, split_seed: int) -> Parts:
    """Split independent examples 60/20/20, classes in proportion.

    The training examples are ordered so that the first n hold every class in proportion, for any n
    that is at least the number of classes; a smaller training set is a beginning of a larger one.

    Args:
        x: Inputs `[n, ...]`.
        y: Labels or targets `[n]`.
        classes: Number of classes, 0 for regression.
        split_seed: What the split and the order are drawn from.

    Raises:
        DataError: There are too few examples, of a class or on the whole.
    """
    from sklearn.model_selection import train_test_split

    held_out = round(SHARE_HELD_OUT * len(y))
    _check_enough(y, classes, held_out)
    seeds = generator(Purpose.SPLIT, split_seed).integers(2**32, size=2)

    def hold_out(index: Array, seed: int) -> tuple[Array, Array]:
        rest, taken = train_test_split(
            index, test_size=held_out, random_state=seed, stratify=y[index] if classes else None
        )
        return rest, taken

    rest, test = hold_out(np.arange(len(y)), int(seeds[0]))
    train, validation = hold_out(rest, int(seeds[1]))
    train = generator(Purpose.TRAIN_ORDER, split_seed).permutation(train)
    if classes:
        train = train[interleaved(y[train], classes)]
    everything = Part(x, y)
    return Parts(everything.take(train), everything.take(validation), everything.take(test))


def interleaved(labels: Array, classes: int) -> Array:
    """Order examples so that every beginning holds the classes in proportion, one of each first."""
    counts = np.bincount(labels, minlength=classes)
    by_class = np.argsort(labels, kind="stable")
    rank = np.empty(len(labels), dtype=np.int64)
    rank[by_class] = np.arange(len(labels)) - np.repeat(np.cumsum(counts) - counts, counts)
    order: Array = np.argsort(rank / counts[labels], kind="stable")
    return order


def _check_enough(y: Array, classes: int, held_out: int) -> None:
    least = max(classes, 1)
    if held_out < least:
        raise DataError(
            f"expected at least {round(least / SHARE_HELD_OUT)} examples, so that validation and "
            f"test, a fifth each, hold {least} or more; got {len(y)}."
        )
    if classes == 1:
        raise DataError("class_names: expected 2 classes or more; got 1.")
    if classes:
        if y.min() < 0 or y.max() >= classes:
            raise DataError(
                f"expected labels from 0 to {classes - 1}, one for each of class_names; "
                f"got {y.min()} to {y.max()}."
            )
        counts = np.bincount(y, minlength=classes)
        rarest = int(np.argmin(counts))
        if counts[rarest] < FEWEST_OF_A_CLASS:
            raise DataError(
                f"expected at least {FEWEST_OF_A_CLASS} examples of each class, so that training "
                f"holds one; got {counts[rarest]} of class {rarest}."
            )
