"""Numbers as the page shows them: one way to round, and the value behind it kept for sorting."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dlsuite.analysis.frames import number as number_in
from dlsuite.analysis.measures import is_share

_MINUS = "\u2212"


def format_number(value: float, metric: str = "", *, signed: bool = False) -> str:
    """Write a number for the page: a share, as an accuracy is, with three decimals, else with three digits.

    Digits are kept where they are zeros, so that `27.0` is seen to be as exact as `24.9`. From a thousand on
    whole numbers are written, from a million on powers of ten. A minus stays where the digits are rounded
    away, since intervals are read for the side of zero on which they end. `scripts/numbers.js` does the same.

    Args:
        value: The number; what is not finite is written as a dash.
        metric: The metric that it is a score, or a difference of scores, of.
        signed: Whether a plus stands before what is above zero.
    """
    if not math.isfinite(value):
        return "\u2013"
    size = abs(value)
    if is_share(metric):
        text = f"{size:.3f}"
    elif size == 0:
        text = "0"
    elif 999.5 <= size < 1e6:
        text = f"{size:.0f}"
    elif size >= 1e6 or size < 1e-4:
        mantissa, exponent = f"{size:.2e}".split("e")
        text = f"{mantissa}e{int(exponent)}"
    else:
        text = f"{size:#.3g}".removesuffix(".")
    sign = _MINUS if value < 0 else "+" if signed and value > 0 else ""
    return sign + text


@dataclass(frozen=True)
class Number:
    """A number with the text that is shown for it.

    Attributes:
        value: As the CSV has it.
        text: As it is shown.
    """

    value: float
    text: str

    @classmethod
    def of(cls, value: float, metric: str = "", *, signed: bool = False) -> "Number":
        """Write a number by `format_number`."""
        return cls(value, format_number(value, metric, signed=signed))

    @classmethod
    def count(cls, value: float) -> "Number":
        """Write a number of things, or a whole number of any size."""
        return cls(value, f"{value:.0f}" if math.isfinite(value) else "\u2013")

    @property
    def raw(self) -> str:
        """The value with all its digits; empty where there is none."""
        return repr(float(self.value)) if math.isfinite(self.value) else ""

    @property
    def known(self) -> bool:
        """Whether there is a number at all."""
        return math.isfinite(self.value)


@dataclass(frozen=True)
class Estimate:
    """A number with its 95 % interval; `low` and `high` are None where there is none."""

    middle: Number
    low: Number | None = None
    high: Number | None = None

    @classmethod
    def read(
        cls, row: Mapping[str, Any], column: str, metric: str = "", *, signed: bool = False
    ) -> "Estimate":
        """Read an estimate from a row that has `ci_low` and `ci_high`.

        Args:
            row: A row of the summary or of the effects; an empty one gives a dash.
            column: `mean` or `difference`.
            metric: The metric that it is of.
            signed: Whether a plus stands before a middle above zero.
        """
        middle = Number.of(number_in(row, column), metric, signed=signed)
        ends = [Number.of(number_in(row, end), metric) for end in _ENDS]
        if not all(end.known for end in (middle, *ends)):
            return cls(middle)
        return cls(middle, *ends)


_ENDS = ("ci_low", "ci_high")
