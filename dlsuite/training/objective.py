"""The objective: how wrong outputs are, for each example, and how means over examples become scores."""

from dataclasses import dataclass
from typing import Literal

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf
from scipy.special import softmax

from dlsuite.data import Dataset
from dlsuite.spec.losses import Loss, loss_for
from dlsuite.training.losses import losses_by


@dataclass(frozen=True)
class Objective:
    """What a task minimizes and reports.

    Attributes:
        task_type: Unless another loss is chosen, classification minimizes the cross-entropy of softmax, in
            nats; regression the squared error of the standardized target.
        target_mean: Mean of the training targets, in their own units; 0 for classification.
        target_scale: What one standardized unit is in the target's own units; 1 for classification.
        loss: What is minimized; None for the default.
    """

    task_type: Literal["classification", "regression"]
    target_mean: float = 0.0
    target_scale: float = 1.0
    loss: Loss | None = None

    @classmethod
    def of(cls, data: Dataset, *, loss: str | None = None) -> "Objective":
        """The objective of a data set's task.

        Args:
            data: The data set.
            loss: The name of a loss; the task type's default one if absent.

        Raises:
            UnknownNameError: There is no such loss.
            SpecError: It is for tasks of the other type.
        """
        chosen = loss_for(loss, task_type=data.task_type)
        return cls(data.task_type, data.target_mean, data.target_scale, chosen)

    @property
    def width(self) -> int:
        """How many numbers an example is measured by: a squared error beside a loss that is another."""
        return 3 if self.task_type == "regression" and self.loss is not None else 2

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
        if self.loss is not None:
            return losses_by(self.loss, targets, outputs)
        if self.task_type == "classification":
            return keras.losses.sparse_categorical_crossentropy(targets, outputs, from_logits=True)
        return tf.square(outputs[..., 0] - targets)

    def measures(self, targets: tf.Tensor, outputs: tf.Tensor) -> tf.Tensor:
        """What is averaged over examples, `[..., batch, width]`.

        That is the loss, the hit or the absolute error, and the squared error where it is not the loss.
        """
        losses = self.losses(targets, outputs)
        if self.task_type == "classification":
            guesses = tf.argmax(outputs, axis=-1, output_type=targets.dtype)
            others = tf.cast(tf.equal(guesses, targets), losses.dtype)
        else:
            others = tf.abs(outputs[..., 0] - targets)
        if self.width == 2:
            return tf.stack([losses, others], axis=-1)
        return tf.stack([losses, others, tf.square(outputs[..., 0] - targets)], axis=-1)

    def scores(self, means: npt.NDArray[np.floating]) -> dict[str, float]:
        """Turn means over examples into the loss and the metrics.

        Args:
            means: The means of `measures`, `[width]`.

        Returns:
            `loss`, then `accuracy`, or `rmse` and `mae` in the target's own units.
        """
        loss, other = float(means[0]), float(means[1])
        if self.task_type == "classification":
            return {"loss": loss, "accuracy": other}
        squared = loss if self.width == 2 else float(means[2])
        return {
            "loss": loss,
            "rmse": squared**0.5 * self.target_scale,
            "mae": other * self.target_scale,
        }

    def predictions(self, outputs: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
        """What outputs say, as metrics take it.

        Args:
            outputs: Logits `[..., classes]` or standardized values `[..., 1]`.

        Returns:
            Probabilities `[..., classes]`, or values in the target's own units, `[...]`.
        """
        exact = outputs.astype(np.float64)
        if self.task_type == "regression":
            return exact[..., 0] * self.target_scale + self.target_mean
        return np.asarray(softmax(exact, axis=-1))
