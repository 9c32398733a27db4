"""A study's results, as data frames."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from dlsuite.analysis import TABLES, findings
from dlsuite.errors import StoreError
from dlsuite.report import StudyTables, plot, plot_names
from dlsuite.spec import Study, read_study
from dlsuite.spec.metrics import describe_metric
from dlsuite.store import ResultsFolder
from dlsuite.store.metrics_table import METRICS_FILE, read_metrics
from dlsuite.store.schema import NAIVE_FILE

PAGE = "report.html"
"""The name of a study's page in its folder."""
_TABLES = ("tasks", "trials", "curves", "layers", *TABLES)
_NAIVE = NAIVE_FILE.removesuffix(".csv")


class Results:
    """What a study found, read from its folder.

    Args:
        folder: The study's folder, such as `results/dropout`.

    Attributes:
        folder: The folder.

    Raises:
        SpecError: A metric of the study is known here as one that is better the other way.
        StoreError: Its `metrics.csv` is no table of metrics.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._store = ResultsFolder(folder)
        for metric in read_metrics(folder):
            describe_metric(metric, source=str(folder / METRICS_FILE))

    @cached_property
    def study(self) -> Study:
        """The study's specification."""
        return read_study(self.folder / "study.toml")

    @cached_property
    def tasks(self) -> pd.DataFrame:
        """A row a task: its model and data, their sizes, what guessing scores."""
        return self._store.read_table("tasks")

    @cached_property
    def trials(self) -> pd.DataFrame:
        """A row a trial: condition, seed, status, scores at the best and the last epoch."""
        return self._store.read_table("trials")

    @cached_property
    def curves(self) -> pd.DataFrame:
        """A row a trial and epoch, from epoch 0: scores on train and validation, gradient norm."""
        return self._store.read_table("curves")

    @cached_property
    def layers(self) -> pd.DataFrame:
        """A row a trial, epoch and layer: gradient and weight norm, update ratio, dead units."""
        return self._store.read_table("layers")

    @cached_property
    def summary(self) -> pd.DataFrame:
        """A row a task, condition and measure: n, mean, interval, spread over seeds."""
        return self._store.read_table("summary")

    @cached_property
    def effects(self) -> pd.DataFrame:
        """A row a condition and measure: the difference from the baseline, paired by seed."""
        return self._store.read_table("effects")

    @cached_property
    def interactions(self) -> pd.DataFrame:
        """A row a pair of factors' values and measure: what both together do beyond their sum."""
        return self._store.read_table("interactions")

    @cached_property
    def checklist(self) -> pd.DataFrame:
        """A row a task and check: whether somebody should look, and why."""
        return self._store.read_table("checklist")

    @cached_property
    def naive_forecasts(self) -> pd.DataFrame:
        """A row a task and forecast without a model, of series: `last value`, `seasonal (12)`, `mean`."""
        if not (self.folder / NAIVE_FILE).exists():
            return pd.DataFrame(columns=["task", "forecast"])
        return self._store.read_table(_NAIVE)

    def table(self, name: str) -> pd.DataFrame:
        """Any table of the study's folder, by name.

        Args:
            name: `trials`, `curves`, `layers`, `tasks`, `naive_forecasts` of series, or one of
                `dlsuite.analysis.TABLES`.

        Raises:
            StoreError: It is not there or is no table.
        """
        if name not in (*_TABLES, _NAIVE):
            raise StoreError(f"table: expected one of {', '.join(_TABLES)}; got {name!r}.")
        return self._store.read_table(name)

    @property
    def findings(self) -> list[str]:
        """What was found: a few sentences a task and factor, with numbers."""
        return findings(
            {name: self.table(name) for name in TABLES},
            self.tasks,
            factors=list(self.study.factors),
            baseline=dict(self.study.full_baseline),
        )

    @cached_property
    def tables(self) -> StudyTables:
        """All tables together, with what the specification says of them: what reports are made from."""
        return StudyTables(
            name=self.study.name,
            frames=_Tables(self._store),
            factors=tuple(self.study.factors),
            tuned=tuple(self.study.tune),
            baseline=dict(self.study.full_baseline),
            question=self.study.question or "",
        )

    def plot(self, name: str, *, task: str | None = None, ax: Axes | None = None) -> Axes:
        """Draw one panel of the study's figures.

        Args:
            name: Such as `effects`, `learning_curves_loss` or `factor_dropout`; `plots` lists them.
            task: Which task, as in `cnn/digits`; the study's first if absent.
            ax: Where to draw; a new figure's if absent.

        Returns:
            The axes; `results.plot("effects").figure` is the matplotlib figure.

        Raises:
            UnknownNameError: There is no such plot or task; the message lists the closest ones.
        """
        return plot(self.tables, name, task=task, ax=ax)

    @property
    def plots(self) -> list[str]:
        """The names that `plot` takes for this study, sorted."""
        return plot_names(self.tables)

    @property
    def page(self) -> Path:
        """Where the study's page is, or will be when `report` has written it."""
        return self.folder / PAGE

    def report(self) -> Path:
        """Draw the study's figures and write its page, `report.html`, from the tables alone.

        Returns:
            The page.

        Raises:
            StoreError: The folder cannot be written, or a table cannot be read.
        """
        from dlsuite.study.reports import write_report

        return write_report(self)

    def best_model(self, *, task: str | None = None, condition: str | None = None) -> Any:
        """Give back a trained model, ready to use: raw inputs in, probabilities or values out.

        Of a condition it is the trial with the lowest validation loss among its seeds, at its best epoch and
        with the tuned values that were chosen; see `dlsuite.models.portable` for what it takes and gives. It
        comes from `models/` if it was saved there, else it is built anew from the weights that the study has
        kept, which takes the data set and the model's builder.

        Args:
            task: Which task, as in `cnn/digits`; can be left out where the study has one.
            condition: Which condition, as the tables write it; the best one on validation if absent.

        Returns:
            A plain `keras.Model` that `save` and `keras.models.load_model` handle without the suite.

        Raises:
            UnknownNameError: There is no such task or condition.
            SpecError: The study has several tasks and none is named, or no trial of the condition completed.
            StoreError: The weights were not kept, or what the model was made of is gone.
        """
        from dlsuite.study.trained_models import TrainedModels  # It needs this class.

        return TrainedModels(self).best(task, condition)

    def save_model(
        self, path: str | Path, *, task: str | None = None, condition: str | None = None
    ) -> None:
        """Save a trained model as a `.keras` file, with a card that `dlsuite predict` reads.

        Args:
            path: The file.
            task: As `best_model` takes it.
            condition: As `best_model` takes it.

        Raises:
            UnknownNameError: There is no such task or condition.
            SpecError: As of `best_model`; or the file's name does not end in `.keras`.
            StoreError: As of `best_model`; or the file cannot be written.
        """
        from dlsuite.study.trained_models import TrainedModels

        TrainedModels(self).save(path, task, condition)

    def __repr__(self) -> str:
        """The study and where its results are."""
        return f"Results({str(self.folder)!r})"

    def _repr_html_(self) -> str:
        """The answers, as a notebook shows them."""
        from dlsuite.study.html import results_html  # It needs this class.

        return results_html(self)


class _Tables(Mapping[str, pd.DataFrame]):
    """A study's tables by name, each read when it is first asked for.

    One whose file is not there is no table of the study: whoever shares results may leave out what is large.
    """

    def __init__(self, store: ResultsFolder) -> None:
        self._store = store
        self._read: dict[str, pd.DataFrame] = {}

    def __getitem__(self, name: str) -> pd.DataFrame:
        if name not in (*_TABLES, _NAIVE) or not (self._store.path / f"{name}.csv").exists():
            raise KeyError(name)
        if name not in self._read:
            self._read[name] = self._store.read_table(name)
        return self._read[name]

    def has_rows(self, name: str) -> bool:
        """Whether a table has rows, by its first two lines: `layers` may have millions."""
        try:
            with (self._store.path / f"{name}.csv").open("rb") as file:
                return bool(file.readline()) and bool(file.readline())
        except FileNotFoundError:
            return False

    def __iter__(self) -> Iterator[str]:
        return iter((*_TABLES, _NAIVE))

    def __len__(self) -> int:
        return len(_TABLES) + 1


def load_results(folder: str | Path) -> Results:
    """Open the results of a study.

    Args:
        folder: The study's folder, such as `results/dropout`.

    Raises:
        StoreError: There are no results.
    """
    path = Path(folder)
    if not (path / "trials.csv").is_file():
        raise StoreError(
            f"{path}: no results here; expected a study's folder, such as results/dropout."
        )
    return Results(path)
