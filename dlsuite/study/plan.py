"""From a study to its trials: names resolved, settings checked, conditions crossed with seeds.

Here the specification meets the registries. No model is built, and of the data only a user's own files are
read, since their target says what kind of task it is; so this needs no TensorFlow.
"""

import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dlsuite.data import data_entry
from dlsuite.errors import SpecError
from dlsuite.spec import Study, Value, display
from dlsuite.spec.metrics import list_metrics, metric_entry
from dlsuite.spec.values import thaw
from dlsuite.study.designs import conditions_of
from dlsuite.study.plugins import load_plugins
from dlsuite.study.populations import into_groups
from dlsuite.study.resolve import PlannedTask, Resolver, validate_at
from dlsuite.study.trial import Trial


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
    def groups(self) -> list[tuple[Trial, ...]]:
        """All trials, by their structural values: a group's populations have one graph, rarely two."""
        return into_groups(self.trials)


def make_plan(study: Study) -> Plan:
    """Resolve a study's names and lay out its trials.

    Args:
        study: The study.

    Raises:
        UnknownNameError: There is no such model or data set.
        SpecError: A setting is not taken, has the wrong type or is out of bounds, a task's model does not
            take its data's kind, the metric does not fit, or a plugin cannot be used.
        DataError: A file of data cannot be read, or does not hold the target.
    """
    load_plugins(study.plugins)
    resolved = [Resolver(study, task) for task in study.tasks]
    _check_fixed(study, resolved)
    study = _in_own_types(study, resolved)
    conditions = conditions_of(study)
    trials = [
        trial
        for resolver in resolved
        for condition in conditions
        for tuned in itertools.product(*study.tune.values())
        for trial in resolver.trials(study, condition, dict(zip(study.tune, tuned, strict=True)))
    ]
    tasks = tuple(resolver.planned(study) for resolver in resolved)
    _check_effect(study, trials, tasks)
    _check_metrics(study, tasks)
    return Plan(
        study=study,
        tasks=tasks,
        conditions=tuple(conditions),
        trials=tuple(trials),
    )


def _check_fixed(study: Study, resolved: Sequence[Resolver]) -> None:
    """A fixed setting applies to the tasks that take it; one that none takes is a typing error."""
    for key, value in study.fixed.items():
        takers = [resolver for resolver in resolved if resolver.knows(key)]
        for resolver in takers or resolved[:1]:
            validate_at(resolver.hyperparameter(key, place="[fixed]"), value, place="fixed")


def _in_own_types(study: Study, resolved: Sequence[Resolver]) -> Study:
    """Give every value of a factor its hyperparameter's own type: `0` becomes `0.0` for a rate."""

    def typed(place: str, key: str, value: Value) -> Any:
        takers = [resolver.hyperparameter(key, place=f"[{place}]") for resolver in resolved]
        first, *_ = [validate_at(taker, value, place=place) for taker in takers]
        return first

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


def _check_metrics(study: Study, tasks: Sequence[PlannedTask]) -> None:
    """Refuse a metric that no task has."""
    types = sorted({task.task_type for task in tasks})
    for name in study.metrics:
        if all(metric_entry(name, task_type=task_type) is None for task_type in types):
            fitting = sorted({n for task_type in types for n in list_metrics(task_type=task_type)})
            raise SpecError(
                f"metrics: no task has {name!r}; {' and '.join(types)} have {', '.join(fitting)}."
            )


def _of_each_data(trials: Sequence[Trial]) -> list[Trial]:
    """One trial of each data set and settings of it, whatever the split seed."""
    first: dict[str, Trial] = {}
    for trial in trials:
        settings = {key: thaw(v) for key, v in trial.data_settings.items() if key != "split_seed"}
        first.setdefault(json.dumps([trial.data, settings], sort_keys=True), trial)
    return list(first.values())


def _check_effect(study: Study, trials: Sequence[Trial], tasks: Sequence[PlannedTask]) -> None:
    """Refuse what changes nothing: a study of it would count the same trial several times over."""
    for trial in _of_each_data(trials) if len(study.split_seeds) > 1 else ():
        if trial.data_settings["label_noise"]:
            continue
        if not data_entry(trial.data, trial.data_settings).drawn_with(trial.data_settings):
            raise SpecError(
                f"split_seeds: task {trial.task!r} is split in time order, or as its data says, whatever the "
                "seed; leave split_seeds out."
            )
    classes = any(task.task_type == "classification" for task in tasks)
    for place in ("factors", "tune", "fixed"):
        if "class_weight" in getattr(study, place) and not classes:
            raise SpecError(f"{place}.class_weight has no effect: no task is a classification.")
    idle = frozenset.intersection(*(trial.training.without_effect for trial in trials))
    for place in ("factors", "tune", "fixed"):
        for key in sorted(idle & set(getattr(study, place))):
            optimizers = sorted({display(trial.training.optimizer) for trial in trials})
            raise SpecError(
                f"{place}.{key} has no effect with optimizer {' or '.join(optimizers)}"
                + (" and momentum 0." if key == "nesterov" and '"sgd"' in optimizers else ".")
            )
