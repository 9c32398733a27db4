"""The x axis on which a factor's values stand."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, NullFormatter

from dlsuite.analysis.factor_values import (
    distinct_values,
    format_value,
    is_numeric,
    spans_decades,
)
from dlsuite.report.encoding import thinned
from dlsuite.report.labels import value_text


@dataclass(frozen=True)
class ValueAxis:
    """Where values stand on the x axis.

    Attributes:
        values: Distinct ones, in order.
        scale: `linear` or `log`, at the numbers themselves, or `steps`, one apart.
    """

    values: tuple[object, ...]
    scale: str

    @classmethod
    def of(cls, values: Iterable[object]) -> "ValueAxis":
        """Choose a scale: logarithmic for numbers above 0 over two decades, steps for names."""
        distinct = distinct_values(values)
        if not is_numeric(distinct):
            return cls(tuple(distinct), "steps")
        if spans_decades(distinct):
            return cls(tuple(distinct), "log")
        # Next to 0, values a power of ten apart would fall upon one another.
        positive = [value for value in distinct if float(value) > 0]  # type: ignore[arg-type]
        crowded = positive and spans_decades(positive, decades=1.0)
        scale = "steps" if len(positive) < len(distinct) and crowded else "linear"
        return cls(tuple(distinct), scale)

    @classmethod
    def of_rates(cls, values: Iterable[object]) -> "ValueAxis":
        """Stand rates, all above 0, on a logarithmic axis however close they are."""
        return cls(tuple(distinct_values(values)), "log")

    @property
    def connected(self) -> bool:
        """Whether a line between neighbors means something."""
        return is_numeric(self.values)

    def at(self, values: Iterable[object], shift: float = 0.0) -> list[float]:
        """Places of values, moved by a share of the distance between neighbors."""
        values = list(values)
        if self.scale == "steps":
            names = [format_value(value) for value in self.values]
            return [names.index(format_value(value)) + shift for value in values]
        numbers = np.array([float(value) for value in self.values])  # type: ignore[arg-type]
        found = np.array([float(value) for value in values])  # type: ignore[arg-type]
        if self.scale == "log":
            return list(found * 10 ** (shift * self._step(np.log10(numbers))))
        return list(found + shift * self._step(numbers))

    def apply(self, ax: Axes, *, room: float = 0.0) -> None:
        """Set the x axis.

        Args:
            ax: The axes.
            room: By how much of the distance between neighbors values are moved at the most.
        """
        names = [value_text(value, 16) for value in self.values]
        if self.scale == "steps":
            shown = thinned(range(len(names)), 12)
            ax.set_xticks(shown, [names[place] for place in shown])
            # Names that would touch stand one lower than their neighbors'.
            if sum(map(len, names)) > 36 and len(shown) > 1:
                ax.set_xticks(shown, [_lowered(names[p], i) for i, p in enumerate(shown)])
            ax.set_xlim(-0.5, len(names) - 0.5)
            return
        numbers = [float(value) for value in self.values]  # type: ignore[arg-type]
        if self.scale == "log":
            ax.set_xscale("log")
            ends = np.log10([numbers[0], numbers[-1]])
            pad = max(0.06 * (ends[1] - ends[0]), (room + 0.08) * self._step(np.log10(numbers)))
            ax.set_xlim(10 ** (ends[0] - pad), 10 ** (ends[1] + pad))
            positions = np.log10(numbers)
        else:
            usual = 0.08 * (numbers[-1] - numbers[0]) or 0.5
            pad = max(usual, (room + 0.08) * self._step(np.array(numbers)))
            ax.set_xlim(numbers[0] - pad, numbers[-1] + pad)
            positions = np.array(numbers)
        gaps = np.diff(positions)
        if self.scale == "log":
            ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: format_value(float(value))))
            ax.xaxis.set_minor_formatter(NullFormatter())
        if gaps.size == 0 or gaps.min() >= 0.09 * (positions[-1] - positions[0]):
            ax.set_xticks(numbers, names)
            ax.set_xticks([], minor=True)

    @staticmethod
    def _step(positions: np.ndarray) -> float:
        """The mean distance between neighbors; 1 if there are none."""
        return float(positions.max() - positions.min()) / max(len(positions) - 1, 1) or 1.0


def _lowered(name: str, place: int) -> str:
    return f"\n{name}" if place % 2 else name
