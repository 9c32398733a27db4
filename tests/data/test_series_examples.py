"""Many series, of each of which something is told: a table with ids, and folders of files."""

import os

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlsuite.data import data_entry, load_data
from dlsuite.data.series_examples import at_length
from dlsuite.errors import DataError, DlsuiteError, SpecError


def runs(count: int = 30) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.concat(
        [
            pd.DataFrame(
                {
                    "id": f"run{number}",
                    "t": np.arange(6 + number % 3),
                    "v": rng.normal(size=6 + number % 3).round(3) + number,
                    "label": ("up", "down")[number % 2],
                }
            )
            for number in range(count)
        ],
        ignore_index=True,
    )


@pytest.fixture
def table(tmp_path):
    def write(frame):
        path = tmp_path / "runs.csv"
        frame.to_csv(path, index=False)
        return str(path)

    return write


@pytest.fixture
def folder(tmp_path):
    """Folders of a class each, and the same files in one folder with a table of labels."""
    frame = runs()
    for name, own in frame.groupby("id"):
        for place in (tmp_path / "classes" / own["label"].iloc[0], tmp_path / "flat"):
            place.mkdir(parents=True, exist_ok=True)
            own[["t", "v"]].to_csv(place / f"{name}.csv", index=False)
    labels = frame.groupby("id")["label"].first().reset_index()
    labels.to_csv(tmp_path / "flat" / "labels.csv", index=False)
    return tmp_path


def load(path, **settings):
    return load_data(path, **{"target": "label", "id_column": "id", **settings})


def test_an_example_is_an_id_and_no_id_is_in_two_splits(table):
    data = load(table(runs()), drop=["t"], length=6, input_scaling="none")
    assert data.kind == "series" and data.class_names == ("down", "up")
    assert data.input_shape == (6, 1) and data.feature_names == ("v",)
    ids = [
        set(np.rint(np.asarray(split.x)[:, :, 0].mean(axis=1) / 1).astype(int))
        for split in (data.train, data.validation, data.test)
    ]
    assert sum(map(len, (data.train, data.validation, data.test))) == 30 and ids[0]
    assert load(table(runs()), split_seed=1).fingerprint != load(table(runs())).fingerprint


def test_longer_series_lose_their_beginning_and_shorter_ones_repeat_their_first_step(table):
    data = load(table(runs()), length=7)
    assert "10 of 30 series are longer and lose their beginning." in data.notes
    assert "10 of 30 series are shorter and begin with their first step repeated." in data.notes
    assert load(table(runs())).input_shape == (8, 2)


@settings(max_examples=50, deadline=None)
@given(steps=st.integers(1, 12), length=st.integers(1, 12))
def test_a_series_at_a_length_ends_as_it_did(steps, length):
    series = np.arange(steps)[:, None]
    found = at_length(series, length)[:, 0]
    assert len(found) == length
    expected = [max(0, at) for at in range(steps - length, steps)]
    assert found.tolist() == expected


def test_times_order_the_rows_of_a_series_and_are_not_read(table):
    frame = runs()
    data = load(table(frame), time_column="t")
    assert data.feature_names == ("v",)
    turned = frame[::-1].reset_index(drop=True)
    other = load(table(turned), time_column="t", split_seed=0)
    assert sum(map(len, (other.train, other.validation, other.test))) == 30
    frame.loc[3, "t"] = 2
    with pytest.raises(DataError, match=r"column 't', line 5: the time 2 stands there a second"):
        load(table(frame), time_column="t")


def test_numbers_can_be_told_of_whole_series(table):
    frame = runs()
    frame["label"] = frame.groupby("id")["v"].transform("mean")
    data = load(table(frame))
    assert data.task_type == "regression" and data.guess.name == "mean"


def test_series_with_missing_values_are_left_out_or_filled(table):
    frame = runs()
    frame.loc[3, "v"] = None
    data = load(table(frame))
    assert "1 of 30 series hold a missing value and are left out." in data.notes
    filled = load(table(frame), fill="previous")
    assert sum(map(len, (filled.train, filled.validation, filled.test))) == 30
    frame["v"] = None
    frame.loc[0, "v"] = 1.0
    with pytest.raises(DataError, match="every series holds a missing value"):
        load(table(frame), length=6, drop=["t"])


def test_folders_are_classes_and_a_table_of_labels_says_the_same(folder):
    data = load_data(folder / "classes")
    assert data.class_names == ("down", "up") and data.input_shape == (8, 2)
    assert data.description == "A series of classes; which class it is of."
    flat = load_data(folder / "flat", target="label")
    assert len(flat.train) == len(data.train) and flat.class_names == data.class_names
    assert data_entry(str(folder / "classes"), {}).task_type_for({}) == "classification"
    for extra in (folder / "classes" / "up" / "new.csv",):
        pd.DataFrame({"t": range(6), "v": range(6)}).to_csv(extra, index=False)
    again = load_data(folder / "classes")
    assert sum(map(len, (again.train, again.validation, again.test))) == 31


def one(frame, row, column, value):
    frame.loc[row, column] = value
    return frame


@pytest.mark.parametrize(
    ("change", "given", "message"),
    [
        (lambda f: one(f, 8, "label", "x"), {}, r"'label', line 10: expected one 'label' for each"),
        (
            lambda f: f.drop(index=range(1, 6)),
            {},
            r"line 2: expected 2 rows or more of each series",
        ),
        (lambda f: one(f, 8, "id", None), {}, r"'id', line 10: id_column: expected an id in every"),
        (
            lambda f: f.assign(label=np.where(f["id"] == "run0", "rare", f["label"])),
            {},
            r"at least 3 rows of each class; 'rare' has 1",
        ),
        (lambda f: f, {"window": 3}, r"window is for a series to forecast"),
        (lambda f: f, {"id_column": "ID"}, r"id_column: there is no column 'ID'"),
        (lambda f: f, {"target": "id"}, r"cannot be both target and id_column"),
        (lambda f: f, {"drop": ["label"]}, r"cannot be both target and drop"),
    ],
)
def test_what_cannot_be_told_of_series_is_refused(table, change, given, message):
    with pytest.raises(DlsuiteError, match=message):
        load(table(change(runs())), **given)


def test_folders_that_hold_no_series_are_refused(folder, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="there are none"):
        load_data(tmp_path / "empty")
    with pytest.raises(DataError, match="there are none"):
        load_data(tmp_path / "empty", kind="series")
    with pytest.raises(SpecError, match=r"say which column is to be told.*id, label"):
        load_data(folder / "flat")
    with pytest.raises(SpecError, match="folders are classes"):
        load_data(folder / "classes", target="label")
    with pytest.raises(SpecError, match=r"no table 'lables.csv' in the folder. Did you mean"):
        load_data(folder / "flat", target="label", labels="lables.csv")
    labels = folder / "flat" / "labels.csv"
    labels.write_text(labels.read_text() + "nobody,up\n")
    with pytest.raises(DataError, match=r"labels.csv, column 'id', line 32: there is no series"):
        load_data(folder / "flat", target="label")
    (folder / "classes" / "stray.csv").write_text("t,v\n1,2\n2,3\n")
    with pytest.raises(DataError, match=r"stray.csv: expected series in folders, one for each"):
        load_data(folder / "classes")


def test_files_with_other_columns_and_single_rows_are_refused(folder):
    odd = folder / "classes" / "up" / "zz.csv"
    odd.write_text("t,w\n1,2\n2,3\n")
    with pytest.raises(DataError, match=r"zz.csv: expected the columns of .*; there is no 'v'"):
        load_data(folder / "classes")
    odd.write_text("t,v\n1,2\n")
    with pytest.raises(DataError, match=r"zz.csv: expected 2 rows or more"):
        load_data(folder / "classes")


@pytest.mark.skipif(not hasattr(os, "symlink"), reason="no links")
@pytest.mark.parametrize(
    ("target", "message"),
    [("..", "is a link to a folder"), ("../../outside.csv", "outside"), ("none.csv", "nowhere")],
)
def test_links_that_lead_outside_or_round_are_refused(folder, target, message):
    (folder / "outside.csv").write_text("t,v\n1,2\n2,3\n")
    (folder / "classes" / "up" / "link.csv").symlink_to(target)
    with pytest.raises(DataError, match=rf"link.csv: is a link .*{message.split()[-1]}"):
        load_data(folder / "classes")
