"""A study's tables, read from its folder, and whether they fit together: its tasks, factors and measures."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pandas as pd

from dlsuite.analysis import TABLES
from dlsuite.errors import StoreError
from dlsuite.spec import Study, read_study
from dlsuite.store import ResultsFolder
from dlsuite.store.schema import NAIVE_FILE, PROBLEMS_FILE

NAIVE = NAIVE_FILE.removesuffix(".csv")
PROBLEMS = PROBLEMS_FILE.removesuffix(".csv")
NAMES = ("tasks", "trials", "curves", "layers", *TABLES)
"""The tables that every study has."""

_OF_TRIALS = ("trials", "curves", "layers", "learning_rates")
_OF_CONDITIONS = ("summary", "effects", "early_stopping")


class ResultTables(Mapping[str, pd.DataFrame]):
    """A study's tables by name, each read when it is first asked for.

    As a mapping, one whose file is not there is no table of the study: whoever shares results may leave out
    what is large. `read` asks for it.

    Args:
        folder: The study's folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._store = ResultsFolder(folder)
        self._read: dict[str, pd.DataFrame] = {}
        self._study: Study | None = None

    @property
    def study(self) -> Study:
        """The study's specification.

        Raises:
            SpecError: It cannot be read.
        """
        if self._study is None:
            self._study = read_study(self._folder / "study.toml")
        return self._study

    def read(self, name: str) -> pd.DataFrame:
        """Read a table.

        Raises:
            SpecError: The study's specification cannot be read.
            StoreError: The table is not there, is none, or does not fit to the others and the specification.
        """
        if name not in self._read:
            table = self._store.read_table(name)
            problem = self._misfit(name, table)
            if problem:
                raise StoreError(
                    f"{self._folder / f'{name}.csv'}: {problem}. Delete the table and run the study again: "
                    "nothing is trained twice."
                )
            self._read[name] = table
        return self._read[name]

    def _misfit(self, name: str, table: pd.DataFrame) -> str:
        """Why a table does not fit; empty where it does."""
        settings: tuple[str, ...] = ()
        if name in _OF_TRIALS:
            settings = (*self.study.factors, *self.study.tune)
        elif name in _OF_CONDITIONS:
            settings = tuple(self.study.factors)
        for setting in settings:
            if setting not in table:
                return f"study.toml varies {setting!r}, and there is no such column"
            if table[setting].isna().any():
                return f"the column {setting!r} of a factor has an empty cell"
        if name == "learning_rates" and len(table) and "learning_rate" not in table:
            return "the column 'learning_rate' is missing"
        if name == "tasks":
            if not len(table):
                return "there is no task"
            return "a task stands there twice" if table["task"].duplicated().any() else ""
        tasks = self.read("tasks")
        metrics = dict(zip(tasks["task"], tasks["metric"], strict=True))
        strange = ~table["task"].isin(metrics)
        if strange.any():
            return f"tasks.csv has no task {table['task'][strange].iloc[0]!r}"
        return _unmeasured(table, metrics) if name == "summary" else ""

    def __getitem__(self, name: str) -> pd.DataFrame:
        if name not in (*NAMES, NAIVE, PROBLEMS) or not (self._folder / f"{name}.csv").exists():
            raise KeyError(name)
        return self.read(name)

    def has_rows(self, name: str) -> bool:
        """Whether a table has rows, by its first two lines: `layers` may have millions."""
        try:
            with (self._folder / f"{name}.csv").open("rb") as file:
                return bool(file.readline()) and bool(file.readline())
        except FileNotFoundError:
            return False

    def __iter__(self) -> Iterator[str]:
        return iter((*NAMES, NAIVE, PROBLEMS))

    def __len__(self) -> int:
        return len(NAMES) + 2


def _unmeasured(summary: pd.DataFrame, metrics: Mapping[str, str]) -> str:
    """Which measure a condition's rows lack, without which there is no answer."""
    for (task, condition), group in summary.groupby(["task", "condition"], sort=False):
        for measure in (f"test_{metrics[str(task)]}", "gap_loss_last"):
            count = int((group["measure"] == measure).sum())
            if count != 1:
                return f"expected one row of {measure!r} for {task}, {condition}; there are {count}"
    return ""
