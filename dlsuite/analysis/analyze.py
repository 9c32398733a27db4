"""All that is computed from the trials and curves of a study, table by table."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from dlsuite.analysis.checklist import CHECKLIST, checklist
from dlsuite.analysis.comparison import COMPARISONS, compare_tasks
from dlsuite.analysis.early_stopping import early_stopping
from dlsuite.analysis.effects import EFFECTS, effects
from dlsuite.analysis.interactions import INTERACTIONS, interactions
from dlsuite.analysis.learning_rates import learning_rates
from dlsuite.analysis.linear_model import MARGINAL_EFFECTS, marginal_effects
from dlsuite.analysis.measures import higher_is_better, measures_in
from dlsuite.analysis.overfitting import measure_overfitting
from dlsuite.analysis.replicates import REPLICATE
from dlsuite.analysis.selection import count_tuned
from dlsuite.analysis.stability import WIDTHS, learning_rate_widths
from dlsuite.analysis.summary import STATISTICS, summarize
from dlsuite.analysis.variance import VARIANCE, variance_components
from dlsuite.analysis.wrong_winner import WRONG_WINNER, wrong_winners

COLUMNS = frozenset(
    {
        *CHECKLIST,
        *COMPARISONS,
        *EFFECTS,
        *INTERACTIONS,
        *MARGINAL_EFFECTS,
        *STATISTICS,
        *VARIANCE,
        *WIDTHS,
        *WRONG_WINNER,
    }
)
"""Every name of a column that stands beside a study's settings in one of these tables."""

TABLES = (
    "summary",
    "effects",
    "interactions",
    "marginal_effects",
    "comparisons",
    "learning_rates",
    "learning_rate_widths",
    "early_stopping",
    "variance",
    "wrong_winner",
    "checklist",
)
"""The names of the tables, in the order in which they are read."""


def with_overfitting(
    trials: pd.DataFrame, curves: pd.DataFrame, *, by: Sequence[str]
) -> pd.DataFrame:
    """Add to trials what their curves say of overfitting and of the loss's spread.

    Args:
        trials: A row a trial.
        curves: A row a trial and epoch, with `train_loss`, `val_loss` and `step_loss_spread`.
        by: The columns that name a trial in both.

    Returns:
        The trials with `overfits`, `onset_epoch`, `rise_after_onset` and `epochs_to_90`, as
        `measure_overfitting` gives them; `step_loss_spread`, the median over the second half of the epochs;
        and `test_gap_<score>`, how much worse the test score is than the train score of the same epoch. All
        are empty where a trial did not complete.
    """
    measured = measure_overfitting(curves, by=by)
    last = curves.groupby(list(by), sort=False, dropna=False)["epoch"].transform("max")
    late = curves.loc[curves["epoch"] > last / 2]
    spread = late.groupby(list(by), sort=False, dropna=False)["step_loss_spread"].median()
    added = trials.merge(measured, on=list(by), how="left").merge(
        spread.reset_index(), on=list(by), how="left"
    )
    completed = added["status"] == "completed"
    added["overfits"] = added["onset_epoch"].notna().astype(object).where(completed)
    for name in (*measured.columns.difference(list(by)), "step_loss_spread"):
        added[name] = added[name].where(completed)
    for measure in [measure for measure in measures_in(added) if measure.split == "test"]:
        column, score = measure.column, measure.metric
        difference = added[column].astype(float) - added[f"train_{score}_best"].astype(float)
        added[f"test_gap_{score}"] = -difference if higher_is_better(score) else difference
    return added.set_index(trials.index)


def analyze(
    trials: pd.DataFrame,
    curves: pd.DataFrame,
    tasks: pd.DataFrame,
    *,
    factors: Sequence[str],
    tuned: Sequence[str],
    baseline: Mapping[str, object],
) -> dict[str, pd.DataFrame]:
    """Compute every table.

    Args:
        trials: A row a trial, as `trials.csv` has it.
        curves: A row a trial and epoch, as `curves.csv` has it.
        tasks: A row a task, as `tasks.csv` has it.
        factors: Names of the factors.
        tuned: Names of the tuned hyperparameters.
        baseline: The baseline's value of every factor.

    Returns:
        The tables by name, see `TABLES`; one that the study has no answer for is empty.

    Raises:
        DlsuiteError: A column, a task or the baseline's value of a factor is missing.

    Example:
        >>> results = dlsuite.load_results("results/dropout")
        >>> analyze(results.trials, results.curves, results.tasks, factors=["dropout"], tuned=[],
        ...         baseline={"dropout": 0.0})["effects"]
    """
    settings: dict[str, Any] = {"factors": factors, "tuned": tuned, "tasks": tasks}
    # Chosen once: of counted trials nothing is left to be tuned.
    counted = trials.loc[count_tuned(trials, tuned=tuned, tasks=tasks).to_numpy()]
    chosen: dict[str, Any] = {"factors": factors, "tuned": [], "tasks": tasks}
    compared = chosen | {"baseline": baseline}
    names = ["task", "condition", *factors, *tuned, *REPLICATE]
    finished = counted.loc[counted["status"] == "completed", names]
    with np.errstate(over="ignore", invalid="ignore"):
        return {
            "summary": summarize(trials, **settings),
            "effects": effects(counted, **compared),
            "interactions": interactions(counted, **compared),
            "marginal_effects": marginal_effects(counted, **compared),
            "comparisons": compare_tasks(counted, tuned=[], tasks=tasks),
            "learning_rates": learning_rates(trials, curves, tasks, factors=factors, tuned=tuned),
            "learning_rate_widths": learning_rate_widths(
                trials, curves, **settings, baseline=baseline
            ),
            "early_stopping": early_stopping(curves.merge(finished, on=names), **chosen),
            "variance": variance_components(counted, **chosen),
            "wrong_winner": wrong_winners(counted, **compared),
            "checklist": checklist(trials, curves, **settings),
        }
