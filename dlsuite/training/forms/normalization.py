"""Batch and layer normalization, with statistics of each member's own."""

from dataclasses import replace
from typing import Any

import keras
import tensorflow as tf

from dlsuite.training.forms.fusion import Form, Fusion
from dlsuite.training.forms.rows import column_sums, row_sums, scale_columns, scale_rows
from dlsuite.training.members import Members


def batch_normalization(layer: keras.layers.BatchNormalization, fusion: Fusion, path: str) -> Form:
    """Normalize each feature over a member's batch; at inference by its moving statistics."""

    def normalize(values: tf.Tensor, training: bool, over: int) -> tf.Tensor:
        """Normalize `[members, rows, features]` or `[members, features, columns]` over an axis."""
        values = _in_32_bits(values)

        def weight(plain: Any) -> tf.Tensor:
            return tf.expand_dims(fusion.weight(plain), over)

        sums, scaled = (row_sums, scale_rows) if over == 1 else (column_sums, scale_columns)
        if training and layer.trainable:
            count = values.shape[over]
            mean = sums(values) / count
            variance = sums(tf.square(values - tf.stop_gradient(mean))) / count
            for moving, now in ((layer.moving_mean, mean), (layer.moving_variance, variance)):
                kept = fusion.weight(moving) * layer.momentum
                fusion.assign(moving, kept + tf.squeeze(now, over) * (1.0 - layer.momentum))
        else:
            mean, variance = weight(layer.moving_mean), weight(layer.moving_variance)
        scale = _inverse_root(variance + layer.epsilon)
        if layer.scale:
            scale *= weight(layer.gamma)
        shift = -mean * scale
        if layer.center:
            shift += weight(layer.beta)
        return tf.cast(scaled(values, scale, shift), layer.compute_dtype)

    def form(x: Members, *, training: bool) -> Members:
        if x.batch_last and layer.axis in (-1, x.value.shape.rank - 2):
            columns = tf.reshape(x.value, [*x.value.shape[:2], -1])
            return replace(x, value=tf.reshape(normalize(columns, training, 2), x.value.shape))
        value, back = _features_last(x.with_batch_first().value, layer.axis)
        rows = tf.reshape(value, [value.shape[0], -1, value.shape[-1]])
        outputs = tf.reshape(normalize(rows, training, 1), value.shape)
        return Members(outputs if back is None else tf.transpose(outputs, back))

    return form


def _in_32_bits(value: tf.Tensor) -> tf.Tensor:
    """What has 16 bits in 32, as in Keras: sums of squares overflow."""
    return tf.cast(value, tf.float32) if value.dtype.size == 2 else value


def _inverse_root(value: tf.Tensor) -> tf.Tensor:
    """`1 / sqrt(value)`, of each member to the same bits wherever it sits.

    Outside XLA `rsqrt` is an approximation in whole blocks of a tensor and exact in what is left of it, and
    few features do not fill the blocks.
    """
    return 1.0 / tf.sqrt(value) if tf.executing_eagerly() else tf.math.rsqrt(value)


def _features_last(value: tf.Tensor, axis: int) -> tuple[tf.Tensor, list[int] | None]:
    """Bring the axis that is normalized to the end, and say how to bring it back."""
    (feature,) = _axes(axis, value)
    last = value.shape.rank - 1
    if feature == last:
        return value, None
    order = [*(i for i in range(last + 1) if i != feature), feature]
    return tf.transpose(value, order), [order.index(i) for i in range(last + 1)]


def layer_normalization(layer: keras.layers.LayerNormalization, fusion: Fusion, path: str) -> Form:
    """Normalize each example over its own features."""

    def form(x: Members, *, training: bool) -> Members:
        value = _in_32_bits(x.value)
        axes = _axes(layer.axis, value)
        shape = [size if axis == 0 or axis in axes else 1 for axis, size in enumerate(value.shape)]
        mean, variance = tf.nn.moments(value, axes, keepdims=True)
        outputs = (value - mean) * tf.math.rsqrt(variance + layer.epsilon)
        if layer.scale:
            outputs *= tf.reshape(fusion.weight(layer.gamma), shape)
        if layer.center:
            outputs += tf.reshape(fusion.weight(layer.beta), shape)
        return Members(tf.cast(outputs, layer.compute_dtype), x.mask)

    return form


def _axes(axes: int | list[int], value: tf.Tensor) -> list[int]:
    """A plain layer's axes, counted with the member axis in front."""
    listed = [axes] if isinstance(axes, int) else list(axes)
    return [axis + 1 if axis >= 0 else value.shape.rank + axis for axis in listed]
