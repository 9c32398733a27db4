"""The numbers behind the learning curves: means and ranges over trials, epoch by epoch."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from dlsuite.analysis import select_tuned
from dlsuite.analysis.frames import number, require_columns
from dlsuite.report.study_tables import StudyTables

SPLITS = ("train", "val")
"""The splits that are scored after every epoch."""


def learning_curve_data(tables: StudyTables, *, quantity: str = "loss") -> pd.DataFrame:
    """Average the curves of the selected trials over seeds.

    Args:
        tables: The study's tables; of each condition, the trials with its chosen tuned values count.
        quantity: `loss`, or `metric` for the one that decides for each task. A task whose metric
            is the loss has no rows then.

    Returns:
        A row a task, condition, split (`train`, `val`) and epoch: `task`, `condition`, the factors,
        `metric`, `split`, `epoch`, `n` (trials still running), `mean`, `low` and `high` (the
        lowest and highest trial), `n_diverged` (trials whose curve ends here because they
        diverged), `guess` (on validation).

    Raises:
        DlsuiteError: A column or a task is missing.
    """
    factors, tuned, curves, trials = (
        tables.factors,
        tables.tuned,
        tables["curves"],
        tables["trials"],
    )
    keys = ["task", "condition", *tuned, "seed", "split_seed"]
    require_columns(curves, [*keys, *factors, "epoch"], name="curves")
    chosen = trials.loc[select_tuned(trials, tuned=tuned, tasks=tables["tasks"]).to_numpy()]
    if len(curves):
        # Without rows, columns have no types to merge by.
        curves = curves.merge(chosen[[*keys, "status"]], on=keys, how="inner")
    numbers = ["n", "mean", "low", "high", "n_diverged", "guess"]
    columns = ["task", "condition", *factors, "metric", "split", "epoch", *numbers]
    parts = [pd.DataFrame(columns=columns)]
    for task, of_task in curves.groupby("task", sort=False):
        about = tables.task(str(task))
        metric = "loss" if quantity == "loss" else str(about["metric"])
        if quantity == "metric" and metric == "loss":
            continue
        require_columns(of_task, [f"{split}_{metric}" for split in SPLITS], name="curves")
        parts += [_averaged(of_task, metric, split, about, factors) for split in SPLITS]
    filled = [part for part in parts if len(part)] or parts
    return pd.concat(filled, ignore_index=True)[columns]


def _averaged(
    of_task: pd.DataFrame,
    metric: str,
    split: str,
    about: Mapping[str, object],
    factors: Sequence[str],
) -> pd.DataFrame:
    # A sum depends on its order in the last bits, and rows may come in any.
    rows = of_task.sort_values(["seed", "split_seed"], kind="stable")
    value = rows[f"{split}_{metric}"].astype("Float64").to_numpy(dtype=float, na_value=np.nan)
    last = rows.groupby(["condition", "seed", "split_seed"])["epoch"].transform("max")
    stops = (rows["epoch"] == last) & (rows["status"] == "diverged")
    grouped = rows.assign(value=value, stops=stops).groupby(["condition", "epoch"], sort=False)
    with np.errstate(over="ignore", invalid="ignore"):
        found = grouped.agg(
            n=("value", "count"),
            mean=("value", "mean"),
            low=("value", "min"),
            high=("value", "max"),
            n_diverged=("stops", "sum"),
        ).reset_index()
    settings = of_task[["task", "condition", *factors]].drop_duplicates("condition")
    # The left side's order is kept: conditions as the study has them.
    merged = settings.merge(found.sort_values("epoch", kind="stable"), on="condition", how="left")
    guess = number(about, f"guess_val_{metric}")
    return merged.assign(metric=metric, split=split, guess=guess)
