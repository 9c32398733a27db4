"""A difference and its interval as a small drawing beside the numbers, on one scale for a task."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from dlsuite.report.page.numbers import Estimate

WIDTH, HEIGHT = 160.0, 18.0
_MARGIN = 5.0


@dataclass(frozen=True)
class Strip:
    """Where things stand in the drawing, in pixels from the left.

    Attributes:
        zero: No difference from the baseline.
        low: The interval's lower end; the middle where there is no interval.
        high: Its upper end.
        middle: The difference.
    """

    zero: float
    low: float
    high: float
    middle: float
    width: float = WIDTH
    height: float = HEIGHT


def strips(estimates: Iterable[Estimate], *, width: float = WIDTH) -> list[Strip | None]:
    """Place differences on one scale that shows zero and all intervals.

    Args:
        estimates: Differences from the baseline.
        width: Of the drawing.

    Returns:
        A drawing for each; None where there is no difference.
    """
    ends = [_ends(estimate) for estimate in estimates]
    shown = [value for known in ends if known for value in known]
    low, high = min([0.0, *shown]), max([0.0, *shown])
    span = (high - low) or 1.0
    if not math.isfinite(span):
        return [None] * len(ends)

    def place(value: float) -> float:
        return round(_MARGIN + (value - low) / span * (width - 2 * _MARGIN), 1)

    return [
        Strip(place(0.0), place(known[0]), place(known[2]), place(known[1]), width)
        if known
        else None
        for known in ends
    ]


def _ends(estimate: Estimate) -> tuple[float, float, float] | None:
    middle = estimate.middle.value
    if not math.isfinite(middle):
        return None
    if estimate.low is None or estimate.high is None:
        return middle, middle, middle
    return estimate.low.value, middle, estimate.high.value
