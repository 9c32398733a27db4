"""The registry of models, and what creating one by name promises."""

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from dlsuite.errors import SpecError, UnknownNameError
from dlsuite.models import (
    create_model,
    list_models,
    model_entry,
    register_model,
    unregister_model,
)

ALL = [
    *["bilstm", "cnn", "gru", "lstm", "mlp", "resnet"],
    *["simple_rnn", "tabular_resnet", "tcn", "text_cnn"],
]
WITHOUT_KERAS = """
import json, sys
import dlsuite.models
from dlsuite.models import list_models, model_entry
from dlsuite.training.settings import training_hyperparameters

names = {name: sorted(model_entry(name).hyperparameters) for name in list_models()}
summaries = [model_entry(name).summary for name in names]
training = sorted(training_hyperparameters())
heavy = sorted({"keras", "tensorflow"} & set(sys.modules))
print(json.dumps([names, summaries, training, heavy]))
"""


@pytest.fixture
def linear() -> Iterator[str]:
    @register_model("linear_for_test", kinds=["table"])
    def linear(*, input_shape: tuple[int, ...], outputs: int, bias: bool = True) -> Any:
        """One dense layer.

        Args:
            bias: Whether it has a bias.
        """
        import keras

        return keras.Sequential(
            [keras.Input(input_shape), keras.layers.Dense(outputs, use_bias=bias)]
        )

    yield "linear_for_test"
    unregister_model("linear_for_test")


def test_listing_and_checking_need_neither_keras_nor_tensorflow() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_KERAS], capture_output=True, text=True, check=True
    )
    names, summaries, training, heavy = json.loads(done.stdout)
    assert heavy == []
    assert list(names) == ALL
    assert all(summary.endswith((".", ":")) for summary in summaries)
    assert {"learning_rate", "optimizer", "batch_size"} <= set(training)
    for name, taken in names.items():
        assert {"dropout", "batch_norm", "activation", "l2"} <= set(taken)
        assert ("depth" in taken) == (name != "text_cnn")
        assert not {"input_shape", "outputs", "vocabulary"} & set(taken)


def test_models_are_listed_sorted_by_wildcard_and_kind() -> None:
    assert list_models() == ALL
    assert list_models("*rnn") == ["simple_rnn"]
    assert list_models("?ru") == ["gru"]
    assert list_models(kind="image") == ["cnn", "mlp", "resnet"]
    assert list_models(kind="table") == ["mlp", "tabular_resnet"]
    assert [*list_models(kind="series"), "text_cnn"] == list_models("*", kind="text")
    assert list_models("nothing*") == []


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(SpecError, match=r"kind: expected one of \('table', .*\); got 'sound'"):
        list_models(kind="sound")


def test_an_own_model_is_listed_and_created(linear: str) -> None:
    assert linear in list_models(kind="table")
    assert linear not in list_models(kind="image")
    entry = model_entry(linear)
    assert entry.summary == "One dense layer."
    assert entry.hyperparameters["bias"].doc == "Whether it has a bias."
    assert create_model(linear, input_shape=(4,), outputs=2).count_params() == 10
    assert create_model(linear, input_shape=(4,), outputs=2, bias=False).count_params() == 8


def test_a_name_can_be_registered_once(linear: str) -> None:
    first = model_entry(linear)
    with pytest.raises(SpecError, match="The model 'linear_for_test' is registered already"):
        register_model(linear, kinds=["table"])(first.builder)
    assert model_entry(linear) is first


def test_an_unregistered_model_is_gone(linear: str) -> None:
    builder = model_entry(linear).builder
    unregister_model(linear)
    try:
        with pytest.raises(UnknownNameError, match="Unknown model 'linear_for_test'"):
            create_model(linear, input_shape=(4,), outputs=2)
    finally:
        register_model(linear, kinds=["table"])(builder)


@pytest.mark.parametrize("kinds", [[], ["table", "sound"], "table"])
def test_a_model_is_for_known_kinds(kinds: Any) -> None:
    with pytest.raises(SpecError, match="model 'x': expected kinds among "):
        register_model("x", kinds=kinds)


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("mpl", {}, "Unknown model 'mpl'. Did you mean 'mlp'?"),
        ("mlp", {"dropuot": 0.5}, "model 'mlp' does not take 'dropuot'. Did you mean 'dropout'"),
        ("mlp", {"filters": [3]}, "model 'mlp' does not take 'filters'. "),
        ("mlp", {"dropout": 1.0}, "dropout: expected a number, at least 0, less than 1; got 1."),
        (
            "mlp",
            {"dropout": -0.1},
            "dropout: expected a number, at least 0, less than 1; got -0.1.",
        ),
        (
            "mlp",
            {"units": []},
            "units: expected a whole number, at least 1, or a list of at least 1",
        ),
        ("mlp", {"l2": -1}, "l2: expected a number, at least 0; got -1."),
        ("mlp", {"activation": "rleu"}, 'activation: expected one of "relu", "tanh", '),
        ("mlp", {"batch_norm": "yes"}, 'batch_norm: expected true or false; got "yes".'),
        ("cnn", {}, "model 'cnn': expected images of shape (height, width, channels); got (4,)."),
        (
            "gru",
            {},
            "model 'gru': cannot be built for examples of shape (4,): ValueError: Input 0 ",
        ),
        (
            "text_cnn",
            {"widths": [2, 5]},
            "model 'text_cnn': a filter 5 tokens wide does not fit into a text of 4; give smaller ",
        ),
        ("tcn", {"kernel_size": 1}, "kernel_size: expected a whole number, at least 2; got 1."),
    ],
)
def test_what_cannot_be_built_is_refused(name: str, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError) as caught:
        create_model(name, input_shape=(4,), outputs=2, **settings)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "filters", "halvings"), [("cnn", [2, 2, 2], 3), ("resnet", [2, 2, 2, 2], 3)]
)
def test_an_image_too_small_to_be_halved_is_refused(
    name: str, filters: list[int], halvings: int
) -> None:
    with pytest.raises(SpecError) as caught:
        create_model(name, input_shape=(9, 7, 1), outputs=2, filters=filters)
    assert str(caught.value) == (
        f"model {name!r}: an image of 9x7 cannot be halved {halvings} times; give fewer filters or "
        "larger images."
    )
    assert create_model(name, input_shape=(9, 8, 1), outputs=2, filters=filters).count_params() > 0


def test_layers_without_names_are_called_alike_in_every_model() -> None:
    import keras

    def linear(*, input_shape: tuple[int, ...], outputs: int) -> keras.Model:
        return keras.Sequential([keras.Input(input_shape), keras.layers.Dense(outputs)])

    register_model("unnamed", kinds=["table"])(linear)
    try:
        models = [create_model("unnamed", input_shape=(3,), outputs=2) for _ in range(2)]
    finally:
        unregister_model("unnamed")
    assert [layer.name for model in models for layer in model.layers] == ["dense", "dense"]
