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
from dlsuite.spec.losses import loss_entry

_LATER = ("loss", "class_weight", "precision")
"""Settings that came when there were keys already."""


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
        loss: What is minimized. Classification: `cross_entropy`, the default, or `focal` (Lin et al., 2017:
            the cross-entropy times the squared probability of a wrong answer). Regression, of the
            standardized target: `squared_error`, the default, `mae` or `huber` (1964; squared up to 1, linear
            beyond). Or one that is registered.
        class_weight: `balanced` multiplies an example's loss in a training step by `n / (classes * n_class)`
            (King and Zeng, 2001), counted in the labels trained on, so that all classes weigh the same. What
            is reported stays unweighted. For classification.
        precision: What layers compute in. `float32`, the default, leaves the model as it was built.
            `mixed_bfloat16` and `mixed_float16` are Keras's dtype policies: layers compute in 16 bits, while
            weights, losses and metrics stay in 32 (Micikevicius et al., 2018). With `mixed_float16` each
            member's loss is scaled, and steps whose gradients overflow are skipped. Made for GPUs: on a CPU
            it is no faster.

    Raises:
        SpecError: A setting has the wrong type or is out of bounds.
        UnknownNameError: There is no such loss; the message lists the closest ones.
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
    loss: str | None = None
    class_weight: Literal["none", "balanced"] = "none"
    precision: Literal["float32", "mixed_bfloat16", "mixed_float16"] = "float32"

    def __post_init__(self) -> None:
        """Check every setting."""
        for name, hyperparameter in training_hyperparameters().items():
            object.__setattr__(self, name, hyperparameter.validate(getattr(self, name)))
        if self.loss is not None:
            loss_entry(self.loss)

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

    def content(self) -> dict[str, Any]:
        """What of the settings determines a result, for a trial's key.

        A loss counts with its version, the default one by any name not at all; nor does a setting that came
        later than the first keys, where it is at its default.
        """
        content = {key: value for key, value in vars(self).items() if key not in _LATER}
        loss = loss_entry(self.loss) if self.loss is not None else None
        if loss is not None and not loss.is_default:
            content["loss"] = [loss.name, loss.version]
        if self.class_weight != "none":
            content["class_weight"] = self.class_weight
        if self.precision != "float32":
            content["precision"] = self.precision
        return content

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
