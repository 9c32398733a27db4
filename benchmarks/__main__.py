"""The command: `python -m benchmarks`."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks.cases import CASES
from benchmarks.peers import PEERS
from benchmarks.processes import ROOT
from benchmarks.rounds import run_peers
from benchmarks.study import grid, run_study


def main() -> int:
    """Run what is asked for, then write the report; returns the exit code."""
    given = _parser().parse_args()
    failures: list[str] = []
    if given.part in ("all", "peers"):
        failures = run_peers(
            given.out,
            cases=given.cases,
            peers=given.peers,
            repeats=given.repeats,
            models=given.models,
            epochs=given.epochs,
            steps=given.steps,
        )
    if given.part in ("all", "study"):
        run_study(
            given.out,
            trials=given.trials,
            epochs=given.study_epochs,
            repeats=given.study_repeats,
        )
    # Only now: a child's peak memory begins at its parent's, which must not hold pandas yet.
    from benchmarks.report import write_report

    for path in write_report(given.out):
        print(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path)
    for failure in failures:
        print(f"\n{failure}", file=sys.stderr)
    return 1 if failures else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Train the same models by the suite and by its peers, side by side.",
    )
    parts = ("all", "peers", "study", "report")
    parser.add_argument("part", nargs="?", choices=parts, default="all")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results")
    peers = parser.add_argument_group("peers")
    peers.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES))
    peers.add_argument("--peers", nargs="+", choices=PEERS, default=list(PEERS))
    peers.add_argument("--repeats", type=_at_least(1), default=5, help="rounds")
    peers.add_argument(
        "--models",
        type=_at_least(1),
        default=3,
        help="how many models a peer trains that trains them one after another (3)",
    )
    peers.add_argument(
        "--epochs", type=_at_least(2), default=5, help="the first is not counted (5)"
    )
    peers.add_argument("--steps", type=_at_least(1), help="steps in an epoch, for a quick look")
    study = parser.add_argument_group("study")
    study.add_argument("--trials", type=_trials, default=100)
    study.add_argument("--study-epochs", type=_at_least(1), default=20)
    study.add_argument("--study-repeats", type=_at_least(1), default=1)
    return parser


def _at_least(least: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        if int(text) < least:
            raise argparse.ArgumentTypeError(f"expected {least} or more; got {text}")
        return int(text)

    return number


def _trials(text: str) -> int:
    try:
        grid(int(text))
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
