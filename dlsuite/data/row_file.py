"""An array in a file of NumPy's own format, written before anybody knows how many rows there will be."""

import io
import os
from typing import IO, Any

import numpy as np

Array = np.ndarray[Any, Any]


class RowFile:
    """Writes an array whose length is known at the end, as NumPy's own file.

    Args:
        file: An empty file.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._shape: tuple[int, ...] = (0,)

    def begin(self, sizes: tuple[int, ...]) -> None:
        """Begin, or begin anew, with rows of a shape."""
        self._shape = (0, *sizes)
        self._file.seek(0)
        self._file.truncate()
        self._file.write(array_header(self._shape))

    def append(self, rows: Array) -> None:
        """Write some rows, uint8 `[n, ...]`."""
        self._shape = (self._shape[0] + len(rows), *self._shape[1:])
        self._file.write(np.ascontiguousarray(rows).data)

    def finish(self) -> list[int]:
        """Write how many they are, and see that they are on the disk; the shape of all."""
        self._file.seek(0)
        self._file.write(array_header(self._shape))
        self._file.flush()
        # A disk that is full may say so only now, and a file moved into place should be whole.
        os.fsync(self._file.fileno())
        return list(self._shape)


def array_header(shape: tuple[int, ...]) -> bytes:
    """The beginning of NumPy's file; of one length for any number of rows."""
    buffer = io.BytesIO()
    described = {"descr": "|u1", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(buffer, described)
    return buffer.getvalue()
