"""All figures of a study, written to a folder."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from dlsuite.errors import StoreError
from dlsuite.report.factor_data import factor_data
from dlsuite.report.factor_plots import factor_figure
from dlsuite.report.learning_curves import learning_curve_data, learning_curve_figure
from dlsuite.report.style import save_figure


def draw_figures(
    *,
    trials: pd.DataFrame,
    curves: pd.DataFrame,
    summary: pd.DataFrame,
    tasks: pd.DataFrame,
    factors: Sequence[str],
    tuned: Sequence[str],
    folder: Path,
) -> list[Path]:
    """Draw what the frames hold; a figure that would be empty is not written.

    Args:
        trials: A row a trial.
        curves: A row a trial and epoch.
        summary: As `dlsuite.analysis.summarize` returns it.
        tasks: A row a task.
        factors: Names of the factor columns.
        tuned: Names of the tuned columns.
        folder: Where to write; made if it is missing.

    Returns:
        The files written: `learning_curves_loss`, `learning_curves_metric` and `factor_<name>` for
        each factor, as `.png` and `.svg`.

    Raises:
        DlsuiteError: A frame lacks a column or a task.
        StoreError: The folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{folder}: expected a folder for figures; {error.strerror}.") from error
    paths: list[Path] = []
    for quantity in ("loss", "metric"):
        lines = learning_curve_data(
            curves, trials, tasks, factors=factors, tuned=tuned, quantity=quantity
        )
        if not lines.empty:
            figure = learning_curve_figure(lines, tasks, factors=factors)
            paths += save_figure(figure, folder, f"learning_curves_{quantity}")
    for factor in factors if not summary.empty else ():
        data = factor_data(trials, summary, tasks, factor=factor, factors=factors, tuned=tuned)
        if not data.means.empty:
            paths += save_figure(factor_figure(data, tasks), folder, f"factor_{factor}")
    return paths
