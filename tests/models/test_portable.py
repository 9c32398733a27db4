"""A portable model: names that clash, code of one's own, cards, and the same bytes every time."""

import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from dlsuite.data import Dataset, load_data
from dlsuite.data.encoding import TableEncoder
from dlsuite.data.inputs import InputColumn, raw_columns
from dlsuite.errors import SpecError, StoreError
from dlsuite.models import create_model
from dlsuite.models.card import CARD, ModelCard, read_card
from dlsuite.models.portable import portable_model, predict, save_model
from dlsuite.models.saved import read_model

COLUMNS = {"mlp": "number", "a/b": "number", "probabilities": "date", "where é": "category"}


def people(columns: dict[str, Any] = COLUMNS) -> tuple[pd.DataFrame, Dataset]:
    """A table with missing values and awkward names, encoded and put into a data set."""
    rng = np.random.default_rng(0)
    rows = 60
    made: dict[str, Any] = {
        "number": lambda: np.where(rng.random(rows) < 0.2, np.nan, rng.normal(1e6, 3, rows)),
        "date": lambda: (
            pd.Timestamp("2001-02-03") + pd.to_timedelta(rng.integers(0, 9000, rows), "D")
        ),
        "category": lambda: rng.choice(np.array(["é", "b c", None], dtype=object), rows),
    }
    frame = pd.DataFrame({name: made[kind]() for name, kind in columns.items()})
    inputs = [InputColumn(name, kind) for name, kind in columns.items()]
    encoder = TableEncoder.fit(frame, inputs, rows=np.arange(40))
    x = encoder.transform(frame)
    wine = load_data("wine")
    splits = {
        split: replace(getattr(wine, split), x=x[:20], y=np.arange(20) % 3)
        for split in ("train", "validation", "test")
    }
    made_of = {"feature_names": encoder.feature_names, "encoder": encoder, "target": "class"}
    return frame, replace(wine, name="people", **splits, **made_of)  # type: ignore[arg-type]


def mlp_for(data: Dataset) -> keras.Model:
    vocabulary = len(data.vocabulary) if data.vocabulary else None
    model = create_model(
        "mlp", input_shape=data.input_shape, outputs=data.outputs, vocabulary=vocabulary
    )
    return model


def given(frame: pd.DataFrame, data: Dataset) -> dict[str, Any]:
    """The raw columns, by the names that the model has for them."""
    card = ModelCard.of(data, {})
    values = raw_columns(frame, card.input_columns, source="people.csv")
    return dict(zip(card.input_names, values.values(), strict=True))


def test_a_table_goes_in_by_its_columns_whatever_they_are_called() -> None:
    frame, data = people()
    model = mlp_for(data)

    portable = portable_model(model, data)

    assert list(portable.input) == ["mlp", "a_b", "probabilities", "where é"]
    assert isinstance(data.encoder, TableEncoder)
    logits = np.asarray(model(data.encoder.transform(frame)))
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(predict(portable, given(frame, data)), expected, rtol=1e-5)


def test_keras_predict_takes_a_dict_of_columns(tmp_path: Path) -> None:
    frame, data = people({"n": "number", "c": "category"})
    save_model(mlp_for(data), data, tmp_path / "m.keras", {})
    portable = keras.models.load_model(tmp_path / "m.keras")
    columns = given(frame, data)

    probabilities = portable.predict(columns, verbose=0)

    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    standing = {name: tf.constant(values[:, None]) for name, values in columns.items()}
    np.testing.assert_allclose(
        probabilities, portable(standing), atol=0.1
    )  # In float32 1e6 is coarse.


def test_predicting_exactly_does_not_round_what_goes_in() -> None:
    _, data = people({"n": "number"})
    close = {"n": 1e6 + np.array([0.0, 1e-3])}  # One number in float32.
    portable = portable_model(mlp_for(data), data)

    first, second = predict(portable, close)

    assert (first != second).any()


def test_values_come_out_in_the_targets_unit() -> None:
    data = load_data("diabetes")
    model = mlp_for(data)

    values = predict(portable_model(model, data), np.zeros((1, *data.input_shape)))

    scaler: Any = data.encoder
    standardized = float(model(scaler.transform(np.zeros((1, *data.input_shape))))[0, 0])
    expected = standardized * data.target_scale + data.target_mean
    last_bits = 4 * float(np.finfo(np.float32).eps) * abs(standardized) * data.target_scale
    assert values[0, 0] == pytest.approx(expected, abs=last_bits)


def test_texts_become_the_token_ids_that_the_encoder_makes() -> None:
    data = load_data("languages", train_size=100)
    encoder: Any = data.encoder
    texts = np.array(["Ωmega", "", "a" * 99, "né\n", "\N{REPLACEMENT CHARACTER}b"], dtype=object)
    inputs = keras.Input(data.input_shape, dtype="int32")
    vectors = keras.layers.Embedding(len(data.vocabulary or ()), 3)(inputs)
    model = keras.Model(inputs, keras.layers.Dense(data.outputs)(keras.layers.Flatten()(vectors)))
    portable = portable_model(model, data)

    token_ids = portable.get_layer("preprocessing").predict(texts, verbose=0)

    assert token_ids.dtype == np.int32
    np.testing.assert_array_equal(token_ids, encoder.encode(texts))


def test_inputs_that_were_not_scaled_go_in_as_they_are() -> None:
    data = load_data("wine", input_scaling="none")
    model = mlp_for(data)

    probabilities = predict(portable_model(model, data), data.test.x)

    logits = np.asarray(model(data.test.x))
    np.testing.assert_array_equal(probabilities.argmax(axis=1), logits.argmax(axis=1))


def test_the_same_model_gives_the_same_bytes_in_another_process(tmp_path: Path) -> None:
    code = """
import sys, keras
from dlsuite.data import load_data
from dlsuite.models import create_model
from dlsuite.models.portable import save_model
for _ in range(int(sys.argv[2])):  # Names and places in memory of another process.
    keras.layers.Dense(3)
data = load_data("wine")
model = create_model("mlp", input_shape=(13,), outputs=3)
model.set_weights([0 * weight + 0.5 for weight in model.get_weights()])
save_model(model, data, sys.argv[1], {"seed": 1})
"""
    paths = [tmp_path / "first.keras", tmp_path / "again.keras"]
    for turn, path in enumerate(paths):
        subprocess.run([sys.executable, "-c", code, str(path), str(turn)], check=True)
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_a_card_comes_back_without_keras_and_keras_does_not_mind_it(tmp_path: Path) -> None:
    _, data = people()
    path = tmp_path / "deep" / "m.keras"
    save_model(mlp_for(data), data, path, {"seed": 3, "scores": {"test_loss": 0.5}})

    card = read_card(path)

    assert card == ModelCard.of(data, {"seed": 3, "scores": {"test_loss": 0.5}})
    assert card is not None
    assert card.target == "class"
    assert [column.name for column in card.input_columns] == list(COLUMNS)
    assert card.input_names[1] == "a_b"
    code = "import sys; from dlsuite.models.card import read_card; read_card(sys.argv[1])\n"
    check = "assert not {'keras', 'tensorflow'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code + check, str(path)], check=True)
    assert isinstance(read_model(path), keras.Model)


def own_function(x: Any) -> Any:
    return x * 3


@pytest.fixture
def own_layer() -> Iterator[type]:
    class Doubled(keras.layers.Layer):
        def call(self, x: Any) -> Any:
            return x * 2

    yield Doubled


def test_code_of_ones_own_is_refused_by_the_layer_that_has_it(
    own_layer: type, tmp_path: Path
) -> None:
    data = load_data("wine")
    for layer, reason in (
        (own_layer(name="mine"), r"layer 'mine': cannot be saved .* 'Doubled' is not Keras's own"),
        (keras.layers.Lambda(lambda x: x, name="mine"), "a Lambda is Python code"),
        (
            keras.layers.Activation(own_function, name="mine"),
            r"layer 'mine': .* is not Keras's own",
        ),
    ):
        model = keras.Sequential([keras.Input((13,)), layer, keras.layers.Dense(3)])
        with pytest.raises(SpecError, match=reason):
            save_model(model, data, tmp_path / "m.keras", {})
    assert not list(tmp_path.iterdir())


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    data = load_data("wine")
    (tmp_path / "file").touch()
    with pytest.raises(SpecError, match=r"m\.h5: expected a file name that ends in \.keras"):
        save_model(mlp_for(data), data, tmp_path / "m.h5", {})
    with pytest.raises(StoreError, match=r"m\.keras: cannot be written \("):
        save_model(mlp_for(data), data, tmp_path / "file" / "m.keras", {})


def test_what_is_no_saved_model_is_told(tmp_path: Path) -> None:
    path = tmp_path / "m.keras"
    with pytest.raises(SpecError, match=r"there is no file .*m\.keras"):
        read_card(path)
    path.write_text("PK but no archive")
    with pytest.raises(
        SpecError, match=r"m\.keras: expected a \.keras file, which is a zip archive"
    ):
        read_card(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("other.txt", "")
    with pytest.raises(SpecError, match=r"expected a \.keras file; it holds no config\.json"):
        read_card(path)
    for card, reason in (
        ('{"format": 99}', "written by a later version"),
        ("{}", "its card, dlsuite.json, cannot be read"),
        ("[]", "its card, dlsuite.json, cannot be read"),
        ("{", "it is none"),
        ('{"format": 1, "input_columns": [], "colour": 1}', "cannot be read"),
    ):
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("config.json", "{}")
            archive.writestr(CARD, card)
        with pytest.raises(SpecError, match=reason):
            read_card(path)
