"""Preprocessing as a Keras model gives the encoders' features to the bit, also from a file."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dlsuite.data.encoding import (
    CategoryEncoding,
    ColumnEncoding,
    DateEncoding,
    NumberEncoding,
    TableEncoder,
)
from dlsuite.models.preprocessing import table_preprocessing

# TensorFlow takes a subnormal number for 0, which for a day is another one below 0. No table has such a day.
FINITE = st.floats(-1e9, 1e9, allow_subnormal=False)
SCALES = st.floats(1e-3, 1e6)
TEXTS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=6)


@st.composite
def encodings(draw: st.DrawFn) -> ColumnEncoding:
    """Any column, all of them called `c`: the preprocessing asks for no names."""
    kind = draw(st.sampled_from(["number", "date", "category"]))
    if kind == "category":
        return CategoryEncoding(
            name="c",
            kept=tuple(sorted(draw(st.sets(TEXTS | st.just("[UNK]"), max_size=4)))),
            other=draw(st.booleans()),
            missing=draw(st.booleans()),
        )
    fitted: dict[str, Any] = {
        "name": "c",
        "fill": draw(FINITE),
        "mean": draw(FINITE),
        "scale": draw(SCALES),
        "missing_flag": draw(st.booleans()),
    }
    if kind == "number":
        return NumberEncoding(**fitted)
    return DateEncoding(**fitted, parts=draw(st.sampled_from([("year", "week"), ("day",), ()])))


def values_of(column: ColumnEncoding, draw: st.DrawFn, rows: int) -> np.ndarray[Any, Any]:
    if isinstance(column, CategoryEncoding):
        some = st.sampled_from(["", *column.kept]) | TEXTS
        return np.array([draw(some) for _ in range(rows)], dtype=object)
    days = st.floats(-1e5, 1e5, allow_subnormal=False) | st.integers(-30000, 30000).map(float)
    some = st.just(float("nan")) | (FINITE if isinstance(column, NumberEncoding) else days)
    return np.array([draw(some) for _ in range(rows)])


@st.composite
def tables(draw: st.DrawFn) -> tuple[TableEncoder, list[np.ndarray[Any, Any]]]:
    columns = tuple(draw(st.lists(encodings(), min_size=1, max_size=5)))
    rows = draw(st.integers(1, 6))
    return TableEncoder(columns), [values_of(column, draw, rows) for column in columns]


def features_of(encoder: TableEncoder, values: list[np.ndarray[Any, Any]]) -> Any:
    """What the encoder gives; one column after another, since they have one name."""
    features = [
        np.asarray(feature, np.float32)
        for column, own in zip(encoder.columns, values, strict=True)
        for feature in column.features(own)
    ]
    return np.stack(features, axis=1)


def tensors(values: list[np.ndarray[Any, Any]]) -> list[tf.Tensor]:
    return [tf.constant(own[:, None]) for own in values]


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(table=tables())
def test_columns_become_the_encoders_features_to_the_bit(
    table: tuple[TableEncoder, list[np.ndarray[Any, Any]]],
) -> None:
    encoder, values = table
    if not encoder.feature_names:
        return
    model = table_preprocessing(encoder, name="preprocessing")

    given_back = np.asarray(model(tensors(values)))

    assert given_back.dtype == np.float32
    np.testing.assert_array_equal(given_back, without_subnormal(features_of(encoder, values)))


def without_subnormal(features: Any) -> Any:
    """TensorFlow takes what is too small for a normal float32 for 0."""
    return np.where(np.abs(features) < np.finfo(np.float32).tiny, np.float32(0), features)


def test_a_column_without_any_feature_is_still_asked_for() -> None:
    number = NumberEncoding(name="n", fill=0.0, mean=1.0, scale=2.0, missing_flag=False)
    nothing = CategoryEncoding(name="c", kept=(), other=False, missing=False)
    encoder = TableEncoder((nothing, number))
    values = [np.array(["a", ""], dtype=object), np.array([3.0, np.nan])]

    given_back = table_preprocessing(encoder, name="p")(tensors(values))

    np.testing.assert_array_equal(np.asarray(given_back), [[1.0], [-0.5]])


@pytest.mark.parametrize("rows", [1, 50])
def test_a_saved_preprocessing_gives_the_same_bits(rows: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    encoder = TableEncoder(
        (
            CategoryEncoding(name="b", kept=("[UNK]", "é", "ü ü"), other=True, missing=True),
            NumberEncoding(name="a", fill=1 / 3, mean=0.1, scale=0.3, missing_flag=True),
            DateEncoding(
                name="d",
                fill=12345.678,
                mean=1e4 / 7,
                scale=99.9,
                missing_flag=True,
                parts=("year", "week", "day"),
            ),
            NumberEncoding(name="e", fill=0.0, mean=1e7 / 3, scale=1e5 / 7, missing_flag=False),
        )
    )
    values = [
        rng.choice(np.array(["[UNK]", "é", "ü ü", "", "never seen"], dtype=object), rows),
        np.where(rng.random(rows) < 0.3, np.nan, rng.normal(size=rows)),
        np.where(rng.random(rows) < 0.3, np.nan, rng.uniform(-3e4, 3e4, rows)),
        rng.normal(1e7 / 3, 1e5, rows),
    ]
    path = tmp_path / "p.keras"
    table_preprocessing(encoder, name="p").save(path)

    loaded = keras.models.load_model(path)

    np.testing.assert_array_equal(np.asarray(loaded(tensors(values))), features_of(encoder, values))
