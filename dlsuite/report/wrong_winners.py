"""How often a study with fewer seeds would have named the wrong winner."""

from collections.abc import Iterator

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from dlsuite.report.encoding import Encoding, encode
from dlsuite.report.labels import plain, shortened
from dlsuite.report.legends import GUESS_LINE, add_marks
from dlsuite.report.panels import task_figure
from dlsuite.report.study_figure import StudyFigure
from dlsuite.report.study_tables import StudyTables
from dlsuite.report.style import figure_style, new_axes

_MOST_LINES = 10


def wrong_winner_figures(tables: StudyTables) -> Iterator[StudyFigure]:
    """Draw how often fewer seeds mislead, if conditions were compared over two seeds and more.

    Args:
        tables: The study's tables.
    """
    data = wrong_winner_data(tables)
    if not data.empty and data["n"].max() > 1:
        yield StudyFigure(
            "wrong_winner",
            "Wrong winners by number of seeds",
            "How often the mean difference of so few seeds has not the sign that all seeds together have, by "
            "resampling. Half is a coin's toss; where a line stays high, the condition and the baseline are "
            "too alike to tell with this many seeds.",
            ("wrong_winner",),
            wrong_winner_figure(data, tables),
        )


def wrong_winner_data(tables: StudyTables) -> pd.DataFrame:
    """Put the rates of wrong winners beside the factors' values.

    Of many conditions, those are kept that mislead most often with a single seed.

    Args:
        tables: The study's tables.

    Returns:
        A row a task, condition and number of seeds: `task`, `condition`, the factors, `n`, `n_pairs`,
        `wrong`, and `of`, how many conditions the task has.
    """
    columns = ["task", "condition", *tables.factors, "n", "n_pairs", "wrong", "of"]
    table = tables["wrong_winner"]
    if table.empty:
        return pd.DataFrame(columns=columns)
    parts = []
    for _, own in table.groupby("task", sort=False):
        first = own.loc[own["n"] == own["n"].min()].set_index("condition")["wrong"].fillna(0.5)
        kept = first.sort_values(ascending=False, kind="stable").index[:_MOST_LINES]
        parts.append(own.loc[own["condition"].isin(kept)].assign(of=len(first)))
    merged = pd.concat(parts).merge(tables.conditions, on="condition", how="left")
    return merged[columns]


def plot_wrong_winners(
    data: pd.DataFrame, task: str, ax: Axes | None = None, *, encoding: Encoding | None = None
) -> Axes:
    """Draw one task: a line a condition.

    Args:
        data: As `wrong_winner_data` returns it.
        task: Which task.
        ax: Where to draw; a new figure's if None.
        encoding: How conditions look; all alike if None.

    Returns:
        The axes. A legend is left to the caller: `wrong_winner_figure` has one.
    """
    ax = ax if ax is not None else new_axes()
    encoding = encoding or Encoding()
    rows = data.loc[data["task"] == task]
    for _, curve in rows.groupby("condition", sort=False):
        look = encoding.look(curve.iloc[0].to_dict())
        ax.plot(curve["n"], curve["wrong"], markersize=3.5, linewidth=1.1, clip_on=False, **look)
    ax.axhline(0.5, zorder=1, **GUESS_LINE)
    ax.set_ylim(0, 0.55)
    ax.set_xlim(0.8, max(2.0, float(rows["n"].max()) if len(rows) else 2.0) + 0.2)
    ax.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    ax.set_xlabel("seeds")
    ax.set_ylabel("share that names\nthe wrong winner")
    shown, of = rows["condition"].nunique(), int(rows["of"].max()) if len(rows) else 0
    said = f": worst {shown} of {of}" if shown < of else ""
    ax.set_title(f"{plain(shortened(task, 34))}{said}", loc="left")
    return ax


def wrong_winner_figure(data: pd.DataFrame, tables: StudyTables) -> Figure:
    """Draw a panel a task.

    Args:
        data: As `wrong_winner_data` returns it, with one row at least.
        tables: The study's tables.
    """
    encoding = encode(tables.conditions, tables.factors, tables.baseline)

    def draw(task: str, ax: Axes) -> None:
        plot_wrong_winners(data, task, ax, encoding=encoding)

    tasks = [str(task) for task in data["task"].drop_duplicates()]
    with figure_style():
        figure = task_figure(tasks, draw, panel_height=1.8, legend_rows=encoding.rows)
        encoding.add_key(figure)
        add_marks(figure, {"a coin's toss": Line2D([], [], **GUESS_LINE)})
    return figure
