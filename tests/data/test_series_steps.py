"""The regular step of a series, found from its times."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlsuite.data.steps import Step, as_moments, find_step, place_times

quickly = settings(max_examples=60, deadline=None)
FREQUENCIES = {
    "MS": ("1 month", 12),
    "ME": ("1 month", 12),
    "BMS": ("1 month", 12),
    "QS": ("3 months", 4),
    "YS": ("1 year", None),
    "W": ("7 days", 52),
    "D": ("1 day", 7),
    "B": ("1 business day", 5),
    "h": ("1 hour", 24),
    "15min": ("15 minutes", 96),
    "min": ("1 minute", 1440),
    "s": ("1 second", None),
    "2D": ("2 days", None),
}


def moments(frequency: str, periods: int) -> np.ndarray:
    dates = pd.date_range("2001-01-05", periods=periods, freq=frequency)
    return dates.to_numpy().astype("datetime64[us]").astype(np.int64)


@pytest.mark.parametrize("frequency", FREQUENCIES)
@pytest.mark.parametrize("gone", [[], [3, 7, 8]])
def test_steps_and_seasons_of_calendars_are_found_though_rows_are_missing(frequency, gone):
    kept = np.setdiff1d(np.arange(40), gone)
    times = moments(frequency, 40)[kept]
    step = find_step(times, dates=True)
    assert (str(step), step.season) == FREQUENCIES[frequency]
    found = place_times(times, step)
    assert found.wrong is None and found.uneven == 0
    np.testing.assert_array_equal(found.places, kept)


@quickly
@given(
    first=st.integers(-1000, 1000),
    size=st.integers(1, 50),
    places=st.sets(st.integers(0, 12), max_size=5),
)
def test_whole_numbers_are_placed_where_they_were(first, size, places):
    kept = np.setdiff1d(np.arange(30), sorted(places))
    times = first + size * kept.astype(np.float64)
    step = find_step(times, dates=False)
    assert step == Step("number", size) and step.season is None
    np.testing.assert_array_equal(place_times(times, step).places, kept - kept[0])


@quickly
@given(off=st.lists(st.floats(-0.04, 0.04), min_size=20, max_size=20))
def test_times_a_little_off_are_taken_for_whole_steps(off):
    times = np.arange(20) + np.array(off)
    found = place_times(times, Step("number", 1.0))
    assert found.wrong is None
    np.testing.assert_array_equal(found.places, np.arange(20))


def test_the_first_time_that_is_off_the_grid_is_named():
    times = np.array([0.0, 1, 2, 3.5, 4.5, 5.5])
    found = place_times(times, find_step(times, dates=False))
    assert found.wrong == 3


def test_a_weekend_among_business_days_is_off_the_grid():
    times = moments("B", 10)
    times[5] = np.datetime64("2001-01-13", "us").astype(np.int64)
    assert place_times(np.sort(times), Step("business day", 1)).wrong is not None


@quickly
@given(moment=st.datetimes())
def test_days_are_turned_into_moments_to_the_microsecond(moment):
    moment = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    exact = np.datetime64(moment, "us")
    day = exact.astype("datetime64[D]")
    days = day.astype(np.int64) + (exact - day) / np.timedelta64(1, "D")
    assert abs(as_moments(np.array([days]))[0] - exact.astype(np.int64)) <= 500
