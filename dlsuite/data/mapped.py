"""Arrays in mapped files: where in which file they are, so that another process need not be sent a copy."""

from typing import Any, NamedTuple

import numpy as np

from dlsuite.errors import DataError

Array = np.ndarray[Any, Any]


class MappedPlace(NamedTuple):
    """Where an array is in a file of this machine.

    Attributes:
        path: The file.
        offset: Its first byte there.
        dtype: Its type.
        shape: Its shape, the last axis running fastest.
    """

    path: str
    offset: int
    dtype: "np.dtype[Any]"
    shape: tuple[int, ...]

    def map(self) -> Array:
        """Map it into memory, to be read.

        Raises:
            DataError: The file is gone, or shorter than it was.
        """
        try:
            return np.memmap(self.path, self.dtype, mode="r", offset=self.offset, shape=self.shape)
        except (OSError, ValueError) as error:
            raise DataError(
                f"{self.path}: the data that is trained on is mapped from this file, which is gone or cut "
                f"short ({error}). Leave it where it is until the run has ended."
            ) from error


def mapped_file(array: Array) -> "np.memmap[Any, Any] | None":
    """The mapping that an array is a view of, if it is one of a file."""
    owner: Any = array
    while isinstance(owner.base, np.ndarray):
        owner = owner.base
    return owner if isinstance(owner, np.memmap) and owner.filename is not None else None


def mapped_place(array: Array) -> MappedPlace | None:
    """Say where an array is in a file, if another process finds the same there.

    It does not in a private mapping, which may have been written to.
    """
    file = mapped_file(array)
    if file is None or file.mode == "c" or not array.size or not array.flags.c_contiguous:
        return None
    offset = file.offset + array.ctypes.data - file.ctypes.data
    return MappedPlace(str(file.filename), offset, array.dtype, array.shape)
