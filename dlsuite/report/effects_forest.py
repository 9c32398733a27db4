"""A forest plot: each condition's difference from the baseline, with its interval and verdict."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from dlsuite.analysis.measures import GAP
from dlsuite.analysis.wording import p_text
from dlsuite.report.labels import (
    condition_names,
    gap_difference_label,
    plain,
    shortened,
    with_unit,
    wrapped,
)
from dlsuite.report.legends import add_marks
from dlsuite.report.limits import Limits, bulk_limits, score_ceiling
from dlsuite.report.study_figure import StudyFigure
from dlsuite.report.study_tables import StudyTables
from dlsuite.report.style import CROSS, GRAY, PAGE_WIDTH, figure_style, new_axes

_LOOKS: dict[str, dict[str, Any]] = {
    "better": {"color": "#0072B2", "marker": "o"},
    "worse": {"color": "#D55E00", "marker": "s"},
    "lower": {"color": "#009E73", "marker": "o"},
    "higher": {"color": "#882255", "marker": "s"},
    "no clear difference": {"color": GRAY, "marker": "o", "markerfacecolor": "white"},
    "too few pairs": {"color": GRAY, "marker": "D", "markerfacecolor": "white"},
}
_INFEASIBLE = ("all diverged", "baseline diverged")
_MOST_ROWS = 40
_LETTERS = 30


@dataclass(frozen=True)
class EffectsData:
    """What the forest plot shows.

    Attributes:
        rows: A row a task, condition and measure (the metric on test, and the loss gap), as `effects.csv` has
            it: `task`, `condition`, `measure`, `n_pairs`, `difference`, `ci_low`, `ci_high`, `p`,
            `p_adjusted`, `verdict`; and `place`, from 0 at the top of its panel.
        names: What each condition is called: how it differs from the baseline.
        of: How many conditions each task has, those that are not shown among them.
    """

    rows: pd.DataFrame
    names: Mapping[str, str]
    of: Mapping[str, int]


def effects_figures(tables: StudyTables) -> Iterator[StudyFigure]:
    """Draw the forest plot, if there is a condition beside the baseline.

    Args:
        tables: The study's tables.
    """
    data = effects_data(tables)
    if not data.rows.empty:
        yield StudyFigure(
            "effects",
            "Effects against the baseline",
            "Each row is a condition minus the baseline, paired by seed: the mean difference and its 95 % "
            "interval, of one comparison alone. The p on the left is adjusted by Holm for all comparisons of "
            "the task, the one on the right is exploratory. An interval across the line leaves open which of "
            "the two is ahead; it does not show that they are equal.",
            ("effects",),
            effects_figure(data, tables),
        )


def effects_data(tables: StudyTables) -> EffectsData:
    """Collect the differences of the task's metric on test, and of the loss gap.

    Of many conditions, those with the largest differences in the metric are kept, in the study's order.

    Args:
        tables: The study's tables; of `effects`, the rows of these two measures are read.
    """
    effects = tables["effects"]
    columns = ["task", "condition", "measure", "n_pairs", "difference", "ci_low", "ci_high"]
    columns += ["p", "p_adjusted", "verdict"]
    if effects.empty:
        return EffectsData(pd.DataFrame(columns=[*columns, "place"]), {}, {})
    told = effects.loc[(effects["role"] == "primary") | (effects["measure"] == GAP)]
    most = max(5, _MOST_ROWS // max(told["task"].nunique(), 1))
    parts, of = [], {}
    for task, own in told.groupby("task", sort=False):
        primary = own.loc[own["role"] == "primary"].drop_duplicates("condition")
        of[str(task)] = len(primary)
        sizes = primary["difference"].abs().fillna(-1.0)
        kept = primary.loc[sizes.sort_values(ascending=False, kind="stable").index[:most]]
        order = [name for name in primary["condition"] if name in set(kept["condition"])]
        places = {name: place for place, name in enumerate(order)}
        shown = own.loc[own["condition"].isin(places)]
        parts.append(shown[columns].assign(place=shown["condition"].map(places)))
    names = condition_names(told, tables.factors, tables.baseline)
    return EffectsData(pd.concat(parts, ignore_index=True), names, of)


def plot_effects(
    data: EffectsData,
    task: str,
    ax: Axes | None = None,
    *,
    measure: str,
    about: Mapping[str, Any] | None = None,
) -> Axes:
    """Draw one task's differences in one measure.

    Args:
        data: As `effects_data` returns it.
        task: Which task.
        ax: Where to draw; a new figure's if None.
        measure: `test_<metric>` or `gap_loss_last`.
        about: The task's row, for units and for the range of the axis.

    Returns:
        The axes. A legend is left to the caller: `effects_figure` has one.
    """
    ax = ax if ax is not None else new_axes()
    rows = data.rows.loc[(data.rows["task"] == task) & (data.rows["measure"] == measure)]
    limits = _limits(rows, about or {}, measure)
    ax.axvline(0, color=GRAY, linewidth=0.8, zorder=1)
    for _, row in rows.iterrows():
        _draw_row(ax, row.to_dict(), limits)
    every = data.rows.loc[data.rows["task"] == task].drop_duplicates("condition")
    texts = [wrapped(data.names[str(name)], _LETTERS) for name in every["condition"]]
    ax.set_yticks(every["place"], texts)
    ax.set_ylim(max(every["place"], default=0) + 0.6, -0.6)
    ax.set_xlim(limits.low, limits.high)
    ax.locator_params(axis="x", nbins=4)
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    label = f"difference in test {with_unit(measure.removeprefix('test_'))}"
    ax.set_xlabel(gap_difference_label(about or {}) if measure == GAP else label)
    said = f": largest {len(every)} of {data.of[task]}" if len(every) < data.of.get(task, 0) else ""
    ax.set_title(f"{plain(shortened(task, 34))}{said}", loc="left")
    return ax


def effects_figure(data: EffectsData, tables: StudyTables) -> Figure:
    """Draw a row of panels a task: the metric on test on the left, the loss gap on the right.

    Args:
        data: As `effects_data` returns it, with one row at least.
        tables: The study's tables.
    """
    tasks = [str(task) for task in data.rows["task"].drop_duplicates()]
    counts = [data.rows.loc[data.rows["task"] == task, "condition"].nunique() for task in tasks]
    lines = 2 if any(len(data.names[c]) > _LETTERS for c in data.rows["condition"]) else 1
    heights = [(0.17 + 0.07 * (lines - 1)) * count + 0.62 for count in counts]
    with figure_style():
        figure = Figure(figsize=(PAGE_WIDTH, sum(heights) + 0.4), layout="constrained")
        figure.get_layout_engine().set(w_pad=0.06, h_pad=0.05)  # type: ignore[union-attr, call-arg]
        grid = figure.subplots(len(tasks), 2, squeeze=False, height_ratios=heights)
        for (left, right), task in zip(grid, tasks, strict=True):
            about = tables.task(task)
            plot_effects(data, task, left, measure=f"test_{about['metric']}", about=about)
            plot_effects(data, task, right, measure=GAP, about=about)
            right.set_yticks([])
            right.set_title("", loc="left")
        add_marks(figure, _marks(data))
    return figure


def _draw_row(ax: Axes, row: Mapping[Any, Any], limits: Limits) -> None:
    verdict, place = str(row["verdict"]), float(row["place"])
    difference = float(row["difference"])
    adjusted = row["p_adjusted"] if pd.notna(row["p_adjusted"]) else row["p"]
    told = f"{p_text(float(adjusted))}, n {row['n_pairs']:.0f}" if pd.notna(adjusted) else verdict
    if verdict in _INFEASIBLE:
        ax.axhspan(place - 0.4, place + 0.4, facecolor="0.93", edgecolor="0.75", hatch="////", lw=0)
        ax.plot([0.0], [place], color="black", zorder=5, **CROSS)
    elif np.isfinite(difference):
        look = _LOOKS.get(verdict, _LOOKS["no clear difference"])
        ends = [row["ci_low"], row["ci_high"]]
        if np.isfinite(ends).all():
            ax.plot(ends, [place, place], color=look["color"], linewidth=1.3, zorder=3)
        if limits.holds(difference):
            ax.plot([difference], [place], linestyle="", markersize=4.5, zorder=4, **look)
        else:
            edge, mark = (limits.high, ">") if difference > limits.high else (limits.low, "<")
            look = {**look, "marker": mark}
            ax.plot([edge], [place], linestyle="", markersize=5.5, clip_on=False, zorder=4, **look)
    ax.annotate(
        told,
        (1.0, place),
        xycoords=ax.get_yaxis_transform(),
        xytext=(5, 0),
        textcoords="offset points",
        va="center",
        fontsize=6.5,
        color=GRAY if verdict in ("no clear difference", "too few pairs") else "black",
    )


def _limits(rows: pd.DataFrame, about: Mapping[str, Any], measure: str) -> Limits:
    ceiling = score_ceiling(about, measure)
    inner = bulk_limits(rows["difference"], ceiling=ceiling, anchors=[0.0], margin=0.0)
    reach = 0.6 * (inner.high - inner.low)
    ends = rows[["ci_low", "ci_high"]].to_numpy(dtype=float)
    return bulk_limits(
        ends.clip(inner.low - reach, inner.high + reach), anchors=[0.0, inner.low, inner.high]
    )


def _marks(data: EffectsData) -> dict[str, Artist]:
    found = set(data.rows["verdict"])
    marks: dict[str, Artist] = {
        verdict: Line2D([], [], markersize=4.5, linewidth=1.3, **look)
        for verdict, look in _LOOKS.items()
        if verdict in found
    }
    if found & set(_INFEASIBLE):
        marks["no pair left: all diverged"] = Line2D([], [], color="black", **CROSS)
    return marks
