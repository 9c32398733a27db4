"""The three parts of a data set, and how examples come to them: by lot, or in time order.

Independent examples are split 60/20/20 by lot, classes in proportion; a series in time order, each
part with windows of its own values only. Inputs stay as they were read; scaling and encoding come
after.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from dlsuite.data.dataset import Array
from dlsuite.data.draws import Purpose, generator
from dlsuite.errors import DataError

if TYPE_CHECKING:
    from dlsuite.data.raw import TimeSeries

SHARE_HELD_OUT = 0.2
"""The share of the examples that goes to validation, and again to test."""

FEWEST_OF_A_CLASS = 3
"""With fewer examples of a class, the lot could leave training without one."""


@dataclass(frozen=True, eq=False)
class Part:
    """Some of the examples.

    Attributes:
        x: Inputs `[n, ...]`, texts `[n]` or the places of rows `[n]` among them.
        y: Labels or targets `[n]`.
        last_value: For series, the prediction `[n]` that nothing will change; else None.
    """

    x: Any
    y: Array
    last_value: Array | None = None

    def __len__(self) -> int:
        """Return the number of examples."""
        return len(self.y)

    def take(self, index: Array | slice) -> "Part":
        """Return the examples at these places."""
        last_value = None if self.last_value is None else self.last_value[index]
        return Part(self.x[index], self.y[index], last_value)


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


def split_in_time(series: "TimeSeries") -> tuple[Parts, tuple[str, ...]]:
    """Split a series 60/20/20 in time order, then take windows from each part by itself.

    No window crosses a border, so validation and test windows hold nothing that was trained on.
    Windows with a missing value are left out rather than filled: a value interpolated from both
    sides would tell a model the future.

    Returns:
        The parts, windows `[n, window, channels]` in time order, and notes on what was left out.

    Raises:
        DataError: The window is too long for a part, or no window of a part is complete.
    """
    steps = len(series.values)
    borders = [round((1 - 2 * SHARE_HELD_OUT) * steps), round((1 - SHARE_HELD_OUT) * steps)]
    stretches = np.split(series.values, borders)
    longest = min(len(stretch) for stretch in stretches) - 1 - series.difference
    if series.window > longest:
        raise DataError(
            f"window: expected at most {longest} steps, so that each part of the series' {steps} "
            f"steps (60/20/20) holds a window and the value after it; got {series.window}."
        )
    found = [_windows(stretch, series) for stretch in stretches]
    for name, (part, _) in zip(("training", "validation", "test"), found, strict=True):
        if not len(part):
            raise DataError(
                f"window: expected complete windows in the {name} part; each of {series.window} "
                "steps holds a missing value. Choose a shorter window."
            )
    left_out = sum(dropped for _, dropped in found)
    notes: tuple[str, ...] = ()
    if left_out:
        total = left_out + sum(len(part) for part, _ in found)
        notes = (f"{left_out} of {total} windows hold a missing value and are left out.",)
    return Parts(*(part for part, _ in found)), notes


def _windows(values: Array, series: "TimeSeries") -> tuple[Part, int]:
    """Take every complete window, and count the others."""
    if series.difference:
        values = np.diff(values, axis=0)
    stretches = np.lib.stride_tricks.sliding_window_view(values, series.window + 1, axis=0)
    complete = np.isfinite(stretches).all(axis=(1, 2))
    x = stretches[complete, :, :-1].transpose(0, 2, 1)
    y = stretches[complete, series.target, -1]
    last_value = np.zeros_like(y) if series.difference else x[:, -1, series.target]
    return Part(x, y, last_value), int((~complete).sum())


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
