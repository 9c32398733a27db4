"""The range of an axis: what the bulk of the values needs, whatever a few exploding ones reach."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from dlsuite.analysis.frames import number
from dlsuite.analysis.measures import GAP, is_share, metric_bounds, metric_unit, rises


@dataclass(frozen=True)
class Limits:
    """A range with its scale.

    Attributes:
        low: Lower end, in the values' unit.
        high: Upper end.
        log: Whether the axis is logarithmic.
    """

    low: float
    high: float
    log: bool = False

    def apply(self, ax: Axes) -> None:
        """Set the y axis."""
        if self.log:
            ax.set_yscale("log")
            # A decade or less between ticks of one digit; powers of ten alone may leave a single tick.
            wide = np.log10(self.high / self.low) > 2
            subs = (1.0,) if wide else (1.0, 2.0, 5.0)
            ax.yaxis.set_major_locator(LogLocator(subs=subs, numticks=7))
            ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
            ax.yaxis.set_minor_locator(NullLocator())
        ax.set_ylim(self.low, self.high)

    def holds(self, values: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        """Which values lie inside; NaN does not."""
        found = np.asarray(values, dtype=float)
        return np.asarray((found >= self.low) & (found <= self.high))

    def leaves(self, values: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        """Which values lie outside; NaN does not."""
        found = np.asarray(values, dtype=float)
        return np.asarray((found < self.low) | (found > self.high))


def bulk_limits(
    values: npt.ArrayLike,
    *,
    ceiling: float = float("inf"),
    anchors: npt.ArrayLike = (),
    decades: float | None = None,
    margin: float = 0.06,
) -> Limits:
    """Choose a range that shows all values up to a ceiling.

    Args:
        values: Any shape; NaN and infinite ones are passed over.
        ceiling: What is larger in size (of either sign) may lie outside, unless all values are.
        anchors: Values that must be inside if they are below the ceiling, such as the score of
            guessing.
        decades: A logarithmic axis is chosen for positive values that span a factor of 20 and more;
            it reaches down over so many powers of ten at most. None keeps the axis linear.
        margin: Share of the range that is left free at each end.

    Returns:
        The limits; 0 to 1 if there is no finite value.
    """
    finite = np.concatenate([np.ravel(np.asarray(v, dtype=float)) for v in (values, anchors)])
    finite = finite[np.isfinite(finite)]
    inside = finite[np.abs(finite) <= ceiling]
    shown = inside if inside.size else finite
    if not shown.size:
        return Limits(0.0, 1.0)
    low, high = float(shown.min()), float(shown.max())
    if decades is not None and high > 0 and low >= 0:
        low = max(low, high * 10.0**-decades)
        if high / low > 20:
            spread = (high / low) ** margin
            return Limits(low / spread, high * spread, log=True)
        low = float(shown.min())
    # A constant still needs an axis that has a length.
    pad = margin * (high - low) if high > low else 0.1 * abs(high) or 0.1
    return Limits(low - pad, high + pad)


def score_limits(
    values: npt.ArrayLike,
    measure: str,
    *,
    ceiling: float = float("inf"),
    guess: float = float("nan"),
    ends: npt.ArrayLike = (),
) -> Limits:
    """Choose the range of a test metric or the loss gap.

    Args:
        values: Means and trials, any shape.
        measure: `test_<metric>` or `gap_loss_last`.
        ceiling: What is larger in size has exploded, see `score_ceiling`.
        guess: What guessing scores; inside where that leaves a third of the panel to the rest.
        ends: Ends of intervals, shape `[n, 2]`; one that is far wider than the others and than all that was
            measured is cut.

    Returns:
        The limits. Zero is in those of a gap.
    """
    inner = bulk_limits(values, ceiling=ceiling, margin=0.0)
    reach = 0.5 * (inner.high - inner.low)
    bounds = np.asarray(ends, dtype=float).reshape(-1, 2)
    arms = np.diff(bounds[np.isfinite(bounds).all(axis=1)]) / 2
    if arms.size:
        reach = max(reach, 1.2 * float(np.median(arms)))
    cut = bounds.ravel().clip(inner.low - reach, inner.high + reach)
    shown = [*np.ravel(np.asarray(values, dtype=float)), *cut]
    if measure == GAP:
        return bulk_limits(shown, ceiling=ceiling, anchors=[0.0])
    metric = measure.removeprefix("test_")
    share = is_share(metric)
    if not rises(metric) and inner.low > 0 and inner.high / inner.low > 20:
        return bulk_limits(np.asarray(values), ceiling=ceiling, decades=4)
    limits = bulk_limits(shown, ceiling=ceiling)
    if np.isfinite(guess) and abs(guess) <= ceiling:
        low, high = min(limits.low, guess), max(limits.high, guess)
        if high - low < 3 * (limits.high - limits.low):
            limits = bulk_limits(shown, ceiling=ceiling, anchors=[guess])
    return Limits(max(limits.low, -0.03), min(limits.high, 1.03)) if share else limits


def score_ceiling(about: Mapping[str, Any], measure: str) -> float:
    """What a measure reaches only by exploding.

    Of a standardized target, the mean's loss is 1, so that the loss of guessing tells the target's
    standard deviation from its RMSE. A network that knows nothing is about as good.

    Args:
        about: The task's row, with `guess_test_<metric>`.
        measure: `test_<metric>` or `gap_loss_last`.

    Returns:
        Four times what guessing scores. Of what is better when greater, four times its upper bound, since it
        explodes downward only. Infinite for a share such as an accuracy, or where neither is known.
    """
    metric = "loss" if measure == GAP else measure.removeprefix("test_")
    if is_share(metric):
        return float("inf")
    if rises(metric):
        return 4 * metric_bounds(metric)[1]
    loss = number(about, "guess_test_loss")
    known = number(about, f"guess_test_{metric}")
    in_units = metric == "loss" or metric_unit(metric) != ""
    if about.get("task_type") == "regression" and loss > 0 and in_units:
        ignorant = 1.0 if metric == "loss" else number(about, "guess_test_rmse") / loss**0.5
        known = max(filter(np.isfinite, (known, ignorant)), default=float("nan"))
    return 4 * known if np.isfinite(known) else float("inf")
