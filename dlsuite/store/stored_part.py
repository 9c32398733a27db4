"""A part as it lies in its folder: what the driver asks for is read at once, the bulk when it is needed.

A study of thousands of trials has millions of rows of curves and layers. Who wants to know which trials are
finished needs none of them, and the merged tables take most of them over as they are written.
"""

import contextlib
import csv
import io
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from dlsuite.errors import StoreError
from dlsuite.store.tables import read_csv

_HEX = frozenset("0123456789abcdef")


class Block(NamedTuple):
    """Where the rows of a trial are in a part's file.

    Attributes:
        path: The file.
        start: The first byte of its first row.
        size: How many bytes its rows have.
        key: The trial's key, with which every row begins.
        rows: The rows themselves, where they are not together in the file.
    """

    path: Path
    start: int
    size: int
    key: str
    rows: bytes | None = None

    def read(self) -> bytes:
        """Read the rows; each begins with the key and ends with a newline.

        Raises:
            StoreError: The file cannot be read.
        """
        if self.rows is not None:
            return self.rows
        with _reading(self.path), self.path.open("rb") as file:
            file.seek(self.start)
            return file.read(self.size)


class StoredPart:
    """The rows of one population, as `ResultsFolder` has them.

    Args:
        folder: The part's folder.
        trained: Of each trial its key, its epochs and the tags of its further metrics.
        columns: The columns of `trials`, `curves` and `layers`, as their files begin.
        failed: Whether the population failed; then all of its trials did.
    """

    def __init__(
        self,
        folder: Path,
        trained: Sequence[tuple[str, int, frozenset[str]]],
        columns: Mapping[str, tuple[str, ...]],
        *,
        failed: bool = False,
    ) -> None:
        self.folder = folder
        self.trained = trained
        self.columns = columns
        self.failed = failed

    @property
    def keys(self) -> list[str]:
        """The keys of its trials, in order."""
        return [key for key, _, _ in self.trained]

    @property
    def trials(self) -> pd.DataFrame:
        """A row a trial; read anew each time."""
        return self.frame("trials")

    @property
    def curves(self) -> pd.DataFrame:
        """A row a trial and epoch; read anew each time."""
        return self.frame("curves")

    @property
    def layers(self) -> pd.DataFrame:
        """A row a trial, epoch and layer; read anew each time."""
        return self.frame("layers")

    def frame(self, table: str) -> pd.DataFrame:
        """Read one of the three tables.

        Raises:
            StoreError: It cannot be read.
        """
        return read_csv(io.BytesIO(self._read(table)))

    def rows(self, table: str) -> bytes:
        """What the file of a table holds below its header.

        Raises:
            StoreError: It cannot be read.
        """
        return self._read(table).partition(b"\n")[2]

    def blocks(self, table: str, keys: Iterable[str]) -> dict[str, Block]:
        """Find the rows of trials in `curves.csv` or `layers.csv`.

        Args:
            table: Which of the two.
            keys: The trials' keys; those without a row are left out.

        Raises:
            StoreError: The file cannot be read.
        """
        path, wanted = self._path(table), set(keys)
        content = self._read(table)
        found = contiguous_blocks(path, content, self.keys)
        if found is None:
            found = _scattered(path, content)
        return {key: block for key, block in found.items() if key in wanted}

    def _read(self, table: str) -> bytes:
        path = self._path(table)
        with _reading(path):
            return path.read_bytes()

    def _path(self, table: str) -> Path:
        return self.folder / f"{table}.csv"


def columns_of(content: bytes) -> tuple[str, ...]:
    """Read the header of a table, and see that each row has as many cells and the last one is whole.

    Raises:
        ValueError: It is no such table.
    """
    if not content.endswith(b"\n"):
        raise ValueError("it is cut short")
    if b'"' in content:  # Only a parser can tell where a cell ends.
        columns, *rows = csv.reader(io.StringIO(content.decode(), newline=""))
        whole = all(len(row) == len(columns) for row in rows)
    else:
        columns = content[: content.index(b"\n")].decode().split(",")
        whole = content.count(b",") == (len(columns) - 1) * content.count(b"\n")
    if not whole:
        raise ValueError("its rows have not as many cells as its header")
    return tuple(columns)


@contextlib.contextmanager
def _reading(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreError(
            f"{path}: cannot be read any more ({error.strerror or error}). Run the study again: what is "
            "lost is trained anew."
        ) from error


def _is_plain(key: str) -> bool:
    return bool(key) and _HEX.issuperset(key)


def contiguous_blocks(path: Path, content: bytes, keys: Collection[str]) -> dict[str, Block] | None:
    """Find the rows of each trial in a table, without a parser.

    Args:
        path: The table's file.
        content: What it holds.
        keys: The trials' keys.

    Returns:
        The rows of each trial that has some. None where those of one are not together, where there are others
        or where only a parser can tell.
    """
    if b'"' in content or b"\r" in content or not all(map(_is_plain, keys)):
        return None
    header = content.find(b"\n")
    starts: list[tuple[int, str]] = []
    last = header
    for key in keys:
        line = f"\n{key},".encode()
        start = content.find(line, last)
        if start < 0:
            start = content.find(line, header)
        if start >= 0:
            starts.append((start + 1, key))
            last = start
    starts.sort()
    ends = [start for start, _ in starts[1:]] + [len(content)]
    if not starts:
        return {} if header + 1 == len(content) else None
    if starts[0][0] != header + 1:
        return None
    found = {}
    for (start, key), end in zip(starts, ends, strict=True):
        lines = content.count(b"\n", start, end)
        if content.count(f"\n{key},".encode(), start - 1, end) != lines:
            return None
        found[key] = Block(path, start, end - start, key)
    return found


def _scattered(path: Path, content: bytes) -> dict[str, Block]:
    """The rows of each trial, gathered by a parser."""
    rows: dict[str, io.StringIO] = {}
    table = csv.reader(io.StringIO(content.decode(), newline=""))
    next(table, None)
    for row in table:
        text = rows.setdefault(row[0], io.StringIO(newline=""))
        csv.writer(text, lineterminator="\n").writerow(row)
    return {
        key: Block(path, 0, 0, key, rows=text.getvalue().encode()) for key, text in rows.items()
    }
