"""The numbers behind a factor's figure: the metric on test and the generalization gap."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from dlsuite.analysis import count_tuned
from dlsuite.analysis.factor_values import format_value
from dlsuite.analysis.frames import number, require_columns, task_row

GAP = "gap_loss_last"
"""The generalization gap that is shown: validation minus train loss at the last epoch."""


@dataclass(frozen=True)
class FactorData:
    """What a factor's figure shows.

    Attributes:
        factor: The factor's name.
        others: The other factors' names.
        means: A row a task, condition and measure: `task`, `condition`, the factors, `series` (the
            other factors' values), `measure`, `n`, `n_diverged`, `mean`, `ci_low`, `ci_high`,
            `guess`, and `ceiling` (what is larger in size has exploded).
        points: A row a task, measure and completed trial: `task`, the factors, `series`, `measure`,
            `seed`, `value`.
    """

    factor: str
    others: tuple[str, ...]
    means: pd.DataFrame
    points: pd.DataFrame


def factor_data(
    trials: pd.DataFrame,
    summary: pd.DataFrame,
    tasks: pd.DataFrame,
    *,
    factor: str,
    factors: Sequence[str],
    tuned: Sequence[str],
) -> FactorData:
    """Collect each task's metric on test and its loss gap at the last epoch.

    A combination of the other factors' values that occurs with one value of this factor only is
    left out if others occur with more: it says nothing about the factor.

    Args:
        trials: A row a trial.
        summary: As `dlsuite.analysis.summarize` returns it.
        tasks: A row a task.
        factor: The factor along the x axis.
        factors: Names of all factors.
        tuned: Names of the tuned columns; the trials of `count_tuned` are shown.
    """
    require_columns(summary, ["task", "condition", "measure", *factors], name="summary")
    others = tuple(other for other in factors if other != factor)
    chosen = trials.loc[count_tuned(trials, tuned=tuned, tasks=tasks).to_numpy()]
    completed = chosen.loc[chosen["status"] == "completed"].reset_index(drop=True)
    means, points = [], []
    for task in summary["task"].drop_duplicates():
        about = task_row(tasks, str(task))
        for measure in (f"test_{about['metric']}", GAP):
            of_measure = (summary["task"] == task) & (summary["measure"] == measure)
            means.append(summary.loc[of_measure].assign(ceiling=_ceiling(about, measure)))
            # The column may be missing where no trial has a value.
            values = completed[measure].astype(float) if measure in completed else np.nan
            dots = completed[["task", *factors, "seed"]].assign(measure=measure, value=values)
            points.append(dots.loc[dots["task"] == task])
    if not means:
        means, points = (
            [summary.assign(ceiling=np.nan)],
            [completed.assign(measure="", value=np.nan)],
        )
    all_means = _with_series(pd.concat(means, ignore_index=True), others)
    all_points = _with_series(pd.concat(points, ignore_index=True), others)
    spread = all_means.groupby("series")[factor].nunique(dropna=False)
    if (spread > 1).any():
        told = spread.index[spread > 1]
        all_means = all_means.loc[all_means["series"].isin(told)]
        all_points = all_points.loc[all_points["series"].isin(told)]
    columns = ["task", "condition", *factors, "series", "measure", "n", "n_diverged", "mean"]
    return FactorData(
        factor,
        others,
        all_means[[*columns, "ci_low", "ci_high", "guess", "ceiling"]].reset_index(drop=True),
        all_points.reset_index(drop=True),
    )


def _with_series(frame: pd.DataFrame, others: Sequence[str]) -> pd.DataFrame:
    """Name each row after the other factors' values: `batch_norm=true`."""
    names = [
        ", ".join(
            f"{other}={format_value(value)}" for other, value in zip(others, row, strict=True)
        )
        for row in frame[list(others)].itertuples(index=False, name=None)
    ]
    return frame.assign(series=names if others else [""] * len(frame))


def _ceiling(task: Mapping[str, object], measure: str) -> float:
    """What a measure reaches only by exploding.

    Of a standardized target, the mean's loss is 1, so that the loss of guessing tells the target's
    standard deviation from its RMSE. A network that knows nothing is about as good.
    """
    metric = "loss" if measure == GAP else str(task["metric"])
    if metric == "accuracy":
        return float("inf")
    loss = number(task, "guess_test_loss")
    known = number(task, f"guess_test_{metric}")
    if task.get("task_type") == "regression" and loss > 0:
        ignorant = 1.0 if metric == "loss" else number(task, "guess_test_rmse") / loss**0.5
        known = max(filter(np.isfinite, (known, ignorant)), default=float("nan"))
    return 4 * known if np.isfinite(known) else float("inf")
