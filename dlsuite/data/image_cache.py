"""Decoded images, kept on disk from one run to the next: `dlsuite/images` in the user's cache folder.

There are two levels. A listing (names, sizes, times) leads to a content without opening any file; a content
(the bytes of all files, and the shape) leads to the decoded array, however files are called and whenever they
were touched. Whatever is written is written beside and moved into place, so that nobody meets half a file;
whoever finds another process decoding the same waits for it. An array of the wrong length is made again.

The newest array stays; those not used for longest go once all take more than `MOST_GIB`, but for those that a
process has open.
"""

import atexit
import json
import math
import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO, Any

import numpy as np

from dlsuite.cache import cache_folder
from dlsuite.data.row_file import Array, RowFile, array_header
from dlsuite.errors import DataError

try:
    import fcntl
except ImportError:  # Not on Windows: two processes may decode the same, and one array is kept.
    fcntl = None  # type: ignore[assignment]

SIZE_VARIABLE = "DLSUITE_IMAGE_CACHE_GIB"
"""The environment variable with another bound of the cache."""
MOST_GIB = 16.0
"""What all arrays may take if it says nothing."""

_ROOM = "Make room, let XDG_CACHE_HOME name a folder on another disk, or choose a smaller size."
_MOST_LISTINGS = 1000
_STALE_SECONDS = 24 * 3600
Write = Callable[[RowFile], Mapping[str, Any]]
"""Writes rows into a file, and returns what there is to say of them all."""

_open_files: dict[str, IO[bytes]] = {}
"""The arrays that this process has open, locked against removal."""


@dataclass(frozen=True)
class ImageCache:
    """A folder of decoded images.

    Attributes:
        folder: The folder.
        notes: Why it is not the usual one.
    """

    folder: Path
    notes: tuple[str, ...] = ()

    def read_listing(self, key: str) -> dict[str, Any] | None:
        """Return what is known of a listing; None if nothing is."""
        path = self._listing(key)
        found = _read_json(path)
        if found is not None:
            _touch(path)
        return found

    def keep_listing(self, key: str, known: Mapping[str, Any]) -> None:
        """Remember a listing; nothing happens where that is impossible."""
        with suppress(OSError):
            _write_json(self._listing(key), known)

    def read_array(self, key: str) -> tuple[Array, dict[str, Any]] | None:
        """Map a decoded array into memory.

        Args:
            key: What tells its content.

        Returns:
            The array, uint8 `[n, ...]`, to be read only, and what was said of it; None if there is none, or a
            damaged one.
        """
        path = self._array(key)
        told = _read_json(path.with_suffix(".json"))
        if told is None:
            return None
        try:
            _hold(path)
            mapped = _mapped(path, told.get("shape"))
        except (OSError, ValueError):
            return None
        if mapped is None:
            return None
        _touch(path)
        return mapped, told

    def write_array(self, key: str, size: int, write: Write) -> None:
        """Make a decoded array, unless another process makes it meanwhile.

        Args:
            key: What tells its content.
            size: How many bytes it will take, or more.
            write: Makes the rows, and says what is to be kept about them.

        Raises:
            DataError: There is no room for it, or it cannot be written.
        """
        path = self._array(key)
        with _locked(path.with_suffix(".lock")):
            if self.read_array(key) is not None:
                return
            self._make_room(size)
            temporary = path.with_name(f"{key}.{_whose()}.part")
            try:
                with open(temporary, "wb") as file:
                    rows = RowFile(file)
                    told = {**write(rows), "shape": rows.finish()}
                _write_json(path.with_suffix(".json"), told)
                os.replace(temporary, path)
            except OSError as error:
                raise DataError(
                    f"{self.folder}: decoded images cannot be written ({error.strerror or error}). {_ROOM}"
                ) from error
            finally:
                temporary.unlink(missing_ok=True)

    def _make_room(self, wanted: int) -> None:
        """Remove what was not used for longest, and see that the disk has room.

        Raises:
            DataError: It has none.
        """
        most = _most_bytes()
        arrays = sorted(self.folder.glob("*.npy"), key=_last_use)
        kept = sum(map(_size, arrays))
        while arrays and kept + wanted > most:
            oldest = arrays.pop(0)
            kept -= self._remove(oldest)
        for left in (*self.folder.glob("*.part"), *self.folder.glob("*.lock")):
            # Of processes that were killed.
            if _now(self.folder) - _last_use(left) > _STALE_SECONDS:
                left.unlink(missing_ok=True)
        listings = sorted((self.folder / "listings").glob("*.json"), key=_last_use)
        for listing in listings[: max(0, len(listings) - _MOST_LISTINGS)]:
            listing.unlink(missing_ok=True)
        free = shutil.disk_usage(self.folder).free
        if wanted > free:
            raise DataError(
                f"{self.folder}: the decoded images take {_gib(wanted)}, and {_gib(free)} are free. {_ROOM}"
            )

    def _remove(self, path: Path) -> int:
        """Remove an array that nobody has open; the bytes that this frees."""
        size = _size(path)
        try:
            with open(path, "rb") as file:
                if fcntl is not None:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                elif path.name in _open_files:
                    return 0
                path.unlink()
                path.with_suffix(".json").unlink(missing_ok=True)
        except OSError:  # It is in use, or another process removed it.
            return 0
        return size

    def _array(self, key: str) -> Path:
        return self.folder / f"{key}.npy"

    def _listing(self, key: str) -> Path:
        return self.folder / "listings" / f"{key}.json"


def image_cache() -> ImageCache:
    """Return the user's cache; where it cannot be written, one that goes when the process ends."""
    folder = cache_folder() / "images"
    try:
        (folder / "listings").mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return ImageCache(folder)
    except OSError as error:
        note = (
            f"Decoded images cannot be kept in {folder} ({error.strerror or error}); every process decodes "
            "them anew. Let XDG_CACHE_HOME name a folder that can be written."
        )
        return ImageCache(_private_folder(os.getpid()), (note,))


@cache
def _private_folder(process: int) -> Path:
    """A folder that goes when the process ends."""
    try:
        folder = Path(tempfile.mkdtemp(prefix="dlsuite-images-"))
        (folder / "listings").mkdir()
    except OSError as error:
        raise DataError(
            f"decoded images can be kept nowhere ({error.strerror or error}). {_ROOM}"
        ) from error

    def remove() -> None:
        if os.getpid() == process:
            shutil.rmtree(folder, ignore_errors=True)

    atexit.register(remove)
    return folder


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Wait until no other process holds the lock, and hold it; without locks nobody waits."""
    try:
        file = open(path, "wb")  # noqa: SIM115 - closed below, and only if it was opened.
    except OSError:
        yield
        return
    with file:
        if fcntl is not None:
            with suppress(OSError):
                fcntl.flock(file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


def _hold(path: Path) -> None:
    """Keep an array from being removed as long as the process lives.

    Raises:
        OSError: There is none.
    """
    file = open(path, "rb")  # noqa: SIM115 - it stays open.
    held = _open_files.get(path.name)
    if held is not None and os.path.samestat(os.fstat(held.fileno()), os.fstat(file.fileno())):
        file.close()
        return
    if fcntl is not None:
        with suppress(OSError):
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    if held is not None:
        held.close()
    _open_files[path.name] = file


@atexit.register
def _let_go() -> None:
    while _open_files:
        _open_files.popitem()[1].close()


def _most_bytes() -> int:
    told = os.environ.get(SIZE_VARIABLE, "")
    try:
        gib = float(told or MOST_GIB)
    except ValueError:
        gib = -1.0
    if not 0 <= gib < 2**30:
        raise DataError(f"{SIZE_VARIABLE}: expected a number of GiB, 0 or more; got {told!r}.")
    return int(gib * 2**30)


def _gib(size: int) -> str:
    return f"{size / 2**30:.2f} GiB"


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _last_use(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _now(folder: Path) -> float:
    """The time as the disk has it, which may be another machine's."""
    with tempfile.NamedTemporaryFile(dir=folder) as file:
        return os.fstat(file.fileno()).st_mtime


def _touch(path: Path) -> None:
    with suppress(OSError):
        os.utime(path)


def _whose() -> str:
    """What no other process or thread calls its files."""
    return f"{os.getpid()}-{threading.get_ident()}"


def _mapped(path: Path, shape: Any) -> Array | None:
    """Map an array into memory; None if it is not just as one of a shape is written.

    Raises:
        OSError, ValueError: It cannot be mapped.
    """
    if not isinstance(shape, list) or not all(type(n) is int and n >= 0 for n in shape):
        return None
    header, size = array_header(tuple(shape)), math.prod(shape)
    with path.open("rb") as file:
        if file.read(len(header)) != header or _size(path) != len(header) + size:
            return None
    # Of what could be written to, a system promises no more than it has memory for.
    return np.memmap(path, np.uint8, mode="r", offset=len(header), shape=tuple(shape))


def _read_json(path: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    temporary = path.with_name(f"{path.name}.{_whose()}.part")
    try:
        temporary.write_text(json.dumps(content), encoding="utf-8")
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
