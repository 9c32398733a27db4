"""Whether two factors together do more or less than the sum of what each does alone.

Between the values of two factors the interaction is a difference of differences, seed by seed. Over more
than two factors, a linear model says it for all values of the others.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from dlsuite.analysis.factor_values import distinct_values, format_value, same_value
from dlsuite.analysis.linear_model import two_way_terms
from dlsuite.analysis.measures import Measure
from dlsuite.analysis.paired import paired_difference
from dlsuite.analysis.replicates import REPLICATE, aligned
from dlsuite.analysis.task_trials import is_baseline, task_trials, told_measures

INTERACTIONS = (
    "task",
    "factor_a",
    "value_a",
    "factor_b",
    "value_b",
    "measure",
    "method",
    "n_pairs",
    "interaction",
    "ci_low",
    "ci_high",
    "p",
    "agree",
)
"""The columns of the interactions, in order."""


def interactions(
    trials: pd.DataFrame,
    *,
    factors: Sequence[str],
    tuned: Sequence[str],
    tasks: pd.DataFrame,
    baseline: Mapping[str, object],
) -> pd.DataFrame:
    """Measure how any two factors interact, in the metric on test and in the loss gap.

    Args:
        trials: A row a trial.
        factors: Names of the factor columns.
        tuned: Names of the tuned columns.
        tasks: A row a task, with `task` and `metric`.
        baseline: The baseline's value of every factor.

    Returns:
        A row a task, pair of factors, pair of their values other than the baseline's, measure and method:

        - `method`: `differences`, the other factors at their baseline: of each seed, (both changed -
          `value_a` alone) - (`value_b` alone - neither). `linear model`, where there are more than two
          factors: the same averaged over the values of the others, see `two_way_terms`;
        - `n_pairs`, seeds (and splits) that have all four trials; for the model, trials;
        - `interaction`, its 95 % interval `ci_low`, `ci_high`, and `p`, in the measure's unit: 0 where
          the factors' effects add up. These comparisons are exploratory, `p` is not adjusted;
        - `agree`, the share of seeds on the mean's side; empty for the model.

    Raises:
        DlsuiteError: A column, a task or the baseline's value of a factor is missing.
    """
    rows: list[dict[str, object]] = []
    for about, of_task in task_trials(
        trials, factors=factors, tuned=tuned, tasks=tasks, baseline=baseline
    ):
        for measure in told_measures(of_task, about):
            named = {"task": about["task"], "measure": measure.column}
            read = of_task[[*REPLICATE, "status", *factors, measure.column]]
            for a, b in itertools.combinations(factors, 2):
                rows += [named | row for row in _differences(read, measure, a, b, baseline)]
            if len(factors) > 2:
                rows += [
                    named | {"method": "linear model"} | term
                    for term in two_way_terms(of_task, measure, factors=factors, baseline=baseline)
                ]
    return pd.DataFrame(rows, columns=list(INTERACTIONS))


def _differences(
    of_task: pd.DataFrame, measure: Measure, a: str, b: str, baseline: Mapping[str, object]
) -> Iterator[dict[str, object]]:
    others = {factor: value for factor, value in baseline.items() if factor not in (a, b)}
    at_others = of_task.loc[is_baseline(of_task, others)]

    def trials_at(value_a: object, value_b: object) -> pd.DataFrame:
        return at_others.loc[is_baseline(at_others, {a: value_a, b: value_b})]

    def changed(factor: str) -> list[Any]:
        values = distinct_values(at_others[factor].unique())
        return [value for value in values if not same_value(value, baseline[factor])]

    neither = trials_at(baseline[a], baseline[b])
    for value_a, value_b in itertools.product(changed(a), changed(b)):
        alone_a, alone_b = trials_at(value_a, baseline[b]), trials_at(baseline[a], value_b)
        corners = [trials_at(value_a, value_b), alone_a, alone_b, neither]
        if any(corner.empty for corner in corners):
            continue
        corners = aligned(*corners)
        both, only_a, only_b, none = (measure.values(corner) for corner in corners)
        with np.errstate(over="ignore", invalid="ignore"):
            found = paired_difference(both - only_a, only_b - none, corners[0][REPLICATE])
        yield {
            "factor_a": a,
            "value_a": format_value(value_a),
            "factor_b": b,
            "value_b": format_value(value_b),
            "method": "differences",
            **found.as_row("interaction"),
        }
