"""Small frames whose answers are known."""

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd
import pytest
from hypothesis import settings

# A machine that is busy with something else is no failure.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

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


@pytest.fixture(scope="session")
def make_study() -> Callable[..., pd.DataFrame]:
    return build_study


@pytest.fixture(scope="session")
def make_curves() -> Callable[..., pd.DataFrame]:
    return build_curves


@pytest.fixture(scope="session")
def only() -> Callable[..., "pd.Series[Any]"]:
    return only_row


@pytest.fixture(scope="session")
def shuffled() -> Callable[..., pd.DataFrame]:
    return in_other_order


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


def build_study(
    settings: Mapping[str, Sequence[Any]],
    score: Callable[..., float | tuple[float, float] | None],
    *,
    seeds: int = 5,
    splits: int = 1,
    tuned: Sequence[str] = (),
    task: str = "mlp/toy",
    metric: str = "accuracy",
) -> pd.DataFrame:
    """Cross the values of factors and tuned values with splits and seeds.

    Args:
        settings: The values by name.
        score: Given the values by name, `seed` and `split`, the score on validation and test, or one for
            both; None for a trial that diverges.
        seeds: How many.
        splits: How many.
        tuned: Which settings are tuned, and so no part of the condition.
        task: Its name.
        metric: The metric that is scored.
    """
    rows = []
    for values, split, seed in itertools.product(
        itertools.product(*settings.values()), range(splits), range(seeds)
    ):
        named = dict(zip(settings, values, strict=True))
        found = score(**named, seed=seed, split=split)
        val, test = found if isinstance(found, tuple) else (found, found)
        diverged = test is None
        rows.append(
            {
                "task": task,
                "condition": " ".join(f"{k}={v}" for k, v in named.items() if k not in tuned),
                **named,
                "seed": seed,
                "split_seed": split,
                "status": "diverged" if diverged else "completed",
                "epochs": 10,
                "best_epoch": None if diverged else 5,
                f"val_{metric}_best": val,
                f"val_{metric}_last": val,
                f"train_{metric}_best": val,
                f"test_{metric}": test,
                "gap_loss_last": None if diverged else 0.1,
            }
        )
    scores = (f"val_{metric}_best", f"val_{metric}_last", f"train_{metric}_best", f"test_{metric}")
    numbers = [*scores, "gap_loss_last", "best_epoch"]
    return pd.DataFrame(rows).astype(dict.fromkeys(numbers, float))


def build_curves(
    trials: pd.DataFrame,
    columns: Callable[["pd.Series[Any]"], Mapping[str, Sequence[float]]],
    *,
    settings: Sequence[str] = (),
) -> pd.DataFrame:
    """Make curves, a row a trial and epoch from 0.

    Args:
        trials: A row a trial.
        columns: Of a trial, its values by column and epoch.
        settings: The columns of factors and tuned values.
    """
    names = ["task", "condition", *settings, "seed", "split_seed"]
    parts = []
    for _, trial in trials.iterrows():
        curve = pd.DataFrame(columns(trial))
        parts.append(curve.assign(**{name: trial[name] for name in names}, epoch=curve.index))
    curves = pd.concat(parts, ignore_index=True)
    return curves.astype({name: trials[name].dtype for name in names})


def only_row(
    frame: pd.DataFrame, condition: str | None = None, measure: str | None = None, **cells: Any
) -> "pd.Series[Any]":
    """The one row that has these cells."""
    wanted = {"condition": condition, "measure": measure, **cells}
    rows = frame
    for column, value in wanted.items():
        if value is not None:
            rows = rows.loc[rows[column] == value]
    assert len(rows) == 1
    return rows.iloc[0]


def in_other_order(frame: pd.DataFrame, *, seed: int = 0) -> pd.DataFrame:
    """The rows in another order, under one and the same label."""
    return frame.sample(frac=1.0, random_state=seed).set_axis([0] * len(frame))
