"""Windows of a series: which there are, what is to be told of them, how they are scaled."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.preprocessing import StandardScaler

from dlsuite.data import TimeSeries, load_data, windows
from dlsuite.data.gathered import Gathered
from dlsuite.errors import DataError, SpecError

quickly = settings(max_examples=60, deadline=None)
GOLDEN = {
    ("sunspots", ()): "ff240176c8ea7831b4058f67919df4766b5a70f027acb7479a53acd881726f5d",
    (
        "sunspots",
        (("window", 22), ("train_size", 100), ("label_noise", 0.2)),
    ): "98d474c95d003a869207e541642a78e41647869e399d312017250850312e131a",
    ("co2", ()): "b0053da4b88042bb38b12bb95119f3b5230edb633c0f79a8e0aa20daa6f35683",
    (
        "co2",
        (("difference", False),),
    ): "f8d8d8ad820e47312c54e78c3b956afb1557850ca8ea7e0d15c88b3e88948f65",
    (
        "co2",
        (("train_size", 500),),
    ): "1a67e67b45d85ad0ca03c47bb5f8caa148237b8d1426f13b73f6e0c0d4e164f3",
}


@pytest.mark.parametrize(("case", "fingerprint"), GOLDEN.items())
@pytest.mark.parametrize("small", [True, False])
def test_shipped_series_stay_the_same_bytes_gathered_or_not(case, fingerprint, small, monkeypatch):
    name, settings = case
    if not small:
        monkeypatch.setattr(windows, "_SMALL", 0)
    data = load_data(name, **dict(settings))
    assert isinstance(data.train.x, Gathered) is not small
    assert data.fingerprint == fingerprint


@st.composite
def series(draw):
    """A series of two channels, with missing values and breaks, and how windows are taken of it."""
    steps = draw(st.integers(40, 120))
    values = np.column_stack([np.arange(steps, dtype=float) ** 1.5, np.arange(steps) % 3.0])
    for at in draw(st.lists(st.integers(0, steps - 1), max_size=3)):
        values[at, draw(st.integers(0, 1))] = np.nan
    return TimeSeries(
        values,
        ("level", "state"),
        window=draw(st.integers(1, 3)),
        horizon=draw(st.integers(1, 3)),
        stride=draw(st.integers(1, 3)),
        difference=draw(st.booleans()),
        season=draw(st.sampled_from([None, 2, 5])),
        breaks=tuple(sorted(draw(st.sets(st.integers(1, steps - 1), max_size=2)))),
        states=(1,),
    )


def by_hand(raw, first, end):
    """The windows of one part, one after another, in plain Python."""
    found = []
    ends = [first, *(at for at in raw.breaks if first < at < end), end]
    for begin, stop in itertools.pairwise(ends):
        for at in range(begin + raw.difference, stop, raw.stride):
            last = at + raw.window - 1
            then = last + raw.horizon
            if then >= stop:
                break
            x = raw.values[at : last + 1].copy()
            y = raw.values[then, 0]
            if raw.difference:
                x[:, 0] -= raw.values[at - 1 : last, 0]
                y = y - raw.values[last, 0]
            if np.isfinite(x).all() and np.isfinite(y):
                found.append((x, y, 0.0 if raw.difference else raw.values[last, 0]))
    return found


@quickly
@given(raw=series())
def test_windows_are_those_that_are_taken_by_hand(raw):
    steps = len(raw.values)
    borders = [0, round(0.6 * steps), round(0.8 * steps), steps]
    expected = [by_hand(raw, *part) for part in itertools.pairwise(borders)]
    try:
        parts, _ = windows.split_in_time(raw)
    except DataError:
        assert min(map(len, expected)) == 0
        return
    for part, wanted in zip((parts.train, parts.validation, parts.test), expected, strict=True):
        assert len(part) == len(wanted)
        np.testing.assert_allclose(np.asarray(part.x), [x for x, _, _ in wanted], rtol=1e-6)
        np.testing.assert_array_equal(part.y, [y for _, y, _ in wanted])
        np.testing.assert_array_equal(part.last_value, [last for _, _, last in wanted])


def test_the_seasonal_forecast_is_the_last_known_value_whole_seasons_earlier():
    values = np.arange(60, dtype=float)[:, None] ** 2
    raw = TimeSeries(values, ("a",), window=3, horizon=2, season=4)
    parts, _ = windows.split_in_time(raw)
    last = np.sqrt(parts.validation.last_value)
    np.testing.assert_array_equal(parts.validation.seasonal, (last + 2 - 4) ** 2)
    far, _ = windows.split_in_time(replace(raw, horizon=6))
    last = np.sqrt(far.validation.last_value)
    np.testing.assert_array_equal(far.validation.seasonal, (last + 6 - 8) ** 2)
    # Before there was a season, and over a break, the last value stands in.
    early, _ = windows.split_in_time(replace(raw, season=10))
    np.testing.assert_array_equal(early.train.seasonal[:6], early.train.last_value[:6])
    cut, _ = windows.split_in_time(replace(raw, horizon=1, breaks=(20,)))
    at = int(np.flatnonzero(cut.train.last_value == 22.0**2)[0])
    assert cut.train.seasonal[at : at + 2].tolist() == [22.0**2, 20.0**2]


def test_the_seasonal_forecast_of_changes_is_the_same_change_a_season_ago():
    values = np.arange(60, dtype=float)[:, None] ** 2
    raw = TimeSeries(values, ("a",), window=3, horizon=1, season=4, difference=True)
    parts, _ = windows.split_in_time(raw)
    then = np.arange(60.0)[36:48] ** 2
    assert len(parts.validation) == 12 - 4
    last = np.sqrt(then[3:11])
    np.testing.assert_array_equal(parts.validation.seasonal, (last - 3) ** 2 - (last - 4) ** 2)


@quickly
@given(raw=series(), chunk=st.integers(1, 50))
def test_a_long_series_is_scaled_as_its_windows_would_be(raw, chunk):
    try:
        parts, _ = windows.split_in_time(raw)
    except DataError:
        return
    x = parts.train.x
    whole = x.store[x.places[:, None] + np.arange(x.window)].reshape(-1, 2)
    expected = StandardScaler().fit(whole)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(windows, "_AT_ONCE", 0)
        patch.setattr(windows, "_CHUNK", chunk)
        _, scaler = windows.scaled_windows(parts, scale=True)
    np.testing.assert_allclose(scaler.mean, expected.mean_, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(scaler.scale, expected.scale_, rtol=1e-6, atol=1e-9)


def test_splits_share_one_store_and_hold_no_windows(monkeypatch, small_data):
    monkeypatch.setattr(windows, "_SMALL", 0)
    values = np.random.default_rng(0).normal(size=(20_000, 2))
    raw = TimeSeries(values, ("a", "b"), window=200)
    with small_data(raw, kind="series", task_type="regression") as name:
        data = load_data(name)
    splits = (data.train, data.validation, data.test)
    assert all(split.x.store is data.train.x.store for split in splits)
    held = data.train.x.store.nbytes + sum(split.x.nbytes + split.y.nbytes for split in splits)
    assert held < 1.3 * values.nbytes
    small = load_data("sunspots", train_size=9)
    assert len(small.train.x) == 9


def test_a_horizon_that_fits_no_part_names_the_longest_that_does():
    raw = TimeSeries(np.arange(50.0)[:, None], ("a",), window=2, horizon=10)
    with pytest.raises(DataError, match=r"horizon: expected at most 9 steps, .*; got 10\."):
        windows.split_in_time(raw)
    with pytest.raises(DataError, match=r"at most 3 steps, .* the value 7 steps after it; got 4\."):
        windows.split_in_time(replace(raw, horizon=7, window=4))
    with pytest.raises(SpecError, match="stride: expected 1 step or more; got 0"):
        replace(raw, stride=0)
