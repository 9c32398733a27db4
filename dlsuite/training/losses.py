"""Losses beside the default ones: what the suite's compute, and how a user's is called and checked."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from dlsuite.errors import SpecError
from dlsuite.source import call_place, definition_place
from dlsuite.spec.losses import Loss

_PROBE = 5
_FOCUS = 2.0
"""Lin et al. (2017) found this exponent to work best."""


def losses_by(loss: Loss, targets: tf.Tensor, outputs: tf.Tensor) -> tf.Tensor:
    """The loss of each example, `[..., batch]`.

    Args:
        loss: Which one; not a default one.
        targets: Labels or standardized values, `[..., batch]`.
        outputs: Logits `[..., batch, classes]` or values `[..., batch, 1]`.

    Raises:
        SpecError: A user's function raises.
    """
    given = outputs if loss.task_type == "classification" else outputs[..., 0]
    if loss.function is None:
        return _BUILT_IN[loss.name](targets, given)
    shape = tf.shape(outputs)[:-1]
    flat = tf.reshape(tf.broadcast_to(targets, shape), [-1])
    logits = loss.task_type == "classification"
    merged = tf.reshape(given, [-1, outputs.shape[-1]] if logits else [-1])
    return tf.reshape(_call(loss, flat, merged), shape)


def check_loss(loss: Loss, *, outputs: int, dtype: str = "float32") -> None:
    """Refuse a user's loss that training cannot use.

    It is called, as it will be compiled, with a few made-up examples and with the first ones of them.

    Args:
        loss: Which one.
        outputs: Number of classes, or 1 for regression.
        dtype: Type of logits, values and standardized targets.

    Raises:
        SpecError: It raises, returns no loss for each example, or none that is finite or can be
            differentiated, or mixes the examples of a batch.
    """
    if loss.function is None:
        return
    generator = np.random.default_rng(0)
    if loss.task_type == "classification":
        targets = tf.constant(np.arange(_PROBE) % outputs, tf.int32)
        given = tf.constant(generator.normal(size=[_PROBE, outputs]), dtype)
    else:
        targets = tf.constant(generator.normal(size=_PROBE), dtype)
        given = tf.constant(generator.normal(size=_PROBE), dtype)

    @tf.function(autograph=False)
    def of(rows: tf.Tensor, labels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        with tf.GradientTape() as tape:
            tape.watch(rows)
            losses = _call(loss, labels, rows)
            total = tf.reduce_sum(losses)
        gradient = tape.gradient(total, rows)
        return losses, gradient if gradient is not None else tf.zeros([0])

    losses, gradient = (part.numpy() for part in of(given, targets))
    if losses.shape != (_PROBE,):
        _refuse(loss, f"a loss for each example, of shape [{_PROBE}]; got one of {losses.shape}")
    if not np.isfinite(losses).all():
        _refuse(loss, f"finite losses of ordinary outputs; got {losses.tolist()}")
    if gradient.shape != tuple(given.shape):
        _refuse(
            loss, "a loss that can be differentiated by the outputs; got one that has no gradient"
        )
    if not np.isfinite(gradient).all():
        _refuse(loss, "a finite gradient at ordinary outputs; got one that is no number")
    fewer, _ = of(given[:2], targets[:2])
    if fewer.shape != (2,) or not np.allclose(losses[:2], fewer, rtol=1e-3, atol=1e-5):
        _refuse(
            loss,
            "the loss of each example alone; it mixes the examples of a batch, so that one's loss depends on "
            "its neighbors (leave the mean over them to the suite)",
        )


def _call(loss: Loss, targets: tf.Tensor, outputs: tf.Tensor) -> tf.Tensor:
    assert loss.function is not None
    try:
        return tf.convert_to_tensor(loss.function(targets, outputs), outputs.dtype)
    except Exception as error:
        reason = str(error).partition("\n")[0]
        raise SpecError(
            f"loss {loss.name!r} ({call_place(loss.function, error)}): it raised {type(error).__name__}: "
            f"{reason}"
        ) from error


def _refuse(loss: Loss, expected: str) -> None:
    assert loss.function is not None
    raise SpecError(f"loss {loss.name!r} ({definition_place(loss.function)}): expected {expected}.")


def _focal(labels: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """`(1 - p) ** 2 * -log p`, where `p` is the probability of the label."""
    entropy = keras.losses.sparse_categorical_crossentropy(labels, logits, from_logits=True)
    # 1 - exp(-x) loses all digits where the answer is nearly certain.
    return (-tf.math.expm1(-entropy)) ** _FOCUS * entropy


def _huber(targets: tf.Tensor, values: tf.Tensor) -> tf.Tensor:
    """Half the squared error up to 1, linear beyond."""
    return keras.losses.huber(targets[..., None], values[..., None])


_BUILT_IN: dict[str, Callable[[Any, Any], tf.Tensor]] = {
    "focal": _focal,
    "huber": _huber,
    "mae": lambda targets, values: tf.abs(values - targets),
}
