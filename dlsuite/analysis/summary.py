"""Trials in, one row a task, condition and measure out."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from dlsuite.analysis.frames import require_columns, task_row
from dlsuite.analysis.intervals import interquartile_mean, proportion_interval
from dlsuite.analysis.measured import MeasuredTrials
from dlsuite.analysis.measures import Measure, measures_of_task
from dlsuite.analysis.replicates import REPLICATE, replicated_interval
from dlsuite.analysis.selection import count_tuned, select_tuned

STATISTICS = (
    "n",
    "n_diverged",
    "divergence_rate",
    "divergence_low",
    "divergence_high",
    "conditional",
    "mean",
    "ci_low",
    "ci_high",
    "iqm",
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
    """Summarize the trials that stand for each task and condition, those of `count_tuned`.

    Args:
        trials: A row a trial.
        factors: Names of the factor columns.
        tuned: Names of the tuned columns.
        tasks: A row a task, with `task`, `metric` and `guess_<split>_<metric>`.

    Returns:
        A row a task, condition (both in order of appearance) and measure (in column order): `task`,
        `condition`, the factors, the tuned values chosen, `measure`, and

        - `n`, the completed trials that have a value; `n_diverged`; `divergence_rate`, the share
          of diverged trials, failed ones not counted, with its exact 95 % interval `divergence_low`,
          `divergence_high`;
        - `conditional`, whether some diverged: what follows is then of the others only;
        - `mean`, `ci_low` and `ci_high` (95 % interval of `replicated_interval`, empty below two
          trials, cut to what the measure can be; exact for shares), `iqm` (the interquartile mean),
          `sd` (n - 1), `min`, `max`: over the n trials, in the measure's unit; over several splits, the
          mean, its interval and `sd` are of the seeds that have all of them. Of onsets, the mean is
          the restricted one, see `Measure.values`;
        - `guess`, the score of guessing on the same split, empty where it is not known.

    Raises:
        DlsuiteError: A column or a task is missing, or its metric is unknown.
    """
    keys = ["task", "condition", *factors, *tuned]
    require_columns(trials, [*keys, *REPLICATE, "status"], name="trials")
    selected = trials.loc[select_tuned(trials, tuned=tuned, tasks=tasks).to_numpy(), keys]
    counted = trials.loc[count_tuned(trials, tuned=tuned, tasks=tasks).to_numpy()]
    settings = {*factors, *tuned}
    rows: list[dict[str, object]] = []
    for task, of_task in counted.groupby("task", sort=False):
        about = task_row(tasks, str(task))
        measures = measures_of_task(trials.loc[trials["task"] == task], about)
        chosen = selected.loc[selected["task"] == task].drop_duplicates("condition")
        chosen = chosen.set_index("condition", drop=False)
        measured = MeasuredTrials(of_task)
        for name, group in measured.conditions().items():
            condition = {str(key): value for key, value in chosen.loc[name].items()}
            outcome = _divergence(group)
            for measure in measures:
                if measure.column not in settings:
                    found = _statistics(measured.values(measure, group), group, measure, about)
                    rows.append({**condition, "measure": measure.column, **outcome, **found})
    summary = pd.DataFrame(rows, columns=[*keys, "measure", *STATISTICS])
    return summary.astype({key: trials[key].dtype for key in keys})


def _statistics(
    by_trial: npt.NDArray[np.float64],
    group: pd.DataFrame,
    measure: Measure,
    task: Mapping[str, Any],
) -> dict[str, object]:
    values = by_trial[~np.isnan(by_trial)]
    interval = replicated_interval(by_trial, group)
    least, most = measure.bounds
    if values.size:  # A user's loss may fall below 0.
        least, most = min(least, float(values.min())), max(most, float(values.max()))
    low, high = np.clip([interval.low, interval.high], least, most)
    if measure.column == "overfits":
        low, high = proportion_interval(int(values.sum()), values.size)
    nan = float("nan")
    return {
        "n": values.size,
        "mean": interval.mean,
        "ci_low": low,
        "ci_high": high,
        "iqm": interquartile_mean(values),
        "sd": interval.sd,
        "min": float(values.min()) if values.size else nan,
        "max": float(values.max()) if values.size else nan,
        "guess": measure.guess(task),
    }


def _divergence(group: pd.DataFrame) -> dict[str, object]:
    """How many of a condition's trials diverged."""
    n_diverged = int((group["status"] == "diverged").sum())
    n_decided = int((group["status"] == "completed").sum()) + n_diverged
    low, high = proportion_interval(n_diverged, n_decided)
    return {
        "n_diverged": n_diverged,
        "divergence_rate": n_diverged / n_decided if n_decided else float("nan"),
        "divergence_low": low,
        "divergence_high": high,
        "conditional": n_diverged > 0,
    }
