"""How often a study of few seeds would have named the wrong winner."""

import functools
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from dlsuite.analysis.measured import MeasuredTrials
from dlsuite.analysis.replicates import aligned
from dlsuite.analysis.task_trials import is_baseline, primary_measure, task_trials

WRONG_WINNER = ("task", "condition", "measure", "n", "n_pairs", "wrong")
"""The columns of the wrong winners, in order, without the factors."""

_DRAWS = 2000


def wrong_winners(
    trials: pd.DataFrame,
    *,
    factors: Sequence[str],
    tuned: Sequence[str],
    tasks: pd.DataFrame,
    baseline: Mapping[str, object],
) -> pd.DataFrame:
    """For each condition and number of seeds, how often so few seeds would contradict all of them.

    Args:
        trials: A row a trial.
        factors: Names of the factor columns.
        tuned: Names of the tuned columns.
        tasks: A row a task, with `task` and `metric`.
        baseline: The baseline's value of every factor.

    Returns:
        A row a task, condition other than the baseline, and `n` from 1 to `n_pairs`, the pairs of trials
        that there are: `wrong`, as `wrong_winner_rate` gives it for the task's metric on test.

    Raises:
        DlsuiteError: A column, a task or the baseline's value of a factor is missing.
    """
    rows: list[dict[str, object]] = []
    for about, of_task in task_trials(
        trials, factors=factors, tuned=tuned, tasks=tasks, baseline=baseline
    ):
        measure = primary_measure(about)
        base = of_task.loc[is_baseline(of_task, baseline)]
        measured = MeasuredTrials(of_task)
        at_base = measured.where(is_baseline(of_task, baseline))
        for condition, group in measured.conditions().items():
            if base.empty or condition == base["condition"].iloc[0]:
                continue
            ours, theirs = aligned(group, at_base)
            with np.errstate(over="ignore", invalid="ignore"):
                pairs = measured.values(measure, ours) - measured.values(measure, theirs)
            pairs = pairs[np.isfinite(pairs)]
            named = {"task": about["task"], "condition": condition, "measure": measure.column}
            rows += [
                named | {"n": n, "n_pairs": pairs.size, "wrong": wrong}
                for n, wrong in enumerate(wrong_winner_rate(pairs), start=1)
            ]
    return pd.DataFrame(rows, columns=list(WRONG_WINNER))


def wrong_winner_rate(differences: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """How often the mean of a few differences has not the sign that the mean of all has.

    The few are drawn from all with replacement, 2,000 times, always alike; a mean of 0 counts half.

    Args:
        differences: Shape `[pairs]`, without NaN.

    Returns:
        Shape `[pairs]`: for 1, 2, ... differences; NaN where the mean of all is 0.
    """
    values = np.sort(np.asarray(differences, dtype=float))
    # A sum of huge numbers overflows; the sign of a mean does not depend on their unit.
    values = values / max(np.abs(values).max(initial=0.0), 1e-300)
    if values.size == 0 or values.mean() == 0:
        return np.full(values.size, np.nan)
    means = np.cumsum(values[_drawn(values.size)], axis=1) / np.arange(1, values.size + 1)
    agree = np.sign(means) * np.sign(values.mean())
    return np.asarray(np.mean((1 - agree) / 2, axis=0), dtype=float)


@functools.lru_cache(2)
def _drawn(size: int) -> npt.NDArray[np.int_]:
    """Which of so many values are drawn; most conditions of a study have as many."""
    return np.random.default_rng(0).integers(size, size=(_DRAWS, size))
