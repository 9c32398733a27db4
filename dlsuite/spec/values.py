"""The values that a study file may hold, and the lists that a range stands for."""

import math
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

Whole = Annotated[int, Field(ge=-(2**63), lt=2**63)]
"""A whole number that TOML can hold."""
Scalar = bool | Whole | Annotated[float, Field(allow_inf_nan=False)] | str
Value = Scalar | tuple[Scalar, ...]
"""What a setting can be: true or false, a number, a text, or a list of these."""


class Range(BaseModel):
    """A list of numbers, written by its ends.

    `{ from = 1e-4, to = 1e-1, steps = 7, scale = "log" }` stands for seven rates, each the same factor
    above the last. Those between the ends are rounded to four significant digits, so that they can be
    read and typed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    start: float = Field(alias="from", allow_inf_nan=False, description="The first number.")
    stop: float = Field(alias="to", allow_inf_nan=False, description="The last number.")
    steps: int = Field(ge=2, le=1000, description="How many numbers.")
    scale: Literal["linear", "log"] = Field(
        default="linear", description="Equal steps, or equal factors."
    )

    @model_validator(mode="after")
    def _ends_fit(self) -> Self:
        if self.scale == "log" and min(self.start, self.stop) <= 0:
            raise ValueError("a range with scale = 'log' needs 'from' and 'to' above 0")
        if self.start == self.stop:
            raise ValueError("a range needs two different ends")
        if not math.isfinite(self.stop - self.start):
            raise ValueError("a range's ends are too far apart to be counted with")
        return self

    def values(self) -> tuple[int | float, ...]:
        """The numbers that the range stands for; whole ones where all of them are."""
        space = np.geomspace if self.scale == "log" else np.linspace
        between = space(self.start, self.stop, self.steps)[1:-1]
        numbers = [self.start, *(float(f"{number:.4g}") for number in between), self.stop]
        if all(number.is_integer() and abs(number) < 2**53 for number in numbers):
            return tuple(int(number) for number in numbers)
        return tuple(numbers)


def _expand(raw: object) -> object:
    """Turn a range into the list that it stands for, and leave the rest to the type."""
    if isinstance(raw, Mapping):
        return Range.model_validate(dict(raw)).values()
    return freeze(raw)


def _distinct(values: tuple[Value, ...]) -> tuple[Value, ...]:
    if any(same(value, other) for i, value in enumerate(values) for other in values[:i]):
        raise ValueError("a value stands there twice")
    return values


Values = Annotated[
    tuple[Value, ...],
    BeforeValidator(_expand, json_schema_input_type=list[Value | list[Scalar]] | Range),
    Field(min_length=1),
    AfterValidator(_distinct),
]
"""The values of a factor: a list of at least one, or a range."""


def same(first: object, second: object) -> bool:
    """Equal, where 1 is 1.0 but `true` is not 1."""
    if isinstance(first, tuple) and isinstance(second, tuple):
        return len(first) == len(second) and all(map(same, first, second))
    return first == second and isinstance(first, bool) == isinstance(second, bool)


def freeze(value: object) -> object:
    """Turn lists and arrays into tuples, all the way down."""
    if hasattr(value, "tolist"):  # A NumPy array or scalar, as `np.linspace` gives.
        value = value.tolist()
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return tuple(freeze(item) for item in value)
    return value


def thaw(value: object) -> object:
    """Turn tuples and mappings into lists and dicts, all the way down, as TOML and JSON want them."""
    if isinstance(value, Mapping):
        return {key: thaw(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [thaw(item) for item in value]
    return value
