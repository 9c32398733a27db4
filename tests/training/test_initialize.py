"""Initial weights: Keras's own distributions, drawn by the seed and the layer's path alone."""

from typing import Any

import keras
import numpy as np
import pytest

from dlsuite.models import create_model, list_models, model_entry
from dlsuite.training.initialize import initial_weights, seeded_copy

SHAPES = {"table": (4,), "series": (5, 2), "image": (8, 8, 1), "text": (5,)}
MODELS = [(name, model_entry(name).kinds[0]) for name in list_models()]


def build(name: str, kind: str, **settings: Any) -> keras.Model:
    return create_model(
        name,
        input_shape=SHAPES[kind],
        outputs=3,
        vocabulary=7 if kind == "text" else None,
        **settings,
    )


def weights_by_layer(model: keras.Model, seed: int) -> dict[str, list[np.ndarray]]:
    copy = seeded_copy(model, seed)
    return {layer.name: layer.get_weights() for layer in copy.layers if layer.weights}


def equal(first: list[np.ndarray], second: list[np.ndarray]) -> bool:
    return len(first) == len(second) and all(map(np.array_equal, first, second))


@pytest.mark.parametrize(("name", "kind"), MODELS)
def test_the_same_seed_gives_a_layer_the_same_weights_whatever_else_there_is(
    name: str, kind: str
) -> None:
    deep = {"depth": 2} if "depth" in model_entry(name).hyperparameters else {}
    models = {
        (dropout, batch_norm): build(name, kind, dropout=dropout, batch_norm=batch_norm, **deep)
        for dropout in (0.0, 0.2)
        for batch_norm in (False, True)
    }
    weights = {key: weights_by_layer(model, seed=5) for key, model in models.items()}
    plainest = weights[0.0, False]
    assert len(plainest) >= 3
    for (_, batch_norm), layers in weights.items():
        assert set(plainest) <= set(layers)
        assert any(layer.startswith("batch_norm") for layer in layers) == batch_norm
        for layer, expected in plainest.items():
            # Before batch normalization there is no bias; the kernel comes first.
            assert equal(layers[layer], expected[: len(layers[layer])]), layer
    for batch_norm in (False, True):
        with_dropout, without = weights[0.2, batch_norm], weights[0.0, batch_norm]
        assert list(with_dropout) == list(without)
        assert all(equal(with_dropout[layer], without[layer]) for layer in without)


@pytest.mark.parametrize(("name", "kind"), MODELS)
def test_another_seed_gives_every_kernel_other_weights(name: str, kind: str) -> None:
    model = build(name, kind)
    first, second = weights_by_layer(model, seed=0), weights_by_layer(model, seed=1)
    for layer in first:
        drawn = not layer.startswith("batch_norm")
        assert np.array_equal(first[layer][0], second[layer][0]) != drawn, layer


def test_layers_of_the_same_shape_have_weights_of_their_own() -> None:
    weights = weights_by_layer(build("mlp", "table", units=[6], depth=3), seed=0)
    assert not np.array_equal(weights["dense_2"][0], weights["dense_3"][0])


def test_a_dense_kernel_fills_the_glorot_limits_evenly() -> None:
    model = build("mlp", "table", units=[80, 120])
    kernel = weights_by_layer(model, seed=0)["dense_2"][0]
    limit = np.sqrt(6 / (80 + 120))
    assert np.abs(kernel).max() == pytest.approx(limit, rel=1e-3)
    assert np.abs(kernel).max() <= limit
    assert kernel.var() == pytest.approx(limit**2 / 3, rel=0.05)
    assert kernel.mean() == pytest.approx(0, abs=4 * limit / np.sqrt(3 * kernel.size))


def test_a_convolution_counts_its_window_in_the_glorot_limits() -> None:
    kernel = weights_by_layer(build("cnn", "image", filters=[20, 40]), seed=0)["conv_2_1"][0]
    limit = np.sqrt(6 / (9 * 20 + 9 * 40))
    assert np.abs(kernel).max() == pytest.approx(limit, rel=1e-3)
    assert np.abs(kernel).max() <= limit


def test_a_recurrent_kernel_is_orthogonal_and_the_forget_gate_open() -> None:
    kernel, recurrent, bias = weights_by_layer(build("lstm", "series", units=[6]), seed=0)["lstm_1"]
    assert kernel.shape == (2, 24)
    np.testing.assert_allclose(recurrent @ recurrent.T, np.eye(6), atol=1e-5)
    assert bias.tolist() == [0.0] * 6 + [1.0] * 6 + [0.0] * 12


def test_weights_come_in_the_models_own_order_and_leave_it_alone() -> None:
    model = build("mlp", "table", batch_norm=True)
    before = model.get_weights()
    drawn = initial_weights(model, seed=0)
    assert equal(model.get_weights(), before)
    assert [weight.shape for weight in drawn] == [weight.shape for weight in model.weights]
    model.set_weights(drawn)
    assert equal(model.get_layer("dense_1").get_weights(), weights_by_layer(model, 0)["dense_1"])


def test_draws_of_keras_elsewhere_change_nothing() -> None:
    model = build("gru", "text")
    first = initial_weights(model, seed=2)
    keras.utils.set_random_seed(99)
    keras.random.normal((3,))
    assert equal(initial_weights(model, seed=2), first)


def test_layers_of_a_nested_model_have_streams_of_their_own() -> None:
    def nest() -> keras.Model:
        inner = keras.Sequential(
            [keras.Input((4,)), keras.layers.Dense(4, name="dense")], name="inner"
        )
        return keras.Sequential([keras.Input((4,)), keras.layers.Dense(4, name="dense"), inner])

    first = initial_weights(nest(), seed=0)
    assert equal(initial_weights(nest(), seed=0), first)
    assert first[0].shape == first[2].shape
    assert not np.array_equal(first[0], first[2])


def test_both_directions_of_a_bidirectional_layer_have_weights_of_their_own() -> None:
    inner = keras.layers.GRU(3)
    model = keras.Sequential([keras.Input((5, 2)), keras.layers.Bidirectional(inner, name="both")])
    weights = initial_weights(model, seed=0)
    assert weights[0].shape == weights[3].shape
    assert not np.array_equal(weights[0], weights[3])
    assert equal(initial_weights(model, seed=0), weights)
