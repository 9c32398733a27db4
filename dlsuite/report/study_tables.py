"""What a report is made from: a study's tables, and what its specification says of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from dlsuite.analysis.frames import task_row
from dlsuite.errors import DlsuiteError


@dataclass(frozen=True, eq=False)
class StudyTables:
    """A study's tables, as its CSVs have them, for whoever draws them.

    Attributes:
        name: The study's name.
        frames: `tasks`, `trials`, `curves`, `layers` and those of `dlsuite.analysis.TABLES`, by name, with
            the columns that `results/README.md` lists. One that is missing counts as empty.
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
