"""Values of trials that repeat each other with other seeds, and other splits of the data."""

import functools
import operator

import numpy as np
import numpy.typing as npt
import pandas as pd

from dlsuite.analysis.intervals import MeanInterval, crossed_interval, mean_interval

REPLICATE = ["seed", "split_seed"]
"""The columns that tell the trials of a condition apart."""


def replicated_interval(values: npt.ArrayLike, replicates: pd.DataFrame) -> MeanInterval:
    """Compute the mean over a condition's trials, with an interval that covers all that was repeated.

    Args:
        values: Shape `[n]`; NaN stands for a value that is missing.
        replicates: The `seed` and the `split_seed` of each value.

    Returns:
        `mean_interval` where there is one split, else `crossed_interval`.
    """
    sample = np.asarray(values, dtype=float)
    splits = replicates["split_seed"].to_numpy()
    if not splits.size or (splits == splits[0]).all():
        return mean_interval(sample)
    named = replicates.reset_index(drop=True).assign(value=sample)
    grid = named.pivot(index="seed", columns="split_seed", values="value")
    return crossed_interval(grid.to_numpy())


def by_replicate(trials: pd.DataFrame) -> pd.DataFrame:
    """Index trials of one condition by seed and split, sorted, so that conditions can be paired."""
    return trials.set_index(REPLICATE, drop=False).sort_index()


def aligned(*conditions: pd.DataFrame) -> list[pd.DataFrame]:
    """Pair conditions' trials: of each, those whose seed and split all have, in the same order.

    Args:
        conditions: Trials of one condition each.
    """
    places = [
        {
            name: place
            for place, name in enumerate(zip(*(c[key].tolist() for key in REPLICATE), strict=True))
        }
        for c in conditions
    ]
    if all(len(own) == len(c) for own, c in zip(places, conditions, strict=True)):
        names = sorted(functools.reduce(operator.and_, (own.keys() for own in places)))
        return [
            c.iloc[[own[name] for name in names]] for own, c in zip(places, conditions, strict=True)
        ]
    indexed = [by_replicate(condition) for condition in conditions]
    shared = indexed[0].index
    for other in indexed[1:]:
        shared = shared.intersection(other.index)
    return [condition.loc[shared.sort_values()] for condition in indexed]
