"""Tables from files: the suite's networks against scikit-learn's, on the same splits.

    python -m benchmarks.tables            # eight tables, five splits each: half an hour on two cores

Every table is written to a CSV first, so that what is measured is what somebody gets who brings a file. The
peers get the features that the suite made of it, and the same training, validation and test examples.

- `suite`: `mlp`, with dropout and batch normalization to choose from and the learning rate tuned, all on
  validation; the mean test score over seeds.
- `MLPClassifier` (`MLPRegressor`) and `HistGradientBoosting`, as scikit-learn sets them, on the training
  split; the mean over as many seeds.
"""

import argparse
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import dlsuite

OUT = Path(__file__).parent / "results" / "tables.csv"
MISSING_SHARE = 0.08


def breast_cancer() -> tuple[pd.DataFrame, str]:
    """30 numbers, 2 classes, 569 rows."""
    from sklearn.datasets import load_breast_cancer

    return load_breast_cancer(as_frame=True).frame, "target"


def wine() -> tuple[pd.DataFrame, str]:
    """13 numbers, 3 classes, 178 rows."""
    from sklearn.datasets import load_wine

    return load_wine(as_frame=True).frame, "target"


def digits() -> tuple[pd.DataFrame, str]:
    """64 pixels as columns, 10 classes, 1,797 rows."""
    from sklearn.datasets import load_digits

    return load_digits(as_frame=True).frame, "target"


def anes96() -> tuple[pd.DataFrame, str]:
    """Whom 944 Americans voted for in 1996, by views and circumstances; statsmodels."""
    from statsmodels.datasets import anes96

    return anes96.load_pandas().data, "vote"


def fair() -> tuple[pd.DataFrame, str]:
    """Whether 6,366 women had an affair, by circumstances; statsmodels."""
    from statsmodels.datasets import fair

    frame = fair.load_pandas().data
    frame["affairs"] = np.where(frame["affairs"] > 0, "yes", "no")
    return frame, "affairs"


def mixed() -> tuple[pd.DataFrame, str]:
    """Made: numbers, categories, dates and truth values, some missing; 4,000 rows, 2 classes."""
    rng = np.random.default_rng(0)
    rows = 4000
    age, income = rng.normal(45, 15, rows).round(), rng.lognormal(10, 0.6, rows).round(2)
    city = rng.choice([f"city {number}" for number in range(30)], rows)
    when = pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 1500, rows), unit="D")
    member = rng.random(rows) < 0.3
    effect = {name: rng.normal() for name in np.unique(city)}
    score = (
        np.sin(age / 10)
        + (np.log(income) - 10) * np.where(member, 2, -1)
        + np.array([effect[name] for name in city])
        + np.cos(2 * np.pi * when.day_of_year / 365)
        + rng.normal(0, 0.7, rows)
    )
    frame = pd.DataFrame(
        {"age": age, "income": income, "city": city, "joined": when, "member": member}
    )
    for column in ("age", "city"):
        frame.loc[rng.random(rows) < MISSING_SHARE, column] = None
    frame["bought"] = np.where(score > np.median(score), "yes", "no")
    return frame, "bought"


def diabetes() -> tuple[pd.DataFrame, str]:
    """10 numbers, a value to predict, 442 rows."""
    from sklearn.datasets import load_diabetes

    return load_diabetes(as_frame=True, scaled=False).frame, "target"


def randhie() -> tuple[pd.DataFrame, str]:
    """Doctor visits in a year in 20,190 person-years of the RAND experiment; statsmodels."""
    from statsmodels.datasets import randhie

    frame = randhie.load_pandas().data
    return frame.astype({"mdvis": float}), "mdvis"


TABLES: tuple[Callable[[], tuple[pd.DataFrame, str]], ...] = (
    breast_cancer,
    wine,
    digits,
    anes96,
    fair,
    mixed,
    diabetes,
    randhie,
)
REGRESSION = ("diabetes", "randhie")


def main() -> None:
    """Train on every table that is asked for, and write a row each."""
    given = _arguments()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for table in TABLES:
            if table.__name__ in given.tables:
                rows.append(_row(table, Path(folder), given))
                print(
                    pd.DataFrame(rows[-1:]).to_string(index=False, header=len(rows) == 1),
                    flush=True,
                )
    pd.DataFrame(rows).to_csv(given.out, index=False, float_format="%.4f", lineterminator="\n")


def _row(
    table: Callable[[], tuple[pd.DataFrame, str]], folder: Path, given: argparse.Namespace
) -> dict[str, Any]:
    frame, target = table()
    name = table.__name__
    path = folder / f"{name}.csv"
    frame.to_csv(path, index=False)
    data = {"target": target}
    if name in REGRESSION:
        data["task_type"] = "regression"
    suite, metric, condition = _suite(path, data, folder, given)
    peers = dict(_peers(path, data, given))
    return {
        "table": name,
        "rows": len(frame),
        "columns": frame.shape[1] - 1,
        "metric": metric,
        "suite": suite,
        **peers,
        "suite_minus_mlp": suite - peers["sklearn_mlp"],
        "suite_minus_boosting": suite - peers["boosting"],
        "condition": condition,
    }


def _suite(
    path: Path, data: dict[str, Any], folder: Path, given: argparse.Namespace
) -> tuple[float, str, str]:
    """The mean test score of the condition that is best on validation."""
    study = dlsuite.Study(
        name=path.stem,
        tasks=[{"model": {"name": "mlp", "units": [128, 64]}, "data": {"path": str(path), **data}}],
        factors={"dropout": [0.0, 0.2, 0.4], "batch_norm": [False, True]},
        tune={"learning_rate": [0.001, 0.003]},
        seeds=given.seeds,
        split_seeds=given.splits,
        epochs=given.epochs,
    )
    results = dlsuite.run(study, out=folder / "results", report=False)
    metric = str(results.tasks["metric"].iloc[0])
    trials = results.trials.loc[results.trials["selected"]]
    means = trials.groupby("condition")[[f"val_{metric}_best", f"test_{metric}"]].mean()
    ranked = means[f"val_{metric}_best"]
    best = ranked.idxmax() if metric == "accuracy" else ranked.idxmin()
    return float(means.loc[best, f"test_{metric}"]), metric, str(best)


def _peers(
    path: Path, data: dict[str, Any], given: argparse.Namespace
) -> Iterator[tuple[str, float]]:
    """The mean test scores of scikit-learn's estimators over splits and seeds."""
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from threadpoolctl import threadpool_limits

    splits = [
        dlsuite.load_data(str(path), split_seed=split_seed, **data)
        for split_seed in range(given.splits)
    ]
    regression = splits[0].task_type == "regression"
    peers = {
        "sklearn_mlp": MLPRegressor if regression else MLPClassifier,
        "boosting": HistGradientBoostingRegressor if regression else HistGradientBoostingClassifier,
    }
    for name, estimator in peers.items():
        scores = []
        for split in splits:
            for seed in range(given.seeds):
                # It stops at 200 epochs, and says so; its threads wait for each other where cores are few.
                with warnings.catch_warnings(action="ignore"), threadpool_limits(limits=1):
                    fitted = estimator(random_state=seed).fit(*_standardized(split, regression))
                told = fitted.predict(split.test.x)
                if regression:
                    told = told * split.target_scale + split.target_mean
                    scores.append(float(np.sqrt(np.mean((told - split.test.y) ** 2))))
                else:
                    scores.append(float(np.mean(told == split.test.y)))
        yield name, float(np.mean(scores))


def _standardized(split: dlsuite.Dataset, regression: bool) -> tuple[Any, Any]:
    """The training split, with targets of regression standardized for the peers as for the suite."""
    y = split.train.y
    return split.train.x, (y - split.target_mean) / split.target_scale if regression else y


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tables")
    names = [table.__name__ for table in TABLES]
    parser.add_argument("--tables", nargs="+", choices=names, default=names)
    parser.add_argument("--splits", type=int, default=5)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--out", type=Path, default=OUT)
    return parser.parse_args()


if __name__ == "__main__":
    main()
