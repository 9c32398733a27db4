"""What keeping costs: the share of a study's time that goes into parts, tables and checkpoints.

    python -m benchmarks.overhead          # the shipped dropout study: five minutes on two cores

The calls that keep something are timed inside one real run, so that a noisy machine weighs on both sides
alike. Parts and tables are written by the main thread, while populations train in others; checkpoints by the
population's own thread. Parts and tables are set against the time of the run, checkpoints against the time of
all its threads. Figures and models are not among them: they are made once, at the end.
"""

import argparse
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

import dlsuite
from dlsuite.spec import read_study
from dlsuite.store import ResultsFolder
from dlsuite.study import find_study, keeping
from dlsuite.training.lanes import lanes

OUT = Path(__file__).parent / "results" / "overhead.csv"


class Spent:
    """Seconds spent in some calls, by name, over all threads."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.calls: dict[str, int] = {}
        self._lock = threading.Lock()

    def watch(self, owner: type, method: str, name: str) -> None:
        """Time a method of a class, from now on."""
        plain: Callable[..., Any] = getattr(owner, method)
        self.seconds.setdefault(name, 0.0)
        self.calls.setdefault(name, 0)

        def timed(*args: Any, **kwargs: Any) -> Any:
            began = time.monotonic()
            try:
                return plain(*args, **kwargs)
            finally:
                with self._lock:
                    self.seconds[name] += time.monotonic() - began
                    self.calls[name] += 1

        setattr(owner, method, timed)


def main() -> None:
    """Run the study, and write a row for each kind of call."""
    given = _arguments()
    keeping.SECONDS = given.every
    spent = Spent()
    spent.watch(ResultsFolder, "add_part", "parts")
    spent.watch(ResultsFolder, "parts", "reading parts")
    spent.watch(ResultsFolder, "write", "tables")
    spent.watch(keeping.PopulationKeeper, "keep", "checkpoints")
    study = read_study(find_study(given.study), overrides=given.set)
    with tempfile.TemporaryDirectory() as out:
        began = time.monotonic()
        results = dlsuite.run(study, out=out, report=False)
        seconds = time.monotonic() - began
        trials = len(results.trials)
    rows = [
        {
            "kept": name,
            "calls": spent.calls[name],
            "seconds": own,
            "share": own / (seconds * (lanes() if name == "checkpoints" else 1)),
        }
        for name, own in spent.seconds.items()
    ]
    table = pd.DataFrame(rows)
    total = {
        "kept": f"all, of {trials} trials in {seconds:.0f} s, a checkpoint every {given.every:g} s",
        "calls": table["calls"].sum(),
        "seconds": table["seconds"].sum(),
        "share": table["share"].sum(),
    }
    table = pd.concat([table, pd.DataFrame([total])], ignore_index=True)
    table.to_csv(given.out, index=False, float_format="%.4f", lineterminator="\n")
    print(table.to_string(index=False))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--study", default="dropout")
    parser.add_argument(
        "--set", action="append", default=[], help="an override, as dlsuite run takes it"
    )
    parser.add_argument(
        "--every", type=float, default=keeping.SECONDS, help="seconds between checkpoints"
    )
    parser.add_argument("--out", type=Path, default=OUT)
    return parser.parse_args()


if __name__ == "__main__":
    main()
