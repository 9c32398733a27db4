"""Trials of one name against trials of another: tasks on the same data, and studies."""

import itertools
from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from dlsuite.analysis.frames import require_columns, task_row
from dlsuite.analysis.intervals import mean_interval
from dlsuite.analysis.measures import GAP, Measure
from dlsuite.analysis.paired import paired_difference
from dlsuite.analysis.replicates import REPLICATE, aligned
from dlsuite.analysis.selection import count_tuned
from dlsuite.analysis.verdicts import verdict

_PAIRED = ("n_pairs", "difference", "ci_low", "ci_high", "p", "agree")
COMPARISONS = (
    "task",
    "other_task",
    "condition",
    "measure",
    "mean",
    "other_mean",
    *_PAIRED,
    "verdict",
)
"""The columns of the comparison of tasks, in order."""
STUDY_COMPARISONS = ("task", "condition", "measure", "first_mean", "second_mean", *_PAIRED)
"""The columns of the comparison of two studies, in order."""


def compare_tasks(
    trials: pd.DataFrame, *, tuned: Sequence[str], tasks: pd.DataFrame
) -> pd.DataFrame:
    """Compare the models that a study trains on the same data.

    Two models have no initial weights in common, but the split, and the seeds are paired all the same.

    Args:
        trials: A row a trial.
        tuned: Names of the tuned columns; each model has its own chosen values.
        tasks: A row a task, with `task`, `metric` and `fingerprint`, which tells data sets apart.

    Returns:
        A row a pair of tasks with the same data and metric, condition, and measure (the metric on test, and
        the loss gap): the means of both over their pairs, and `difference`, the first minus the other, with
        `n_pairs`, its 95 % interval, `p` (of one comparison alone), `agree`, and `verdict` on the first:
        `better`, `worse`, `lower`, `higher` or `no clear difference`.

    Raises:
        DlsuiteError: A column or a task is missing.
    """
    require_columns(tasks, ["task", "metric"], name="tasks")
    rows: list[dict[str, object]] = []
    if "fingerprint" in tasks:
        counted = trials.loc[count_tuned(trials, tuned=tuned, tasks=tasks).to_numpy()]
        for _, alike in tasks.groupby(["fingerprint", "metric"], sort=False):
            for one, other in itertools.combinations(alike["task"], 2):
                ours, theirs = (counted.loc[counted["task"] == task] for task in (one, other))
                metric = str(task_row(tasks, one)["metric"])
                for row in _paired(ours, theirs, metric):
                    named = {"task": one, "other_task": other}
                    means = {"mean": row.pop("first_mean"), "other_mean": row.pop("second_mean")}
                    rows.append({**named, **row, **means, "verdict": _judged(row)})
    return pd.DataFrame(rows, columns=list(COMPARISONS))


def compare_studies(
    first: pd.DataFrame, second: pd.DataFrame, *, tasks: pd.DataFrame
) -> pd.DataFrame:
    """Compare what two studies say of the conditions that both have.

    Args:
        first: One study's trials, with `counted`.
        second: The other's.
        tasks: A row a task of the first.

    Returns:
        A row a task, condition and measure (the metric on test, and the loss gap): the means of both over
        their pairs, and `difference`, the second minus the first, paired by seed and split, with its 95 %
        interval and `p` (of one comparison alone).

    Raises:
        DlsuiteError: A column or a task is missing.
    """
    needed = ["task", "condition", "status", "counted", *REPLICATE]
    require_columns(first, needed, name="first")
    require_columns(second, needed, name="second")
    rows: list[dict[str, object]] = []
    for task in [name for name in first["task"].unique() if (second["task"] == name).any()]:
        new, old = (
            frame.loc[(frame["task"] == task) & frame["counted"]] for frame in (second, first)
        )
        for row in _paired(new, old, str(task_row(tasks, str(task))["metric"])):
            means = {"second_mean": row.pop("first_mean"), "first_mean": row.pop("second_mean")}
            rows.append({"task": task, **row, **means})
    return pd.DataFrame(rows, columns=list(STUDY_COMPARISONS))


def _paired(first: pd.DataFrame, second: pd.DataFrame, metric: str) -> Iterator[dict[str, object]]:
    """For each condition of both and each measure, the first minus the second."""
    for condition in [c for c in first["condition"].unique() if (second["condition"] == c).any()]:
        ours, theirs = aligned(
            *(frame.loc[frame["condition"] == condition] for frame in (first, second))
        )
        for name in (f"test_{metric}", GAP):
            measure = Measure.parse(name)
            if measure is None or name not in ours or name not in theirs:
                continue
            x, y = measure.values(ours), measure.values(theirs)
            found = paired_difference(x, y, ours[REPLICATE])
            both = np.isfinite(x) & np.isfinite(y)
            yield {
                "condition": condition,
                "measure": name,
                "first_mean": mean_interval(x[both]).mean,
                "second_mean": mean_interval(y[both]).mean,
                **found.as_row(),
            }


def _judged(row: dict[str, object]) -> str:
    difference, p = (float(row[key]) for key in ("difference", "p"))  # type: ignore[arg-type]
    return verdict(str(row["measure"]), difference, p)
