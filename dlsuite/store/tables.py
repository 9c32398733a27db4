"""Tables as CSV: how their cells are written, and read back."""

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np
import pandas as pd

from dlsuite.spec import display
from dlsuite.store.schema import METRICS

_FLOATS = "%.7g"


def to_csv(frame: pd.DataFrame, *, exact: Iterable[str] = ()) -> str:
    """Write a table as CSV.

    Args:
        frame: The table. Measured numbers are written with seven significant digits, as many as float32
            can be trusted with.
        exact: Columns of settings, which are written as a study would, with all their digits.
    """
    written = {column: frame[column].map(_as_setting) for column in exact if column in frame}
    frame = frame.assign(**written)
    cells = [_cells(column) for _, column in frame.items()]
    text = io.StringIO(newline="")
    table = csv.writer(text, lineterminator="\n")
    table.writerow(frame.columns)
    if len(cells) > 1 and not any(map(_needs_quotes, cells)):
        text.writelines(f"{row}\n" for row in map(",".join, zip(*cells, strict=True)))
    else:
        table.writerows(zip(*cells, strict=True))
    return text.getvalue()


def _cells(column: "pd.Series[Any]") -> list[str]:
    """A column's cells as pandas would write them, which takes its time with each."""
    kind = column.dtype.kind
    if isinstance(column.dtype, np.dtype):
        if kind == "f":
            return ["" if cell != cell else _FLOATS % cell for cell in column.tolist()]
        if kind in "iub":
            return list(map(str, column.tolist()))
    if kind in "iubO":
        empty = column.isna().tolist()
        return [
            "" if none else str(cell) for cell, none in zip(column.tolist(), empty, strict=True)
        ]
    text = column.to_frame().to_csv(
        index=False, header=False, float_format=_FLOATS, lineterminator="\n"
    )
    return [cell for (cell,) in csv.reader(io.StringIO(text, newline=""))]


def _needs_quotes(cells: Sequence[str]) -> bool:
    """Whether a cell has to be quoted, or may have to."""
    text = "".join(cells)
    return any(letter in text for letter in '",\r\n')


def _as_setting(value: object) -> object:
    """A number or list as a study writes it; a text, a truth value or nothing as it is."""
    return display(value) if isinstance(value, float | tuple) and value == value else value


def read_csv(source: Path | IO[bytes]) -> pd.DataFrame:
    """Read a table that `to_csv` wrote. Keys and conditions stay texts.

    Raises:
        OSError: The file cannot be read.
        ValueError: It is not a table.
    """
    texts = {"trial": str, "condition": str, "task": str, METRICS: str}
    return pd.read_csv(source, dtype=texts, keep_default_na=False, na_values=[""])


def check_header(found: Iterable[str], needed: Iterable[str]) -> None:
    """See that a table has columns.

    Raises:
        ValueError: One is missing.
    """
    there = set(found)
    missing = [column for column in needed if column not in there]
    if missing:
        raise ValueError(f"lacks the columns {', '.join(missing)}")


def check_columns(frame: pd.DataFrame, columns: Iterable[str], *, texts: Iterable[str]) -> None:
    """See that a table has columns, and that they hold what they should.

    Args:
        frame: The table.
        columns: The columns that it must have: of numbers or empty cells.
        texts: Those among them that are texts without empty cells.

    Raises:
        ValueError: One is missing or holds something else.
    """
    listed, known = list(columns), set(texts)
    check_header(frame.columns, listed)
    for column in listed if len(frame) else ():
        cells = frame[column]
        if column in known:
            if cells.isna().any():
                raise ValueError(f"has an empty cell in the column {column}")
        elif not pd.api.types.is_numeric_dtype(cells):
            raise ValueError(f"has cells in the column {column} that are no numbers")
