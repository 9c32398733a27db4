"""Tables as data sets: from a file or a frame, with the settings that a study gives."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dlsuite.data import Dataset, data_entry, data_settings, load_data
from dlsuite.errors import DataError, SpecError

N = 200


def people(**columns) -> pd.DataFrame:
    draws = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "id": np.arange(N),
            "age": draws.integers(18, 90, N),
            "city": draws.choice(["Bonn", "Oslo", "Rome"], N),
            "wage": draws.normal(10, 2, N),
            "income": draws.choice(["low", "high"], N, p=[0.8, 0.2]),
        }
    )
    return frame.assign(**columns)


@pytest.fixture
def file(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    people().to_csv("people.csv", index=False)
    return tmp_path / "people.csv"


def put(values, *, at, n=N) -> list:
    """Values with a few replaced."""
    listed = list(values)
    for place, value in at.items():
        listed[place] = value
    return listed


class TestFile:
    def test_a_file_is_loaded_as_registered_data_is(self, file):
        data = load_data("people.csv", target="income", train_size=50, label_noise=0.2)
        assert (data.name, data.kind, data.task_type) == ("people", "table", "classification")
        assert data.class_names == ("high", "low")
        assert data.description == "A row of people.csv; what its 'income' is."
        assert data.feature_names == ("age", "city=Bonn", "city=Oslo", "city=Rome", "wage")
        assert [len(s) for s in (data.train, data.validation, data.test)] == [50, 40, 40]
        assert "'id' numbers the rows" in " ".join(data.notes)
        assert load_data(file, target="income").test.x.dtype == np.float32

    def test_a_frame_gives_the_same_as_its_file(self, file):
        of_file = load_data("people.csv", target="income")
        frame = pd.read_csv(file, engine="pyarrow")
        for data in (
            load_data(frame, target="income"),
            Dataset.from_frame(frame, target="income", name="mine"),
        ):
            assert data.fingerprint == of_file.fingerprint
        assert data.name == "mine"

    def test_the_entry_tells_title_settings_and_task_type(self, file):
        entry = data_entry("people.csv")
        assert (entry.name, entry.title, entry.kind) == ("people.csv", "people", "table")
        assert entry is data_entry("people.csv")
        assert entry.task_type_for({"target": "wage"}) == "regression"
        assert entry.task_type_for({"target": "income"}) == "classification"
        assert (
            entry.task_type_for({"target": "age", "task_type": "classification"})
            == "classification"
        )
        known = data_settings("people.csv")
        assert {"train_size", "target", "time_column", "missing"} <= set(known)
        assert all(setting.doc for setting in known.values())
        before = entry.state({})
        people(age=1.5).to_csv(file, index=False)
        assert entry.state({}) != before

    def test_what_training_rows_hold_is_all_that_is_learned(self, file):
        cities = put(["Bonn", "Oslo"] * (N // 2), at={5: "Atlantis"})
        ages = put(np.ones(N), at={5: 1e6})
        frame = people(city=cities, age=ages)
        for seed in range(6):
            data = load_data(frame, target="wage", split_seed=seed, keep=["age"])
            seen = "city=Atlantis" in data.feature_names
            assert ("age" in data.feature_names) and data.encoder is not None
            mean = data.encoder.columns[0].mean if data.feature_names[0] == "age" else None
            assert mean is None or (mean > 1) == seen

    def test_a_test_file_is_kept_for_the_test(self, file):
        people(age=put(people()["age"], at={0: 33})).to_csv("more.csv", index=False)
        data = load_data("people.csv", target="income", test_path=Path("more.csv"))
        assert [len(s) for s in (data.train, data.validation, data.test)] == [150, 50, N]

    def test_whether_a_lot_is_drawn_depends_on_the_settings(self, file):
        people(split=["train", "val", "test", "test"] * 50).to_csv(file, index=False)
        known = {name: setting.default for name, setting in data_settings("people.csv").items()}

        def drawn(**settings):
            return data_entry("people.csv").drawn_with({**known, "target": "income", **settings})

        assert drawn() and drawn(group_column="age", drop=("split",))
        assert not drawn(time_column="age") and not drawn(split_column="split")
        assert data_entry("wine").drawn_with({}) and not data_entry("sunspots").drawn_with({})

    def test_inputs_can_stay_unscaled(self, file):
        data = load_data("people.csv", target="income", input_scaling="none")
        assert data.train.x[:, 0].min() >= 18


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, r"people.csv: say which column is to be told, as in target = \"income\"; .* id, age"),
        ({"target": "incom"}, "target: there is no column 'incom'. Did you mean 'income'"),
        ({"target": "income", "drop": "income"}, "'income' cannot be both target and drop"),
        ({"target": "income", "keep": "income"}, "the target 'income' stands in keep"),
        ({"target": "income", "windows": 3}, "data set 'people' does not take 'windows'"),
        ({"target": "income", "max_categories": 1}, "max_categories: expected a whole number"),
        ({"target": "income", "task_type": "x"}, "task_type: expected one of"),
        (
            {"target": "income", "time_column": "age", "group_column": "city"},
            "rows are split by one of group_column and time_column; leave the rest out",
        ),
        ({"target": "income", "drop": ["age", "city", "wage", "id"]}, "no column is left"),
        ({"target": "income", "date_format": "%d"}, "date_format = '%d' is how no column's dates"),
    ],
)
def test_a_wrong_setting_is_refused(file, settings, message):
    with pytest.raises((SpecError, DataError), match=message):
        load_data("people.csv", **settings)


WAGES = people()["wage"]
INCOMES = people()["income"]


@pytest.mark.parametrize(
    ("columns", "settings", "message"),
    [
        (
            {"income": put(INCOMES, at={0: None, 3: None})},
            {},
            r"target 'income' is missing or infinite in 2 of 200 rows \(line 2, line 5\)",
        ),
        (
            {"wage": put(WAGES, at={1: np.inf})},
            {"target": "wage"},
            r"target 'wage' is missing or infinite in 1 of 200 rows \(line 3\)",
        ),
        (
            {"wage": 7.5},
            {"target": "wage"},
            "target 'wage': expected different numbers; every row has 7.5. Choose another target",
        ),
        ({"income": "low"}, {}, "expected 2 classes or more; every row has 'low'"),
        (
            {"income": put(INCOMES, at={0: "rare", 1: "rare"})},
            {},
            "expected at least 3 rows of each class; 'rare' has 2",
        ),
        (
            {},
            {"task_type": "regression"},
            "target 'income', line 2: expected a number, as task_type = \"regression\"; got 'high'",
        ),
        (
            {"income": [f"p{i}" for i in range(N)]},
            {},
            "200 different values in 200 rows are no classes",
        ),
        ({"income": pd.Timestamp("2020-01-01")}, {}, "holds dates, which cannot be told"),
        ({"age": None}, {}, r"column 'age': every value is missing. .* drop = \[\"age\"\]"),
        (
            {"age": put(people()["age"], at={7: "old"})},
            {},
            "people.csv, column 'age', line 9: expected a number, .* got 'old'",
        ),
        (
            {"split": put(["train", "test"] * (N // 2), at={4: "tset"})},
            {"split_column": "split"},
            "column 'split', line 6: split_column: expected train, validation or test; got 'tset'",
        ),
        ({"split": "train"}, {"split_column": "split"}, "gives no row to test; say test_path"),
        (
            {"who": put([1, 2] * (N // 2), at={3: None})},
            {"group_column": "who"},
            "line 5: group_column: expected a value in every row; it is missing in 1",
        ),
        ({"who": [1, 2] * (N // 2)}, {"group_column": "who"}, "expected at least 3 groups"),
        ({}, {"time_column": "city"}, "time_column 'city': expected dates or numbers"),
        ({"day": 3}, {"time_column": "day"}, "expected different times to split by; 200 rows"),
        ({}, {"train_size": 500}, "data set 'people': train_size: expected at most 120"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused_in_one_line(file, columns, settings, message):
    people(**columns).to_csv("people.csv", index=False)
    with pytest.raises(DataError, match=message) as caught:
        load_data("people.csv", **{"target": "income", **settings})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"income": None}, "more.csv: target 'income' is missing"),
        (
            {"income": put(INCOMES, at={3: "new"})},
            "more.csv, target 'income', line 5: expected a class that people.csv holds; got 'new'",
        ),
        (
            {"age": put(people()["age"], at={7: "old"})},
            "more.csv, column 'age', line 9: expected a",
        ),
    ],
)
def test_test_rows_that_do_not_fit_are_refused(file, columns, message):
    people(**columns).to_csv("more.csv", index=False)
    with pytest.raises(DataError, match=message):
        load_data("people.csv", target="income", test_path="more.csv")


@pytest.mark.parametrize("column", ["income", "city"])
def test_test_rows_without_a_column_are_refused(file, column):
    people().drop(columns=column).to_csv("more.csv", index=False)
    with pytest.raises(DataError, match=f"more.csv: expected .*; there is no .*({column}|column)"):
        load_data("people.csv", target="income", test_path="more.csv")


def test_a_target_of_numbers_that_a_text_spoils_is_named_by_its_line(file):
    table = people(wage=put([f"{value:.2f}" for value in WAGES], at={7: "rich"}))
    table.to_csv(file, index=False)
    with pytest.raises(DataError, match="column 'wage', line 9: expected a number; got 'rich'"):
        load_data("people.csv", target="wage")


def test_three_rows_are_too_few(file):
    people()[:3].to_csv("people.csv", index=False)
    with pytest.raises(DataError, match=r"people\.csv: expected at least 10 rows, .*; got 3"):
        load_data("people.csv", target="wage")


class TestTarget:
    @pytest.mark.parametrize(
        ("values", "class_names"),
        [
            ([True, False] * 100, ("False", "True")),
            ([3, 10] * 100, ("3", "10")),
            ([0.0, 1.0] * 100, ("0", "1")),
            (["b", "a"] * 100, ("a", "b")),
            (["10", "9", "-", "9"] * 50, ("-", "10", "9")),
        ],
    )
    def test_texts_truths_and_few_whole_numbers_are_classes(self, values, class_names):
        assert load_data(people(y=values), target="y").class_names == class_names

    @pytest.mark.parametrize("values", [np.arange(N), np.arange(N) % 30, np.arange(N) / 4])
    def test_other_numbers_are_values(self, values):
        data = load_data(people(y=values), target="y")
        assert (data.task_type, data.class_names) == ("regression", ())

    def test_the_task_type_given_goes_first(self):
        frame = people(y=np.arange(N) % 30, z=[1, 2] * 100)
        assert load_data(frame, target="y", task_type="classification").outputs == 30
        assert load_data(frame, target="z", task_type="regression").outputs == 1

    def test_numbers_taken_for_classes_and_imbalance_are_noted(self):
        note = " ".join(load_data(people(y=[1, 2] * 100), target="y").notes)
        assert "'y' holds 2 different whole numbers, taken for classes" in note
        rare = people(y=["often"] * 180 + ["rare"] * 20)
        note = " ".join(load_data(rare, target="y").notes)
        assert "'often' with 90.0% of the rows, the smallest 'rare' with 10.0%" in note
        assert 'class_weight = "balanced" and metric = "balanced_accuracy"' in note
