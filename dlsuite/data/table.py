"""From a data frame to a `Table`: which columns are used, what is to be told, and how rows are split."""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from dlsuite.data.columns import (
    ColumnDescription,
    ColumnRules,
    check_column,
    describe_column,
    left_out_note,
)
from dlsuite.data.files import read_table
from dlsuite.data.raw import Table
from dlsuite.data.split_columns import split_rules
from dlsuite.data.targets import read_target
from dlsuite.errors import DataError, SpecError
from dlsuite.spec.kinds import TaskType

if TYPE_CHECKING:
    import pandas as pd

FEWEST_ROWS = 10
"""With fewer rows, validation and test would hold one each."""


def describe_columns(
    table: "str | Path | pd.DataFrame",
    *,
    drop: Sequence[str] = (),
    keep: Sequence[str] = (),
    numeric: Sequence[str] = (),
    categorical: Sequence[str] = (),
    dates: Sequence[str] = (),
    date_format: str | None = None,
    missing: Sequence[str] = (),
    separator: str | None = None,
    encoding: str | None = None,
) -> list[ColumnDescription]:
    """Say what every column of a table holds, and whether a model would be given it.

    Args:
        table: A file, or a data frame.
        drop: See `table_from_file`, as for all others.
        keep: Columns to use although they would be left out.
        numeric: Columns that are numbers.
        categorical: Columns that are categories.
        dates: Columns that are dates.
        date_format: How dates that are texts are written.
        missing: Texts that stand for a missing value.
        separator: What stands between two values.
        encoding: How characters are written.

    Returns:
        A description of each column, in the table's order. What is wrong with a column stands in its
        `problem`.

    Raises:
        DataError: The file cannot be read.
        SpecError: A column is not there.
    """
    if isinstance(table, str | Path):
        source = str(table)
        table = read_table(table, separator=separator, encoding=encoding)
    else:
        source = "the table"
    rules = ColumnRules(
        drop=tuple(drop),
        keep=tuple(keep),
        numeric=tuple(numeric),
        categorical=tuple(categorical),
        dates=tuple(dates),
        date_format=date_format,
        missing=tuple(missing),
    )
    rules.check([str(name) for name in table.columns], source=source)
    return [describe_column(table[name], rules, source=source) for name in table.columns]


def make_table(
    frame: "pd.DataFrame",
    *,
    source: str,
    target: str,
    rules: ColumnRules,
    task_type: TaskType | None = None,
    test: "pd.DataFrame | None" = None,
    test_source: str = "the test rows",
    split_column: str | None = None,
    group_column: str | None = None,
    time_column: str | None = None,
    max_categories: int = 20,
) -> Table:
    """Decide what of a frame a model is given, what it is to tell, and how rows are split.

    Args:
        frame: The rows.
        source: What to call them in messages.
        target: The column to tell.
        rules: What is said about the other columns.
        task_type: Found out from the target if None.
        test: Test rows that come by themselves.
        test_source: What to call these.
        split_column: See `table_from_file`, as for the rest.
        group_column: The column whose equal values stay in one split.
        time_column: The column to split in order of.
        max_categories: The most features that a column's categories may have.

    Raises:
        SpecError: A setting names a column that is not there, or two of them do not go together.
        DataError: A column or the target cannot be used.
    """
    names = [str(name) for name in frame.columns]
    if len(set(names)) < len(names) or names != list(frame.columns):
        raise DataError(
            f"{source}: expected texts as names of columns, each once; got {names[:12]}. "
            "Rename them, as in frame.columns = frame.columns.map(str)."
        )
    check_settings(names, source, target, rules, split_column, group_column, time_column)
    if len(frame) < FEWEST_ROWS:
        raise DataError(
            f"{source}: expected at least {FEWEST_ROWS} rows, to split and to learn from; got {len(frame)}."
        )
    frames: tuple[pd.DataFrame, ...] = (frame,)
    sources: tuple[str, ...] = (source,)
    if test is not None:
        if target not in test.columns:
            raise DataError(
                f"{test_source}: expected the target {target!r} in the test rows too; there is no such "
                "column."
            )
        frames, sources = (frame, test), (source, test_source)
    told = read_target(
        [each[target] for each in frames],
        sources=sources,
        task_type=task_type,
        missing=rules.missing,
    )
    split = split_rules(
        frames,
        sources,
        rules=rules,
        split_column=split_column,
        group_column=group_column,
        time_column=time_column,
    )
    # What says how to split is no input, unless somebody wants it to be.
    aside = {split_column, group_column, time_column} - {None, *rules.keep} | {target}
    described = [
        describe_column(frame[name], rules, source=source)
        for name in names
        if name not in aside and name not in rules.drop
    ]
    for column in described:
        if column.used and column.problem:
            raise DataError(column.problem)
    # Times that rows are split by may be written so too.
    asked_in_vain = rules.date_format is not None and time_column is None
    if asked_in_vain and not any(column.format == rules.date_format for column in described):
        raise SpecError(
            f"{source}: date_format = {rules.date_format!r} is how no column's dates are written; leave it "
            "out, or mend it."
        )
    used = tuple(column.input_column for column in described if column.used)
    if not used:
        unused = "; ".join(f"{column.name!r}: {column.reason}" for column in described[:3])
        raise DataError(
            f"{source}: no column is left to tell {target!r} from"
            + (f" ({unused}). " if unused else ". ")
            + "Say keep, or less drop; of texts, which of the columns is the text: text_column."
        )
    absent = [
        column.name for column in used if test is not None and column.name not in test.columns
    ]
    if absent:
        raise DataError(
            f"{test_source}: expected the columns of {source} in the test rows too; there is no "
            f"{absent[0]!r}."
        )
    return Table(
        frames=frames,
        sources=sources,
        columns=used,
        target=target,
        y=told.y,
        class_names=told.class_names,
        rules=split,
        max_categories=max_categories,
        missing=rules.missing,
        notes=(*told.notes, *_split_note(aside - {target}), *left_out_note(described)),
    )


def _split_note(columns: Collection[str | None]) -> tuple[str, ...]:
    return tuple(
        f"Rows are split by {name!r}, which a model is not given." for name in columns if name
    )


def check_settings(
    names: Collection[str],
    source: str,
    target: str,
    rules: ColumnRules,
    split_column: str | None,
    group_column: str | None,
    time_column: str | None,
) -> None:
    """Refuse columns that are not there, or are asked to be two things.

    Args:
        names: The table's columns.
        source: What to call the table in messages.
        target: The column to tell.
        rules: What is said about the other columns.
        split_column: See `table_from_file`, as for the rest.
        group_column: The column whose equal values stay in one split.
        time_column: The column to split in order of.

    Raises:
        SpecError: A column is not there, or two settings do not go together.
    """
    check_column(target, names, setting="target", source=source)
    rules.check(names, source=source)
    ways = {
        "split_column": split_column,
        "group_column": group_column,
        "time_column": time_column,
    }
    given = {setting: name for setting, name in ways.items() if name is not None}
    for setting, name in given.items():
        check_column(name, names, setting=setting, source=source)
    for setting, name in [*given.items(), *(("drop", name) for name in rules.drop)]:
        if name == target:
            raise SpecError(f"{source}: {target!r} cannot be both target and {setting}.")
    if target in rules.keep:
        raise SpecError(
            f"{source}: the target {target!r} stands in keep; a model is never given it."
        )
    if len(given) > 1:
        raise SpecError(
            f"{source}: rows are split by one of {' and '.join(given)}; leave the rest out."
        )
