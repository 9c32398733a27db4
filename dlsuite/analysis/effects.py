"""Every condition against the baseline: trials in, one row a task, condition and measure out."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from dlsuite.analysis.measured import PLACE, MeasuredTrials
from dlsuite.analysis.measures import Measure, measures_of_task
from dlsuite.analysis.paired import detectable, paired_difference
from dlsuite.analysis.replicates import REPLICATE, aligned
from dlsuite.analysis.task_trials import is_baseline, primary_measure, task_trials
from dlsuite.analysis.verdicts import LEVEL, TOO_FEW, verdict

DIVERGED = "diverged"
"""The measure that counts divergence: 1 for a trial that diverged, 0 for one that completed."""

EFFECTS = (
    "role",
    "n_pairs",
    "difference",
    "ci_low",
    "ci_high",
    "iqm",
    "sd",
    "p",
    "p_adjusted",
    "effect_size",
    "agree",
    "detectable",
    "sd_ratio",
    "sd_ratio_low",
    "sd_ratio_high",
    "sd_ratio_p",
    "verdict",
)
"""The columns of the effects behind those that name the condition and the measure, in order."""


def effects(
    trials: pd.DataFrame,
    *,
    factors: Sequence[str],
    tuned: Sequence[str],
    tasks: pd.DataFrame,
    baseline: Mapping[str, object],
) -> pd.DataFrame:
    """Compare every condition with the baseline, paired by seed and split.

    A pair is dropped if either side diverged. The comparisons of a task on the test split, by its one
    metric, are a family: Holm's correction (1979) keeps the chance of any false claim among them at 5 %.
    All other measures are exploratory; their p is of one comparison alone, and so is every interval.

    Args:
        trials: A row a trial.
        factors: Names of the factor columns.
        tuned: Names of the tuned columns; each condition has its own chosen values.
        tasks: A row a task, with `task` and `metric`.
        baseline: The baseline's value of every factor.

    Returns:
        A row a task, condition other than the baseline, and measure: `task`, `condition`, the factors,
        `measure`, and

        - `role`: `primary` for the family, else `exploratory`;
        - `n_pairs`; `difference`, its 95 % interval `ci_low`, `ci_high`, its interquartile mean `iqm` and
          its spread over pairs `sd`: the condition minus the baseline, in the measure's unit;
        - `p`, two-sided, by the t test of the pairs (for the measure `diverged`, exact by McNemar, 1947);
          `p_adjusted`, in the family;
        - `effect_size`, in standard deviations of the differences; `agree`, the share of pairs on the
          mean's side;
        - `detectable`, the smallest difference that so many pairs show in four of five studies, at the
          level that the family leaves a single comparison;
        - `sd_ratio`, how many times the baseline's spread over seeds, with `sd_ratio_low`,
          `sd_ratio_high` and `sd_ratio_p`, by `spread_ratio`;
        - `verdict`: `better`, `worse` (of what is no score `higher`, `lower`), `no clear difference`;
          without an interval `all diverged`, `baseline diverged` or `too few pairs`.

    Raises:
        DlsuiteError: A column, a task or the baseline's value of a factor is missing.
    """
    keys = ["task", "condition", *factors]
    rows: list[dict[str, object]] = []
    for about, of_task in task_trials(
        trials, factors=factors, tuned=tuned, tasks=tasks, baseline=baseline
    ):
        base = of_task.loc[is_baseline(of_task, baseline)]
        if base.empty:
            continue
        measures = [
            measure
            for measure in measures_of_task(of_task, about)
            if measure.column not in {*factors, *tuned}
        ]
        of_this_task: list[dict[str, object]] = []
        measured = MeasuredTrials(of_task)
        at_base = measured.where(is_baseline(of_task, baseline))
        for condition, group in measured.conditions().items():
            if condition != base["condition"].iloc[0]:
                named = {key: of_task[key].iloc[group[PLACE].iloc[0]] for key in keys}
                compared = _compare(group, at_base, measures, measured)
                of_this_task += [named | row for row in compared]
        rows += _judged(of_this_task, about)
    found = pd.DataFrame(rows, columns=[*keys, "measure", *EFFECTS])
    return found.astype({key: trials[key].dtype for key in keys})


def holm(p: Sequence[float]) -> list[float]:
    """Adjust the p of a family, so that the chance of any false claim is what the level says.

    The smallest p is multiplied by the size of the family, the next by one less, and so on; none may end
    below one that was smaller (Holm, 1979, "A simple sequentially rejective multiple test procedure").

    Args:
        p: The family, without NaN.

    Returns:
        The adjusted p, in the same order.
    """
    # statsmodels has it too, but collects all garbage at every call.
    order = np.argsort(p, kind="stable")
    scaled = np.asarray(p, dtype=float)[order] * np.arange(len(p), 0, -1)
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(np.maximum.accumulate(scaled), 1.0)
    return [float(value) for value in adjusted]


def _compare(
    group: pd.DataFrame,
    base: pd.DataFrame,
    measures: Sequence[Measure],
    measured: MeasuredTrials,
) -> list[dict[str, object]]:
    """A condition against the baseline: a row a measure, without what depends on the family."""
    ours, theirs = aligned(group, base)
    replicates = ours[REPLICATE]
    without = {"all diverged": group, "baseline diverged": base}
    reasons = [why for why, side in without.items() if (side["status"] == "diverged").all()]
    rows: list[dict[str, object]] = []
    for measure in measures:
        x, y = measured.values(measure, ours), measured.values(measure, theirs)
        found = paired_difference(x, y, replicates)
        interval, spread = found.interval, found.spread
        rows.append(
            {
                "measure": measure.column,
                **found.as_row(),
                "iqm": found.iqm,
                "sd": interval.sd,
                "effect_size": found.effect_size,
                "sd_ratio": spread.ratio,
                "sd_ratio_low": spread.low,
                "sd_ratio_high": spread.high,
                "sd_ratio_p": spread.p,
                "interval": interval,
                "verdict": next(iter(reasons), TOO_FEW),
            }
        )
    return [*rows, _divergence(ours, theirs, replicates)]


def _divergence(
    ours: pd.DataFrame, theirs: pd.DataFrame, replicates: pd.DataFrame
) -> dict[str, object]:
    """How much more often a condition diverges than the baseline."""

    def flags(trials: pd.DataFrame) -> Any:
        known = {"diverged": 1.0, "completed": 0.0}
        return trials["status"].map(known).to_numpy(dtype=float)

    x, y = flags(ours), flags(theirs)
    found = paired_difference(x, y, replicates)
    more, fewer = int((x > y).sum()), int((x < y).sum())
    exact = stats.binomtest(more, more + fewer).pvalue if more + fewer else 1.0
    return {
        "measure": DIVERGED,
        **found.as_row(),
        "ci_low": np.maximum(found.interval.low, -1.0),
        "ci_high": np.minimum(found.interval.high, 1.0),
        "iqm": found.iqm,
        "sd": found.interval.sd,
        "p": float(exact) if found.interval.n else float("nan"),
        "interval": found.interval,
        "verdict": TOO_FEW,
    }


def _judged(rows: list[dict[str, object]], task: Mapping[str, Any]) -> list[dict[str, object]]:
    """Add what depends on the family: adjusted p, the detectable effect, the verdict."""
    primary = primary_measure(task).column
    family = [row for row in rows if row["measure"] == primary]
    tested = [row for row in family if not np.isnan(_float(row["p"]))]
    for row, p in zip(tested, holm([_float(row["p"]) for row in tested]), strict=True):
        row["p_adjusted"] = p
    for row in rows:
        is_primary = row["measure"] == primary
        level = LEVEL / max(1, len(tested)) if is_primary else LEVEL
        interval: Any = row.pop("interval")
        row["role"] = "primary" if is_primary else "exploratory"
        row["detectable"] = detectable(interval, alpha=level)
        row["verdict"] = verdict(
            str(row["measure"]),
            _float(row["difference"]),
            _float(row.get("p_adjusted", math.nan) if is_primary else row["p"]),
            unknown=str(row["verdict"]),
        )
    return rows


def _float(value: object) -> float:
    return float(value)  # type: ignore[arg-type]
