"""Data in memory: arrays, batches, and names for them."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlsuite.data import (
    Dataset,
    add_data,
    data_entry,
    list_data,
    load_data,
    make_arrays,
    unregister_data,
)
from dlsuite.data.batches import collect
from dlsuite.errors import DataError, SpecError

DRAWS = np.random.default_rng(0)
X = DRAWS.normal(size=(100, 4))
Y = np.arange(100) % 3
quickly = settings(max_examples=20, deadline=None)


@pytest.mark.parametrize(
    ("y", "class_names"),
    [
        (Y, ("0", "1", "2")),
        (Y.astype(np.uint8)[:, None], ("0", "1", "2")),
        (Y - 1, ("-1", "0", "1")),
        (Y.tolist(), ("0", "1", "2")),
        (np.array(["b", "c", "a"])[Y], ("a", "b", "c")),
        (Y > 0, ("False", "True")),
        ((Y > 0).astype(np.float32), ("0", "1")),
        (np.eye(3)[Y], ("0", "1", "2")),
        (pd.Series(Y, name="kind"), ("0", "1", "2")),
    ],
)
def test_classes_come_in_any_form(y, class_names):
    data = Dataset.from_arrays(X, y)
    assert (data.task_type, data.class_names) == ("classification", class_names)
    assert data.train.y.dtype == np.int32


@pytest.mark.parametrize("y", [X[:, 0], X[:, :1], np.arange(100), np.arange(100) % 40])
def test_other_numbers_are_values(y):
    assert Dataset.from_arrays(X, y).task_type == "regression"


def test_what_is_given_goes_first():
    assert Dataset.from_arrays(X, Y, task_type="regression").outputs == 1
    assert Dataset.from_arrays(X, Y, class_names=["p", "q", "r"]).class_names == ("p", "q", "r")
    texts = np.array(["b", "c", "a"])[Y]
    data = Dataset.from_arrays(X, texts, class_names=["c", "a", "b"], test=(X, texts))
    assert [data.class_names[label] for label in data.test.y] == texts.tolist()


@pytest.mark.parametrize(
    ("shape", "kind", "given", "found"),
    [
        ((4,), "table", None, (4,)),
        ((7, 2), "series", None, (7, 2)),
        ((8, 8, 3), "image", None, (8, 8, 3)),
        ((8, 8), "image", "image", (8, 8, 1)),
    ],
)
def test_the_kind_is_found_from_the_shape(shape, kind, given, found):
    data = Dataset.from_arrays(DRAWS.integers(0, 255, (60, *shape)), Y[:60], kind=given)
    assert (data.kind, data.input_shape) == (kind, found)
    assert len(data.feature_names) == (0 if kind == "image" else shape[-1])
    assert data.train.x.mean() == pytest.approx(0, abs=1e-5)


def test_splits_given_are_kept_and_the_rest_is_drawn():
    pair = (X[:30], Y[:30])
    sizes = {
        name: [len(s) for s in (data.train, data.validation, data.test)]
        for name, data in {
            "none": Dataset.from_arrays(X, Y),
            "test": Dataset.from_arrays(X, Y, test=pair),
            "validation": Dataset.from_arrays(X, Y, validation=pair),
            "both": Dataset.from_arrays(X, Y, validation=pair, test=pair, train_size=50),
        }.items()
    }
    assert sizes == {
        "none": [60, 20, 20],
        "test": [75, 25, 30],
        "validation": [75, 30, 25],
        "both": [50, 30, 30],
    }
    data = Dataset.from_arrays(X, Y, test=pair, input_scaling="none")
    np.testing.assert_array_equal(data.test.x, X[:30].astype(np.float32))
    np.testing.assert_array_equal(data.test.y, Y[:30])


@quickly
@given(seed=st.integers(0, 2**40), size=st.integers(3, 75), noise=st.floats(0, 0.9))
def test_every_example_keeps_its_target_and_smaller_sets_are_nested(seed, size, noise):
    x = np.arange(100.0)[:, None]
    options = {"split_seed": seed, "label_noise": noise, "input_scaling": "none"}
    pair = (x[:9] + 1000, Y[:9])
    whole = Dataset.from_arrays(x, Y, test=pair, **options)
    small = Dataset.from_arrays(x, Y, test=pair, train_size=size, **options)
    np.testing.assert_array_equal(small.train.x, whole.train.x[:size])
    np.testing.assert_array_equal(small.train.y, whole.train.y[:size])
    np.testing.assert_array_equal(whole.validation.y, Y[whole.validation.x[:, 0].astype(int)])
    assert set(small.train.y) == {0, 1, 2} or noise


def test_the_encoder_does_to_new_arrays_what_was_done_to_these():
    data = Dataset.from_arrays(X, Y, test=(X[:30], Y[:30]))
    assert data.encoder is not None
    np.testing.assert_array_equal(data.encoder.transform(X[:30]), data.test.x)
    assert Dataset.from_arrays(X, Y, input_scaling="none").encoder is None


@pytest.mark.parametrize(
    ("x", "y", "options", "message"),
    [
        (X, Y[:50], {}, "x: expected as many targets as inputs, 100; got 50"),
        (
            X[:, 0],
            Y,
            {},
            r"expected inputs of shape \[n, features\].*For a single feature, x\[:, None",
        ),
        (np.where(X > 2, np.nan, X), Y, {}, "x: expected finite numbers; got NaN or infinity in"),
        (X, np.where(X[:, 0] > 1, np.nan, 1), {}, "y: expected finite numbers; got NaN"),
        (X, X[:, :2], {}, r"expected one target an example, or one-hot rows .* \(100, 2\)"),
        (X.astype(str), Y, {}, "x: expected numbers; got .*Turn them into numbers first"),
        (pd.DataFrame({"a": ["x"] * 100}), Y, {}, "For a table with texts use Dataset.from_frame"),
        (
            X,
            Y,
            {"kind": "image"},
            r"expected shape \[n, height, .* for kind 'image'; got \(100, 4\)",
        ),
        (X, Y, {"kind": "sound"}, "kind: expected one of table, text, series, image; got 'sound'"),
        (X, Y, {"kind": "text"}, "kind: expected one of table, series, image for arrays"),
        (X, Y, {"class_names": ["p", "q"]}, "expected labels from 0 to 1, .* got 0 to 2"),
        (X, Y, {"class_names": ["p"], "task_type": "regression"}, "class_names: regression has no"),
        (X, Y, {"test": X}, r"test: expected a pair \(x, y\); got a ndarray"),
        (X, Y, {"test": (X[:, :2], Y)}, r"expected examples of shape \(4,\), .* got \(2,\)"),
        (X, Y, {"test": (X, np.eye(3)[Y])}, "one-hot targets in all splits or in none"),
        (X, Y, {"test": (X, Y + 1)}, "every class of the test split in training too; '3' is in 33"),
        (X, Y, {"train_size": 0}, "train_size: expected a whole number, at least 1"),
        (X, Y, {"input_scaling": "minmax"}, 'input_scaling: expected one of "none", "standard"'),
        (X, Y, {"feature_names": ["a"]}, "feature_names: expected 4, one a channel; got 1"),
        (X, np.full(100, 2.5), {}, "y: expected different numbers; every example has 2.5"),
        (X, np.zeros(100, int), {}, "y: expected 2 classes or more; every example has '0'"),
        (X, np.where(np.arange(100) < 2, 1, 0), {}, "at least 3 examples of each class; '1' has 2"),
    ],
)
def test_arrays_that_cannot_be_used_are_refused(x, y, options, message):
    with pytest.raises((DataError, SpecError), match=message):
        Dataset.from_arrays(x, y, **options)


class TestBatches:
    def test_examples_and_batches_give_the_same_as_arrays(self):
        whole = Dataset.from_arrays(X, Y).fingerprint
        sources = [
            [(X[:64], Y[:64]), (X[64:], Y[64:])],
            ((x, y) for x, y in zip(X, Y, strict=True)),
            ((x, np.eye(3)[y]) for x, y in zip(X, Y, strict=True)),
            [(X, np.eye(3)[Y])],
        ]
        assert {Dataset.from_batches(source).fingerprint for source in sources} == {whole}

    def test_validation_test_and_names_are_handed_on(self):
        batches = [(X, Y)]
        data = Dataset.from_batches(batches, validation=batches, test=batches, name="mine")
        assert [len(s) for s in (data.train, data.validation, data.test)] == [100, 100, 100]
        assert data.name == "mine"

    def test_what_has_no_end_needs_a_limit(self, monkeypatch):
        def endless():
            return ((X[i % 100], Y[i % 100]) for i in itertools.count())

        assert len(collect(endless(), limit=150)[1]) == 150
        monkeypatch.setattr("dlsuite.data.batches.MOST_UNCOUNTED", 500)
        with pytest.raises(SpecError, match=r"train: 500 examples were read .* limit = 10000"):
            collect(endless())

    @pytest.mark.parametrize(
        ("source", "message"),
        [
            ([(X, Y, Y)], r"train, item 1: expected a pair \(x, y\) of arrays; got 3 values"),
            ([({"a": X}, Y)], "got inputs by name. Map it to one input and one target"),
            ([X], "expected a pair .* got a ndarray"),
            ([], r"train: expected pairs \(x, y\); got none"),
            (3, "expected batches or examples .* got a int"),
            ([(X, Y), (X[:, :2], Y)], r"item 2: expected examples of shape \(4,\)"),
        ],
    )
    def test_what_yields_no_pairs_is_refused(self, source, message):
        with pytest.raises(DataError, match=message):
            collect(source)

    def test_keras_and_tensorflow_sources_are_read(self):
        import keras
        import tensorflow as tf

        class Halves(keras.utils.PyDataset):
            def __len__(self):
                return 2

            def __getitem__(self, place):
                return X[place * 50 : place * 50 + 50], Y[place * 50 : place * 50 + 50]

        whole = Dataset.from_arrays(X, Y).fingerprint
        examples = tf.data.Dataset.from_tensor_slices((X, Y))
        for source in (Halves(), examples, examples.batch(32), examples.repeat().take(100)):
            assert Dataset.from_batches(source).fingerprint == whole
        assert len(collect(examples.repeat(), limit=120)[1]) == 120
        with pytest.raises(
            SpecError, match=r"the data set is infinite; .* or leave repeat\(\) out"
        ):
            collect(examples.repeat())


class TestNames:
    def test_arrays_get_a_name_and_take_the_common_settings(self):
        entry = add_data("mine", make_arrays(X, Y))
        try:
            assert entry is data_entry("mine") and "mine" in list_data(kind="table")
            assert entry.task_type_for({}) == "classification" and entry.drawn_with({})
            data = load_data("mine", train_size=30, label_noise=0.1)
            assert (data.name, len(data.train)) == ("mine", 30)
        finally:
            unregister_data("mine")
        assert "mine" not in list_data()

    def test_a_data_set_ready_for_training_takes_no_settings(self):
        ready = Dataset.from_arrays(X, X[:, 0])
        add_data("mine", ready, description="Numbers.")
        try:
            assert data_entry("mine").task_type_for({}) == "regression"
            assert not data_entry("mine").drawn_with({})
            assert load_data("mine").fingerprint == ready.fingerprint
            assert load_data("mine", split_seed=0, input_scaling="standard").name == "mine"
            with pytest.raises(SpecError, match=r"'mine' was given ready .*: train_size cannot be"):
                load_data("mine", train_size=5)
        finally:
            unregister_data("mine")
