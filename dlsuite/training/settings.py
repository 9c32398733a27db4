"""The settings of training: what an optimizer, its learning-rate schedule and the batches take.

Nothing here needs TensorFlow, so that a study can be checked without it.
"""

import functools
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from dlsuite.spec import (
    Count,
    Hyperparameter,
    Penalty,
    Positive,
    Rate,
    Vectorized,
    hyperparameters_of,
)


@dataclass(frozen=True, kw_only=True)
class TrainingSettings:
    """How a model is trained.

    Args:
        optimizer: Which of Keras's optimizers takes the step. `adamw` is Adam by the name it has with
            weight decay: in Keras the decay is decoupled for all of them.
        learning_rate: Size of a step against the gradient, before the schedule's factor.
        momentum: For `sgd` and `rmsprop`, the share of the last step that goes into the next.
        nesterov: For `sgd`, whether momentum looks ahead (Sutskever et al., 2013).
        weight_decay: Share of each weight taken off in a step, times the learning rate; decoupled from the
            gradient (Loshchilov and Hutter, 2019).
        clip_norm: Largest global norm of the gradient; a longer one is scaled down to it.
        schedule: How the learning rate falls: `constant`; `step`, a tenth after half and again after three
            quarters of the steps; `cosine`, down to 0 (Loshchilov and Hutter, 2017).
        warmup: Share of all steps in which the learning rate first rises from near 0 to its full size.
        batch_size: Examples in a step. The last batch of an epoch may be smaller.

    Raises:
        SpecError: A setting has the wrong type or is out of bounds.
    """

    optimizer: Literal["sgd", "rmsprop", "adam", "adamw"] = "adam"
    learning_rate: Annotated[Positive, Vectorized()] = 1e-3
    momentum: Annotated[Rate, Vectorized()] = 0.0
    nesterov: bool = False
    weight_decay: Annotated[Penalty, Vectorized()] = 0.0
    clip_norm: Annotated[Positive | None, Vectorized()] = None
    schedule: Literal["constant", "step", "cosine"] = "constant"
    warmup: Rate = 0.0
    batch_size: Count = 32

    def __post_init__(self) -> None:
        """Check every setting."""
        for name, hyperparameter in training_hyperparameters().items():
            object.__setattr__(self, name, hyperparameter.validate(getattr(self, name)))

    @property
    def without_effect(self) -> frozenset[str]:
        """The settings that change nothing, whatever their value, given the others."""
        idle = set()
        if self.optimizer not in ("sgd", "rmsprop"):
            idle.add("momentum")
        if self.optimizer != "sgd" or self.momentum == 0:
            idle.add("nesterov")
        return frozenset(idle)

    @property
    def depends_on_length(self) -> bool:
        """Whether an epoch depends on how many there will be."""
        return self.schedule != "constant" or self.warmup > 0

    def structure(self) -> tuple[Any, ...]:
        """Everything that is built into a compiled graph: all but the vectorized settings."""
        return tuple(
            getattr(self, name)
            for name, hyperparameter in training_hyperparameters().items()
            if not hyperparameter.vectorized
        )


def training_hyperparameters() -> dict[str, Hyperparameter]:
    """What a study can set of the training, by name."""
    return dict(_hyperparameters())


@functools.cache
def _hyperparameters() -> dict[str, Hyperparameter]:
    return hyperparameters_of(TrainingSettings)
