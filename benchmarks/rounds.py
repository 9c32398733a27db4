"""The rounds: every peer once on every case, and again, so that a slow minute hits all alike."""

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.cases import CASES
from benchmarks.machine import describe_machine
from benchmarks.peers import PEERS
from benchmarks.processes import ChildError, json_of, run_module

COLUMNS = (
    "round",
    "case",
    "peer",
    "members",
    "models",
    "epochs",
    "steps",
    "batch",
    "parameters",
    "step_us",
    "epoch_us",
    "compile_s",
    "process_s",
    "all_members_s",
    "peak_mb",
    "gflops",
)
"""The columns of `runs.csv`; the README says what they mean."""
IDLE_LOAD = 0.5
"""Above this load something else takes a share of the cores."""


def run_peers(
    folder: Path,
    *,
    cases: Sequence[str],
    peers: Sequence[str],
    repeats: int,
    models: int,
    epochs: int,
    steps: int | None,
) -> list[str]:
    """Run the peers, and write `runs.csv` and `machine.json` as they come in.

    Args:
        folder: Where results are written.
        cases: Names of the cases.
        peers: Names of the peers; one that is not installed is left out.
        repeats: Rounds.
        models: How many models a peer trains that trains them one after another.
        epochs: Epochs of each training, 2 or more; the first is not counted.
        steps: Steps in an epoch, in place of the case's own.

    Returns:
        What failed, a message each.
    """
    present = [name for name in peers if PEERS[name].installed]
    for name in set(peers) - set(present):
        print(f"{PEERS[name].title}: not installed; pip install -e '.[benchmarks]'")
    machine = describe_machine()
    if machine["load"] > IDLE_LOAD:
        print(f"The machine is busy (load {machine['load']}): no figure of this run will hold.")
    print(run_module("benchmarks.equality", ["--cases", *cases])[0].rstrip())
    folder.mkdir(parents=True, exist_ok=True)
    options = ["--models", str(models), "--epochs", str(epochs)]
    options += ["--steps", str(steps)] if steps else []
    rates: list[float] = []
    failures: list[str] = []
    with (folder / "runs.csv").open("w", newline="") as file:
        table = csv.DictWriter(file, COLUMNS, extrasaction="ignore", lineterminator="\n")
        table.writeheader()
        for number in range(1, repeats + 1):
            rates.append(json_of("benchmarks.machine")["matmul_gflops"])
            described = machine | {"matmul_gflops": round(median(rates), 1)}
            (folder / "machine.json").write_text(json.dumps(described, indent=2) + "\n")
            for case in cases:
                for peer in present:
                    try:
                        row = json_of("benchmarks.child", [peer, case, *options])
                    except ChildError as error:
                        failures.append(str(error))
                        print(f"{number}/{repeats} {case} {peer}: failed")
                        continue
                    table.writerow(_rounded(row) | {"round": number})
                    file.flush()
                    print(f"{number}/{repeats} {case} {peer}: {row['step_us']:.1f} us", flush=True)
    return failures


def _rounded(row: dict[str, Any]) -> dict[str, Any]:
    """Four digits of what was measured; what all members would take is added."""
    missing = max(CASES[row["case"]].members - row["models"], 0)
    whole = row | {"all_members_s": row["process_s"] + missing * row["next_model_s"]}
    return {k: float(f"{v:.4g}") if isinstance(v, float) else v for k, v in whole.items()}
