"""Moved images against TensorFlow's own operation, which Keras's layers call."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from dlsuite.training.affine import Reading, move_images

FILL_MODES = ("constant", "nearest", "reflect", "wrap")
IMAGES = 24


def reference(images: tf.Tensor, maps: np.ndarray, reading: Reading) -> tf.Tensor:
    if maps.shape[1] == 4:
        a0, a2, b1, b2 = maps.T
        none = np.zeros_like(a0)
        maps = np.stack([a0, none, a2, none, b1, b2], axis=1)
    transforms = np.concatenate([maps, np.zeros((len(maps), 2), np.float32)], axis=1)
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=images,
        transforms=transforms,
        output_shape=images.shape[1:3],
        fill_value=reading.fill_value,
        interpolation=reading.interpolation.upper(),
        fill_mode=reading.fill_mode.upper(),
    )


def maps_of(kind: str, size: tuple[int, int], generator: np.random.Generator) -> np.ndarray:
    height, width = size
    ones = np.ones(IMAGES)
    if kind == "shift":
        x, y = (generator.uniform(-1.5 * s, 1.5 * s, IMAGES) for s in (width, height))
        maps = [ones, x, ones, y]
    elif kind == "zoom":
        x, y = generator.uniform(0.4, 1.8, (2, IMAGES))
        maps = [x, (width - 1) / 2 * (1 - x), y, (height - 1) / 2 * (1 - y)]
    else:
        angle = generator.uniform(-3, 3, IMAGES)
        cos, sin = np.cos(angle), np.sin(angle)
        x, y = (width - 1) / 2, (height - 1) / 2
        maps = [cos, -sin, x - x * cos + y * sin, sin, cos, y - x * sin - y * cos]
    return np.stack(maps, axis=1).astype(np.float32)


@given(
    kind=st.sampled_from(["shift", "zoom", "turn"]),
    size=st.tuples(st.integers(1, 9), st.integers(1, 9)),
    fill_mode=st.sampled_from(FILL_MODES),
    interpolation=st.sampled_from(["nearest", "bilinear"]),
    dtype=st.sampled_from(["float32", "float64"]),
    seed=st.integers(0, 2**16),
)
@settings(max_examples=80, deadline=None)
def test_images_move_as_in_tensorflow(
    kind: str, size: tuple[int, int], fill_mode: str, interpolation: str, dtype: str, seed: int
) -> None:
    generator = np.random.default_rng(seed)
    images = tf.constant(generator.normal(size=(IMAGES, *size, 2)), dtype)
    maps = maps_of(kind, size, generator)
    reading = Reading(interpolation, fill_mode, 0.5)
    expected = reference(images, maps, reading).numpy()
    moved = move_images(images, tf.constant(maps), reading).numpy()
    assert moved.dtype == expected.dtype
    if interpolation == "nearest" and kind != "turn":
        np.testing.assert_array_equal(moved, expected)
    elif interpolation == "nearest":  # A last bit may decide for the pixel beside.
        assert np.mean(moved == expected) > 0.99
    else:
        np.testing.assert_allclose(moved, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("kind", ["shift", "zoom", "turn"])
@pytest.mark.parametrize("fill_mode", FILL_MODES)
def test_a_compiled_graph_moves_images_and_gradients_as_tensorflow(
    kind: str, fill_mode: str
) -> None:
    generator = np.random.default_rng(1)
    images, weights = (
        tf.constant(generator.normal(size=(IMAGES, 7, 6, 2)), tf.float32) for _ in range(2)
    )
    maps = maps_of(kind, (7, 6), generator)
    reading = Reading("bilinear", fill_mode, 0.5)

    def both(move: Any) -> tuple[tf.Tensor, tf.Tensor]:
        with tf.GradientTape() as tape:
            tape.watch(images)
            moved = move(images, maps, reading)
            total = tf.reduce_sum(weights * moved)
        return moved, tape.gradient(total, images)

    compiled = tf.function(both, jit_compile=True, autograph=False)
    for got, expected in zip(compiled(move_images), both(reference), strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-3, atol=1e-4)


def test_whole_pixels_are_moved_to_the_bit_in_a_compiled_graph() -> None:
    generator = np.random.default_rng(2)
    images = tf.constant(generator.normal(size=(IMAGES, 8, 8, 1)), tf.float32)
    maps = maps_of("shift", (8, 8), generator)
    reading = Reading("nearest", "reflect")
    compiled = tf.function(lambda: move_images(images, maps, reading), jit_compile=True)
    np.testing.assert_array_equal(compiled(), reference(images, maps, reading))
