"""What each column of a table holds, and whether a model is given it.

Decided by all rows, since it asks nothing about the target: no more is learned from it than what a reader
of the file sees. What the decision says is in `ColumnDescription`, for people and for programs.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from dlsuite.data.dataset import Array
from dlsuite.data.dates import find_format
from dlsuite.data.inputs import (
    MOSTLY,
    InputColumn,
    distinct_texts,
    is_text,
    row_place,
    text_numbers,
)
from dlsuite.errors import SpecError, closest

if TYPE_CHECKING:
    import pandas as pd

ColumnKind = Literal["number", "boolean", "category", "date", "empty"]

_ALMOST_ALL = 0.9
"""With this share of distinct texts and more, a column names rows and describes none."""
_FEWEST = 10
"""In fewer rows, distinct values say nothing."""
_IDENTIFIER = re.compile(
    r"(.*[ _.-])?(id|idx|index|uuid|guid|unnamed: \d+|__index_level_\d+__)|.*Id|.*ID"
)
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?")


@dataclass(frozen=True, kw_only=True)
class ColumnRules:
    """What somebody says about the columns of a table, where it shall not be found out.

    Attributes:
        drop: Columns to leave out.
        keep: Columns to use although they hold one value or name the rows.
        numeric: Columns that are numbers.
        categorical: Columns that are categories, whatever they look like.
        dates: Columns that are dates.
        date_format: How dates that are texts are written, as in `"%d/%m/%Y"`; found out if None.
        missing: Texts that stand for a missing value, beside those that reading a file knows.
    """

    drop: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    numeric: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()
    dates: tuple[str, ...] = ()
    date_format: str | None = None
    missing: tuple[str, ...] = ()

    def check(self, columns: Collection[str], *, source: str) -> None:
        """Refuse names of columns that are not there, and two things said about one.

        Raises:
            SpecError: A column is not there or is named twice.
        """
        said: dict[str, str] = {}
        for setting in ("numeric", "categorical", "dates", "drop", "keep"):
            for name in getattr(self, setting):
                check_column(name, columns, setting=setting, source=source)
                if setting == "keep" and said.get(name) != "drop":
                    continue
                if name in said:
                    raise SpecError(
                        f"{source}: column {name!r} stands in both {said[name]} and {setting}; "
                        "take it out of one."
                    )
                said[name] = setting


@dataclass(frozen=True, kw_only=True)
class ColumnDescription:
    """What a column holds.

    Attributes:
        name: Its name.
        kind: `number`, `boolean`, `category`, `date`, or `empty` where every value is missing.
        used: Whether a model is given it.
        reason: Why not, in a few words; empty where it is used.
        problem: What is wrong with it and what to do, in a sentence; empty where nothing is. A table with
            a problem in a column that is used is refused.
        missing: The share of values that are missing.
        distinct: How many different values it has.
        example: The lowest and the highest value, or the most frequent ones.
        format: How its dates are written, where they are texts and not ISO 8601.
    """

    name: str
    kind: ColumnKind
    used: bool
    reason: str = ""
    problem: str = ""
    missing: float
    distinct: int
    example: str
    format: str | None = None

    @property
    def input_column(self) -> InputColumn:
        """What encoding asks for."""
        if self.kind == "date":
            return InputColumn(self.name, "date", self.format)
        return InputColumn(self.name, "category" if self.kind == "category" else "number")


def describe_column(
    column: "pd.Series[Any]", rules: ColumnRules, *, source: str
) -> ColumnDescription:
    """Say what a column holds.

    Args:
        column: The column.
        rules: What is said about it.
        source: What to call the table in messages.
    """
    name = str(column.name)
    text = is_text(column)
    if name in rules.categorical or (name in rules.dates and rules.date_format):
        text = text or column.dtype.kind != "M"
    found = (
        _of_texts(column, rules, source=source)
        if text
        else _of_numbers(column, rules, source=source)
    )
    reason = found.reason
    if not reason and not found.problem and name not in rules.keep:
        reason = _useless(column, found)
    if name in rules.drop:
        return replace(found, used=False, reason="dropped", problem="")
    return replace(found, used=not reason, reason=reason)


def check_column(name: str, columns: Collection[str], *, setting: str, source: str) -> None:
    """Refuse the name of a column that is not there.

    Raises:
        SpecError: It is not; the message lists the closest ones.
    """
    if name not in columns:
        raise SpecError(
            f"{source}: {setting}: there is no column {name!r}. {closest(name, columns)}"
        )


def _of_numbers(column: "pd.Series[Any]", rules: ColumnRules, *, source: str) -> ColumnDescription:
    name = str(column.name)
    present = column.dropna()
    missing = 1 - len(present) / len(column)
    if not len(present):
        return _empty(name, source)
    kind: ColumnKind = "number"
    if column.dtype.kind == "M":
        kind = "date"
    elif column.dtype.kind == "b":
        kind = "boolean"
    problem = ""
    if name in rules.dates and kind != "date":
        problem = (
            f"{source}, column {name!r}: expected dates; got numbers such as {present.iloc[0]}. Say how they "
            'are written, as in date_format = "%Y%m%d".'
        )
    lowest, highest = present.min(), present.max()
    if kind == "number" and not np.isfinite([lowest, highest]).all():
        position = int(np.argmax(np.isinf(column.to_numpy(dtype=np.float64, na_value=np.nan))))
        problem = (
            f"{source}, column {name!r}, {row_place(column, position)}: expected a finite number; got "
            f"{column.iloc[position]}. Mend the file, or leave the column out with drop."
        )
    ends = (_day(lowest), _day(highest)) if kind == "date" else (lowest, highest)
    return ColumnDescription(
        name=name,
        kind=kind,
        used=True,
        problem=problem,
        missing=missing,
        distinct=int(present.nunique()),
        example=f"{_short(ends[0])} to {_short(ends[1])}",
    )


def _of_texts(column: "pd.Series[Any]", rules: ColumnRules, *, source: str) -> ColumnDescription:
    name = str(column.name)
    codes, texts = distinct_texts(column, missing=rules.missing)
    present = codes[codes >= 0]
    if not len(present):
        return _empty(name, source)
    counts = np.bincount(present, minlength=len(texts))
    there = counts > 0
    kind, date_format, problem = _kind_of_texts(column, codes, texts, counts, rules, source)
    values = set(texts[there])
    most = texts[np.argsort(-counts, kind="stable")[:3]]
    example = ", ".join(repr(_short(text)) for text in most[: len(values)])
    if kind == "number":
        numbers = text_numbers(texts[there])[0]
        example = f"{_short(numbers.min())} to {_short(numbers.max())}"
    return ColumnDescription(
        name=name,
        kind=kind,
        used=True,
        problem=problem,
        missing=1 - len(present) / len(column),
        distinct=len(values),
        example=example,
        format=date_format,
    )


def _kind_of_texts(
    column: "pd.Series[Any]",
    codes: Array,
    texts: Array,
    counts: Array,
    rules: ColumnRules,
    source: str,
) -> tuple[ColumnKind, str | None, str]:
    """The kind, the format of dates, and the problem of a column of texts."""
    import pandas as pd

    name = str(column.name)
    numbered = (
        isinstance(column.dtype, pd.CategoricalDtype)
        and column.dtype.categories.dtype.kind in "iuf"
    )
    # Categories that are numbers: whoever made the frame says that they are categories.
    if name in rules.categorical or (numbered and name not in rules.numeric):
        return "category", None, ""
    there = counts > 0
    place = f"{source}, column {name!r}"
    if name in rules.dates:
        found = find_format(texts[there], rules.date_format)
        problem = f"{place}: {found.problem}" if found.problem else ""
        return "date", found.format or rules.date_format, problem
    is_number = ~text_numbers(texts)[1] & there
    is_truth = np.array([text.lower() in ("true", "false") for text in texts]) & there
    if is_number[there].all():
        return "boolean" if is_truth[there].all() else "number", None, ""
    found = find_format(texts[there], rules.date_format)
    if found.dates and name not in rules.numeric:
        return "date", found.format, f"{place}: {found.problem}" if found.problem else ""
    grouped = np.array([bool(_THOUSANDS.fullmatch(text)) for text in texts]) & there
    share = counts[is_number | grouped].sum() / counts.sum()
    wrong = there & ~is_number
    if share >= MOSTLY or name in rules.numeric:
        position = int(np.flatnonzero(wrong[codes] & (codes >= 0))[0])
        value = texts[codes[position]]
        numbers = counts[is_number | grouped].sum()
        said = "numeric says" if name in rules.numeric else f"in {numbers} of {counts.sum()} rows"
        problem = (
            f"{place}, {row_place(column, position)}: expected a number, as {said}; got "
            f'{value!r}. Say missing = ["{value}"] if it stands for a missing value, categorical = '
            f'["{name}"] if they are categories, or mend the file.'
        )
        return "number", None, problem
    return "category", None, ""


def _useless(column: "pd.Series[Any]", found: ColumnDescription) -> str:
    """Why a column tells nothing about its rows, or nothing."""
    present = round((1 - found.missing) * len(column))
    if found.distinct == 1 and not found.missing:
        return f"holds one value, {found.example.split(' to ')[0]}"
    if found.kind == "category":
        if present >= _FEWEST and found.distinct >= _ALMOST_ALL * present:
            return f"names the rows: {found.distinct} different texts in {present} rows"
        return ""
    if found.kind != "number" or found.missing or found.distinct < len(column):
        return ""
    if column.dtype.kind not in "iuf" or not np.isfinite(column.to_numpy()).all():
        return ""
    if (column.to_numpy() % 1).any():
        return ""
    if _IDENTIFIER.fullmatch(found.name) or _IDENTIFIER.fullmatch(found.name.lower()):
        return "numbers the rows, by its name"
    if len(column) >= _FEWEST and (np.diff(column.to_numpy()) == 1).all():
        return "numbers the rows"
    return ""


def _empty(name: str, source: str) -> ColumnDescription:
    without_name = name.startswith("Unnamed: ")
    return ColumnDescription(
        name=name,
        kind="empty",
        used=not without_name,
        reason="has no name and no value" if without_name else "",
        problem=""
        if without_name
        else f'{source}, column {name!r}: every value is missing. Leave it out with drop = ["{name}"].',
        missing=1.0,
        distinct=0,
        example="",
    )


def _day(moment: "pd.Timestamp") -> str:
    """A day as ISO 8601 has it, of any year: the standard library knows those up to 9999."""
    return str(moment.to_datetime64().astype("datetime64[D]"))


def _short(value: Any) -> str:
    if isinstance(value, str):
        return value if len(value) <= 24 else f"{value[:23]}\N{HORIZONTAL ELLIPSIS}"
    return f"{value:.6g}" if isinstance(value, float | np.floating) else str(value)


def left_out_note(descriptions: Sequence[ColumnDescription]) -> tuple[str, ...]:
    """Say which columns are left out and why, for those that nobody asked to leave out."""
    told = [
        f"{description.name!r} {description.reason}"
        for description in descriptions
        if description.reason and description.reason != "dropped"
    ]
    return (f"Columns left out: {'; '.join(told)}. To use one, say keep.",) if told else ()
