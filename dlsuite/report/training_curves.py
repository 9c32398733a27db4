"""The learning curves of one training: train against validation, with guessing and the best epoch."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from dlsuite.report.learning_curve_data import SPLITS
from dlsuite.report.learning_curves import plot_learning_curves
from dlsuite.report.legends import GUESS_LINE
from dlsuite.report.style import GRAY, LINE_STYLES, OKABE_ITO, figure_style


def training_curve_data(
    curves: pd.DataFrame, *, name: str, score: str, guess: float, diverged: bool
) -> pd.DataFrame:
    """Bring one training's curves into the form of `learning_curve_data`.

    Args:
        curves: A row an epoch, with `epoch`, `train_<score>` and `val_<score>`.
        name: What was trained, as in `mlp/wine`.
        score: Which score.
        guess: What guessing scores on validation.
        diverged: Whether the training diverged after its last row.
    """
    parts = []
    for split in SPLITS:
        value = curves[f"{split}_{score}"].to_numpy(dtype=float)
        rows = pd.DataFrame({"epoch": curves["epoch"].to_numpy(), "mean": value}).assign(
            task=name, condition="", metric=score, split=split, n=1, n_diverged=0, guess=guess
        )
        rows["low"] = rows["high"] = rows["mean"]
        rows.loc[rows.index[-1:], "n_diverged"] = int(diverged)
        parts.append(rows)
    return pd.concat(parts, ignore_index=True)


def plot_training(
    data: pd.DataFrame,
    ax: Axes | None = None,
    *,
    task_type: str,
    best_epoch: int | None,
) -> Axes:
    """Draw one training's curves, with a key.

    Args:
        data: As `training_curve_data` returns it.
        ax: Where to draw; a new figure's if None.
        task_type: `classification` or `regression`, for the unit of a loss.
        best_epoch: The epoch with the lowest validation loss, if there is one.

    Returns:
        The axes.
    """
    color = OKABE_ITO[0]
    name = str(data["task"].iloc[0])
    ax = plot_learning_curves(data, name, ax, about={"task_type": task_type}, colors={"": color})
    marks = [
        Line2D([], [], color=color, linestyle=LINE_STYLES["val"], label="validation"),
        Line2D([], [], color=color, linestyle=LINE_STYLES["train"], linewidth=1.0, label="train"),
    ]
    if data["guess"].notna().any():
        marks.append(Line2D([], [], **GUESS_LINE, label="guessing"))
    if best_epoch is not None:
        ax.axvline(best_epoch, color=GRAY, linewidth=0.7, linestyle=":", zorder=1)
        mark = Line2D([], [], color=GRAY, linewidth=0.7, linestyle=":", label="best epoch")
        marks.append(mark)
    with figure_style():
        ax.legend(handles=marks)
    return ax
