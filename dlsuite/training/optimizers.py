"""Keras's own optimizers and learning-rate schedules, with a learning rate that can change between trials."""

from typing import Any

import keras
import tensorflow as tf

from dlsuite.training.settings import TrainingSettings


class TrialSchedule(keras.optimizers.schedules.LearningRateSchedule):
    """The learning rate as a function of the absolute step: `base * warm-up(step) * schedule(step)`.

    The factor falls from 1 by a schedule of Keras's own, which begins where the warm-up ends. The base is
    a variable, so that one compiled graph trains every learning rate.

    Args:
        settings: The schedule and the warm-up.
        total_steps: Steps in the whole training, 1 or more.
        dtype: Type of the learning rate.
    """

    def __init__(
        self, settings: TrainingSettings, *, total_steps: int, dtype: str = "float32"
    ) -> None:
        self.base = tf.Variable(settings.learning_rate, trainable=False, dtype=dtype)
        self._warmup_steps = round(settings.warmup * total_steps)
        self._factor = _factor(settings.schedule, max(1, total_steps - self._warmup_steps))

    def __call__(self, step: Any) -> tf.Tensor:
        """The learning rate of a step, counted from 0: a scalar."""
        position = tf.cast(step, self.base.dtype)
        warm = tf.minimum(1.0, (position + 1.0) / (self._warmup_steps + 1.0))
        rate = self.base * warm
        if self._factor is not None:
            after = tf.maximum(tf.zeros([], position.dtype), position - self._warmup_steps)
            rate *= tf.cast(self._factor(after), position.dtype)
        return rate

    def get_config(self) -> dict[str, Any]:
        """Not serializable: it belongs to one training."""
        raise NotImplementedError("a trial's schedule lives no longer than its training")


def make_optimizer(
    settings: TrainingSettings, *, total_steps: int, dtype: str = "float32"
) -> keras.optimizers.Optimizer:
    """Make the Keras optimizer of the settings.

    Args:
        settings: The optimizer, its schedule and its other settings.
        total_steps: Steps in the whole training, which schedules need.
        dtype: Type of the weights and of the learning rate.

    Returns:
        An optimizer whose learning rate is a `TrialSchedule`. It reads the base learning rate from that
        schedule's variable.
    """
    options: dict[str, Any] = {
        "learning_rate": TrialSchedule(settings, total_steps=total_steps, dtype=dtype),
        "weight_decay": settings.weight_decay or None,
        "global_clipnorm": settings.clip_norm,
    }
    if settings.optimizer == "sgd":
        options |= {"momentum": settings.momentum, "nesterov": settings.nesterov}
        return keras.optimizers.SGD(**options)
    if settings.optimizer == "rmsprop":
        return keras.optimizers.RMSprop(momentum=settings.momentum, **options)
    if settings.optimizer == "adamw":
        options["weight_decay"] = settings.weight_decay
        return keras.optimizers.AdamW(**options)
    return keras.optimizers.Adam(**options)


def _factor(schedule: str, steps: int) -> Any:
    """The schedule's factor by step, from 1 down; None where it stays 1."""
    schedules = keras.optimizers.schedules
    if schedule == "step":
        # Keras's boundaries are the last steps, counted from 0, of the value before.
        boundaries = [max(0, steps // 2 - 1), max(0, steps * 3 // 4 - 1)]
        return schedules.PiecewiseConstantDecay(boundaries, [1.0, 0.1, 0.01])
    if schedule == "cosine":
        return schedules.CosineDecay(1.0, decay_steps=steps)
    return None
