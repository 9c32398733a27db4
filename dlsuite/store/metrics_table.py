"""`metrics.csv`: what a study's further metrics mean, for whoever reads its results without their code."""

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from dlsuite.errors import StoreError
from dlsuite.spec.kinds import TASK_TYPES
from dlsuite.spec.metrics import Metric
from dlsuite.store.tables import to_csv

METRICS_FILE = "metrics.csv"
COLUMNS = (
    "metric",
    "label",
    "task_type",
    "greater_is_better",
    "low",
    "high",
    "in_target_units",
    "version",
)


def metrics_csv(metrics: Iterable[Metric]) -> str:
    """Write metrics as the table has them; a bound that is not there is an empty cell."""
    rows = [
        {
            "metric": metric.name,
            "label": metric.label,
            "task_type": metric.task_type,
            "greater_is_better": metric.greater_is_better,
            "low": _written(metric.bounds[0]),
            "high": _written(metric.bounds[1]),
            "in_target_units": metric.in_target_units,
            "version": metric.version,
        }
        for metric in metrics
    ]
    return to_csv(pd.DataFrame(rows, columns=list(COLUMNS)), exact=["low", "high"])


def read_metrics(folder: Path) -> list[Metric]:
    """Read a study's further metrics, without their functions; none where the file is not there.

    Args:
        folder: The study's folder.

    Raises:
        StoreError: The file is not what `metrics_csv` writes.
    """
    path = folder / METRICS_FILE
    try:
        texts = dict.fromkeys(("metric", "label", "task_type", "version"), str)
        rows = pd.read_csv(path, dtype=texts, keep_default_na=False, na_values=[""])
        return [_metric(row, line) for line, (_, row) in enumerate(rows.iterrows(), 2)]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreError(
            f"{path}: cannot be read as a table of metrics ({error}). Delete it and run the study again: "
            "nothing is trained twice."
        ) from error


def _metric(row: "pd.Series[Any]", line: int) -> Metric:
    if row["task_type"] not in TASK_TYPES or row["greater_is_better"] not in (True, False):
        raise ValueError(
            f"row {line}: expected a task type and true or false for greater_is_better; got "
            f"{row['task_type']!r} and {row['greater_is_better']!r}"
        )
    low, high = row["low"], row["high"]
    return Metric(
        name=str(row["metric"]),
        label=str(row["label"]),
        task_type=str(row["task_type"]),
        greater_is_better=bool(row["greater_is_better"]),
        bounds=(
            -math.inf if pd.isna(low) else float(low),
            math.inf if pd.isna(high) else float(high),
        ),
        in_target_units=bool(row["in_target_units"]),
        version="" if pd.isna(row["version"]) else str(row["version"]),
    )


def _written(bound: float) -> float | None:
    return bound if math.isfinite(bound) else None
