"""How long populations of the registered models take, and the figures that estimates are made from.

    python -m benchmarks.costs           # a quarter of an hour on two cores

Four populations of each model train, two at once: in one process, and in two worker processes. Figures are
fitted to their paces (non-negative least squares of relative errors): seconds a call, a multiplication, a
byte and a step that waits for another; to begin, and to compile an operation; and what is done once a
population. They stand in `dlsuite/study/costs.py`. How far off the fitted estimates are is in the table:
`expected_epoch` beside `epoch`, and so for `start` and `rest`.
"""

import argparse
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import nnls

from dlsuite.compiled import CACHE_VARIABLE
from dlsuite.spec import parse_study
from dlsuite.study import (
    CrewExecutor,
    Executor,
    InProcessExecutor,
    Job,
    WorkerProcesses,
    make_plan,
    run,
)
from dlsuite.study.paces import Pace, Place
from dlsuite.study.run_watcher import RunWatcher
from dlsuite.study.sizes import estimate_size

OUT = Path(__file__).parent / "results" / "costs.csv"
WORK = {
    "start": ["one", "operations"],
    "epoch": ["calls", "multiplications", "bytes", "sequential"],
    "rest": ["one", "operations", "last_multiplications", "last_sequential"],
}
"""What each part of a pace is explained by."""
CASES: list[tuple[Any, Any, dict[str, Any]]] = [
    ({"name": "mlp", "units": 16}, "wine", {}),
    ({"name": "mlp", "units": 64}, "digits", {}),
    ({"name": "mlp", "units": 64}, "digits", {"batch_size": 128}),
    ({"name": "mlp", "units": 512}, "digits", {}),
    ({"name": "mlp", "units": 64, "batch_norm": True}, "breast_cancer", {}),
    ("tabular_resnet", "breast_cancer", {}),
    ("cnn", "digits", {}),
    ({"name": "cnn", "filters": [8, 16]}, "digits", {"batch_size": 64}),
    ({"name": "cnn", "batch_norm": True}, "digits", {}),
    ("resnet", {"name": "digits", "train_size": 300}, {}),
    ("simple_rnn", "sunspots", {}),
    ("gru", "sunspots", {}),
    ("lstm", "sunspots", {}),
    ("bilstm", "sunspots", {}),
    ("tcn", "sunspots", {}),
    ("gru", {"name": "languages", "train_size": 500}, {}),
    ("lstm", {"name": "languages", "train_size": 500}, {}),
    ("text_cnn", {"name": "languages", "train_size": 500}, {}),
]


class Watching(RunWatcher):
    """Keeps how long populations took."""

    def __init__(self) -> None:
        self.paces: list[Pace] = []

    def took(self, job: Job, place: Place, pace: Pace) -> None:
        """A population has ended."""
        self.paces.append(pace)


def measure(number: int, epochs: int, executors: dict[Place, Executor]) -> list[dict[str, Any]]:
    """Train four populations of a case, two at a time; a row each place."""
    model, data, fixed = CASES[number]
    content = {"tasks": [{"model": model, "data": data}], "fixed": fixed, "epochs": epochs}
    content |= {"name": "costs", "factors": {"learning_rate": [0.001]}}
    (group,) = make_plan(parse_study({**content, "seeds": 1})).groups
    size = estimate_size(group[0])
    study = parse_study({**content, "seeds": 4 * size.members})
    rows = []
    for place, executor in executors.items():
        watcher = Watching()
        with tempfile.TemporaryDirectory() as folder:
            run(study, out=folder, executor=executor, watcher=watcher, report=False)
        task = f"{group[0].task} {fixed or ''}".strip()
        rows.append(
            {
                "task": task,
                "place": place,
                "members": size.members,
                **size.work._asdict(),
                "start": np.nanmax([pace.start for pace in watcher.paces]),
                "epoch": np.median([pace.epoch for pace in watcher.paces]),
                # Of those that found their graph compiled.
                "rest": np.median([pace.rest for pace in watcher.paces if np.isnan(pace.start)]),
            }
        )
        print(rows[-1], flush=True)
    return rows


def fitted(rows: pd.DataFrame, features: list[str], measured: str) -> np.ndarray:
    """The figures of some features that explain what was measured, by relative error."""
    rows = rows.dropna(subset=[measured])
    matrix = rows[features].to_numpy(float) / rows[[measured]].to_numpy(float)
    figures, _ = nnls(matrix, np.ones(len(rows)))
    return np.asarray(figures)


def main() -> None:
    """Measure, fit, and write `costs.csv`."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--fit", type=Path, help="only fit again what is in this table")
    parser.add_argument("--out", type=Path, default=OUT)
    given = parser.parse_args()
    if given.fit:
        table = pd.read_csv(given.fit)
    else:
        os.environ[CACHE_VARIABLE] = "off"  # A start is to compile.
        with CrewExecutor(WorkerProcesses(2)) as crew:
            executors: dict[Place, Executor] = {"lanes": InProcessExecutor(), "worker": crew}
            found = [measure(number, given.epochs, executors) for number in range(len(CASES))]
        table = pd.DataFrame([row for rows in found for row in rows])
    table["one"] = 1.0
    for place, rows in table.groupby("place"):
        for name, features in WORK.items():
            figures = fitted(rows, features, name)
            expected = rows[features].to_numpy(float) @ figures
            table.loc[rows.index, f"expected_{name}"] = expected
            off = np.maximum(expected / rows[name], rows[name] / expected).dropna()
            print(f"{place}, {name}: {dict(zip(features, figures, strict=True))}")
            print(
                f"  off by a factor of {np.median(off):.2f} in the median, {off.max():.2f} at the most"
            )
    table.drop(columns="one").round(6).to_csv(given.out, index=False, lineterminator="\n")


if __name__ == "__main__":
    main()
