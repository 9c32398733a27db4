"""Encoding: the same features as scikit-learn's transformers, from records that can be read."""

import datetime
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from dlsuite.data.encoding import (
    CategoryEncoding,
    DateEncoding,
    NumberEncoding,
    TableEncoder,
)
from dlsuite.data.inputs import InputColumn, raw_columns
from dlsuite.data.scaling import ChannelScaler
from dlsuite.errors import DataError

quickly = settings(max_examples=40, deadline=None)
NUMBER, DATE, CATEGORY = (InputColumn("a", t) for t in ("number", "date", "category"))
numbers = st.lists(
    st.none() | st.floats(-1e9, 1e9).map(lambda value: round(value, 6)), min_size=4, max_size=40
).filter(lambda values: any(value is not None for value in values))
texts = st.lists(st.sampled_from(["b", "a", "c", "d", "", None]), min_size=4, max_size=40).filter(
    lambda values: any(values)
)


def fitted(values, column, **settings):
    return TableEncoder.fit(pd.DataFrame({"a": values}), [column], **settings)


@quickly
@given(values=numbers, data=st.data())
def test_numbers_become_what_scikit_learn_makes_of_them(values, data):
    frame = pd.DataFrame({"a": np.array(values, dtype=float)})
    rows = np.arange(len(values) // 2)
    pipeline = make_pipeline(
        SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True),
    )
    imputed = pipeline.fit(frame.iloc[rows].to_numpy()).transform(frame.to_numpy())
    scaler = StandardScaler().fit(imputed[rows, :1])
    expected = imputed.copy()
    expected[:, :1] = scaler.transform(imputed[:, :1])
    encoder = TableEncoder.fit(frame, [NUMBER], rows=rows)
    np.testing.assert_array_equal(encoder.transform(frame), expected.astype(np.float32))
    assert len(encoder.feature_names) == expected.shape[1]


@quickly
@given(values=texts, most=st.integers(1, 5))
def test_categories_become_what_scikit_learn_makes_of_them(values, most):
    frame = pd.DataFrame({"a": pd.Series(values, dtype=object)})
    present = [[value] for value in values if value]
    one_hot = OneHotEncoder(
        max_categories=most, handle_unknown="infrequent_if_exist", sparse_output=False
    ).fit(present)
    encoder = TableEncoder.fit(frame, [CATEGORY], max_categories=most)
    found = encoder.transform(frame)
    there = np.array([bool(value) for value in values])
    width = one_hot.transform(present).shape[1]
    np.testing.assert_array_equal(found[there, :width], one_hot.transform(present))
    assert (found[:, :width].sum(axis=1) == there).all()
    assert found.shape[1] == width + (not there.all())
    np.testing.assert_array_equal(found.sum(axis=1), np.ones(len(values)))


def test_a_whole_table_is_what_a_column_transformer_makes_of_it():
    draws = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "x": draws.normal(5, 3, 200),
            "city": draws.choice(["Bonn", "Oslo", "Rome"], 200),
            "n": draws.integers(0, 9, 200),
        }
    )
    columns = [
        InputColumn("x", "number"),
        InputColumn("city", "category"),
        InputColumn("n", "number"),
    ]
    transformer = ColumnTransformer(
        [
            ("x", StandardScaler(), ["x"]),
            ("city", OneHotEncoder(dtype=np.float32, sparse_output=False), ["city"]),
            ("n", StandardScaler(), ["n"]),
        ]
    ).fit(frame[:120])
    encoder = TableEncoder.fit(frame, columns, rows=np.arange(120))
    np.testing.assert_allclose(encoder.transform(frame), transformer.transform(frame), rtol=1e-6)
    assert encoder.feature_names == ("x", "city=Bonn", "city=Oslo", "city=Rome", "n")
    assert encoder.input_columns == tuple(columns)


def test_what_was_learned_can_be_read():
    assert fitted([1.0, 3.0, None, 5.0], NUMBER).columns == (
        NumberEncoding(name="a", fill=3.0, mean=3.0, scale=math.sqrt(2), missing_flag=True),
    )
    assert fitted([1.0, 3.0], NUMBER, scale=False).columns == (
        NumberEncoding(name="a", fill=2.0, mean=0.0, scale=1.0, missing_flag=False),
    )
    rare = fitted(["x", "y", "y", "z", "z", ""], CATEGORY, max_categories=3)
    assert rare.columns == (CategoryEncoding(name="a", kept=("y", "z"), other=True, missing=True),)
    assert rare.feature_names == ("a=y", "a=z", "a other", "a missing")
    assert fitted(["2020-01-01", "2020-01-03"], DATE).columns == (
        DateEncoding(
            name="a", fill=18263.0, mean=18263.0, scale=1.0, missing_flag=False,
            parts=("year", "week"),
        ),
    )  # fmt: skip


def test_what_training_never_saw_is_other_or_nothing():
    new = pd.DataFrame({"a": ["q", None, "y"]})
    rare = fitted(["x", "y", "y", "z", "z", ""], CATEGORY, max_categories=3)
    np.testing.assert_array_equal(rare.transform(new), [[0, 0, 1, 0], [0, 0, 0, 1], [1, 0, 0, 0]])
    plain = fitted(["x", "y"], CATEGORY)
    np.testing.assert_array_equal(plain.transform(new), [[0, 0], [0, 0], [0, 1]])
    number = fitted([1.0, 3.0], NUMBER)
    np.testing.assert_array_equal(number.transform(pd.DataFrame({"a": [np.nan, 3]})), [[0], [1]])


def test_dates_know_year_week_and_time_of_day():
    encoder = fitted(["2021-03-01 06:00", "2021-03-04 18:00", None], DATE)
    assert encoder.feature_names == (
        "a", "a year sin", "a year cos", "a week sin", "a week cos", "a day sin", "a day cos",
        "a missing",
    )  # fmt: skip
    noon = encoder.transform(pd.DataFrame({"a": ["2030-07-02 12:00"]}))[0]
    np.testing.assert_allclose(noon[[5, 6]], [0, -1], atol=1e-6)
    week_later = encoder.transform(pd.DataFrame({"a": ["2030-07-09 12:00"]}))[0]
    np.testing.assert_allclose(noon[3:7], week_later[3:7], atol=1e-5)


@quickly
@given(
    moments=st.lists(
        st.datetimes(datetime.datetime(1800, 1, 1), datetime.datetime(2200, 1, 1)),
        min_size=2,
        max_size=20,
    )
)
def test_days_are_counted_from_1970_whatever_form_the_dates_have(moments):
    exact = [(m - datetime.datetime(1970, 1, 1)) / datetime.timedelta(days=1) for m in moments]
    forms = [
        pd.Series(moments),
        pd.Series([m.isoformat() for m in moments]),
        pd.Series([m.isoformat() + "Z" for m in moments]),
        pd.Series(moments, dtype="datetime64[ns]")
        .dt.tz_localize("UTC")
        .dt.tz_convert("Asia/Tokyo"),
        pd.Series([m.isoformat() for m in moments], dtype="category"),
    ]
    for form in forms:
        days = raw_columns(pd.DataFrame({"a": form}), [DATE], source="t")["a"]
        np.testing.assert_allclose(days, exact, rtol=0, atol=1e-9)


def test_a_value_means_the_same_in_whatever_form_a_file_has_it():
    for form in ([1, 2, 1], [1.0, 2.0, 1.0], ["1", "2", " 01 "], pd.Categorical(["1", "2", "1"])):
        found = raw_columns(pd.DataFrame({"a": form}), [CATEGORY], source="t")["a"]
        assert found.tolist() == ["1", "2", "1"]
    for form in ([True, False], ["true", "FALSE"], pd.array([True, False], dtype="boolean")):
        frame = pd.DataFrame({"a": form})
        assert raw_columns(frame, [NUMBER], source="t")["a"].tolist() == [1, 0]
        assert raw_columns(frame, [CATEGORY], source="t")["a"].tolist() == ["True", "False"]
    mixed = pd.DataFrame({"a": ["+1.5", "-", " 2e3", None]})
    np.testing.assert_array_equal(
        raw_columns(mixed, [NUMBER], source="t", missing=["-"])["a"], [1.5, np.nan, 2000, np.nan]
    )


@quickly
@given(value=st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_that_are_texts_are_read_exactly(value):
    frame = pd.DataFrame({"a": [repr(value)]})
    assert raw_columns(frame, [NUMBER], source="t")["a"][0] == value


def test_wrong_values_are_named_with_file_column_and_line():
    frame = pd.DataFrame({"age": ["1", "x1", None]}, index=pd.RangeIndex(2, 5, name="line"))
    with pytest.raises(
        DataError, match=r"p\.csv, column 'age', line 3: expected a number; got 'x1'\."
    ):
        raw_columns(frame, [InputColumn("age", "number")], source="p.csv")
    with pytest.raises(DataError, match="column 'age', line 2: expected an ISO date; got '1'"):
        raw_columns(frame, [InputColumn("age", "date")], source="p.csv")
    with pytest.raises(DataError, match=r"p\.csv: expected a column 'agee'.* Did you mean 'age'"):
        raw_columns(frame, [InputColumn("agee", "number")], source="p.csv")
    infinite = pd.DataFrame({"a": [1.0, np.inf]})
    with pytest.raises(DataError, match="column 'a', row 2: expected a finite number; got inf"):
        raw_columns(infinite, [NUMBER], source="t")
    with pytest.raises(DataError, match=r"column 'a': its numbers, up to .* are too large"):
        fitted([1e300, -1e300], NUMBER)
    with pytest.raises(DataError, match="row 1: 'a' is too far from the training rows' values"):
        fitted([1e-50, 2e-50], NUMBER).transform(pd.DataFrame({"a": [1.0]}))


def test_rows_are_encoded_in_the_order_asked_for():
    frame = pd.DataFrame({"a": np.arange(5.0)})
    encoder = TableEncoder.fit(frame, [NUMBER], scale=False)
    assert encoder.transform(frame, rows=np.array([3, 1]))[:, 0].tolist() == [3, 1]
    assert encoder.encode({"a": np.array([2.0])}).tolist() == [[2]]


def test_channels_are_scaled_as_scikit_learn_does():
    x = np.random.default_rng(0).normal(5, [1, 10], (20, 7, 2))
    scaler = ChannelScaler.fit(x)
    expected = StandardScaler().fit_transform(x.reshape(-1, 2)).reshape(x.shape)
    np.testing.assert_array_equal(scaler.transform(x), expected.astype(np.float32))
