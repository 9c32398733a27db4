"""The target of a table: classes or numbers, checked row by row."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dlsuite.data.dataset import Array
from dlsuite.data.inputs import (
    MOSTLY,
    InputColumn,
    category_texts,
    distinct_texts,
    is_text,
    raw_columns,
    row_place,
    text_numbers,
)
from dlsuite.data.parts import FEWEST_OF_A_CLASS
from dlsuite.errors import DataError
from dlsuite.spec.kinds import TaskType

if TYPE_CHECKING:
    import pandas as pd

MOST_NUMBERED_CLASSES = 20
"""More different whole numbers than these are a quantity, unless somebody says that they are classes."""
_FEWEST_A_NUMBER = 5
"""Fewer rows for each whole number, on the whole, and the numbers are a quantity."""
_STRONG_IMBALANCE = 5
"""From this ratio of the largest to the smallest class on, accuracy misleads."""


@dataclass(frozen=True, eq=False)
class Target:
    """What is to be told.

    Attributes:
        y: `[n]`: int64 labels from 0, or float64 numbers.
        class_names: By label, sorted; empty for regression.
        notes: What a reader should know.
    """

    y: Array
    class_names: tuple[str, ...]
    notes: tuple[str, ...] = ()


def target_type(column: "pd.Series[Any]", *, missing: Sequence[str] = ()) -> TaskType:
    """Say what a target asks for: texts, truths and a few whole numbers are classes, other numbers not.

    Where most rows hold a number and some a text, it is the numbers that say it: a text among many different
    ones is a mistake, which reading them will name.
    """
    if is_text(column):
        codes, texts = distinct_texts(column, missing=missing)
        numbers, wrong = text_numbers(texts)
        present = codes[codes >= 0]
        values: Array = numbers[present][~wrong[present]]
        if len(values) < MOSTLY * len(present) or not len(values):
            return "classification"
    elif column.dtype.kind == "b":
        return "classification"
    elif column.dtype.kind == "M":
        return "regression"
    else:
        values = column.dropna().to_numpy(dtype=np.float64)
    different = np.unique(values)
    whole = bool(np.isfinite(different).all() and (different % 1 == 0).all())
    few = len(different) <= min(MOST_NUMBERED_CLASSES, len(values) / _FEWEST_A_NUMBER)
    return "classification" if whole and few else "regression"


def read_target(
    columns: Sequence["pd.Series[Any]"],
    *,
    sources: Sequence[str],
    task_type: TaskType | None = None,
    missing: Sequence[str] = (),
) -> Target:
    """Read a target.

    Args:
        columns: The target's column in each of the tables whose rows are counted through.
        sources: What to call each of them in messages.
        task_type: What it asks for; found out if None.
        missing: Texts that stand for a missing value.

    Raises:
        DataError: A value is missing, infinite or no number, or the classes are too few or too small.
    """
    found = task_type or target_type(columns[0], missing=missing)
    name = str(columns[0].name)
    for column, source in zip(columns, sources, strict=True):
        if column.dtype.kind == "M":
            raise DataError(
                f"{source}: target {name!r} holds dates, which cannot be told; write a number for each, "
                "as in days."
            )
        if found == "regression" and task_type and is_text(column):
            _check_is_number(column, source=source, missing=missing)
        _check_complete(column, source=source, missing=missing)
    if found == "regression":
        wanted = (InputColumn(name, "number"),)
        values = [
            raw_columns(column.to_frame(), wanted, source=source, missing=missing)[name]
            for column, source in zip(columns, sources, strict=True)
        ]
        y = np.concatenate(values)
        check_numbers_differ(y, where=f"{sources[0]}: target {name!r}")
        return Target(y, ())
    target = _classes(name, columns, sources=sources, missing=missing)
    if task_type is None and all(_is_whole(label) for label in target.class_names):
        note = (
            f"The target {name!r} holds {len(target.class_names)} different whole numbers, taken for "
            'classes; task_type = "regression" takes them for numbers.'
        )
        return Target(target.y, target.class_names, (*target.notes, note))
    return target


def label_classes(texts: Array) -> tuple[Array, tuple[str, ...]]:
    """Label texts by their places among the different ones, sorted; numbers by what they are worth."""
    import pandas as pd

    codes, found = pd.factorize(texts)
    numbers, wrong = text_numbers(np.asarray(found, dtype=object))
    truths = {"True", "False"} & set(found)
    order = np.argsort(found if wrong.any() or truths else numbers, kind="stable")
    places = np.empty(len(order), dtype=np.int64)
    places[order] = np.arange(len(order))
    return places[codes], tuple(str(found[place]) for place in order)


def check_numbers_differ(y: Array, *, where: str, row: str = "row") -> None:
    """Refuse targets of a regression that are one and the same number.

    Args:
        y: Targets `[n]`.
        where: What holds them, for messages.
        row: What to call one of them.

    Raises:
        DataError: They are, so that there is nothing to learn and no deviation to scale by.
    """
    if len(y) and (y == y[0]).all():
        raise DataError(
            f"{where}: expected different numbers; every {row} has {y[0]:g}. Choose another target."
        )


def check_class_sizes(
    y: Array, class_names: Sequence[str], *, where: str, row: str = "row"
) -> None:
    """Refuse labels of one class, or of a class too small to be in every split.

    Args:
        y: Labels `[n]`.
        class_names: By label.
        where: What holds them, for messages.
        row: What to call one of them.

    Raises:
        DataError: There is one class, or too small a one.
    """
    if len(class_names) > max(len(y) / 2, FEWEST_OF_A_CLASS):
        raise DataError(
            f"{where}: {len(class_names)} different values in {len(y)} {row}s are no classes. Choose another "
            "target."
        )
    counts = np.bincount(y, minlength=len(class_names))
    if len(class_names) < 2:
        raise DataError(f"{where}: expected 2 classes or more; every {row} has {class_names[0]!r}.")
    rarest = int(np.argmin(counts))
    if counts[rarest] < FEWEST_OF_A_CLASS:
        too_small = int((counts < FEWEST_OF_A_CLASS).sum())
        others = f", and {too_small - 1} more have too few" if too_small > 1 else ""
        number = ', or say task_type = "regression"' if _numeric(class_names) else ""
        raise DataError(
            f"{where}: expected at least {FEWEST_OF_A_CLASS} {row}s of each class; "
            f"{class_names[rarest]!r} has {counts[rarest]}{others}. Leave such {row}s out, put them into "
            f"another class{number}."
        )


def imbalance_note(y: Array, class_names: Sequence[str], *, rows: str = "rows") -> tuple[str, ...]:
    """Say how large the largest and the smallest class are, and what to do where that matters."""
    counts = np.bincount(y, minlength=len(class_names))
    largest, smallest = int(np.argmax(counts)), int(np.argmin(counts))
    if counts[largest] == counts[smallest]:
        return ()
    note = (
        f"The largest class is {class_names[largest]!r} with {counts[largest] / len(y):.1%} of the {rows}, "
        f"the smallest {class_names[smallest]!r} with {counts[smallest] / len(y):.1%}."
    )
    if counts[largest] >= _STRONG_IMBALANCE * counts[smallest]:
        note += ' Consider class_weight = "balanced" and metric = "balanced_accuracy".'
    return (note,)


def _is_whole(text: str) -> bool:
    return text.lstrip("-").isdecimal()


def _check_is_number(column: "pd.Series[Any]", *, source: str, missing: Sequence[str]) -> None:
    codes, texts = distinct_texts(column, missing=missing)
    wrong = text_numbers(texts)[1]
    here = wrong[codes] & (codes >= 0)
    if here.any():
        position = int(np.argmax(here))
        raise DataError(
            f"{source}, target {column.name!r}, {row_place(column, position)}: expected a number, as "
            f'task_type = "regression"; got {texts[codes[position]]!r}. Leave task_type out, or mend the '
            "file."
        )


def _check_complete(column: "pd.Series[Any]", *, source: str, missing: Sequence[str]) -> None:
    if is_text(column):
        absent = distinct_texts(column, missing=missing)[0] < 0
    elif column.dtype.kind == "b":
        absent = column.isna().to_numpy()
    else:
        absent = ~np.isfinite(column.to_numpy(dtype=np.float64, na_value=np.nan))
    rows = np.flatnonzero(absent)
    if len(rows):
        first = ", ".join(row_place(column, int(row)) for row in rows[:3])
        raise DataError(
            f"{source}: target {column.name!r} is missing or infinite in {len(rows)} of {len(column)} rows "
            f"({first}{', ...' if len(rows) > 3 else ''}). Leave these rows out of the file, or fill them in."
        )


def _classes(
    name: str,
    columns: Sequence["pd.Series[Any]"],
    *,
    sources: Sequence[str],
    missing: Sequence[str],
) -> Target:
    told = [category_texts(column, missing=missing) for column in columns]
    for column, source, of_test in zip(columns[1:], sources[1:], told[1:], strict=True):
        unknown = ~np.isin(of_test.astype(str), told[0].astype(str))
        if unknown.any():
            position = int(np.argmax(unknown))
            raise DataError(
                f"{source}, target {name!r}, {row_place(column, position)}: expected a class that "
                f"{sources[0]} holds; got {of_test[position]!r}. Leave such rows out of the test, or add "
                "some to training."
            )
    texts = np.concatenate(told)
    y, class_names = label_classes(texts)
    check_class_sizes(y, class_names, where=f"{sources[0]}: target {name!r}")
    return Target(y, class_names, imbalance_note(y, class_names))


def _numeric(class_names: Sequence[str]) -> bool:
    return not text_numbers(np.array(class_names, dtype=object))[1].any()
