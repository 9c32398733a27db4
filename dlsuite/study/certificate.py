"""The certificate of a model: that training it in a population changes nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dlsuite.data import Dataset
from dlsuite.errors import SpecError
from dlsuite.models import model_entry
from dlsuite.quiet import import_tensorflow
from dlsuite.study.subject import is_registered, subject_data, subject_model, take_training
from dlsuite.training.settings import TrainingSettings

if TYPE_CHECKING:
    from dlsuite.training.verification import MemberDifference

VARIED: dict[str, tuple[Any, ...]] = {
    "dropout": (0.2, 0.5, 0.0, 0.3),
    "recurrent_dropout": (0.3, 0.0, 0.2, 0.1),
    "l2": (0.0, 1e-3, 1e-2, 1e-4),
    "learning_rate": (1e-3, 3e-4, 1e-3, 5e-4),
    "momentum": (0.9, 0.5, 0.0, 0.8),
    "weight_decay": (0.0, 0.01, 0.1, 0.001),
    "clip_norm": (None, 1.0, 0.1, 5.0),
    "seed": (0, 0, 1, 1),
}
"""What the members differ in unless it is set: two at a time share a seed, and so batches and draws."""


_EXAMPLES = 100
"""Training examples, where the data can be cut: enough to see a mistake."""


@dataclass(frozen=True)
class Certificate:
    """How far the members of a small population are from the plain Keras model trained alone.

    Attributes:
        differences: A row a precision and member.
        settings: What each member was trained with.
        tolerance: The largest difference of a loss that is allowed in float64.
    """

    differences: tuple["MemberDifference", ...]
    settings: tuple[Mapping[str, Any], ...]
    tolerance: float

    @property
    def largest(self) -> float:
        """The largest difference of a loss in float64; infinite where one is no number."""
        losses = [row.loss for row in self.differences if row.precision == "float64"]
        return max(loss if loss == loss else float("inf") for loss in losses)

    @property
    def holds(self) -> bool:
        """Whether no member's loss differs by more than the tolerance in float64."""
        return self.largest <= self.tolerance


def verify(
    model: Any,
    data: str | Dataset,
    *,
    settings: Mapping[str, Any] | None = None,
    members: int = 4,
    steps: int = 200,
    tolerance: float = 1e-9,
    precisions: Sequence[str] = ("float64", "float32"),
) -> Certificate:
    """Train a small population, and each member alone by Keras and an ordinary loop; compare them.

    Both see the same batches, drop the same units and change images alike. float64 decides: there a
    difference is a mistake. float32 is reported: a rounded number near the kink of a ReLU or a maximum may
    fall on either side of it, and training carries that on, in plain Keras with and without XLA as well.

    Args:
        model: A registered model's name, a `.keras` file, or a functional or sequential `keras.Model`.
        data: A registered data set, or a loaded one.
        settings: Hyperparameters of the model, the training and the data, by name. What is not set here
            differs between the members as `VARIED` says, with batch normalization on where the model has it
            and 100 training examples where the data can be cut.
        members: How many members the population has.
        steps: Steps to take; rounded up to whole epochs.
        tolerance: The largest difference of a loss that is allowed in float64.
        precisions: Of `float64` and `float32`, what is compared.

    Raises:
        UnknownNameError: There is no such model or data set.
        SpecError: A setting is unknown or out of bounds, or the model cannot be trained by the suite.

    Example:
        >>> dlsuite.verify("gru", "sunspots").holds
        True
    """
    if members < 1 or steps < 1:
        raise SpecError(
            f"verify: expected at least 1 member and 1 step; got {members} and {steps}."
        )
    if "float64" not in precisions or not {*precisions} <= {"float64", "float32"}:
        raise SpecError(
            "verify: expected precisions float64, which decides, and float32 if it is wanted; got "
            f"{', '.join(precisions) or 'none'}."
        )
    import_tensorflow()
    from dlsuite.training.trainer import TrialSetup
    from dlsuite.training.verification import compare_with_plain

    given = dict(settings or {})
    training = take_training(given)
    dataset = subject_data(data, given, examples=_EXAMPLES)
    setups, used = [], []
    for member in range(members):
        varied = {name: values[member % len(values)] for name, values in VARIED.items()}
        plain, own = _build(model, dataset, given, varied)
        chosen = TrainingSettings(**_training(training, varied))
        setups.append(TrialSetup(plain, chosen, seed=varied["seed"]))
        shown = {key: getattr(chosen, key) for key in VARIED if hasattr(chosen, key)}
        idle = chosen.without_effect | ({"weight_decay"} if not chosen.weight_decay else set())
        used.append(
            {"seed": varied["seed"]}
            | {key: value for key, value in shown.items() if key not in idle and value is not None}
            | own
        )
    differences = [
        difference
        for precision in precisions
        for difference in compare_with_plain(setups, dataset, steps=steps, precision=precision)
    ]
    return Certificate(tuple(differences), tuple(used), tolerance)


def _training(given: Mapping[str, Any], varied: Mapping[str, Any]) -> dict[str, Any]:
    """The training's settings of a member; only what its optimizer uses is varied."""
    uses = {"learning_rate", "clip_norm"}
    optimizer = given.get("optimizer", "adam")
    uses |= {"momentum"} if optimizer in ("sgd", "rmsprop") else set()
    uses |= {"weight_decay"} if optimizer == "adamw" else set()
    return {key: varied[key] for key in uses} | dict(given)


def _build(
    model: Any, data: Dataset, given: Mapping[str, Any], varied: Mapping[str, Any]
) -> tuple[Any, dict[str, Any]]:
    """A member's plain model, and what of it the member has of its own."""
    if not is_registered(model):
        return subject_model(model, data, given, asker="verify"), {}
    known = model_entry(model).hyperparameters
    own: dict[str, Any] = {
        key: varied[key]
        for key in ("dropout", "recurrent_dropout", "l2")
        if key in known and key not in given
    }
    on = {"batch_norm": True} if "batch_norm" in known else {}
    return subject_model(model, data, on | own | dict(given), asker="verify"), own
