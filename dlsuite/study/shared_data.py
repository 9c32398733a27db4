"""Data sets that are held once for all processes of this machine: written to a temporary file, and mapped.

A data set is pickled, and its arrays stand behind that as they are in memory, so that whoever maps the file
has them without a copy. Arrays that are in a mapped file already stay there: it is only said where.

Where the system tells other processes a way to a file without a name, it has none, and is gone with the last
process that has it, whatever ends them. Elsewhere it has one, and is removed when the run's workers go; what
a killed run has left is removed by the next.
"""

import contextlib
import io
import itertools
import mmap
import os
import pickle
import tempfile
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import cloudpickle
import numpy as np

from dlsuite.data import Dataset
from dlsuite.data.mapped import MappedPlace, mapped_place
from dlsuite.errors import SpecError
from dlsuite.study.setups import data_of, load
from dlsuite.study.trial import Trial

try:
    import fcntl
except ImportError:  # Not on Windows, where a file that somebody has open cannot be removed.
    fcntl = None  # type: ignore[assignment]

PREFIX = "dlsuite-data-"
"""How files begin that have a name; they are in the system's temporary folder, which TMPDIR names."""
_ALIGNMENT = 64
"""An array begins at a multiple of so many bytes, as TensorFlow wants it."""

_numbers = itertools.count()


@dataclass(frozen=True)
class SharedData:
    """Where a data set is, for another process of this machine.

    Attributes:
        path: The file.
        number: What tells it from others of the process that wrote it, which may have had the same path.
        pieces: Where the pickled data set begins and ends, then each of its arrays.
    """

    path: str
    number: int
    pieces: tuple[tuple[int, int], ...]

    def open(self) -> Dataset:
        """Map the data set into memory.

        Raises:
            DataError: A file that it is mapped from is gone.
            OSError: The process that has written it has ended.
        """
        with open(self.path, "rb") as file:
            mapped = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        pickled, *arrays = (mapped[begin:end] for begin, end in self.pieces)
        data: Dataset = pickle.loads(pickled, buffers=arrays)
        return data


@dataclass(frozen=True)
class SentData:
    """A data set that could not be shared, for a process that gets a copy of its own.

    Attributes:
        pickled: The data set.
    """

    pickled: bytes

    def open(self) -> Dataset:
        """Give the data set."""
        data: Dataset = pickle.loads(self.pickled)
        return data


class SharedDataSets:
    """The data sets that a run has shared. They can be opened until they are cleared."""

    def __init__(self) -> None:
        self._known: dict[Hashable, SharedData | SentData] = {}
        self._files: list[IO[bytes]] = []

    def of(self, trial: Trial, say: Callable[[str], None]) -> SharedData | SentData:
        """Share the data set of a trial, which is loaded and written once.

        This process holds it no longer apart, but as the others do.

        Args:
            trial: The trial.
            say: Told why it cannot be shared.

        Returns:
            Where it is; the data set itself where it cannot be shared.

        Raises:
            DataError, SpecError: It cannot be loaded, or not be pickled.
        """
        key = data_of(trial)
        if key not in self._known:
            data = load(trial)
            try:
                shared = self._write(data)
                data.move_to(shared.open())
                self._known[key] = shared
            except OSError as error:
                said = " ".join(f"{type(error).__name__}: {error}".split())
                say(
                    f"data set {data.name!r} cannot be shared, and every worker process has a copy of its "
                    f"own ({said}). If the temporary folder has no room, let TMPDIR name another."
                )
                self._known[key] = SentData(_pickled(data))
        return self._known[key]

    def clear(self) -> None:
        """Give the files up; who has opened one still has it."""
        self._known.clear()
        while self._files:
            _remove(self._files.pop())

    def _write(self, data: Dataset) -> SharedData:
        arrays: list[pickle.PickleBuffer] = []
        pickled = _pickled(data, arrays.append)
        file, path = _new_file()
        pieces = []
        try:
            contents: list[bytes | memoryview] = [pickled, *(array.raw() for array in arrays)]
            for piece in contents:
                begin = -(-file.tell() // _ALIGNMENT) * _ALIGNMENT
                file.seek(begin)
                file.write(piece)
                pieces.append((begin, begin + len(piece)))
            file.flush()
        except BaseException:
            _remove(file)
            raise
        self._files.append(file)
        return SharedData(path, next(_numbers), tuple(pieces))


def _pickled(data: Dataset, apart: Callable[[pickle.PickleBuffer], object] | None = None) -> bytes:
    """Pickle a data set; its arrays are handed to `apart`, if it is given."""
    stream = io.BytesIO()
    try:
        _Pickler(stream, protocol=5, buffer_callback=apart).dump(data)
    except (pickle.PicklingError, TypeError, AttributeError) as error:
        raise SpecError(
            f"data set {data.name!r} cannot be handed to a worker process ({error}); train in one process."
        ) from error
    return stream.getvalue()


class _Pickler(cloudpickle.Pickler):
    """Pickles what a notebook has defined too, and of arrays in mapped files only where they are."""

    def reducer_override(self, thing: Any) -> Any:
        """How something is pickled that is not to be as always."""
        if isinstance(thing, np.ndarray):
            place = mapped_place(thing)
            if place is not None:
                return MappedPlace.map, (place,)
            if isinstance(thing, np.memmap):  # Else it would be pickled as bytes within the rest.
                return np.asarray(thing).__reduce_ex__(5)
        return super().reducer_override(thing)


def _new_file() -> tuple[IO[bytes], str]:
    """An empty file, and where other processes of this machine find it."""
    file: Any = tempfile.TemporaryFile()  # noqa: SIM115 - it stays open.
    path = _nameless(file.fileno())
    if path is not None:
        return file, path
    file.close()
    _remove_leftovers()
    while True:
        file = tempfile.NamedTemporaryFile(prefix=PREFIX, delete=False)  # noqa: SIM115
        if fcntl is not None:
            with contextlib.suppress(OSError):
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.exists(file.name):
            return file, file.name
        file.close()  # Another process took it for a leftover before it was locked.


def _nameless(descriptor: int) -> str | None:
    """Where others find a file that this process has open; None where the system does not tell them."""
    path = f"/proc/{os.getpid()}/fd/{descriptor}"
    try:
        there = os.path.samestat(os.stat(path), os.fstat(descriptor))
    except OSError:
        return None
    return path if there else None


def _remove(file: IO[bytes]) -> None:
    with contextlib.suppress(OSError):
        file.close()  # What could not be written is tried again here.
    if isinstance(file.name, str):
        with contextlib.suppress(OSError):
            os.unlink(file.name)


def _remove_leftovers() -> None:
    """Remove files of processes that have ended: those that nobody has locked, or open."""
    for path in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            if fcntl is None:
                path.unlink()
                continue
            with path.open("r+b") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink()
