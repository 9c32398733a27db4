"""The lowest validation loss against the learning rate, and how many trials diverged at it."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from dlsuite.analysis.factor_values import format_value
from dlsuite.analysis.intervals import mean_interval
from dlsuite.analysis.learning_rates import CLASSES, RATE
from dlsuite.report.encoding import Encoding, encode, thinned
from dlsuite.report.labels import chosen_loss, plain, shortened
from dlsuite.report.legends import add_marks, draw_guess, guess_mark
from dlsuite.report.limits import Limits, score_ceiling, score_limits
from dlsuite.report.study_figure import StudyFigure
from dlsuite.report.study_tables import StudyTables
from dlsuite.report.style import GRAY, PAGE_WIDTH, figure_style, new_axes
from dlsuite.report.value_axis import ValueAxis

_CLASS_MARKS = dict(zip(CLASSES, ("v", "o", "D", "X"), strict=True))
_LOSSES = {"classification": "cross-entropy (nats)", "regression": "MSE (standardized)"}
_MOST_LINES = 9
_COLUMNS = ["n", "n_diverged", "mean", "ci_low", "ci_high", "class"]


def learning_rate_figures(tables: StudyTables) -> Iterator[StudyFigure]:
    """Draw the loss against the learning rate, if two rates were tried.

    Args:
        tables: The study's tables.
    """
    data = learning_rate_data(tables)
    if not data.empty:
        yield StudyFigure(
            "learning_rates",
            "Validation loss against the learning rate",
            "The lowest validation loss of each trial, its mean over seeds with the 95 % interval; a line "
            "for each setting of the rest. Too low a rate has not arrived within the epochs trained, too "
            "high a one overshoots or diverges; the mark is the rate's class. Beneath, the share of trials "
            "that diverged. An arrow points to a mean above the panel.",
            ("trials", "learning_rates"),
            learning_rate_figure(data, tables),
        )


def learning_rate_data(tables: StudyTables) -> pd.DataFrame:
    """Average each rate's lowest validation loss over the seeds of a combination of all other settings.

    Args:
        tables: The study's tables; all trials count, those that were tried while tuning too.

    Returns:
        A row a task, combination and rate, rates rising: `task`, the factors and tuned values, `series` (what
        the rest is set to), `n`, `n_diverged`, `mean`, `ci_low`, `ci_high` of `val_loss_best` (nats, or
        squared error of the standardized target), and `class`, empty where it is not known. No rows unless
        two rates were tried.
    """
    keys = ["task", *tables.factors, *tables.tuned]
    trials = tables["trials"]
    nothing = pd.DataFrame(columns=[*keys, "series", *_COLUMNS])
    if RATE not in keys or trials.empty or "val_loss_best" not in trials:
        return nothing
    if trials[RATE].nunique() < 2:
        return nothing
    judged = {
        tuple(map(format_value, row)): str(kind)
        for *row, kind in tables["learning_rates"].reindex(columns=[*keys, "class"]).to_numpy()
    }
    others = [key for key in keys if key not in ("task", RATE)]
    rows = []
    for values, own in trials.groupby(keys, sort=False, dropna=False):
        settings = dict(zip(keys, values, strict=True))
        done = own.loc[own["status"] == "completed", "val_loss_best"]
        found = mean_interval(done.astype("Float64").to_numpy(dtype=float, na_value=np.nan))
        rows.append(
            {
                **settings,
                "series": ", ".join(f"{name}={format_value(settings[name])}" for name in others),
                "n": len(done),
                "n_diverged": int((own["status"] == "diverged").sum()),
                "mean": found.mean,
                "ci_low": found.low,
                "ci_high": found.high,
                "class": judged.get(tuple(map(format_value, values)), ""),
            }
        )
    data = pd.DataFrame(rows)
    order = {str(task): place for place, task in enumerate(tables.tasks)}
    data["place"] = data["task"].map(order)
    by_rate = data.sort_values(["place", RATE], kind="stable").drop(columns="place")
    shown = thinned(list(data["series"].drop_duplicates()), _MOST_LINES)
    return by_rate.loc[by_rate["series"].isin(shown)].reset_index(drop=True)


def plot_learning_rates(
    data: pd.DataFrame,
    task: str,
    ax: Axes | None = None,
    *,
    about: Mapping[str, Any] | None = None,
    encoding: Encoding | None = None,
    below: Axes | None = None,
) -> Axes:
    """Draw one task's loss against the rate; the rate's class is the shape of its mark.

    Args:
        data: As `learning_rate_data` returns it.
        task: Which task.
        ax: Where to draw; a new figure's if None.
        about: The task's row, for the loss's unit and what has exploded.
        encoding: How combinations of the other settings look; all alike if None.
        below: Where to draw the share of trials that diverged, with the same x axis; left out if None.

    Returns:
        The axes. A legend is left to the caller: `learning_rate_figure` has one.
    """
    ax = ax if ax is not None else new_axes()
    encoding, about = encoding or Encoding(), about or {}
    rows = data.loc[data["task"] == task]
    limits = _limits(rows, about)
    limits.apply(ax)
    places = ValueAxis.of_rates(data[RATE])
    names = list(rows["series"].drop_duplicates())
    for index, name in enumerate(names):
        shift = (index - (len(names) - 1) / 2) * min(0.08, 0.4 / len(names))
        own = rows.loc[rows["series"] == name]
        x = np.array(places.at(own[RATE], shift))
        look = encoding.look(own.iloc[0].to_dict())
        style = {"color": look["color"], "linestyle": look["linestyle"]}
        mean = own["mean"].to_numpy(dtype=float)
        shown = mean.clip(limits.low, limits.high)
        ax.plot(x, shown, linewidth=1.2, zorder=3, **style)
        ends = own[["ci_low", "ci_high"]].to_numpy(dtype=float).T
        ax.vlines(x, *ends, color=look["color"], linewidth=1.0, zorder=3)
        for kind, mark in {**_CLASS_MARKS, "": "o"}.items():
            at = np.isfinite(mean) & (own["class"] == kind).to_numpy()
            face = "white" if kind == "too slow" else look["color"]
            marks = {"color": look["color"], "markerfacecolor": face, "markersize": 5}
            if at.any():
                ax.plot(
                    x[at], shown[at], linestyle="", marker=mark, zorder=4, clip_on=False, **marks
                )
        for place in x[mean > limits.high]:
            over: dict[str, Any] = {"xytext": (0, 4), "textcoords": "offset points", "ha": "center"}
            ax.annotate("\N{UPWARDS ARROW}", (place, limits.high), color=look["color"], **over)
        if below is not None:
            rate = own["n_diverged"] / (own["n"] + own["n_diverged"]).clip(lower=1)
            below.plot(x, rate, marker=".", markersize=4, linewidth=1.0, clip_on=False, **style)
    draw_guess(ax, float(about.get("guess_val_loss", np.nan)), limits)
    room = 0.5 * (len(names) - 1) * min(0.08, 0.4 / max(len(names), 1))
    places.apply(ax, room=room)
    loss = chosen_loss(about) or _LOSSES.get(str(about.get("task_type")), "loss")
    ax.set_ylabel(f"lowest validation\n{loss}")
    ax.set_title(plain(shortened(task, 44)), loc="left")
    if below is not None:
        places.apply(below, room=room)
        below.set_ylim(0, 1)
        below.set_yticks([0, 1])
        below.set_ylabel("diverged", fontsize=6.5)
        ax.tick_params(labelbottom=False)
    (below or ax).set_xlabel("learning rate")
    return ax


def learning_rate_figure(data: pd.DataFrame, tables: StudyTables) -> Figure:
    """Draw a panel a task; beneath it a small one with the share that diverged, if any did.

    Args:
        data: As `learning_rate_data` returns it, with one row at least.
        tables: The study's tables.
    """
    tasks = [str(task) for task in data["task"].drop_duplicates()]
    others = [name for name in (*tables.factors, *tables.tuned) if name != RATE]
    encoding = encode(data, others, {})
    diverged = bool((data["n_diverged"] > 0).any())
    columns = min(2, len(tasks))
    rows = -(-len(tasks) // columns)
    height = rows * (2.8 if diverged else 2.1) + 0.4 + 0.17 * encoding.rows
    with figure_style():
        width = PAGE_WIDTH if columns > 1 else 0.68 * PAGE_WIDTH
        figure = Figure(figsize=(width, height), layout="constrained")
        figure.get_layout_engine().set(h_pad=0.05, w_pad=0.06)  # type: ignore[union-attr, call-arg]
        outer = figure.add_gridspec(rows, columns)
        for index, task in enumerate(tasks):
            cell = outer[divmod(index, columns)]
            if diverged:
                inner = cell.subgridspec(2, 1, height_ratios=(3.2, 1))
                ax, below = figure.add_subplot(inner[0]), figure.add_subplot(inner[1])
            else:
                ax, below = figure.add_subplot(cell), None
            about = tables.task(task)
            plot_learning_rates(data, task, ax, about=about, encoding=encoding, below=below)
        encoding.add_key(figure, marks=False)
        add_marks(figure, _marks(data, tables))
    return figure


def _limits(rows: pd.DataFrame, about: Mapping[str, Any]) -> Limits:
    limits = score_limits(
        rows["mean"],
        "test_loss",
        ceiling=score_ceiling(about, "test_loss"),
        guess=float(about.get("guess_val_loss", np.nan)),
        ends=rows[["ci_low", "ci_high"]].to_numpy(dtype=float),
    )
    # No loss is below zero, though an interval may be.
    return limits if limits.log else replace(limits, low=max(limits.low, 0.0))


def _marks(data: pd.DataFrame, tables: StudyTables) -> dict[str, Artist]:
    marks: dict[str, Artist] = {}
    for kind, mark in _CLASS_MARKS.items():
        if (data["class"] == kind).any():
            face = "white" if kind == "too slow" else GRAY
            look: dict[str, Any] = {"color": GRAY, "markerfacecolor": face, "markersize": 5}
            marks[kind] = Line2D([], [], linestyle="", marker=mark, **look)
    if tables["tasks"].reindex(columns=["guess_val_loss"]).notna().to_numpy().any():
        marks |= guess_mark(tables["tasks"], data["task"])
    return marks
