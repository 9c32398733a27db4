"""The values of a factor: how they are written, compared, ordered and told apart.

They come from a specification or from a CSV: numbers, true and false, names, or lists
written as text.
"""

import json
import numbers
from collections.abc import Iterable

import numpy as np
import pandas as pd


def format_value(value: object) -> str:
    """Write a value for a reader: `true`, `0.3`, `1e-5`, `adam`, `[16, 32]`, `none` if missing."""
    if isinstance(value, (bool, np.bool_)):
        return str(bool(value)).lower()
    if isinstance(value, numbers.Real):
        number = float(value)
        if np.isnan(number):
            return "none"
        text = f"{number:g}"
        if float(text) != number:
            text = repr(number)
        mantissa, _, exponent = text.partition("e")
        return f"{mantissa}e{int(exponent)}" if exponent else text.removesuffix(".0")
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(format_value(item) for item in value) + "]"
    if value is None or value is pd.NA:
        return "none"
    return str(value)


def same_value(left: object, right: object) -> bool:
    """Whether two values are the same setting, though one came from a CSV and one from a study."""
    return _canonical(left) == _canonical(right)


def distinct_values(values: Iterable[object]) -> list[object]:
    """Drop repeated values: numbers sorted, false before true, all else in order of appearance."""
    found: dict[str, object] = {}
    for value in values:
        found.setdefault(format_value(value), value)
    distinct = list(found.values())
    if is_numeric(distinct) or _are_flags(distinct):
        distinct.sort(key=lambda value: float(value))  # type: ignore[arg-type]
    return distinct


def is_numeric(values: Iterable[object]) -> bool:
    """Whether all values are finite numbers, true and false not counted as such."""
    found = list(values)
    return bool(found) and all(
        isinstance(value, numbers.Real)
        and not isinstance(value, (bool, np.bool_))
        and bool(np.isfinite(float(value)))
        for value in found
    )


def spans_decades(values: Iterable[object], *, decades: float = 2.0) -> bool:
    """Whether numbers, all above 0, reach over so many powers of ten."""
    found = list(values)
    if not is_numeric(found):
        return False
    array = np.array([float(value) for value in found])  # type: ignore[arg-type]
    # 0.1 / 0.001 is 100.00000000000001 or 99.99999999999999, by luck.
    return bool(array.min() > 0 and np.log10(array.max() / array.min()) >= decades - 1e-9)


def factor_label(name: str) -> str:
    """Write a factor's name as prose does: `learning rate`."""
    return name.replace("_", " ")


def _are_flags(values: list[object]) -> bool:
    return all(isinstance(value, (bool, np.bool_)) for value in values)


def _canonical(value: object) -> str:
    """Write a value so that a list equals its JSON text from a CSV."""
    if isinstance(value, str):
        try:
            parsed = json.loads(value)
        except ValueError:
            return value
        return format_value(parsed) if isinstance(parsed, (list, bool)) else value
    return format_value(value)
