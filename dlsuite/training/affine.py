"""Images moved by affine maps, as Keras's random image layers move them, in operations that XLA compiles.

Keras leaves that to TensorFlow's `ImageProjectiveTransformV3`, which XLA does not have. What is computed here
is the same, in the same steps. Where the nearest pixel is taken it is the same to the bit; where pixels are
mixed it differs by rounding, since TensorFlow mixes in 32 bits even what has 64, and XLA rounds a product and
a sum once.
"""

from typing import Any, NamedTuple

import tensorflow as tf


class Reading(NamedTuple):
    """How images are read between their pixels and beyond their edges.

    Attributes:
        interpolation: `nearest` takes the nearest pixel, `bilinear` mixes the four around.
        fill_mode: What lies beyond the edges: `constant`, `nearest`, `reflect` or `wrap`, as in Keras.
        fill_value: What lies there where it is `constant`.
    """

    interpolation: str = "bilinear"
    fill_mode: str = "reflect"
    fill_value: float = 0.0


def move_images(images: tf.Tensor, maps: tf.Tensor, reading: Reading) -> tf.Tensor:
    """Read each image anew: the pixel at `(x, y)` comes from `(a0 x + a1 y + a2, b0 x + b1 y + b2)`.

    Args:
        images: `[images, height, width, channels]`, 32- or 64-bit floats.
        maps: `a0, a1, a2, b0, b1, b2` for each image, `[images, 6]`, 32-bit floats. Where neither axis
            depends on the other, `a0, a2, b1, b2`, `[images, 4]`: coordinates are then computed for rows and
            columns, not for every pixel.
        reading: How they are read.

    Returns:
        Images of the same shape and type. Their gradient goes back by the inverse maps, as TensorFlow's does:
        near the true one, in which a pixel collects from all that read it.
    """

    @tf.custom_gradient
    def move(images: tf.Tensor) -> tuple[tf.Tensor, Any]:
        def backwards(gradient: tf.Tensor) -> tf.Tensor:
            return _moved(gradient, _inverse(maps), reading._replace(fill_value=0.0))

        return _moved(images, maps, reading), backwards

    moved: tf.Tensor = move(images)
    return moved


def _inverse(maps: tf.Tensor) -> tf.Tensor:
    """The inverse maps, in 64 bits, so that XLA's rounding does not show in 32."""
    numbers = tf.unstack(tf.cast(maps, tf.float64), axis=1)
    if len(numbers) == 4:
        a0, a2, b1, b2 = numbers
        return tf.stack([1 / a0, -a2 / a0, 1 / b1, -b2 / b1], axis=1)
    a0, a1, a2, b0, b1, b2 = numbers
    area = a0 * b1 - a1 * b0
    c0, c1, d0, d1 = b1 / area, -a1 / area, -b0 / area, a0 / area
    offsets = -(c0 * a2 + c1 * b2), -(d0 * a2 + d1 * b2)
    return tf.stack([c0, c1, offsets[0], d0, d1, offsets[1]], axis=1)


def _moved(images: tf.Tensor, maps: tf.Tensor, reading: Reading) -> tf.Tensor:
    count, height, width, _ = images.shape
    # TensorFlow's own type, where a last bit decides which pixel is the nearest.
    dtype = tf.float32 if reading.interpolation == "nearest" else images.dtype
    columns = tf.range(width, dtype=dtype)[None, None, :]
    rows = tf.range(height, dtype=dtype)[None, :, None]
    numbers = [
        tf.reshape(number, [count, 1, 1]) for number in tf.unstack(tf.cast(maps, dtype), axis=1)
    ]
    if len(numbers) == 4:
        a0, a2, b1, b2 = numbers
        x, y = a0 * columns + a2, b1 * rows + b2
    else:
        a0, a1, a2, b0, b1, b2 = numbers
        x, y = a0 * columns + a1 * rows + a2, b0 * columns + b1 * rows + b2
    x, y = _inside(x, width, reading.fill_mode), _inside(y, height, reading.fill_mode)
    if reading.interpolation == "nearest":
        return _pixels(images, _rounded(x), _rounded(y), reading)
    left, top = tf.floor(x), tf.floor(y)
    right, bottom = left + 1, top + 1

    def between(row: tf.Tensor) -> tf.Tensor:
        first, second = (_pixels(images, column, row, reading) for column in (left, right))
        return (right - x)[..., None] * first + (x - left)[..., None] * second

    return (bottom - y)[..., None] * between(top) + (y - top)[..., None] * between(bottom)


def _pixels(images: tf.Tensor, x: tf.Tensor, y: tf.Tensor, reading: Reading) -> tf.Tensor:
    """The pixels at whole coordinates that broadcast to `[images, height, width]`."""
    count, height, width, channels = images.shape
    column, row = tf.cast(x, tf.int32), tf.cast(y, tf.int32)
    at = tf.clip_by_value(row, 0, height - 1) * width + tf.clip_by_value(column, 0, width - 1)
    at += tf.range(count)[:, None, None] * (height * width)
    flat = tf.reshape(images, [count * height * width, channels])
    read = tf.reshape(tf.gather(flat, tf.reshape(at, [-1])), images.shape)
    # Where nothing else fills, `bilinear` reads beyond the last pixel too, but gives that no weight.
    beyond = (column < 0) | (column >= width) | (row < 0) | (row >= height)
    return tf.where(beyond[..., None], tf.cast(reading.fill_value, images.dtype), read)


def _inside(coordinate: tf.Tensor, size: int, fill_mode: str) -> tf.Tensor:
    """Where a coordinate is read from: one between the first and the last pixel, unless by a constant."""
    if fill_mode == "constant":
        return coordinate
    if fill_mode == "reflect":
        coordinate = _reflected(coordinate, size)
    elif fill_mode == "wrap":
        coordinate = _wrapped(coordinate, size)
    return tf.clip_by_value(coordinate, 0.0, size - 1.0)


def _reflected(coordinate: tf.Tensor, size: int) -> tf.Tensor:
    """`d c b a | a b c d | d c b a`."""
    if size == 1:
        return tf.zeros_like(coordinate)
    period = 2.0 * size
    before = period * tf.floor(-coordinate / period) + coordinate
    before = tf.where(before < -size, before + period, -before - 1.0)
    after = coordinate - period * tf.floor(coordinate / period)
    after = tf.where(after >= size, period - after - 1.0, after)
    return tf.where(coordinate < 0, before, tf.where(coordinate > size - 1, after, coordinate))


def _wrapped(coordinate: tf.Tensor, size: int) -> tf.Tensor:
    """`a b c d | a b c d | a b c d`, where TensorFlow counts the turns by one less than the size."""
    if size == 1:
        return tf.zeros_like(coordinate)
    before = coordinate + size * (tf.floor(-coordinate / (size - 1)) + 1.0)
    after = coordinate - size * tf.floor(coordinate / (size - 1))
    return tf.where(coordinate < 0, before, tf.where(coordinate > size - 1, after, coordinate))


def _rounded(number: tf.Tensor) -> tf.Tensor:
    """The nearest whole number; halves away from zero, as in C."""
    length = tf.abs(number)
    whole = tf.floor(length)
    return tf.sign(number) * (whole + tf.cast(length - whole >= 0.5, number.dtype))
