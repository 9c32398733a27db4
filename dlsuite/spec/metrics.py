"""The registry of metrics: what is measured of a trial, for which type of task, and which way is better.

Columns, tables, figures and sentences all read it. `loss`, `accuracy`, `rmse` and `mae` are measured of every
trial, in the compiled graph. All others are functions of predictions, computed where a study asks for them.
"""

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from dlsuite.errors import SpecError, closest
from dlsuite.registry import Registry
from dlsuite.source import call_place, definition_place, source_version
from dlsuite.spec import prediction_scores
from dlsuite.spec.kinds import TASK_TYPES

Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True)
class Metric:
    """A number that says how good a trial's predictions are.

    Attributes:
        name: Its name in columns, as in `val_f1_best`.
        label: Its name in prose and on figures.
        task_type: The type of task that has it; None if both have.
        greater_is_better: Whether a greater value is the better one.
        bounds: What it cannot leave, low and high.
        in_target_units: Whether it is in the target's own units.
        of_every_trial: Whether every trial has it, since the compiled graph measures it.
        function: Computes it of predictions; None where the graph does, or where only its description is
            known.
        version: For a user's own, a hash of its source; else empty.
    """

    name: str
    label: str
    task_type: str | None
    greater_is_better: bool
    bounds: tuple[float, float] = (-math.inf, math.inf)
    in_target_units: bool = False
    of_every_trial: bool = False
    function: Callable[[Any, Any], Any] | None = field(default=None, compare=False, repr=False)
    version: str = ""

    @property
    def is_share(self) -> bool:
        """Whether it goes from 0 to 1, as an accuracy does."""
        return self.bounds == (0.0, 1.0)

    @property
    def tag(self) -> str:
        """What stored trials are marked with that have it: the name, and the version if there is one."""
        return f"{self.name}@{self.version}" if self.version else self.name

    def fits(self, task_type: str) -> bool:
        """Whether tasks of a type have it."""
        return self.task_type in (None, task_type)

    def gap(self, train: float, held_out: float) -> float:
        """How much worse it is on held-out examples than on the training ones; positive is overfitting."""
        return train - held_out if self.greater_is_better else held_out - train

    def measure(self, targets: Any, predictions: Any) -> float:
        """Compute it.

        Args:
            targets: Labels, or targets in their own units, `[n]`.
            predictions: Probabilities `[n, classes]`, or values in the target's own units, `[n]`.

        Returns:
            The number; NaN where it is not defined on these examples.

        Raises:
            SpecError: A user's function raises, or returns what is no finite number and not NaN.
        """
        assert self.function is not None, self.name
        try:
            returned = self.function(targets, predictions)
        except Exception as error:
            reason = str(error).partition("\n")[0]
            raise SpecError(
                f"metric {self.name!r} ({call_place(self.function, error)}): it raised "
                f"{type(error).__name__}: {reason}"
            ) from error
        try:
            number = float(returned)
        except (TypeError, ValueError):
            number = math.inf
        if isinstance(returned, str) or math.isinf(number):
            raise SpecError(
                f"metric {self.name!r} ({definition_place(self.function)}): expected a finite number, or NaN "
                f"where it is not defined; it returned {_shown(returned)}."
            )
        return number


_SHARE = (0.0, 1.0)
_ERROR = (0.0, math.inf)
_CLASSES, _VALUES = TASK_TYPES

BUILT_IN = (
    Metric("loss", "loss", None, False, _ERROR, of_every_trial=True),
    Metric("accuracy", "accuracy", _CLASSES, True, _SHARE, of_every_trial=True),
    Metric("rmse", "RMSE", _VALUES, False, _ERROR, in_target_units=True, of_every_trial=True),
    Metric("mae", "MAE", _VALUES, False, _ERROR, in_target_units=True, of_every_trial=True),
    Metric(
        "balanced_accuracy",
        "balanced accuracy",
        _CLASSES,
        True,
        _SHARE,
        function=prediction_scores.balanced_accuracy,
    ),
    Metric("f1", "F1", _CLASSES, True, _SHARE, function=prediction_scores.macro_f1),
    Metric("auc", "AUC", _CLASSES, True, _SHARE, function=prediction_scores.ranking_area),
    Metric(
        "r2",
        "R\N{SUPERSCRIPT TWO}",
        _VALUES,
        True,
        (-math.inf, 1.0),
        function=prediction_scores.explained_variance,
    ),
)
"""The suite's own metrics, in the order of their columns."""

_ALIASES: dict[tuple[str, str], str] = {("log_loss", _CLASSES): "loss"}
"""Other names, by name and type of task: the log loss is what classification minimizes."""

_metrics: Registry[Metric] = Registry("metric")
for _metric in BUILT_IN:
    _metrics.add(_metric.name, _metric)
_described: dict[str, Metric] = {}
"""Metrics that results were stored with, and that nobody has registered in this process."""


def register_metric(
    name: str,
    *,
    task_type: str,
    greater_is_better: bool,
    label: str | None = None,
    bounds: tuple[float, float] | None = None,
) -> Callable[[Function], Function]:
    """Register a function that scores predictions, under a name that studies can use.

    The function is called with NumPy arrays: labels `[n]` and probabilities `[n, classes]`, or targets and
    values `[n]` in the target's own units. It returns a number, or NaN where it is not defined. It is called
    after every epoch, once a trial and split.

    Args:
        name: The name: letters, digits and `_`.
        task_type: `classification` or `regression`.
        greater_is_better: Whether a greater value is the better one.
        label: Its name in prose and on figures; the name, with spaces, if absent.
        bounds: What it cannot leave, low and high; all numbers if absent.

    Returns:
        A decorator that registers the function and returns it unchanged.

    Raises:
        SpecError: The name is taken or cannot be part of a column's name, the task type is unknown, or the
            bounds are no range.

    Example:
        >>> @register_metric("cost", task_type="classification", greater_is_better=False)
        ... def cost(labels, probabilities):
        ...     return float((10.0 * (labels == 1) * probabilities[:, 0]).mean())
    """
    if task_type not in TASK_TYPES:
        raise SpecError(
            f"metric {name!r}: task_type: expected one of {', '.join(TASK_TYPES)}; got {task_type!r}."
        )
    low, high = bounds or (-math.inf, math.inf)
    if not low < high:
        raise SpecError(
            f"metric {name!r}: bounds: expected a low and a higher one; got {low}, {high}."
        )
    _check_name(name)

    def register(function: Function) -> Function:
        metric = Metric(
            name=name,
            label=label or name.replace("_", " "),
            task_type=task_type,
            greater_is_better=greater_is_better,
            bounds=(float(low), float(high)),
            function=function,
            version=source_version(function),
        )
        _metrics.add(name, metric)
        _described.pop(name, None)
        return function

    return register


def unregister_metric(name: str) -> None:
    """Take a user's metric out of the registry again."""
    if _metrics.get(name) in BUILT_IN:
        raise SpecError(f"The metric {name!r} is the suite's own and stays.")
    _metrics.remove(name)


def list_metrics(pattern: str = "*", *, task_type: str | None = None) -> list[str]:
    """List registered metrics, sorted.

    Args:
        pattern: A shell wildcard.
        task_type: Only those that tasks of this type have.
    """
    return [
        name
        for name in _metrics.names(pattern)
        if task_type is None or _metrics.get(name).fits(task_type)
    ]


def metric_entry(name: str, *, task_type: str) -> Metric | None:
    """Look up what a name stands for in tasks of a type; None if these do not have it.

    Raises:
        UnknownNameError: There is none of this name; the message lists the closest ones.
    """
    aliased = {alias for alias, _ in _ALIASES}
    if name in aliased:
        name = _ALIASES.get((name, task_type), "")
        return _metrics.get(name) if name else None
    metric = _metrics.get(name)
    return metric if metric.fits(task_type) else None


def metrics_of_every_trial(task_type: str) -> tuple[Metric, ...]:
    """What every trial of a task of this type has: the loss, then the metrics, the default one first."""
    return tuple(metric for metric in BUILT_IN if metric.of_every_trial and metric.fits(task_type))


def known_metrics() -> dict[str, Metric]:
    """Every metric whose meaning is known here, by name: those registered, and those of stored results."""
    return {**_described, **dict(_metrics)}


def known_metric(name: str) -> Metric:
    """What is known of a metric.

    Raises:
        SpecError: Nothing is.
    """
    known = known_metrics()
    if name not in known:
        raise SpecError(
            f"metric: expected one of {', '.join(known)}; got {name!r}. {closest(name, known)}"
        )
    return known[name]


def describe_metric(metric: Metric, *, source: str) -> None:
    """Make known what results were stored with, so that they can be read without whoever registered it.

    Args:
        metric: Without its function.
        source: Where it was read, for the message.

    Raises:
        SpecError: It is known already, and as one that is better the other way.
    """
    known = known_metrics().get(metric.name)
    if known is not None and known.greater_is_better != metric.greater_is_better:
        better, other = ("greater", "lower") if metric.greater_is_better else ("lower", "greater")
        raise SpecError(
            f"{source}: metric {metric.name!r} is better when {better} there, but {other} in what this "
            "process knows already; rename one of the two, or read these results in a process of their own."
        )
    if known is None:
        _described[metric.name] = metric


def tags_of(metrics: Iterable[Metric]) -> str:
    """The tags of metrics in one text, as stored trials have them."""
    return " ".join(sorted(metric.tag for metric in metrics))


def _check_name(name: str) -> None:
    """Refuse what would make two columns look alike, as in `test_gap_x` and `train_x_best`."""
    if (
        not re.fullmatch(r"[A-Za-z]\w*", name, re.ASCII)
        or name.startswith("gap_")
        or name.endswith(("_best", "_last"))
    ):
        raise SpecError(
            f"metric {name!r}: expected letters, digits and '_', beginning with a letter, not with 'gap_', "
            "and not ending in '_best' or '_last', since it becomes part of columns' names."
        )
    if name in {alias for alias, _ in _ALIASES}:
        raise SpecError(f"The metric {name!r} is registered already; choose another name.")


def _shown(returned: object) -> str:
    text = repr(returned)
    return text if len(text) <= 60 and "\n" not in text else f"a {type(returned).__name__}"
