"""Which layers of a model hand hidden units on."""

from typing import Any

import keras
import pytest

from dlsuite.models import create_model
from dlsuite.training.units import hidden_layers, relu_layers

layers = keras.layers


def functional(shape: tuple[int, ...], build: Any) -> keras.Model:
    inputs = keras.Input(shape, name="input")
    return keras.Model(inputs, build(inputs))


def nested() -> keras.Model:
    inner = keras.Sequential(
        [keras.Input((3,)), layers.Dense(3, activation="relu", name="in")], name="inner"
    )
    head = keras.Sequential([keras.Input((3,)), layers.Dense(2, "tanh", name="out")], name="head")
    return functional((3,), lambda x: head(inner(x)))


def stateful(x: Any) -> Any:
    sequence, state = layers.GRU(3, return_state=True, name="gru")(x)
    return layers.Dense(2, name="output")(layers.Concatenate()([sequence, state]))


CASES: dict[str, tuple[Any, list[str]]] = {
    "activations apart and own": (
        lambda: keras.Sequential(
            [
                keras.Input((4,)),
                layers.Dense(3, name="linear"),
                layers.LeakyReLU(name="leaky"),
                layers.Dense(3, activation="gelu", name="own"),
                layers.Activation("linear", name="nothing"),
                layers.ELU(name="elu"),
                layers.Dense(2, name="output"),
            ]
        ),
        ["leaky", "own", "elu"],
    ),
    "recurrent": (
        lambda: keras.Sequential(
            [
                keras.Input((5, 2)),
                layers.TimeDistributed(layers.Dense(2, activation="relu"), name="each"),
                layers.TimeDistributed(layers.Dense(2), name="each linear"),
                layers.Bidirectional(layers.GRU(2, return_sequences=True), name="both"),
                layers.SimpleRNN(2, name="rnn"),
                layers.Dense(2, name="output"),
            ]
        ),
        ["each", "both", "rnn"],
    ),
    "an output with an activation": (
        lambda: functional((4,), lambda x: layers.Dense(2, activation="tanh", name="output")(x)),
        [],
    ),
    "nested models": (nested, ["inner/in"]),
    "several tensors": (lambda: functional((5, 2), stateful), []),
}


@pytest.mark.parametrize("case", CASES)
def test_hidden_layers_are_what_a_nonlinearity_hands_on_before_the_output(case: str) -> None:
    build, expected = CASES[case]
    assert hidden_layers(build()) == expected


@pytest.mark.parametrize("activation", ["relu", "linear"])
def test_a_linear_network_has_no_hidden_layers(activation: str) -> None:
    model = create_model("mlp", input_shape=(4,), outputs=2, units=[5], activation=activation)
    expected = [] if activation == "linear" else ["activation_1"]
    assert hidden_layers(model) == list(relu_layers(model)) == expected
