"""A table as a series to forecast: what is read, what is found out, and what is refused."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dlsuite.data import data_entry, load_data
from dlsuite.data.series_form import carry_forward
from dlsuite.errors import DataError, SpecError

STEPS = 100


def sales(steps: int = STEPS, frequency: str = "MS") -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "month": pd.date_range("1990-01-01", periods=steps, freq=frequency).strftime(
                "%Y-%m-%d %H:%M:%S"
            ),
            "sales": (np.arange(steps) % 12 + rng.normal(0, 0.1, steps)).round(4),
            "promo": np.arange(steps) % 5 == 0,
            "region": np.array(["a", "b", "c"])[np.arange(steps) % 3],
        }
    )


@pytest.fixture
def write(tmp_path):
    def write(frame, name="sales.csv"):
        path = tmp_path / name
        if name.endswith(".parquet"):
            frame.to_parquet(path)
        elif name.endswith(".feather"):
            frame.to_feather(path)
        else:
            frame.to_csv(path, index=False, sep="\t" if ".tsv" in name else ",")
        return str(path)

    return write


def load(path, **settings):
    return load_data(path, **{"target": "sales", "horizon": 1, **settings})


@pytest.mark.parametrize("name", ["s.csv", "s.tsv", "s.csv.gz", "s.parquet", "s.feather"])
def test_a_table_is_a_series_of_channels_with_a_season_and_a_window(write, name):
    data = load(write(sales(), name), input_scaling="none")
    assert data.kind == "series" and data.task_type == "regression" and data.target == "sales"
    assert data.feature_names == ("sales", "promo", "region=a", "region=b", "region=c")
    assert data.input_shape == (10, 5)  # A season is 12 months; a tenth of the steps is less.
    # The better of both on validation is what networks are held against.
    assert data.guess.name == "seasonal (12)"
    assert [guess.name for guess in data.further_guesses] == ["last value", "mean"]
    assert "A step is 1 month." in data.notes
    frame = sales()
    x = np.asarray(data.train.x)
    np.testing.assert_allclose(x[0, :, 0], frame["sales"][:10], rtol=1e-6)
    np.testing.assert_array_equal(x[0, :, 1], frame["promo"][:10])
    np.testing.assert_array_equal(x[0, :, 2:].argmax(axis=1), np.arange(10) % 3)
    np.testing.assert_allclose(data.train.y[0], frame["sales"][10], rtol=1e-6)


def test_the_window_that_nobody_chooses_is_a_year_of_months(write):
    assert load(write(sales(300))).input_shape == (12, 5)
    assert load(write(sales(300, "D"))).input_shape == (14, 5)
    assert load(write(sales(300, "s"))).input_shape == (16, 5)
    assert load(write(sales(300)), window=7).input_shape == (7, 5)


def test_rows_without_a_time_are_steps_in_their_order(write):
    frame = sales().drop(columns="month")
    data = load(write(frame))
    assert [guess.name for guess in data.further_guesses] == ["mean"]
    seasonal = load(write(frame), season=12)
    assert seasonal.guess.name == "seasonal (12)"
    dropped = load(write(sales()), drop=["month"])
    assert dropped.fingerprint == data.fingerprint


def test_a_first_column_of_whole_numbers_that_count_the_steps_is_the_time(write):
    frame = sales()
    frame["month"] = np.arange(1900, 2000)
    data = load(write(frame), window=4)
    assert "sales" in data.feature_names and "month" not in data.feature_names
    frame = frame.drop(index=[50])
    named = load(write(frame), window=4, time_column="month")
    assert len(named.train) == len(data.train) - 5


def test_dates_are_read_as_date_format_says(write):
    frame = sales()
    frame["month"] = pd.to_datetime(frame["month"]).dt.strftime("%d|%m|%Y")
    data = load(write(frame), time_column="month", date_format="%d|%m|%Y")
    assert data.fingerprint == load(write(sales(), "other.csv")).fingerprint
    with pytest.raises(SpecError, match=r'as in time_column = "month"'):
        load(write(frame), date_format="%d|%m|%Y")


def test_the_latest_row_may_come_first(write):
    data = load(write(sales()[::-1]))
    assert data.fingerprint == load(write(sales(), "other.csv")).fingerprint
    assert "The file's last row is the first in time." in data.notes


def test_missing_rows_and_values_are_told_and_cost_their_windows(write):
    frame = sales()
    frame.loc[80, "sales"] = None
    data = load(write(frame.drop(index=[5, 6])), window=3)
    notes = " ".join(data.notes)
    assert "2 steps have no row, the first after line 6, 1990-05-01" in notes
    assert "Missing values: 'sales' in 1 row, first in line 80." in notes
    assert len(data.train) == 57 - 5 and len(data.test) == 17 - 1
    filled = load(write(frame.drop(index=[5, 6])), window=3, fill="previous", input_scaling="none")
    assert len(filled.train) == 57 - 2 and len(filled.test) == 17
    x = np.asarray(filled.train.x)
    assert (x[:, :, 0] == np.float32(frame["sales"][4])).sum() >= 3
    assert np.float32(frame["sales"][4]) in filled.train.y[:3]


def test_an_enormous_gap_ends_a_stretch_instead_of_filling_memory(write):
    frame = sales(frequency="s")
    late = pd.date_range("2090-01-01", periods=50, freq="s").strftime("%Y-%m-%d %H:%M:%S")
    frame["month"] = pd.date_range("1990-01-01", periods=STEPS, freq="s").strftime(
        "%Y-%m-%d %H:%M:%S"
    )
    frame.loc[50:, "month"] = late
    data = load(write(frame), window=3)
    assert "1 gap ends a stretch, the first after line 51" in " ".join(data.notes)
    assert len(data.train) == 57 - 3 and data.train.x.shape[1] == 3


def test_more_gaps_than_rows_are_breaks(write):
    frame = sales()
    frame["month"] = np.arange(STEPS) + np.repeat(np.arange(10) * 50, 10)
    data = load(write(frame), window=2, time_column="month")
    assert "9 gaps end a stretch" in " ".join(data.notes)
    assert len(data.train) == 6 * 8


def test_categories_are_those_of_training_the_most_frequent_ones(write):
    frame = sales()
    frame["region"] = [f"r{min(at, 30)}" for at in range(STEPS)]
    data = load(write(frame))
    regions = [name for name in data.feature_names if name.startswith("region=")]
    assert len(regions) == 20 and "region=r30" in regions
    assert "11 of 31 categories of 'region' are not among the 20" in " ".join(data.notes)
    frame["region"] = np.where(np.arange(STEPS) < 60, "old", "new")
    assert load(write(frame)).feature_names[-1] == "region=old"


def test_differences_leave_states_as_they_are(write):
    data = load(write(sales()), difference=True, horizon=2, input_scaling="none")
    frame = sales()
    x = np.asarray(data.train.x)[0]
    np.testing.assert_allclose(x[:, 0], np.diff(frame["sales"][:11]), rtol=1e-5)
    np.testing.assert_array_equal(x[:, 1], frame["promo"][1:11])
    np.testing.assert_allclose(data.train.y[0], frame["sales"][12] - frame["sales"][10], rtol=1e-5)
    assert any("the change from the window's last step" in note for note in data.notes)


@settings(max_examples=60, deadline=None)
@given(
    values=st.lists(st.one_of(st.none(), st.integers(0, 9)), min_size=1, max_size=20),
    breaks=st.sets(st.integers(1, 19), max_size=2),
)
def test_what_is_carried_forward_is_never_from_the_future_nor_over_a_break(values, breaks):
    given = np.array([[np.nan if value is None else value] for value in values], dtype=float)
    ends = sorted(at for at in breaks if at < len(values))
    expected, last = [], np.nan
    for at, value in enumerate(given[:, 0]):
        last = value if at in ends or np.isfinite(value) else last
        expected.append(last)
    np.testing.assert_array_equal(carry_forward(given.copy(), ends)[:, 0], expected)


@settings(
    max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(gone=st.sets(st.integers(1, STEPS - 2), max_size=8), window=st.integers(1, 5))
def test_missing_rows_are_missing_values(write, gone, window):
    frame = sales()
    absent = load(write(frame.drop(index=sorted(gone))), window=window)
    frame = frame.astype({"promo": object})
    frame.loc[sorted(gone), ["sales", "promo", "region"]] = None
    missing = load(write(frame, "missing.csv"), window=window)
    assert absent.fingerprint == missing.fingerprint


def test_a_changed_file_is_read_again_and_says_what_it_is(write):
    path = write(sales())
    first = load(path)
    assert first.description == "A stretch of sales.csv; 'sales' one step later."
    assert load(path, horizon=3).description.endswith("'sales' 3 steps later.")
    entry = data_entry(path, {"horizon": 1})
    assert entry.task_type_for({"target": "sales", "horizon": 1}) == "regression"
    write(sales(120))
    assert load(path).fingerprint != first.fingerprint


def changed(row, column, value):
    def change(frame):
        frame[column] = frame[column].astype(object)
        frame.loc[row, column] = value
        return frame

    return change


BAD = [
    (changed(10, "month", "1990-10-01 00:00"), {}, r"'month', line 12: the time 1990-10-01 stands"),
    (
        changed(10, "month", "1999-12-15 00:00"),
        {},
        r"'month', line 13: the time 1990-12-01 comes after 1999-12-15, which is later. Sort the file",
    ),
    (changed(10, "month", "soon"), {}, r"'month', line 12: expected a time; got 'soon'"),
    (changed(10, "month", None), {}, r"'month', line 12: expected a time in every row"),
    (changed(10, "sales", "much"), {}, r"target 'sales', line 12: expected a number .*'much'"),
    (lambda frame: frame.assign(sales=np.nan), {}, r"target 'sales': every value is missing"),
    (lambda frame: frame.assign(sales=3), {}, r"target 'sales': expected values that differ"),
    (lambda frame: frame.assign(promo=np.nan), {}, r"column 'promo': every value is missing.*drop"),
    (lambda frame: frame[:3], {}, r"expected at least 10 rows, .*; got 3\."),
    (lambda frame: frame, {"window": 40}, r"window: expected at most 19 steps, .*; got 40\."),
    (lambda frame: frame, {"horizon": 40}, r"horizon: expected at most 19 steps, .*; got 40\."),
    (changed(10, "sales", np.inf), {}, r"'sales', line 12: expected a finite number"),
]


@pytest.mark.parametrize(("change", "settings", "message"), BAD)
def test_what_cannot_be_forecast_is_refused_in_a_line(write, change, settings, message):
    path = write(change(sales()))
    with pytest.raises(DataError, match=message) as caught:
        load(path, **settings)
    assert "sales" in str(caught.value) and "\n" not in str(caught.value)


def test_irregular_times_are_refused_with_advice(write):
    frame = sales()
    frame["month"] = np.cumsum(np.random.default_rng(1).integers(1, 9, STEPS))
    path = write(frame)
    with pytest.raises(
        DataError, match=r"line \d+: expected regular steps, .*drop = \[\"month\"\]"
    ):
        load(path, time_column="month")
    assert load(path, drop=["month"]).input_shape == (10, 5)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"target": "sale"}, r"there is no column 'sale'. Did you mean 'sales'"),
        ({"target": "sales", "time_column": "mont"}, r"time_column: there is no column 'mont'"),
        ({"target": "sales", "time_column": "sales"}, r"cannot be both target and time_column"),
        ({"target": "sales", "drop": ["sales"]}, r"cannot be both target and drop"),
        (
            {"target": "sales", "time_column": "month", "drop": ["month"]},
            r"both time_column and drop",
        ),
        ({"target": "sales", "length": 4}, r"length is for what is told of whole series"),
        ({}, r"say which column is to be told, .*; the columns are month, sales, promo, region\."),
        ({"target": "sales", "time_column": "month", "date_format": "%Y"}, "is not how the times"),
        ({"target": "sales", "season": 1}, "season"),
    ],
)
def test_settings_that_do_not_fit_are_refused(write, settings, message):
    with pytest.raises((SpecError, DataError), match=message):
        load_data(write(sales()), kind="series", **settings)


def test_a_second_column_of_dates_is_asked_about(write):
    frame = sales().assign(other=sales()["month"])
    with pytest.raises(
        SpecError, match=r"'month' and 'other' hold dates; .*time_column = \"month\""
    ):
        load(write(frame))
    data = load(write(frame), time_column="month")
    assert "Columns left out: 'other' holds dates." in data.notes


def test_a_column_whose_values_never_change_is_left_out(write):
    data = load(write(sales().assign(country="it")))
    assert "Columns left out: 'country' holds one value, 'it'." in data.notes


def test_a_season_longer_than_the_series_is_refused(write):
    with pytest.raises(DataError, match=r"season: expected fewer steps than .*; got 1000"):
        load(write(sales()), season=1000)
