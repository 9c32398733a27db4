"""Runs that are killed at random points, and gone on with: do they end with the same bytes?

    python -m benchmarks.kills             # 100 kills in two chains: about half an hour on two cores
    python -m benchmarks.kills --workers 2 --chains 1    # the run or one of its worker processes

A study is run once without a stop. Then chains of runs of it begin, each in a folder of its own: a run is
killed at a random moment between its first breath and its end, and the same command given again, until it
ends by itself; then the chain begins anew. Where it is a worker that is killed, the run goes on; where it is
the run, its workers must go. Every CSV must then be what the uninterrupted run wrote, nothing be set aside
and no checkpoint be left. Populations are kept twice a second here instead of once a minute, so that most
kills find a checkpoint.
"""

import argparse
import math
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

OUT = Path(__file__).parent / "results" / "kills.csv"
ROOT = Path(__file__).resolve().parents[1]

STUDY = """
name = "kills"
seeds = 4
epochs = {epochs}
metrics = ["f1"]

[[tasks]]
model = {{ name = "mlp", units = 32 }}
data = {{ name = "wine", train_size = 100 }}

[[tasks]]
model = {{ name = "cnn", filters = 4, units = 8 }}
data = {{ name = "digits", train_size = 200 }}

[factors]
dropout = [0.0, 0.4]
batch_norm = [false, true]
"""

_PLUGIN = """
import dlsuite
from dlsuite.study import keeping
keeping.SECONDS = {every}

@dlsuite.register_metric("nothing", task_type="classification", greater_is_better=True)
def nothing(y_true, y_pred):
    return 0.0
"""
"""Workers load it as well as the run."""


@dataclass(frozen=True)
class Killed:
    """A run that was killed, or was not: where it stood and how it ended.

    Attributes:
        chain: Which chain it belongs to.
        seconds: When it was killed, after it began; None where it ended by itself.
        finished: Trials in finished parts at its end.
        checkpoints: Checkpoints that were kept at its end.
        victim: Who was killed: the run, or a worker of it, whose run went on to its end.
        workers: How many worker processes it had when it was killed.
        code: Its exit code; negative where a signal ended it.
        same: Whether it ended by itself and every CSV is that of the uninterrupted run.
    """

    chain: int
    seconds: float | None
    finished: int
    checkpoints: int
    code: int
    victim: str
    workers: int
    same: bool | None


class Kills:
    """Chains of killed runs of one study.

    Args:
        folder: Where to work.
        epochs: How long a trial trains.
        every: Seconds between the checkpoints of a population.
        stop: The signal that is sent.
        workers: How many worker processes a run has; a worker is killed as often as a run, if it has some.
    """

    def __init__(
        self, folder: Path, *, epochs: int, every: float, stop: int, workers: int = 0
    ) -> None:
        self.folder, self._stop, self._workers = folder, stop, workers
        self._plugin = folder / "often.py"
        self._plugin.write_text(_PLUGIN.format(every=every))
        self._study = folder / "kills.toml"
        self._study.write_text(STUDY.format(epochs=epochs))
        began = time.monotonic()
        assert self.run(folder / "whole").wait() == 0, "the uninterrupted run failed"
        self.seconds = time.monotonic() - began
        """How long the uninterrupted run took."""
        self.whole = tables(folder / "whole")
        self.trials = len(pd.read_csv(folder / "whole" / "kills" / "trials.csv"))
        self._lock = threading.Lock()
        self.left = 0
        self.until = math.inf
        """When no run is begun any more, but to end what was begun."""

    def run(self, out: Path) -> "subprocess.Popen[bytes]":
        """Begin a run into a folder."""
        out.mkdir(exist_ok=True)
        command = [sys.executable, "-m", "dlsuite", "run", str(self._study)]
        command += ["--plugin", str(self._plugin), "--workers", str(self._workers)]
        with (out / "log").open("ab") as log:
            return subprocess.Popen(
                [*command, "--out", str(out), "--no-report"],
                stdout=log,
                stderr=log,
                cwd=ROOT,
                start_new_session=True,
                env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "2"},
            )

    def chain(self, number: int, seed: int) -> list[Killed]:
        """Kill, go on, and begin anew until no kills are left, then once more to the end."""
        draws, runs, round_ = random.Random(seed), [], 0
        while self._take():
            out = self.folder / f"chain-{number}-{round_}"
            round_ += 1
            ended = False
            while not ended:
                # Once none is left, the last run goes to its end.
                runs.append(self._killed(number, out, draws))
                ended = runs[-1].same is not None
                if not ended and not self._take():
                    runs.append(self._ended(number, out, self.run(out).wait()))
                    return runs
        return runs

    def _take(self) -> bool:
        with self._lock:
            self.left -= 1
            return self.left >= 0 and time.monotonic() < self.until

    def _killed(self, number: int, out: Path, draws: random.Random) -> Killed:
        process = self.run(out)
        seconds = draws.uniform(0.0, self.seconds)
        try:
            return self._ended(number, out, process.wait(seconds))
        except subprocess.TimeoutExpired:
            workers = workers_of(process.pid)
            if workers and draws.random() < 0.5:
                os.kill(draws.choice(workers), self._stop)
                return self._ended(number, out, process.wait(), seconds, len(workers))
            os.kill(process.pid, self._stop)
            code = process.wait()
            wait_for(workers)
            if code == 0:  # It was faster than the signal.
                return self._ended(number, out, code)
        study = out / "kills"
        trials = [len(pd.read_csv(path)) for path in study.glob("parts/[!.]*/trials.csv")]
        kept = len(list(study.glob("checkpoints/[!.]*")))
        when = round(seconds, 2)
        return Killed(number, when, sum(trials), kept, code, "run", len(workers), None)

    def _ended(
        self, number: int, out: Path, code: int, seconds: float | None = None, workers: int = 0
    ) -> Killed:
        """A run that ended by itself, after it was left alone or a worker of it was killed."""
        study = out / "kills"
        left = [*study.glob("rejected/*"), *study.glob("checkpoints/*"), *study.rglob(".*-*")]
        same = code == 0 and tables(out) == self.whole and not left
        if seconds is None:
            with self._lock:  # It killed nobody.
                self.left += 1
            return Killed(number, None, self.trials, 0, code, "", 0, same)
        when = round(seconds, 2)
        return Killed(number, when, self.trials, 0, code, "worker", workers, same)


def workers_of(pid: int) -> list[int]:
    """The worker processes of a run."""
    of_threads = Path(f"/proc/{pid}/task").glob("*/children")
    begun = [int(child) for path in of_threads for child in path.read_text().split()]
    return [child for child in begun if is_worker(child)]


def wait_for(workers: list[int]) -> None:
    """Wait until the workers of a run that was killed have gone.

    Raises:
        AssertionError: One is still there after two minutes; importing TensorFlow can take one.
    """
    until = time.monotonic() + 120
    while left := [worker for worker in workers if is_worker(worker)]:
        assert time.monotonic() < until, f"workers {left} have outlived their run"
        time.sleep(0.2)


def is_worker(process: int) -> bool:
    """Whether a process is there and a worker."""
    try:
        return b"worker_processes" in Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:  # It has gone.
        return False


def tables(out: Path) -> dict[str, bytes]:
    """Every CSV of the study in a folder, by name."""
    return {path.name: path.read_bytes() for path in (out / "kills").glob("*.csv")}


def main() -> int:
    """Kill, go on, compare; write a row a run."""
    given = _arguments()
    with tempfile.TemporaryDirectory() as folder:
        kills = Kills(
            Path(folder),
            epochs=given.epochs,
            every=given.every,
            stop=getattr(signal, f"SIG{given.signal}"),
            workers=given.workers,
        )
        print(f"The uninterrupted run took {kills.seconds:.0f} s.", flush=True)
        kills.left = given.count
        kills.until = time.monotonic() + 60 * given.minutes
        with ThreadPoolExecutor(given.chains) as chains:
            begun = [chains.submit(kills.chain, n, given.seed + n) for n in range(given.chains)]
            runs = [run for chain in begun for run in chain.result()]
    table = pd.DataFrame(runs)
    table.to_csv(given.out, index=False, lineterminator="\n")
    ended, killed = table[table["same"].notna()], table[table["seconds"].notna()]
    workers = (killed["victim"] == "worker").sum()
    codes = sorted(set(killed["code"]))
    print(
        f"{len(killed)} killed by SIG{given.signal} ({workers} of them workers; exit codes {codes}), "
        f"{(killed['checkpoints'] > 0).sum()} with a checkpoint; {len(ended)} runs ended by themselves, "
        f"{(ended['same'] == True).sum()} of them with the same bytes."  # noqa: E712
    )
    return 0 if (ended["same"] == True).all() else 1  # noqa: E712


def _arguments() -> Any:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--count", type=int, default=100, help="how many runs to kill")
    parser.add_argument("--minutes", type=float, default=math.inf, help="stop then if not before")
    parser.add_argument("--chains", type=int, default=2, help="how many at a time")
    parser.add_argument("--workers", type=int, default=0, help="worker processes of a run")
    parser.add_argument("--epochs", type=int, default=300)
    parser.add_argument("--every", type=float, default=0.5, help="seconds between checkpoints")
    parser.add_argument("--signal", default="KILL", choices=["KILL", "INT", "TERM"])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=OUT)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
