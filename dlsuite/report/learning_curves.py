"""Learning curves: train against validation, epoch by epoch."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from dlsuite.analysis.frames import task_row
from dlsuite.analysis.measures import is_share, rises
from dlsuite.report.facets import Facet, facets
from dlsuite.report.labels import chosen_loss, plain, with_unit
from dlsuite.report.learning_curve_data import learning_curve_data
from dlsuite.report.legends import GUESS_LINE, add_marks, guess_mark, named_colors
from dlsuite.report.limits import Limits, bulk_limits, score_ceiling
from dlsuite.report.panels import facet_figure
from dlsuite.report.study_figure import StudyFigure
from dlsuite.report.study_tables import StudyTables
from dlsuite.report.style import CROSS, GRAY, LINE_STYLES, TRIANGLE, figure_style, new_axes

_LOSS_LABELS = {
    "classification": "cross-entropy (nats)",
    "regression": "MSE (standardized target)",
}


def learning_curve_figures(tables: StudyTables) -> Iterator[StudyFigure]:
    """Draw the curves of the loss, and those of the metric where it is another.

    Args:
        tables: The study's tables.
    """
    for quantity in ("loss", "metric"):
        data = learning_curve_data(tables, quantity=quantity)
        if data.empty:
            continue
        yield StudyFigure(
            f"learning_curves_{quantity}",
            f"Learning curves: {quantity}",
            "Train dashed, validation solid, both by an inference pass after each epoch; the mean over "
            "seeds. Where the solid line turns upward while the dashed one falls, the network overfits. Of "
            "several factors that are not crossed in pairs, each panel varies one, the others at the "
            "baseline.",
            ("curves", "trials"),
            learning_curve_figure(
                data, tables["tasks"], factors=tables.factors, baseline=tables.baseline
            ),
        )


def plot_learning_curves(
    data: pd.DataFrame,
    task: str,
    ax: Axes | None = None,
    *,
    factors: Sequence[str] = (),
    about: Mapping[str, Any] | None = None,
    colors: Mapping[str, str] | None = None,
    limits: Limits | None = None,
) -> Axes:
    """Draw one task: a color a condition, train dashed, validation solid with its band.

    A cross stands where a trial diverged, a triangle at the edge where a condition leaves the panel:
    the axis is chosen for the bulk, so that one exploding condition does not flatten all others.

    Args:
        data: As `learning_curve_data` returns it.
        task: Which of its tasks.
        ax: Where to draw; a new figure's if None.
        factors: Names of the factors; for colors.
        about: The task's row, for what its loss is.
        colors: A color for each condition; chosen here if None.
        limits: The range of the y axis; chosen here if None.

    Returns:
        The axes. A legend is left to the caller: `learning_curve_figure` has one.
    """
    ax = ax if ax is not None else new_axes()
    rows = data.loc[data["task"] == task]
    colors = colors or named_colors(data, key="condition", factors=factors)[0]
    limits = limits or _limits(rows)
    limits.apply(ax)
    last_epoch = max(int(rows["epoch"].max()), 1) if len(rows) else 1
    for (condition, split), line in rows.groupby(["condition", "split"], sort=False):
        color = colors[str(condition)]
        is_train = split == "train"
        ax.plot(
            line["epoch"],
            line["mean"],
            color=color,
            linestyle=LINE_STYLES[str(split)],
            linewidth=1.0 if is_train else 1.5,
            # A lone point has no line to show.
            marker="." if len(line) == 1 else "",
            zorder=3 if is_train else 4,
        )
        if is_train:
            continue
        if (line["high"] > line["low"]).any():
            ax.fill_between(
                line["epoch"],
                line["low"],
                line["high"],
                color=color,
                alpha=0.13,
                linewidth=0,
                zorder=2,
            )
        stops = line.loc[line["n_diverged"] > 0]
        heights = stops["mean"].clip(limits.low, limits.high)
        if len(stops):
            ax.plot(stops["epoch"], heights, color=color, clip_on=False, zorder=6, **CROSS)
    _mark_exits(ax, rows, colors, limits=limits, width=last_epoch)
    guess = rows["guess"].dropna()
    if len(guess):
        ax.axhline(guess.iloc[0], zorder=5, **GUESS_LINE)
    ax.set_xlim(-0.01 * last_epoch, last_epoch)
    ax.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    ax.set_xlabel("epoch")
    ax.set_ylabel(_y_label(rows, about or {}))
    ax.set_title(plain(task), loc="left")
    return ax


def learning_curve_figure(
    data: pd.DataFrame,
    tasks: pd.DataFrame,
    *,
    factors: Sequence[str],
    baseline: Mapping[str, object] | None = None,
) -> Figure:
    """Draw a panel a task; with several factors a row a task, over the panels of `facets`.

    Args:
        data: As `learning_curve_data` returns it, with one row at least.
        tasks: A row a task.
        factors: Names of the factors.
        baseline: The baseline's value of every factor, if there are several.

    Returns:
        The figure.
    """
    names = [str(task) for task in data["task"].drop_duplicates()]
    columns = facets(data.drop_duplicates("condition"), factors, baseline or {})
    shown = data.loc[data["condition"].isin({c for facet in columns for c in facet.conditions})]
    limits = {task: _limits(shown.loc[shown["task"] == task]) for task in names}

    def draw(task: str, facet: Facet, ax: Axes) -> None:
        own = shown.loc[shown["condition"].isin(facet.conditions)]
        about = task_row(tasks, task)
        colors = facet.colors
        plot_learning_curves(own, task, ax, about=about, colors=colors, limits=limits[task])

    with figure_style():
        figure = facet_figure(names, columns, draw)
        add_marks(figure, _marks(shown, tasks, limits))
    return figure


def _limits(rows: pd.DataFrame) -> Limits:
    metric = rows["metric"].iloc[0] if len(rows) else "loss"
    guess = rows["guess"].iloc[:1]
    if is_share(metric):
        limits = bulk_limits(rows["mean"], anchors=guess)
        return Limits(max(limits.low, -0.02), min(limits.high, 1.02))
    if rises(metric):
        return bulk_limits(rows["mean"], ceiling=score_ceiling({}, f"test_{metric}"), anchors=guess)
    # Before the first step a network knows nothing; what is ten times as bad has exploded.
    starts = rows.loc[rows["epoch"] == rows["epoch"].min(), "mean"]
    known = [value for value in (*guess, starts.median()) if np.isfinite(value)]
    ceiling = 10 * max(known, default=float("inf"))
    stays = rows.groupby("condition")["mean"].transform("max") <= ceiling
    if not stays.any():
        return bulk_limits(rows["mean"], anchors=guess, decades=12)
    bulk = rows.loc[stays]
    inner = bulk_limits(bulk["mean"], ceiling=ceiling, margin=0.0)
    reach = 0.25 * (inner.high - inner.low)
    band = bulk.loc[bulk["split"] == "val", ["low", "high"]].to_numpy()
    band = band.clip(inner.low, inner.high + reach)
    anchors = [*guess, *band.ravel(), *starts]
    if not stays.all():
        # Room in which to see them leave.
        anchors.append(2.5 * inner.high)
    return bulk_limits(bulk["mean"], ceiling=ceiling, anchors=anchors, decades=3)


def _mark_exits(
    ax: Axes, rows: pd.DataFrame, colors: Mapping[str, str], *, limits: Limits, width: float
) -> None:
    """Put a triangle at the edge, at the epoch in which a condition first leaves the panel."""
    for height, outside in ((1.0, rows["mean"] > limits.high), (0.0, rows["mean"] < limits.low)):
        mark: dict[str, Any] = TRIANGLE if height else {**TRIANGLE, "marker": "v", "markersize": 4}
        taken: list[float] = []
        for condition, curve in rows.loc[outside].groupby("condition", sort=False):
            place = float(curve["epoch"].min())
            ends = curve.loc[curve["n_diverged"] > 0, "epoch"]
            # A cross at the edge says as much, and would be covered.
            if (abs(ends - place) < 0.04 * width).any():
                continue
            while any(abs(place - other) < 0.025 * width for other in taken):
                place += 0.025 * width
            taken.append(place)
            ax.plot(
                [place],
                [height],
                transform=ax.get_xaxis_transform(),
                color=colors[str(condition)],
                clip_on=False,
                zorder=6,
                **mark,
            )


def _y_label(rows: pd.DataFrame, about: Mapping[str, Any]) -> str:
    metric = str(rows["metric"].iloc[0]) if len(rows) else "loss"
    if metric == "loss":
        return chosen_loss(about) or _LOSS_LABELS.get(str(about.get("task_type")), "loss")
    return with_unit(metric)


def _marks(
    data: pd.DataFrame, tasks: pd.DataFrame, limits: Mapping[str, Limits]
) -> dict[str, Artist]:
    marks: dict[str, Artist] = {
        "validation": Line2D([], [], color=GRAY, linestyle=LINE_STYLES["val"]),
        "train": Line2D([], [], color=GRAY, linestyle=LINE_STYLES["train"], linewidth=1.0),
    }
    if (data["high"] > data["low"]).any():
        marks["validation, lowest to highest trial"] = Patch(color=GRAY, alpha=0.25, linewidth=0)
    if data["guess"].notna().any():
        marks |= guess_mark(tasks, data["task"])
    if (data["n_diverged"] > 0).any():
        marks["a trial diverges"] = Line2D([], [], color=GRAY, **CROSS)
    if any(limits[str(task)].leaves(own["mean"]).any() for task, own in data.groupby("task")):
        marks["the mean leaves the panel"] = Line2D([], [], color=GRAY, **TRIANGLE)
    return marks
