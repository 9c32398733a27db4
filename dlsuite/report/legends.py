"""Legends that stand outside the panels, shared by all of them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from dlsuite.analysis.factor_values import format_value
from dlsuite.report.labels import factor_text, plain
from dlsuite.report.limits import Limits
from dlsuite.report.style import GRAY, value_colors

GUESS_LINE: dict[str, Any] = {"color": GRAY, "linestyle": ":", "linewidth": 1.2}
"""How the score of guessing is drawn."""
# About as many letters fit side by side on a page.
_LETTERS = 90


def named_colors(
    frame: pd.DataFrame, *, key: str, factors: Sequence[str]
) -> tuple[dict[str, str], dict[str, str]]:
    """Give each condition or series a color and a name for the legend.

    Args:
        frame: Rows with the column `key` and the factors.
        key: The column that tells the lines apart, such as `condition`.
        factors: The factors that differ between them. Of a single one, the values are the names,
            and numbers have ordered colors.

    Returns:
        Color and name of each entry of `key`, in the legend's order.
    """
    entries = frame.drop_duplicates(key).set_index(key)
    if len(factors) != 1:
        colors = value_colors(entries.index)
        return colors, {entry: entry for entry in colors}
    names = {str(entry): format_value(value) for entry, value in entries[factors[0]].items()}
    by_value = value_colors(entries[factors[0]])
    order = list(by_value)
    ordered = sorted(names, key=lambda entry: order.index(names[entry]))
    return {entry: by_value[names[entry]] for entry in ordered}, {e: names[e] for e in ordered}


def columns_above(names: Mapping[str, str]) -> int:
    """How many names stand side by side above the panels."""
    longest = max((len(name) for name in names.values()), default=1)
    return min(len(names), max(1, _LETTERS // (8 + longest))) or 1


def add_colors(
    figure: Figure,
    colors: Mapping[str, str],
    names: Mapping[str, str],
    *,
    factors: Sequence[str],
    beside: bool = False,
) -> None:
    """Say which color is which value, above the panels or beside them."""
    handles: list[Artist] = [Line2D([], [], color=color, linewidth=2) for color in colors.values()]
    figure.legend(
        handles,
        [names[entry] for entry in colors],
        title=factor_text(factors[0]) if len(factors) == 1 else None,
        loc="outside right upper" if beside else "outside upper center",
        ncols=1 if beside else columns_above(names),
        alignment="left" if beside else "center",
    )


def add_marks(figure: Figure, marks: Mapping[str, Artist]) -> None:
    """Say below the panels what lines and marks mean."""
    columns = len(marks) if len(marks) <= 3 else -(-len(marks) // 2)
    figure.legend(list(marks.values()), list(marks), loc="outside lower center", ncols=columns)


def draw_guess(ax: Axes, guess: float, limits: Limits) -> None:
    """Draw the score of guessing; where it lies outside the panel, write it at that edge.

    Args:
        ax: The axes, the score along y.
        guess: The score; NaN draws nothing.
        limits: The range of the y axis.
    """
    if not np.isfinite(guess):
        return
    if limits.holds(guess):
        ax.axhline(guess, zorder=1, **GUESS_LINE)
        return
    above = guess > limits.high
    arrow = "\N{UPWARDS ARROW}" if above else "\N{DOWNWARDS ARROW}"
    ax.text(
        0.99,
        0.97 if above else 0.03,
        f"guessing {guess:.3g} {arrow}",
        transform=ax.transAxes,
        ha="right",
        va="top" if above else "bottom",
        fontsize=6.5,
        color=GRAY,
        zorder=1,
    )


def guess_mark(tasks: pd.DataFrame, shown: "pd.Series[str]") -> dict[str, Artist]:
    """The legend's entry for guessing, with what is guessed in the tasks shown."""
    words = tasks.loc[tasks["task"].isin(shown), "guess"].drop_duplicates()
    return {plain(f"guessing ({', '.join(map(str, words))})"): Line2D([], [], **GUESS_LINE)}
