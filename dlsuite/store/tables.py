"""Tables as CSV: how their cells are written, and read back."""

from collections.abc import Iterable
from pathlib import Path
from typing import IO

import pandas as pd

from dlsuite.spec import display
from dlsuite.store.schema import METRICS


def to_csv(frame: pd.DataFrame, *, exact: Iterable[str] = ()) -> str:
    """Write a table as CSV.

    Args:
        frame: The table. Measured numbers are written with seven significant digits, as many as float32
            can be trusted with.
        exact: Columns of settings, which are written as a study would, with all their digits.
    """
    written = {column: frame[column].map(_as_setting) for column in exact if column in frame}
    frame = frame.assign(**written)
    text = frame.to_csv(index=False, float_format="%.7g", lineterminator="\n")
    assert isinstance(text, str)
    return text


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
