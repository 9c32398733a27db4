"""What a population gives its layers: their weights with a member axis, and the sites of their draws."""

from collections.abc import Callable
from typing import Any, Protocol

import tensorflow as tf

from dlsuite.training.augmentation import AugmentationSite
from dlsuite.training.dropout import DropoutSite


class Fusion(Protocol):
    """The population that a form belongs to."""

    members: int
    variants: int

    def weight(self, plain: Any) -> tf.Tensor:
        """The members' values of a plain layer's variable as the layer reads it, `[members, ...]`."""

    def stored(self, plain: Any) -> tf.Tensor:
        """The members' values of a plain layer's variable, `[members, ...]`."""

    def assign(self, plain: Any, value: tf.Tensor) -> None:
        """Set the members' values of a plain layer's variable."""

    def site(self, path: str) -> DropoutSite:
        """The place where a layer drops units."""

    def augmentation(self, path: str) -> AugmentationSite:
        """The place where a layer changes images."""


Form = Callable[..., Any]
"""A layer for all members at once: called with what the plain layer is called with, tensors as `Members`,
and `training=`; gives `Members`, or a tuple of them."""


def beside(weight: tf.Tensor, value: tf.Tensor) -> tf.Tensor:
    """Shape a weight of the last axes, `[members, ...]`, so that it broadcasts against a value."""
    missing = value.shape.rank - weight.shape.rank
    return tf.reshape(weight, [weight.shape[0], *[1] * missing, *weight.shape[1:]])
