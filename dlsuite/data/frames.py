"""Arrow tables as data frames of few plain types: numbers, truths, dates and categories."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dlsuite.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

MARKERS = (
    *(
        "",
        "?",
        "#N/A",
        "#N/A N/A",
        "#NA",
        "-1.#IND",
        "-1.#QNAN",
        "-NaN",
        "-nan",
        "1.#IND",
        "1.#QNAN",
    ),
    *("<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null"),
)
"""Texts that stand for a missing value in a file: those that pandas knows, and a question mark."""

MOST_COLUMNS = 20_000
"""The most columns that a table can have."""


def _is_plain_dictionary(column: Any) -> bool:
    """Whether a column's categories are distinct values, as pandas wants them; Arrow allows others."""
    dictionaries = [chunk.dictionary for chunk in column.chunks]
    return all(not one.null_count and len(one.unique()) == len(one) for one in dictionaries)


def as_frame(table: Any, names: list[str]) -> "pd.DataFrame":
    """Turn an Arrow table into a frame.

    Args:
        table: A `pyarrow.Table` of plain values, as `check_kinds` asks for.
        names: What its columns are to be called.
    """
    import pandas as pd
    import pyarrow as pa

    columns = []
    for column in table.columns:
        kind = column.type
        if pa.types.is_decimal(kind):
            column = column.cast(pa.float64())
        elif pa.types.is_time(kind) or pa.types.is_duration(kind):
            column = column.cast(pa.string())
        elif pa.types.is_dictionary(kind) and not _is_plain_dictionary(column):
            column = column.cast(kind.value_type)
        if is_text(column.type):
            column = column.dictionary_encode()
        columns.append(column)
    frame: pd.DataFrame = pa.table(columns, names=names).to_pandas(
        date_as_object=False, split_blocks=True, ignore_metadata=True
    )
    found = {
        name: _plain(frame[name], column.type) for name, column in zip(names, columns, strict=True)
    }
    # Anew, not column by column, of which each would cost as much as there are columns.
    frame = pd.DataFrame(found, index=frame.index, copy=False)
    del table, columns, column, found
    # Arrow keeps for itself what it has freed.
    pa.default_memory_pool().release_unused()
    return frame


def check_names(path: Path, names: list[str]) -> None:
    """Refuse two columns of one name, and more columns than can be looked at one by one.

    Raises:
        DataError: There are.
    """
    if len(names) > MOST_COLUMNS:
        raise DataError(
            f"{path}: expected {MOST_COLUMNS:,} columns or fewer; there are {len(names):,}. Leave some out, "
            "or give the numbers as an array, to Dataset.from_arrays."
        )
    doubled = [name for name, times in Counter(names).items() if times > 1]
    if doubled:
        places = [str(place + 1) for place, name in enumerate(names) if name == doubled[0]]
        raise DataError(
            f"{path}: expected a name of its own for each column; columns {' and '.join(places)} are "
            f"both called {doubled[0]!r}. Rename one of them."
        )


def check_kinds(path: Path, names: list[str], kinds: list[Any]) -> None:
    """Refuse columns of lists, records, bytes, or months and days.

    Args:
        path: Where they come from, for messages.
        names: What they are called.
        kinds: Their Arrow types.

    Raises:
        DataError: There is one.
    """
    for name, kind in zip(names, kinds, strict=True):
        if _is_other(kind):
            raise DataError(
                f"{path}, column {name!r}: expected numbers, texts or dates; got {kind}. Turn it "
                "into columns of these, or leave it out of the file."
            )


def _is_other(kind: Any) -> bool:
    """Whether values are lists, records, bytes or months and days."""
    import pyarrow as pa

    if pa.types.is_dictionary(kind):
        return False
    return bool(pa.types.is_nested(kind) or pa.types.is_interval(kind) or "binary" in str(kind))


def is_text(kind: Any) -> bool:
    """Whether an Arrow type is that of texts."""
    import pyarrow as pa

    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    )


def _plain(column: "pd.Series[Any]", kind: Any) -> "pd.Series[Any]":
    """A column as pandas has it of an Arrow type, in one of few plain types."""
    import pyarrow as pa

    if pa.types.is_dictionary(kind):
        return _tidy(column)
    if pa.types.is_boolean(kind) and column.dtype == object:
        return column.astype("boolean")
    return column.astype("float64") if pa.types.is_null(kind) else column


def _tidy(column: "pd.Series[Any]") -> "pd.Series[Any]":
    """Take space around texts away, and make what stands for a missing value missing."""
    import pandas as pd

    texts = [str(text) for text in column.cat.categories]
    stripped = [text.strip() for text in texts]
    if stripped == texts and not set(texts) & set(MARKERS):
        return column
    kept = [text for text in dict.fromkeys(stripped) if text not in MARKERS]
    places = {text: place for place, text in enumerate(kept)}
    codes = np.array([places.get(text, -1) for text in stripped] + [-1])
    tidy = pd.Categorical.from_codes(codes[column.cat.codes.to_numpy()], categories=pd.Index(kept))
    return pd.Series(tidy, index=column.index, name=column.name)
