"""What a narrower generalization gap costs: the metric on test against the gap, a point a condition."""

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from dlsuite.analysis.measures import GAP
from dlsuite.report.encoding import Encoding, encode
from dlsuite.report.labels import gap_label, measure_label, plain, shortened
from dlsuite.report.legends import add_marks
from dlsuite.report.limits import Limits, score_ceiling, score_limits
from dlsuite.report.panels import task_figure
from dlsuite.report.study_figure import StudyFigure
from dlsuite.report.study_tables import StudyTables
from dlsuite.report.style import CROSS, GRAY, TRIANGLE, figure_style, new_axes

_MOST_ARROWS = 20


def tradeoff_figures(tables: StudyTables) -> Iterator[StudyFigure]:
    """Draw the metric on test against the gap, if two conditions have both.

    Args:
        tables: The study's tables.
    """
    data = tradeoff_data(tables)
    if data.dropna(subset=["mean", "gap_mean"])["condition"].nunique() > 1:
        yield StudyFigure(
            "gap_against_metric",
            "Generalization gap against the test metric",
            "A point is a condition, an arrow leads to it from the baseline. Leftward the gap narrows; an "
            "arrow that leads left and toward worse has paid for it on the test split. Crosses are 95 % "
            "intervals of the two means.",
            ("summary",),
            tradeoff_figure(data, tables),
        )


def tradeoff_data(tables: StudyTables) -> pd.DataFrame:
    """Put each condition's metric on test beside its loss gap at the last epoch.

    Args:
        tables: The study's tables.

    Returns:
        A row a task and condition, in the study's order: `task`, `condition`, the factors, `n`, `n_diverged`,
        `mean`, `ci_low`, `ci_high` of the metric, `gap_mean`, `gap_ci_low`, `gap_ci_high`, and
        `is_baseline`.
    """
    numbers = ["mean", "ci_low", "ci_high"]
    keys = ["task", "condition"]
    columns = [*keys, *tables.factors, "n", "n_diverged", *numbers]
    summary = tables["summary"]
    parts = [pd.DataFrame(columns=[*columns, *(f"gap_{name}" for name in numbers), "is_baseline"])]
    for task in tables.tasks if len(summary) else []:
        own = summary.loc[summary["task"] == task]
        metric = own.loc[own["measure"] == f"test_{tables.task(task)['metric']}", columns]
        gap = own.loc[own["measure"] == GAP, [*keys, *numbers]]
        renamed = gap.rename(columns={name: f"gap_{name}" for name in numbers})
        both = metric.merge(renamed, on=keys, how="left")
        parts.append(both.assign(is_baseline=both["condition"] == tables.baseline_condition))
    filled = [part for part in parts if len(part)] or parts
    return pd.concat(filled, ignore_index=True)


def plot_tradeoff(
    data: pd.DataFrame,
    task: str,
    ax: Axes | None = None,
    *,
    about: Mapping[str, Any],
    encoding: Encoding | None = None,
) -> Axes:
    """Draw one task's conditions; what has exploded stands as a triangle at the edge.

    Args:
        data: As `tradeoff_data` returns it.
        task: Which task.
        ax: Where to draw; a new figure's if None.
        about: The task's row.
        encoding: How conditions look; all alike if None.

    Returns:
        The axes. A legend is left to the caller: `tradeoff_figure` has one.
    """
    ax = ax if ax is not None else new_axes()
    encoding = encoding or Encoding()
    rows = data.loc[data["task"] == task]
    measure = f"test_{about['metric']}"
    x, y = _limits(rows, about, GAP, "gap_"), _limits(rows, about, measure, "")
    base = rows.loc[rows["is_baseline"]].head(1)
    drawn = rows.dropna(subset=["mean", "gap_mean"])
    ax.set_xlim(x.low, x.high)
    y.apply(ax)
    if x.low < 0 < x.high:
        ax.axvline(0, color=GRAY, linewidth=0.7, zorder=1)
    for row in drawn.to_dict("records"):
        at = (_cut(row["gap_mean"], x), _cut(row["mean"], y))
        look = encoding.look(row)
        if len(drawn) <= _MOST_ARROWS:
            _draw_arrow(ax, base, at, limits=(x, y), color=look["color"])
            style = {"color": look["color"], "linewidth": 0.9, "alpha": 0.6, "zorder": 2}
            ax.plot([row["gap_ci_low"], row["gap_ci_high"]], [at[1], at[1]], **style)
            ax.plot([at[0], at[0]], [row["ci_low"], row["ci_high"]], **style)
        outside = bool(x.leaves(row["gap_mean"]) or y.leaves(row["mean"]))
        mark = {**TRIANGLE, "color": look["color"]} if outside else {**look, "markersize": 5}
        if outside and not y.leaves(row["mean"]):
            mark["marker"] = ">" if row["gap_mean"] > x.high else "<"
        mark["linestyle"] = ""
        ax.plot([at[0]], [at[1]], zorder=4, clip_on=not outside, **mark)
        if row["is_baseline"]:
            ax.plot([at[0]], [at[1]], zorder=5, clip_on=False, **_RING)
    lost = int(((rows["n"] == 0) & (rows["n_diverged"] > 0)).sum())
    if lost:
        said = f"\N{MULTIPLICATION SIGN} {lost} of {len(rows)} conditions diverged throughout"
        ax.text(0.99, 0.03, said, transform=ax.transAxes, ha="right", fontsize=6.5)
    ax.locator_params(axis="x", nbins=6)
    ax.set_xlabel(gap_label(about))
    ax.set_ylabel(measure_label(measure, about))
    ax.set_title(plain(shortened(task, 44)), loc="left")
    return ax


def tradeoff_figure(data: pd.DataFrame, tables: StudyTables) -> Figure:
    """Draw a panel a task.

    Args:
        data: As `tradeoff_data` returns it, with one row at least.
        tables: The study's tables.
    """
    encoding = encode(data, tables.factors, tables.baseline)

    def draw(task: str, ax: Axes) -> None:
        plot_tradeoff(data, task, ax, about=tables.task(task), encoding=encoding)

    tasks = [str(task) for task in data["task"].drop_duplicates()]
    with figure_style():
        marks: dict[str, Artist] = {
            "condition, 95 % intervals": Line2D([], [], color=GRAY, marker="o", markersize=5),
        }
        if data["is_baseline"].any():
            marks["baseline"] = Line2D([], [], **_RING)
        if (data["n_diverged"] > 0).any():
            marks["diverged"] = Line2D([], [], color="black", **CROSS)
        figure = task_figure(tasks, draw, panel_height=2.3, legend_rows=encoding.rows)
        encoding.add_key(figure, lines=False)
        add_marks(figure, marks)
    return figure


_RING: dict[str, Any] = {
    "marker": "o",
    "markersize": 9,
    "markerfacecolor": "none",
    "markeredgecolor": "black",
    "markeredgewidth": 1.0,
    "linestyle": "",
}


def _draw_arrow(
    ax: Axes,
    base: pd.DataFrame,
    at: tuple[float, float],
    *,
    limits: tuple[Limits, Limits],
    color: str,
) -> None:
    if base.empty or base[["mean", "gap_mean"]].isna().to_numpy().any():
        return
    start = (_cut(base["gap_mean"].iloc[0], limits[0]), _cut(base["mean"].iloc[0], limits[1]))
    if start != at:
        style = {"arrowstyle": "-|>", "color": color, "lw": 0.7, "alpha": 0.55, "mutation_scale": 7}
        ax.annotate("", at, start, arrowprops={**style, "shrinkA": 5, "shrinkB": 3}, zorder=1)


def _cut(value: float, limits: Limits) -> float:
    return float(min(max(value, limits.low), limits.high))


def _limits(rows: pd.DataFrame, about: Mapping[str, Any], measure: str, prefix: str) -> Limits:
    ends = rows[[f"{prefix}ci_low", f"{prefix}ci_high"]].to_numpy(dtype=float)
    ceiling = score_ceiling(about, measure)
    return score_limits(rows[f"{prefix}mean"], measure, ceiling=ceiling, ends=ends)
