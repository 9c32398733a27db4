import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from dlsuite.analysis import mean_interval
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


def test_a_confidence_outside_0_to_1_is_refused():
    with pytest.raises(
        DlsuiteError, match=r"confidence: expected a number between 0 and 1; got 95"
    ):
        mean_interval([1.0, 2.0], confidence=95)
