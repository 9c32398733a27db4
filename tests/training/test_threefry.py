"""Threefry against its published vectors, and what the suite draws with it."""

import numpy as np
import pytest
import tensorflow as tf

from dlsuite.training.threefry import random_fractions, threefry_2x32

# From the authors' own known answers, for 20 rounds (Random123, kat_vectors).
VECTORS = [
    ((0, 0), (0, 0), (0x6B200159, 0x99BA4EFE)),
    ((0xFFFFFFFF, 0xFFFFFFFF), (0xFFFFFFFF, 0xFFFFFFFF), (0x1CB996FC, 0xBB002BE7)),
    ((0x13198A2E, 0x03707344), (0x243F6A88, 0x85A308D3), (0xC4923A9C, 0x483DF7A0)),
]


@pytest.mark.parametrize(("key", "counter", "expected"), VECTORS)
def test_the_published_vectors_are_met(
    key: tuple[int, int], counter: tuple[int, int], expected: tuple[int, int]
) -> None:
    def word(number: int) -> tf.Tensor:
        return tf.constant([number], tf.uint32)

    words = threefry_2x32((word(key[0]), word(key[1])), (word(counter[0]), word(counter[1])))
    assert tuple(int(w[0]) for w in words) == expected


def fractions(keys: list[list[int]], step: int, shape: tuple[int, ...]) -> np.ndarray:
    return random_fractions(tf.constant(keys, tf.int32), tf.constant(step, tf.int64), shape).numpy()


def test_fractions_are_even_and_below_one() -> None:
    drawn = fractions([[1, 2]], 0, (200, 500)).ravel()
    assert drawn.min() >= 0
    assert drawn.max() < 1
    counts, _ = np.histogram(drawn, bins=20, range=(0, 1))
    # Chi-square with 19 degrees of freedom: above 50 once in 8000.
    assert np.sum((counts - 5000) ** 2 / 5000) < 50
    assert np.all(drawn * 2**16 == np.round(drawn * 2**16))


@pytest.mark.parametrize("count", [1, 3, 4, 5, 1001])
def test_a_stream_gives_as_many_as_are_asked_for_and_no_pair_twice(count: int) -> None:
    first, second = fractions([[1, 2], [1, 3]], 7, (count,))
    assert first.shape == (count,)
    if count > 100:
        assert len(np.unique(first)) > 0.95 * count
        assert abs(np.corrcoef(first, second)[0, 1]) < 0.1
        later = fractions([[1, 2]], 8, (count,))[0]
        assert abs(np.corrcoef(first, later)[0, 1]) < 0.1


def test_a_key_draws_the_same_whoever_draws_beside_it() -> None:
    beside = fractions([[5, 6], [-7, 8], [9, 10]], 3, (4, 9))
    assert np.array_equal(fractions([[-7, 8]], 3, (4, 9))[0], beside[1])


def test_a_compiled_graph_draws_the_same_bits() -> None:
    def draw() -> tf.Tensor:
        return random_fractions(tf.constant([[5, 6], [7, 8]]), tf.constant(3), (11, 13))

    compiled = tf.function(draw, jit_compile=True)
    assert np.array_equal(draw().numpy(), compiled().numpy())
