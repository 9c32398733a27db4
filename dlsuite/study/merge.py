"""From parts to tables: each planned trial's rows, in the plan's order, with its name beside them."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from dlsuite.analysis import TABLES, analyze, count_tuned, select_tuned, with_overfitting
from dlsuite.data import Dataset
from dlsuite.spec.metrics import METRICS
from dlsuite.store import (
    SCORES,
    Part,
    curve_columns,
    identity_columns,
    layer_columns,
    to_csv,
    trial_columns,
)
from dlsuite.store.schema import TASKS
from dlsuite.study.plan import Plan
from dlsuite.study.trial import Trial

POSITION = "#"
"""A trial's place in the plan, while tables are put together; no setting can be called so."""


def finished_keys(parts: Sequence[Part], *, epochs: int) -> set[str]:
    """The keys of the trials that are finished with this number of epochs."""
    keys: set[str] = set()
    for part in parts:
        keys.update(part.trials.loc[part.trials["epochs"] == epochs, "trial"])
    return keys


def merge(
    plan: Plan, keys: Mapping[int, str], parts: Sequence[Part], data: Mapping[str, Dataset]
) -> dict[str, str]:
    """Make the merged tables of what is finished.

    Args:
        plan: The plan.
        keys: The key of each of the plan's trials, by its position.
        parts: All parts.
        data: The data set of each task, by its label.

    Returns:
        CSVs by file name.
    """
    study = plan.study
    factors, tuned = list(study.factors), list(study.tune)
    settings = [*factors, *tuned]
    scores = [
        score
        for score in SCORES
        if any(score in ("loss", *METRICS[task.task_type]) for task in plan.tasks)
    ]
    names = pd.DataFrame(
        [
            {POSITION: position, "trial": keys[position], **_identity(trial)}
            for position, trial in enumerate(plan.trials)
        ]
    )
    kept = _without_repeats(parts, epochs=study.epochs)
    trials = _join(names, [part.trials for part in kept])
    curves = _join(names, [part.curves for part in kept])
    layers = _join(names, [part.layers for part in kept])
    tasks = pd.DataFrame([_task_row(plan, index, data) for index in range(len(plan.tasks))])
    tasks = tasks.reindex(columns=[c for c in TASKS if c in tasks.columns])
    trials["selected"] = select_tuned(trials, tuned=tuned, tasks=tasks)
    trials["counted"] = count_tuned(trials, tuned=tuned, tasks=tasks)
    trials = with_overfitting(trials, curves, by=[POSITION])
    trials = trials[trial_columns(factors, tuned, scores)]
    curves = curves[curve_columns(factors, tuned, scores)]
    tables = analyze(
        trials,
        curves,
        tasks,
        factors=factors,
        tuned=tuned,
        baseline=dict(study.full_baseline),
    )
    return {
        "tasks.csv": to_csv(tasks),
        "trials.csv": to_csv(trials, exact=settings),
        "curves.csv": to_csv(curves, exact=settings),
        "layers.csv": to_csv(layers[layer_columns(factors, tuned)], exact=settings),
        **{f"{name}.csv": to_csv(tables[name], exact=settings) for name in TABLES},
    }


def _identity(trial: Trial) -> dict[str, Any]:
    values = {**trial.factors, **trial.tuned}
    named = {
        "task": trial.task,
        "condition": trial.condition,
        **values,
        "seed": trial.seed,
        "split_seed": trial.split_seed,
    }
    return {key: named[key] for key in identity_columns(trial.factors, trial.tuned)}


def _without_repeats(parts: Sequence[Part], *, epochs: int) -> list[Part]:
    """Cut parts down to the trials of this number of epochs, each from the first part that has it."""
    claimed: set[str] = set()
    kept = []
    for part in parts:
        fits = part.trials["epochs"] == epochs
        own = set(part.trials.loc[fits, "trial"]) - claimed
        claimed |= own
        if own:
            tables = (part.trials, part.curves, part.layers)
            kept.append(Part(*(table[table["trial"].isin(own)] for table in tables)))
    return kept


def _join(names: pd.DataFrame, frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    rows = pd.concat(frames, ignore_index=True)
    # A stable sort keeps each trial's epochs and layers in their order.
    joined = names.merge(rows, on="trial", how="inner")
    return joined.sort_values(POSITION, kind="stable", ignore_index=True)


def _task_row(plan: Plan, index: int, data: Mapping[str, Dataset]) -> dict[str, Any]:
    task = plan.tasks[index]
    dataset = data[task.label]
    guesses = {
        f"guess_{short}_{score}": value
        for split, short in (("validation", "val"), ("test", "test"))
        for score, value in dataset.guess.scores[split].items()
    }
    return {
        "task": task.label,
        "model": task.model.name,
        "data": task.data.title,
        "kind": dataset.kind,
        "task_type": dataset.task_type,
        "metric": task.metric,
        "n_train": len(dataset.train),
        "n_validation": len(dataset.validation),
        "n_test": len(dataset.test),
        "guess": dataset.guess.name,
        **guesses,
        "source": dataset.source,
        "license": dataset.license,
        "fingerprint": dataset.fingerprint,
        "notes": " ".join(dataset.notes),
    }
