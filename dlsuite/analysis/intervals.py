"""The mean of a few trials, or a share of them, and how sure it is."""

import functools
import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import special, stats
from statsmodels.stats.proportion import proportion_confint

from dlsuite.errors import DlsuiteError


@dataclass(frozen=True)
class MeanInterval:
    """A sample's mean, its spread and the mean's confidence interval; NaN where undefined.

    Attributes:
        n: Number of values.
        mean: Their mean.
        low: Lower end of the interval.
        high: Upper end of the interval.
        sd: Standard deviation with n - 1 in the denominator.
        error: The mean's standard error.
        df: Degrees of freedom of the t distribution behind the interval.
    """

    n: int
    mean: float
    low: float
    high: float
    sd: float
    error: float
    df: float

    @property
    def p(self) -> float:
        r"""Two-sided p of the t test that the true mean is 0.

        Where all values are the same number, not 0, t is infinite; the sign-flip test then has the last
        word: $2^{1-n}$, with n the degrees of freedom and one.
        """
        if self.error == 0:
            return 1.0 if self.mean == 0 else float(2.0**-self.df)
        return 2 * t_tail(abs(self.mean) / self.error, self.df)


NOTHING = MeanInterval(0, *[float("nan")] * 6)
"""The interval of no values."""


def mean_interval(values: npt.ArrayLike) -> MeanInterval:
    r"""Compute the mean with its 95 % t interval, $\bar x \pm t_{n-1} \, s / \sqrt n$.

    The result does not depend on the order of the values, not even in the last bit.

    Args:
        values: Shape `[n]`, in any unit; NaN stands for a value that is missing.

    Returns:
        The mean and the interval, in the values' unit. With one value there is a mean only; without
        any spread the interval has no width.
    """
    sample = np.asarray(values, dtype=float).ravel()
    # A sum depends on its order in the last bits, and rows may come in any.
    sample = np.sort(sample[~np.isnan(sample)])
    n = sample.size
    nan = float("nan")
    if n == 0:
        return NOTHING
    if n == 1:
        return MeanInterval(1, float(sample[0]), nan, nan, nan, nan, nan)
    if sample[0] == sample[-1]:
        edge = float(sample[0])
        return MeanInterval(n, edge, edge, edge, 0.0, 0.0, n - 1)
    # A trial may explode and stay finite; the squares of its losses need not.
    with np.errstate(over="ignore", invalid="ignore"):
        mean, sd = float(np.mean(sample)), float(np.std(sample, ddof=1))
    return _interval(n, mean, float(sd / np.sqrt(n)), sd, n - 1)


def crossed_interval(values: npt.ArrayLike) -> MeanInterval:
    r"""Compute the mean over seeds and data splits, with a 95 % interval that covers both.

    Trials of one split have its luck in common, and so have trials of one seed: pooled, they would pass
    for more than they are. With $a$ seeds and $b$ splits crossed, the variance of the grand mean is
    estimated from the mean squares of seeds, splits and the rest as $(MS_a + MS_b - MS_e) / ab$, its
    degrees of freedom by Satterthwaite (1946), "An approximate distribution of estimates of variance
    components"; they are not below those of seeds and of splits, which the formula forgets where it
    subtracts.

    Args:
        values: Shape `[seeds, splits]`, in any unit; a seed with a NaN in any split is left out. With one
            split, or fewer than two whole seeds, this is `mean_interval`: of the seeds, or of the splits'
            means.

    Returns:
        The mean and the interval; `n` counts all values that went into it, and `sd` is theirs.
    """
    grid = np.asarray(values, dtype=float)
    grid = grid[:, ~np.isnan(grid).all(axis=0)]
    if grid.shape[1] < 2:
        return mean_interval(grid)
    whole = grid[~np.isnan(grid).any(axis=1)]
    a, b = whole.shape
    if a < 2:
        counts = (~np.isnan(grid)).sum(axis=0)
        with np.errstate(over="ignore", invalid="ignore"):
            sums = np.nansum(np.sort(grid, axis=0), axis=0)
        of_splits = mean_interval(sums[counts > 0] / counts[counts > 0])
        return replace(of_splits, n=int(counts.sum()), sd=mean_interval(grid).sd)
    if whole.min() == whole.max():
        edge = float(whole[0, 0])
        return MeanInterval(a * b, edge, edge, edge, 0.0, 0.0, a - 1)
    whole = whole[np.lexsort(whole.T[::-1])]
    with np.errstate(over="ignore", invalid="ignore"):
        mean = float(whole.mean())
        seeds, splits = whole.mean(axis=1), whole.mean(axis=0)
        rest = whole - seeds[:, None] - splits + mean
        ms_rest = float((rest**2).sum() / ((a - 1) * (b - 1)))
        # A component of variance is not below 0, whatever its estimate says.
        ms_seeds = max(float(b * seeds.var(ddof=1)), ms_rest)
        ms_splits = max(float(a * splits.var(ddof=1)), ms_rest)
        variance = (ms_seeds + ms_splits - ms_rest) / (a * b)
        sd = float(whole.std(ddof=1))
        if variance == 0:
            return MeanInterval(a * b, mean, mean, mean, sd, 0.0, a - 1)
        parts = ((ms_seeds, a - 1), (ms_splits, b - 1), (ms_rest, (a - 1) * (b - 1)))
        # Relative to the variance, so that no square over- or underflows.
        df = 1 / sum((ms / (a * b * variance)) ** 2 / d for ms, d in parts)
        least = min(a, b) - 1
    return _interval(a * b, mean, float(np.sqrt(variance)), sd, max(float(df), least))


def _interval(n: int, mean: float, error: float, sd: float, df: float) -> MeanInterval:
    with np.errstate(over="ignore", invalid="ignore"):
        half = t_quantile(df) * error
        return MeanInterval(n, mean, float(mean - half), float(mean + half), sd, error, df)


@functools.lru_cache(4096)
def t_quantile(df: float) -> float:
    """The 97.5 % quantile of the t distribution; remembered, since most samples are of a few sizes."""
    return float(stats.t.ppf(0.975, df))


def t_tail(t: float, df: float) -> float:
    """The probability that t is greater, as `scipy.stats.t.sf` has it, whose checks take far longer."""
    if math.isfinite(t) and df > 0:
        return float(special.stdtr(df, -t))
    return float(stats.t.sf(t, df))


@functools.lru_cache(4096)
def proportion_interval(count: int, n: int) -> tuple[float, float]:
    """Compute the exact 95 % interval of a share (Clopper and Pearson, 1934).

    Args:
        count: How many of the trials it happened to.
        n: How many trials there are.

    Returns:
        The ends, from 0 to 1; NaN without a trial.

    Raises:
        DlsuiteError: There are more counted than trials.
    """
    if not 0 <= count <= n:
        raise DlsuiteError(f"count: expected 0 to {n}, the number of trials; got {count}.")
    if n == 0:
        return float("nan"), float("nan")
    low, high = proportion_confint(count, n, alpha=0.05, method="beta")
    return float(low), float(high)


def interquartile_mean(values: npt.ArrayLike) -> float:
    """Compute the mean of the middle half (Agarwal et al., 2021, "Deep RL at the edge of the precipice").

    Args:
        values: Shape `[n]`; a quarter of them, rounded down, is cut from each end; NaN are left out.

    Returns:
        The mean, in the values' unit; NaN without any value.
    """
    sample = np.asarray(values, dtype=float).ravel()
    sample = np.sort(sample[~np.isnan(sample)])
    if not sample.size:
        return float("nan")
    # As `scipy.stats.trim_mean` does it, to the bit, but for its checks, which take far longer.
    low, high = sample.size // 4, sample.size - sample.size // 4
    with np.errstate(over="ignore", invalid="ignore"):
        return float(np.mean(np.partition(sample, (low, high - 1))[low:high]))
