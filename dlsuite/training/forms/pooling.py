"""Pooling: by windows that lie side by side, a reshape and a maximum or mean; and over all positions.

XLA's own maximum over windows is slow on a CPU, backwards above all.
"""

from dataclasses import replace
from typing import Any

import keras
import tensorflow as tf

from dlsuite.training.forms.fusion import Form, Fusion
from dlsuite.training.forms.general import weightless
from dlsuite.training.members import Members


def max_pooling(layer: keras.layers.Layer, fusion: Fusion, path: str) -> Form:
    """The greatest of each window; where several are, the gradient goes to the first."""
    otherwise = weightless(layer, fusion, path)

    def form(x: Members, *, training: bool) -> Any:
        if not _side_by_side(layer, x.value.shape[2:-1]):
            return otherwise(x.with_batch_first(), training=training)
        windows, axes = _windows(x.value, layer.pool_size)
        return replace(x, value=_first_maximum(windows, axes))

    return form


def average_pooling(layer: keras.layers.Layer, fusion: Fusion, path: str) -> Form:
    """The mean of each window."""
    otherwise = weightless(layer, fusion, path)

    def form(x: Members, *, training: bool) -> Any:
        if not _side_by_side(layer, x.value.shape[2:-1]):
            return otherwise(x.with_batch_first(), training=training)
        windows, axes = _windows(x.value, layer.pool_size)
        return replace(x, value=tf.reduce_mean(windows, axes))

    return form


def global_max_pooling(layer: keras.layers.Layer, fusion: Fusion, path: str) -> Form:
    """The greatest of all positions; where several are, they share the gradient, as in Keras."""
    otherwise = weightless(layer, fusion, path)

    def form(x: Members, *, training: bool) -> Any:
        if not x.batch_last or layer.data_format != "channels_last":
            return otherwise(x.with_batch_first(), training=training)
        axes = list(range(2, x.value.shape.rank - 1))
        return replace(x, value=tf.reduce_max(x.value, axes, keepdims=layer.keepdims))

    return form


def _side_by_side(layer: keras.layers.Layer, sizes: tuple[int, ...]) -> bool:
    """Whether a layer's windows neither overlap nor leave gaps nor reach over the edge."""
    return (
        layer.data_format == "channels_last"
        and tuple(layer.strides) == tuple(layer.pool_size)
        and None not in sizes
        and (
            layer.padding == "valid"
            or all(size % width == 0 for size, width in zip(sizes, layer.pool_size, strict=True))
        )
    )


def _windows(x: tf.Tensor, window: tuple[int, ...]) -> tuple[tf.Tensor, list[int]]:
    """`[members, ., size, ..., .]` as `[members, ., windows, width, ..., .]`, and the width axes."""
    counts = [size // width for size, width in zip(x.shape[2:-1], window, strict=True)]
    inside = [slice(0, count * width) for count, width in zip(counts, window, strict=True)]
    x = x[(slice(None), slice(None), *inside)]
    parted = [size for pair in zip(counts, window, strict=True) for size in pair]
    shape = [size if size is not None else -1 for size in (*x.shape[:2], *parted, x.shape[-1])]
    return tf.reshape(x, shape), [3 + 2 * axis for axis in range(len(window))]


def _first_maximum(windows: tf.Tensor, axes: list[int]) -> tf.Tensor:
    @tf.custom_gradient
    def maximum(x: tf.Tensor) -> tuple[tf.Tensor, object]:
        highest = tf.reduce_max(x, axes, keepdims=True)

        def gradient(upstream: tf.Tensor) -> tf.Tensor:
            place = tf.zeros([], tf.int32)
            for axis in axes:
                along = [1] * x.shape.rank
                along[axis] = x.shape[axis]
                place = place * x.shape[axis] + tf.reshape(tf.range(x.shape[axis]), along)
            beyond = tf.size(place)
            first = tf.reduce_min(
                tf.where(tf.equal(x, highest), place, beyond), axes, keepdims=True
            )
            spread = tf.reshape(upstream, tf.shape(highest))
            return tf.where(tf.equal(place, first), spread, tf.zeros([], x.dtype))

        return tf.squeeze(highest, axes), gradient

    return maximum(windows)
