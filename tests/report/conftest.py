"""A small study's frames, made up so that every curve is known."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any

import pandas as pd
import pytest

from dlsuite.analysis import analyze, summarize, with_overfitting
from dlsuite.report import StudyTables

TASKS = {
    "mlp/toy": {
        "task_type": "classification",
        "metric": "accuracy",
        "guess": "majority class",
        "guess_val_loss": 0.7,
        "guess_test_loss": 0.7,
        "guess_val_accuracy": 0.5,
        "guess_test_accuracy": 0.5,
    },
    "lstm/waves": {
        "task_type": "regression",
        "metric": "rmse",
        "guess": "last value",
        "guess_val_loss": 0.25,
        "guess_test_loss": 0.25,
        "guess_val_rmse": 10.0,
        "guess_test_rmse": 10.0,
    },
}


@dataclass
class Frames:
    """What `draw_figures` takes."""

    trials: pd.DataFrame
    curves: pd.DataFrame
    tasks: pd.DataFrame
    factors: list[str]
    tuned: list[str] = field(default_factory=list)

    @property
    def summary(self) -> pd.DataFrame:
        return summarize(self.trials, factors=self.factors, tuned=self.tuned, tasks=self.tasks)

    @property
    def settings(self) -> dict[str, Any]:
        return {"factors": self.factors, "tuned": self.tuned}

    @property
    def all(self) -> StudyTables:
        frames = {"trials": self.trials, "curves": self.curves, "summary": self.summary}
        return StudyTables(
            name="made_up",
            frames={**frames, "tasks": self.tasks},
            factors=tuple(self.factors),
            tuned=tuple(self.tuned),
            baseline={},
        )

    @property
    def analyzed(self) -> StudyTables:
        """The study with every table that the analysis computes, the first values as the baseline."""
        names = ["task", "condition", *self.factors, *self.tuned, "seed", "split_seed"]
        baseline = {name: self.trials[name].iloc[0] for name in self.factors}
        trials = with_overfitting(self.trials, self.curves, by=names)
        tables = analyze(trials, self.curves, self.tasks, **self.settings, baseline=baseline)
        frames = {**tables, "trials": trials, "curves": self.curves, "tasks": self.tasks}
        return replace(self.all, frames=frames, baseline=baseline)


@pytest.fixture(scope="session")
def make_frames() -> Callable[..., Frames]:
    return build_frames


def build_frames(
    factors: dict[str, Sequence[Any]],
    *,
    tasks: Sequence[str] = tuple(TASKS),
    seeds: int = 3,
    epochs: int = 4,
    diverge: Callable[[dict[str, Any], int], bool] = lambda values, seed: False,
    explode: Callable[[dict[str, Any]], bool] = lambda values: False,
) -> Frames:
    """Losses fall from 1 by halves, plus a tenth of the seed; accuracy is 1 minus half the loss."""
    trials, curves = [], []
    for task, combination, seed in product(tasks, product(*factors.values()), range(seeds)):
        values = dict(zip(factors, combination, strict=True))
        condition = " ".join(f"{name}={value}" for name, value in values.items())
        base = {"task": task, "condition": condition, **values, "seed": seed, "split_seed": 0}
        diverged = diverge(values, seed)
        loss = [(0.5 + 0.01 * seed) ** epoch for epoch in range(epochs + 1)]
        if explode(values):
            loss = [1000.0**epoch for epoch in range(epochs + 1)]
        metric = TASKS[task]["metric"]
        score = [max(1 - x / 2, 0.0) if metric == "accuracy" else 20 * x**0.5 for x in loss]
        for epoch in range(1 if diverged else epochs + 1):
            curves.append(
                {
                    **base,
                    "epoch": epoch,
                    "train_loss": loss[epoch],
                    "val_loss": loss[epoch] * 1.1,
                    f"train_{metric}": score[epoch],
                    f"val_{metric}": score[epoch] * 0.9,
                    "gradient_norm": loss[epoch],
                    "step_loss_spread": 0.1 if epoch else None,
                }
            )
        done = None if diverged else 1.0
        trials.append(
            {
                **base,
                "status": "diverged" if diverged else "completed",
                "epochs": epochs,
                "best_epoch": done and 1 + loss[1:].index(min(loss[1:])),
                "val_loss_best": done and min(loss[1:]) * 1.1,
                f"train_{metric}_best": done and score[-1],
                "val_loss_last": done and loss[-1] * 1.1,
                f"val_{metric}_best": done and score[-1] * 0.9,
                f"test_{metric}": done and score[-1] * 0.8,
                "gap_loss_last": done and loss[-1] * 0.1,
            }
        )
    rows = [{"task": task, **TASKS[task]} for task in tasks]
    return Frames(pd.DataFrame(trials), pd.DataFrame(curves), pd.DataFrame(rows), list(factors))
