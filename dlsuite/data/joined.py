"""The inputs of all splits in one array, one after another, which a device takes without a copy of its own.

A data set is held once then, and goes to another process in one piece.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from dlsuite.data.gathered import Array, aligned_empty
from dlsuite.data.mapped import mapped_file

BLOCK = 32
"""A split begins in a row that is a multiple of this. The rows between it and the one before are zero."""


def beginnings(lengths: Sequence[int]) -> tuple[list[int], int]:
    """Say where splits of some lengths begin.

    Returns:
        The first row of each, and how many rows there are.
    """
    blocks = [-(-length // BLOCK) for length in lengths]
    return [BLOCK * sum(blocks[:number]) for number in range(len(blocks))], BLOCK * sum(blocks)


def can_be_joined(xs: Sequence[Any]) -> bool:
    """Whether inputs are arrays of one type and shape, in memory: what is in a file shall stay there."""
    return all(
        isinstance(x, np.ndarray)
        and (x.dtype, x.shape[1:]) == (xs[0].dtype, xs[0].shape[1:])
        and x.dtype.kind in "fiu"
        and mapped_file(x) is None
        for x in xs
    )


def join(xs: Sequence[Array], dtype: Any = None) -> Array:
    """Copy inputs into one array.

    Args:
        xs: Those of each split, `[n, ...]`.
        dtype: The array's type; theirs if absent.

    Returns:
        `[rows, ...]`, aligned as TensorFlow wants it.
    """
    first, rows = beginnings([len(x) for x in xs])
    store = aligned_empty((rows, *xs[0].shape[1:]), xs[0].dtype if dtype is None else dtype)
    for x, begin, end in zip(xs, first, [*first[1:], rows], strict=True):
        store[begin : begin + len(x)] = x
        store[begin + len(x) : end] = 0
    return store


def parted(store: Array, lengths: Sequence[int]) -> list[Array]:
    """The inputs of splits of some lengths, as views of the array that `join` has made of them."""
    first, _ = beginnings(lengths)
    return [store[begin : begin + length] for begin, length in zip(first, lengths, strict=True)]


def lie_in(store: Array, xs: Sequence[Any]) -> bool:
    """Whether inputs are the views of an array that `parted` gives."""
    return all(isinstance(x, np.ndarray) for x in xs) and all(
        _where(x) == _where(part)
        for x, part in zip(xs, parted(store, [len(x) for x in xs]), strict=True)
    )


def _where(array: Array) -> tuple[Any, ...]:
    return array.ctypes.data, array.shape, array.strides, array.dtype
