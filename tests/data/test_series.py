import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlsuite.data import TimeSeries, load_data
from dlsuite.errors import DataError

quickly = settings(max_examples=40, deadline=None)


@st.composite
def rising(draw):
    """A series whose value is its own time, and a window that fits."""
    steps = draw(st.integers(30, 200))
    return steps, draw(st.integers(1, steps // 5 - 3))


@quickly
@given(series=rising())
def test_windows_are_in_time_order_and_cross_no_border(small_data, series):
    steps, window = series
    raw = TimeSeries(np.arange(steps, dtype=float)[:, None], ("time",), window=window)
    with small_data(raw, kind="series", task_type="regression") as name:
        data = load_data(name, input_scaling="none")
    ends = [0]
    for split in (data.train, data.validation, data.test):
        x = split.x[:, :, 0]
        np.testing.assert_array_equal(np.diff(x, axis=1), 1)
        np.testing.assert_array_equal(split.y, x[:, -1] + 1)
        np.testing.assert_array_equal(np.diff(split.y), 1)
        assert x.min() == ends[-1]
        ends.append(int(split.y.max()) + 1)
    assert ends[1:] == [round(0.6 * steps), round(0.8 * steps), steps]


@quickly
@given(series=rising(), missing=st.lists(st.integers(0, 29), max_size=3))
def test_no_window_holds_a_missing_value(small_data, series, missing):
    steps, _ = series
    values = np.arange(steps, dtype=float)[:, None]
    values[missing] = np.nan
    raw = TimeSeries(values, ("time",), window=1)
    with small_data(raw, kind="series", task_type="regression") as name:
        data = load_data(name, input_scaling="none")
    for split in (data.train, data.validation, data.test):
        assert np.isfinite(split.x).all() and np.isfinite(split.y).all()
        np.testing.assert_array_equal(split.y, split.x[:, -1, 0] + 1)


@quickly
@given(size=st.integers(1, 174))
def test_a_smaller_training_set_holds_the_most_recent_windows(size):
    small = load_data("sunspots", train_size=size, input_scaling="none")
    large = load_data("sunspots", input_scaling="none")
    np.testing.assert_array_equal(small.train.x, large.train.x[-size:])
    np.testing.assert_array_equal(small.train.y, large.train.y[-size:])
    np.testing.assert_array_equal(small.test.x, large.test.x)


def test_the_split_seed_moves_nothing_in_a_series():
    assert load_data("co2").fingerprint == load_data("co2", split_seed=3).fingerprint


def test_the_target_channel_is_chosen_among_several(small_data):
    values = np.column_stack([np.arange(60.0), 1000 + np.arange(60.0)])
    raw = TimeSeries(values, ("a", "b"), window=4, target=1)
    with small_data(raw, kind="series", task_type="regression") as name:
        data = load_data(name, input_scaling="none")
    assert data.input_shape == (4, 2)
    np.testing.assert_array_equal(data.test.y, data.test.x[:, -1, 1] + 1)


def test_co2_is_given_as_changes_that_add_up_to_the_levels():
    changes = load_data("co2", input_scaling="none", window=3)
    levels = load_data("co2", input_scaling="none", window=4, difference=False)
    np.testing.assert_allclose(changes.test.x[:, :, 0], np.diff(levels.test.x[:, :, 0]), atol=1e-4)
    np.testing.assert_allclose(changes.test.y, levels.test.y - levels.test.x[:, -1, 0], atol=1e-4)
    assert levels.test.y.min() > levels.train.y.max()


def test_co2_tells_how_many_windows_missing_weeks_cost():
    notes = load_data("co2").notes
    assert any("windows hold a missing value and are left out" in note for note in notes)


def test_a_window_that_fits_no_part_names_the_longest_that_does():
    with pytest.raises(DataError, match=r"'sunspots': window: expected at most 61 .*; got 62\."):
        load_data("sunspots", window=62)
    assert len(load_data("sunspots", window=60).validation) == 2


def test_a_part_without_a_complete_window_is_refused(small_data):
    values = np.arange(50.0)[:, None]
    values[30:40:2] = np.nan
    raw = TimeSeries(values, ("a",), window=3)
    with (
        small_data(raw, kind="series", task_type="regression") as name,
        pytest.raises(
            DataError,
            match="complete windows in the validation part; each of 3 steps holds a missing",
        ),
    ):
        load_data(name)


def test_channels_without_names_are_refused():
    with pytest.raises(DataError, match=r"values: expected shape \(time, 1\).* got \(9, 2\)\."):
        TimeSeries(np.zeros((9, 2)), ("a",), window=2)
