"""From parts to tables: each planned trial's rows, in the plan's order, with its name beside them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from dlsuite.analysis import TABLES, analyze, count_tuned, select_tuned, with_overfitting
from dlsuite.data import Dataset, Guess
from dlsuite.spec.losses import loss_entry
from dlsuite.spec.metrics import BUILT_IN, Metric, metrics_of_every_trial
from dlsuite.store import (
    SCORES,
    curve_columns,
    identity_columns,
    layer_columns,
    to_csv,
    trial_columns,
)
from dlsuite.store.metrics_table import METRICS_FILE, metrics_csv
from dlsuite.store.schema import (
    NAIVE_FILE,
    PROBLEM,
    PROBLEMS_FILE,
    naive_columns,
    problem_columns,
    task_columns,
)
from dlsuite.store.stored_part import StoredPart
from dlsuite.study.guessing import guess_scores
from dlsuite.study.plan import Plan
from dlsuite.study.plan_rows import PlanRows
from dlsuite.study.resolve import PlannedTask
from dlsuite.study.trial import Trial

SOMETIMES_WRITTEN = (METRICS_FILE, NAIVE_FILE, PROBLEMS_FILE)
"""The tables that only some studies have."""

POSITION = "#"
"""A trial's place in the plan, while tables are put together; no setting can be called so."""


def needed_metrics(plan: Plan, keys: Mapping[int, str]) -> dict[str, frozenset[str]]:
    """The tags of the further metrics that each trial needs, by its key."""
    of_task = {task.label: frozenset(metric.tag for metric in task.asked) for task in plan.tasks}
    return {key: of_task[plan.trials[position].task] for position, key in keys.items()}


def finished_keys(
    parts: Sequence[StoredPart],
    needed: Mapping[str, frozenset[str]],
    *,
    epochs: int,
    failed: bool = True,
) -> set[str]:
    """The keys of the trials that are finished, with this number of epochs and all that is needed of them.

    Args:
        parts: All parts.
        needed: As `needed_metrics` gives it.
        epochs: How many epochs.
        failed: Whether trials that failed count as finished.
    """
    counted = [part for part in parts if failed or not part.failed]
    return {key for part in counted for key in _fitting(part, needed, epochs)}


def merge(
    plan: Plan, keys: Mapping[int, str], parts: Sequence[StoredPart], data: Mapping[str, Dataset]
) -> dict[str, str | Iterable[bytes]]:
    """Make the merged tables of what is finished.

    Args:
        plan: The plan.
        keys: The key of each of the plan's trials, by its position.
        parts: All parts.
        data: The data set of each task, by its label.

    Returns:
        CSVs by file name; of curves and layers in pieces, since these may be larger than the memory. The
        parts have to stay until they are written.
    """
    study = plan.study
    factors, tuned = list(study.factors), list(study.tune)
    settings = [*factors, *tuned]
    further = _further(plan)
    of_every = {m.name for t in plan.tasks for m in metrics_of_every_trial(t.task_type)}
    scores = [*(score for score in SCORES if score in of_every), *further]
    names = pd.DataFrame(
        [
            {POSITION: position, "trial": keys[position], **_identity(trial)}
            for position, trial in enumerate(plan.trials)
        ]
    )
    kept = _without_repeats(parts, needed_metrics(plan, keys), epochs=study.epochs)
    rows = PlanRows(names, kept)
    trials, curves = rows.frame("trials"), rows.frame("curves")
    tasks = pd.DataFrame([_task_row(plan, index, data) for index in range(len(plan.tasks))])
    tasks = tasks.reindex(columns=[c for c in task_columns(scores) if c in tasks.columns])
    trials["selected"] = select_tuned(trials, tuned=tuned, tasks=tasks)
    trials["counted"] = count_tuned(trials, tuned=tuned, tasks=tasks)
    problems = trials.reindex(columns=problem_columns(factors, tuned)).dropna(subset=PROBLEM)
    trials = with_overfitting(trials, curves, by=[POSITION])
    trials = trials.reindex(columns=trial_columns(factors, tuned, scores))
    of_curves, of_layers = curve_columns(factors, tuned, scores), layer_columns(factors, tuned)
    curves = curves.reindex(columns=of_curves)
    tables = analyze(
        trials,
        curves,
        tasks,
        factors=factors,
        tuned=tuned,
        baseline=dict(study.full_baseline),
    )
    naive = pd.DataFrame(
        [row for task in plan.tasks for row in _naive_rows(plan, task, data[task.label])],
        columns=["task", "forecast", *naive_columns(scores)],
    ).dropna(axis="columns", how="all")
    return {
        "tasks.csv": to_csv(tasks),
        "trials.csv": to_csv(trials, exact=settings),
        "curves.csv": rows.text("curves", of_curves, exact=settings),
        "layers.csv": rows.text("layers", of_layers, exact=settings),
        **{f"{name}.csv": to_csv(tables[name], exact=settings) for name in TABLES},
        **({PROBLEMS_FILE: to_csv(problems, exact=settings)} if len(problems) else {}),
        **({NAIVE_FILE: to_csv(naive)} if len(naive) else {}),
        **({METRICS_FILE: metrics_csv(further.values())} if further else {}),
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


def _further(plan: Plan) -> dict[str, Metric]:
    """What is asked for by name, in the order of the columns: the suite's own, then users'."""
    asked = {metric.name: metric for task in plan.tasks for metric in task.asked}
    own = {metric.name: metric for metric in BUILT_IN if metric.name in asked}
    return own | asked


def _fitting(part: StoredPart, needed: Mapping[str, frozenset[str]], epochs: int) -> set[str]:
    """The keys of the trials of a part that are needed and have what is needed of them."""
    return {
        key
        for key, trained, tags in part.trained
        if trained == epochs and key in needed and needed[key] <= tags
    }


def _without_repeats(
    parts: Sequence[StoredPart], needed: Mapping[str, frozenset[str]], *, epochs: int
) -> list[tuple[StoredPart, set[str]]]:
    """The trials of each part that count: each from the first part that has it.

    A trial that failed and was trained later is not taken from where it failed.
    """
    claimed: set[str] = set()
    kept = []
    for part in sorted(parts, key=lambda part: part.failed):
        own = _fitting(part, needed, epochs) - claimed
        claimed |= own
        if own:
            kept.append((part, own))
    return kept


def _task_row(plan: Plan, index: int, data: Mapping[str, Dataset]) -> dict[str, Any]:
    task = plan.tasks[index]
    dataset = data[task.label]
    losses = _losses(plan, task.label)
    notes = [*dataset.notes]
    if len(losses) > 1:
        notes.append(
            "Conditions minimize different losses; compare them by the metric, not by the loss."
        )
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
        **_guess_scores(dataset, dataset.guess, task, losses),
        **({"loss": ", ".join(losses)} if losses else {}),
        "source": dataset.source,
        "license": dataset.license,
        "fingerprint": dataset.fingerprint,
        "notes": " ".join(notes),
    }


def _guess_scores(
    data: Dataset, guess: Guess, task: PlannedTask, losses: Sequence[str]
) -> dict[str, float]:
    """What a guess scores; no loss where another than the default is minimized."""
    known = {
        f"guess_{short}_{score}": value
        for split, short in (("validation", "val"), ("test", "test"))
        for score, value in guess.scores[split].items()
        if score != "loss" or not losses
    }
    return {**known, **guess_scores(data, task.asked, guess=guess)}


def _naive_rows(plan: Plan, task: PlannedTask, data: Dataset) -> list[dict[str, Any]]:
    """What forecasts without a model score, where there are several."""
    if not data.further_guesses:
        return []
    losses = _losses(plan, task.label)
    rows: list[dict[str, Any]] = []
    for guess in (data.guess, *data.further_guesses):
        scores = _guess_scores(data, guess, task, losses)
        named = {name.removeprefix("guess_"): score for name, score in scores.items()}
        rows.append({"task": task.label, "forecast": guess.name, **named})
    return rows


def _losses(plan: Plan, label: str) -> list[str]:
    """The losses that a task's trials minimize; none where it is the default one alone."""
    named = {trial.training.loss for trial in plan.trials if trial.task == label}
    if all(name is None or loss_entry(name).is_default for name in named):
        return []
    return sorted("default" if name is None else name for name in named)
