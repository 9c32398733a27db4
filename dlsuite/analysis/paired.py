"""Two conditions compared seed by seed.

Trials of the same seed have initial weights, batches and dropout draws in common, so that what they share
drops out of their difference: it is sharper than the difference of two means.
"""

import functools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import optimize, special, stats

from dlsuite.analysis.intervals import MeanInterval, interquartile_mean, t_quantile, t_tail
from dlsuite.analysis.replicates import replicated_interval
from dlsuite.errors import DlsuiteError

POWER = 0.8
"""How often an effect of the size called detectable is found."""

_ROUNDING = 1e-10
"""Differences that differ by no more than this share of what they are differences of are the same."""
_MOST_PAIRS = 2**53


@dataclass(frozen=True)
class PairedDifference:
    """A condition minus the one it is compared with, over pairs of trials.

    Attributes:
        interval: The mean difference, its 95 % interval and its spread over pairs.
        iqm: The interquartile mean of the differences.
        agree: The share of pairs whose difference has the sign of the mean; ties count half.
        spread: The ratio of the two standard deviations over pairs.
    """

    interval: MeanInterval
    iqm: float
    agree: float
    spread: "SpreadRatio"

    def as_row(self, name: str = "difference") -> dict[str, object]:
        """What tables tell of it, the mean difference under a name of its own."""
        return {
            "n_pairs": self.interval.n,
            name: self.interval.mean,
            "ci_low": self.interval.low,
            "ci_high": self.interval.high,
            "p": self.interval.p,
            "agree": self.agree,
        }

    @property
    def effect_size(self) -> float:
        """The mean difference in standard deviations of the differences (Cohen, 1988, d_z)."""
        sd = self.interval.sd
        return self.interval.mean / sd if sd > 0 else float("nan")


@dataclass(frozen=True)
class SpreadRatio:
    """How many times as widely one condition's values are spread as the other's.

    Attributes:
        ratio: The ratio of the standard deviations.
        low: Lower end of its 95 % interval.
        high: Upper end.
        p: Two-sided p that both are spread alike.
    """

    ratio: float
    low: float
    high: float
    p: float


UNKNOWN = SpreadRatio(*[float("nan")] * 4)
"""The ratio of fewer than three pairs, or where one side has no spread."""


def paired_difference(
    values: npt.ArrayLike, others: npt.ArrayLike, replicates: pd.DataFrame
) -> PairedDifference:
    """Compare two conditions over the pairs that both have.

    Args:
        values: One condition's values, shape `[pairs]`; NaN where a trial has none.
        others: The other's, of the same seeds.
        replicates: The `seed` and the `split_seed` of each pair.

    Returns:
        The difference `values - others`; NaN where too few pairs are left.
    """
    x, y = np.asarray(values, dtype=float), np.asarray(others, dtype=float)
    with np.errstate(over="ignore", invalid="ignore"):
        differences = x - y
    known = np.isfinite(differences)
    differences = np.where(known, _without_rounding(differences, known, x, y), np.nan)
    interval = replicated_interval(differences, replicates)
    signs = np.sign(differences[known]) * np.sign(interval.mean)
    agree = float(np.mean((signs + 1) / 2)) if known.any() else float("nan")
    spread = spread_ratio(x[known], y[known], replicates["split_seed"].to_numpy()[known])
    return PairedDifference(interval, interquartile_mean(differences), agree, spread)


def _without_rounding(
    differences: npt.NDArray[np.float64],
    known: npt.NDArray[np.bool_],
    x: npt.NDArray[np.float64],
    y: npt.NDArray[np.float64],
) -> npt.NDArray[np.float64]:
    """Make differences one number where rounding alone tells them apart, lest t be huge by luck."""
    if not known.any():
        return differences
    found, least = differences[known], _ROUNDING * np.maximum(np.abs(x), np.abs(y))[known]
    with np.errstate(over="ignore"):
        middle = float(np.median(found))
        if (np.abs(found - middle) > least).any():
            return differences
    return np.full(differences.shape, 0.0 if (abs(middle) <= least).all() else middle)


def spread_ratio(
    values: npt.ArrayLike, others: npt.ArrayLike, splits: npt.ArrayLike | None = None
) -> SpreadRatio:
    r"""Compare the spread of two paired samples by the Pitman-Morgan test.

    Both are spread alike where sum and difference are uncorrelated. The interval's ends are the ratios
    that the test would not reject: with $F$ the ratio of the variances, $r$ the correlation and
    $K = 1 + 2 (1 - r^2) t^2_{n-2} / (n - 2)$, they are the roots of $F (K \pm \sqrt{K^2 - 1})$.

    Args:
        values: Shape `[n]`.
        others: Shape `[n]`, paired with `values`.
        splits: Shape `[n]`, the split of the data; the spread is that within splits, and each but the
            first costs a degree of freedom. Without, all are of one.

    Returns:
        The ratio of the standard deviations; NaN below three pairs or where one side has no spread.

    References:
        Pitman (1939), A note on normal correlation. Morgan (1939), A test for the significance of the
        difference between the two variances in a sample from a normal bivariate population.
    """
    x, y = np.asarray(values, dtype=float), np.asarray(others, dtype=float)
    names, group = np.unique(np.zeros(x.size) if splits is None else splits, return_inverse=True)
    df = x.size - names.size - 1
    if df < 1:
        return UNKNOWN
    order = np.lexsort((y, x, group))  # So that the order of the pairs changes no bit.
    x, y, group = x[order], y[order], group[order]
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        sizes = np.bincount(group)
        x, y = (
            np.where(np.abs(rest) <= _ROUNDING * np.abs(side).max(), 0.0, rest)
            for side in (x, y)
            for rest in [side - (np.bincount(group, side) / sizes)[group]]
        )
        f = float((x @ x) / (y @ y))
        r = float((x @ y) / np.sqrt((x @ x) * (y @ y)))
        if not (np.isfinite(f) and f > 0 and abs(r) < 1):
            return UNKNOWN
        k = 1 + 2 * (1 - r**2) * t_quantile(df) ** 2 / df
        step = np.sqrt(k**2 - 1)
        low, high = np.sqrt(f / (k + step)), np.sqrt(f * (k + step))
        t = (f - 1) * np.sqrt(df / (4 * f * (1 - r**2)))
    return SpreadRatio(f**0.5, float(low), float(high), 2 * t_tail(abs(float(t)), df))


def detectable(interval: MeanInterval, *, alpha: float) -> float:
    """The smallest difference that so many pairs, spread like these, would show in four of five studies.

    Args:
        interval: That of the differences.
        alpha: The level at which p is called small.

    Returns:
        The difference, in the values' unit; NaN without an interval.
    """
    if np.isnan(interval.error) or interval.df < 1:
        return float("nan")
    # One value more than degrees of freedom: in a crossed layout, so many values tell as much.
    return float(interval.error * np.sqrt(interval.df + 1) * _standardized(interval.df + 1, alpha))


def power(effect: float, n: float, *, alpha: float) -> float:
    """How often a paired t test finds a true difference.

    Args:
        effect: The difference in standard deviations of the differences.
        n: How many pairs there are.
        alpha: The level at which p is called small.

    Returns:
        The probability, by the noncentral t distribution (Cohen, 1988).
    """
    critical, center = stats.t.isf(alpha / 2, n - 1), abs(effect) * np.sqrt(n)
    # This answers NaN where effects are large: in the tail on the effect's other side there is nothing left
    # then, and on its own side t varies as its denominator does.
    below = special.nctdtr(n - 1, center, critical)
    if np.isnan(below):
        below = stats.chi2.sf((n - 1) * (center / critical) ** 2, n - 1)
    beyond = special.nctdtr(n - 1, -center, critical)
    return float(1 - below + (0.0 if np.isnan(beyond) else 1 - beyond))


@functools.cache
def _standardized(n: float, alpha: float) -> float:
    """The smallest standardized effect that `n` differences show."""

    def lacking(effect: float) -> float:
        return power(effect, n, alpha=alpha) - POWER

    most = 1.0
    while lacking(most) < 0:
        most *= 2
    return float(optimize.brentq(lacking, 0.0, most))


def pairs_needed(effect: float, sd: float, *, alpha: float) -> int:
    """How many pairs show a difference in four of five studies.

    Args:
        effect: The size of the true difference, above 0.
        sd: The standard deviation of the differences, in the same unit.
        alpha: The level at which p is called small.

    Returns:
        The number of pairs, from 2; 2^53 stands for more than that.

    Raises:
        DlsuiteError: An argument is not above 0, or not finite.
    """
    if not (0 < effect < np.inf and 0 <= sd < np.inf and 0 < alpha < 1):
        raise DlsuiteError(
            f"effect: expected a number above 0, sd of at least 0 and alpha between 0 and 1; got "
            f"{effect!r}, {sd!r} and {alpha!r}."
        )
    most = 2
    while most < _MOST_PAIRS and sd > 0 and power(effect / sd, most, alpha=alpha) < POWER:
        most *= 2
    if most == _MOST_PAIRS:
        return most
    least = most // 2
    while most - least > 1:
        middle = (least + most) // 2
        if power(effect / sd, middle, alpha=alpha) < POWER:
            least = middle
        else:
            most = middle
    return max(most, 2)
