"""How far seeds scatter: every trial's metric on test, condition by condition."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from dlsuite.analysis import count_tuned
from dlsuite.analysis.wording import number_text
from dlsuite.report.labels import condition_names, measure_label, plain, shortened, wrapped
from dlsuite.report.legends import GUESS_LINE, add_marks, guess_mark
from dlsuite.report.limits import score_ceiling, score_limits
from dlsuite.report.study_figure import StudyFigure
from dlsuite.report.study_tables import StudyTables
from dlsuite.report.style import CROSS, GRAY, OKABE_ITO, PAGE_WIDTH, figure_style, new_axes

_MOST_ROWS = 48
_MOST_JOINED = 8
_LETTERS = 34


@dataclass(frozen=True)
class SeedData:
    """What the seeds' spread shows.

    Attributes:
        rows: A row a task and condition, the baseline first: `task`, `condition`, `place` (from 0 at the
            top), `name`, `n`, `n_diverged`, `sd` (over seeds, in the metric's unit), and against the
            baseline's `sd_ratio`, `sd_ratio_low`, `sd_ratio_high`.
        points: A row a completed trial: `task`, `place`, `seed`, `split_seed`, `value`.
        of: How many conditions each task has, those that are not shown among them.
    """

    rows: pd.DataFrame
    points: pd.DataFrame
    of: Mapping[str, int]


def seed_spread_figures(tables: StudyTables) -> Iterator[StudyFigure]:
    """Draw every trial of every condition.

    Args:
        tables: The study's tables.
    """
    data = seed_data(tables)
    if not data.rows.empty:
        yield StudyFigure(
            "seeds",
            "Spread over seeds",
            "A dot is a trial, the tick its condition's median, the gray bar the middle half. Where "
            "conditions are few, thin lines join a seed's trials: side by side, pairing pays. On the right "
            "the standard deviation over seeds, and how many times the baseline's it is, with its 95 % "
            "interval.",
            ("trials", "summary", "effects"),
            seed_spread_figure(data, tables),
        )


def seed_data(tables: StudyTables) -> SeedData:
    """Collect each condition's trials and their spread in the task's metric on test.

    Of many conditions the baseline and the first are kept.

    Args:
        tables: The study's tables.
    """
    summary, effects, trials = tables["summary"], tables["effects"], tables["trials"]
    ratios = ["sd_ratio", "sd_ratio_low", "sd_ratio_high"]
    columns = ["task", "condition", "place", "name", "n", "n_diverged", "sd", *ratios]
    rows = [pd.DataFrame(columns=columns)]
    points = [pd.DataFrame(columns=["task", "place", "seed", "split_seed", "value"])]
    of = {}
    names = condition_names(tables.conditions, tables.factors, tables.baseline)
    most = max(4, _MOST_ROWS // max(len(tables.tasks), 1))
    if len(summary):
        counted = count_tuned(trials, tuned=tables.tuned, tasks=tables["tasks"]).to_numpy()
        done = trials.loc[counted & (trials["status"] == "completed").to_numpy()]
    for task in tables.tasks if len(summary) else ():
        measure = f"test_{tables.task(task)['metric']}"
        own = summary.loc[(summary["task"] == task) & (summary["measure"] == measure)]
        of[task] = len(own)
        first = own["condition"] != tables.baseline_condition
        own = own.loc[first.sort_values(kind="stable").index[:most]]
        shown = own[["task", "condition", "n", "n_diverged", "sd"]].assign(
            place=range(len(own)), name=own["condition"].map(names)
        )
        if len(effects):
            at = (effects["task"] == task) & (effects["measure"] == measure)
            shown = shown.merge(effects.loc[at, ["condition", *ratios]], on="condition", how="left")
        rows.append(shown.reindex(columns=columns))
        places = dict(zip(own["condition"], range(len(own)), strict=True))
        dots = done.loc[(done["task"] == task) & done["condition"].isin(places)]
        values = dots[measure].astype(float) if measure in dots else np.nan
        placed = dots.assign(place=dots["condition"].map(places), value=values)
        points.append(placed[["task", "place", "seed", "split_seed", "value"]])
    return SeedData(_concat(rows), _concat(points).dropna(subset=["value"]), of)


def plot_seed_spread(
    data: SeedData, task: str, ax: Axes | None = None, *, about: Mapping[str, Any]
) -> Axes:
    """Draw one task: a row a condition.

    Args:
        data: As `seed_data` returns it.
        task: Which task.
        ax: Where to draw; a new figure's if None.
        about: The task's row.

    Returns:
        The axes. A legend is left to the caller: `seed_spread_figure` has one.
    """
    ax = ax if ax is not None else new_axes()
    rows = data.rows.loc[data.rows["task"] == task]
    points = data.points.loc[data.points["task"] == task]
    measure = f"test_{about['metric']}"
    guess = float(about.get(f"guess_{measure}", np.nan))
    limits = score_limits(
        points["value"], measure, ceiling=score_ceiling(about, measure), guess=guess
    )
    if limits.log:
        ax.set_xscale("log")
    ax.set_xlim(limits.low, limits.high)
    if 1 < len(rows) <= _MOST_JOINED:
        grid = points.pivot_table(
            index="place", columns=["seed", "split_seed"], values="value", dropna=False
        ).reindex(rows["place"])
        ax.plot(grid.to_numpy(), rows["place"], color=GRAY, linewidth=0.5, alpha=0.4, zorder=1)
    ax.plot(
        points["value"],
        points["place"],
        linestyle="",
        marker="o",
        markersize=3.4,
        markeredgewidth=0,
        color=OKABE_ITO[0],
        alpha=0.5,
        zorder=3,
    )
    for place in points["place"].unique():
        values = points.loc[points["place"] == place, "value"]
        quartiles = np.percentile(values, [25, 50, 75])
        ax.plot(quartiles[[0, 2]], [place, place], color="0.8", linewidth=6, zorder=2)
        ax.plot(quartiles[[1]], [place], color="black", marker="|", markersize=9, zorder=5)
    for _, row in rows.iterrows():
        _write_spread(ax, row.to_dict())
    if limits.holds(guess):
        ax.axvline(guess, zorder=1, **GUESS_LINE)
    ax.set_yticks(rows["place"], [wrapped(name, _LETTERS) for name in rows["name"]])
    ax.set_ylim(len(rows) - 0.4, -0.6)
    ax.tick_params(axis="y", length=0)
    ax.set_xlabel(measure_label(measure, about, lines=1))
    said = f": {len(rows)} of {data.of[task]} conditions" if len(rows) < data.of[task] else ""
    ax.set_title(f"{plain(shortened(task, 44))}{said}", loc="left")
    return ax


def seed_spread_figure(data: SeedData, tables: StudyTables) -> Figure:
    """Draw a wide panel a task, one below another.

    Args:
        data: As `seed_data` returns it, with one row at least.
        tables: The study's tables.
    """
    tasks = [str(task) for task in data.rows["task"].drop_duplicates()]
    high = 0.25 if data.rows["name"].str.len().max() > _LETTERS else 0.18
    heights = [0.62 + high * max((data.rows["task"] == task).sum(), 2) for task in tasks]
    with figure_style():
        figure = Figure(figsize=(PAGE_WIDTH, sum(heights) + 0.3), layout="constrained")
        grid = figure.subplots(len(tasks), 1, squeeze=False, height_ratios=heights)
        for ax, task in zip(grid[:, 0], tasks, strict=True):
            plot_seed_spread(data, task, ax, about=tables.task(task))
        add_marks(figure, _marks(data, tables))
    return figure


def _marks(data: SeedData, tables: StudyTables) -> dict[str, Artist]:
    marks: dict[str, Artist] = {
        "one trial": Line2D([], [], linestyle="", marker="o", markersize=3.4, color=OKABE_ITO[0]),
        "median, on the middle half": Line2D(
            [], [], color="0.8", linewidth=6, marker="|", markersize=9, markeredgecolor="black"
        ),
    }
    if (data.rows["n_diverged"] > 0).any():
        marks["diverged, of all trials"] = Line2D([], [], color="black", **CROSS)
    if tables["tasks"].filter(like="guess_test_").notna().to_numpy().any():
        marks |= guess_mark(tables["tasks"], data.rows["task"])
    return marks


def _write_spread(ax: Axes, row: Mapping[Any, Any]) -> None:
    told = []
    if pd.notna(row["sd"]):
        told.append(f"sd {number_text(row['sd'])}")
    if pd.notna(row["sd_ratio"]) and np.isfinite(row["sd_ratio"]):
        ends = (row["sd_ratio_low"], row["sd_ratio_high"])
        known = all(pd.notna(end) and np.isfinite(end) for end in ends)
        interval = f" [{ends[0]:.2g}, {ends[1]:.2g}]" if known else ""
        told.append(f"{row['sd_ratio']:.2g} times{interval}")
    if row["n_diverged"]:
        cross = "\N{MULTIPLICATION SIGN}"
        told.append(f"{cross} {row['n_diverged']:.0f}/{row['n_diverged'] + row['n']:.0f}")
    ax.annotate(
        ", ".join(told),
        (1.0, row["place"]),
        xycoords=ax.get_yaxis_transform(),
        xytext=(5, 0),
        textcoords="offset points",
        va="center",
        fontsize=6.5,
    )


def _concat(parts: list[pd.DataFrame]) -> pd.DataFrame:
    return pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
