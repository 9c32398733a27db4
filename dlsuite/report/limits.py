"""The range of an axis: what the bulk of the values needs, whatever a few exploding ones reach."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes


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
        ax.set_ylim(self.low, self.high)


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
    pad = margin * (high - low) or 0.1 * abs(high) or 0.1
    return Limits(low - pad, high + pad)
