"""The mean of a few trials and how sure it is."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

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
    """

    n: int
    mean: float
    low: float
    high: float
    sd: float


def mean_interval(values: npt.ArrayLike, *, confidence: float = 0.95) -> MeanInterval:
    r"""Compute the mean with its t interval, $\bar x \pm t_{n-1} \, s / \sqrt n$.

    The result does not depend on the order of the values, not even in the last bit.

    Args:
        values: Shape `[n]`, in any unit; NaN stands for a value that is missing.
        confidence: Between 0 and 1.

    Returns:
        The mean and the interval, in the values' unit. With one value there is a mean only; without
        any spread the interval has no width.

    Raises:
        DlsuiteError: `confidence` is not between 0 and 1.
    """
    if not 0 < confidence < 1:
        raise DlsuiteError(f"confidence: expected a number between 0 and 1; got {confidence!r}.")
    sample = np.asarray(values, dtype=float).ravel()
    # A sum depends on its order in the last bits, and rows may come in any.
    sample = np.sort(sample[~np.isnan(sample)])
    n = sample.size
    nan = float("nan")
    if n == 0:
        return MeanInterval(0, nan, nan, nan, nan)
    if n == 1 or sample[0] == sample[-1]:
        edge = nan if n == 1 else float(sample[0])
        return MeanInterval(n, float(sample[0]), edge, edge, nan if n == 1 else 0.0)
    # A trial may explode and stay finite; the squares of its losses need not.
    with np.errstate(over="ignore", invalid="ignore"):
        mean, sd = float(np.mean(sample)), float(np.std(sample, ddof=1))
        low, high = stats.t.interval(confidence, n - 1, loc=mean, scale=sd / np.sqrt(n))
    return MeanInterval(n, mean, float(low), float(high), sd)
