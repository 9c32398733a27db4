"""Dropout whose draws come from the trial's streams, and whose rate can change between trials.

A Keras dropout layer counts its draws in a generator of its own and has its rate built into the graph. Here
the rate and the key of the stream are variables, so that one compiled graph trains every rate, and the draw
depends on nothing but (seed, layer path, step).
"""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from dlsuite.errors import SpecError
from dlsuite.training.streams import stream_key

_RECURRENT = (keras.layers.SimpleRNN, keras.layers.GRU, keras.layers.LSTM)
_SWITCHED_ON = (
    0.5  # Keras leaves a recurrent layer's masks out where a rate is 0 when the graph is made.
)


class DropoutSite:
    """A place in a model where units are dropped.

    Args:
        path: The layer's path, which names the stream.
        step: The number of steps taken, an integer variable; every step draws anew.
    """

    def __init__(self, path: str, step: tf.Variable) -> None:
        self.path = path
        self._step = step
        self._rate = tf.Variable(0.0, trainable=False, dtype=tf.float64)
        self._key = tf.Variable(np.zeros(2, np.int32), trainable=False)

    def assign(self, *, rate: float, seed: int) -> None:
        """Set the rate and the seed of the trial that is trained next."""
        self._rate.assign(rate)
        self._key.assign(stream_key(seed, "dropout", self.path))

    def mask(self, shape: Any, dtype: Any) -> tf.Tensor:
        """Draw which units stay: `1 / (1 - rate)` where one does, 0 where it is dropped.

        The scale keeps a unit's expected output the same as without dropout (Srivastava et al., 2014). The
        uniform numbers do not depend on the rate: a unit dropped at 0.2 is dropped at 0.5 too.

        Args:
            shape: Shape of the mask.
            dtype: Its type.
        """
        step = tf.cast(self._step, tf.int32)
        seed = tf.stack([self._key[0], tf.bitwise.bitwise_xor(self._key[1], step)])
        # Threefry is the quick one under XLA on a CPU; it exists under XLA only.
        uniform = tf.random.stateless_uniform(shape, seed=seed, dtype=tf.float32, alg="threefry")
        kept = tf.cast(uniform >= tf.cast(self._rate, tf.float32), dtype)
        return kept / tf.cast(1.0 - self._rate, dtype)


class StreamDropout(keras.layers.Layer):
    """Stands in for `keras.layers.Dropout` while a model is trained.

    Args:
        site: Where the draws come from.
        noise_shape: As in Keras: axes of size 1 share one draw.
    """

    def __init__(self, site: DropoutSite, *, noise_shape: Any = None, **options: Any) -> None:
        super().__init__(**options)
        self.supports_masking = True
        self._site = site
        self._noise_shape = noise_shape

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Drop units in training, and hand on the input otherwise."""
        if not training:
            return inputs
        shape = tf.shape(inputs)
        if self._noise_shape is not None:
            given = self._noise_shape
            shape = [shape[i] if size is None else size for i, size in enumerate(given)]
        return inputs * self._site.mask(shape, inputs.dtype)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The input's."""
        return input_shape


def dropout_rates(layer: keras.Layer, path: str) -> dict[str, float]:
    """The rates of a layer's dropout by the path of the place; empty for a layer that drops nothing.

    Raises:
        SpecError: The layer draws random numbers in a way that the streams do not cover.
    """
    shared = len(layer._inbound_nodes) > 1
    if shared and (isinstance(layer, (keras.layers.Dropout, *_RECURRENT)) or _any_draws(layer)):
        raise SpecError(
            f"layer {path!r}: it draws random numbers and is called more than once, which would draw the "
            "same ones each time; use a layer for each call."
        )
    if type(layer) is keras.layers.Dropout:
        return {path: float(layer.rate)}
    if isinstance(layer, _RECURRENT):
        return {
            f"{path}/inputs": float(layer.dropout),
            f"{path}/recurrent": float(layer.recurrent_dropout),
        }
    if _any_draws(layer):
        raise SpecError(
            f"layer {path!r}: a {type(layer).__name__} layer draws random numbers that a trial's seed "
            "cannot govern yet; use keras.layers.Dropout."
        )
    return {}


def _any_draws(layer: keras.Layer) -> bool:
    return any(_draws(inner) for inner in layer._flatten_layers())


def _draws(layer: keras.Layer) -> bool:
    if hasattr(layer, "recurrent_dropout"):  # A recurrent cell has a generator, used or not.
        return bool(layer.dropout or layer.recurrent_dropout)
    return bool(layer._seed_generators)


def with_streams(layer: keras.Layer, sites: dict[str, DropoutSite], path: str) -> keras.Layer:
    """Copy a layer, with its dropout drawn at the given sites.

    Args:
        layer: The plain layer; it is not changed.
        sites: Sites by path, one for each of the layer's `dropout_rates`.
        path: The layer's path.

    Returns:
        A layer with the same name and weights of the same shapes.
    """
    if type(layer) is keras.layers.Dropout:
        return StreamDropout(
            sites[path], noise_shape=layer.noise_shape, name=layer.name, dtype=layer.dtype_policy
        )
    config = layer.get_config()
    if not isinstance(layer, _RECURRENT):
        return type(layer).from_config(config)
    config |= {"dropout": 0.0, "recurrent_dropout": _SWITCHED_ON, "seed": None}
    if layer.dropout > 0:
        config["dropout"] = _SWITCHED_ON
    if "use_cudnn" in config:
        config["use_cudnn"] = False
    copy = type(layer).from_config(config)
    _draw_at(copy.cell, inputs=sites[f"{path}/inputs"], recurrent=sites[f"{path}/recurrent"])
    return copy


def _draw_at(cell: Any, *, inputs: DropoutSite, recurrent: DropoutSite) -> None:
    """Let a recurrent cell draw its masks, one of each for all steps of a sequence, at the sites.

    A gated cell with recurrent dropout reads a mask for each gate. They are the same: the state that all
    gates see is dropped once.
    """

    def of_gates(mask: tf.Tensor) -> Any:
        return [mask] * cell.dropout_mask_count if hasattr(cell, "dropout_mask_count") else mask

    def input_mask(step_input: Any) -> Any:
        if cell.dropout and getattr(cell, "_dropout_mask", None) is None:
            cell._dropout_mask = of_gates(inputs.mask(tf.shape(step_input), step_input.dtype))
        return getattr(cell, "_dropout_mask", None)

    def recurrent_mask(state: Any) -> Any:
        if getattr(cell, "_recurrent_dropout_mask", None) is None:
            cell._recurrent_dropout_mask = of_gates(recurrent.mask(tf.shape(state), state.dtype))
        return cell._recurrent_dropout_mask

    cell.get_dropout_mask = input_mask
    cell.get_recurrent_dropout_mask = recurrent_mask
