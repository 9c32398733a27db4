"""How conditions are spread over panels, so that the lines of a panel differ in one factor alone."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from dlsuite.analysis.factor_values import distinct_values, format_value, is_numeric
from dlsuite.analysis.task_trials import is_baseline
from dlsuite.report.encoding import thinned
from dlsuite.report.style import value_colors

_MOST_LINES = 8
_MOST_COLUMNS = 4


@dataclass(frozen=True)
class Facet:
    """The conditions of one panel.

    Attributes:
        factor: The factor in which they differ; empty where there is no such.
        column: Another factor's value that they share, such as `("batch_norm", "true")`; None if all do.
        names: What each condition is called beside its color, in order.
        colors: A color for each condition.
    """

    factor: str
    column: tuple[str, str] | None
    names: Mapping[str, str]
    colors: Mapping[str, str]

    @property
    def conditions(self) -> list[str]:
        """The conditions, in order."""
        return list(self.names)


def facets(
    conditions: pd.DataFrame, factors: Sequence[str], baseline: Mapping[str, object]
) -> list[Facet]:
    """Spread conditions over at most four panels of at most eight lines.

    Two factors that are crossed have a panel for each value of the one with fewer values. Of more factors,
    or others, there is a panel a factor, with the others at the baseline. Where that leaves nothing to
    compare, as in a random design, evenly spaced conditions share a panel.

    Args:
        conditions: A row a condition: `condition` and the factors.
        factors: Names of the factors.
        baseline: The baseline's value of every factor; may be empty.

    Returns:
        The panels from left to right; none without conditions.
    """
    if conditions.empty:
        return []
    values = {factor: distinct_values(conditions[factor]) for factor in factors}
    varied = [factor for factor in factors if len(values[factor]) > 1]
    if len(varied) <= 1:
        return [_facet(conditions, varied[0] if varied else "", None)]
    crossed = math.prod(len(values[factor]) for factor in varied) == len(conditions)
    if len(varied) == 2 and crossed:
        column = min(varied, key=lambda factor: (len(values[factor]), is_numeric(values[factor])))
        color = next(factor for factor in varied if factor != column)
        if len(values[column]) <= _MOST_COLUMNS:
            return [
                _facet(
                    conditions.loc[conditions[column].map(format_value) == format_value(value)],
                    color,
                    (column, format_value(value)),
                )
                for value in values[column]
            ]
    around = []
    for factor in varied if set(varied) <= set(baseline) else ():
        others = {other: baseline[other] for other in varied if other != factor}
        own = conditions.loc[is_baseline(conditions, others)]
        if len(own) > 1:
            around.append(_facet(own, factor, None))
    return around[:_MOST_COLUMNS] or [_facet(conditions, "", None)]


def _facet(own: pd.DataFrame, factor: str, column: tuple[str, str] | None) -> Facet:
    rows = own.drop_duplicates("condition").set_index("condition")
    if not factor:
        names = {str(name): str(name) for name in thinned(list(rows.index), _MOST_LINES)}
        return Facet("", column, names, dict(zip(names, value_colors(names).values(), strict=True)))
    texts = rows[factor].map(format_value)
    shades = value_colors(rows[factor])
    shown = thinned(list(shades), _MOST_LINES)
    names = {str(texts.index[texts == text][0]): text for text in shown}
    return Facet(factor, column, names, {name: shades[text] for name, text in names.items()})
