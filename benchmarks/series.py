"""Forecasts: the suite's networks against forecasts without a model, on the shipped series.

    python -m benchmarks.series            # two series, four networks, five seeds: a quarter of an hour on
    two cores

Dropout and the learning rate are chosen on validation, by the mean over seeds; the test split is read once,
at each seed's best epoch on validation. `sunspots` is told in levels; `co2` in changes from week to week, of
which the last value says that there is none.
"""

import argparse
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd

import dlsuite

OUT = Path(__file__).parent / "results" / "series.csv"
SERIES = ("sunspots", "co2")
MODELS = ("gru", "lstm", "bilstm", "tcn")


def main() -> None:
    """Train on every series that is asked for, and write a row a network."""
    given = _arguments()
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        for series in given.series:
            rows += _rows(series, Path(folder), given)
            print(pd.DataFrame(rows).to_string(index=False), flush=True)
    pd.DataFrame(rows).to_csv(given.out, index=False, float_format="%.4f", lineterminator="\n")


def _rows(series: str, folder: Path, given: argparse.Namespace) -> list[dict[str, Any]]:
    study = dlsuite.Study(
        name=series,
        tasks=[{"model": name, "data": series} for name in given.models],
        factors={"dropout": [0.0, 0.2]},
        tune={"learning_rate": [0.001, 0.003, 0.01]},
        fixed={"batch_size": 32},
        seeds=given.seeds,
        epochs=given.epochs,
    )
    results = dlsuite.run(study, out=folder, report=False)
    naive = results.naive_forecasts.set_index(["task", "forecast"])["test_rmse"]
    rows = []
    for task, own in results.trials.groupby("task", sort=False):
        validated = own.groupby(["dropout", "learning_rate"])["val_rmse_best"].mean()
        dropout, rate = validated.idxmin()
        chosen = own.loc[(own["dropout"] == dropout) & (own["learning_rate"] == rate)]
        scores = chosen["test_rmse"]
        forecasts = naive.loc[task]
        season = next(name for name in forecasts.index if name.startswith("seasonal"))
        rows.append(
            {
                "series": series,
                "model": str(task).partition("/")[0],
                "seeds": len(scores),
                "epochs": given.epochs,
                "rmse": scores.mean(),
                "rmse_sd": scores.std(),
                "rmse_worst": scores.max(),
                "last_value": forecasts["last value"],
                "seasonal": forecasts[season],
                "season": int(season.removeprefix("seasonal (").removesuffix(")")),
                "mean": forecasts["mean"],
                "rmse_over_last_value": scores.mean() / forecasts["last value"],
                "validation_rmse": validated.min(),
                "dropout": dropout,
                "learning_rate": rate,
            }
        )
    return rows


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.series")
    parser.add_argument("--series", nargs="+", choices=SERIES, default=SERIES)
    parser.add_argument("--models", nargs="+", choices=MODELS, default=MODELS)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--out", type=Path, default=OUT)
    return parser.parse_args()


if __name__ == "__main__":
    main()
