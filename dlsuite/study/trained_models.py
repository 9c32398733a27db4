"""A study's trained models: which trial's stands for a condition, and how it comes back from its weights."""

import hashlib
import re
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from dlsuite.atomic import write_file
from dlsuite.data import Dataset
from dlsuite.errors import DataError, DlsuiteError, SpecError, StoreError, UnknownNameError, closest
from dlsuite.models.card import read_card
from dlsuite.quiet import import_tensorflow
from dlsuite.report.page.recommendation import recommend
from dlsuite.spec.values import thaw
from dlsuite.store import ResultsFolder
from dlsuite.study.plan import Plan, make_plan
from dlsuite.study.setups import load, setups_of
from dlsuite.study.trial import Trial

if TYPE_CHECKING:
    from dlsuite.study.results import Results

FOLDER = "models"
"""The name of the folder of saved models in a study's folder."""
MOST_SAVED = 32
"""With more tasks and conditions than this a run saves each task's best model alone, so that nobody waits."""
_LONGEST_NAME = 120


class _Network(NamedTuple):
    """A trial's network with its weights of the best epoch, and the data that it was trained on."""

    trial: Trial
    model: Any
    data: Dataset


class TrainedModels:
    """The trained models of a study, each rebuilt from what the study's parts have kept.

    For a condition stands the trial with the lowest validation loss among its seeds, with the tuned values
    that were chosen. The test split is never asked.

    Args:
        results: The study's results.
        plan: The study's plan; made of its specification when it is needed, if absent.
    """

    def __init__(self, results: "Results", plan: Plan | None = None) -> None:
        self._results = results
        self._folder = ResultsFolder(results.folder)
        self._given_plan = plan

    def best(self, task: str | None = None, condition: str | None = None) -> Any:
        """See `Results.best_model`."""
        row = self._best_row(*self._choose(task, condition))
        saved = self.path(row["task"], row["condition"])
        if not _is_of(saved, row):
            network = self._network(row)
            from dlsuite.models.portable import portable_model

            return portable_model(network.model, network.data)
        import_tensorflow()
        from dlsuite.models.saved import read_model

        return read_model(saved)

    def save(self, path: str | Path, task: str | None = None, condition: str | None = None) -> None:
        """See `Results.save_model`."""
        row = self._best_row(*self._choose(task, condition))
        saved = self.path(row["task"], row["condition"])
        if Path(path).suffix == ".keras" and Path(path) != saved and _is_of(saved, row):
            _copy(saved, Path(path))
            return
        self._save(row, Path(path))

    def save_missing(self, say: Callable[[str], None]) -> list[Path]:
        """Save the models of all conditions into `models/`, or of each task's best where these are many.

        Those that are there already stay. Conditions whose trials all diverged have none, nor do those that
        were trained before weights were kept.

        Args:
            say: Told what cannot be saved, and why.

        Returns:
            The files written.
        """
        try:
            self._folder.check_weights()
        except StoreError as error:
            say(f"No models are saved: {error}")
            return []
        written = []
        refused: set[str] = set()
        for task, condition in self._to_save():
            try:
                row = self._best_row(task, condition)
            except (SpecError, StoreError):
                continue
            path = self.path(task, condition)
            if task in refused or _is_of(path, row):
                continue
            try:
                self._save(row, path)
            except DlsuiteError as error:
                refused.add(task)
                say(f"{task}: its models are not saved: {error}")
            else:
                written.append(path)
        return written

    def path(self, task: str, condition: str) -> Path:
        """Where a run saves a condition's model."""
        return self._results.folder / FOLDER / f"{file_name(f'{task} {condition}')}.keras"

    @cached_property
    def _plan(self) -> Plan:
        return self._given_plan or make_plan(self._results.study)

    def _to_save(self) -> list[tuple[str, str]]:
        pairs = self._results.trials[["task", "condition"]].drop_duplicates()
        if len(pairs) <= MOST_SAVED:
            return [(str(task), str(condition)) for task, condition in pairs.to_numpy()]
        best = {str(task): self._best_condition(str(task)) for task in pairs["task"].unique()}
        return [(task, condition) for task, condition in best.items() if condition is not None]

    def _choose(self, task: str | None, condition: str | None) -> tuple[str, str]:
        """Check a task and a condition by name, or find the ones to take."""
        trials = self._results.trials
        tasks = [str(name) for name in self._results.tasks["task"]]
        if task is None:
            if len(tasks) > 1:
                raise SpecError(
                    f"task: the study has several; choose one of {', '.join(map(repr, tasks))}."
                )
            (task,) = tasks
        if task not in tasks:
            raise UnknownNameError(f"There is no task {task!r}. {closest(task, tasks)}")
        known = [str(name) for name in trials.loc[trials["task"] == task, "condition"].unique()]
        if condition is None:
            condition = self._best_condition(task)
            if condition is None:
                raise SpecError(
                    f"{task}: no trial has completed, so there is no model; look at the column 'status' of "
                    "results.trials."
                )
        if condition not in known:
            raise UnknownNameError(
                f"There is no condition {condition!r} of {task}. {closest(condition, known)}"
            )
        return task, condition

    def _best_condition(self, task: str) -> str | None:
        candidate = recommend(self._results.tables, task).candidate
        return candidate.name if candidate is not None else None

    def _best_row(self, task: str, condition: str) -> dict[str, Any]:
        """The row of the trial that stands for a condition.

        Raises:
            SpecError: None has completed.
            StoreError: Its weights are not there.
        """
        trials = self._results.trials
        own = trials.loc[(trials["task"] == task) & (trials["condition"] == condition)]
        own = own.loc[own["selected"].astype(bool)]
        completed = own.loc[own["status"] == "completed"]
        if completed.empty:
            raise SpecError(
                f"{task}, {condition}: none of its {len(own)} trials has completed, so there is no model; "
                "choose another condition, or a lower learning rate."
            )
        # The tables round losses: of several that look alike, one was the lowest.
        best = completed.loc[completed["val_loss_best"] == completed["val_loss_best"].min()]
        rows: list[dict[str, Any]] = [
            {str(key): value for key, value in row.items()} for row in best.to_dict("records")
        ]
        for row in rows:
            if self._folder.has_weights(row["trial"], epochs=row["epochs"]):
                return row
        for row in rows:
            if _is_of(self.path(task, condition), row):
                return row
        raise StoreError(
            f"{self._results.folder}: the weights of {task}, {condition}, seed {rows[0]['seed']} are not "
            "there: the trial is from before weights were kept, or its part was not copied. Delete the "
            "folder 'parts', if there is one, and run the study again."
        )

    def _network(self, row: Mapping[str, Any]) -> _Network:
        """Build a trial's network anew, with its weights.

        Raises:
            StoreError: What it was made of is gone or has changed.
        """
        where = f"{self._results.folder}: the model of {row['task']}, {row['condition']}"
        weights = self._folder.weights(row["trial"], epochs=row["epochs"])
        if weights is None:
            raise StoreError(f"{where}: its weights are not in the folder 'parts'.")
        import_tensorflow()
        try:
            trial, data = self._trial(row)
            (setup,) = setups_of([trial], data)
        except (SpecError, DataError) as error:
            raise StoreError(f"{where} cannot be built again: {error}") from error
        try:
            setup.model.set_weights(weights)
        except ValueError as error:
            raise StoreError(
                f"{where} cannot be built again: its builder makes other layers now than when it was trained."
            ) from error
        return _Network(trial, setup.model, data)

    def _trial(self, row: Mapping[str, Any]) -> tuple[Trial, Dataset]:
        """Find a row's trial in the plan.

        Raises:
            DataError: The data, the model or its settings are others than when it was trained.
        """
        for trial in self._plan.trials:
            same = (trial.task, trial.condition, trial.seed, trial.split_seed) == (
                row["task"],
                row["condition"],
                row["seed"],
                row["split_seed"],
            )
            if same:
                data = load(trial)
                if trial.key(data.fingerprint) == row["trial"]:
                    return trial, data
        raise DataError(
            "its data set or its builder has changed since it was trained; bring the old one back, or run "
            "the study again."
        )

    def _save(self, row: Mapping[str, Any], path: Path) -> None:
        network = self._network(row)
        from dlsuite.models.portable import save_model

        about = {
            "study": self._results.study.name,
            **{key: row[key] for key in ("task", "condition", "trial")},
            **{key: int(row[key]) for key in ("seed", "split_seed", "epochs", "best_epoch")},
            "model": network.trial.model,
            "model_settings": thaw(network.trial.model_settings),
            "data": network.trial.data,
            "data_settings": thaw(network.trial.data_settings),
            "training": dict(vars(network.trial.training)),
            "scores": {
                key: value
                for key, value in row.items()
                if re.match(r"(train|val)_\w+_best$|test_(?!gap_)", key) and value == value
            },
        }
        save_model(network.model, network.data, path, about)


def file_name(text: str) -> str:
    """Write a text so that it can be a file's name on any system; different texts stay different."""
    safe = re.sub(r"[^\w.=+-]+", "-", text).strip("-")
    if safe == re.sub("[/ ]", "-", text) and len(safe) <= _LONGEST_NAME:
        return safe
    return f"{safe[:_LONGEST_NAME]}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def _is_of(path: Path, row: Mapping[str, Any]) -> bool:
    """Whether a saved model is that of a trial."""
    try:
        card = read_card(path)
    except SpecError:
        return False
    told = {} if card is None else card.about
    return all(told.get(key) == row[key] for key in ("trial", "epochs"))


def _copy(source: Path, target: Path) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        write_file(target, source.read_bytes())
    except OSError as error:
        raise StoreError(f"{target}: cannot be written ({error.strerror or error}).") from error
