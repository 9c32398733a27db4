"""What a report is made from: a study's tables, and what its specification says of them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import pandas as pd

from dlsuite.analysis.frames import require_columns, task_row
from dlsuite.analysis.task_trials import is_baseline
from dlsuite.errors import DlsuiteError


@dataclass(frozen=True, eq=False)
class StudyTables:
    """A study's tables, as its CSVs have them, for whoever draws them.

    Attributes:
        name: The study's name.
        frames: `tasks`, `trials`, `curves`, `layers` and those of `dlsuite.analysis.TABLES`, by name, with
            the columns that `results/README.md` lists; of series `naive_forecasts` too. One that is missing
            counts as empty.
        factors: Names of the factors, in the study's order.
        tuned: Names of the tuned hyperparameters.
        baseline: The baseline's value of every factor.
        question: What the study asks; may be empty.
    """

    name: str
    frames: Mapping[str, pd.DataFrame] = field(repr=False)
    factors: tuple[str, ...]
    tuned: tuple[str, ...]
    baseline: Mapping[str, object]
    question: str = ""

    def __getitem__(self, name: str) -> pd.DataFrame:
        """A table by name; an empty one if the study has none."""
        return self.frames.get(name, pd.DataFrame())

    def has_rows(self, name: str) -> bool:
        """Whether a table has rows; one that is read only when it is asked for is not read for that."""
        known = getattr(self.frames, "has_rows", None)
        return bool(known(name)) if known is not None else not self[name].empty

    @property
    def tasks(self) -> list[str]:
        """Labels of the tasks that have trials, in the study's order."""
        trials = self["trials"]
        return [str(task) for task in trials["task"].drop_duplicates()] if len(trials) else []

    def task(self, label: str) -> Mapping[str, object]:
        """A task's row in `tasks`.

        Raises:
            DlsuiteError: There is no such task.
        """
        return task_row(self["tasks"], label)

    @property
    def conditions(self) -> pd.DataFrame:
        """The conditions, a row each: `condition` and the factors; of all tasks, in the study's order."""
        columns = ["condition", *self.factors]
        trials = self["trials"]
        if trials.empty:
            return pd.DataFrame(columns=columns)
        require_columns(trials, columns, name="trials")
        return trials[columns].drop_duplicates("condition").reset_index(drop=True)

    @property
    def baseline_condition(self) -> str | None:
        """The condition at the baseline's values; None if there is none."""
        conditions = self.conditions
        if conditions.empty or not set(self.factors) <= set(self.baseline):
            return None
        at = is_baseline(conditions, self.baseline)
        return str(conditions.loc[at, "condition"].iloc[0]) if at.any() else None

    def only(self, tasks: Sequence[str]) -> "StudyTables":
        """The same tables with the rows of some tasks alone."""
        return replace(self, frames=_OfTasks(self.frames, tasks))

    def of_task(self, name: str, label: str) -> pd.DataFrame:
        """A table's rows of one task.

        Raises:
            DlsuiteError: The table has rows, but no column `task`.
        """
        table = self[name]
        if table.empty:
            return table
        if "task" not in table:
            raise DlsuiteError(f"{name}: expected a column task; got {', '.join(table.columns)}.")
        return table.loc[table["task"] == label]


class _OfTasks(Mapping[str, pd.DataFrame]):
    """Frames with the rows of some tasks alone, each cut when it is first asked for."""

    def __init__(self, frames: Mapping[str, pd.DataFrame], tasks: Sequence[str]) -> None:
        self._frames = frames
        self._tasks = tasks
        self._cut: dict[str, pd.DataFrame] = {}

    def __getitem__(self, name: str) -> pd.DataFrame:
        if name not in self._cut:
            frame = self._frames[name]
            known = "task" in frame
            self._cut[name] = frame.loc[frame["task"].isin(self._tasks)] if known else frame
        return self._cut[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._frames)

    def __len__(self) -> int:
        return len(self._frames)
