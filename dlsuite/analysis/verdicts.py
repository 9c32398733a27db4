"""What a difference and its p amount to, in plain words."""

import math

from dlsuite.analysis.measures import Measure, higher_is_better

LEVEL = 0.05
"""The level at which a difference is called clear."""
UNCLEAR = "no clear difference"
TOO_FEW = "too few pairs"


def verdict(column: str, difference: float, p: float, *, unknown: str = TOO_FEW) -> str:
    """Judge a difference.

    Args:
        column: The measure that differs.
        difference: By how much.
        p: Its p, adjusted where it is one of a family; NaN where it is not known.
        unknown: What to say then.

    Returns:
        `better` or `worse`; `higher` or `lower` of what is no score; or `no clear difference`, which does
        not say that there is none.
    """
    if math.isnan(p):
        return unknown
    if p >= LEVEL or difference == 0:
        return UNCLEAR
    measure = Measure.parse(column)
    if measure is None or not measure.is_score:
        return "higher" if difference > 0 else "lower"
    return "better" if (difference > 0) == higher_is_better(measure.metric) else "worse"
