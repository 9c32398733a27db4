"""The rows of parts in a plan's order: as a frame, or as text that is handed on as it was written."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from operator import itemgetter

import numpy as np
import pandas as pd

from dlsuite.store import read_csv, to_csv
from dlsuite.store.stored_part import Block, StoredPart

_AT_ONCE = 64
"""So many parts are read as one table: a table has its price, however short it is."""
_CHUNK = 2**20
"""Text is handed on in pieces of about so many bytes."""


class PlanRows:
    """The rows of the trials that count, each from the first part that has it.

    Args:
        names: A row a trial of the plan, in its order: `trial`, its key, and what names it in the tables.
        parts: The parts, each with the keys of those of its trials that count.
    """

    def __init__(self, names: pd.DataFrame, parts: Sequence[tuple[StoredPart, set[str]]]) -> None:
        self._names = names
        self._parts = parts

    def frame(self, table: str) -> pd.DataFrame:
        """One of the parts' tables, a trial's names beside each of its rows.

        Args:
            table: `trials`, `curves` or `layers`.
        """
        frames = []
        whole: dict[tuple[str, ...], list[StoredPart]] = {}
        for part, own in self._parts:
            if own == set(part.keys):
                whole.setdefault(part.columns[table], []).append(part)
            else:
                rows = part.frame(table)
                frames.append(rows.loc[rows["trial"].isin(own)])
        for columns, parts in whole.items():
            for first in range(0, len(parts), _AT_ONCE):
                text = io.BytesIO()
                text.write(_line(columns))
                for part in parts[first : first + _AT_ONCE]:
                    text.write(part.rows(table))
                text.seek(0)
                frames.append(read_csv(text))
        # Populations that failed have none.
        filled = [frame for frame in frames if len(frame)] or frames[:1]
        return self._named(pd.concat(filled, ignore_index=True))

    def text(self, table: str, columns: Sequence[str], *, exact: Sequence[str]) -> Iterator[bytes]:
        """The merged table as CSV, a piece at a time; what parts hold is never parsed.

        It is what `to_csv` makes of the rows read and named: parts are written by the same rules.

        Args:
            table: `curves` or `layers`.
            columns: The columns: those that name a trial, then columns of the parts. One that a part does not
                have is empty in its rows.
            exact: As `to_csv` takes it.
        """
        naming = [column for column in columns if column in self._names.columns]
        measured = [column for column in columns if column not in self._names.columns]
        assert [*naming, *measured] == list(columns)
        blocks: dict[str, tuple[Block, StoredPart]] = {}
        for part, own in self._parts:
            for key, block in part.blocks(table, own).items():
                blocks[key] = block, part
        yield _line(columns)
        finished = self._names.loc[self._names["trial"].isin(blocks)]
        heads = _rows_of(to_csv(finished[naming], exact=exact))
        pieces: list[bytes] = []
        size = 0
        for key, head in zip(finished["trial"], heads, strict=True):
            block, part = blocks[key]
            pieces.append(_renamed(block, head, _places(part, table, measured)))
            size += len(pieces[-1])
            if size >= _CHUNK:
                yield b"".join(pieces)
                pieces, size = [], 0
        yield b"".join(pieces)

    def _named(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Put trials' names beside their rows, in the plan's order; a trial's rows keep theirs."""
        codes, keys = pd.factorize(rows["trial"])
        order = np.argsort(codes, kind="stable")
        starts = np.concatenate([[0], np.cumsum(np.bincount(codes, minlength=len(keys)))])
        of_key = {key: order[starts[at] : starts[at + 1]] for at, key in enumerate(keys)}
        nothing = order[:0]
        taken = [of_key.get(key, nothing) for key in self._names["trial"]]
        counts = [len(places) for places in taken]
        names = self._names.take(np.repeat(np.arange(len(taken)), counts)).reset_index(drop=True)
        own = rows.drop(columns="trial").take(np.concatenate([nothing, *taken]))
        return pd.concat([names, own.reset_index(drop=True)], axis=1)


def _places(part: StoredPart, table: str, columns: Sequence[str]) -> tuple[int | None, ...]:
    known: Mapping[str, int] = {column: at for at, column in enumerate(part.columns[table])}
    return tuple(known.get(column) for column in columns)


def _renamed(block: Block, head: bytes, places: tuple[int | None, ...]) -> bytes:
    """A trial's rows with its names in place of the key, and the cells at some places."""
    rows = block.read()
    key = block.key.encode()
    if block.rows is None:
        width = rows[: rows.index(b"\n")].count(b",") + 1
        if places == tuple(range(1, width)):
            begun = (b"\n" + rows).replace(b"\n" + key + b",", b"\n" + head + b",")
            return begun[1:]
        if None not in places and len(places) > 1:
            chosen = itemgetter(*(place for place in places if place is not None))
            lines = [b",".join(chosen(line.split(b","))) for line in rows[:-1].split(b"\n")]
            return b"".join(head + b"," + line + b"\n" for line in lines)
    return b"".join(
        head + b"," + _line(["" if place is None else row[place] for place in places])
        for row in csv.reader(io.StringIO(rows.decode(), newline=""))
    )


def _line(cells: Sequence[str]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue().encode()


def _rows_of(text: str) -> list[bytes]:
    """The rows of a CSV as written, without its header; a quoted cell may hold a newline."""
    if '"' not in text:
        return text.encode().split(b"\n")[1:-1]
    return [_line(row)[:-1] for row in csv.reader(io.StringIO(text, newline=""))][1:]
