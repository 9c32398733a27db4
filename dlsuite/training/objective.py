"""The objective: how wrong outputs are, for each example, and how means over examples become scores."""

from dataclasses import dataclass
from typing import Literal

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf


@dataclass(frozen=True)
class Objective:
    """What a task minimizes and reports.

    Attributes:
        task_type: Classification minimizes the cross-entropy of softmax, in nats; regression the squared
            error of the standardized target.
        target_mean: Mean of the training targets, in their own units; 0 for classification.
        target_scale: What one standardized unit is in the target's own units; 1 for classification.
    """

    task_type: Literal["classification", "regression"]
    target_mean: float = 0.0
    target_scale: float = 1.0

    def standardize(self, targets: npt.NDArray[np.generic], dtype: str) -> npt.NDArray[np.generic]:
        """Targets as they are trained on, `[n]`: labels as they are, values centered and scaled."""
        if self.task_type == "classification":
            return targets.astype(np.int32)
        return ((targets.astype(np.float64) - self.target_mean) / self.target_scale).astype(dtype)

    def losses(self, targets: tf.Tensor, outputs: tf.Tensor) -> tf.Tensor:
        """The loss of each example, `[batch]`.

        Args:
            targets: Labels or standardized values, `[..., batch]`.
            outputs: Logits `[..., batch, classes]` or values `[..., batch, 1]`.
        """
        if self.task_type == "classification":
            return keras.losses.sparse_categorical_crossentropy(targets, outputs, from_logits=True)
        return tf.square(outputs[..., 0] - targets)

    def measures(self, targets: tf.Tensor, outputs: tf.Tensor) -> tf.Tensor:
        """What is averaged over examples, `[..., batch, 2]`: the loss, and the hit or the absolute error."""
        losses = self.losses(targets, outputs)
        if self.task_type == "classification":
            guesses = tf.argmax(outputs, axis=-1, output_type=targets.dtype)
            others = tf.cast(tf.equal(guesses, targets), losses.dtype)
        else:
            others = tf.abs(outputs[..., 0] - targets)
        return tf.stack([losses, others], axis=-1)

    def scores(self, means: npt.NDArray[np.floating]) -> dict[str, float]:
        """Turn means over examples into the loss and the metrics.

        Args:
            means: The means of `measures`, `[2]`.

        Returns:
            `loss`, then `accuracy`, or `rmse` and `mae` in the target's own units.
        """
        loss, other = float(means[0]), float(means[1])
        if self.task_type == "classification":
            return {"loss": loss, "accuracy": other}
        return {
            "loss": loss,
            "rmse": loss**0.5 * self.target_scale,
            "mae": other * self.target_scale,
        }
