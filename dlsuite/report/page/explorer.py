"""What the page's programs read: conditions and curves for the explorer, and the table of all trials."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from dlsuite.analysis import select_tuned
from dlsuite.analysis.factor_values import factor_label, format_value
from dlsuite.analysis.frames import number
from dlsuite.analysis.measures import GAP, ONSET, is_share
from dlsuite.report.labels import chosen_loss, with_unit
from dlsuite.report.page.curve_data import TaskCurves
from dlsuite.report.page.palette import condition_colors
from dlsuite.report.study_tables import StudyTables

_LOSSES = {
    "classification": "loss: cross-entropy (nats)",
    "regression": "loss: mean squared error (standardized target)",
}


def explorer_data(tables: StudyTables, curves: Sequence[TaskCurves]) -> dict[str, Any]:
    """Describe the curves, as `scripts/curves.js` reads it.

    Args:
        tables: The study's tables.
        curves: As `curve_data` gives them.

    Returns:
        What JSON can write: `factors`; `conditions`, each with `name`, `label`, `values` and its colors;
        `tasks`, each with the sizes of its arrays and, column by column, its trials.
    """
    if not curves:
        return {"factors": [], "conditions": [], "tasks": []}
    trials = tables["trials"]
    first = trials.drop_duplicates("condition").set_index("condition")
    conditions = [
        {
            "name": name,
            "label": label,
            "light": light,
            "dark": dark,
            "values": [format_value(first.at[name, factor]) for factor in tables.factors],
        }
        for name, (label, light, dark) in condition_colors(trials, tables.factors).items()
    ]
    places = {str(condition["name"]): place for place, condition in enumerate(conditions)}
    return {
        "factors": [factor_label(factor) for factor in tables.factors],
        "conditions": conditions,
        "tasks": [_task(tables, own, places) for own in curves],
    }


def explorer_floats(curves: Sequence[TaskCurves]) -> npt.NDArray[np.float32]:
    """All numbers of the curves, one after another.

    Args:
        curves: As `curve_data` gives them.
    """
    arrays = [array.ravel() for own in curves for array in own.arrays]
    return np.concatenate(arrays) if arrays else np.empty(0, np.float32)


def trial_columns(tables: StudyTables) -> list[dict[str, Any]]:
    """All trials, column by column, as `scripts/trials.js` reads them.

    Args:
        tables: The study's tables.

    Returns:
        Columns with `title` and either `numbers` (None for what is missing; those of the kind `score` are
        written as the task's metric) or `names` with each trial's place among them.
    """
    trials = tables["trials"]
    if trials.empty:
        return []
    columns = [_names("task", trials["task"]), _names("condition", trials["condition"])]
    columns += [_names(factor_label(name), trials[name]) for name in tables.tuned]
    if tables.tuned:
        chosen = select_tuned(trials, tuned=tables.tuned, tasks=tables["tasks"])
        columns.append(_names("chosen", chosen.map({True: "yes", False: "no"})))
    columns.append(_numbers("seed", trials["seed"], kind="count"))
    if trials["split_seed"].nunique() > 1:
        columns.append(_numbers("split", trials["split_seed"], kind="count"))
    columns.append(_names("status", trials["status"]))
    if "diverged_epoch" in trials and trials["diverged_epoch"].notna().any():
        columns.append(_numbers("diverged in epoch", trials["diverged_epoch"], kind="count"))
    metrics = trials["task"].map({task: str(tables.task(task)["metric"]) for task in tables.tasks})
    scores = pd.Series(np.nan, index=trials.index)
    for metric in metrics.unique():
        if f"test_{metric}" in trials:
            of_metric = metrics == metric
            scores = scores.where(~of_metric, trials[f"test_{metric}"].astype(float))
    columns.append(_numbers("test score", scores, kind="score"))
    for title, column, kind in (
        ("loss gap", GAP, ""),
        ("best epoch", "best_epoch", "count"),
        ("onset", ONSET, "count"),
    ):
        if column in trials:
            columns.append(_numbers(title, trials[column], kind=kind))
    return columns


def _task(tables: StudyTables, curves: TaskCurves, places: dict[str, int]) -> dict[str, Any]:
    about = tables.task(curves.task)
    chosen = chosen_loss(about)
    own = curves.trials
    labels = {
        curves.metric: with_unit(curves.metric),
        "loss": f"loss: {chosen}" if chosen else _LOSSES.get(str(about.get("task_type")), "loss"),
        "gradient_norm": "gradient norm",
    }
    guesses = {name: number(about, f"guess_val_{name}") for name in ("loss", curves.metric)}
    diverged = own["status"] == "diverged"
    return {
        "name": curves.task,
        "metric": curves.metric,
        "share": is_share(curves.metric),
        "labels": labels,
        "guess": {name: value for name, value in guesses.items() if np.isfinite(value)},
        "guessed": str(about.get("guess", "")),
        "columns": list(curves.columns),
        "conditions": [places[name] for name in curves.conditions],
        "epochs": curves.epochs.tolist(),
        "kept": curves.kept.tolist(),
        "nTrials": int((tables["trials"]["task"] == curves.task).sum()),
        "trials": {
            "condition": curves.condition_of.tolist(),
            "seed": own["seed"].astype(int).tolist(),
            "split": own["split_seed"].astype(int).tolist(),
            "diverged": diverged.astype(int).tolist(),
            "chosen": curves.selected.astype(int).tolist(),
            "tuned": _tuned_texts(own, tables.tuned),
        },
    }


def _tuned_texts(trials: pd.DataFrame, tuned: Sequence[str]) -> list[str]:
    """Each trial's tuned values as a reader writes them; nothing where nothing is tuned."""
    if not tuned:
        return []
    texts = [
        [f"{factor_label(name)} {format_value(value)}" for value in trials[name]] for name in tuned
    ]
    return [", ".join(parts) for parts in zip(*texts, strict=True)]


def _names(title: str, values: "pd.Series[Any]") -> dict[str, Any]:
    texts = values.map(format_value, na_action=None).astype(str)
    codes, names = pd.factorize(texts)
    return {"title": title, "names": [str(name) for name in names], "codes": codes.tolist()}


def _numbers(title: str, values: "pd.Series[Any]", *, kind: str) -> dict[str, Any]:
    found = values.astype("Float64").to_numpy(dtype=float, na_value=float("nan"))
    numbers = [float(value) if np.isfinite(value) else None for value in found]
    if kind == "count":
        numbers = [None if value is None else int(value) for value in numbers]
    return {"title": title, "kind": kind, "numbers": numbers}
