"""What a table's columns hold, as plain arrays: numbers, days and texts, checked value by value.

Training and prediction read a frame through this one door, so that a value means the same in both. How
the arrays become features is left to `dlsuite.data.encoding`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from dlsuite.data.dataset import Array
from dlsuite.errors import DataError, SpecError, closest

if TYPE_CHECKING:
    import pandas as pd

MOSTLY = 0.5
"""With this share of numbers and more, a text in a column is taken for a mistake."""
MISSING = ""
"""The text that stands for a missing category."""
NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
"""A number as a text, for a regular expression."""
_DAY = np.timedelta64(1, "D")
_TRUTHS = {"true": "True", "false": "False"}


@dataclass(frozen=True)
class InputColumn:
    """A column that is asked for, in training and whenever something is predicted.

    Attributes:
        name: Its name.
        type: `number` (true and false are 1 and 0), `date` or `category`.
        format: For dates written as texts, how, as in `"%d/%m/%Y"`; ISO 8601 if None.
    """

    name: str
    type: Literal["number", "date", "category"]
    format: str | None = None


def raw_columns(
    frame: "pd.DataFrame",
    input_columns: Sequence[InputColumn],
    *,
    source: str,
    missing: Sequence[str] = (),
) -> dict[str, Array]:
    """Take the columns out of a frame, each in the one form that its encoding reads.

    Args:
        frame: Rows as they were read from a file or given; other columns are left alone.
        input_columns: The columns to take.
        source: What to call the frame in messages, as in `people.csv`.
        missing: Texts that stand for a missing value, beside those that reading a file knows.

    Returns:
        By name, in the order asked for: float64 `[n]` numbers, or days since 1970-01-01 with the time of
        day as a fraction, NaN where missing; object `[n]` of str for categories, `""` where missing.

    Raises:
        DataError: A column is not there, or a value is no number, no date or infinite; the message names
            the file, the column and the line.
    """
    taken: dict[str, Array] = {}
    for wanted in input_columns:
        if wanted.name not in frame.columns:
            raise DataError(
                f"{source}: expected a column {wanted.name!r}; there is none. "
                f"{closest(wanted.name, map(str, frame.columns))}"
            )
        column = frame[wanted.name]
        if wanted.type == "category":
            taken[wanted.name] = category_texts(column, missing=missing)
        elif wanted.type == "date":
            taken[wanted.name] = _days(column, wanted, source=source, missing=missing)
        else:
            taken[wanted.name] = _numbers(column, source=source, missing=missing)
    return taken


def row_place(column: "pd.Series[Any] | pd.DataFrame", position: int) -> str:
    """Say where a row stands, as a person counts: `line 7` of a file whose lines are known, or `row 6`."""
    import pandas as pd

    label = column.index[position]
    if column.index.name == "line":
        return f"line {label}"
    if isinstance(column.index, pd.RangeIndex):
        return f"row {label + 1}"
    return f"row {label!r}"


def is_text(column: "pd.Series[Any]") -> bool:
    """Whether a column holds texts (or a mixture of things), and not numbers, truths or dates."""
    import pandas as pd

    kind = column.dtype.kind if isinstance(column.dtype, np.dtype) else "O"
    return kind not in "biufM" and not (
        pd.api.types.is_numeric_dtype(column.dtype)
        or pd.api.types.is_datetime64_any_dtype(column.dtype)
    )


def distinct_texts(column: "pd.Series[Any]", *, missing: Sequence[str] = ()) -> tuple[Array, Array]:
    """Take a column's distinct texts, without space around them.

    Args:
        column: Texts, or anything that can be written as text.
        missing: Texts that stand for a missing value, beside none and a question mark.

    Returns:
        For each row the place of its text, int `[n]`, -1 where missing; and the texts, object `[k]`, in
        the order in which they come first. Two places may hold the same text.
    """
    import pandas as pd

    codes, found = pd.factorize(column)
    texts = np.array([str(value).strip() for value in found], dtype=object)
    if column.dtype.kind == "f":  # A column of whole numbers with a missing one.
        texts = np.array([canonical(text) for text in texts], dtype=object)
    absent = np.isin(texts, np.array([MISSING, "?", *missing], dtype=object))
    codes = np.where(codes >= 0, codes, len(texts))
    places = np.append(np.where(absent, -1, np.arange(len(texts))), -1)
    return places[codes], texts


def category_texts(column: "pd.Series[Any]", *, missing: Sequence[str] = ()) -> Array:
    """Write each value of a column as the text of its category.

    Whole numbers are written without a fraction or leading zeros and truths as `True` and `False`, since
    one file has `1` where the next, for want of a value, has `1.0`.

    Returns:
        Object `[n]` of str, `""` where missing.
    """
    codes, texts = distinct_texts(column, missing=missing)
    written = np.array([*map(canonical, texts), MISSING], dtype=object)
    taken: Array = written[codes]
    return taken


def canonical(text: str) -> str:
    """Write a text as that of a category; see `category_texts`."""
    if text.lower() in _TRUTHS:
        return _TRUTHS[text.lower()]
    digits = text.removesuffix(".0")
    if digits.lstrip("+-").isdecimal() and len(digits) < 19:
        return str(int(digits))
    return text


def _numbers(column: "pd.Series[Any]", *, source: str, missing: Sequence[str]) -> Array:
    if is_text(column):
        codes, texts = distinct_texts(column, missing=missing)
        values, wrong = text_numbers(texts)
        if wrong.any():
            _refuse(column, codes, texts, wrong, source=source, expected="a number")
        numbers: Array = np.append(values, np.nan)[codes]
    elif column.dtype.kind == "M":
        raise DataError(f"{source}, column {column.name!r}: expected numbers; got dates.")
    else:
        numbers = column.to_numpy(dtype=np.float64, na_value=np.nan)
    infinite = np.isinf(numbers)
    if infinite.any():
        position = int(np.argmax(infinite))
        raise DataError(
            f"{source}, column {column.name!r}, {row_place(column, position)}: expected a finite "
            f"number; got {numbers[position]}."
        )
    return numbers


def text_numbers(texts: Array) -> tuple[Array, Array]:
    """Read texts as numbers, exactly; truths are 1 and 0.

    Returns:
        float64 `[n]`, NaN where a text is no number, and bool `[n]`, where that is.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    truths = {"true": "1", "false": "0"}
    written = pa.array([truths.get(text.lower(), text) for text in texts], pa.large_string())
    is_number = pc.match_substring_regex(written, NUMBER)
    # Arrow's cast knows no plus sign.
    plain = pc.utf8_ltrim(pc.if_else(is_number, written, None), "+")
    values: Array = pc.cast(plain, pa.float64()).to_numpy(zero_copy_only=False)
    return values, ~is_number.to_numpy(zero_copy_only=False)


def _days(
    column: "pd.Series[Any]", wanted: InputColumn, *, source: str, missing: Sequence[str]
) -> Array:
    if is_text(column) or (wanted.format and column.dtype.kind in "iuf"):
        codes, texts = distinct_texts(column, missing=missing)
        moments = text_dates(texts, wanted.format)
        wrong = np.isnat(moments)
        if wrong.any():
            written = f"a date written as {wanted.format!r}" if wanted.format else "an ISO date"
            _refuse(column, codes, texts, wrong, source=source, expected=written)
        moments = np.append(moments, np.datetime64("NaT"))[codes]
    elif column.dtype.kind == "M" or hasattr(column.dtype, "tz"):
        moments = naive(column).to_numpy()
    else:
        raise DataError(
            f"{source}, column {column.name!r}: expected dates; got numbers. "
            'Say how they are written, as in date_format = "%Y%m%d".'
        )
    # Whole days and the rest apart: a division of nanoseconds would round twice.
    days = moments.astype("datetime64[D]")
    fraction = (moments - days) / _DAY
    counted = days.astype(np.int64).astype(np.float64)
    return np.where(np.isnat(moments), np.nan, counted + fraction)


def text_dates(texts: Array, date_format: str | None) -> Array:
    """Read texts as dates, ISO 8601 if no format is given.

    Returns:
        datetime64 `[n]`, in universal time where a text tells its zone; NaT where it is no such date.

    Raises:
        SpecError: The format is none.
    """
    import pandas as pd

    written = pd.Series(texts, dtype=object)
    try:
        parsed = pd.to_datetime(written, format=date_format or "ISO8601", errors="coerce", utc=True)
    except ValueError as error:
        if date_format is None:
            raise
        raise SpecError(
            f'date_format: expected how dates are written, as in "%d/%m/%Y"; got {date_format!r} ({error}).'
        ) from error
    return naive(parsed).to_numpy()


def naive(column: "pd.Series[Any]") -> "pd.Series[Any]":
    """Return dates in universal time without a zone."""
    if getattr(column.dtype, "tz", None) is None:
        return column
    moments: pd.Series[Any] = column.dt.tz_convert("UTC").dt.tz_localize(None)
    return moments


def _refuse(
    column: "pd.Series[Any]",
    codes: Array,
    texts: Array,
    wrong: Array,
    *,
    source: str,
    expected: str,
) -> None:
    """Name the first row with a wrong text, if a row has one."""
    rows = np.flatnonzero(np.append(wrong, False)[codes])
    if len(rows):
        first = int(rows[0])
        raise DataError(
            f"{source}, column {column.name!r}, {row_place(column, first)}: expected {expected}; "
            f"got {texts[codes[first]]!r}."
        )
