"""Tables as data sets: the settings that a file or a data frame takes, and what becomes of them."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BeforeValidator, Field

from dlsuite.data.columns import ColumnRules, check_column
from dlsuite.data.files import frame_bytes, is_table_path, read_table
from dlsuite.data.raw import Table
from dlsuite.data.recent import Recent
from dlsuite.data.table import make_table
from dlsuite.data.targets import target_type
from dlsuite.errors import SpecError
from dlsuite.spec import found_path
from dlsuite.spec.kinds import TaskType

if TYPE_CHECKING:
    import pandas as pd

Names = Annotated[
    tuple[str, ...],
    BeforeValidator(
        lambda raw: (
            (raw,) if isinstance(raw, str) else tuple(raw) if isinstance(raw, list) else raw
        ),
        json_schema_input_type=str | list[str],
    ),
]
"""Names of columns, or other texts; a single one stands for a list of one."""

_tables: Recent[Table] = Recent(lambda table: sum(map(frame_bytes, table.frames)))


def table_from_file(
    path: str | Path,
    *,
    target: str,
    task_type: TaskType | None = None,
    test_path: str | None = None,
    split_column: str | None = None,
    group_column: str | None = None,
    time_column: str | None = None,
    drop: Names = (),
    keep: Names = (),
    numeric: Names = (),
    categorical: Names = (),
    dates: Names = (),
    date_format: str | None = None,
    missing: Names = (),
    max_categories: Annotated[int, Field(ge=2)] = 20,
    separator: str | None = None,
    encoding: str | None = None,
) -> Table:
    """Read a table; again only if a file has changed.

    Args:
        path: The file: CSV, TSV, Parquet or Feather.
        target: The column to tell.
        task_type: `classification` or `regression`; if absent, texts, truths and whole numbers of few
            different values are classes, other numbers are not.
        test_path: A file with the test rows; else a fifth of the rows is held out.
        split_column: The column that says to which split a row belongs: `train`, `validation` or `test`.
        group_column: The column whose equal values stay in one split, as all rows of a patient do.
        time_column: The column by which rows are split in order, the latest for the test; smaller training
            sets hold the most recent rows.
        drop: Columns to leave out.
        keep: Columns to use although they hold one value or name the rows.
        numeric: Columns that are numbers.
        categorical: Columns that are categories, though they look like numbers.
        dates: Columns that are dates.
        date_format: How dates that are texts are written, as in `"%d/%m/%Y"`; found out if absent.
        missing: Texts that stand for a missing value, beside `""`, `?`, `NA` and the like.
        max_categories: The most features that a column's categories may have; the rarest share one.
        separator: What stands between two values; found from the first line if absent.
        encoding: How characters are written; UTF-8 if absent.

    Raises:
        SpecError: A setting names a column that is not there, or two of them do not go together.
        DataError: A file, a column or the target cannot be used.
    """
    rules = _rules(locals())
    settings = (task_type, split_column, group_column, time_column, max_categories, rules)

    def read(file: str | Path) -> "pd.DataFrame":
        return read_table(file, separator=separator, encoding=encoding)

    def make() -> Table:
        return make_table(
            read(path),
            source=str(path),
            target=target,
            rules=rules,
            task_type=task_type,
            test=None if test_path is None else read(test_path),
            test_source=str(test_path),
            split_column=split_column,
            group_column=group_column,
            time_column=time_column,
            max_categories=max_categories,
        )

    key = (file_state(path), file_state(test_path), target, separator, encoding, settings)
    return _tables.get(key, make)


def table_from_frame(
    frame: "pd.DataFrame",
    *,
    name: str,
    target: str,
    test: "pd.DataFrame | None" = None,
    settings: Mapping[str, Any],
) -> Table:
    """Take a data frame as a table.

    Args:
        frame: The rows; they are not copied.
        name: What to call them in messages.
        target: The column to tell.
        test: Test rows that come by themselves.
        settings: All others that `table_from_file` takes, but for those of files.
    """
    keys = ("task_type", "split_column", "group_column", "time_column", "max_categories")
    return make_table(
        frame,
        source=name,
        target=target,
        rules=_rules(settings),
        test=test,
        test_source=f"{name}, test",
        **{key: settings[key] for key in keys},
    )


def file_task_type(path: str | Path, settings: Mapping[str, Any]) -> TaskType:
    """Say whether a file's target asks for classes or numbers; see `table_from_file`."""
    if settings["task_type"] is not None:
        given: TaskType = settings["task_type"]
        return given
    frame = read_table(path, separator=settings["separator"], encoding=settings["encoding"])
    target = settings["target"]
    check_column(target, list(frame.columns), setting="target", source=str(path))
    return target_type(frame[target], missing=settings["missing"])


def need_target(path: str | Path, settings: Mapping[str, Any]) -> None:
    """Ask for the target of a file, with the columns that there are.

    Raises:
        SpecError: The settings name none.
    """
    if "target" not in settings:
        reading = {key: settings[key] for key in ("separator", "encoding") if key in settings}
        columns = [str(name) for name in read_table(path, **reading).columns]
        more = ", ..." if len(columns) > 12 else ""
        raise SpecError(
            f'{path}: say which column is to be told, as in target = "{columns[-1]}"; the columns are '
            f"{', '.join(columns[:12])}{more}."
        )


def file_state(path: str | Path | None) -> tuple[str, int, int] | None:
    """What tells a file from what it was before it changed; None without a file."""
    if path is None:
        return None
    file = found_path(path)
    if not is_table_path(file.name) or not file.is_file():
        return (str(file), 0, 0)
    status = file.stat()
    return (str(file.resolve()), status.st_size, status.st_mtime_ns)


def _rules(settings: Mapping[str, Any]) -> ColumnRules:
    names = ("drop", "keep", "numeric", "categorical", "dates", "missing")
    return ColumnRules(
        date_format=settings["date_format"], **{name: tuple(settings[name]) for name in names}
    )
