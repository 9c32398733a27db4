"""Texts from folders and tables: the settings they take, and what becomes of them."""

from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any

from dlsuite.data.raw import Phrases
from dlsuite.errors import SpecError
from dlsuite.spec.kinds import TaskType


def text_from_path(path: str | Path, *, text_column: str | None = None) -> Phrases:
    """Read texts."""
    raise SpecError(f"{path}: texts from files are not read yet.")


def need_text(path: str, settings: Mapping[str, Any]) -> None:
    """Ask for what cannot be done without."""


def text_task_type(path: str, settings: Mapping[str, Any]) -> TaskType:
    """Say what is to be told."""
    return "classification"


def text_state(path: str, settings: Mapping[str, Any]) -> Hashable:
    """Tell the content from what it was before a file changed."""
    return None
