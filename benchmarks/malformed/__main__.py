"""Malformed inputs: thousands of each kind, and whether each ends in a result or in one clear line.

    python -m benchmarks.malformed                    # 1,000 of every kind: an hour on two cores
    python -m benchmarks.malformed --kind csv --count 100
    python -m benchmarks.malformed --kind csv --input 17      # this one again, with its traceback
    python -m benchmarks.malformed --kind csv --input 17 --keep /tmp/it
    python -m benchmarks.malformed --guided 300               # led by coverage, with atheris

Inputs follow from the seed, the kind and their number alone. Any end but a result or a `DlsuiteError` is a
bug, and so are a hang and more than 2 GiB of memory: the exit code is 1.
"""

import argparse
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd

from benchmarks.malformed.catalog import KINDS
from benchmarks.malformed.guided import MODULES, guide
from benchmarks.malformed.kinds import InputKind, feed_input, write_input
from benchmarks.malformed.processes import ERROR, ESCAPED, HUNG, MEMORY, RESULT, Outcome, outcomes

OUT = Path(__file__).parent.parent / "results" / "malformed.csv"
_SHOWN = 3
"""How many inputs are named for each bug."""


def main() -> int:
    """Feed the inputs that are asked for, print the bugs, and write a row for each kind."""
    given = _arguments()
    if given.guided:
        return guide([name for name in given.kind or MODULES if name in MODULES], given.guided)
    kinds = [KINDS[name] for name in given.kind or KINDS]
    with tempfile.TemporaryDirectory(prefix="malformed-") as place:
        os.environ["XDG_CACHE_HOME"] = str(Path(place) / "cache")
        if given.input is not None:
            return _again(kinds[0], given.input, given.seed, given.keep or Path(place) / "input")
        rows = []
        for kind in kinds:
            row = _row(kind, given, Path(place) / "inputs")
            rows.append(row)
            print(pd.DataFrame([row]).to_string(index=False, header=len(rows) == 1), flush=True)
    if given.out:
        _write(rows, given.out)
    return int(any(row["escaped"] or row["hung"] or row["over_memory"] for row in rows))


def _row(kind: InputKind, given: argparse.Namespace, folder: Path) -> dict[str, object]:
    kind.prepare()
    began = time.monotonic()
    found: list[Outcome] = []
    bugs: dict[str, list[int]] = {}
    for outcome in outcomes(
        kind,
        count=given.count,
        seed=given.seed,
        folder=folder,
        seconds=given.seconds,
        jobs=given.jobs,
    ):
        found.append(outcome)
        if outcome.what in (RESULT, ERROR):
            continue
        bug = f"{outcome.what}: {outcome.place}"
        if bug not in bugs:
            print(f"--- {kind.name} {outcome.number}: {bug}\n{outcome.message}", flush=True)
        bugs.setdefault(bug, []).append(outcome.number)
    for bug, numbers in bugs.items():
        shown = ", ".join(map(str, sorted(numbers)[:_SHOWN]))
        print(f"--- {kind.name}: {len(numbers)} inputs, as {shown}: {bug}")
    if given.messages:
        for outcome in sorted(found, key=lambda outcome: outcome.number):
            print(f"{outcome.number}: {outcome.what}: {outcome.message[:400]!r}")
    ends = [outcome.what for outcome in found]
    return {
        "kind": kind.name,
        "inputs": len(found),
        "results": ends.count(RESULT),
        "errors": ends.count(ERROR),
        "escaped": ends.count(ESCAPED),
        "hung": ends.count(HUNG),
        "over_memory": ends.count(MEMORY),
        "seconds": round(time.monotonic() - began, 1),
        "slowest_s": round(max(outcome.seconds for outcome in found), 2),
        "most_mib": round(max(outcome.mib for outcome in found)),
    }


def _again(kind: InputKind, number: int, seed: int, folder: Path) -> int:
    """Feed one input in this process, and let whatever is raised out."""
    shutil.rmtree(folder, ignore_errors=True)
    write_input(kind, folder, seed=seed, number=number)
    print(f"{folder}: {', '.join(sorted(path.name for path in folder.iterdir()))}", flush=True)
    kind.prepare()
    feed_input(kind, folder)
    print("a result")
    return 0


def _write(rows: list[dict[str, object]], path: Path) -> None:
    """Write the rows; those of kinds that were not run stay."""
    table = pd.DataFrame(rows)
    if path.exists():
        before = pd.read_csv(path)
        table = pd.concat([before[~before["kind"].isin(table["kind"])], table])
    order = {name: place for place, name in enumerate(KINDS)}
    table = table.sort_values("kind", key=lambda names: names.map(order))
    table.to_csv(path, index=False, lineterminator="\n")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.malformed")
    parser.add_argument("--kind", nargs="+", choices=[*KINDS, "dates"], help="all if absent")
    parser.add_argument("--count", type=int, default=1000, help="inputs of each kind")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=20.0, help="how long an input may take")
    parser.add_argument("--jobs", type=int, default=2, help="processes at once")
    parser.add_argument("--input", type=int, help="feed this one again, in the open")
    parser.add_argument("--keep", type=Path, help="where to leave it")
    parser.add_argument("--messages", action="store_true", help="print what every input ends in")
    parser.add_argument("--guided", type=int, help="seconds of fuzzing led by coverage")
    parser.add_argument("--out", type=Path, help=f"the CSV, as {OUT}; none if absent")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
