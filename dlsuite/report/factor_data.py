"""The numbers behind a factor's figure: the metric on test and the generalization gap."""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from dlsuite.analysis import count_tuned
from dlsuite.analysis.factor_values import format_value
from dlsuite.analysis.frames import require_columns
from dlsuite.analysis.measures import GAP as GAP
from dlsuite.analysis.task_trials import is_baseline
from dlsuite.report.encoding import thinned
from dlsuite.report.limits import score_ceiling
from dlsuite.report.study_tables import StudyTables

_MOST_SERIES = 9


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
        left_out: How many combinations of the other factors' values are not shown, since there are many.
    """

    factor: str
    others: tuple[str, ...]
    means: pd.DataFrame
    points: pd.DataFrame
    left_out: int = 0


def factor_data(tables: StudyTables, factor: str) -> FactorData:
    """Collect each task's metric on test and its loss gap at the last epoch.

    A combination of the other factors' values that occurs with one value of this factor only is
    left out if others occur with more: it says nothing about the factor. Of more combinations than nine,
    those with further factors at the baseline are kept, and of these nine that are evenly spaced.

    Args:
        tables: The study's tables; the trials of `count_tuned` are shown.
        factor: The factor along the x axis.

    Raises:
        DlsuiteError: A column or a task is missing.
    """
    factors, trials, summary = tables.factors, tables["trials"], tables["summary"]
    require_columns(summary, ["task", "condition", "measure", *factors], name="summary")
    others = tuple(other for other in factors if other != factor)
    chosen = trials.loc[count_tuned(trials, tuned=tables.tuned, tasks=tables["tasks"]).to_numpy()]
    completed = chosen.loc[chosen["status"] == "completed"].reset_index(drop=True)
    means, points = [], []
    for task in summary["task"].drop_duplicates():
        about = tables.task(str(task))
        for measure in (f"test_{about['metric']}", GAP):
            of_measure = (summary["task"] == task) & (summary["measure"] == measure)
            means.append(summary.loc[of_measure].assign(ceiling=score_ceiling(about, measure)))
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
    kept = _few(all_means, others, tables.baseline)
    left_out = all_means["series"].nunique() - len(kept)
    all_means = all_means.loc[all_means["series"].isin(kept)]
    all_points = all_points.loc[all_points["series"].isin(kept)]
    columns = ["task", "condition", *factors, "series", "measure", "n", "n_diverged", "mean"]
    return FactorData(
        factor,
        others,
        all_means[[*columns, "ci_low", "ci_high", "guess", "ceiling"]].reset_index(drop=True),
        all_points.reset_index(drop=True),
        left_out,
    )


def _few(means: pd.DataFrame, others: Sequence[str], baseline: Mapping[str, object]) -> list[str]:
    """The combinations to show."""
    rows = means.drop_duplicates("series")
    for other in reversed(others[1:]):
        if len(rows) > _MOST_SERIES and other in baseline:
            at = rows.loc[is_baseline(rows, {other: baseline[other]})]
            rows = at if len(at) > 1 else rows
    return [str(name) for name in thinned(list(rows["series"]), _MOST_SERIES)]


def _with_series(frame: pd.DataFrame, others: Sequence[str]) -> pd.DataFrame:
    """Name each row after the other factors' values: `batch_norm=true`."""

    @functools.cache  # Of thousands of trials there are few combinations.
    def name(*row: object) -> str:
        return ", ".join(f"{o}={format_value(value)}" for o, value in zip(others, row, strict=True))

    names = [name(*row) for row in frame[list(others)].itertuples(index=False, name=None)]
    return frame.assign(series=names if others else [""] * len(frame))
