"""The linear model over all conditions of a task: what a factor does on average over the others."""

import functools
import itertools
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from statsmodels.regression.linear_model import OLS
from statsmodels.tools.sm_exceptions import SingularMatrixWarning
from threadpoolctl import ThreadpoolController

from dlsuite.analysis.factor_values import distinct_values, format_value, same_value
from dlsuite.analysis.measures import Measure
from dlsuite.analysis.replicates import REPLICATE
from dlsuite.analysis.task_trials import task_trials, told_measures

MARGINAL_EFFECTS = (
    "task",
    "factor",
    "value",
    "measure",
    "n",
    "difference",
    "ci_low",
    "ci_high",
    "p",
)
"""The columns of the marginal effects, in order."""

_NO_PART = 1e-8
"""A share that is 0 but for rounding."""


def marginal_effects(
    trials: pd.DataFrame,
    *,
    factors: Sequence[str],
    tuned: Sequence[str],
    tasks: pd.DataFrame,
    baseline: Mapping[str, object],
) -> pd.DataFrame:
    """Estimate what each value of each factor does on average over the other factors.

    For a random design this is the answer: its conditions hardly ever differ in one factor alone. The
    model has a term for each seed and split, and one for each value of each factor, and no interaction.

    Args:
        trials: A row a trial.
        factors: Names of the factor columns.
        tuned: Names of the tuned columns.
        tasks: A row a task, with `task` and `metric`.
        baseline: The baseline's value of every factor.

    Returns:
        A row a task, factor, value other than the baseline's, and measure (the metric on test and the loss
        gap): `n` trials behind the whole model, `difference` to the baseline's value, `ci_low`, `ci_high`
        and `p` by ordinary least squares; no p where the model leaves nothing over. Nothing for studies of
        one factor, whose effects say it already.

    Raises:
        DlsuiteError: A column, a task or the baseline's value of a factor is missing.
    """
    rows: list[dict[str, object]] = []
    for about, of_task in task_trials(
        trials, factors=factors, tuned=tuned, tasks=tasks, baseline=baseline
    ):
        for measure in told_measures(of_task, about) if len(factors) > 1 else ():
            terms = _indicators(of_task, factors, baseline)
            rows += [
                {
                    "task": about["task"],
                    "measure": measure.column,
                    "factor": factor,
                    "value": value,
                    **found,
                }
                for (factor, value), found in _fit(of_task, measure, terms, terms).items()
            ]
    return pd.DataFrame(rows, columns=list(MARGINAL_EFFECTS))


def two_way_terms(
    of_task: pd.DataFrame,
    measure: Measure,
    *,
    factors: Sequence[str],
    baseline: Mapping[str, object],
) -> list[dict[str, object]]:
    """Fit a model with all interactions of two factors.

    Args:
        of_task: One task's trials.
        measure: What is modeled.
        factors: Names of the factor columns.
        baseline: The baseline's value of every factor.

    Returns:
        For each pair of values of two factors, neither the baseline's: `factor_a`, `value_a`, `factor_b`,
        `value_b`, `n_pairs` (trials behind the model), `interaction`, `ci_low`, `ci_high`, `p`, by ordinary
        least squares with a term for each seed and split. A pair that the conditions do not identify has
        none.
    """
    main = _indicators(of_task, factors, baseline)
    pairs = {
        (*left, *right): main[left] * main[right]
        for left, right in itertools.combinations(main, 2)
        if left[0] != right[0] and (main[left] * main[right]).any()
    }
    found = _fit(of_task, measure, {**main, **pairs}, pairs)
    return [
        {
            **dict(zip(("factor_a", "value_a", "factor_b", "value_b"), names, strict=True)),
            "n_pairs": term.pop("n"),
            "interaction": term.pop("difference"),
            **term,
        }
        for names, term in found.items()
    ]


def _indicators(
    of_task: pd.DataFrame, factors: Sequence[str], baseline: Mapping[str, object]
) -> dict[tuple[Any, ...], np.ndarray]:
    """For each value of each factor but the baseline's, which trials have it."""
    found = {}
    for factor in factors:
        distinct = distinct_values(of_task[factor].unique())
        written = {value: format_value(value) for value in of_task[factor].unique()}
        texts = of_task[factor].map(written).fillna("none")
        for value in distinct:
            if not same_value(value, baseline[factor]):
                found[factor, format_value(value)] = (texts == format_value(value)).to_numpy(float)
    return found


def _fit(
    of_task: pd.DataFrame,
    measure: Measure,
    terms: Mapping[tuple[Any, ...], np.ndarray],
    wanted: Mapping[tuple[Any, ...], np.ndarray],
) -> dict[tuple[Any, ...], dict[str, Any]]:
    """Ordinary least squares with a term for each seed and split; the wanted terms that are identified."""
    values = measure.values(of_task)
    known = np.isfinite(values)
    if not known.any() or not terms:
        return {}
    seeds, splits = (of_task[name].astype(str) for name in REPLICATE)
    blocks = pd.get_dummies(seeds + "-" + splits, dtype=float)
    # A sum depends on its order in the last bits, and rows and values may come in any.
    names = sorted(terms)
    design = np.column_stack([blocks.to_numpy(), *(terms[name] for name in names)])[known]
    values = values[known]
    order = np.lexsort((values, *design.T))
    design, values = design[order], values[order]
    rank, identified = _identified(design)
    if values.size <= rank:
        return {}
    with (
        _blas().limit(limits=1, user_api="blas"),
        np.errstate(over="ignore", invalid="ignore", divide="ignore"),
        warnings.catch_warnings(action="ignore", category=SingularMatrixWarning),
    ):
        # The pseudoinverse gives the terms that are identified whatever the others are.
        # Whether columns add up to a constant matters to nothing that is asked for, and is long to find.
        fitted = OLS(values, design, hasconst=False).fit()
        differences, intervals, ps = fitted.params, fitted.conf_int(0.05), fitted.pvalues
        rounding = 1e-10 * np.abs(values).max()
        if (np.abs(fitted.resid) <= rounding).all():
            # The model leaves nothing over, and what it would call noise is rounding.
            differences = np.where(np.abs(differences) <= rounding, 0.0, differences)
            intervals = np.stack([differences, differences], axis=1)
            ps = np.where(differences == 0, 1.0, np.nan)
    found = {}
    places = {name: place for place, name in enumerate(names, start=blocks.shape[1])}
    for name in wanted:
        place = places[name]
        if identified[place]:
            found[name] = {
                "n": values.size,
                "difference": float(differences[place]),
                "ci_low": float(intervals[place, 0]),
                "ci_high": float(intervals[place, 1]),
                "p": float(ps[place]),
            }
    return found


def _identified(design: np.ndarray) -> tuple[int, np.ndarray]:
    """The rank of a design of zeros and ones, and which of its columns are no sum of multiples of others.

    Such a column has no part in what the design maps to 0. That is read off the matrix of products, which
    counts trials and is exact: it has a row a column, where the design has one a trial.
    """
    with _blas().limit(limits=1, user_api="blas"):
        products = design.T @ design
        values, vectors = np.linalg.eigh(products)
    lost = vectors[:, values <= values.max() * len(products) * np.finfo(float).eps]
    return len(products) - lost.shape[1], (lost**2).sum(axis=1) < _NO_PART


@functools.cache
def _blas() -> ThreadpoolController:
    """What sets the threads of linear algebra.

    On tall and narrow designs two threads take ten times as long as one where the processor has other work,
    such as the study that is still being trained; and how many a machine has would show in the last bits.
    """
    return ThreadpoolController()
