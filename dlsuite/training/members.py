"""Values of a population: a tensor with a leading member axis, and its mask."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf
from keras.src.backend.common.masking import get_keras_mask, set_keras_mask


@dataclass(frozen=True, eq=False)
class Members:
    """What a layer hands on in a population.

    Attributes:
        value: `[members, batch, ...]`.
        mask: Which steps count, `[members, batch, steps]`; None where all do.
    """

    value: tf.Tensor
    mask: tf.Tensor | None = None

    @property
    def count(self) -> int:
        """How many members there are."""
        return int(self.value.shape[0])

    def member(self, index: int) -> tf.Tensor:
        """One member's value, `[batch, ...]`, with its mask where Keras looks for it."""
        return _masked(self.value[index], None if self.mask is None else self.mask[index])

    def merged(self) -> tf.Tensor:
        """The value with member and batch axis in one, `[members * batch, ...]`."""
        return _masked(_merge(self.value), None if self.mask is None else _merge(self.mask))


def split(value: tf.Tensor, members: int) -> Members:
    """Undo `Members.merged`."""
    mask = get_keras_mask(value)
    return Members(_split(value, members), None if mask is None else _split(mask, members))


def stack(values: list[tf.Tensor]) -> Members:
    """Put values of members, `[batch, ...]` each, back together."""
    masks = [get_keras_mask(value) for value in values]
    return Members(tf.stack(values), None if masks[0] is None else tf.stack(masks))


def map_members(function: Callable[[Members], Any], structure: Any) -> Any:
    """Apply a function to every `Members` in a nest of arguments; leave constants as they are."""
    return keras.tree.map_structure(
        lambda leaf: function(leaf) if isinstance(leaf, Members) else leaf, structure
    )


def count_in(structure: Any) -> int:
    """How many members the values in a nest of arguments have."""
    return next(leaf.count for leaf in keras.tree.flatten(structure) if isinstance(leaf, Members))


def for_variants(value: tf.Tensor, variants: int) -> tf.Tensor:
    """Hand what was made for each seed to all members of the seed.

    Args:
        value: `[seeds, ...]`.
        variants: Members of a seed; they sit side by side.

    Returns:
        `[seeds * variants, ...]`.
    """
    if variants == 1:
        return value
    seeds, *rest = value.shape
    beside = tf.broadcast_to(value[:, None], [seeds, variants, *rest])
    return tf.reshape(beside, [seeds * variants, *rest])


def _masked(value: tf.Tensor, mask: tf.Tensor | None) -> tf.Tensor:
    if mask is not None:
        set_keras_mask(value, mask)
    return value


def _merge(value: tf.Tensor) -> tf.Tensor:
    shape = tf.shape(value)
    static = value.shape
    merged = tf.reshape(value, tf.concat([[-1], shape[2:]], axis=0))
    size = None if static[1] is None else static[0] * static[1]
    merged.set_shape([size, *static[2:]])
    return merged


def _split(value: tf.Tensor, members: int) -> tf.Tensor:
    parted = tf.reshape(value, tf.concat([[members, -1], tf.shape(value)[1:]], axis=0))
    size = None if value.shape[0] is None else value.shape[0] // members
    parted.set_shape([members, size, *value.shape[1:]])
    return parted
