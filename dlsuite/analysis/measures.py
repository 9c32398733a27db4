"""What is measured of a trial: the columns' names, what they mean and which way is better."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from dlsuite.analysis.frames import number
from dlsuite.analysis.overfitting import restricted_onset
from dlsuite.spec.metrics import known_metric, known_metrics

GAP = "gap_loss_last"
"""The generalization gap that sentences and figures tell of: that of the loss, at the last epoch."""
ONSET = "onset_epoch"
"""The epoch in which overfitting sets in; empty where it never does."""

# A metric's name neither begins with gap_ nor ends with _best or _last, so there is one way to read a column.
_COLUMN = re.compile(r"(train|val|gap)_(\w+)_(best|last)|(test_gap|test)_(\w+)")
_OTHERS = {
    "overfits": "share of trials that overfit",
    ONSET: "epoch in which overfitting sets in",
    "rise_after_onset": "rise of the validation loss after it",
    "epochs_to_90": "epochs to 90 % of the way",
    "step_loss_spread": "step-to-step spread of the loss",
    "unit_correlation": "correlation between hidden units",
    "lesion_loss": "loss when a quarter of the units is lost",
}


def higher_is_better(metric: str) -> bool:
    """Say whether a higher value of a metric is the better one.

    Raises:
        DlsuiteError: The metric is unknown.
    """
    return known_metric(metric).greater_is_better


def metric_label(metric: str) -> str:
    """Write a metric as prose does: `accuracy`, `RMSE`; by its name if nothing is known of it."""
    known = known_metrics().get(metric)
    return known.label if known is not None else metric


def is_share(metric: str) -> bool:
    """Whether a metric goes from 0 to 1, as an accuracy does; not if nothing is known of it."""
    known = known_metrics().get(metric)
    return known is not None and known.is_share


def rises(metric: str) -> bool:
    """Whether a greater value of a metric is better; not if nothing is known of it."""
    known = known_metrics().get(metric)
    return known is not None and known.greater_is_better


def metric_unit(metric: str) -> str:
    """The unit of a metric, as axes write it: `(target's unit)`; empty if it has none."""
    known = known_metrics().get(metric)
    return "(target's unit)" if known is not None and known.in_target_units else ""


def metric_bounds(metric: str) -> tuple[float, float]:
    """What a metric cannot leave, low and high."""
    return known_metric(metric).bounds


@dataclass(frozen=True)
class Measure:
    """One number a trial, named as its column: `val_loss_best`, `test_rmse`, `onset_epoch`.

    Attributes:
        column: The column's name.
        split: `train`, `val`, `test`, or `gap` and `test_gap` for the generalization gaps; empty for
            what is no score.
        metric: A metric's name, such as `loss` or `accuracy`; empty for what is no score.
        epoch: `best` (on validation) or `last`; the test split is read at the best epoch only.
    """

    column: str
    split: str = ""
    metric: str = ""
    epoch: str = ""

    @classmethod
    def parse(cls, column: str) -> "Measure | None":
        """Read a column's name; None if the column is not a measure."""
        if column in _OTHERS:
            return cls(column)
        match = _COLUMN.fullmatch(column)
        if match is None:
            return None
        split, metric, epoch, test, test_metric = match.groups()
        if (metric or test_metric) not in known_metrics():
            return None
        if test:
            return cls(column, test, test_metric, "best")
        return cls(column, split, metric, epoch)

    @property
    def is_score(self) -> bool:
        """Whether one value of it is better than another: gaps are no scores."""
        return self.split in ("train", "val", "test")

    @property
    def bounds(self) -> tuple[float, float]:
        """What its mean cannot leave."""
        if self.is_score:
            return metric_bounds(self.metric)
        return (0.0, 1.0) if self.column == "overfits" else (-math.inf, math.inf)

    def label(self) -> str:
        """Write the measure as prose does."""
        if not self.metric:
            return _OTHERS[self.column]
        metric = metric_label(self.metric)
        if self.split in ("gap", "test_gap"):
            return f"{metric} gap" + (" on test" if self.split == "test_gap" else "")
        return f"{self.split} {metric}"

    def guess(self, task: Mapping[str, Any]) -> float:
        """The score of guessing; NaN where it is not known, as on the training split.

        Args:
            task: The task's row, with `guess_<split>_<metric>`.
        """
        return number(task, f"guess_{self.split}_{self.metric}")

    def values(self, trials: pd.DataFrame) -> npt.NDArray[np.float64]:
        """Read the measure of each trial; NaN where it has none, or did not complete.

        An onset that never came counts as the last epoch, see `restricted_onset`.

        Args:
            trials: A row a trial, with `status`; with `epochs` where onsets are asked for.
        """
        column = trials[self.column]
        if column.dtype != float:
            column = column.astype("Float64")
        found = column.to_numpy(dtype=float, na_value=float("nan"))
        if self.column == ONSET and trials["epochs"].notna().any():
            found = restricted_onset(found, int(trials["epochs"].max()))
        completed = (trials["status"] == "completed").to_numpy()
        return np.where(completed, found, np.nan)


def measures_in(trials: pd.DataFrame) -> list[Measure]:
    """List the measures that a frame of trials holds, in the order of its columns."""
    parsed = (Measure.parse(str(column)) for column in trials.columns)
    return [measure for measure in parsed if measure is not None]


def measures_of_task(trials: pd.DataFrame, task: Mapping[str, Any]) -> list[Measure]:
    """List the measures that a task has, even if all of its trials diverged.

    Args:
        trials: The task's trials.
        task: The task's row.

    Returns:
        Those of the loss, of the metric that decides, of every metric that has a score of guessing or
        any value, and what is no score.
    """
    measures = measures_in(trials)
    metrics = {"", "loss", str(task["metric"])}
    for measure in measures:
        if pd.notna(measure.guess(task)) or trials[measure.column].notna().any():
            metrics.add(measure.metric)
    return [measure for measure in measures if measure.metric in metrics]
