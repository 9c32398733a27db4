"""How wide the range of usable learning rates is, which batch normalization is said to widen."""

from collections.abc import Mapping, Sequence

import pandas as pd

from dlsuite.analysis.learning_rates import RATE, usable_decades
from dlsuite.analysis.paired import paired_difference
from dlsuite.analysis.replicates import REPLICATE, aligned, replicated_interval
from dlsuite.analysis.task_trials import is_baseline

WIDTHS = (
    "n",
    "decades",
    "decades_low",
    "decades_high",
    "touches_edge",
    "n_pairs",
    "difference",
    "difference_low",
    "difference_high",
    "p",
)
"""The columns of the widths behind the settings, in order."""


def learning_rate_widths(
    trials: pd.DataFrame,
    curves: pd.DataFrame,
    *,
    factors: Sequence[str],
    tuned: Sequence[str],
    tasks: pd.DataFrame,
    baseline: Mapping[str, object],
) -> pd.DataFrame:
    """Compare the widths of usable learning rates with the baseline's, paired by seed.

    Args:
        trials: A row a trial.
        curves: A row a trial and epoch.
        factors: Names of the factor columns.
        tuned: Names of the tuned columns.
        tasks: A row a task.
        baseline: The baseline's value of every factor.

    Returns:
        A row a task and combination of the other factors and tuned values, none where the learning rate is
        neither factor nor tuned: `n` seeds, `decades` that are usable as `usable_decades` measures them, with
        their 95 % interval, and `touches_edge`, the share of seeds whose range ends with the grid, so that it
        may be wider. Where other factors vary, `n_pairs` and the `difference` to the baseline's width, with
        its 95 % interval and `p` of one comparison alone.

    Raises:
        DlsuiteError: A column or a task is missing.
    """
    others = [name for name in (*factors, *tuned) if name != RATE]
    by_seed = usable_decades(trials, curves, tasks, factors=factors, tuned=tuned)
    of_factors = {name: value for name, value in baseline.items() if name != RATE}
    rows: list[dict[str, object]] = []
    for _, of_task in by_seed.groupby("task", sort=False):
        base = of_task.loc[is_baseline(of_task, of_factors)]
        for settings, group in of_task.groupby(["task", *others], sort=False, dropna=False):
            width = replicated_interval(group["decades"], group[REPLICATE])
            row: dict[str, object] = {
                **dict(zip(["task", *others], settings, strict=True)),
                "n": width.n,
                "decades": width.mean,
                "decades_low": max(width.low, 0.0) if width.low == width.low else width.low,
                "decades_high": width.high,
                "touches_edge": float(group["touches_edge"].astype(float).mean()),
            }
            # Several tuned values make several baselines, none of which is the one.
            if not base.index.equals(group.index) and not base.duplicated(REPLICATE).any():
                ours, theirs = aligned(group, base)
                widths = [side["decades"].to_numpy(float) for side in (ours, theirs)]
                found = paired_difference(widths[0], widths[1], ours[REPLICATE])
                row |= {
                    "n_pairs": found.interval.n,
                    "difference": found.interval.mean,
                    "difference_low": found.interval.low,
                    "difference_high": found.interval.high,
                    "p": found.interval.p,
                }
            rows.append(row)
    return pd.DataFrame(rows, columns=["task", *others, *WIDTHS])
