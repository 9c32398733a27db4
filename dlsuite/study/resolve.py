"""A task's names, resolved: which model and data set they stand for, and who takes which setting."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from dlsuite.analysis.analyze import COLUMNS as ANALYSIS_COLUMNS
from dlsuite.data import DataEntry, Kind, TaskType, data_entry, settings_of
from dlsuite.errors import SpecError, UnknownNameError, closest
from dlsuite.models import ModelEntry, list_models, model_entry
from dlsuite.spec import Hyperparameter, Study, Task, Value, is_path, validate_settings
from dlsuite.spec.losses import loss_for
from dlsuite.spec.metrics import Metric, list_metrics, metric_entry, metrics_of_every_trial
from dlsuite.store.schema import reserved_columns
from dlsuite.study.trial import Trial, condition_label
from dlsuite.training.settings import TrainingSettings, training_hyperparameters


@dataclass(frozen=True)
class PlannedTask:
    """A task with its names resolved.

    Attributes:
        label: What the task is called.
        model: The model's entry.
        data: The data set's entry.
        task_type: `classification` or `regression`.
        metric: The score that decides.
        asked: The metrics that are computed of predictions, beside what every trial has.
    """

    label: str
    model: ModelEntry
    data: DataEntry
    task_type: TaskType
    metric: str
    asked: tuple[Metric, ...] = ()


class Resolver:
    """A task's names and the settings it takes.

    Args:
        study: The study.
        task: One of its tasks.

    Raises:
        UnknownNameError: There is no such model or data set.
        SpecError: The model does not take the data's kind, or a setting is not taken.
    """

    def __init__(self, study: Study, task: Task) -> None:
        self.task = task
        self.model = model_entry(task.model.name)
        self.data = data_entry(task.data.name, _given(study, task))
        try:
            check_kind(self.model, self.data.kind, data=self.data.name)
        except SpecError as error:
            raise SpecError(f"task {task.label!r}: {error}") from error
        self.takes: dict[str, dict[str, Hyperparameter]] = {
            "model": self.model.hyperparameters,
            "data": {
                key: value for key, value in settings_of(self.data).items() if key != "split_seed"
            },
            "training": training_hyperparameters(),
        }
        self._check_takers({*study.factors, *study.tune})
        self._check_settings(task.model.settings, "model", f"model {self.model.name!r}")
        self._check_settings(task.data.settings, "data", f"data set {self.data.name!r}")
        for key, value in task.fixed.items():
            hyperparameter = self.hyperparameter(key, place=f"fixed of task {task.label!r}")
            validate_at(hyperparameter, value, place=f"task {task.label!r}: fixed")
        for place, keys in (("factors", study.factors), ("tune", study.tune)):
            for key in keys:
                self.hyperparameter(key, place=f"[{place}]")
        self.task_type = self._task_type(study)

    def _check_takers(self, varied: Collection[str]) -> None:
        """Refuse a name that would set two things at once, or that the result tables use."""
        places = list(self.takes)
        for index, place in enumerate(places):
            for other in places[index + 1 :]:
                for key in self.takes[place].keys() & self.takes[other].keys():
                    raise SpecError(
                        f"task {self.task.label!r}: both the {place} and the {other} take {key!r}; "
                        "rename the argument of the one that is yours."
                    )
            taken = self.takes[place].keys()
            # Series take `difference`, which is no column beside others unless it is varied.
            unchanging = {"difference"} - {*varied} if place == "data" else set()
            if place == "data" and taken & {"difference"} & {*varied}:
                raise SpecError(
                    f"task {self.task.label!r}: 'difference' is a column of the results too and cannot be "
                    "varied; compare two tasks, one with it and one without."
                )
            for key in (taken & {*reserved_columns(), *ANALYSIS_COLUMNS}) - unchanging:
                raise SpecError(
                    f"task {self.task.label!r}: the {place} takes {key!r}, which is a column of the results; "
                    "rename the argument."
                )

    def hyperparameter(self, key: str, *, place: str) -> Hyperparameter:
        """What a key stands for in this task."""
        for hyperparameters in self.takes.values():
            if key in hyperparameters:
                return hyperparameters[key]
        known = [name for hyperparameters in self.takes.values() for name in hyperparameters]
        raise SpecError(
            f"{place}: neither model {self.model.name!r} nor data set {self.data.name!r} nor the "
            f"training takes {key!r}. {closest(key, known)}"
        )

    def knows(self, key: str) -> bool:
        """Whether this task takes a setting."""
        return any(key in hyperparameters for hyperparameters in self.takes.values())

    def planned(self, study: Study) -> PlannedTask:
        """The task, resolved, with its metrics; those of the study that do not fit its type are left out."""
        task_type = self.task_type
        default = metrics_of_every_trial(task_type)[1]
        decides = self._metric("metric", study.metric, task_type) if study.metric else default
        if decides is None:
            raise SpecError(
                f"metric: task {self.task.label!r} is {task_type} and has "
                f"{', '.join(list_metrics(task_type=task_type))}; got {study.metric!r}."
            )
        named = [decides, *(self._metric("metrics", name, task_type) for name in study.metrics)]
        asked = {m.name: m for m in named if m is not None and not m.of_every_trial}
        return PlannedTask(
            self.task.label, self.model, self.data, task_type, decides.name, tuple(asked.values())
        )

    def _task_type(self, study: Study) -> TaskType:
        """Classification or regression; of a file that follows from its target, so that it is read."""
        for place, lists in (("factors", study.factors), ("tune", study.tune)):
            if "task_type" in lists:
                raise SpecError(
                    f"{place}.task_type: a task is classification or regression; write two tasks."
                )
        fixed = {key: value for key, value in study.fixed.items() if key in self.takes["data"]}
        own = self._of({**fixed, **self.task.fixed}, "data")
        return self.data.task_type_for({**own, **self.task.data.settings})

    def _metric(self, key: str, name: str, task_type: TaskType) -> Metric | None:
        try:
            return metric_entry(name, task_type=task_type)
        except UnknownNameError as error:
            raise UnknownNameError(f"{key}: {error}") from error

    def trials(
        self, study: Study, condition: Mapping[str, Value], tuned: Mapping[str, Value]
    ) -> Iterator[Trial]:
        """The trials of this task in a condition with its tuned values, split by split, seed by seed."""
        first = self._first(study, condition, tuned)
        for split_seed in study.split_seeds:
            split = first.with_split_seed(split_seed)
            for seed in study.seeds:
                yield split.with_seed(seed)

    def _first(
        self, study: Study, condition: Mapping[str, Value], tuned: Mapping[str, Value]
    ) -> Trial:
        """The trial of a study's first split and seed."""
        fixed = {key: value for key, value in study.fixed.items() if self.knows(key)}
        chosen = {**fixed, **self.task.fixed, **condition, **tuned}
        split = {place: self._of(chosen, place) for place in self.takes}
        label = self.task.label
        return Trial(
            task=label,
            model=self.task.model.name,
            data=self.task.data.name,
            condition=condition_label(condition),
            factors=condition,
            tuned=tuned,
            model_settings=validate_settings(
                {**split["model"], **self.task.model.settings},
                self.takes["model"],
                taker=f"task {label!r}: model {self.model.name!r}",
            ),
            data_settings={
                **validate_settings(
                    {**split["data"], **self.task.data.settings},
                    self.takes["data"],
                    taker=f"task {label!r}: data set {self.data.name!r}",
                ),
                "split_seed": study.split_seeds[0],
            },
            training=self._training(split["training"]),
            seed=study.seeds[0],
            split_seed=study.split_seeds[0],
            epochs=study.epochs,
        )

    def _training(self, chosen: Mapping[str, Any]) -> TrainingSettings:
        """Check what only some types of task take; class weights are nothing to a regression."""
        settings = TrainingSettings(**chosen)
        try:
            loss_for(settings.loss, task_type=self.task_type)
        except SpecError as error:
            raise SpecError(f"task {self.task.label!r}: {error}") from error
        regression = self.task_type == "regression"
        return replace(settings, class_weight="none") if regression else settings

    def _of(self, chosen: Mapping[str, Value], place: str) -> dict[str, Any]:
        return {key: value for key, value in chosen.items() if key in self.takes[place]}

    def _check_settings(self, settings: Mapping[str, Value], place: str, taker: str) -> None:
        for key, value in settings.items():
            if key not in self.takes[place]:
                raise SpecError(
                    f"task {self.task.label!r}: {taker} does not take {key!r}. "
                    f"{closest(key, self.takes[place])}"
                )
            validate_at(self.takes[place][key], value, place=f"task {self.task.label!r}: {place}")


def check_kind(model: ModelEntry, kind: Kind, *, data: str) -> None:
    """See that a model takes a kind of data.

    Args:
        model: The model.
        kind: What kind of data it is to be given.
        data: What to call the data.

    Raises:
        SpecError: It does not take such data.
    """
    if kind in model.kinds:
        return
    advice = f"Choose one of {', '.join(list_models(kind=kind))}."
    if kind == "table" and is_path(data):
        advice += (
            ' A file of texts is read with text_column = "...", one of a series with window = ...'
        )
    raise SpecError(
        f"model {model.name!r} takes {', '.join(model.kinds)} data; {data!r} is {kind} data. {advice}"
    )


def _given(study: Study, task: Task) -> dict[str, Value]:
    """All settings that a study has for a task, whoever takes them; of a list, the first."""
    listed = {key: values[0] for key, values in {**study.tune, **study.factors}.items()}
    return {**study.fixed, **listed, **task.fixed, **task.data.settings}


def validate_at(hyperparameter: Hyperparameter, value: Value, *, place: str) -> Any:
    """Check a value against its hyperparameter; an error names the place in the study."""
    try:
        return hyperparameter.validate(value)
    except SpecError as error:
        raise SpecError(f"{place}.{error}") from error
