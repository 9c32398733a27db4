"""One peer on one case, in a process of its own: prints one line of JSON. Started by `benchmarks.runner`."""

import argparse
import json
import resource
import sys

from benchmarks.cases import CASES
from benchmarks.peers import PEERS


def peak_megabytes() -> float:
    """The most memory that this process has held, imports included."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10


def main() -> None:
    """Train and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("peer", choices=PEERS)
    parser.add_argument("case", choices=CASES)
    parser.add_argument("--models", type=int, required=True)
    parser.add_argument("--epochs", type=int, required=True)
    parser.add_argument("--steps", type=int)
    given = parser.parse_args()
    case = CASES[given.case].shortened(given.steps)
    measured = PEERS[given.peer].run(
        case, models=min(given.models, case.members), epochs=given.epochs
    )
    row = {"peer": given.peer, **measured.row(case), "peak_mb": peak_megabytes()}
    print(json.dumps(row))


if __name__ == "__main__":
    main()
