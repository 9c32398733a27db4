"""The certificate: it holds for what is right, and does not hold for what is not."""

from pathlib import Path
from typing import Any

import keras
import pytest

import dlsuite
from dlsuite.errors import SpecError
from dlsuite.models import list_models, model_entry
from dlsuite.training.forms import normalization

DATA = {"table": "wine", "series": "sunspots", "text": "languages", "image": "digits"}
SMALL: dict[str, dict[str, Any]] = {
    "mlp": {"units": [8]},
    "cnn": {"filters": [3, 4], "units": [8]},
    "resnet": {"filters": [3, 4]},
    "simple_rnn": {"units": [5]},
    "gru": {"units": [5]},
    "lstm": {"units": [5]},
    "bilstm": {"units": [5]},
    "tabular_resnet": {"width": 6},
    "tcn": {"filters": 4},
    "text_cnn": {"filters": 4, "embedding": 4},
}


def of(name: str, kind: str | None = None, **options: Any) -> dlsuite.Certificate:
    kind = kind or {"mlp": "table"}.get(name, model_entry(name).kinds[-1])
    chosen = SMALL.get(name, {}) | options.pop("settings")
    return dlsuite.verify(name, DATA[kind], settings=chosen, **options)


@pytest.mark.parametrize("name", list_models())
def test_every_model_is_certified_over_200_steps(name: str) -> None:
    # Two members of one seed, in the precision that decides: each is also trained alone and without XLA,
    # which is what takes the time.
    settings = {"activation": "tanh", "optimizer": "adamw"}
    certificate = of(name, settings=settings, members=2, precisions=["float64"])
    assert certificate.holds
    assert certificate.largest < 1e-9
    for row in certificate.differences:
        assert row.steps >= 200
        assert row.moved > 1e-3
        assert row.weights <= 1e-9


@pytest.mark.parametrize("name", ["mlp", "cnn"])
def test_members_of_two_seeds_are_certified_in_both_precisions(name: str) -> None:
    # No kinks: in float32 a rounded number may fall on either side of one, in plain Keras as well.
    certificate = of(name, settings={"activation": "tanh", "optimizer": "adamw"}, steps=100)
    assert {settings["seed"] for settings in certificate.settings} == {0, 1}
    for row in certificate.differences:
        assert row.moved > 1e-3
        assert row.loss <= {"float64": 1e-9, "float32": 1e-4}[row.precision]
        assert row.weights <= {"float64": 1e-9, "float32": 1e-2}[row.precision]


@pytest.mark.parametrize("optimizer", ["sgd", "rmsprop", "adam"])
def test_every_optimizer_is_certified(optimizer: str) -> None:
    certificate = of("mlp", settings={"optimizer": optimizer}, members=2)
    assert max(row.loss for row in certificate.differences if row.precision == "float64") < 1e-9
    assert max(row.loss for row in certificate.differences) < 1e-4


def test_a_model_of_text_is_certified() -> None:
    settings = {"optimizer": "adam", "embedding": 4}
    certificate = of("gru", "text", settings=settings, members=2, precisions=["float64"], steps=50)
    assert certificate.largest < 1e-9
    assert all(row.moved > 1e-3 for row in certificate.differences)


def test_bidirectional_layers_with_dropout_are_certified() -> None:
    data = dlsuite.load_data("sunspots", train_size=60)
    inputs = keras.Input(data.input_shape)
    layers = keras.layers
    inner = layers.LSTM(4, dropout=0.3, recurrent_dropout=0.2, return_sequences=True)
    x = layers.Conv1D(4, 3, activation="softmax")(layers.Bidirectional(inner)(inputs))
    model = keras.Model(inputs, layers.Dense(1)(layers.Flatten()(x)))
    certificate = dlsuite.verify(model, data, members=2, steps=40, precisions=["float64"])
    assert certificate.largest < 1e-9
    assert all(row.moved > 1e-3 for row in certificate.differences)


def test_a_mistake_in_a_form_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    right = normalization.scale_rows

    def slightly_wrong(x: Any, scale: Any, shift: Any) -> Any:
        return right(x, scale * (1 + 1e-6), shift)

    monkeypatch.setattr(normalization, "scale_rows", slightly_wrong)
    certificate = dlsuite.verify("mlp", "wine", settings=SMALL["mlp"], members=2, steps=20)
    assert not certificate.holds
    assert certificate.largest > 1e-9


def test_a_users_own_model_is_certified_from_its_file(tmp_path: Path) -> None:
    inputs = keras.Input((13,))
    x = keras.layers.Dense(6, activation="relu")(inputs)
    x = keras.layers.Dropout(0.3)(keras.layers.PReLU()(x) + x)
    model = keras.Model(inputs, keras.layers.Dense(3)(x))
    model.save(tmp_path / "own.keras")
    certificate = dlsuite.verify(tmp_path / "own.keras", "wine", members=2, steps=30)
    assert certificate.holds
    assert {row.precision for row in certificate.differences} == {"float64", "float32"}


@pytest.mark.parametrize(
    ("model", "settings", "message"),
    [
        ("nowhere.keras", {}, "there is no file nowhere.keras"),
        ("mlp", {"unit": 3}, "unit"),
        (keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)]), {}, "needs a model from"),
        (3, {}, r"expected a model's name, a '\.keras' file or a keras\.Model; got 3"),
    ],
)
def test_what_cannot_be_verified_is_said(model: Any, settings: Any, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        dlsuite.verify(model, "wine", settings=settings)


@pytest.mark.parametrize("precisions", [(), ("float32",), ("float64", "float16")])
def test_float64_decides(precisions: tuple[str, ...]) -> None:
    with pytest.raises(SpecError, match="expected precisions float64, which decides"):
        dlsuite.verify("mlp", "wine", precisions=precisions)
