"""Sums over all examples and positions, for batch normalization.

XLA on a CPU computes a sum over rows slowly when it fuses what is summed into it, and computes that again
for every sum. A product with ones makes it compute the summands once, and sums at the speed of a product.
Columns lie in memory one after another, and are best laid end to end and summed as they are.
"""

from typing import Any

import tensorflow as tf


@tf.custom_gradient
def row_sums(x: tf.Tensor) -> tuple[tf.Tensor, Any]:
    """Sum over rows: `[members, rows, features]` to `[members, 1, features]`."""
    ones = tf.ones([x.shape[0], 1, x.shape[1]], x.dtype)
    return tf.matmul(ones, x), lambda upstream: tf.broadcast_to(upstream, x.shape)


@tf.custom_gradient
def scale_rows(x: tf.Tensor, scale: tf.Tensor, shift: tf.Tensor) -> tuple[tf.Tensor, Any]:
    """Scale and shift every row: `x * scale + shift`.

    Args:
        x: `[members, rows, features]`.
        scale: `[members, 1, features]`.
        shift: `[members, 1, features]`.
    """

    def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        return upstream * scale, row_sums(upstream * x), row_sums(upstream)

    return x * scale + shift, gradient


def column_sums(x: tf.Tensor) -> tf.Tensor:
    """Sum over columns: `[members, features, columns]` to `[members, features, 1]`."""
    return tf.reduce_sum(x, axis=2, keepdims=True)


@tf.custom_gradient
def scale_columns(x: tf.Tensor, scale: tf.Tensor, shift: tf.Tensor) -> tuple[tf.Tensor, Any]:
    """Scale and shift every column: `x * scale + shift`, the latter two `[members, features, 1]`."""

    def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        return upstream * scale, column_sums(upstream * x), column_sums(upstream)

    return x * scale + shift, gradient
