"""One study, started by many at once: one trains, the others leave.

    python -m benchmarks.at_once          # ten processes, three rounds: some minutes on two cores

Every process is `dlsuite run` of the same small study into the same folder, started at the same moment. In a
second part the process that trains is killed, and all start again. Held by assertion: every trial is trained
exactly once and is there at the end, nobody's tables are another's halves, and who leaves says who is at work
and exits with 2.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

OUT = Path(__file__).parent / "results" / "at_once.csv"
STUDY = """
name = "once"
seeds = 2
epochs = 2

[[tasks]]
model = { name = "mlp", units = 4 }
data = { name = "wine", train_size = 40 }

[factors]
batch_size = [10, 20]
"""
TRIALS = 4
_BARRIER = """
import sys, time
from pathlib import Path
import dlsuite.cli
print("ready", flush=True)
sys.stdin.readline()
dlsuite.cli.main()
"""


class Ended(NamedTuple):
    """How a process ended."""

    code: int
    errors: str


def start_at_once(folder: Path, processes: int) -> list["subprocess.Popen[str]"]:
    """Start `dlsuite run` many times, each waiting until all are there, and let them go."""
    study = folder / "once.toml"
    study.write_text(STUDY)
    arguments = ["run", str(study), "--out", str(folder / "results"), "--no-report", "--json"]
    started = [
        subprocess.Popen(
            [sys.executable, "-c", _BARRIER, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        )
        for _ in range(processes)
    ]
    for process in started:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
    for process in started:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    return started


def wait(started: list["subprocess.Popen[str]"]) -> list[Ended]:
    """Wait for all, and say how each ended."""
    ended = []
    for process in started:
        _, errors = process.communicate()
        ended.append(Ended(process.returncode, errors))
    return ended


def check(folder: Path, ended: list[Ended]) -> dict[str, Any]:
    """See that every trial was trained once, and that whoever did not train left cleanly.

    Returns:
        How many ended in which way.
    """
    results = folder / "results" / "once"
    left = [one for one in ended if one.code == 2]
    ran = [one for one in ended if one.code == 0]
    assert ran and len(ran) + len(left) == len(ended), ended
    for one in left:
        assert "another run is at work here" in one.errors, one
        assert "Traceback" not in one.errors, one
    trials = pd.read_csv(results / "trials.csv")
    assert len(trials) == TRIALS and trials["trial"].is_unique
    parts = [pd.read_csv(path) for path in results.glob("parts/*/trials.csv")]
    assert sorted(pd.concat(parts)["trial"]) == sorted(trials["trial"])
    assert not (results / "rejected").exists()
    runs = json.loads((results / "environment.json").read_text())["runs"]
    return {"ran": len(ran), "left": len(left), "trained": sum(run["trained"] for run in runs)}


def kill_holder(folder: Path, started: list["subprocess.Popen[str]"]) -> None:
    """Kill the process that holds the study's folder, once it does."""
    results = folder / "results" / "once"
    while True:
        for claim in results.glob("claim-*.json"):
            try:
                pid = json.loads(claim.read_text())["pid"]
            except (OSError, ValueError):
                continue
            for process in started:
                if process.pid == pid:
                    process.kill()
                    return
        time.sleep(0.01)


def main() -> None:
    """Start them, round after round, and write a row each."""
    given = _arguments()
    rows: list[dict[str, Any]] = []
    for number in range(given.rounds):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            begun = time.perf_counter()
            counts = check(folder, wait(start_at_once(folder, given.processes)))
            assert counts["trained"] == TRIALS, counts
            seconds = time.perf_counter() - begun
            rows.append({"round": number, "killed": 0, "processes": given.processes, **counts})
            rows[-1]["seconds"] = seconds
            print(rows[-1], flush=True)
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            begun = time.perf_counter()
            started = start_at_once(folder, given.processes)
            kill_holder(folder, started)
            wait(started)
            counts = check(folder, wait(start_at_once(folder, given.processes)))
            seconds = time.perf_counter() - begun
            rows.append({"round": number, "killed": 1, "processes": given.processes, **counts})
            rows[-1]["seconds"] = seconds
            print(rows[-1], flush=True)
    pd.DataFrame(rows).to_csv(given.out, index=False, float_format="%.1f", lineterminator="\n")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.at_once")
    parser.add_argument("--processes", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path, default=OUT)
    return parser.parse_args()


if __name__ == "__main__":
    main()
