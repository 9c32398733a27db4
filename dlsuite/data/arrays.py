"""Arrays that somebody has in memory, taken as a data set: kind, classes and splits found out or given."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from dlsuite.data.dataset import Array
from dlsuite.data.inputs import category_texts
from dlsuite.data.raw import Arrays
from dlsuite.data.rows import FREE, TEST, TRAIN, VALIDATION, SplitRules
from dlsuite.data.targets import (
    Target,
    check_class_sizes,
    check_numbers_differ,
    imbalance_note,
    label_classes,
    target_type,
)
from dlsuite.errors import DataError, SpecError
from dlsuite.spec.kinds import KINDS, TASK_TYPES, Kind, TaskType

Pair = tuple[Any, Any]
_RANKS: dict[Kind, int] = {"table": 2, "series": 3, "image": 4}
_SHAPES: dict[Kind, str] = {
    "table": "[n, features]",
    "series": "[n, steps, channels]",
    "image": "[n, height, width, channels]",
}


def make_arrays(
    x: Any,
    y: Any,
    *,
    validation: Pair | None = None,
    test: Pair | None = None,
    kind: Kind | None = None,
    task_type: TaskType | None = None,
    class_names: Sequence[str] | None = None,
    feature_names: Sequence[str] = (),
) -> Arrays:
    """Check arrays and find out what they are; see `Dataset.from_arrays`.

    Raises:
        SpecError: An argument is none of its choices, or does not fit the arrays.
        DataError: The arrays do not fit each other, or hold what cannot be trained on.
    """
    for argument, value, choices in (("kind", kind, KINDS), ("task_type", task_type, TASK_TYPES)):
        if value is not None and value not in choices:
            raise SpecError(f"{argument}: expected one of {', '.join(choices)}; got {value!r}.")
    pairs = {"x": (x, y)}
    for name, pair in (("validation", validation), ("test", test)):
        if pair is not None:
            if not isinstance(pair, tuple | list) or len(pair) != 2:
                raise SpecError(f"{name}: expected a pair (x, y); got a {type(pair).__name__}.")
            pairs[name] = (pair[0], pair[1])
    names = tuple(feature_names) or _column_names(x)
    inputs = {name: _inputs(pair[0], name) for name, pair in pairs.items()}
    targets = {name: _targets(pair[1], name) for name, pair in pairs.items()}
    for name, array in inputs.items():
        if len(array) != len(targets[name]):
            raise DataError(
                f"{name}: expected as many targets as inputs, {len(array)}; got {len(targets[name])}."
            )
        if not len(array):
            raise DataError(f"{name}: expected at least one example; got none.")
    kind = kind or _kind(inputs["x"])
    inputs = {name: _of_kind(array, kind, name) for name, array in inputs.items()}
    channels = inputs["x"].shape[-1]
    if names and len(names) != channels:
        raise DataError(f"feature_names: expected {channels}, one a channel; got {len(names)}.")
    if not names and kind != "image":
        names = tuple(f"x{place}" for place in range(channels))
    target = _told(list(targets.values()), task_type, class_names)
    given = [TRAIN if len(pairs) == 3 else FREE, VALIDATION, TEST]
    parts = [given[0], *(given[1 + (name == "test")] for name in [*pairs][1:])]
    sizes = [len(array) for array in inputs.values()]
    return Arrays(
        kind=kind,
        xs=tuple(inputs.values()),
        y=target.y,
        class_names=target.class_names,
        feature_names=names,
        rules=SplitRules(given=np.repeat(parts, sizes) if len(pairs) > 1 else None),
        notes=target.notes,
    )


def _column_names(x: Any) -> tuple[str, ...]:
    return tuple(str(name) for name in x.columns) if hasattr(x, "columns") else ()


def _inputs(x: Any, name: str) -> Array:
    array = np.asarray(x)
    if array.dtype.kind not in "biuf":
        advice = (
            "For a table with texts use Dataset.from_frame."
            if hasattr(x, "columns")
            else "Turn them into numbers first."
        )
        raise DataError(f"{name}: expected numbers; got {array.dtype}. {advice}")
    return array


def _targets(y: Any, name: str) -> Array:
    array = np.asarray(y)
    if array.ndim == 2 and array.shape[1] == 1:
        return array[:, 0]
    if array.ndim != 1 and not _is_one_hot(array):
        raise DataError(
            f"{name}: expected one target an example, or one-hot rows of 0 and a single 1; "
            f"got targets of shape {array.shape}."
        )
    return array


def _is_one_hot(y: Array) -> bool:
    if y.ndim != 2 or y.dtype.kind not in "biuf":
        return False
    return bool(((y == 0) | (y == 1)).all() and (y.sum(axis=1) == 1).all())


def _kind(x: Array) -> Kind:
    for kind, rank in _RANKS.items():
        if x.ndim == rank:
            return kind
    shapes = ", ".join(f"{shape} ({kind})" for kind, shape in _SHAPES.items())
    advice = " For a single feature, x[:, None]." if x.ndim == 1 else ""
    raise DataError(f"x: expected inputs of shape {shapes}; got {x.shape}.{advice}")


def _of_kind(x: Array, kind: Kind, name: str) -> Array:
    if kind not in _RANKS:
        raise SpecError(
            f"kind: expected one of {', '.join(_RANKS)} for arrays; got {kind!r}. Text is registered as "
            "Phrases, with register_data."
        )
    if x.ndim == 3 and kind == "image":  # Gray, with no axis for the one channel.
        x = x[..., None]
    if x.ndim != _RANKS[kind]:
        raise DataError(f"{name}: expected shape {_SHAPES[kind]} for kind {kind!r}; got {x.shape}.")
    return x


def _told(
    targets: list[Array], task_type: TaskType | None, class_names: Sequence[str] | None
) -> Target:
    if len({target.ndim for target in targets}) > 1:
        raise DataError("y: expected one-hot targets in all splits or in none.")
    y = np.concatenate(targets)
    if y.ndim == 2:
        if task_type == "regression":
            raise DataError("y: expected one number an example for regression; got one-hot rows.")
        names = class_names or [str(place) for place in range(y.shape[1])]
        return _named(y.argmax(axis=1), names)
    if y.dtype.kind == "f" and not np.isfinite(y).all():
        wrong = int((~np.isfinite(y)).sum())
        raise DataError(
            f"y: expected finite numbers; got NaN or infinity in {wrong} of {len(y)} targets. Leave these "
            "examples out."
        )
    if class_names is not None and task_type == "regression":
        raise SpecError(
            'class_names: regression has none; leave them or task_type = "regression" out.'
        )
    if y.dtype.kind in "iu" and class_names is not None:
        return _named(y, class_names)
    if (task_type or _task_type(y)) == "regression":
        if y.dtype.kind not in "biuf":
            raise DataError(f"y: expected numbers for regression; got {y.dtype}.")
        check_numbers_differ(y, where="y", row="example")
        return Target(y.astype(np.float64), ())
    import pandas as pd

    labels, found = label_classes(category_texts(pd.Series(y)))
    if "" in found:
        raise DataError("y: expected a class for every example; some are missing.")
    if class_names is not None:
        if set(class_names) != set(found):
            raise SpecError(
                f"class_names: expected those in y, {list(found)}; got {list(class_names)}."
            )
        labels = np.array([list(class_names).index(name) for name in found])[labels]
        found = tuple(class_names)
    return _sized(labels, found)


def _task_type(y: Array) -> TaskType:
    import pandas as pd

    if y.dtype.kind in "iu":
        different = np.unique(y)
        if different[0] == 0 and different[-1] == len(different) - 1 <= len(y) // 3:
            return "classification"
    return target_type(pd.Series(y))


def _named(y: Array, class_names: Sequence[str]) -> Target:
    if y.min() < 0 or y.max() >= len(class_names):
        raise DataError(
            f"y: expected labels from 0 to {len(class_names) - 1}, one for each of class_names; got "
            f"{y.min()} to {y.max()}."
        )
    return _sized(y.astype(np.int64), tuple(str(name) for name in class_names))


def _sized(y: Array, class_names: tuple[str, ...]) -> Target:
    check_class_sizes(y, class_names, where="y", row="example")
    return Target(y, class_names, imbalance_note(y, class_names))
