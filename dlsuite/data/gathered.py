"""Inputs that stay where they are until they are asked for: rows of a store, or windows of it.

Images in a memory-mapped file and the windows of a long series would be larger, as arrays of examples, than
what they are made of. Gathered inputs hold the store once, for all splits, and the place of each example.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from dlsuite.data.scaling import ChannelScaler

Array = np.ndarray[Any, Any]

_CHUNK_BYTES = 2**24
"""What is gathered at once where all examples are gone through."""
_ALIGNMENT = 64
"""TensorFlow takes an array as it is where its first byte's address is a multiple of this."""


def aligned_empty(shape: tuple[int, ...], dtype: Any) -> Array:
    """Make an array like `numpy.empty`, which TensorFlow can take without a copy."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    room = np.empty(size + _ALIGNMENT, np.uint8)
    begin = -room.ctypes.data % _ALIGNMENT
    made: Array = room[begin : begin + size].view(dtype).reshape(shape)
    return made


def aligned(array: Array) -> Array:
    """Give an array that TensorFlow can take without a copy: the same one, or a copy."""
    if is_aligned(array):
        return array
    made = aligned_empty(array.shape, array.dtype)
    made[...] = array
    return made


def is_aligned(array: Array) -> bool:
    """Whether TensorFlow can take an array without a copy."""
    return array.flags.c_contiguous and array.ctypes.data % _ALIGNMENT == 0


@dataclass(frozen=True, eq=False)
class Gathered:
    """Inputs `[n, ...]` of type float32, each gathered from a store when it is asked for.

    It can be measured, sliced and indexed like an array; what comes of that is an array. `np.asarray` gathers
    all of it.

    Attributes:
        store: `[m, ...]`: examples, or the steps of series one after another. It is not copied, and may be a
            memory-mapped file.
        places: Where each example is in the store, or begins there, int64 `[n]`.
        window: How many steps of the store an example is, one after another; 0 where it is a row.
        scaler: What is done to each channel of what is gathered; nothing but a cast if None.
        digest: What tells the store's content from any other; computed from the inputs themselves if empty.
    """

    store: Array
    places: Array
    window: int = 0
    scaler: "ChannelScaler | None" = None
    digest: str = ""

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape as an array."""
        window = (self.window,) if self.window else ()
        return (len(self.places), *window, *self.store.shape[1:])

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of what is gathered."""
        return np.dtype(np.float32)

    @property
    def nbytes(self) -> int:
        """The bytes held for these inputs, the store apart, which all splits share."""
        return int(self.places.nbytes)

    def __len__(self) -> int:
        """Return the number of examples."""
        return len(self.places)

    def __getitem__(self, index: Any) -> Array:
        """Gather examples: one, a slice, or those at some places."""
        at = self.places[index]
        if self.window:
            at = np.asarray(at)[..., None] + np.arange(self.window)
        found = self.store[at]
        return found.astype(np.float32) if self.scaler is None else self.scaler.transform(found)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        """Gather all examples."""
        whole = self[:]
        return whole if dtype is None else whole.astype(dtype, copy=False)

    def view(self) -> "Gathered":
        """The inputs themselves, which nobody can write to."""
        return self

    def setflags(self, *, write: bool) -> None:
        """Nothing can be written to them in any case."""

    def take(self, index: Any) -> "Gathered":
        """Choose examples, without gathering them."""
        return replace(self, places=self.places[index])

    def pieces(self) -> Iterator[Array]:
        """What tells these inputs from all others, piece by piece.

        That is the inputs themselves, as if they were an array; or, where the store's content is known by its
        digest, what is taken of it and how that is scaled.
        """
        if self.digest:
            yield np.frombuffer(f"{self.digest} {self.window}".encode(), np.uint8)
            yield self.places
            if self.scaler is not None:
                yield self.scaler.mean
                yield self.scaler.scale
            return
        size = max(1, _CHUNK_BYTES // max(1, 4 * int(np.prod(self.shape[1:]))))
        for at in range(0, len(self), size):
            yield self[at : at + size]
