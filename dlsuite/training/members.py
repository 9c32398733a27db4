"""Values of a population: a tensor with a leading member axis, and its mask."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import keras
import tensorflow as tf
from keras.src.backend.common.masking import get_keras_mask, set_keras_mask


@dataclass(frozen=True, eq=False)
class Members:
    """What a layer hands on in a population.

    Attributes:
        value: `[members, batch, ...]`; with the batch last `[members, channels, ..., batch]`, which is how
            convolutions compute: what they cut and pad then lies in whole rows of the batch.
        mask: Which steps count, `[members, batch, steps]`; None where all do.
        batch_last: Whether the batch is the last axis, and the channels are the second.
        repeats: How many members that stand side by side share a value, which then has that many fewer.
    """

    value: tf.Tensor
    mask: tf.Tensor | None = None
    batch_last: bool = False
    repeats: int = 1

    @property
    def count(self) -> int:
        """How many members there are."""
        return int(self.value.shape[0]) * self.repeats

    @property
    def example_axes(self) -> tuple[int | None, ...]:
        """The shape of a member's value with the batch first, `(batch, ..., channels)`."""
        first, *rest = self.value.shape[1:]
        return (rest[-1], *rest[:-1], first) if self.batch_last else (first, *rest)

    def with_batch_last(self) -> "Members":
        """The same values, the batch as the last axis."""
        return self if self.batch_last else self._turned()

    def with_batch_first(self) -> "Members":
        """The same values, the batch behind the members."""
        return self._turned() if self.batch_last else self

    def _turned(self) -> "Members":
        value = swap_batch(self.value, 1)
        return replace(self, value=value, batch_last=not self.batch_last)

    def spread(self) -> "Members":
        """The same values, one for each member."""
        if self.repeats == 1:
            return self
        return replace(self, value=for_variants(self.value, self.repeats), repeats=1)

    def member(self, index: int) -> tf.Tensor:
        """One member's value, `[batch, ...]`, with its mask where Keras looks for it."""
        return _masked(self.value[index], None if self.mask is None else self.mask[index])

    def marked(self) -> tf.Tensor:
        """The value, with its mask where Keras looks for it."""
        return _masked(self.value, self.mask)

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


def swap_batch(value: tf.Tensor, axis: int) -> tf.Tensor:
    """Let the batch and the channels, which are the axes from `axis` on, trade places."""
    axes = list(range(value.shape.rank))
    axes[axis], axes[-1] = axes[-1], axes[axis]
    return tf.transpose(value, axes)


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
