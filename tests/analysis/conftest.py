"""Small frames whose answers are known."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd
import pytest

ACCURACY_TASK = {
    "task": "mlp/toy",
    "task_type": "classification",
    "metric": "accuracy",
    "guess": "majority class",
    "guess_val_loss": 0.7,
    "guess_test_loss": 0.71,
    "guess_val_accuracy": 0.5,
    "guess_test_accuracy": 0.52,
}
RMSE_TASK = {
    "task": "lstm/waves",
    "task_type": "regression",
    "metric": "rmse",
    "guess": "last value",
    "guess_val_loss": 0.5,
    "guess_test_loss": 0.5,
    "guess_val_rmse": 10.0,
    "guess_test_rmse": 11.0,
}


@pytest.fixture(scope="session")
def tasks() -> pd.DataFrame:
    return pd.DataFrame([ACCURACY_TASK, RMSE_TASK])


@pytest.fixture(scope="session")
def make_trials() -> Callable[..., pd.DataFrame]:
    return build_trials


def build_trials(
    settings: Sequence[tuple[Mapping[str, Any], Sequence[float | None]]],
    *,
    task: str = "mlp/toy",
    metric: str = "accuracy",
    factors: Sequence[str] = ("dropout",),
    gap: float = 0.1,
) -> pd.DataFrame:
    """Make a row for each score; None stands for a trial that diverged."""
    rows = []
    for values, scores in settings:
        condition = " ".join(f"{name}={values[name]}" for name in factors)
        for seed, score in enumerate(scores):
            row = {
                "task": task,
                "condition": condition,
                **values,
                "seed": seed,
                "split_seed": 0,
                "status": "diverged" if score is None else "completed",
                f"val_{metric}_best": score,
                f"test_{metric}": score,
                "test_loss": None if score is None else 1 - score,
                "gap_loss_last": None if score is None else gap * (1 + seed),
            }
            rows.append(row)
    return pd.DataFrame(rows).astype({f"test_{metric}": float, f"val_{metric}_best": float})
