"""What is dropped: which units, how many, and whether the seed alone decides."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from dlsuite.models import create_model
from dlsuite.training.dropout import DropoutSite
from dlsuite.training.initialize import initial_weights
from dlsuite.training.population import Population

SHAPE = (200, 50)
Draw = Callable[..., np.ndarray]


@pytest.fixture(scope="module")
def draw() -> Draw:
    """Draws a mask by the seed, path, step and rate; one compiled graph a path."""
    step = keras.Variable(0, dtype="int64")
    graphs: dict[str, tuple[DropoutSite, Any]] = {}

    def draw(
        *, seed: int = 0, path: str = "dropout_1", at: int = 0, rate: float = 0.3
    ) -> np.ndarray:
        if path not in graphs:
            site = DropoutSite(path, step, members=1)
            graphs[path] = site, tf.function(lambda: site.mask(SHAPE, tf.float32), jit_compile=True)
        site, graph = graphs[path]
        site.assign(rates=[rate], seeds=[seed])
        step.assign(at)
        return np.asarray(graph().numpy()[0])

    return draw


def test_a_mask_drops_its_share_and_scales_the_rest(draw: Draw) -> None:
    mask = draw(rate=0.3)
    dropped = np.mean(mask == 0)
    # 10,000 draws: three standard errors of the share.
    assert dropped == pytest.approx(0.3, abs=3 * (0.3 * 0.7 / mask.size) ** 0.5)
    assert np.unique(mask[mask > 0]) == pytest.approx(1 / 0.7)
    assert mask.mean() == pytest.approx(1, abs=0.03)


def test_a_rate_of_zero_drops_nothing(draw: Draw) -> None:
    assert np.all(draw(rate=0.0) == 1)


def test_a_higher_rate_drops_a_superset(draw: Draw) -> None:
    few, many = draw(rate=0.2) == 0, draw(rate=0.5) == 0
    assert few.sum() < many.sum()
    assert np.all(many[few])


def test_the_same_seed_layer_and_step_draw_the_same(draw: Draw) -> None:
    first = draw(seed=3, at=5)
    draw(seed=4, at=6)
    assert np.array_equal(first, draw(seed=3, at=5))


@pytest.mark.parametrize("other", [{"seed": 1}, {"path": "dropout_2"}, {"at": 1}])
def test_draws_differ_between_seeds_layers_and_steps(draw: Draw, other: dict[str, Any]) -> None:
    first, second = draw() == 0, draw(**other) == 0
    # Independent draws at 0.3 are both dropped in 9 of 100 places.
    assert np.mean(first & second) == pytest.approx(0.09, abs=0.01)


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def _simple_rnn(x: np.ndarray, mask: np.ndarray, weights: list[np.ndarray]) -> np.ndarray:
    kernel, recurrent, bias = weights
    h = np.zeros_like(mask)
    for t in range(x.shape[1]):
        h = np.tanh(x[:, t] @ kernel + (mask * h) @ recurrent + bias)
    return h


def _gru(x: np.ndarray, mask: np.ndarray, weights: list[np.ndarray]) -> np.ndarray:
    kernel, recurrent, bias = weights
    h = np.zeros_like(mask)
    for t in range(x.shape[1]):
        x_z, x_r, x_h = np.split(x[:, t] @ kernel + bias[0], 3, axis=1)
        h_z, h_r, h_h = np.split((mask * h) @ recurrent + bias[1], 3, axis=1)
        z, r = _sigmoid(x_z + h_z), _sigmoid(x_r + h_r)
        h = z * h + (1 - z) * np.tanh(x_h + r * h_h)
    return h


def _lstm(x: np.ndarray, mask: np.ndarray, weights: list[np.ndarray]) -> np.ndarray:
    kernel, recurrent, bias = weights
    h, c = np.zeros_like(mask), np.zeros_like(mask)
    for t in range(x.shape[1]):
        i, f, g, o = np.split(x[:, t] @ kernel + (mask * h) @ recurrent + bias, 4, axis=1)
        c = _sigmoid(f) * c + _sigmoid(i) * np.tanh(g)
        h = _sigmoid(o) * np.tanh(c)
    return h


@pytest.mark.parametrize(
    ("name", "by_hand"), [("simple_rnn", _simple_rnn), ("gru", _gru), ("lstm", _lstm)]
)
def test_recurrent_dropout_drops_the_same_units_of_an_example_at_every_step(
    name: str, by_hand: Callable[..., np.ndarray]
) -> None:
    plain = create_model(
        name, input_shape=(6, 2), outputs=2, units=[16], recurrent_dropout=0.4, dropout=0.0
    )
    population = loaded(plain, seeds=[1, 2])
    site = DropoutSite(f"{name}_1/recurrent", population.step, members=2)
    site.assign(rates=[0.4, 0.4], seeds=[1, 2])
    # The same input for all examples: what differs between them is their mask.
    x = np.tile(np.random.default_rng(0).normal(size=(6, 2)), (2, 8, 1, 1)).astype(np.float32)

    @tf.function(jit_compile=True)
    def forward() -> tuple[tf.Tensor, tf.Tensor]:
        return population(x, training=True), site.mask((8, 16), tf.float32)

    outputs, masks = (tensor.numpy() for tensor in forward())
    for member in range(2):
        *cell, kernel, bias = population.member(member).get_weights()
        expected = by_hand(x[member], masks[member], cell) @ kernel + bias
        np.testing.assert_allclose(outputs[member], expected, rtol=1e-4, atol=1e-5)
        assert len(np.unique(outputs[member, :, 0])) == 8


def test_inputs_of_a_recurrent_layer_are_dropped_at_its_own_rate() -> None:
    inputs = keras.Input((3, 200), name="input")
    # With one unit that sums its inputs and forgets, the last step shows how many were dropped.
    x = keras.layers.SimpleRNN(
        1,
        activation="linear",
        dropout=0.25,
        kernel_initializer="ones",
        recurrent_initializer="zeros",
        name="rnn",
    )(inputs)
    sums = train_mode(keras.Model(inputs, x), np.ones((1, 50, 3, 200)))[0, :, 0]
    kept = sums * 0.75 / 200
    assert kept.mean() == pytest.approx(0.75, abs=3 * (0.25 * 0.75 / 10_000) ** 0.5)
    assert kept.std() > 0


def test_noise_shape_shares_a_draw() -> None:
    inputs = keras.Input((20, 4), name="input")
    x = keras.layers.Dense(4, kernel_initializer="identity", name="same")(inputs)
    outputs = keras.layers.Dropout(0.5, noise_shape=(None, 1, 4), name="drop")(x)
    dropped = train_mode(keras.Model(inputs, outputs), np.ones((1, 30, 20, 4)))[0] == 0
    assert np.all(dropped == dropped[:, :1])
    assert 0.3 < dropped[:, 0].mean() < 0.7


def test_members_of_one_seed_drop_the_same_units_each_at_its_own_rate() -> None:
    def build(rate: float) -> keras.Model:
        inputs = keras.Input((200,), name="input")
        x = keras.layers.Dense(200, kernel_initializer="identity", name="same")(inputs)
        return keras.Model(inputs, keras.layers.Dropout(rate, name="drop")(x), name="drops")

    plains = [build(0.2), build(0.5), build(0.2)]
    population = Population(plains[0], members=3)
    seeds = [7, 7, 8]
    population.load(
        plains, [initial_weights(p, s) for p, s in zip(plains, seeds, strict=True)], seeds
    )
    outputs = population(tf.ones([3, 50, 200]), training=True).numpy()
    few, many, other = outputs == 0
    assert few.mean() == pytest.approx(0.2, abs=0.02)
    assert many.mean() == pytest.approx(0.5, abs=0.02)
    assert np.all(many[few])
    assert not np.array_equal(few, other)


def test_nothing_is_dropped_in_inference() -> None:
    plain = create_model("mlp", input_shape=(4,), outputs=2, units=[8], dropout=0.9)
    population = loaded(plain, seeds=[0])
    x = np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)
    np.testing.assert_allclose(
        population(x[None]).numpy()[0], population.member(0)(x, training=False), rtol=1e-5
    )


def loaded(plain: keras.Model, *, seeds: list[int]) -> Population:
    population = Population(plain, members=len(seeds))
    weights = [initial_weights(plain, seed) for seed in seeds]
    population.load([plain] * len(seeds), weights, seeds)
    return population


def train_mode(plain: keras.Model, x: np.ndarray) -> np.ndarray:
    population = loaded(plain, seeds=[0])
    return np.asarray(population(tf.constant(x, tf.float32), training=True))
