"""The regular step of a series, found from its times: seconds, days, calendar months, or plain numbers."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from dlsuite.data.dataset import Array

Unit = Literal["microsecond", "business day", "month", "number"]

_SECOND = 10**6
_DAY = 86400 * _SECOND
_WORDS = (("day", _DAY), ("hour", 3600 * _SECOND), ("minute", 60 * _SECOND), ("second", _SECOND))
_JITTER = 0.1
"""By what share of a step a time may be off."""
_FEWEST_DAYS_OF_A_MONTH = 27
_MOST_STEPS_OF_A_DAY = 1440
_SEASONS_OF_DAYS = {1: 7, 7: 52}


@dataclass(frozen=True)
class Step:
    """How far one step of a series is from the next.

    Attributes:
        unit: `microsecond`, `business day` (Monday to Friday), `month`, or `number` where times are numbers.
        size: How many of them.
    """

    unit: Unit
    size: float

    def __str__(self) -> str:
        """Write it as prose does: `1 month`, `15 minutes`."""
        if self.unit == "number":
            return f"{self.size:g}"
        size, word = int(self.size), str(self.unit)
        if self.unit == "microsecond":
            word, each = next(
                ((word, each) for word, each in _WORDS if size % each == 0), (word, 1)
            )
            size //= each
        elif self.unit == "month" and size % 12 == 0:
            size, word = size // 12, "year"
        return f"{size} {word}{'' if size == 1 else 's'}"

    @property
    def season(self) -> int | None:
        """After how many steps things usually repeat: 12 months, 52 weeks, 7 days, 24 hours; None if unknown.

        Steps shorter than a minute have none: a day of them is too long to look back.
        """
        if self.unit == "business day":
            return 5
        if self.unit == "number":
            return None
        size = int(self.size)
        if self.unit == "month":
            return 12 // size if size < 12 and 12 % size == 0 else None
        if size % _DAY == 0:
            return _SEASONS_OF_DAYS.get(size // _DAY)
        a_day = _DAY // size
        return a_day if _DAY % size == 0 and a_day <= _MOST_STEPS_OF_A_DAY else None


@dataclass(frozen=True, eq=False)
class Steps:
    """Where times are on a regular grid.

    Attributes:
        step: What is between two of them.
        places: int64 `[n]`, from 0.
        wrong: The first time that is off the grid; None where none is.
        uneven: How many differences between times are a little off, and taken for whole steps.
    """

    step: Step
    places: Array
    wrong: int | None = None
    uneven: int = 0


def as_moments(days: Array) -> Array:
    """Turn days since 1970-01-01 into whole microseconds, int64."""
    whole = np.floor(days)
    moments: Array = whole.astype(np.int64) * _DAY + np.rint((days - whole) * _DAY).astype(np.int64)
    return moments


def find_step(times: Array, *, dates: bool) -> Step:
    """Find the regular step of times that rise.

    It is the median difference, so that more than half of the times must follow one another at once; whole
    months where no day's count fits, and business days where nothing ever is at a weekend.

    Args:
        times: int64 microseconds since 1970-01-01, or float64 numbers, rising, at least two.
        dates: Whether they are the former.
    """
    differences = np.diff(times)
    middle = len(differences) // 2
    median = float(np.partition(differences, middle)[middle])
    if not dates:
        return Step("number", median)
    if median == _DAY and _are_business_days(times):
        return Step("business day", 1)
    if median < _FEWEST_DAYS_OF_A_MONTH * _DAY or not (differences % median).any():
        return Step("microsecond", median)
    months = np.diff(_months(times))
    return (
        Step("month", float(np.partition(months, middle)[middle]))
        if (months > 0).all()
        else Step("microsecond", median)
    )


def place_times(times: Array, step: Step) -> Steps:
    """Say where times that rise are on the grid of a step.

    Args:
        times: As for `find_step`.
        step: The step.
    """
    if step.unit in ("month", "business day"):
        if step.unit == "month":
            counted = _months(times)
        else:
            days = times // _DAY
            dates = days.astype("datetime64[D]")
            counted = np.busday_count(np.datetime64(0, "D"), dates)
            counted = np.where(np.is_busday(dates), counted, -1)
        apart = np.diff(counted) / step.size
    else:
        apart = np.diff(times) / step.size
    whole = np.rint(apart)
    off = np.abs(apart - whole)
    allowed = _JITTER if step.unit in ("microsecond", "number") else 0.0
    wrong = np.flatnonzero((off > allowed) | (whole < 1))
    places = np.concatenate([[0], np.cumsum(whole.astype(np.int64))])
    return Steps(
        step,
        places,
        int(wrong[0]) + 1 if len(wrong) else None,
        int((off > 1e-6).sum()),
    )


def _months(times: Array) -> Array:
    months: Array = times.astype("datetime64[us]").astype("datetime64[M]").astype(np.int64)
    return months


def _are_business_days(times: Array) -> bool:
    days = times // _DAY
    return bool(
        (times - days * _DAY == times[0] % _DAY).all()
        and np.is_busday(days.astype("datetime64[D]")).all()
        and days[-1] - days[0] >= 7
    )
