"""Batch and layer normalization, with statistics of each member's own."""

import keras
import tensorflow as tf

from dlsuite.training.forms.fusion import Form, Fusion
from dlsuite.training.forms.rows import row_sums, scale_rows
from dlsuite.training.members import Members


def batch_normalization(layer: keras.layers.BatchNormalization, fusion: Fusion, path: str) -> Form:
    """Normalize each feature over a member's batch; at inference by its moving statistics."""

    def form(x: Members, *, training: bool) -> Members:
        value, back = _features_last(x.value, layer.axis)
        rows = tf.reshape(value, [value.shape[0], -1, value.shape[-1]])
        if training and layer.trainable:
            mean, variance = _moments(rows)
            for moving, now in ((layer.moving_mean, mean), (layer.moving_variance, variance)):
                kept = fusion.weight(moving) * layer.momentum
                fusion.assign(moving, kept + now[:, 0] * (1.0 - layer.momentum))
        else:
            mean = fusion.weight(layer.moving_mean)[:, None]
            variance = fusion.weight(layer.moving_variance)[:, None]
        scale = tf.math.rsqrt(variance + layer.epsilon)
        if layer.scale:
            scale *= fusion.weight(layer.gamma)[:, None]
        shift = -mean * scale
        if layer.center:
            shift += fusion.weight(layer.beta)[:, None]
        outputs = tf.reshape(scale_rows(rows, scale, shift), value.shape)
        return Members(outputs if back is None else tf.transpose(outputs, back))

    return form


def _moments(rows: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Mean and variance over rows, `[members, 1, features]` each."""
    count = rows.shape[1]
    mean = row_sums(rows) / count
    return mean, row_sums(tf.square(rows - tf.stop_gradient(mean))) / count


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
        value = x.value
        axes = _axes(layer.axis, value)
        shape = [size if axis == 0 or axis in axes else 1 for axis, size in enumerate(value.shape)]
        mean, variance = tf.nn.moments(value, axes, keepdims=True)
        outputs = (value - mean) * tf.math.rsqrt(variance + layer.epsilon)
        if layer.scale:
            outputs *= tf.reshape(fusion.weight(layer.gamma), shape)
        if layer.center:
            outputs += tf.reshape(fusion.weight(layer.beta), shape)
        return Members(outputs, x.mask)

    return form


def _axes(axes: int | list[int], value: tf.Tensor) -> list[int]:
    """A plain layer's axes, counted with the member axis in front."""
    listed = [axes] if isinstance(axes, int) else list(axes)
    return [axis + 1 if axis >= 0 else value.shape.rank + axis for axis in listed]
