"""A saved model and a file of raw columns: predictions, scores, and what is refused."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest

from dlsuite.data import Dataset, load_data
from dlsuite.data.encoding import TableEncoder
from dlsuite.data.inputs import InputColumn
from dlsuite.errors import DataError, SpecError
from dlsuite.models.portable import save_model
from dlsuite.study import predict_file

COLUMNS = [
    InputColumn("age", "number"),
    InputColumn("since", "date"),
    InputColumn("city", "category"),
]
PEOPLE = """age,since,city,income
30,2001-01-01,Rome,high
45,2005-06-07,Oslo,low
,2003-03-03,,low
61.5,1999-12-31,Rome,high
"""


def linear(data: Dataset) -> keras.Model:
    """A network of one layer, its weights all different."""
    model = keras.Sequential([keras.Input(data.input_shape), keras.layers.Dense(data.outputs)])
    size = data.input_shape[0] * data.outputs
    kernel = np.linspace(-1, 1, size).reshape(data.input_shape[0], data.outputs)
    model.set_weights([kernel, np.zeros(data.outputs)])
    return model


@pytest.fixture
def people(tmp_path: Path) -> Path:
    """A file of people, and a model of them beside it."""
    path = tmp_path / "people.csv"
    path.write_text(PEOPLE)
    frame = pd.read_csv(path, parse_dates=["since"])
    encoder = TableEncoder.fit(frame, COLUMNS)
    x = encoder.transform(frame)
    wine = load_data("wine")
    splits: dict[str, Any] = {
        name: replace(wine.train, x=x, y=np.array([0, 1, 1, 0]))
        for name in ("train", "validation", "test")
    }
    data = replace(
        wine, **splits, encoder=encoder, class_names=("high", "low"), target="income", name="people"
    )
    save_model(linear(data), data, tmp_path / "people.keras", {})
    return path


def test_rows_get_a_class_probabilities_and_where_they_stand(people: Path) -> None:
    found = predict_file(people.with_suffix(".keras"), people)

    assert list(found.table.columns) == ["line", "predicted", "p(high)", "p(low)"]
    assert list(found.table["line"]) == [2, 3, 4, 5]
    np.testing.assert_allclose(found.table["p(high)"] + found.table["p(low)"], 1, rtol=1e-6)
    chosen = np.where(found.table["p(high)"] > 0.5, "high", "low")
    assert list(found.table["predicted"]) == list(chosen)


def test_predictions_are_scored_where_the_file_has_the_target(people: Path) -> None:
    found = predict_file(people.with_suffix(".keras"), people)

    truth = ["high", "low", "low", "high"]
    probability = np.where(np.array(truth) == "high", found.table["p(high)"], found.table["p(low)"])
    assert found.scores["accuracy"] == float((found.table["predicted"] == truth).mean())
    assert found.scores["loss"] == pytest.approx(float(-np.log(probability).mean()), rel=1e-6)


def test_columns_may_come_in_another_order_among_others_and_without_the_target(
    people: Path,
) -> None:
    shuffled = people.with_name("shuffled.csv")
    frame = pd.read_csv(people)
    frame.assign(extra=1)[["city", "extra", "since", "age"]].to_csv(shuffled, index=False)

    first = predict_file(people.with_suffix(".keras"), people)
    second = predict_file(people.with_suffix(".keras"), shuffled)

    assert second.scores == {}
    pd.testing.assert_frame_equal(first.table, second.table)


def test_rows_without_a_target_are_predicted_but_not_scored(people: Path) -> None:
    people.write_text(PEOPLE.replace("Oslo,low", "Oslo,"))
    found = predict_file(people.with_suffix(".keras"), people)

    assert len(found.table) == 4
    assert found.notes == ("1 of 4 rows do not tell 'income' and are not scored.",)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("age,", "years,", r"people\.csv: expected a column 'age'; there is none"),
        ("30,", "thirty,", r"people\.csv, column 'age', line 2: expected a number; got 'thirty'"),
        ("2005-06-07", "June", r"column 'since', line 3: expected an ISO date; got 'June'"),
        ("Oslo,low", "Oslo,middling", r"column 'income': expected classes .*; got 'middling'"),
        ("61.5,", "1e300,", r"people\.csv, line 5: its numbers are too far from those"),
    ],
)
def test_what_does_not_fit_is_named(people: Path, old: str, new: str, reason: str) -> None:
    people.write_text(PEOPLE.replace(old, new))
    with pytest.raises(DataError, match=reason):
        predict_file(people.with_suffix(".keras"), people)


def test_values_are_scored_in_the_targets_unit(tmp_path: Path) -> None:
    data = load_data("diabetes")
    raw = load_data("diabetes", input_scaling="none").test
    save_model(linear(data), replace(data, target="y"), tmp_path / "m.keras", {})
    frame = pd.DataFrame(raw.x.astype(float), columns=list(data.feature_names))
    frame.assign(y=raw.y).to_csv(tmp_path / "test.csv", index=False)

    found = predict_file(tmp_path / "m.keras", tmp_path / "test.csv")

    error = found.table["predicted"] - raw.y
    assert list(found.table.columns) == ["line", "predicted"]
    assert found.scores["rmse"] == pytest.approx(float(np.sqrt((error**2).mean())), rel=1e-6)
    assert found.scores["mae"] == pytest.approx(float(error.abs().mean()), rel=1e-6)


def test_a_missing_number_is_refused_where_training_had_none(tmp_path: Path) -> None:
    data = load_data("diabetes")
    save_model(linear(data), data, tmp_path / "m.keras", {})
    names = list(data.feature_names)
    line = ",".join(str(place) for place in range(1, len(names)))
    (tmp_path / "test.csv").write_text(f"{','.join(names)}\n{line},\n")

    with pytest.raises(
        DataError, match="column 's6', line 2: expected a number; the value is miss"
    ):
        predict_file(tmp_path / "m.keras", tmp_path / "test.csv")


def test_texts_are_read_from_the_one_column_that_has_some(tmp_path: Path) -> None:
    data = load_data("languages", train_size=100)
    inputs = keras.Input(data.input_shape, dtype="int32")
    vectors = keras.layers.Embedding(len(data.vocabulary or ()), 2)(inputs)
    model = keras.Model(inputs, keras.layers.Dense(data.outputs)(keras.layers.Flatten()(vectors)))
    save_model(model, data, tmp_path / "m.keras", {})
    (tmp_path / "names.csv").write_text("number,name\n1,Müller\n2,García\n")
    (tmp_path / "two.csv").write_text("name,other\nA,b\n")

    assert len(predict_file(tmp_path / "m.keras", tmp_path / "names.csv").table) == 2
    with pytest.raises(
        DataError, match=r"expected one column of texts; there are 2: name, other\."
    ):
        predict_file(tmp_path / "m.keras", tmp_path / "two.csv")


def test_images_are_no_rows_of_a_file(people: Path) -> None:
    data = load_data("digits", train_size=50)
    layers = [keras.Input(data.input_shape), keras.layers.Flatten(), keras.layers.Dense(10)]
    save_model(keras.Sequential(layers), data, people.with_name("d.keras"), {})

    with pytest.raises(SpecError, match=r"takes image examples of shape \(8, 8, 1\), and a row"):
        predict_file(people.with_name("d.keras"), people)


@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept:DeprecationWarning")
def test_a_model_without_a_card_takes_the_columns_in_order(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, use_bias=False)])
    model.set_weights([np.array([[1.0], [10.0]])])
    model.save(tmp_path / "own.keras")
    (tmp_path / "two.csv").write_text("b,a\n1,2\n3,4\n")
    (tmp_path / "three.csv").write_text("a,b,c\n1,2,3\n")

    found = predict_file(tmp_path / "own.keras", tmp_path / "two.csv")

    assert list(found.table["output 1"]) == [21.0, 43.0]
    assert "has no card" in found.notes[0]
    with pytest.raises(DataError, match=r"expected 2 columns of numbers, as .* takes; there are 3"):
        predict_file(tmp_path / "own.keras", tmp_path / "three.csv")


@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept:DeprecationWarning")
def test_code_in_a_model_is_not_run(people: Path) -> None:
    inputs = keras.Input((4,))
    model = keras.Model(inputs, keras.layers.Lambda(lambda x: x * 2)(inputs))
    model.save(people.with_name("lambda.keras"))

    with pytest.raises(SpecError, match=r"lambda\.keras: holds a Lambda layer, which is code"):
        predict_file(people.with_name("lambda.keras"), people)


def test_files_that_are_not_there_or_of_another_kind_are_told(people: Path) -> None:
    refused: list[tuple[Path, Path, str]] = [
        (people.with_name("no.keras"), people, r"there is no file .*no\.keras"),
        (people, people, r"people\.csv: expected a \.keras file"),
        (people.with_suffix(".keras"), people.with_name("no.csv"), "there is no such file"),
        (people.with_suffix(".keras"), people.with_suffix(".xlsx"), "expected a file that ends in"),
    ]
    for model, file, reason in refused:
        with pytest.raises((SpecError, DataError), match=reason):
            predict_file(model, file)


def test_predictions_are_written_as_a_file(people: Path, tmp_path: Path) -> None:
    found = predict_file(people.with_suffix(".keras"), people)
    found.write(tmp_path / "out.csv")

    written = pd.read_csv(tmp_path / "out.csv")
    pd.testing.assert_frame_equal(written, found.table, check_dtype=False, rtol=1e-6)
