"""Keras's optimizers and learning-rate schedules over a population: their settings are vectors."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from dlsuite.training.settings import TrainingSettings


class MemberOptimizer:
    """Takes the step of each member by its own learning rate, momentum, weight decay and clipping.

    The update rules are those of Keras's optimizers, called variable by variable through `update_step`.

    Args:
        settings: The optimizer and its schedule; what is vectorized is set by `load`.
        variables: The population's trainable variables, `[members, ...]`.
        total_steps: Steps in the whole training, which schedules need.
        skips: Whether members may skip steps, so that each has a count of its own.

    Attributes:
        variables: What the rules remember, and the settings of the members.
    """

    def __init__(
        self,
        settings: TrainingSettings,
        variables: Sequence[keras.Variable],
        *,
        total_steps: int,
        skips: bool = False,
    ) -> None:
        self._rule = _RULES[settings.optimizer](nesterov=settings.nesterov)
        self._rule.build(variables)
        self._start = [np.asarray(v) for v in self._rule.variables]
        self._variables = list(variables)
        self._schedule = Schedule(settings, total_steps=total_steps)
        # What Keras keeps in 32 bits, whatever the weights are.
        self._in_32_bits = {"learning_rate", "weight_decay"}
        if settings.optimizer == "sgd":
            self._in_32_bits.add("momentum")
        members, dtype = variables[0].shape[0], variables[0].dtype
        self._settings = {
            name: keras.Variable(np.zeros(members), trainable=False, dtype=dtype)
            for name in ("learning_rate", "momentum", "weight_decay", "clip_norm")
        }
        self.variables = [*self._rule.variables, *self._settings.values()]
        self._taken: keras.Variable | None = None
        if skips:
            self._taken = keras.Variable(np.zeros(members), trainable=False, dtype="int64")
            self.variables.append(self._taken)

    def load(self, settings: Sequence[TrainingSettings]) -> None:
        """Begin anew with the settings of each member."""
        for variable, value in zip(self._rule.variables, self._start, strict=True):
            variable.assign(value)
        if self._taken is not None:
            self._taken.assign(np.zeros(self._taken.shape))
        for name, variable in self._settings.items():
            values = [getattr(of_member, name) for of_member in settings]
            numbers = np.array([np.inf if value is None else value for value in values])
            if name in self._in_32_bits:
                numbers = numbers.astype(np.float32)
            variable.assign(numbers)

    def apply(
        self,
        gradients: Sequence[tf.Tensor],
        gradient_norms: tf.Tensor,
        skipped: tf.Tensor | None = None,
    ) -> None:
        """Take a step.

        Args:
            gradients: One for each variable, of its shape.
            gradient_norms: The length of each member's whole gradient, `[members]`.
            skipped: Whose step does not count, `[members]`: what the rule remembers of them stays. Their
                variables are moved all the same.
        """
        slots = [] if skipped is None else [v for v in self._rule.variables if len(v.shape)]
        before = [slot.value for slot in slots]
        taken = (self._rule.iterations if self._taken is None else self._taken).value
        most = self._settings["clip_norm"].value
        clipping = tf.where(gradient_norms > most, most / gradient_norms, tf.ones_like(most))
        factor = self._schedule(taken, most.dtype)
        rate = self._settings["learning_rate"].value * factor
        decay = rate * self._settings["weight_decay"].value
        for variable, gradient in zip(self._variables, gradients, strict=True):
            variable.assign(variable.value - variable.value * shaped(decay, variable))
            self._rule.momentum = shaped(self._settings["momentum"].value, variable)
            self._rule.taken = None if skipped is None else shaped(taken, variable)
            self._rule.update_step(
                gradient * shaped(clipping, variable), variable, shaped(rate, variable)
            )
        self._rule.taken = None
        self._rule.iterations.assign_add(1)
        if skipped is not None and self._taken is not None:
            for slot, value in zip(slots, before, strict=True):
                slot.assign(tf.where(shaped(skipped, slot), value, slot.value))
            self._taken.assign(taken + tf.cast(~skipped, tf.int64))


class Schedule:
    """The learning rate's factor as a function of the absolute step: `warm-up(step) * schedule(step)`.

    It falls from 1 by a schedule of Keras's own, which begins where the warm-up ends.

    Args:
        settings: The schedule and the warm-up.
        total_steps: Steps in the whole training, 1 or more.
    """

    def __init__(self, settings: TrainingSettings, *, total_steps: int) -> None:
        self._warmup_steps = round(settings.warmup * total_steps)
        self._factor = _factor(settings.schedule, max(1, total_steps - self._warmup_steps))

    def __call__(self, step: Any, dtype: Any) -> tf.Tensor:
        """The factor at a step, counted from 0: a scalar, or one for each of several."""
        position = tf.cast(step, dtype)
        factor = tf.minimum(tf.ones([], dtype), (position + 1.0) / (self._warmup_steps + 1.0))
        if self._factor is not None:
            after = tf.maximum(tf.zeros([], dtype), position - self._warmup_steps)
            factor *= tf.cast(self._factor(after), dtype)
        return factor


class _Handed:
    """Sets variables by Keras's own `assign`, which a stateless scope can see; TensorFlow's it cannot.

    Attributes:
        taken: How many steps members have taken, shaped to a variable; None where all have taken all.
    """

    taken: Any = None

    @property
    def iterations(self) -> Any:
        """How many steps were taken, which Adam corrects its means by."""
        return self._iterations if self.taken is None else self.taken  # type: ignore[attr-defined]

    def assign(self, variable: Any, value: Any) -> None:
        """Set a variable."""
        variable.assign(value)

    def assign_add(self, variable: Any, value: Any) -> None:
        """Add to a variable."""
        variable.assign_add(value)

    def assign_sub(self, variable: Any, value: Any) -> None:
        """Take off a variable."""
        variable.assign_sub(value)

    def _var_key(self, variable: Any) -> int:
        return id(variable)


class _Adam(_Handed, keras.optimizers.Adam):
    """Adam, as Keras has it."""

    def __init__(self, *, nesterov: bool) -> None:
        super().__init__()


class _Sgd(_Handed, keras.optimizers.SGD):
    """SGD whose momentum may be a tensor: Keras asks whether it is 0."""

    def __init__(self, *, nesterov: bool) -> None:
        super().__init__(momentum=0.5, nesterov=nesterov)

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """`v = momentum v - rate g`, `w += v`; with Nesterov's look ahead `w += momentum v - rate g`."""
        velocity = self.momentums[self._get_variable_index(variable)]
        step = gradient * learning_rate
        velocity.assign(velocity * self.momentum - step)
        variable.assign_add(velocity * self.momentum - step if self.nesterov else velocity)


class _RmsProp(_Handed, keras.optimizers.RMSprop):
    """RMSprop whose momentum may be a tensor: Keras asks whether it is above 0."""

    def __init__(self, *, nesterov: bool) -> None:
        super().__init__(momentum=0.5)

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """`s = rho s + (1 - rho) g^2`, `v = momentum v + rate g / sqrt(s + epsilon)`, `w -= v`."""
        index = self._get_variable_index(variable)
        squares, velocity = self._velocities[index], self._momentums[index]
        squares.assign(self.rho * squares + (1 - self.rho) * tf.square(gradient))
        step = learning_rate * gradient / tf.sqrt(squares + self.epsilon)
        velocity.assign(velocity * self.momentum + step)
        variable.assign_sub(velocity)


_RULES: dict[str, Any] = {
    "sgd": _Sgd,
    "rmsprop": _RmsProp,
    "adam": _Adam,
    "adamw": _Adam,  # The decay is taken off in `apply`.
}


def shaped(of_members: tf.Tensor, like: Any) -> tf.Tensor:
    """Shape numbers of members, `[members]`, so that they broadcast against `[members, ...]`."""
    return tf.reshape(of_members, [-1, *[1] * (len(like.shape) - 1)])


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
