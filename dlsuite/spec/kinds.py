"""The kinds of data and the types of task that there are."""

from typing import Literal, get_args

Kind = Literal["table", "text", "series", "image"]
TaskType = Literal["classification", "regression"]

KINDS: tuple[Kind, ...] = get_args(Kind)
"""The kinds of data there are."""
TASK_TYPES: tuple[TaskType, ...] = get_args(TaskType)
"""The types of task there are."""
