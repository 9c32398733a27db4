"""Dense layers and embeddings: one batched product for all members."""

from typing import Any

import keras
import tensorflow as tf

from dlsuite.training.forms.fusion import Form, Fusion, beside
from dlsuite.training.members import Members

_ONE_HOT_UP_TO = 1024


def dense(layer: keras.layers.Dense, fusion: Fusion, path: str) -> Form:
    """`activation(x W + b)`, with `x` of any rank."""

    def form(x: Members, *, training: bool) -> Members:
        outputs = product(x.value, fusion.weight(layer.kernel))
        if layer.use_bias:
            outputs += beside(fusion.weight(layer.bias), outputs)
        return Members(layer.activation(outputs), x.mask)

    return form


def product(x: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
    """Multiply the last axis: `[members, ..., in]` by `[members, in, out]`."""
    rows = tf.reshape(x, [x.shape[0], -1, x.shape[-1]])
    outputs = tf.matmul(rows, kernel)
    shape = [
        x.shape[0],
        *(tf.shape(x)[i] if x.shape[i] is None else x.shape[i] for i in range(1, x.shape.rank - 1)),
    ]
    return tf.reshape(outputs, [*shape, kernel.shape[-1]])


def embedding(layer: keras.layers.Embedding, fusion: Fusion, path: str) -> Form:
    """The vector of each token id."""

    def form(x: Members, *, training: bool) -> Members:
        tokens = tf.cast(x.value, tf.int32)
        table = fusion.weight(layer.embeddings)
        look_up = _look_up if layer.input_dim <= _ONE_HOT_UP_TO else _gather
        mask = tf.not_equal(tokens, 0) if layer.mask_zero else None
        return Members(look_up(table, tokens), mask)

    return form


def _gather(table: tf.Tensor, tokens: tf.Tensor) -> tf.Tensor:
    return tf.gather(table, tokens, axis=1, batch_dims=1)


@tf.custom_gradient
def _look_up(table: tf.Tensor, tokens: tf.Tensor) -> tuple[tf.Tensor, Any]:
    """A look-up whose gradient is a product with one-hot vectors.

    Its own would be a scatter, which XLA carries out entry by entry on a CPU.
    """

    def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, None]:
        members, size, width = table.shape
        chosen = tf.one_hot(tf.reshape(tokens, [members, -1]), size, dtype=table.dtype)
        vectors = tf.reshape(upstream, [members, -1, width])
        return tf.matmul(chosen, vectors, transpose_a=True), None

    return _gather(table, tokens), gradient
