"""What layers hand on, compared with plain Keras models of the same layers."""

from typing import Any

import keras
import numpy as np
import pytest

from dlsuite.models import create_model
from dlsuite.training.activations import layer_activity
from dlsuite.training.initialize import seeded_copy

X = np.random.default_rng(0).normal(size=(40, 4)).astype(np.float32)


def places(model: keras.Model, count: int) -> list[list[np.ndarray]]:
    return [seeded_copy(model, seed).get_weights() for seed in range(count)]


def tap(model: keras.Model, weights: Any, name: str, x: np.ndarray, **how: Any) -> np.ndarray:
    """What a plain model's layer hands on."""
    plain = keras.models.clone_model(model)
    plain.set_weights(weights)
    inner = keras.Model(plain.inputs[0], plain.get_layer(name).output)
    return np.asarray(inner(x, **how))


def test_each_place_hands_on_what_the_plain_model_does() -> None:
    model = create_model("mlp", input_shape=(4,), outputs=2, units=(6, 5), dropout=0.5)
    weights = places(model, 3)
    found = {one.layer: one for one in layer_activity(model, weights, X)}
    assert list(found) == ["input", "activation_1", "activation_2", "output"]
    for place, own in enumerate(weights):
        taken, given = (tap(model, own, name, X) for name in ("dense_2", "activation_2"))
        layer = found["activation_2"]
        assert layer.inputs is not None
        np.testing.assert_allclose(layer.inputs.kept[place], taken.ravel(), atol=1e-6)
        np.testing.assert_allclose(layer.outputs.kept[place], given.ravel(), atol=1e-6)
        spread = np.sqrt(taken.var(axis=0).mean())
        assert layer.inputs.deviation[place] == pytest.approx(spread, rel=1e-5)
        assert layer.outputs.mean[place] == pytest.approx(given.mean(), rel=1e-4)
        assert layer.zero[place] == (given == 0).mean()
        assert layer.dead[place] == (given == 0).all(axis=0).mean()
    assert np.isnan(layer.saturated).all() and layer.activation == "relu" and layer.units == 5


def test_the_input_is_what_was_given_and_the_output_what_the_model_gives() -> None:
    model = create_model("mlp", input_shape=(4,), outputs=2, units=(3,))
    (weights,) = places(model, 1)
    first, *_, last = layer_activity(model, [weights], X)
    assert (first.role, last.role) == ("input", "output")
    np.testing.assert_array_equal(first.outputs.kept[0], X.ravel())
    np.testing.assert_allclose(
        last.outputs.kept[0], tap(model, weights, "output", X).ravel(), atol=1e-6
    )


def test_batch_normalization_uses_the_examples_own_statistics_and_nothing_is_dropped() -> None:
    model = create_model(
        "mlp", input_shape=(4,), outputs=2, units=(6,), batch_norm=True, dropout=0.9
    )
    (weights,) = places(model, 1)
    (layer,) = (one for one in layer_activity(model, [weights], X) if one.role == "hidden")
    sums = tap(model, weights, "dense_1", X)
    expected = (sums - sums.mean(axis=0)) / np.sqrt(sums.var(axis=0) + 1e-3)
    assert layer.inputs is not None
    np.testing.assert_allclose(layer.inputs.kept[0], expected.ravel(), atol=1e-5)
    assert layer.inputs.deviation[0] == pytest.approx(1.0, abs=5e-3)
    assert layer.outputs.mean[0] == pytest.approx(np.maximum(expected, 0).mean(), rel=1e-4)


def test_the_model_stays_as_it_was() -> None:
    model = create_model("mlp", input_shape=(4,), outputs=2, units=(6,), batch_norm=True)
    before = [weight.copy() for weight in model.get_weights()]
    layer_activity(model, places(model, 2), X)
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


@pytest.mark.parametrize(
    ("activation", "saturated"),
    [("tanh", lambda a: np.abs(a) > 0.95), ("sigmoid", lambda a: (a < 0.025) | (a > 0.975))],
)
def test_saturated_is_near_an_end_of_the_range(activation: str, saturated: Any) -> None:
    model = create_model("mlp", input_shape=(4,), outputs=2, units=(8,), activation=activation)
    weights = [[20 * weight for weight in own] for own in places(model, 1)]
    layer = layer_activity(model, weights, X)[1]
    given = tap(model, weights[0], "activation_1", X)
    assert layer.saturated[0] == pytest.approx(saturated(given).mean())
    assert layer.saturated[0] > 0.1


def test_images_are_looked_at_in_all_positions_and_no_more_values_are_kept_than_needed() -> None:
    model = create_model("cnn", input_shape=(16, 16, 1), outputs=2, filters=(8,), units=(3,))
    (weights,) = places(model, 1)
    x = np.random.default_rng(1).normal(size=(40, 16, 16, 1)).astype(np.float32)
    layer = layer_activity(model, [weights], x)[1]
    given = tap(model, weights, "activation_1_1", x)
    assert layer.outputs.kept.shape == (1, 2**16) and given.size > 2**16
    assert layer.outputs.mean[0] == pytest.approx(given.mean(), rel=1e-4)
    assert layer.outputs.kept[0].mean() == pytest.approx(given.mean(), rel=0.02)
    spread = np.sqrt(given.reshape(-1, 8).var(axis=0).mean())
    assert layer.outputs.deviation[0] == pytest.approx(spread, rel=1e-4)
    again = layer_activity(model, [weights], x)[1]
    np.testing.assert_array_equal(again.outputs.kept, layer.outputs.kept)


def test_steps_that_are_masked_do_not_count() -> None:
    inputs = keras.Input((5,), dtype="int32")
    x = keras.layers.Embedding(4, 3, mask_zero=True, name="embedding")(inputs)
    x = keras.layers.SimpleRNN(2, return_sequences=True, name="rnn")(x)
    model = keras.Model(inputs, keras.layers.Dense(1)(keras.layers.SimpleRNN(2, name="last")(x)))
    (weights,) = places(model, 1)
    tokens = np.array([[0, 0, 1, 2, 3], [0, 1, 1, 1, 1]], np.int32)
    layers = layer_activity(model, [weights], tokens)
    assert [one.role for one in layers] == ["hidden", "hidden", "output"]
    given = tap(model, weights, "rnn", tokens)[tokens > 0]
    np.testing.assert_allclose(layers[0].outputs.kept[0], given.ravel(), atol=1e-6)
    assert layers[0].inputs is None and layers[0].activation == "tanh"


def test_a_layer_that_is_called_twice_is_told_apart_by_the_call() -> None:
    inputs = keras.Input((4,))
    relu = keras.layers.ReLU(name="relu")
    x = relu(keras.layers.Dense(3, name="first")(inputs))
    x = relu(keras.layers.Dense(5, name="second")(x))
    model = keras.Model(inputs, keras.layers.Dense(1)(x))
    found = layer_activity(model, places(model, 1), X)
    assert [(one.layer, one.units) for one in found][1:3] == [("relu", 3), ("relu (call 2)", 5)]


def test_places_that_do_not_fit_at_once_are_computed_in_turn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = create_model("mlp", input_shape=(4,), outputs=2, units=(3,), batch_norm=True)
    weights = places(model, 5)
    at_once = layer_activity(model, weights, X)
    monkeypatch.setattr("dlsuite.training.activations._NUMBERS_AT_ONCE", 2 * 40 * 20)
    in_turn = layer_activity(model, weights, X)
    for one, other in zip(at_once, in_turn, strict=True):
        np.testing.assert_allclose(one.outputs.kept, other.outputs.kept, atol=1e-6)
        np.testing.assert_allclose(one.dead, other.dead)
