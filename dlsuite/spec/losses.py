"""The registry of losses: what a training can minimize, and for which type of task.

What a built-in one computes stands in `dlsuite.training.losses`, since it needs TensorFlow; here is what a
study is checked by, and where a user's own is registered.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from dlsuite.errors import SpecError
from dlsuite.registry import Registry
from dlsuite.source import source_version
from dlsuite.spec.kinds import TASK_TYPES

Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True)
class Loss:
    """Something that a training can minimize.

    Attributes:
        name: Its name.
        task_type: The type of task that it is for.
        is_default: Whether tasks of its type minimize it where nothing else is said.
        function: A user's own: labels `[n]` and logits `[n, classes]`, or standardized targets and values
            `[n]`, to the loss of each example, `[n]`; None for the suite's.
        version: For a user's own, a hash of its source; else empty.
    """

    name: str
    task_type: str
    is_default: bool = False
    function: Callable[[Any, Any], Any] | None = None
    version: str = ""


_CLASSES, _VALUES = TASK_TYPES
_losses: Registry[Loss] = Registry("loss")
for _loss in (
    Loss("cross_entropy", _CLASSES, is_default=True),
    Loss("focal", _CLASSES),
    Loss("squared_error", _VALUES, is_default=True),
    Loss("mae", _VALUES),
    Loss("huber", _VALUES),
):
    _losses.add(_loss.name, _loss)


def register_loss(name: str, *, task_type: str) -> Callable[[Function], Function]:
    """Register a function that says how wrong a model is, under a name that studies can use.

    Written in TensorFlow or `keras.ops`, it is compiled into the training step. It is given tensors: labels
    `[n]` (whole numbers) and logits `[n, classes]`, or standardized targets and values `[n]`. It returns the
    loss of each example, `[n]`, and must not let one example depend on another.

    Args:
        name: The name.
        task_type: `classification` or `regression`.

    Returns:
        A decorator that registers the function and returns it unchanged.

    Raises:
        SpecError: The name is taken, or the task type is unknown.

    Example:
        >>> @register_loss("log_cosh", task_type="regression")
        ... def log_cosh(targets, values):
        ...     from keras import ops
        ...     return ops.log(ops.cosh(values - targets))
    """
    if task_type not in TASK_TYPES:
        raise SpecError(
            f"loss {name!r}: task_type: expected one of {', '.join(TASK_TYPES)}; got {task_type!r}."
        )

    def register(function: Function) -> Function:
        version = source_version(function)
        _losses.add(name, Loss(name, task_type, function=function, version=version))
        return function

    return register


def unregister_loss(name: str) -> None:
    """Take a user's loss out of the registry again."""
    if _losses.get(name).function is None:
        raise SpecError(f"The loss {name!r} is the suite's own and stays.")
    _losses.remove(name)


def loss_entry(name: str) -> Loss:
    """Look a loss up.

    Raises:
        UnknownNameError: There is none of this name; the message lists the closest ones.
    """
    return _losses.get(name)


def loss_for(name: str | None, *, task_type: str) -> Loss | None:
    """What tasks of a type minimize by this name; None for what they minimize by default.

    Raises:
        UnknownNameError: There is none of this name.
        SpecError: It is for tasks of the other type.
    """
    if name is None:
        return None
    loss = _losses.get(name)
    if loss.task_type != task_type:
        fitting = ", ".join(list_losses(task_type=task_type))
        raise SpecError(
            f"loss: {name!r} is for {loss.task_type}; {task_type} takes one of {fitting}."
        )
    return None if loss.is_default else loss


def list_losses(pattern: str = "*", *, task_type: str | None = None) -> list[str]:
    """List registered losses, sorted.

    Args:
        pattern: A shell wildcard.
        task_type: Only those for tasks of this type.
    """
    return [
        name
        for name in _losses.names(pattern)
        if task_type is None or _losses.get(name).task_type == task_type
    ]
