"""The choice of the tuned values, anew for every condition and on validation only."""

from collections.abc import Sequence

import pandas as pd

from dlsuite.analysis.frames import require_columns, task_row
from dlsuite.analysis.intervals import mean_interval
from dlsuite.analysis.measures import higher_is_better


def select_tuned(
    trials: pd.DataFrame, *, tuned: Sequence[str], tasks: pd.DataFrame
) -> "pd.Series[bool]":
    """Mark the trials of each condition's best tuned values.

    A candidate is one combination of tuned values. Of a task and condition, the one with the best
    mean over seeds of `val_<metric>_best` is selected, where `metric` is the task's. A candidate
    with a smaller share of diverged trials beats any with a larger one; one without a completed
    trial loses to all. Of equals, the first in order of appearance is taken. Columns of the test
    split are not read.

    Args:
        trials: A row a trial.
        tuned: Names of the tuned columns; without any, all trials are selected.
        tasks: A row a task, with `task` and `metric`.

    Returns:
        `selected`, with the index of `trials`.

    Raises:
        DlsuiteError: A column or a task is missing, or its metric is unknown.
    """
    if not tuned or trials.empty:
        return pd.Series(True, index=trials.index, name="selected", dtype=bool)
    require_columns(trials, ["task", "condition", "status", *tuned], name="trials")
    # Positions, not labels: frames that were concatenated repeat theirs.
    rows = trials.reset_index(drop=True)
    selected = pd.Series(False, index=rows.index)
    for (task, _), group in rows.groupby(["task", "condition"], sort=False):
        metric = str(task_row(tasks, str(task))["metric"])
        require_columns(rows, [f"val_{metric}_best"], name="trials")
        # `min` keeps the first of equals, and groups come in order of appearance.
        candidates = [group for _, group in group.groupby(list(tuned), sort=False, dropna=False)]
        best = min(candidates, key=lambda candidate: _rank(candidate, metric))
        selected.loc[best.index] = True
    return pd.Series(selected.to_numpy(), index=trials.index, name="selected", dtype=bool)


def _rank(candidate: pd.DataFrame, metric: str) -> tuple[bool, float, float]:
    """Order candidates: lower is better."""
    completed = candidate.loc[candidate["status"] == "completed"]
    score = mean_interval(
        completed[f"val_{metric}_best"].to_numpy(dtype=float, na_value=float("nan"))
    )
    if score.n == 0:
        return True, 1.0, 0.0
    diverged = int((candidate["status"] == "diverged").sum())
    share = diverged / (len(completed) + diverged)
    return False, share, -score.mean if higher_is_better(metric) else score.mean
