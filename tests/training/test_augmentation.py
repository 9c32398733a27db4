"""How images are changed: as by Keras's layers, by the seed's draws alone, and in training alone."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

import dlsuite
from dlsuite.models import create_model
from dlsuite.training.augmentation import (
    RANDOM_IMAGE_LAYERS,
    AugmentationSite,
    transform,
    transformation,
)
from dlsuite.training.initialize import initial_weights
from dlsuite.training.population import Population
from dlsuite.training.settings import TrainingSettings
from dlsuite.training.trainer import Trainer, TrialSetup

layers = keras.layers
SIZE = (8, 6)
LAYERS = {
    "flip": lambda: layers.RandomFlip("horizontal"),
    "flip both ways": lambda: layers.RandomFlip(),
    "shift": lambda: layers.RandomTranslation(0.3, (-0.1, 0.4)),
    "shift by whole pixels": lambda: layers.RandomTranslation(
        0.2, 0.2, fill_mode="constant", interpolation="nearest", fill_value=0.5
    ),
    "zoom": lambda: layers.RandomZoom((-0.3, 0.1)),
    "zoom of both axes": lambda: layers.RandomZoom(0.2, 0.3, fill_mode="wrap"),
    "rotation": lambda: layers.RandomRotation((-0.1, 0.3), fill_mode="nearest"),
    "contrast": lambda: layers.RandomContrast((0.2, 0.7), value_range=(-2.0, 2.0)),
    "brightness": lambda: layers.RandomBrightness((-0.1, 0.3), value_range=(-2.0, 2.0)),
}


def images(count: int = 40, *, channels: int = 2) -> np.ndarray:
    generator = np.random.default_rng(0)
    return generator.normal(size=(count, *SIZE, channels)).astype(np.float32)


def draw(layer: Any, *, seed: int = 0, at: int = 0, path: str = "augment") -> tf.Tensor:
    site = AugmentationSite(path, keras.Variable(at, dtype="int64"), seeds=1)
    site.assign([seed])
    return site.draw(layer, 40)[0]


def test_every_layer_is_tested() -> None:
    assert {type(make()) for make in LAYERS.values()} == {*RANDOM_IMAGE_LAYERS}


@pytest.mark.parametrize("name", LAYERS)
def test_a_draw_becomes_the_transformation_that_the_layer_makes_of_it(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    layer = LAYERS[name]()
    fractions = draw(layer)
    columns = iter(tf.unstack(fractions, axis=1))

    def uniform(
        shape: Sequence[int],
        minval: float = 0.0,
        maxval: float = 1.0,
        dtype: Any = None,
        seed: Any = None,
    ) -> tf.Tensor:
        return tf.reshape(minval + next(columns) * (maxval - minval), shape)

    monkeypatch.setattr(layer.backend.random, "uniform", uniform)
    expected = layer.get_random_transformation(tf.constant(images()))
    got = transformation(layer, fractions, SIZE)
    assert list(columns) == []
    for key, value in got.items():
        np.testing.assert_allclose(value, expected[key], rtol=1e-5, atol=1e-5)
    changed = layer.transform_images(tf.constant(images()), expected, training=True)
    again = layer.transform_images(tf.constant(images()), got, training=True)
    np.testing.assert_allclose(changed, again, atol=1e-4)


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("name", LAYERS)
def test_a_compiled_graph_changes_images_as_the_layer_does(name: str, data_format: str) -> None:
    layer = LAYERS[name]()
    layer.data_format = data_format
    x = tf.constant(images())
    if data_format == "channels_first":
        x = tf.transpose(x, [0, 3, 1, 2])
    change = transformation(layer, draw(layer), SIZE)
    expected = layer.transform_images(x, change, training=True).numpy()
    compiled = tf.function(lambda: transform(layer, x, change), jit_compile=True, autograph=False)
    got = compiled().numpy()
    if "flip" in name or "whole" in name:
        np.testing.assert_array_equal(got, expected)
    else:
        np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-4)
    assert not np.array_equal(got, x)


def test_half_of_the_images_are_flipped() -> None:
    layer = layers.RandomFlip("horizontal")
    flips = [transformation(layer, draw(layer, at=step), SIZE)["flips"] for step in range(100)]
    # 4,000 draws: three standard errors of the share.
    assert np.mean(flips) == pytest.approx(0.5, abs=3 * 0.5 / 4000**0.5)


@pytest.mark.parametrize("other", [{"seed": 1}, {"path": "another"}, {"at": 1}])
def test_draws_depend_on_the_seed_the_layer_and_the_step_alone(other: dict[str, Any]) -> None:
    layer = layers.RandomTranslation(0.2, 0.2)
    first = draw(layer).numpy()
    second = draw(layer, **other).numpy()
    assert np.array_equal(first, draw(layer))
    assert abs(np.corrcoef(first.ravel(), second.ravel())[0, 1]) < 0.4
    assert len(np.unique(first, axis=0)) == 40


def seen_by(model: keras.Model, seeds: list[int], x: np.ndarray, **how: Any) -> np.ndarray:
    """What the members of a model that hands images on make of them."""
    variants = how.pop("variants", 1)
    population = Population(model, members=len(seeds), variants=variants)
    population.load([model] * len(seeds), [initial_weights(model, seed) for seed in seeds], seeds)
    compiled = tf.function(lambda: population(x, **how), jit_compile=True, autograph=False)
    return np.asarray(compiled())


def handing_on(*augmentation: keras.layers.Layer, first: bool = True) -> keras.Model:
    inputs = keras.Input((*SIZE, 2), name="input")
    same = layers.Dense(2, kernel_initializer="identity", name="same")
    x = inputs
    for layer in [*augmentation, same] if first else [same, *augmentation]:
        x = layer(x)
    return keras.Model(inputs, x, name="seen")


@pytest.mark.parametrize("first", [True, False], ids=["on the input", "behind weights"])
def test_members_of_one_seed_see_the_same_images_whoever_shares_a_block(first: bool) -> None:
    def model() -> keras.Model:
        flip = layers.RandomFlip("horizontal", name="flip")
        shift = layers.RandomTranslation(0.3, 0.3, interpolation="nearest", name="shift")
        return handing_on(flip, shift, first=first)

    x = np.stack([images(), images() + 1])
    blocks = seen_by(model(), [3, 3, 4, 4], x, variants=2, training=True)
    np.testing.assert_array_equal(blocks[0], blocks[1])
    np.testing.assert_array_equal(blocks[2], blocks[3])
    assert not np.array_equal(blocks[0], blocks[2] - 1)
    spread = seen_by(model(), [4, 3], x[::-1].copy(), training=True)
    np.testing.assert_array_equal(spread, blocks[[2, 0]])


def test_images_are_left_alone_at_inference() -> None:
    model = handing_on(*(make() for name, make in LAYERS.items() if name != "flip"))
    x = images()[None]
    assert not np.allclose(seen_by(model, [0], x, training=True), x, atol=0.1)
    np.testing.assert_array_equal(seen_by(model, [0], x), x)


def test_evaluation_does_not_augment_and_dropout_rates_share_the_graph(
    dataset: Any, trainer: Trainer
) -> None:
    data = dataset(kind="image")
    shape, outputs = data.input_shape, data.outputs

    def model(dropout: float) -> keras.Model:
        return create_model(
            "cnn",
            input_shape=shape,
            outputs=outputs,
            filters=[2],
            units=[4],
            dropout=dropout,
            flip=True,
            shift=0.3,
            crop=0.7,
        )

    # Weights that do not move: what differs between evaluations would be the images.
    still = TrainingSettings(learning_rate=1e-12, batch_size=8)
    before = len(trainer.graphs)
    setups = [TrialSetup(model(rate), still, seed=0) for rate in (0.0, 0.5)]
    for result in trainer.train(setups, data, epochs=3):
        losses = [row["val_loss"] for row in result.curves]
        assert losses == pytest.approx([losses[0]] * 4, rel=1e-6)
    assert len(trainer.graphs) == before + 1


def test_a_cnn_that_augments_is_certified() -> None:
    data = dlsuite.load_data("digits", train_size=20)
    settings = {"filters": [2], "units": [4], "flip": True, "shift": 0.2, "crop": 0.8}
    certificate = dlsuite.verify(
        "cnn", data, settings=settings, members=2, steps=4, precisions=["float64"]
    )
    assert certificate.largest < 1e-12
    assert all(row.moved > 1e-3 for row in certificate.differences)


def test_a_users_model_that_augments_anywhere_is_certified() -> None:
    data = dlsuite.load_data("digits", train_size=20)
    inputs = keras.Input(data.input_shape)
    x = layers.RandomContrast(0.3, value_range=(-5, 5))(inputs)
    x = layers.RandomBrightness(0.1, value_range=(-5, 5))(x)
    x = layers.Conv2D(2, 3, activation="tanh")(x)
    x = layers.RandomTranslation(0.2, 0.2)(layers.RandomRotation(0.1)(x))
    model = keras.Model(inputs, layers.Dense(10)(layers.Flatten()(x)))
    certificate = dlsuite.verify(model, data, members=2, steps=4)
    assert certificate.largest < 1e-12
    # Here the plain model changes images by Keras's own layers, in 32 bits.
    assert max(row.loss for row in certificate.differences) < 1e-4
    assert all(row.moved > 1e-3 for row in certificate.differences)
