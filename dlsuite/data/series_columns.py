"""Which columns of a table a model of series reads, which one tells the time, and what is to be told."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from dlsuite.data.columns import ColumnDescription, ColumnRules, check_column, describe_column
from dlsuite.data.dataset import Array
from dlsuite.data.inputs import (
    InputColumn,
    category_texts,
    distinct_texts,
    is_text,
    row_place,
    text_dates,
    text_numbers,
)
from dlsuite.data.series_form import ChannelColumn
from dlsuite.errors import DataError, SpecError

if TYPE_CHECKING:
    import pandas as pd

MOST_CATEGORIES = 20
"""The most channels that a column of categories has; the others have none."""
_MOSTLY_STEPS = 0.9
"""With this share of equal differences and more, whole numbers that rise number the steps."""


@dataclass(frozen=True, eq=False)
class SeriesColumns:
    """What a table's columns are for.

    Attributes:
        used: Descriptions of the columns that a model reads, the target among them.
        time: The column that says when a row was; None where rows are in order.
        notes: What a reader should know.
    """

    used: tuple[ColumnDescription, ...]
    time: InputColumn | None
    notes: tuple[str, ...]


def find_columns(
    frame: "pd.DataFrame",
    *,
    source: str,
    target: str | None,
    aside: Collection[str],
    time_column: str | None,
    rules: ColumnRules,
    ordered: bool = True,
) -> SeriesColumns:
    """Find out what columns are for.

    Args:
        frame: The rows.
        source: What to call them in messages.
        target: The column to forecast, which is read too; None where something else is told.
        aside: Columns that a model does not read.
        time_column: The one that tells the time; if None, the one column of dates, or a first column of whole
            numbers that number the steps.
        rules: What is said about columns: `drop`, `date_format`, `missing`.
        ordered: Whether a column of times is looked for at all, if none is named.

    Raises:
        SpecError: A setting names a column that is not there, or two of them do not go together.
        DataError: A column cannot be used.
    """
    names = [str(name) for name in frame.columns]
    rules.check(names, source=source)
    if time_column is not None:
        check_column(time_column, names, setting="time_column", source=source)
        if time_column in rules.drop:
            raise SpecError(
                f"{source}: column {time_column!r} stands in both time_column and drop; take it out of one."
            )
    if target is not None:
        _check_target(frame, target, time_column, rules, source)
    described = [
        _described(frame[name], rules, source, is_target=name == target)
        for name in names
        if name not in rules.drop and name not in aside and name != time_column
    ]
    notes: list[str] = []
    time: InputColumn | None = None
    if time_column is not None:
        time = _time(frame[time_column], rules, source)
    elif ordered:
        time = _found_time(frame, described, target, rules, source)
        if time is not None:
            notes.append(f"{time.name!r} tells the time; a model is not given it.")
    read = [column for column in described if time is None or column.name != time.name]
    for column in read:
        if column.problem:
            raise DataError(column.problem)
    left_out = [
        f"{column.name!r} {'holds dates' if column.kind == 'date' else column.reason}"
        for column in read
        if column.kind == "date" or (column.reason and column.reason != "dropped")
    ]
    if left_out:
        notes.append(f"Columns left out: {'; '.join(left_out)}.")
    used = tuple(column for column in read if column.used and column.kind != "date")
    if not used:
        raise DataError(f"{source}: no column is left to read. Say less drop.")
    if rules.date_format is not None and (time is None or time.format != rules.date_format):
        raise SpecError(
            f"{source}: date_format = {rules.date_format!r} is not how the times are written; leave it out, "
            "or mend it."
        )
    return SeriesColumns(used, time, tuple(notes))


def channel_columns(
    columns: Sequence[ColumnDescription], texts: dict[str, Array]
) -> tuple[tuple[ChannelColumn, ...], tuple[str, ...]]:
    """Say what channels columns have.

    Args:
        columns: Descriptions of columns that are read.
        texts: By name of each column of categories, the texts of the steps that are trained on, `""` where
            missing.

    Returns:
        The columns, and notes on categories that have no channel.
    """
    found, notes = [], []
    for column in columns:
        if column.kind != "category":
            found.append(ChannelColumn(column.name, "number", state=column.kind == "boolean"))
            continue
        there, counts = np.unique(texts[column.name].astype(str), return_counts=True)
        counts = counts[there != ""]
        there = there[there != ""]
        most = np.sort(np.argsort(-counts, kind="stable")[:MOST_CATEGORIES])
        kept = tuple(str(text) for text in there[most])
        if len(kept) < column.distinct:
            notes.append(
                f"{column.distinct - len(kept)} of {column.distinct} categories of {column.name!r} are not "
                f"among the {len(kept)} that have a channel: the most frequent ones in training."
            )
        found.append(ChannelColumn(column.name, "category", kept, state=True))
    return tuple(found), tuple(notes)


def category_columns(
    frame: "pd.DataFrame", columns: Sequence[ColumnDescription], missing: Sequence[str]
) -> dict[str, Array]:
    """The texts of all columns of categories, by name."""
    return {
        column.name: category_texts(frame[column.name], missing=missing)
        for column in columns
        if column.kind == "category"
    }


def _described(
    column: "pd.Series[Any]", rules: ColumnRules, source: str, *, is_target: bool
) -> ColumnDescription:
    name = str(column.name)
    if is_target:
        rules = replace(rules, numeric=(*rules.numeric, name), keep=(*rules.keep, name))
    # A format is of the times; others need not be written so.
    found = describe_column(column, replace(rules, date_format=None), source=source)
    return replace(found, used=True, reason="") if is_target else found


def _check_target(
    frame: "pd.DataFrame",
    target: str,
    time_column: str | None,
    rules: ColumnRules,
    source: str,
) -> None:
    """Refuse a target that is no number that changes."""
    check_column(target, [str(name) for name in frame.columns], setting="target", source=source)
    for setting, names in (("time_column", (time_column,)), ("drop", rules.drop)):
        if target in names:
            raise SpecError(f"{source}: {target!r} cannot be both target and {setting}.")
    column = frame[target]
    if column.dtype.kind == "M":
        raise DataError(f"{source}: target {target!r} holds dates, which cannot be forecast.")
    if is_text(column):
        codes, texts = distinct_texts(column, missing=rules.missing)
        here = np.append(text_numbers(texts)[1], False)[codes]
        if here.any():
            position = int(np.argmax(here))
            text = texts[codes[position]]
            raise DataError(
                f"{source}, target {target!r}, {row_place(column, position)}: expected a number to forecast; "
                f'got {text!r}. Say missing = ["{text}"] if it stands for a missing value; say id_column if '
                "classes of whole series are to be told."
            )
        values = text_numbers(texts)[0][codes[codes >= 0]]
    else:
        values = column.dropna().to_numpy(dtype=np.float64)
    if not len(values):
        raise DataError(
            f"{source}: target {target!r}: every value is missing. Choose another target."
        )
    if (values == values[0]).all():
        raise DataError(
            f"{source}: target {target!r}: expected values that differ; every row has {values[0]:g}. Choose "
            "another target."
        )


def _time(column: "pd.Series[Any]", rules: ColumnRules, source: str) -> InputColumn:
    """Say how a column that is named tells the time."""
    name = str(column.name)
    if rules.date_format is not None and (is_text(column) or column.dtype.kind in "iuf"):
        rules = replace(rules, dates=(name,))
    found = describe_column(column, replace(rules, keep=(name,)), source=source)
    _check_time(column, found, rules, source)
    if found.kind not in ("number", "date"):
        raise DataError(
            f"{source}: time_column {name!r}: expected dates or numbers; got {found.example}. Say how dates "
            'are written, as in date_format = "%d/%m/%Y", or choose another column.'
        )
    return found.input_column


def _check_time(
    column: "pd.Series[Any]", found: ColumnDescription, rules: ColumnRules, source: str
) -> None:
    """Name the line of a time that is none, where most are."""
    if not found.problem:
        return
    if is_text(column):
        codes, texts = distinct_texts(column, missing=rules.missing)
        wrong = np.isnat(text_dates(texts, rules.date_format))
        here = np.append(wrong, False)[codes]
        if not wrong.all() and here.any():
            position = int(np.argmax(here))
            raise DataError(
                f"{source}, column {column.name!r}, {row_place(column, position)}: expected a time; got "
                f"{texts[codes[position]]!r}. Mend the file, or leave this row out."
            )
    raise DataError(found.problem)


def _found_time(
    frame: "pd.DataFrame",
    described: Sequence[ColumnDescription],
    target: str | None,
    rules: ColumnRules,
    source: str,
) -> InputColumn | None:
    """Find the column that tells the time, if there is one."""
    dates = [column.name for column in described if column.kind == "date"]
    if rules.date_format is not None:
        raise SpecError(
            f'{source}: say which column is written as date_format says, as in time_column = "'
            f'{(dates or [str(frame.columns[0])])[0]}".'
        )
    if len(dates) > 1:
        raise SpecError(
            f"{source}: columns {' and '.join(map(repr, dates[:3]))} hold dates; say which tells the time, "
            f'as in time_column = "{dates[0]}", and leave the others out with drop.'
        )
    if dates:
        return _time(frame[dates[0]], rules, source)
    first = described[0] if described else None
    if first is None or first.name == target or str(frame.columns[0]) != first.name:
        return None
    return InputColumn(first.name, "number") if _numbers_steps(frame[first.name]) else None


def _numbers_steps(column: "pd.Series[Any]") -> bool:
    """Whether whole numbers rise, nearly always by the same."""
    if column.dtype.kind not in "iuf" or len(column) < 3:
        return False
    values = column.to_numpy(dtype=np.float64)
    if not np.isfinite(values).all() or (values % 1).any():
        return False
    apart = np.diff(values)
    counts = np.unique(apart, return_counts=True)[1]
    return bool((apart > 0).all()) and counts.max() >= _MOSTLY_STEPS * len(apart)
