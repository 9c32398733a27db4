"""What the frames of a study must hold before anything is computed from them."""

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from dlsuite.errors import DlsuiteError


def require_columns(frame: pd.DataFrame, columns: Iterable[str], *, name: str) -> None:
    """Check that a frame has the columns that are about to be read.

    Args:
        frame: Any frame.
        columns: The names needed.
        name: The argument that holds the frame, for the message.

    Raises:
        DlsuiteError: A column is missing.
    """
    missing = [column for column in columns if column not in frame.columns]
    if missing:
        raise DlsuiteError(
            f"{name}: expected the columns {', '.join(missing)}; "
            f"got {', '.join(map(str, frame.columns)) or 'no column'}."
        )


def task_row(tasks: pd.DataFrame, task: str) -> dict[str, Any]:
    """Look up what is known of a task.

    Args:
        tasks: A row a task, with the column `task`.
        task: Its name.

    Returns:
        The task's row, by column.

    Raises:
        DlsuiteError: `tasks` has no row for the task, or more than one.
    """
    require_columns(tasks, ["task", "metric"], name="tasks")
    rows = tasks.loc[tasks["task"] == task]
    if len(rows) != 1:
        known = ", ".join(repr(name) for name in tasks["task"]) or "no task"
        raise DlsuiteError(f"tasks: expected one row for {task!r}; got {known}.")
    return {str(column): rows[column].iloc[0] for column in rows.columns}


def measure_row(rows: Mapping[str, Mapping[Any, Any]], measure: str) -> Mapping[Any, Any]:
    """Look up the row of a measure.

    Args:
        rows: Rows of the summary, of one condition, by measure.
        measure: Its name.

    Raises:
        DlsuiteError: There is none, as in a table that was cut.
    """
    if measure not in rows:
        raise DlsuiteError(f"summary: no row of the measure {measure!r} for some condition.")
    return rows[measure]


def number(row: Mapping[str, Any], column: str) -> float:
    """Read a number from a row; NaN where the column is absent or empty."""
    value = row.get(column)
    return float("nan") if value is None or pd.isna(value) else float(value)
