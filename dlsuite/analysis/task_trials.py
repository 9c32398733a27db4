"""A task's trials, as every comparison takes them: those that count, and where the baseline is."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from dlsuite.analysis.factor_values import same_value
from dlsuite.analysis.frames import require_columns, task_row
from dlsuite.analysis.measures import GAP, Measure
from dlsuite.analysis.replicates import REPLICATE
from dlsuite.analysis.selection import count_tuned
from dlsuite.errors import DlsuiteError


def task_trials(
    trials: pd.DataFrame,
    *,
    factors: Sequence[str],
    tuned: Sequence[str],
    tasks: pd.DataFrame,
    baseline: Mapping[str, object] | None = None,
) -> Iterator[tuple[dict[str, Any], pd.DataFrame]]:
    """Give the trials of each task that stand for their condition, see `count_tuned`.

    Args:
        trials: A row a trial.
        factors: Names of the factor columns.
        tuned: Names of the tuned columns.
        tasks: A row a task, with `task` and `metric`.
        baseline: The baseline's value of every factor, for who compares with it.

    Yields:
        The task's row, and its trials; in order of appearance.

    Raises:
        DlsuiteError: A column, a task or the baseline's value of a factor is missing.
    """
    names = ["task", "condition", "status", *REPLICATE, *factors, *tuned]
    require_columns(trials, names, name="trials")
    if baseline is not None:
        check_baseline(baseline, factors)
    counted = trials.loc[count_tuned(trials, tuned=tuned, tasks=tasks).to_numpy()]
    for task, of_task in counted.groupby("task", sort=False):
        yield task_row(tasks, str(task)), of_task


def primary_measure(about: Mapping[str, Any]) -> Measure:
    """The measure that decides: the task's metric on test.

    Args:
        about: The task's row.
    """
    return Measure(f"test_{about['metric']}", "test", str(about["metric"]), "best")


def told_measures(of_task: pd.DataFrame, about: Mapping[str, Any]) -> list[Measure]:
    """The measures that are told of in full: the one that decides, and the loss gap.

    Args:
        of_task: The task's trials.
        about: The task's row.
    """
    gap = Measure(GAP, "gap", "loss", "last")
    return [measure for measure in (primary_measure(about), gap) if measure.column in of_task]


def check_baseline(baseline: Mapping[str, object], factors: Sequence[str]) -> None:
    """See that the baseline names every factor.

    Raises:
        DlsuiteError: It does not.
    """
    missing = [factor for factor in factors if factor not in baseline]
    if missing:
        raise DlsuiteError(
            f"baseline: expected a value for every factor; got none for {', '.join(missing)}."
        )


def is_baseline(frame: pd.DataFrame, baseline: Mapping[str, object]) -> "pd.Series[bool]":
    """Which rows stand at the baseline, in all of its factors."""
    at = pd.Series(True, index=frame.index)
    for factor, value in baseline.items():
        distinct = {found: same_value(found, value) for found in frame[factor].unique()}
        at &= frame[factor].map(distinct).astype(bool)
    return at
