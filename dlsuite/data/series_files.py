"""Series from tables and folders of them: the settings they take, and what becomes of them."""

from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any

from dlsuite.data.raw import Arrays, TimeSeries
from dlsuite.errors import SpecError
from dlsuite.spec.kinds import TaskType


def series_from_path(path: str | Path, *, window: int | None = None) -> TimeSeries | Arrays:
    """Read a series."""
    raise SpecError(f"{path}: series from files are not read yet.")


def series_task_type(path: str, settings: Mapping[str, Any]) -> TaskType:
    """Say what is to be told."""
    return "regression"


def series_state(path: str, settings: Mapping[str, Any]) -> Hashable:
    """Tell the content from what it was before a file changed."""
    return None
