"""Texts in a column of a table: what is told of them, how rows are split, and what is refused."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from dlsuite.data import load_data
from dlsuite.data.text_files import text_from_path
from dlsuite.errors import DataError, SpecError

GOOD = [f"a good film with number {number} in it, really" for number in range(20)]
BAD = [f"a bad film with number {number} in it, really" for number in range(20)]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    frame = pd.DataFrame(
        {
            "id": range(40),
            "review": [*GOOD, *BAD],
            "label": ["pos"] * 20 + ["neg"] * 20,
            "stars": np.linspace(1, 5, 40),
            "author": [f"author {number % 8}" for number in range(40)],
            "day": pd.date_range("2020-01-01", periods=40).strftime("%d/%m/%Y"),
            "part": (["train"] * 6 + ["validation"] * 2 + ["test"] * 2) * 4,
        }
    )
    path = tmp_path / "reviews.csv"
    frame.to_csv(path, index=False)
    return path


def test_a_column_of_a_table_holds_texts(table: Path) -> None:
    data = load_data(table, text_column="review", target="label")

    assert (data.kind, data.target, data.feature_names) == ("text", "label", ("review",))
    assert data.class_names == ("neg", "pos")
    assert data.description == "A text of reviews.csv; what its 'label' is."
    parquet = table.with_suffix(".parquet")
    pd.read_csv(table).to_parquet(parquet)
    of_parquet = load_data(parquet, text_column="review", target="label")
    assert of_parquet.fingerprint == data.fingerprint


def test_numbers_can_be_told_from_texts(table: Path) -> None:
    data = load_data(table, text_column="review", target="stars")

    assert data.task_type == "regression"
    assert data.target_mean == pytest.approx(3, abs=0.7)


def test_columns_say_how_rows_are_split(table: Path) -> None:
    columns: dict[str, Any] = {"text_column": "review", "target": "label"}
    given = load_data(table, split_column="part", **columns)
    assert [len(s) for s in (given.train, given.validation, given.test)] == [24, 8, 8]
    grouped = load_data(table, group_column="author", **columns)
    assert len(grouped.test) % 5 == 0
    timed = load_data(table, time_column="day", date_format="%d/%m/%Y", **columns)
    assert set(timed.test.y) == {timed.class_names.index("neg")}


def test_test_rows_may_come_by_themselves(table: Path) -> None:
    path = table.with_name("test.csv")
    pd.read_csv(table).head(7).to_csv(path, index=False)

    data = load_data(table, text_column="review", target="label", test_path=path)

    assert (len(data.train), len(data.validation), len(data.test)) == (30, 10, 7)
    pd.read_csv(table).drop(columns="review").to_csv(path, index=False)
    with pytest.raises(DataError, match=r"test\.csv: expected the texts 'review' in the test rows"):
        load_data(table, text_column="review", target="label", test_path=path)


def test_rows_without_a_text_are_left_out(table: Path) -> None:
    frame = pd.read_csv(table)
    frame.loc[[0, 5, 30], "review"] = ["", "NA", "none given"]
    frame.to_csv(table, index=False)

    raw = text_from_path(table, text_column="review", target="label", missing=("none given",))

    assert len(raw.texts) == 37
    assert "3 rows have no text in 'review' and are left out." in raw.notes


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {},
            'which column holds the texts, as in text_column = "review" and which column is to be',
        ),
        (
            {"text_column": "review"},
            'say which column is to be told, as in target = "part"; the col',
        ),
        (
            {"text_column": "review", "target": "labels"},
            "target: there is no column 'labels'.*label",
        ),
        ({"text_column": "text", "target": "label"}, "text_column: there is no column 'text'"),
        ({"text_column": "label", "target": "label"}, "'label' cannot be both target and text_col"),
        (
            {"text_column": "id", "target": "label"},
            "text_column 'id': expected texts; the column ho",
        ),
        (
            {
                "text_column": "review",
                "target": "label",
                "split_column": "part",
                "group_column": "author",
            },
            "rows are split by one of split_column and group_column",
        ),
    ],
)
def test_columns_that_cannot_be_used_are_refused(
    table: Path, settings: dict[str, Any], message: str
) -> None:
    with pytest.raises((DataError, SpecError), match=message):
        load_data(table, kind="text", **settings)
