"""Trials in, one row a task, condition and measure out."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from dlsuite.analysis.frames import require_columns, task_row
from dlsuite.analysis.intervals import mean_interval
from dlsuite.analysis.measures import Measure, measures_in, metrics_of_task
from dlsuite.analysis.selection import select_tuned

STATISTICS = (
    "n",
    "n_diverged",
    "divergence_rate",
    "mean",
    "ci_low",
    "ci_high",
    "sd",
    "min",
    "max",
    "guess",
)
"""The columns of a summary that hold numbers, in order."""


def summarize(
    trials: pd.DataFrame,
    *,
    factors: Sequence[str],
    tuned: Sequence[str],
    tasks: pd.DataFrame,
) -> pd.DataFrame:
    """Summarize the selected trials of each task and condition.

    Args:
        trials: A row a trial.
        factors: Names of the factor columns.
        tuned: Names of the tuned columns.
        tasks: A row a task, with `task`, `metric` and `guess_<split>_<metric>`.

    Returns:
        A row a task, condition (both in order of appearance) and measure (in column order): `task`,
        `condition`, the factors, the tuned values chosen, `measure`, and

        - `n`, the completed trials that have a value; `n_diverged`; `divergence_rate`, the share
          of diverged trials, failed ones not counted;
        - `mean`, `ci_low` and `ci_high` (95 % t interval, empty below two trials), `sd` (n - 1),
          `min`, `max`: over the n trials, in the measure's unit. They are conditional on the trial
          not having diverged;
        - `guess`, the score of guessing on the same split, empty where it is not known.

    Raises:
        DlsuiteError: A column or a task is missing, or its metric is unknown.
    """
    keys = ["task", "condition", *factors, *tuned]
    require_columns(trials, [*keys, "status"], name="trials")
    selected = trials.loc[select_tuned(trials, tuned=tuned, tasks=tasks).to_numpy()]
    settings = {*factors, *tuned}
    measures = [m for m in measures_in(trials) if m.column not in settings]
    rows: list[dict[str, object]] = []
    for task, of_task in selected.groupby("task", sort=False):
        about = task_row(tasks, str(task))
        metrics = metrics_of_task(trials.loc[trials["task"] == task], about)
        for _, group in of_task.groupby("condition", sort=False):
            condition = {str(key): group[key].iloc[0] for key in keys}
            rows += [
                {**condition, "measure": measure.column, **_statistics(group, measure, about)}
                for measure in measures
                if measure.metric in metrics
            ]
    summary = pd.DataFrame(rows, columns=[*keys, "measure", *STATISTICS])
    return summary.astype({key: trials[key].dtype for key in keys})


def _statistics(group: pd.DataFrame, measure: Measure, task: Mapping[str, Any]) -> dict[str, float]:
    completed = group.loc[group["status"] == "completed", measure.column]
    values = completed.to_numpy(dtype=float, na_value=float("nan"))
    values = values[~np.isnan(values)]
    interval = mean_interval(values)
    n_diverged = int((group["status"] == "diverged").sum())
    n_decided = len(completed) + n_diverged
    nan = float("nan")
    return {
        "n": interval.n,
        "n_diverged": n_diverged,
        "divergence_rate": n_diverged / n_decided if n_decided else nan,
        "mean": interval.mean,
        "ci_low": interval.low,
        "ci_high": interval.high,
        "sd": interval.sd,
        "min": float(values.min()) if values.size else nan,
        "max": float(values.max()) if values.size else nan,
        "guess": measure.guess(task),
    }
