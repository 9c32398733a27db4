"""From a study to its trials: names resolved, settings checked, conditions crossed with seeds.

Here the specification meets the registries. No data set is read and no model built, so this needs no
TensorFlow.
"""

import hashlib
import itertools
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from dlsuite.data import DataEntry, data_entry, data_settings
from dlsuite.errors import SpecError, closest
from dlsuite.models import ModelEntry, model_entry
from dlsuite.spec import Hyperparameter, Study, Task, Value, display, validate_settings
from dlsuite.spec.metrics import METRICS
from dlsuite.spec.values import thaw
from dlsuite.study.designs import conditions_of
from dlsuite.training.settings import TrainingSettings, training_hyperparameters
from dlsuite.training.version import RESULTS_VERSION

POPULATION_SIZE = 16
"""Most trials in a population. A function of the structural values, once populations train fused."""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One training: a task, a condition, tuned values and a seed, with every setting resolved.

    Attributes:
        task: The task's label.
        model: Name of the model.
        data: Name of the data set.
        condition: The factors' values, written `key=value` in the study's order.
        factors: The factors' values.
        tuned: The nuisance hyperparameters' values.
        model_settings: Every hyperparameter of the model.
        data_settings: Every setting of the data set, the split seed included.
        training: How it is trained.
        seed: Governs initial weights, batch order and dropout.
        split_seed: Governs the split.
        epochs: Passes over the training split.
    """

    task: str
    model: str
    data: str
    condition: str
    factors: Mapping[str, Any]
    tuned: Mapping[str, Any]
    model_settings: Mapping[str, Any]
    data_settings: Mapping[str, Any]
    training: TrainingSettings
    seed: int
    split_seed: int
    epochs: int

    def key(self, fingerprint: str) -> str:
        """What tells this trial from all others, by its content: 16 hexadecimal digits.

        Neither the study nor its grid is part of it, nor the number of epochs unless the learning rate's
        schedule depends on it: a study can be extended, and only what is new is trained.

        Args:
            fingerprint: The data set's.
        """
        content = {
            "task": self.task,
            "model": self.model,
            "data": fingerprint,
            "model_settings": thaw(self.model_settings),
            "training": vars(self.training),
            "seed": self.seed,
            "split_seed": self.split_seed,
            "epochs": self.epochs if self.training.depends_on_length else None,
            "version": RESULTS_VERSION,
        }
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]

    @cached_property
    def structure(self) -> str:
        """The structural values as text: trials with the same text can share a population."""
        model = model_entry(self.model).hyperparameters
        content = {
            "task": self.task,
            "model_settings": {
                key: thaw(value)
                for key, value in self.model_settings.items()
                if not model[key].vectorized
            },
            "data_settings": thaw(self.data_settings),
            "training": self.training.structure(),
        }
        return json.dumps(content, sort_keys=True)


@dataclass(frozen=True)
class PlannedTask:
    """A task with its names resolved.

    Attributes:
        label: What the task is called.
        model: The model's entry.
        data: The data set's entry.
        metric: The score that decides.
    """

    label: str
    model: ModelEntry
    data: DataEntry
    metric: str


@dataclass(frozen=True)
class Plan:
    """All that a study trains.

    Attributes:
        study: The study, its values in their hyperparameters' own types.
        tasks: The tasks, resolved.
        conditions: The conditions, each a value for every factor; the baseline is among them.
        trials: The trials, in the order in which the results list them.
    """

    study: Study
    tasks: tuple[PlannedTask, ...]
    conditions: tuple[Mapping[str, Value], ...]
    trials: tuple[Trial, ...]

    @property
    def populations(self) -> list[tuple[Trial, ...]]:
        """All trials, in populations."""
        return into_populations(self.trials)


def make_plan(study: Study) -> Plan:
    """Resolve a study's names and lay out its trials.

    Args:
        study: The study.

    Raises:
        UnknownNameError: There is no such model or data set.
        SpecError: A setting is not taken, has the wrong type or is out of bounds, a task's model does not
            take its data's kind, or the metric does not fit.
    """
    resolved = [_Resolver(study, task) for task in study.tasks]
    _check_fixed(study, resolved)
    study = _in_own_types(study, resolved)
    conditions = conditions_of(study)
    trials = [
        resolver.trial(
            study, condition, dict(zip(study.tune, tuned, strict=True)), split_seed, seed
        )
        for resolver in resolved
        for condition in conditions
        for tuned in itertools.product(*study.tune.values())
        for split_seed in study.split_seeds
        for seed in study.seeds
    ]
    return Plan(
        study=study,
        tasks=tuple(resolver.planned(study) for resolver in resolved),
        conditions=tuple(conditions),
        trials=tuple(trials),
    )


def into_populations(trials: Iterable[Trial]) -> list[tuple[Trial, ...]]:
    """Group trials by their structural values, and cut the groups into populations.

    Args:
        trials: Trials, in any order.

    Returns:
        Populations, in the order of their first trials; within one, the order given.
    """
    groups: dict[str, list[Trial]] = {}
    for trial in trials:
        groups.setdefault(trial.structure, []).append(trial)
    return [
        tuple(group[start : start + POPULATION_SIZE])
        for group in groups.values()
        for start in range(0, len(group), POPULATION_SIZE)
    ]


def condition_label(condition: Mapping[str, object]) -> str:
    """Write a condition as `key=value key=value`, in the study's order."""
    return " ".join(f"{key}={display(value)}" for key, value in condition.items())


class _Resolver:
    """A task's names and the settings it takes."""

    def __init__(self, study: Study, task: Task) -> None:
        self.task = task
        self.model = model_entry(task.model.name)
        self.data = data_entry(task.data.name)
        if self.data.kind not in self.model.kinds:
            raise SpecError(
                f"task {task.label!r}: model {self.model.name!r} takes {', '.join(self.model.kinds)} "
                f"data; {self.data.name!r} is {self.data.kind} data."
            )
        self.takes: dict[str, dict[str, Hyperparameter]] = {
            "model": self.model.hyperparameters,
            "data": {
                key: value
                for key, value in data_settings(self.data.name).items()
                if key != "split_seed"
            },
            "training": training_hyperparameters(),
        }
        self._check_settings(task.model.settings, "model", f"model {self.model.name!r}")
        self._check_settings(task.data.settings, "data", f"data set {self.data.name!r}")
        for key, value in task.fixed.items():
            hyperparameter = self.hyperparameter(key, place=f"fixed of task {task.label!r}")
            _validate(hyperparameter, value, place=f"task {task.label!r}: fixed")
        for place, keys in (("factors", study.factors), ("tune", study.tune)):
            for key in keys:
                self.hyperparameter(key, place=f"[{place}]")

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
        """The task, resolved, with the metric that decides."""
        metrics = METRICS[self.data.task_type]
        metric = study.metric or metrics[0]
        if metric not in ("loss", *metrics):
            raise SpecError(
                f"metric: task {self.task.label!r} is {self.data.task_type} and has "
                f"{', '.join(('loss', *metrics))}; got {metric!r}."
            )
        return PlannedTask(self.task.label, self.model, self.data, metric)

    def trial(
        self,
        study: Study,
        condition: Mapping[str, Value],
        tuned: Mapping[str, Value],
        split_seed: int,
        seed: int,
    ) -> Trial:
        """One trial of this task."""
        fixed = {key: value for key, value in study.fixed.items() if self.knows(key)}
        chosen = {**fixed, **self.task.fixed, **condition, **tuned}
        split = {place: self._of(chosen, place) for place in self.takes}
        label = self.task.label
        return Trial(
            task=label,
            model=self.model.name,
            data=self.data.name,
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
                "split_seed": split_seed,
            },
            training=TrainingSettings(
                **validate_settings(split["training"], self.takes["training"], taker="training")
            ),
            seed=seed,
            split_seed=split_seed,
            epochs=study.epochs,
        )

    def _of(self, chosen: Mapping[str, Value], place: str) -> dict[str, Value]:
        return {key: value for key, value in chosen.items() if key in self.takes[place]}

    def _check_settings(self, settings: Mapping[str, Value], place: str, taker: str) -> None:
        for key, value in settings.items():
            if key not in self.takes[place]:
                raise SpecError(
                    f"task {self.task.label!r}: {taker} does not take {key!r}. "
                    f"{closest(key, self.takes[place])}"
                )
            _validate(self.takes[place][key], value, place=f"task {self.task.label!r}: {place}")


def _check_fixed(study: Study, resolved: Sequence[_Resolver]) -> None:
    """A fixed setting applies to the tasks that take it; one that none takes is a typing error."""
    for key, value in study.fixed.items():
        takers = [resolver for resolver in resolved if resolver.knows(key)]
        for resolver in takers or resolved[:1]:
            _validate(resolver.hyperparameter(key, place="[fixed]"), value, place="fixed")


def _in_own_types(study: Study, resolved: Sequence[_Resolver]) -> Study:
    """Give every value of a factor its hyperparameter's own type: `0` becomes `0.0` for a rate."""

    def typed(place: str, key: str, value: Value) -> Value:
        for resolver in resolved:
            hyperparameter = resolver.hyperparameter(key, place=f"[{place}]")
            value = _validate(hyperparameter, value, place=place)
        return value

    def typed_lists(place: str, lists: Mapping[str, tuple[Value, ...]]) -> dict[str, Any]:
        result = {}
        for key, values in lists.items():
            result[key] = tuple(typed(place, key, value) for value in values)
            if len(set(result[key])) != len(values):
                raise SpecError(
                    f"{place}.{key}: a value stands there twice; got {display(values)}."
                )
        return result

    baseline = {key: typed("baseline", key, value) for key, value in study.baseline.items()}
    return study.model_copy(
        update={
            "factors": typed_lists("factors", study.factors),
            "tune": typed_lists("tune", study.tune),
            "baseline": baseline,
        }
    )


def _validate(hyperparameter: Hyperparameter, value: Value, *, place: str) -> Any:
    try:
        return hyperparameter.validate(value)
    except SpecError as error:
        raise SpecError(f"{place}.{error}") from error
