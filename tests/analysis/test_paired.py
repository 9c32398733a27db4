import dataclasses
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.api import OLS
from statsmodels.stats.power import TTestPower

from dlsuite.analysis.intervals import mean_interval
from dlsuite.analysis.paired import (
    detectable,
    paired_difference,
    pairs_needed,
    power,
    spread_ratio,
)
from dlsuite.errors import DlsuiteError


@st.composite
def pairs(draw, least=3, most=12):
    """Two samples of the same seeds, of any location and scale."""
    n = draw(st.integers(least, most))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    x, y = draw(st.floats(0.01, 100)) * rng.normal(size=(2, n)) + draw(st.floats(-10, 10))
    return x, y


def of_seeds(n, splits=1):
    """Which seed and split the pairs are of, seed by seed."""
    return pd.DataFrame(
        {"seed": np.arange(n) // splits, "split_seed": np.arange(n) % splits}, dtype=int
    )


def difference(x, y, splits=1):
    return paired_difference(x, y, of_seeds(len(x), splits))


@given(pairs())
def test_the_difference_is_that_of_scipys_paired_t_test(sides):
    x, y = sides
    found = difference(x, y)
    expected = stats.ttest_rel(x, y)
    low, high = expected.confidence_interval(0.95)
    assert found.interval.mean == pytest.approx(np.mean(x - y))
    assert (found.interval.low, found.interval.high) == pytest.approx((low, high))
    assert found.interval.p == pytest.approx(expected.pvalue, rel=1e-6)
    assert found.interval.n == len(x)
    assert found.iqm == pytest.approx(stats.trim_mean(x - y, 0.25))
    assert found.effect_size == pytest.approx(expected.statistic / np.sqrt(len(x)))
    assert found.spread.ratio == pytest.approx(np.std(x) / np.std(y))


@given(pairs(), st.randoms(use_true_random=False), st.sampled_from([1, 2]))
def test_the_order_of_the_pairs_changes_no_bit(sides, random, splits):
    order = list(range(len(sides[0])))
    random.shuffle(order)
    replicates = of_seeds(len(order), splits)
    found = paired_difference(*sides, replicates)
    moved = paired_difference(*(side[order] for side in sides), replicates.iloc[order])
    np.testing.assert_equal(dataclasses.asdict(moved), dataclasses.asdict(found))


@given(pairs(), st.floats(0.001, 1000))
def test_in_another_unit_the_difference_is_the_same(sides, unit):
    x, y = sides
    found, scaled = difference(x, y), difference(unit * x, unit * y)
    for name in ("mean", "low", "high", "sd"):
        expected = unit * getattr(found.interval, name)
        assert getattr(scaled.interval, name) == pytest.approx(expected, rel=1e-9, abs=1e-9 * unit)
    assert scaled.interval.p == pytest.approx(found.interval.p)
    assert scaled.agree == found.agree
    assert scaled.spread.p == pytest.approx(found.spread.p)


@given(pairs())
def test_the_other_way_round_the_difference_changes_its_sign(sides):
    x, y = sides
    found, back = difference(x, y), difference(y, x)
    assert back.interval.mean == pytest.approx(-found.interval.mean)
    ends = (-found.interval.high, -found.interval.low)
    assert (back.interval.low, back.interval.high) == pytest.approx(ends)
    assert back.interval.p == pytest.approx(found.interval.p)
    assert back.effect_size == pytest.approx(-found.effect_size)
    assert back.agree == found.agree
    assert back.spread.ratio == pytest.approx(1 / found.spread.ratio)
    assert back.spread.low == pytest.approx(1 / found.spread.high)


def test_pairs_agree_with_the_sign_of_their_mean_and_ties_half():
    assert difference([1.0, 1.0, 0.0, -1.0], [0.0] * 4).agree == 0.625
    assert difference([-1.0, -1.0, 0.0, 1.0], [0.0] * 4).agree == 0.625
    assert difference([1.0, -1.0], [0.0, 0.0]).agree == 0.5


def test_a_pair_is_dropped_if_either_side_is_missing():
    found = difference([1.0, 2.0, np.nan, 4.0], [0.5, np.nan, 1.0, 1.0])
    assert found.interval == mean_interval([0.5, 3.0])
    assert found.agree == 1.0


@pytest.mark.parametrize("sides", [([], []), ([1.0], [np.nan])])
def test_without_a_pair_nothing_is_known(sides):
    found = difference(*sides)
    assert found.interval.n == 0
    assert np.isnan([found.interval.mean, found.interval.p, found.agree, found.iqm]).all()
    assert np.isnan([found.effect_size, found.spread.ratio]).all()


def test_one_pair_has_a_difference_and_no_p():
    found = difference([1.0], [0.25])
    assert (found.interval.mean, found.agree) == (0.75, 1.0)
    assert np.isnan([found.interval.p, found.interval.low, found.effect_size]).all()


def test_equal_differences_have_the_p_of_a_sign_flip():
    assert difference([1.0] * 6, [0.5] * 6).interval.p == 2**-5
    assert difference([1.0] * 6, [1.0] * 6).interval.p == 1.0


def test_differences_that_rounding_tells_apart_are_equal():
    base = np.array([0.6, 0.7, 0.3, 0.1])
    raised = difference(base + 0.1, base)
    assert len(set(base + 0.1 - base)) > 1
    assert raised.interval.p == 2**-3
    assert raised.interval.sd == 0
    assert difference(base + 0.1 - 0.1, base).interval.mean == 0


def test_one_huge_pair_does_not_make_the_others_equal():
    found = difference([1e30, 0.2, 0.3, 0.4], [1e30, 0.1, 0.1, 0.1])
    assert found.interval.mean == pytest.approx(0.15)
    assert found.interval.sd > 0.1


@pytest.mark.parametrize("huge", [1e200, 1.7e308])
def test_huge_and_tiny_values_raise_no_warning(huge):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert difference([huge, -huge, 1.0], [-huge, huge, 2.0]).interval.n in (1, 3)
        assert difference([1 / huge, 2 / huge, 0.0], [0.0, 0.0, 2 / huge]).interval.n == 3


@given(pairs())
def test_the_spread_is_compared_by_the_test_of_pitman_and_morgan(sides):
    x, y = sides
    found = spread_ratio(x, y)
    assert found.ratio == pytest.approx(np.std(x) / np.std(y))
    assert found.p == pytest.approx(stats.pearsonr(x + y, x - y).pvalue, rel=1e-5, abs=1e-12)


@given(pairs())
def test_the_interval_of_the_spread_ends_where_the_test_begins_to_reject(sides):
    x, y = sides
    found = spread_ratio(x, y)
    for end in (found.low, found.high):
        p = stats.pearsonr(x + end * y, x - end * y).pvalue
        assert p == pytest.approx(0.05, rel=1e-4)
    assert found.low < found.ratio < found.high


def test_over_several_splits_the_spread_is_that_within_them():
    rng = np.random.default_rng(3)
    splits = np.repeat([0, 1, 2], 4)
    x, y = rng.normal(size=(2, 12)) + np.array([[0.0], [3.0]]) * splits
    found = spread_ratio(x, y, splits)
    dummies = np.eye(3)[splits]
    fit = OLS(x + y, np.column_stack([x - y, dummies])).fit()
    rest = [OLS(side, dummies).fit().resid for side in (x, y)]
    assert found.p == pytest.approx(fit.pvalues[0])
    assert found.ratio == pytest.approx(np.std(rest[0]) / np.std(rest[1]))


@pytest.mark.parametrize(
    "sides",
    [
        ([1.0, 2.0], [1.0, 3.0]),
        ([1.0, 1.0, 1.0], [1.0, 3.0, 2.0]),
        ([1.0, 3.0, 2.0], [0.1 + 0.2, 0.3, 0.3]),
        ([1.0, 2.0, 4.0], [1.0, 2.0, 4.0]),
    ],
)
def test_without_spread_or_pairs_there_is_no_ratio(sides):
    found = spread_ratio(*sides)
    assert np.isnan([found.ratio, found.low, found.high, found.p]).all() or found.p == 1.0


@pytest.mark.parametrize("n", [2, 3, 5, 10, 40])
@pytest.mark.parametrize("alpha", [0.05, 0.05 / 7])
@pytest.mark.parametrize("effect", [0.0, 0.3, 1.0, -1.5])
def test_power_is_the_one_of_statsmodels(n, alpha, effect):
    expected = TTestPower().power(effect, n, alpha)
    assert np.isfinite(expected)
    assert power(effect, n, alpha=alpha) == pytest.approx(expected, abs=1e-8)


@pytest.mark.parametrize("alpha", [0.05, 0.001, 1e-6])
@pytest.mark.parametrize("n", [2, 5, 10, 100])
def test_power_grows_with_the_effect_up_to_1(n, alpha):
    found = [power(effect, n, alpha=alpha) for effect in np.geomspace(0.001, 1e12, 100)]
    assert (np.diff(found) >= -1e-9).all()
    assert found[-1] == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize("n", [2, 5, 10, 50])
def test_what_is_detectable_is_found_in_four_of_five_studies(n):
    interval = mean_interval(np.random.default_rng(0).normal(size=n))
    found = detectable(interval, alpha=0.01)
    assert power(found / interval.sd, n, alpha=0.01) == pytest.approx(0.8)


def test_without_an_interval_nothing_is_detectable():
    assert np.isnan(detectable(mean_interval([1.0]), alpha=0.05))
    assert detectable(mean_interval([1.0, 1.0]), alpha=0.05) == 0


@given(effect=st.floats(0.05, 5), sd=st.floats(0.05, 5), alpha=st.sampled_from([0.05, 0.01]))
def test_fewer_pairs_than_needed_have_less_power(effect, sd, alpha):
    needed = pairs_needed(effect, sd, alpha=alpha)
    assert power(effect / sd, needed, alpha=alpha) >= 0.8
    assert needed == 2 or power(effect / sd, needed - 1, alpha=alpha) < 0.8


def test_the_pairs_needed_are_those_of_statsmodels():
    expected = TTestPower().solve_power(effect_size=0.5, alpha=0.05, power=0.8)
    assert pairs_needed(0.5, 1.0, alpha=0.05) == int(np.ceil(expected)) == 34


def test_the_number_of_pairs_has_its_ends():
    assert pairs_needed(0.1, 0.0, alpha=0.05) == 2
    assert pairs_needed(1e9, 1.0, alpha=0.05) == 2
    assert pairs_needed(0.01, 1e200, alpha=0.05) == 2**53


@pytest.mark.parametrize("given", [(0.0, 1.0), (np.nan, 1.0), (1.0, np.inf), (1.0, -1.0)])
def test_an_effect_that_is_not_above_0_is_refused(given):
    with pytest.raises(DlsuiteError, match=r"effect: expected a number above 0, sd of at least 0"):
        pairs_needed(*given, alpha=0.05)
