"""How conditions of several factors are told apart: by color, by shape, and by open marks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
from matplotlib.artist import Artist
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from dlsuite.analysis.factor_values import distinct_values, format_value, is_numeric, same_value
from dlsuite.analysis.task_trials import is_baseline
from dlsuite.report.labels import factor_text, value_text
from dlsuite.report.style import DASHES, GRAY, MARKERS, OKABE_ITO, value_colors

_LISTED = 6


@dataclass(frozen=True)
class Encoding:
    """What each factor's values look like.

    Attributes:
        colors: A color for each value of the first factor told apart.
        shapes: A place among `MARKERS` and `DASHES` for each value of the second.
        opened: Whether a mark is open, for each of the two values of the third.
        factors: Names of the factors told apart: as many as there are of these, in this order.
    """

    factors: tuple[str, ...] = ()
    colors: Mapping[str, str] | None = None
    shapes: Mapping[str, int] | None = None
    opened: Mapping[str, bool] | None = None

    @classmethod
    def of(cls, conditions: pd.DataFrame, factors: Sequence[str]) -> "Encoding":
        """Give color to the factor with most values, as numbers are best told by shades.

        Args:
            conditions: Rows with the factors.
            factors: Names of the factors; those with a single value need no telling. What is left after
                color, shape (up to eight values) and open marks (two values) is not told apart.
        """
        values = {factor: distinct_values(conditions[factor]) for factor in factors}
        varied = [factor for factor in factors if len(values[factor]) > 1]
        if not varied:
            return cls()
        first = max(varied, key=lambda factor: (is_numeric(values[factor]), len(values[factor])))
        rest = sorted(
            (factor for factor in varied if factor != first), key=lambda f: -len(values[f])
        )
        second = next((f for f in rest if len(values[f]) <= len(MARKERS)), None)
        third = next((f for f in rest if f != second and len(values[f]) == 2), None)
        shapes = [format_value(value) for value in values[second]] if second else []
        opened = [format_value(value) for value in values[third]] if third else []
        return cls(
            tuple(factor for factor in (first, second, third) if factor),
            value_colors(values[first]),
            {name: place for place, name in enumerate(shapes)} or None,
            {name: bool(place) for place, name in enumerate(opened)} or None,
        )

    def look(self, row: Mapping[Any, Any]) -> dict[str, Any]:
        """Color, marker, face of the marker and line of a condition.

        Args:
            row: The condition's value of every factor told apart.

        Returns:
            Arguments of `Axes.plot`: `color`, `marker`, `markerfacecolor`, `linestyle`.
        """
        texts = [format_value(row[factor]) for factor in self.factors]
        color = self.colors[texts[0]] if self.colors else OKABE_ITO[0]
        place = self.shapes[texts[1]] if self.shapes else 0
        is_open = self.opened[texts[-1]] if self.opened else False
        return {
            "color": color,
            "marker": MARKERS[place],
            "markerfacecolor": "white" if is_open else color,
            "linestyle": DASHES[place % len(DASHES)],
        }

    @property
    def rows(self) -> int:
        """How many rows its legend has."""
        return len(self.factors)

    def add_key(self, figure: Figure, *, marks: bool = True, lines: bool = True) -> None:
        """Say above the panels what colors and shapes mean: a row a factor.

        Args:
            figure: The figure.
            marks: Whether its points have the shapes.
            lines: Whether its lines have the dashes.
        """
        if not self.factors:
            return
        table = [self._row(number, marks=marks, lines=lines) for number in range(self.rows)]
        columns = max(len(row) for row in table)
        nothing = (Line2D([], [], linestyle=""), "")
        padded = [row + [nothing] * (columns - len(row)) for row in table]
        # A legend fills its columns from the top.
        entries = [row[column] for column in range(columns) for row in padded]
        handles: list[Artist] = [handle for handle, _ in entries]
        figure.legend(
            handles,
            [label for _, label in entries],
            loc="outside upper center",
            ncols=columns,
            columnspacing=1.0,
            handlelength=1.8,
            handletextpad=0.5,
        )

    def _row(self, number: int, *, marks: bool, lines: bool) -> list[tuple[Line2D, str]]:
        row = [(Line2D([], [], linestyle=""), f"{factor_text(self.factors[number], 24)}:")]
        names: Mapping[str, Any] = (self.colors or {}, self.shapes or {}, self.opened or {})[number]
        for name in thinned(list(names), _LISTED):
            look: dict[str, Any] = {"color": GRAY, "linewidth": 1.4, "markersize": 4.5}
            if number == 0:
                look |= {"color": names[name], "linewidth": 2.4}
            elif number == 1:
                look |= {"marker": MARKERS[names[name]] if marks else ""}
                look |= {"linestyle": DASHES[names[name] % len(DASHES)] if lines else ""}
            else:
                face = "white" if names[name] else GRAY
                look |= {"marker": "o", "markerfacecolor": face, "linestyle": ""}
            row.append((Line2D([], [], **look), value_text(name, 18)))
        return row


@dataclass(frozen=True)
class ChangeEncoding(Encoding):
    """Where conditions change one factor each: a color a factor, a shape a value, black the baseline.

    Attributes:
        baseline: The baseline's value of every factor.
        values: Each factor's values other than the baseline's, as `format_value` writes them.
    """

    baseline: Mapping[str, object] = field(default_factory=dict)
    values: Mapping[str, list[str]] = field(default_factory=dict)

    def look(self, row: Mapping[Any, Any]) -> dict[str, Any]:
        """Color, marker, face of the marker and line of a condition, see `Encoding.look`."""
        for factor in self.factors:
            if not same_value(row[factor], self.baseline[factor]):
                place = self.values[factor].index(format_value(row[factor]))
                return self._look(factor, place)
        return {"color": "black", "marker": "o", "markerfacecolor": "black", "linestyle": "solid"}

    def _look(self, factor: str, place: int) -> dict[str, Any]:
        color = OKABE_ITO[self.factors.index(factor) % len(OKABE_ITO)]
        return {
            "color": color,
            "marker": MARKERS[place % len(MARKERS)],
            "markerfacecolor": color,
            "linestyle": DASHES[place % len(DASHES)],
        }

    def _row(self, number: int, *, marks: bool, lines: bool) -> list[tuple[Line2D, str]]:
        factor = self.factors[number]
        row = [(Line2D([], [], linestyle=""), f"{factor_text(factor, 24)}:")]
        names = self.values[factor]
        for place in thinned(range(len(names)), _LISTED):
            look = self._look(factor, place) | {"markersize": 4.5}
            look |= {} if marks else {"marker": ""}
            look |= {} if lines else {"linestyle": ""}
            row.append((Line2D([], [], **look), value_text(names[place], 18)))
        return row


def encode(
    conditions: pd.DataFrame, factors: Sequence[str], baseline: Mapping[str, object]
) -> Encoding:
    """Choose how conditions look: by what they change if each changes one of several factors.

    Args:
        conditions: Rows with the factors.
        factors: Names of the factors.
        baseline: The baseline's value of every factor; may be empty.
    """
    rows = conditions[list(factors)].drop_duplicates()
    varied = tuple(f for f in factors if len(distinct_values(rows[f])) > 1)
    if len(varied) < 2 or not set(varied) <= set(baseline):
        return Encoding.of(rows, factors)
    changes = [~is_baseline(rows, {factor: baseline[factor]}) for factor in varied]
    if (pd.concat(changes, axis=1).sum(axis=1) > 1).any():
        return Encoding.of(rows, factors)
    values = {
        factor: [
            format_value(value)
            for value in distinct_values(rows[factor])
            if not same_value(value, baseline[factor])
        ]
        for factor in varied
    }
    return ChangeEncoding(varied, baseline=baseline, values=values)


def thinned(entries: Sequence[Any], most: int) -> list[Any]:
    """Pick so many entries at most, evenly spaced, the first and the last among them."""
    if len(entries) <= most:
        return list(entries)
    return [entries[round(place * (len(entries) - 1) / (most - 1))] for place in range(most)]
