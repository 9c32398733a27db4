"""Small versions of `benchmarks/statistics.py`: made-up scores whose truth is known, at fixed seeds.

The bounds are three standard errors of the studies drawn, from what theory says.
"""

import numpy as np
import pandas as pd
import pytest

from dlsuite.analysis import effects, summarize
from dlsuite.analysis.paired import power

STUDIES = 150
SEED_SHARE = 0.7
PAIR_SD = np.sqrt(2 * (1 - SEED_SHARE**2))
"""Of a difference of two trials of a seed: what they have in common drops out."""


def scores(rng, shifts, *, seeds, splits=1, skewed=False):
    """Scores of the conditions, those of a seed alike, and with several splits those of a split."""
    shape = (len(shifts), splits, seeds)
    noise = 1 - rng.exponential(size=shape) if skewed else rng.normal(size=shape)
    found = np.reshape(shifts, (-1, 1, 1)) + np.sqrt(1 - SEED_SHARE**2) * noise
    found = found + SEED_SHARE * rng.normal(size=(1, 1, seeds))
    if splits > 1:
        luck = rng.normal(size=(1, splits, 1)) + 0.5 * rng.normal(size=(len(shifts), splits, 1))
        found = found + luck
    return found


def frame(values, **columns):
    arms, of_split, of_seed = (index.ravel() for index in np.indices(values.shape))
    return pd.DataFrame(
        {
            "task": "mlp/toy",
            "arm": arms,
            "condition": [f"arm={arm}" for arm in arms],
            "seed": of_seed,
            "split_seed": of_split,
            "status": "completed",
            "test_accuracy": values.ravel(),
        }
        | columns
    )


def primary(trials, tasks, *, tuned=()):
    found = effects(trials, factors=["arm"], tuned=list(tuned), tasks=tasks, baseline={"arm": 0})
    return found.loc[found["role"] == "primary"]


def within(rate, n, errors=3.0):
    """The bounds of a share of `n` draws whose truth is `rate`."""
    half = errors * np.sqrt(rate * (1 - rate) / n)
    return rate - half, rate + half


@pytest.mark.parametrize(
    ("splits", "skewed"), [(1, False), (1, True), (3, False)], ids=["normal", "skewed", "splits"]
)
def test_intervals_of_differences_cover_the_truth(tasks, splits, skewed):
    rng = np.random.default_rng(splits)
    true = np.array([0.5, -1.0])
    covered = []
    for _ in range(STUDIES):
        values = scores(rng, [0.0, *true], seeds=6, splits=splits, skewed=skewed)
        rows = primary(frame(values), tasks)
        covered.append(np.mean((rows["ci_low"] <= true) & (true <= rows["ci_high"])))
    # The intervals of a study have the baseline in common: as if there were one.
    low, high = within(0.95, STUDIES)
    assert low <= np.mean(covered) <= (1.0 if splits > 1 or skewed else high)


def test_intervals_of_means_cover_the_truth(tasks):
    rng = np.random.default_rng(10)
    covered = []
    for _ in range(STUDIES):
        values = 0.5 + scores(rng, [0.0], seeds=5) / 100
        summary = summarize(frame(values), factors=["arm"], tuned=[], tasks=tasks)
        [row] = summary.loc[summary["measure"] == "test_accuracy"].to_dict("records")
        covered.append(row["ci_low"] <= 0.5 <= row["ci_high"])
    low, high = within(0.95, STUDIES)
    assert low <= np.mean(covered) <= high


def test_a_study_without_any_effect_seldom_claims_one(tasks):
    rng = np.random.default_rng(11)
    claimed, by_p_alone = [], []
    for _ in range(STUDIES):
        rows = primary(frame(scores(rng, [0.0] * 7, seeds=6)), tasks)
        claimed.append(rows["verdict"].isin(["better", "worse"]).any())
        by_p_alone.append((rows["p"] < 0.05).any())
    assert np.mean(claimed) <= within(0.05, STUDIES)[1]
    # Without the correction, six comparisons claim something in every fifth study or so.
    assert np.mean(by_p_alone) > within(0.05, STUDIES)[1]


@pytest.mark.parametrize("seeds", [5, 10])
def test_a_planted_effect_is_found_as_often_as_theory_says(tasks, seeds):
    rng = np.random.default_rng(12)
    planted = 1.2
    found = []
    for _ in range(STUDIES):
        values = scores(rng, [0.0, planted * PAIR_SD], seeds=seeds)
        rows = primary(frame(values), tasks)
        found.append((rows["verdict"] == "better").all())
    low, high = within(power(planted, seeds, alpha=0.05), STUDIES)
    assert low <= np.mean(found) <= high


@pytest.mark.parametrize("alike", [True, False])
def test_tuning_does_not_flatter_the_side_that_luck_has_a_say_in(tasks, alike):
    """Of three tuned values all are as good, or on the baseline's side one stands out."""
    rng = np.random.default_rng(13)
    differences, flattered = [], []
    for _ in range(STUDIES):
        parts = []
        for value in range(3):
            best = 0.0 if alike or value else 3.0
            luck = scores(rng, [0.0, 0.0], seeds=5)
            shift = np.array([best, 0.0]).reshape(-1, 1, 1)
            val = shift + 0.7 * luck + np.sqrt(1 - 0.7**2) * rng.normal(size=luck.shape)
            parts.append(frame(shift + luck, rate=value, val_accuracy_best=val.ravel()))
        trials = pd.concat(parts)
        [found] = primary(trials, tasks, tuned=["rate"])["difference"]
        differences.append(found + (0 if alike else 3.0))
        means = trials.groupby(["arm", "rate"])[["val_accuracy_best", "test_accuracy"]].mean()
        chosen = means.groupby("arm")["val_accuracy_best"].idxmax()
        score = means["test_accuracy"]
        flattered.append(score[chosen[1]] - score[chosen[0]] + (0 if alike else 3.0))
    error = 3 * np.std(differences, ddof=1) / np.sqrt(STUDIES)
    assert abs(np.mean(differences)) <= error
    if not alike:
        assert np.mean(flattered) > error
