"""Splits of tables: no row, no group and no moment where it must not be."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlsuite.data import Dataset
from dlsuite.errors import DataError

quickly = settings(max_examples=20, deadline=None)
SEEDS = st.integers(0, 2**40)


def loaded(frame, target="y", **rules) -> Dataset:
    """A data set whose first feature is the row's own number."""
    frame = frame.assign(row=np.arange(len(frame), dtype=float))[["row", *frame.columns]]
    return Dataset.from_frame(frame, target=target, keep=["row"], input_scaling="none", **rules)


def rows(data) -> dict[str, np.ndarray]:
    return {
        name: getattr(data, name).x[:, 0].astype(int) for name in ("train", "validation", "test")
    }


def targets(n, classes):
    return np.array(["low", "high"])[np.arange(n) % 2] if classes else np.arange(n) / 3


@quickly
@given(
    groups=st.lists(st.integers(0, 12), min_size=60, max_size=120),
    seed=SEEDS,
    classes=st.booleans(),
    train_size=st.none() | st.integers(2, 5),
)
def test_no_group_is_in_two_splits(groups, seed, classes, train_size):
    frame = pd.DataFrame({"who": groups, "y": targets(len(groups), classes)})
    try:
        data = loaded(frame, group_column="who", split_seed=seed, train_size=train_size)
    except DataError as error:  # Too few groups to have every class in training.
        assert "expected" in str(error)
        return
    found = {name: set(np.array(groups)[places]) for name, places in rows(data).items()}
    assert not found["train"] & found["validation"]
    assert not found["train"] & found["test"]
    assert not found["validation"] & found["test"]
    if train_size is None:
        assert sorted(np.concatenate([*rows(data).values()])) == list(range(len(groups)))


@quickly
@given(times=st.lists(st.integers(0, 30), min_size=30, max_size=90), classes=st.booleans())
def test_in_time_nothing_held_out_is_earlier_than_what_is_trained_on(times, classes):
    frame = pd.DataFrame({"t": times, "y": targets(len(times), classes)})
    try:
        data = loaded(frame, time_column="t")
    except DataError as error:
        assert "expected" in str(error)
        return
    train, validation, test = (np.array(times)[places] for places in rows(data).values())
    assert train.max() < validation.min() and validation.max() < test.min()
    assert (np.diff(train) >= 0).all()


def test_in_time_the_shares_are_sixty_twenty_twenty_and_smaller_sets_the_most_recent():
    frame = pd.DataFrame(
        {"t": pd.date_range("2020-01-01", periods=100)[::-1], "y": np.arange(100) / 3}
    )
    data = loaded(frame, time_column="t")
    assert [len(part) for part in rows(data).values()] == [60, 20, 20]
    small = loaded(frame, time_column="t", train_size=10)
    assert rows(small)["train"].tolist() == rows(data)["train"][-10:].tolist()
    assert "t" not in data.feature_names
    assert "Rows are split by 't', which a model is not given." in data.notes
    kept = Dataset.from_frame(frame, target="y", time_column="t", keep="t")
    assert "t" in kept.feature_names


def test_times_can_be_dates_that_need_a_format():
    days = [f"{1 + i % 12:02d}/{1 + i // 12:02d}/2020" for i in range(96)]
    frame = pd.DataFrame({"t": days, "y": np.arange(96) / 3})
    with pytest.raises(
        DataError, match="column 't': dates such as '01/01/2020' can be read in more"
    ):
        loaded(frame, time_column="t")
    data = loaded(frame, time_column="t", date_format="%m/%d/%Y")
    months = [int(days[row][:2]) for row in rows(data)["train"]]
    assert months == sorted(months)


def test_the_most_recent_rows_without_a_class_are_refused():
    frame = pd.DataFrame({"t": range(100), "y": ["a"] * 10 + ["b"] * 45 + ["b"] * 45})
    frame.loc[[95, 75], "y"] = "b"
    with pytest.raises(
        DataError, match="train_size: expected rows of each class among the 20 used"
    ):
        loaded(frame, time_column="t", train_size=20)


@quickly
@given(
    splits=st.lists(st.sampled_from(["train", "val", "test"]), min_size=40, max_size=80),
    seed=SEEDS,
)
def test_given_splits_are_kept(splits, seed):
    frame = pd.DataFrame({"split": splits, "y": np.arange(len(splits)) / 3})
    if "test" not in splits or "train" not in splits:
        return
    data = loaded(frame, split_column="split", split_seed=seed)
    given = np.array(splits)
    assert (given[rows(data)["test"]] == "test").all()
    if "val" in splits:
        assert (given[rows(data)["validation"]] == "val").all()
        assert (given[rows(data)["train"]] == "train").all()
    else:
        assert (given[rows(data)["validation"]] == "train").all()
    assert sorted(np.concatenate([*rows(data).values()])) == list(range(len(splits)))


def test_without_validation_rows_a_quarter_of_the_rest_is_drawn():
    frame = pd.DataFrame({"split": ["train"] * 100 + ["test"] * 30, "y": targets(130, True)})
    data = loaded(frame, split_column="split")
    assert [len(part) for part in rows(data).values()] == [75, 25, 30]
    assert np.bincount(data.train.y).tolist() == [38, 37]


@quickly
@given(seed=SEEDS, size=st.integers(2, 60), noise=st.floats(0.01, 0.9))
def test_smaller_and_noisy_training_sets_are_nested(seed, size, noise):
    frame = pd.DataFrame({"x": np.arange(100.0), "y": targets(100, True)})
    whole, small = (
        loaded(frame, split_seed=seed, train_size=n, label_noise=noise) for n in (None, size)
    )
    assert rows(small)["train"].tolist() == rows(whole)["train"][:size].tolist()
    np.testing.assert_array_equal(small.train.y, whole.train.y[:size])
    np.testing.assert_array_equal(small.test.y, whole.test.y)


@quickly
@given(seed=SEEDS, held_out=st.lists(st.floats(-1e6, 1e6), min_size=60, max_size=60))
def test_what_is_held_out_changes_nothing_of_what_is_learned(seed, held_out):
    draws = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "split": ["train"] * 60 + ["val"] * 30 + ["test"] * 30,
            "x": draws.normal(size=120),
            "c": draws.choice(["p", "q"], 120),
            "y": draws.normal(size=120),
        }
    )
    other = frame.copy()
    other.loc[60:, "x"] = held_out
    other.loc[60:, "c"] = "never seen"
    other.loc[60:, "y"] = held_out
    rules = {"target": "y", "split_column": "split", "split_seed": seed}
    first, second = (Dataset.from_frame(each, **rules) for each in (frame, other))
    assert first.encoder == second.encoder
    np.testing.assert_array_equal(first.train.x, second.train.x)
    assert (first.target_mean, first.target_scale) == (second.target_mean, second.target_scale)


def test_ways_to_split_that_contradict_are_refused():
    frame = pd.DataFrame({"t": range(100), "who": [1, 2, 3, 4] * 25, "y": np.arange(100) / 3})
    with pytest.raises(DataError, match="the test rows given do not come last"):
        loaded(frame, time_column="t", test=frame.assign(t=5, row=1.0))
    with pytest.raises(DataError, match=r"group_column 'who': 4 groups are in .* too"):
        loaded(frame, group_column="who", test=frame.assign(row=1.0))
    split = frame.assign(split=["train", "test"] * 50)
    with pytest.raises(DataError, match="both split_column 'split' and test_path give test rows"):
        loaded(split, split_column="split", test=split.assign(row=1.0))
