"""When overfitting sets in: the share of trials that overfit, epoch by epoch."""

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from dlsuite.analysis import count_tuned
from dlsuite.analysis.measures import ONSET
from dlsuite.report.facets import Facet, facets
from dlsuite.report.labels import plain, shortened
from dlsuite.report.panels import facet_figure
from dlsuite.report.study_figure import StudyFigure
from dlsuite.report.study_tables import StudyTables
from dlsuite.report.style import OKABE_ITO, figure_style, new_axes


def onset_figures(tables: StudyTables) -> Iterator[StudyFigure]:
    """Draw when trials begin to overfit, if any does.

    Args:
        tables: The study's tables.
    """
    data = onset_data(tables)
    if (data["share"] > 0).any():
        yield StudyFigure(
            "onset",
            "Onset of overfitting",
            "The share of completed trials whose validation loss has turned for good while the train loss "
            "did not rise along. A curve that rises later and ends lower overfits later and less often.",
            ("trials",),
            onset_figure(data, tables),
        )


def onset_data(tables: StudyTables) -> pd.DataFrame:
    """Count, epoch by epoch, the trials that overfit by then.

    Args:
        tables: The study's tables; of `trials`, `onset_epoch`.

    Returns:
        A row a task, condition and epoch in which the share changes, with the first (0) and the last: `task`,
        `condition`, `epoch`, `share` of completed trials, `n`, those, and `n_diverged`.
    """
    rows: list[dict[str, object]] = []
    trials = tables["trials"]
    if len(trials) and {ONSET, "epochs"} <= set(trials.columns):
        counted = count_tuned(trials, tuned=tables.tuned, tasks=tables["tasks"]).to_numpy()
        for (task, condition), own in trials.loc[counted].groupby(
            ["task", "condition"], sort=False
        ):
            done = own.loc[own["status"] == "completed"]
            onsets = np.sort(done[ONSET].dropna().to_numpy(dtype=float))
            named = {
                "task": task,
                "condition": condition,
                "n": len(done),
                "n_diverged": int((own["status"] == "diverged").sum()),
            }
            for epoch in sorted({0.0, *onsets, float(own["epochs"].max())} if len(done) else ()):
                share = float(np.searchsorted(onsets, epoch, side="right")) / len(done)
                rows.append({**named, "epoch": epoch, "share": share})
    columns = ["task", "condition", "epoch", "share", "n", "n_diverged"]
    return pd.DataFrame(rows, columns=columns)


def plot_onsets(
    data: pd.DataFrame,
    task: str,
    ax: Axes | None = None,
    *,
    colors: Mapping[str, str] | None = None,
) -> Axes:
    """Draw one task: a step curve a condition.

    Args:
        data: As `onset_data` returns it.
        task: Which task.
        ax: Where to draw; a new figure's if None.
        colors: A color for each condition that is drawn; all, in colors chosen here, if None.

    Returns:
        The axes. A legend is left to the caller: `onset_figure` has one.
    """
    ax = ax if ax is not None else new_axes()
    rows = data.loc[data["task"] == task]
    every = list(rows["condition"].drop_duplicates())
    colors = colors or {name: OKABE_ITO[i % len(OKABE_ITO)] for i, name in enumerate(every)}
    for condition, color in colors.items():
        curve = rows.loc[rows["condition"] == condition]
        ax.step(curve["epoch"], curve["share"], where="post", color=color, clip_on=False)
    ax.set_ylim(0, 1)
    ax.set_xlim(0, max(1.0, float(rows["epoch"].max()) if len(rows) else 1.0))
    ax.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    ax.set_xlabel("epoch")
    ax.set_ylabel("share of trials\nthat overfit")
    ax.set_title(plain(shortened(task, 44)), loc="left")
    return ax


def onset_figure(data: pd.DataFrame, tables: StudyTables) -> Figure:
    """Draw a panel a task; with several factors a row a task, over the panels of `facets`.

    Args:
        data: As `onset_data` returns it, with one row at least.
        tables: The study's tables.
    """

    def draw(task: str, facet: Facet, ax: Axes) -> None:
        plot_onsets(data, task, ax, colors=facet.colors)

    tasks = [str(task) for task in data["task"].drop_duplicates()]
    with figure_style():
        columns = facets(tables.conditions, tables.factors, tables.baseline)
        return facet_figure(tasks, columns, draw, panel_height=1.6)
