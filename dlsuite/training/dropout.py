"""Dropout whose draws come from the trials' streams, each member's at its own rate.

A Keras dropout layer counts its draws in a generator of its own and has its rate built into the graph. Here
the rates and the keys of the streams are variables, so that one compiled graph trains every rate, and a
draw depends on nothing but (seed, layer path, step).
"""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from dlsuite.errors import SpecError
from dlsuite.training.augmentation import augments, check_augmentation, random_image_layers
from dlsuite.training.members import for_variants, swap_batch
from dlsuite.training.streams import stream_key
from dlsuite.training.threefry import random_fractions

RECURRENT = (keras.layers.SimpleRNN, keras.layers.GRU, keras.layers.LSTM)
"""The recurrent layers whose dropout the streams govern."""


class DropoutSite:
    """A place in a model where units are dropped.

    Args:
        path: The layer's path, which names the stream.
        step: The number of steps taken, an integer variable; every step draws anew.
        members: How many members are drawn for.
        variants: How many members that sit side by side have the same seed.

    Attributes:
        variables: The rates of the members, and the keys of their streams.
    """

    def __init__(self, path: str, step: keras.Variable, members: int, variants: int = 1) -> None:
        self.path = path
        self._step = step
        self._variants = variants
        self._rates = keras.Variable(np.zeros(members), trainable=False, dtype="float64")
        keys = np.zeros([members // variants, 2])
        self._keys = keras.Variable(keys, trainable=False, dtype="int32")
        self.variables = [self._rates, self._keys]

    def assign(self, *, rates: Sequence[float], seeds: Sequence[int]) -> None:
        """Set the rate and the seed of each member."""
        self._rates.assign(rates)
        own = seeds[:: self._variants]
        self._keys.assign([stream_key(seed, "dropout", self.path) for seed in own])

    def mask(self, shape: tuple[int, ...], dtype: Any, *, batch_last: bool = False) -> tf.Tensor:
        """Draw which units stay: `1 / (1 - rate)` where one does, 0 where it is dropped.

        The scale keeps a unit's expected output the same as without dropout (Srivastava et al., 2014). The
        uniform numbers do not depend on the rate: a unit dropped at 0.2 is dropped at 0.5 too, and members
        of one seed drop alike (common random numbers).

        Args:
            shape: Shape of a member's mask, the batch axis first.
            dtype: Its type.
            batch_last: Whether the batch and the channels trade places.

        Returns:
            `[members, *shape]`.
        """
        # Images are drawn for in the order in which convolutions compute.
        drawn_last = len(shape) == 4
        order = (shape[-1], *shape[1:-1], shape[0]) if drawn_last else shape
        fractions = random_fractions(self._keys.value, self._step.value, order)
        if drawn_last != batch_last:
            fractions = swap_batch(fractions, 1)
        fractions = for_variants(fractions, self._variants)
        rates = tf.reshape(self._rates.value, [-1, *[1] * len(shape)])
        kept = fractions >= tf.cast(rates, tf.float32)
        return tf.where(kept, tf.cast(1.0 / (1.0 - rates), dtype), tf.zeros([], dtype))


def dropout_rates(layer: keras.Layer, path: str) -> dict[str, float]:
    """The rates of a layer's dropout by the path of the place; empty for a layer that drops nothing.

    Raises:
        SpecError: The layer draws random numbers in a way that the streams do not cover.
    """
    draws = isinstance(layer, (keras.layers.Dropout, *RECURRENT)) or _any_draws(layer)
    if draws and len(layer._inbound_nodes) > 1:
        raise SpecError(
            f"layer {path!r}: it draws random numbers and is called more than once, which would draw the "
            "same ones each time; use a layer for each call."
        )
    if type(layer) is keras.layers.Dropout:
        return {path: float(layer.rate)}
    if type(layer) in RECURRENT:
        rates = _recurrent_rates(layer, path)
        _check_recurrent(layer, path, rates, layer)
        return rates
    if type(layer) is keras.layers.Bidirectional:
        both = {"forward": layer.forward_layer, "backward": layer.backward_layer}
        if all(type(inner) in RECURRENT for inner in both.values()):
            rates = {}
            for name, inner in both.items():
                own = _recurrent_rates(inner, f"{path}/{name}")
                _check_recurrent(inner, path, own, layer)
                rates |= own
            return rates
    if augments(layer):
        check_augmentation(layer, path)
    elif _any_draws(layer):
        instead = "use keras.layers.Dropout"
        if hasattr(layer, "get_random_transformation"):
            instead = f"of Keras's random image layers, use {random_image_layers()}"
        raise SpecError(
            f"layer {path!r}: a {type(layer).__name__} layer draws random numbers that a trial's seed "
            f"cannot govern yet; {instead}."
        )
    return {}


def _recurrent_rates(layer: Any, path: str) -> dict[str, float]:
    return {
        f"{path}/inputs": float(layer.dropout),
        f"{path}/recurrent": float(layer.recurrent_dropout),
    }


def _check_recurrent(layer: Any, path: str, rates: dict[str, float], called: Any) -> None:
    """Refuse dropout where the layer's population form, which draws it, does not apply."""
    handed = any(len(node.input_tensors) > 1 for node in called._inbound_nodes)
    if any(rates.values()) and (layer.return_state or layer.stateful or handed):
        raise SpecError(
            f"layer {path!r}: dropout inside a recurrent layer that keeps, returns or is handed a state is "
            "drawn in a way that a trial's seed cannot govern; drop units by keras.layers.Dropout instead."
        )


def _any_draws(layer: keras.Layer) -> bool:
    return any(_draws(inner) for inner in layer._flatten_layers())


def _draws(layer: keras.Layer) -> bool:
    if hasattr(layer, "recurrent_dropout"):  # A recurrent cell has a generator, used or not.
        return bool(layer.dropout or layer.recurrent_dropout)
    return bool(layer._seed_generators)
