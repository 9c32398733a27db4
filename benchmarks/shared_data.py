"""What a large table costs in memory: one process against worker processes, and when the first epoch ends.

    python -m benchmarks.shared_data       # a quarter of an hour on two cores

A table is made and written as a CSV. Two populations train on it: in this process, which trains both at once,
and in two worker processes. Memory is the proportional set size of a run and all of its processes, by which
what they share counts once: the most of samples that are taken twice a second, and the median from the end
of the first epoch on. Seconds count from the process's start to the end of each population's first epoch.

What it was before a change is measured by the same file beside the older package, with `--label`.
"""

import argparse
import contextlib
import csv
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[1]
OUT = ROOT / "benchmarks" / "results" / "shared_data.csv"
COLUMNS = (
    "version",
    "executor",
    "rows",
    "columns",
    "table_mb",
    "processes",
    "first_epoch_s",
    "steady_mb",
    "most_mb",
)
_FIRST = "first"
"""What leaves compiled graphs for all others, and counts as nothing: compiling takes memory."""
_PAUSE = 0.5


def write_table(path: Path, rows: int, columns: int) -> None:
    """Write numbers of four digits, and two classes that follow from them."""
    import pandas as pd

    draws = np.random.default_rng(0)
    names = [f"x{number}" for number in range(columns)]
    for at in range(0, rows, 100_000):
        x = draws.normal(size=(min(100_000, rows - at), columns)).astype(np.float32)
        frame = pd.DataFrame(x.round(4), columns=names)
        frame["told"] = np.where(x[:, :3].sum(axis=1) > 0, "yes", "no")
        frame.to_csv(path, mode="a", index=False, header=not at, float_format="%.4f")


def train(path: Path, workers: int) -> None:
    """Train in this process or in others, and tell when the first epochs have ended."""
    import dlsuite
    from dlsuite.study import CrewExecutor, InProcessExecutor, WorkerProcesses
    from dlsuite.study.run_watcher import RunWatcher

    study = dlsuite.Study(
        name="shared_data",
        tasks=[
            {
                "model": {"name": "mlp", "units": [16]},
                "data": {"path": str(path), "target": "told"},
            }
        ],
        factors={"batch_size": [1024, 2048]},
        seeds=2,
        epochs=4,
    )

    class Watcher(RunWatcher):
        def __init__(self) -> None:
            self.trials = 0.0

        def epoch(self, loss: float, trials: float) -> None:
            self.trials += trials
            if self.trials >= 1:  # A quarter of each of four trials.
                print(json.dumps({"first": time.time()}), flush=True)
                self.trials = -np.inf

    with contextlib.ExitStack() as stack, tempfile.TemporaryDirectory() as folder:
        executor: Any = InProcessExecutor()
        if workers:
            executor = stack.enter_context(CrewExecutor(WorkerProcesses(workers)))
        dlsuite.run(study, out=folder, executor=executor, watcher=Watcher(), report=False)
        print(json.dumps({"last": time.time()}), flush=True)


def measure(path: Path, workers: int) -> dict[str, Any]:
    """Let a process train, and watch its memory and that of its processes."""
    command = [sys.executable, "-m", "benchmarks.shared_data", "--train", str(path)]
    began = time.time()
    with subprocess.Popen(
        [*command, "--workers", str(workers)], stdout=subprocess.PIPE, text=True
    ) as process:
        samples = []
        while process.poll() is None:
            found = [size for pid in family(process.pid) if (size := proportional_bytes(pid))]
            samples.append((time.time(), sum(found), len(found)))
            time.sleep(_PAUSE)
        assert process.stdout is not None
        told: dict[str, float] = {}
        for line in process.stdout:
            told.update(json.loads(line))
    assert process.returncode == 0
    steady = [sample for sample in samples if told["first"] <= sample[0] <= told["last"]]
    return {
        "processes": max(count for _, _, count in steady),
        "first_epoch_s": round(told["first"] - began, 1),
        "steady_mb": round(median(size for _, size, _ in steady) / 1e6),
        "most_mb": round(max(size for _, size, _ in samples) / 1e6),
    }


def family(pid: int) -> list[int]:
    """A process and all that it has begun, and they."""
    found = [pid]
    for one in found:
        with contextlib.suppress(OSError):
            for thread in Path(f"/proc/{one}/task").iterdir():
                found += map(int, (thread / "children").read_text().split())
    return found


def proportional_bytes(pid: int) -> int:
    """A process's memory, of what several share a part each; 0 if it has ended."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return 1024 * int(line.split()[1])
    return 0


def main() -> None:
    """Measure, and write `shared_data.csv`."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--columns", type=int, default=30)
    parser.add_argument("--label", default="now", help="what is measured, in the column `version`")
    parser.add_argument("--add", action="store_true", help="to what is in the file already")
    parser.add_argument("--scratch", type=Path, help="where the table is, or is to be")
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--train", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--workers", type=int, default=0, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.train:
        train(given.train, given.workers)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = (given.scratch or Path(folder)) / f"table-{given.rows}-{given.columns}.csv"
        if not path.exists():
            write_table(path, given.rows, given.columns)
        with given.out.open("a" if given.add else "w", newline="") as file:
            table = csv.DictWriter(file, COLUMNS, lineterminator="\n")
            if not given.add:
                table.writeheader()
            for name, workers in ((_FIRST, 0), ("in process", 0), ("2 workers", 2)):
                row = {
                    "version": given.label,
                    "executor": name,
                    "rows": given.rows,
                    "columns": given.columns,
                    "table_mb": round(4 * given.rows * given.columns / 1e6),
                    **measure(path, workers),
                }
                if name == _FIRST:
                    continue
                table.writerow(row)
                file.flush()
                print(row, flush=True)


if __name__ == "__main__":
    main()
