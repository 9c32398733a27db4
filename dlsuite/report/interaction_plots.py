"""Two factors at a time: one along the axis, a line for each value of the other."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from dlsuite.analysis.factor_values import distinct_values, format_value
from dlsuite.analysis.task_trials import is_baseline
from dlsuite.analysis.wording import difference_text
from dlsuite.report.encoding import thinned
from dlsuite.report.labels import factor_text, measure_label, plain, shortened, value_text
from dlsuite.report.legends import add_marks, draw_guess
from dlsuite.report.limits import score_ceiling, score_limits
from dlsuite.report.study_figure import StudyFigure
from dlsuite.report.study_tables import StudyTables
from dlsuite.report.style import CROSS, GRAY, PAGE_WIDTH, figure_style, new_axes, value_colors
from dlsuite.report.value_axis import ValueAxis

_MOST_PAIRS = 4
_MOST_LINES = 6


@dataclass(frozen=True)
class FactorPair:
    """Two factors with the others at the baseline.

    Attributes:
        along: The factor along the axis.
        lines: The other, with a line a value.
        means: A row a task and pair of values: `task`, `condition`, both factors, `n`, `n_diverged`, `mean`,
            `ci_low`, `ci_high` of the task's metric on test, `guess`.
        interactions: Their rows of `interactions.csv` for that metric, seed by seed.
    """

    along: str
    lines: str
    means: pd.DataFrame
    interactions: pd.DataFrame


def interaction_figures(tables: StudyTables) -> Iterator[StudyFigure]:
    """Draw the pairs of factors that were crossed.

    Args:
        tables: The study's tables.
    """
    pairs = factor_pairs(tables)
    if pairs:
        yield StudyFigure(
            "interactions",
            "Interactions of two factors",
            "Means of the metric on test with 95 % intervals over seeds, further factors at the baseline. "
            "Parallel lines: the effects add up. The interaction written above is the clearest of the panel: "
            "what both changes do beyond the sum of each, seed by seed, with its 95 % interval.",
            ("summary", "interactions"),
            interaction_figure(pairs, tables),
        )


def factor_pairs(tables: StudyTables) -> list[FactorPair]:
    """Collect the pairs of factors that have an interaction, four at most.

    Args:
        tables: The study's tables.
    """
    table, summary = tables["interactions"], tables["summary"]
    if table.empty or summary.empty:
        return []
    metrics = {task: f"test_{tables.task(task)['metric']}" for task in tables.tasks}
    seedwise = table.loc[
        (table["method"] == "differences") & (table["measure"] == table["task"].map(metrics))
    ]
    means = summary.loc[summary["measure"] == summary["task"].map(metrics)]
    pairs = []
    for a, b in combinations(tables.factors, 2):
        own = seedwise.loc[(seedwise["factor_a"] == a) & (seedwise["factor_b"] == b)]
        if own.empty:
            continue
        others = {name: value for name, value in tables.baseline.items() if name not in (a, b)}
        at = means.loc[is_baseline(means, others)]
        sizes = {factor: len(distinct_values(at[factor])) for factor in (a, b)}
        lines = min((a, b), key=lambda factor: sizes[factor])
        columns = ["task", "condition", a, b, "n", "n_diverged", "mean", "ci_low", "ci_high"]
        chosen = at[[*columns, "guess"]].reset_index(drop=True)
        pairs.append(FactorPair(a if lines == b else b, lines, chosen, own.reset_index(drop=True)))
    return pairs[:_MOST_PAIRS]


def plot_interaction(
    pair: FactorPair, task: str, ax: Axes | None = None, *, about: Mapping[str, Any]
) -> Axes:
    """Draw one pair of factors in one task, with the clearest of its interactions written above.

    Args:
        pair: One of `factor_pairs`.
        task: Which task.
        ax: Where to draw; a new figure's if None.
        about: The task's row.

    Returns:
        The axes, with a legend of the lines.
    """
    ax = ax if ax is not None else new_axes()
    rows = pair.means.loc[pair.means["task"] == task]
    measure = f"test_{about['metric']}"
    limits = score_limits(
        rows["mean"],
        measure,
        ceiling=score_ceiling(about, measure),
        guess=float(rows["guess"].max()),
        ends=rows[["ci_low", "ci_high"]].to_numpy(dtype=float),
    )
    limits.apply(ax)
    places = ValueAxis.of(pair.means[pair.along])
    colors = value_colors(pair.means[pair.lines])
    shown = thinned(list(colors), _MOST_LINES)
    texts = rows[pair.lines].map(format_value)
    handles: list[Artist] = []
    for index, name in enumerate(shown):
        own = rows.loc[texts == name]
        shift = (index - (len(shown) - 1) / 2) * min(0.08, 0.4 / len(shown))
        x = np.array(places.at(own[pair.along], shift))
        order = np.argsort(x)
        mean = own["mean"].to_numpy(dtype=float).clip(limits.low, limits.high)[order]
        ends = own[["ci_low", "ci_high"]].to_numpy(dtype=float)[order].T
        look: dict[str, Any] = {"color": colors[name], "linewidth": 1.3}
        style = "-" if places.connected else (0, (1, 2))
        ax.plot(x[order], mean, linestyle=style, marker="o", markersize=4.5, zorder=3, **look)
        ax.vlines(x[order], *ends, zorder=3, **look)
        lost = (own["n_diverged"] > 0).to_numpy()[order]
        if lost.any():
            edge = {**CROSS, "color": colors[name], "transform": ax.get_xaxis_transform()}
            ax.plot(x[order][lost], np.ones(lost.sum()), clip_on=False, **edge)
        handles.append(Line2D([], [], marker="o", markersize=4.5, **look))
    draw_guess(ax, float(rows["guess"].max()), limits)
    places.apply(ax, room=0.2)
    ax.set_xlabel(factor_text(pair.along))
    ax.set_ylabel(measure_label(measure, about))
    told = _clearest(pair.interactions.loc[pair.interactions["task"] == task], about)
    ax.set_title(f"{plain(shortened(task, 40))}\n{told}", loc="left", fontsize=7.5)
    ax.legend(
        handles,
        [value_text(name, 14) for name in shown],
        title=factor_text(pair.lines, 18),
        loc="upper left",
        bbox_to_anchor=(1.0, 1.02),
        handlelength=1.4,
        fontsize=7,
        borderaxespad=0.2,
    )
    return ax


def interaction_figure(pairs: list[FactorPair], tables: StudyTables) -> Figure:
    """Draw a row a pair of factors, a panel a task.

    Args:
        pairs: As `factor_pairs` returns them, one at least.
        tables: The study's tables.
    """
    panels = [(pair, task) for pair in pairs for task in tables.tasks]
    rows = -(-len(panels) // 2)
    with figure_style():
        figure = Figure(figsize=(PAGE_WIDTH, 2.15 * rows + 0.3), layout="constrained")
        figure.get_layout_engine().set(h_pad=0.06, w_pad=0.05)  # type: ignore[union-attr, call-arg]
        grid = figure.add_gridspec(rows, 2)
        for index, (pair, task) in enumerate(panels):
            ax = figure.add_subplot(grid[divmod(index, 2)])
            plot_interaction(pair, task, ax, about=tables.task(task))
        marks: dict[str, Artist] = {
            "mean, 95 % interval": Line2D([], [], color=GRAY, marker="o", markersize=4.5)
        }
        if any((pair.means["n_diverged"] > 0).any() for pair in pairs):
            marks["some trials diverged"] = Line2D([], [], color=GRAY, **CROSS)
        add_marks(figure, marks)
    return figure


def _clearest(rows: pd.DataFrame, about: Mapping[str, Any]) -> str:
    """The interaction with the smallest p, in words."""
    known = rows.dropna(subset=["interaction"]).sort_values("p", kind="stable", na_position="last")
    if known.empty:
        return "interaction: too few pairs"
    row = known.iloc[0]
    ends = (float(row["interaction"]), float(row["ci_low"]), float(row["ci_high"]))
    told = difference_text(*ends, str(about["metric"]))
    values = (value_text(row[side], 8) for side in ("value_a", "value_b"))
    at = " \N{MULTIPLICATION SIGN} ".join(values)
    return f"interaction {at}: {told}"
