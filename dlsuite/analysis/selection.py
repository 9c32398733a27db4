"""The choice of the tuned values, anew for every condition and on validation only."""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from dlsuite.analysis.frames import require_columns, task_row
from dlsuite.analysis.measures import higher_is_better


def select_tuned(
    trials: pd.DataFrame, *, tuned: Sequence[str], tasks: pd.DataFrame
) -> "pd.Series[bool]":
    """Mark the trials of each condition's best tuned values: what to use.

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
    selected = np.ones(len(trials), dtype=bool)
    for candidates in _contests(trials, tuned, tasks):
        best = min(candidates, key=lambda candidate: candidate.rank())
        for candidate in candidates:
            selected[candidate.rows] = candidate is best
    return pd.Series(selected, index=trials.index, name="selected", dtype=bool)


def count_tuned(
    trials: pd.DataFrame, *, tuned: Sequence[str], tasks: pd.DataFrame
) -> "pd.Series[bool]":
    """Mark the trials that stand for their condition: what to expect.

    A trial that takes part in choosing its own tuned values is flattered by it, on test too, since what is
    lucky on validation is likely so on test. So each seed's tuned values are chosen as by `select_tuned`,
    but by the other seeds alone: where they agree, these are the selected trials. With one seed they are the
    selected ones.

    Args:
        trials: A row a trial, with `seed`.
        tuned: Names of the tuned columns; without any, all trials count.
        tasks: A row a task, with `task` and `metric`.

    Returns:
        `counted`, with the index of `trials`: of each condition, one trial a seed and split.

    Raises:
        DlsuiteError: A column or a task is missing, or its metric is unknown.
    """
    if tuned:
        require_columns(trials, ["seed"], name="trials")
    counted = np.ones(len(trials), dtype=bool)
    for candidates in _contests(trials, tuned, tasks):
        seeds = np.unique(np.concatenate([candidate.seeds for candidate in candidates]))
        for seed in seeds:
            without = seed if len(seeds) > 1 else None
            own = [candidate for candidate in candidates if (candidate.seeds == seed).any()]
            best = min(own, key=lambda candidate: candidate.rank(without=without))
            for candidate in own:
                counted[candidate.rows[candidate.seeds == seed]] = candidate is best
    return pd.Series(counted, index=trials.index, name="counted", dtype=bool)


class _Candidate:
    """One combination of tuned values in one condition.

    Args:
        rows: The positions of its trials.
        trials: All trials.
        metric: The metric that decides.
    """

    def __init__(self, rows: npt.NDArray[np.int_], trials: pd.DataFrame, metric: str) -> None:
        own = trials.iloc[rows]
        scores = own[f"val_{metric}_best"].to_numpy(dtype=float, na_value=float("nan"))
        self.rows = rows
        self.seeds = own["seed"].to_numpy() if "seed" in own else np.zeros(len(own), dtype=int)
        self._completed = (own["status"] == "completed").to_numpy()
        self._diverged = (own["status"] == "diverged").to_numpy()
        self._scores = np.where(self._completed, scores, np.nan)
        self._sign = -1 if higher_is_better(metric) else 1

    def rank(self, *, without: object = None) -> tuple[bool, float, float]:
        """Where it stands among candidates, lower is better; without the trials of a seed if one is given."""
        kept = np.ones(len(self.rows), dtype=bool) if without is None else self.seeds != without
        # A sum depends on its order in the last bits, and rows may come in any.
        scores = np.sort(self._scores[kept & ~np.isnan(self._scores)])
        if scores.size == 0:
            return True, 1.0, 0.0
        diverged, completed = int(self._diverged[kept].sum()), int(self._completed[kept].sum())
        with np.errstate(over="ignore"):
            return False, diverged / (completed + diverged), self._sign * float(scores.mean())


def _contests(
    trials: pd.DataFrame, tuned: Sequence[str], tasks: pd.DataFrame
) -> Iterator[list[_Candidate]]:
    """For each task and condition, its candidates in order of appearance; none where nothing is tuned."""
    if not tuned or trials.empty:
        return
    require_columns(trials, ["task", "condition", "status", *tuned], name="trials")
    # Positions, not labels: frames that were concatenated repeat theirs.
    rows = trials.reset_index(drop=True)
    for (task, _), group in rows.groupby(["task", "condition"], sort=False):
        metric = str(task_row(tasks, str(task))["metric"])
        require_columns(rows, [f"val_{metric}_best"], name="trials")
        yield [
            _Candidate(own.index.to_numpy(), rows, metric)
            for _, own in group.groupby(list(tuned), sort=False, dropna=False)
        ]
