"""What there is to choose from, as rows: models, data sets, studies, hyperparameters, metrics, losses."""

import fnmatch
from collections.abc import Mapping

from dlsuite.data import TASK_TYPES, data_entry, data_settings, list_data
from dlsuite.models import list_models, model_entry
from dlsuite.spec import Hyperparameter, display, list_losses, list_metrics, read_study
from dlsuite.spec.losses import Loss, loss_entry
from dlsuite.spec.metrics import Metric, known_metric
from dlsuite.study.library import find_study, list_studies
from dlsuite.study.model_table import model_rows
from dlsuite.training.settings import training_hyperparameters


def listing(what: str, *, pattern: str = "*", kind: str | None = None) -> list[dict[str, str]]:
    """Rows of a listing.

    Args:
        what: `models`, `data`, `studies`, `factors`, `metrics` or `losses`.
        pattern: A shell wildcard.
        kind: Only what is for this kind of data.
    """
    if what == "models":
        return model_rows(pattern, kind=kind)
    if what == "data":
        return [_data_row(name) for name in list_data(pattern, kind=kind)]
    if what == "studies":
        return _study_rows(pattern)
    if what == "metrics":
        return [_metric_row(metric) for metric in _own_metrics(pattern)]
    if what == "losses":
        return [_loss_row(loss_entry(name)) for name in list_losses(pattern)]
    return _factor_rows(pattern, kind)


def _data_row(name: str) -> dict[str, str]:
    entry = data_entry(name)
    download = f", {entry.download} downloaded on first use" if entry.download else ""
    return {
        "data": name,
        "kind": entry.kind,
        "task": entry.task_type_for({}),
        "what it is": entry.description,
        "source": f"{entry.source}{download}",
        "license": entry.license,
    }


def _own_metrics(pattern: str) -> list[Metric]:
    return [known_metric(name) for name in list_metrics(pattern)]


def _metric_row(metric: Metric) -> dict[str, str]:
    low, high = metric.bounds
    return {
        "metric": metric.name,
        "for": metric.task_type or ", ".join(TASK_TYPES),
        "better": "greater" if metric.greater_is_better else "lower",
        "from": f"{low:g}",
        "to": f"{high:g}",
        "computed": "for every trial" if metric.of_every_trial else "where a study asks for it",
    }


def _loss_row(loss: Loss) -> dict[str, str]:
    return {
        "loss": loss.name,
        "for": loss.task_type,
        "minimized": "where nothing else is said" if loss.is_default else "where 'loss' says so",
    }


def _study_rows(pattern: str) -> list[dict[str, str]]:
    rows = []
    for name in list_studies():
        if fnmatch.fnmatchcase(name, pattern):
            rows.append({"study": name, "question": read_study(find_study(name)).question})
    return rows


def _factor_rows(pattern: str, kind: str | None) -> list[dict[str, str]]:
    """Every hyperparameter, with who takes it; the same name in several models is one row."""
    found: dict[str, tuple[Hyperparameter, list[str]]] = {}

    def add(hyperparameters: Mapping[str, Hyperparameter], taker: str) -> None:
        for name, hyperparameter in hyperparameters.items():
            found.setdefault(name, (hyperparameter, []))[1].append(taker)

    add(training_hyperparameters(), "training")
    for model in list_models(kind=kind):
        add(model_entry(model).hyperparameters, model)
    for data in list_data(kind=kind):
        settings = data_settings(data)
        add({key: value for key, value in settings.items() if key != "split_seed"}, data)
    return [
        {
            "factor": name,
            "values": hyperparameter.expected,
            "default": display(hyperparameter.default),
            "of": ", ".join(takers),
            "what it does": hyperparameter.doc,
        }
        for name, (hyperparameter, takers) in sorted(found.items())
        if fnmatch.fnmatchcase(name, pattern)
    ]
