"""What is measured of a trial: the columns' names, what they mean and which way is better."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from dlsuite.analysis.frames import number
from dlsuite.errors import DlsuiteError

HIGHER_IS_BETTER = {"loss": False, "accuracy": True, "rmse": False, "mae": False}
"""The metrics that trials are measured by, and whether a higher value is the better one."""

_METRIC = "|".join(HIGHER_IS_BETTER)
_COLUMN = re.compile(rf"(train|val|gap)_({_METRIC})_(best|last)|(test)_({_METRIC})")
_METRIC_LABELS = {"rmse": "RMSE", "mae": "MAE"}


def higher_is_better(metric: str) -> bool:
    """Say whether a higher value of a metric is the better one.

    Raises:
        DlsuiteError: The metric is unknown.
    """
    if metric not in HIGHER_IS_BETTER:
        raise DlsuiteError(
            f"metric: expected one of {', '.join(HIGHER_IS_BETTER)}; got {metric!r}."
        )
    return HIGHER_IS_BETTER[metric]


def metric_label(metric: str) -> str:
    """Write a metric as prose does: `accuracy`, `RMSE`."""
    return _METRIC_LABELS.get(metric, metric)


@dataclass(frozen=True)
class Measure:
    """One number a trial, named as its column: `val_loss_best`, `gap_accuracy_last`, `test_rmse`.

    Attributes:
        column: The column's name.
        split: `train`, `val`, `test`, or `gap` for the generalization gap.
        metric: `loss`, `accuracy`, `rmse` or `mae`.
        epoch: `best` (on validation) or `last`; the test split is read at the best epoch only.
    """

    column: str
    split: str
    metric: str
    epoch: str

    @classmethod
    def parse(cls, column: str) -> "Measure | None":
        """Read a column's name; None if the column is not a measure."""
        match = _COLUMN.fullmatch(column)
        if match is None:
            return None
        split, metric, epoch, test, test_metric = match.groups()
        if test:
            return cls(column, test, test_metric, "best")
        return cls(column, split, metric, epoch)

    def guess(self, task: Mapping[str, Any]) -> float:
        """The score of guessing; NaN where it is not known, as on the training split.

        Args:
            task: The task's row, with `guess_<split>_<metric>`.
        """
        return number(task, f"guess_{self.split}_{self.metric}")


def measures_in(trials: pd.DataFrame) -> list[Measure]:
    """List the measures that a frame of trials holds, in the order of its columns."""
    parsed = (Measure.parse(str(column)) for column in trials.columns)
    return [measure for measure in parsed if measure is not None]


def metrics_of_task(trials: pd.DataFrame, task: Mapping[str, Any]) -> set[str]:
    """Find the metrics that a task is measured by, even if all of its trials diverged.

    Args:
        trials: The task's trials.
        task: The task's row.

    Returns:
        The loss, the metric that decides, and all that have a score of guessing or any value.
    """
    metrics = {"loss", str(task["metric"])}
    for measure in measures_in(trials):
        if pd.notna(measure.guess(task)) or trials[measure.column].notna().any():
            metrics.add(measure.metric)
    return metrics
