import dataclasses
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats
from statsmodels.formula.api import ols
from statsmodels.stats.anova import anova_lm
from statsmodels.stats.proportion import proportion_confint

from dlsuite.analysis import mean_interval
from dlsuite.analysis.intervals import crossed_interval, interquartile_mean, proportion_interval
from dlsuite.errors import DlsuiteError

samples = arrays(
    float, st.integers(2, 12), elements=st.floats(-1e6, 1e6, allow_nan=False, width=32)
)


@given(samples)
def test_the_interval_is_the_one_scipy_gives(sample):
    interval = mean_interval(sample)
    assert interval.mean == pytest.approx(np.mean(sample), rel=1e-9, abs=1e-6)
    assert interval.n == sample.size
    if np.ptp(sample) > 0:
        low, high = stats.t.interval(
            0.95, sample.size - 1, loc=np.mean(sample), scale=stats.sem(sample)
        )
        assert interval.low == pytest.approx(low, rel=1e-6, abs=1e-6)
        assert interval.high == pytest.approx(high, rel=1e-6, abs=1e-6)
        assert interval.sd == pytest.approx(np.std(sample, ddof=1), rel=1e-6)


@given(samples, st.randoms())
def test_the_order_of_the_values_changes_no_bit(sample, random):
    shuffled = list(sample)
    random.shuffle(shuffled)
    assert mean_interval(shuffled) == mean_interval(sample)


def test_missing_values_are_not_counted():
    assert mean_interval([1.0, np.nan, 3.0]) == mean_interval([1.0, 3.0])


def test_one_value_has_a_mean_and_no_interval():
    interval = mean_interval([0.5])
    assert (interval.n, interval.mean) == (1, 0.5)
    assert np.isnan([interval.low, interval.high, interval.sd]).all()


def test_no_value_has_no_mean():
    interval = mean_interval([np.nan])
    assert interval.n == 0
    assert np.isnan(interval.mean)


def test_equal_values_have_an_interval_without_width():
    interval = mean_interval([0.1] * 3)
    assert (interval.mean, interval.low, interval.high, interval.sd) == (0.1, 0.1, 0.1, 0.0)


def test_exploding_values_raise_no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert mean_interval([1.0, 1e300]).n == 2


@given(st.integers(2, 12), st.integers(0, 1000), st.floats(-3, 3))
def test_p_is_the_one_of_scipys_t_test(n, seed, shift):
    sample = np.random.default_rng(seed).normal(shift, size=n)
    assert mean_interval(sample).p == pytest.approx(stats.ttest_1samp(sample, 0).pvalue, rel=1e-6)


def test_p_of_equal_values_is_that_of_a_sign_flip():
    assert mean_interval([0.5] * 5).p == 2**-4
    assert mean_interval([0.0] * 5).p == 1.0
    assert np.isnan(mean_interval([0.5]).p)
    assert crossed_interval(np.full((5, 2), 0.1)).p == 2**-4


def test_of_one_split_the_interval_is_that_of_its_seeds():
    column = np.array([[1.0], [2.0], [4.0], [np.nan]])
    assert crossed_interval(column) == mean_interval(column)
    empty = np.column_stack([column, np.full(4, np.nan)])
    assert crossed_interval(empty) == mean_interval(column)


def test_of_one_seed_the_interval_is_that_of_its_splits():
    found, expected = crossed_interval([[1.0, 2.0, 4.0]]), mean_interval([1.0, 2.0, 4.0])
    assert found == expected


def test_without_two_whole_seeds_the_interval_is_that_of_the_splits_means():
    found = crossed_interval([[1.0, np.nan], [np.nan, 2.0], [3.0, 4.0]])
    expected = mean_interval([2.0, 3.0])
    assert (found.mean, found.low, found.high) == (expected.mean, expected.low, expected.high)
    assert found.n == 4


@pytest.mark.parametrize(("seed_sd", "split_sd"), [(1.0, 1.0), (0.0, 3.0), (2.0, 0.0), (0.0, 0.0)])
def test_seeds_and_splits_give_the_mean_squares_of_statsmodels(seed_sd, split_sd):
    a, b = 6, 4
    rng = np.random.default_rng(1)
    grid = seed_sd * rng.normal(size=(a, 1)) + split_sd * rng.normal(size=(1, b))
    grid = grid + rng.normal(size=(a, b))
    seeds, splits = np.indices(grid.shape)
    frame = pd.DataFrame({"y": grid.ravel(), "seed": seeds.ravel(), "split": splits.ravel()})
    table = anova_lm(ols("y ~ C(seed) + C(split)", frame).fit())
    squares, rest = table["mean_sq"], table.loc["Residual", "mean_sq"]
    found = crossed_interval(grid)
    parts = [max(squares["C(seed)"], rest), max(squares["C(split)"], rest), rest]
    assert found.error**2 * a * b == pytest.approx(parts[0] + parts[1] - rest)
    df = (found.error**2 * a * b) ** 2 / sum(
        part**2 / d for part, d in zip(parts, (a - 1, b - 1, (a - 1) * (b - 1)), strict=True)
    )
    assert found.df == pytest.approx(max(df, b - 1))
    assert found.high - found.mean == pytest.approx(stats.t.ppf(0.975, found.df) * found.error)
    assert (found.n, found.sd) == (24, pytest.approx(np.std(grid, ddof=1)))


@given(arrays(float, (4, 3), elements=st.floats(-1e6, 1e6)), st.randoms())
def test_the_order_of_the_seeds_changes_no_bit(grid, random):
    order = list(range(4))
    random.shuffle(order)
    found, moved = crossed_interval(grid), crossed_interval(grid[order])
    np.testing.assert_equal(dataclasses.asdict(moved), dataclasses.asdict(found))


@pytest.mark.parametrize("scale", [1e-200, 1e-10, 1e10, 1e200])
def test_an_interval_over_splits_fits_any_unit(scale):
    grid = np.random.default_rng(0).normal(size=(5, 3))
    found, scaled = crossed_interval(grid), crossed_interval(scale * grid)
    assert scaled.mean == pytest.approx(scale * found.mean)
    if 1e-100 < scale < 1e100:
        assert scaled.high == pytest.approx(scale * found.high)
        assert scaled.df == pytest.approx(found.df)


@pytest.mark.parametrize(("seed_sd", "split_sd"), [(0.0, 2.0), (2.0, 2.0), (0.0, 0.0)])
def test_over_several_splits_the_interval_covers_the_truth(seed_sd, split_sd):
    rng = np.random.default_rng(2)
    covered = pooled = 0
    studies = 400
    for _ in range(studies):
        grid = seed_sd * rng.normal(size=(8, 1)) + split_sd * rng.normal(size=(1, 3))
        grid = grid + rng.normal(size=(8, 3))
        interval, naive = crossed_interval(grid), mean_interval(grid)
        covered += interval.low <= 0 <= interval.high
        pooled += naive.low <= 0 <= naive.high
    # 0.95 less three standard errors; where splits matter, pooled trials are far from it.
    assert covered / studies >= 0.95 - 3 * np.sqrt(0.05 * 0.95 / studies)
    if split_sd:
        assert pooled / studies < 0.7


@given(st.integers(0, 30), st.integers(0, 30))
def test_the_interval_of_a_share_is_the_exact_one(count, more):
    n = count + more
    low, high = proportion_interval(count, n)
    if n == 0:
        assert np.isnan([low, high]).all()
        return
    exact = stats.binomtest(count, n).proportion_ci(0.95, method="exact")
    assert (low, high) == pytest.approx((exact.low, exact.high), abs=1e-9)
    assert (low, high) == pytest.approx(proportion_confint(count, n, method="beta"), abs=1e-9)


def test_more_counted_than_there_are_is_refused():
    with pytest.raises(
        DlsuiteError, match=r"count: expected 0 to 3, the number of trials; got 4\."
    ):
        proportion_interval(4, 3)


@given(samples)
def test_the_interquartile_mean_is_scipys(sample):
    assert interquartile_mean(sample) == pytest.approx(stats.trim_mean(sample, 0.25))
    assert interquartile_mean([*sample, np.nan]) == interquartile_mean(sample)


def test_the_interquartile_mean_has_no_ear_for_outliers():
    assert interquartile_mean([1.0, 2.0, 3.0, 1e6]) == 2.5
    assert np.isnan(interquartile_mean([np.nan]))
