"""Learning curves: train against validation, epoch by epoch."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from dlsuite.analysis import select_tuned
from dlsuite.analysis.frames import number, require_columns, task_row
from dlsuite.analysis.intervals import mean_interval
from dlsuite.analysis.measures import metric_label
from dlsuite.report.legends import (
    GUESS_LINE,
    add_colors,
    add_marks,
    columns_above,
    guess_mark,
    named_colors,
)
from dlsuite.report.limits import Limits, bulk_limits
from dlsuite.report.style import (
    CROSS,
    GRAY,
    LINE_STYLES,
    TRIANGLE,
    axes_grid,
    figure_style,
    new_axes,
)

_LOSS_LABELS = {
    "classification": "cross-entropy (nats)",
    "regression": "MSE (standardized target)",
}
_METRIC_LABELS = {"rmse": "RMSE (target's unit)", "mae": "MAE (target's unit)"}


def learning_curve_data(
    curves: pd.DataFrame,
    trials: pd.DataFrame,
    tasks: pd.DataFrame,
    *,
    factors: Sequence[str],
    tuned: Sequence[str],
    quantity: str = "loss",
) -> pd.DataFrame:
    """Average the curves of the selected trials over seeds.

    Args:
        curves: A row a trial and epoch.
        trials: A row a trial.
        tasks: A row a task.
        factors: Names of the factor columns.
        tuned: Names of the tuned columns; of each condition, the trials with its chosen values
            count.
        quantity: `loss`, or `metric` for the one that decides for each task. A task whose metric
            is the loss has no rows then.

    Returns:
        A row a task, condition, split (`train`, `val`) and epoch: `task`, `condition`, the factors,
        `metric`, `split`, `epoch`, `n` (trials still running), `mean`, `low` and `high` (the
        lowest and highest trial), `n_diverged` (trials whose curve ends here because they
        diverged), `guess` (on validation).
    """
    keys = ["task", "condition", *tuned, "seed", "split_seed"]
    require_columns(curves, [*keys, *factors, "epoch"], name="curves")
    chosen = trials.loc[select_tuned(trials, tuned=tuned, tasks=tasks).to_numpy()]
    if len(curves):
        # Without rows, columns have no types to merge by.
        curves = curves.merge(chosen[[*keys, "status"]], on=keys, how="inner")
    rows: list[dict[str, object]] = []
    for task, of_task in curves.groupby("task", sort=False):
        about = task_row(tasks, str(task))
        metric = "loss" if quantity == "loss" else str(about["metric"])
        if quantity == "metric" and metric == "loss":
            continue
        guess = number(about, f"guess_val_{metric}")
        for _, group in of_task.groupby("condition", sort=False):
            condition = {str(key): group[key].iloc[0] for key in ("task", "condition", *factors)}
            last = group.groupby(["seed", "split_seed"])["epoch"].transform("max")
            ends = (group["epoch"] == last) & (group["status"] == "diverged")
            diverged = group.loc[ends, "epoch"].value_counts()
            for split in LINE_STYLES:
                for epoch, at_epoch in group.groupby("epoch")[f"{split}_{metric}"]:
                    values = at_epoch.to_numpy(dtype=float, na_value=float("nan"))
                    interval = mean_interval(values)
                    rows.append(
                        {
                            **condition,
                            "metric": metric,
                            "split": split,
                            "epoch": epoch,
                            "n": interval.n,
                            "mean": interval.mean,
                            "low": np.nanmin(values) if interval.n else np.nan,
                            "high": np.nanmax(values) if interval.n else np.nan,
                            "n_diverged": int(diverged.get(epoch, 0)),
                            "guess": guess,
                        }
                    )
    numbers = ["n", "mean", "low", "high", "n_diverged", "guess"]
    columns = ["task", "condition", *factors, "metric", "split", "epoch", *numbers]
    return pd.DataFrame(rows, columns=columns)


def plot_learning_curves(
    data: pd.DataFrame,
    task: str,
    ax: Axes | None = None,
    *,
    factors: Sequence[str] = (),
    task_type: str | None = None,
    colors: Mapping[str, str] | None = None,
) -> Axes:
    """Draw one task: a color a condition, train dashed, validation solid with its band.

    A cross stands where a trial diverged, a triangle at the top where a condition leaves the
    panel: the axis is chosen for the bulk, so that one exploding condition does not flatten all
        others.

    Args:
        data: As `learning_curve_data` returns it.
        task: Which of its tasks.
        ax: Where to draw; a new figure's if None.
        factors: Names of the factors; for colors.
        task_type: `classification` or `regression`; for the unit of a loss.
        colors: A color for each condition; chosen here if None.

    Returns:
        The axes. A legend is left to the caller: `learning_curve_figure` has one.
    """
    ax = ax if ax is not None else new_axes()
    rows = data.loc[data["task"] == task]
    colors = colors or named_colors(data, key="condition", factors=factors)[0]
    limits = _limits(rows)
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
        for _, stop in line.loc[line["n_diverged"] > 0].iterrows():
            height = min(max(float(stop["mean"]), limits.low), limits.high)
            ax.plot([stop["epoch"]], [height], color=color, clip_on=False, zorder=6, **CROSS)
    _mark_exits(ax, rows, colors, limits=limits, width=last_epoch)
    guess = rows["guess"].dropna()
    if len(guess):
        ax.axhline(guess.iloc[0], zorder=5, **GUESS_LINE)
    ax.set_xlim(-0.01 * last_epoch, last_epoch)
    ax.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    ax.set_xlabel("epoch")
    ax.set_ylabel(_y_label(rows, task_type))
    ax.set_title(task, loc="left")
    return ax


def learning_curve_figure(
    data: pd.DataFrame, tasks: pd.DataFrame, *, factors: Sequence[str]
) -> Figure:
    """Draw a panel a task, with one legend beside them.

    Args:
        data: As `learning_curve_data` returns it, with one row at least.
        tasks: A row a task.
        factors: Names of the factors.

    Returns:
        The figure.
    """
    names = [str(task) for task in data["task"].drop_duplicates()]
    colors, shown = named_colors(data, key="condition", factors=factors)
    beside = len(factors) == 1
    rows_above = 0 if beside else -(-len(shown) // columns_above(shown))
    with figure_style():
        figure, panels = axes_grid(len(names), legend_rows=rows_above)
        for task, ax in zip(names, panels, strict=True):
            task_type = str(task_row(tasks, task).get("task_type"))
            plot_learning_curves(data, task, ax, task_type=task_type, colors=colors)
        add_colors(figure, colors, shown, factors=factors, beside=beside)
        add_marks(figure, _marks(data, tasks))
    return figure


def _limits(rows: pd.DataFrame) -> Limits:
    metric = rows["metric"].iloc[0] if len(rows) else "loss"
    guess = rows["guess"].iloc[:1]
    if metric == "accuracy":
        limits = bulk_limits(rows["mean"], anchors=guess)
        return Limits(max(limits.low, -0.02), min(limits.high, 1.02))
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
    """Put a triangle at the top, at the epoch in which a condition first leaves the panel."""
    taken: list[float] = []
    for condition, curve in rows.loc[rows["mean"] > limits.high].groupby("condition", sort=False):
        place = float(curve["epoch"].min())
        ends = curve.loc[curve["n_diverged"] > 0, "epoch"]
        # A cross at the top says as much, and would be covered.
        if (abs(ends - place) < 0.04 * width).any():
            continue
        while any(abs(place - other) < 0.025 * width for other in taken):
            place += 0.025 * width
        taken.append(place)
        ax.plot(
            [place],
            [1.0],
            transform=ax.get_xaxis_transform(),
            color=colors[str(condition)],
            clip_on=False,
            zorder=6,
            **TRIANGLE,
        )


def _y_label(rows: pd.DataFrame, task_type: str | None) -> str:
    metric = str(rows["metric"].iloc[0]) if len(rows) else "loss"
    if metric == "loss":
        return _LOSS_LABELS.get(task_type or "", "loss")
    return _METRIC_LABELS.get(metric, metric_label(metric))


def _marks(data: pd.DataFrame, tasks: pd.DataFrame) -> dict[str, Artist]:
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
    panels = {task: _limits(rows) for task, rows in data.groupby("task", sort=False)}
    if any(mean > panels[task].high for task, mean in zip(data["task"], data["mean"], strict=True)):
        marks["the mean leaves the panel"] = Line2D([], [], color=GRAY, **TRIANGLE)
    return marks
