"""How long populations of the registered models take, and the figures that estimates are made from.

    python -m benchmarks.costs           # ten minutes on two cores

Two populations of each model train at once: in one process, and in two worker processes. Figures are fitted
to their paces (non-negative least squares of relative errors): seconds a call, a multiplication, a byte and a
step that waits for another; to begin, and to compile an operation. They stand in `dlsuite/study/costs.py`.
How far off the fitted estimates are is in the table: `expected_epoch` beside `epoch`, and so for `start`.
"""

import argparse
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import nnls

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
EPOCH = ("calls", "multiplications", "bytes", "sequential")
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
    """Train two populations of a case at a time; a row each."""
    model, data, fixed = CASES[number]
    content = {"tasks": [{"model": model, "data": data}], "fixed": fixed, "epochs": epochs}
    content |= {"name": "costs", "factors": {"learning_rate": [0.001]}}
    (group,) = make_plan(parse_study({**content, "seeds": 1})).groups
    size = estimate_size(group[0])
    study = parse_study({**content, "seeds": 2 * size.members})
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
                **{name: float(getattr(size.work, name)) for name in (*EPOCH, "operations")},
                "start": np.nanmax([pace.start for pace in watcher.paces]),
                "epoch": np.median([pace.epoch for pace in watcher.paces]),
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
        with CrewExecutor(WorkerProcesses(2)) as crew:
            executors: dict[Place, Executor] = {"lanes": InProcessExecutor(), "worker": crew}
            found = [measure(number, given.epochs, executors) for number in range(len(CASES))]
        table = pd.DataFrame([row for rows in found for row in rows])
    table["one"] = 1.0
    for place, rows in table.groupby("place"):
        of_epoch = fitted(rows, list(EPOCH), "epoch")
        of_start = fitted(rows, ["one", "operations"], "start")
        for name, figures, features in (
            ("epoch", of_epoch, list(EPOCH)),
            ("start", of_start, ["one", "operations"]),
        ):
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
