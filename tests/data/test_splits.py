import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlsuite.data import Examples, load_data
from dlsuite.errors import DataError

SEEDS = st.integers(0, 2**40)
quickly = settings(max_examples=25, deadline=None)


@st.composite
def tables(draw):
    """Examples that carry their own number, with 2 to 6 classes of uneven size."""
    counts = draw(st.lists(st.integers(6, 40), min_size=2, max_size=6))
    labels = np.repeat(np.arange(len(counts)), counts)
    return Examples(
        x=np.arange(len(labels), dtype=float)[:, None],
        y=labels,
        class_names=tuple(f"class {label}" for label in range(len(counts))),
        feature_names=("number",),
    )


def numbers(split):
    return split.x[:, 0].astype(int).tolist()


@quickly
@given(table=tables(), seed=SEEDS)
def test_every_example_is_in_exactly_one_split(small_data, table, seed):
    with small_data(table, task_type="classification") as name:
        data = load_data(name, input_scaling="none", split_seed=seed)
    together = numbers(data.train) + numbers(data.validation) + numbers(data.test)
    assert sorted(together) == list(range(len(table.y)))
    for split in (data.train, data.validation, data.test):
        np.testing.assert_array_equal(split.y, table.y[numbers(split)])


@quickly
@given(table=tables(), seed=SEEDS)
def test_classes_are_in_proportion_in_every_split(small_data, table, seed):
    with small_data(table, task_type="classification") as name:
        data = load_data(name, split_seed=seed)
    classes = len(table.class_names)
    share = np.bincount(table.y) / len(table.y)
    for split in (data.train, data.validation, data.test):
        counts = np.bincount(split.y, minlength=classes)
        assert np.abs(counts - share * len(split)).max() < 2


@quickly
@given(table=tables(), seed=SEEDS, data=st.data())
def test_a_smaller_training_set_begins_a_larger_one_with_every_class(small_data, table, seed, data):
    classes = len(table.class_names)
    with small_data(table, task_type="classification") as name:
        full = load_data(name, input_scaling="none", split_seed=seed)
        size = data.draw(st.integers(classes, len(full.train)))
        part = load_data(name, input_scaling="none", split_seed=seed, train_size=size)
    assert numbers(part.train) == numbers(full.train)[:size]
    assert set(part.train.y) == set(range(classes))
    in_proportion = np.bincount(full.train.y) / len(full.train) * size
    assert np.abs(np.bincount(part.train.y) - in_proportion).max() <= classes


@quickly
@given(seed=SEEDS, size=st.integers(3, 106), noise=st.floats(0, 0.99))
def test_validation_and_test_depend_on_the_split_seed_alone(seed, size, noise):
    plain = load_data("wine", input_scaling="none", split_seed=seed)
    other = load_data(
        "wine", input_scaling="none", split_seed=seed, train_size=size, label_noise=noise
    )
    for split in ("validation", "test"):
        np.testing.assert_array_equal(getattr(plain, split).x, getattr(other, split).x)
        np.testing.assert_array_equal(getattr(plain, split).y, getattr(other, split).y)


def test_another_split_seed_splits_otherwise():
    first, second = (load_data("wine", split_seed=seed) for seed in (0, 1))
    assert not np.array_equal(first.test.x, second.test.x)


def test_regression_targets_are_nested_too():
    small, large = (load_data("diabetes", train_size=size) for size in (100, 200))
    np.testing.assert_array_equal(small.train.y, large.train.y[:100])


def test_a_training_set_larger_than_there_is_names_both_numbers():
    with pytest.raises(DataError, match=r"'wine': train_size: expected at most 106, .*; got 500\."):
        load_data("wine", train_size=500)


def test_a_training_set_without_room_for_every_class_is_refused():
    with pytest.raises(DataError, match=r"'digits': train_size: expected at least 10, .* got 9\."):
        load_data("digits", train_size=9)


@pytest.mark.parametrize(
    ("labels", "classes", "message"),
    [
        ([0] * 20 + [1] * 2, 2, "expected at least 3 examples of each class.* got 2 of class 1"),
        ([0] * 20 + [2] * 20, 2, "expected labels from 0 to 1.* got 0 to 2"),
        ([0] * 20, 1, "class_names: expected 2 classes or more; got 1"),
        ([0, 1, 2], 3, "expected at least 15 examples.* got 3"),
    ],
)
def test_labels_that_cannot_be_split_are_refused(small_data, labels, classes, message):
    table = Examples(
        x=np.zeros((len(labels), 1)),
        y=np.array(labels),
        class_names=tuple("abc"[:classes]),
        feature_names=("a",),
    )
    with (
        small_data(table, task_type="classification") as name,
        pytest.raises(DataError, match=f"data set 'small': {message}"),
    ):
        load_data(name)


def test_a_class_of_three_is_always_in_training(small_data):
    labels = np.array([0] * 50 + [1] * 3)
    table = Examples(x=np.zeros((53, 1)), y=labels, class_names=("a", "b"), feature_names=("a",))
    with small_data(table, task_type="classification") as name:
        for seed in range(30):
            assert 1 in load_data(name, split_seed=seed).train.y


def test_missing_numbers_are_refused_by_count():
    with pytest.raises(DataError, match=r"x: expected finite numbers; .* in 2 places\."):
        Examples(x=np.array([[np.nan], [np.inf], [1.0]]), y=np.zeros(3))


def test_inputs_and_targets_of_different_length_are_refused():
    with pytest.raises(DataError, match=r"x: expected as many as there are targets, 2; got 3\."):
        Examples(x=np.zeros((3, 1)), y=np.zeros(2))
