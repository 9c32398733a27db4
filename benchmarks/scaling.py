"""What more workers bring: one study by this process, by worker processes, and by the nodes of a Ray cluster.

    python -m benchmarks.scaling           # most of an hour on two cores

Each executor trains a first study, whose time counts as its start: processes begin, TensorFlow is imported,
graphs are compiled. Then all of them take turns at the same study with other seeds, in every round. Whatever
trained them, the tables must be the same to the byte. `1 lane` is this process with one population at a time;
`in process` trains as many at once as there are cores. The Ray cluster has two nodes, started on this
machine, with one core each; `1 node` trains one population at a time on it.
"""

import argparse
import contextlib
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from dlsuite.spec import Study, parse_study
from dlsuite.study import CrewExecutor, Executor, InProcessExecutor, WorkerProcesses, run

OUT = Path(__file__).parent / "results" / "scaling.csv"
CASES: dict[str, dict[str, Any]] = {
    "ANN": {
        "tasks": [{"model": {"name": "mlp", "units": 64}, "data": "digits"}],
        "factors": {"dropout": [0.0, 0.1, 0.2, 0.3, 0.5], "weight_decay": [0.0, 0.001]},
        "seeds": 20,
        "epochs": 40,
    },
    "CNN": {
        "tasks": [{"model": "cnn", "data": "digits"}],
        "factors": {"dropout": [0.0, 0.1, 0.3, 0.5]},
        "seeds": 10,
        "epochs": 8,
    },
    "CNN, 40 epochs": {
        "tasks": [{"model": "cnn", "data": "digits"}],
        "factors": {"dropout": [0.0, 0.1, 0.3, 0.5]},
        "seeds": 5,
        "epochs": 40,
    },
    "GRU": {
        "tasks": [{"model": "gru", "data": "sunspots"}],
        "factors": {"dropout": [0.0, 0.1, 0.3, 0.5]},
        "seeds": 10,
        "epochs": 20,
    },
}


def study_of(case: str, first_seed: int) -> Study:
    """A case's study, with its number of seeds from one on."""
    content = CASES[case]
    seeds = list(range(first_seed, first_seed + content["seeds"]))
    return parse_study({**content, "name": "scaling", "seeds": seeds})


@contextlib.contextmanager
def executors(names: list[str]) -> Iterator[dict[str, Executor]]:
    """The executors of some names."""
    with contextlib.ExitStack() as stack:
        made: dict[str, Executor] = {}
        if any("node" in name for name in names):
            import ray
            from ray.cluster_utils import Cluster

            from dlsuite.study import RayTasks

            cluster = Cluster(
                initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False}
            )
            stack.callback(cluster.shutdown)
            cluster.add_node(num_cpus=1)
            ray.init(cluster.address, log_to_driver=False, logging_level="ERROR")
            stack.callback(ray.shutdown)
        for name in names:
            count = int(name.split()[0]) if name[0].isdigit() else 0
            if "node" in name:
                made[name] = stack.enter_context(CrewExecutor(RayTasks(most=count)))
            elif "lane" in name:
                made[name] = InProcessExecutor(count)
            elif count:
                made[name] = stack.enter_context(CrewExecutor(WorkerProcesses(count)))
            else:
                made[name] = InProcessExecutor()
        yield made


def measure(case: str, names: list[str], rounds: int) -> list[dict[str, Any]]:
    """Let executors take turns at a case; a row each and round."""
    rows = []
    with executors(names) as made, tempfile.TemporaryDirectory() as folder:
        for round_ in range(rounds + 1):
            study, tables = study_of(case, 1000 * round_), set()
            order = list(made) if round_ % 2 else list(reversed(made))
            for name in order:
                out = Path(folder) / f"{name}-{round_}"
                began = time.perf_counter()
                results = run(study, out=out, executor=made[name], report=False)
                seconds = time.perf_counter() - began
                tables.add(b"".join(p.read_bytes() for p in sorted(results.folder.glob("*.csv"))))
                rows.append(
                    {
                        "case": case,
                        "executor": name,
                        "trials": len(results.trials),
                        "round": round_,
                        "start": round_ == 0,
                        "seconds": round(seconds, 2),
                    }
                )
                print(rows[-1], flush=True)
            assert len(tables) == 1, "the tables differ"
    return rows


def main() -> None:
    """Measure, and write `scaling.csv`: medians of the rounds, and how many times as fast."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument(
        "--executors",
        nargs="+",
        default=["1 lane", "in process", "2 workers", "1 node", "2 nodes"],
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path, default=OUT)
    given = parser.parse_args()
    rows = [row for case in given.cases for row in measure(case, given.executors, given.rounds)]
    table = pd.DataFrame(rows)
    keys = ["case", "executor", "trials"]
    timed = table[~table["start"]].groupby(keys, sort=False)["seconds"]
    found = timed.median().rename("seconds").to_frame()
    found["least"], found["most"] = timed.min(), timed.max()
    found["start_s"] = table[table["start"]].set_index(keys)["seconds"] - found["seconds"]
    found = found.reset_index()
    for one, other in (
        ("1 lane", "in process"),
        ("1 lane", "2 workers"),
        ("in process", "2 workers"),
        ("1 node", "2 nodes"),
    ):
        for case in given.cases:
            pair = found[found["case"] == case].set_index("executor")["seconds"]
            if {one, other} <= set(pair.index):
                print(f"{case}: {other} {pair[one] / pair[other]:.2f} times as fast as {one}")
    found.to_csv(given.out, index=False, lineterminator="\n")


if __name__ == "__main__":
    main()
