"""Loss scaling, for gradients in float16: a member's loss is multiplied before the backward pass."""

from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

from dlsuite.training.optimizers import shaped

_INITIAL = 2.0**15
_GROWTH_STEPS = 2000
_LEAST = 1.0
"""A gradient that overflows even so would be an explosion in 32 bits too."""


class LossScale:
    """The factors of the members' losses, which find their size by themselves.

    As Keras's `LossScaleOptimizer` has it, for each member apart: the factor begins at 2**15. It is halved
    where a gradient overflows, and that step is skipped; it is doubled after 2000 steps without. Gradients
    are divided by it before anything else is done with them. Where a gradient is not finite at a factor of 1
    or less, the step is not skipped, and the member has diverged.

    Args:
        members: How many members there are.

    Attributes:
        variables: The factors, and how many steps each has held.

    References:
        Micikevicius et al. (2018), Mixed precision training.
    """

    def __init__(self, members: int) -> None:
        self._scale = keras.Variable(np.full(members, _INITIAL), trainable=False, dtype="float32")
        self._held = keras.Variable(np.zeros(members), trainable=False, dtype="int32")
        self.variables = [self._scale, self._held]

    def load(self) -> None:
        """Begin anew."""
        self._scale.assign(np.full(self._scale.shape, _INITIAL))
        self._held.assign(np.zeros(self._held.shape))

    def scaled(self, losses: tf.Tensor) -> tf.Tensor:
        """Multiply losses, `[members]`."""
        return losses * self._scale.value

    def unscaled(self, gradients: Sequence[tf.Tensor]) -> list[tf.Tensor]:
        """Divide gradients, `[members, ...]` each."""
        return [gradient / shaped(self._scale.value, gradient) for gradient in gradients]

    def adapt(self, finite: tf.Tensor) -> tf.Tensor:
        """Find the factors of the next step.

        Args:
            finite: Whose gradients are finite, `[members]`.

        Returns:
            Who skips this step, `[members]`.
        """
        scale, held = self._scale.value, self._held.value
        doubled = finite & tf.equal(held, _GROWTH_STEPS - 1)
        skips = ~finite & (scale > _LEAST)
        self._scale.assign(scale * tf.where(finite, tf.where(doubled, 2.0, 1.0), 0.5))
        self._held.assign(tf.where(finite & ~doubled, held + 1, 0))
        return skips
