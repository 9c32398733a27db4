"""Random bits as a function of a key and a counter: Threefry-2x32 with 20 rounds.

Written in plain TensorFlow operations, so that one call draws for many keys at once and gives the same
bits under XLA, in a graph and eagerly. TensorFlow's own takes one key a call, and under XLA only.

References:
    Salmon, Moraes, Dror and Shaw (2011), Parallel random numbers: as easy as 1, 2, 3.
"""

import math

import tensorflow as tf

_ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
_PARITY = 0x1BD11BDA


def threefry_2x32(
    key: tuple[tf.Tensor, tf.Tensor], counter: tuple[tf.Tensor, tf.Tensor]
) -> tuple[tf.Tensor, tf.Tensor]:
    """Encrypt counters.

    Args:
        key: Two tensors of unsigned 32-bit numbers.
        counter: Two more; all four broadcast against each other.

    Returns:
        Two tensors of random unsigned 32-bit numbers.
    """
    xor = tf.bitwise.bitwise_xor
    keys = (*key, xor(xor(key[0], key[1]), tf.constant(_PARITY, tf.uint32)))
    x, y = counter[0] + keys[0], counter[1] + keys[1]
    for group in range(5):
        for rotation in _ROTATIONS[group % 2]:
            x = x + y
            y = xor(_rotate_left(y, rotation), x)
        x = x + keys[(group + 1) % 3]
        y = y + keys[(group + 2) % 3] + tf.constant(group + 1, tf.uint32)
    return x, y


def random_fractions(keys: tf.Tensor, step: tf.Tensor, shape: tuple[int, ...]) -> tf.Tensor:
    """Draw uniform multiples of 2**-16 from [0, 1).

    Each number has 16 of a word's bits, which is enough to compare with a dropout rate (the share dropped
    is off by less than 2**-16) and costs half as much.

    Args:
        keys: A key for each stream, `[streams, 2]`, 32-bit integers.
        step: An integer that makes the draws new, a scalar.
        shape: What is drawn from each stream.

    Returns:
        `[streams, *shape]`, 32-bit floats.
    """
    count = math.prod(shape)
    quarter = -(-count // 4)
    index = tf.range(quarter, dtype=tf.int32)[None, :]
    key = (tf.bitcast(keys[:, :1], tf.uint32), tf.bitcast(keys[:, 1:], tf.uint32))
    counter = (tf.bitcast(index, tf.uint32), tf.bitcast(tf.cast(step, tf.int32), tf.uint32))
    words = threefry_2x32(key, counter)
    low = [tf.bitwise.bitwise_and(word, tf.constant(0xFFFF, tf.uint32)) for word in words]
    high = [tf.bitwise.right_shift(word, tf.constant(16, tf.uint32)) for word in words]
    bits = tf.concat([*low, *high], axis=1)[:, :count]
    fractions = tf.cast(tf.bitcast(bits, tf.int32), tf.float32) * 2.0**-16
    return tf.reshape(fractions, [-1, *shape])


def _rotate_left(word: tf.Tensor, by: int) -> tf.Tensor:
    left = tf.bitwise.left_shift(word, tf.constant(by, tf.uint32))
    return tf.bitwise.bitwise_or(
        left, tf.bitwise.right_shift(word, tf.constant(32 - by, tf.uint32))
    )
