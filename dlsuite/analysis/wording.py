"""Numbers and differences, as sentences write them."""

import math

from dlsuite.analysis.measures import higher_is_better, is_share


def number_text(value: float) -> str:
    """Three significant digits, without an exponent up to a million."""
    return f"{value:.0f}" if 1000 <= abs(value) < 1e6 else f"{value:.3g}"


def score_text(value: float, metric: str) -> str:
    """A score: a share, such as an accuracy, with three decimals, all else with three significant digits."""
    return f"{value:.3f}" if is_share(metric) else number_text(value)


def interval_text(value: float, low: float, high: float, metric: str = "") -> str:
    """A number with its interval in brackets, `0.967 [0.959, 0.975]`; alone where there is none."""
    middle = score_text(value, metric)
    if not (math.isfinite(low) and math.isfinite(high)):
        return middle
    return f"{middle} [{score_text(low, metric)}, {score_text(high, metric)}]"


def amount_text(value: float, low: float, high: float, metric: str = "") -> str:
    """By how much something differs, without the sign of the difference; the interval turned along."""
    return (
        interval_text(-value, -high, -low, metric)
        if value < 0
        else interval_text(value, low, high, metric)
    )


def difference_text(value: float, low: float, high: float, metric: str = "") -> str:
    """A difference with its sign, `+0.004 [-0.003, 0.011]`."""
    sign = "+" if value > 0 else ""
    return sign + interval_text(value, low, high, metric)


def p_text(p: float) -> str:
    """A p value: `p 0.004`, `p < 0.001`."""
    return "p < 0.001" if p < 0.001 else f"p {p:.2g}"


def best_of(metric: str) -> int:
    """1 where a higher score of a metric is better, else -1."""
    return 1 if higher_is_better(metric) else -1
