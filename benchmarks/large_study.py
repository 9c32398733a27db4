"""A study of 20,000 trials: what it costs to plan, drive, resume, merge and report it. Nothing is trained.

Trials are simulated; all else is what `dlsuite run` does. Each step is a process of its own, so that its peak
of memory is its own, and its seconds count from the process's start. TensorFlow's import and the models that
are built to size populations by are told apart.
"""

import argparse
import contextlib
import csv
import functools
import importlib
import itertools
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.child import peak_megabytes
from benchmarks.processes import ROOT, json_of

SHAPES: dict[str, dict[str, dict[str, list[Any]]]] = {
    "100 conditions": {
        "factors": {
            "learning_rate": [0.0003, 0.001, 0.003, 0.01, 0.03],
            "dropout": [0.0, 0.1, 0.2, 0.3, 0.5],
            "batch_norm": [True, False],
            "weight_decay": [0.0, 0.001],
        },
    },
    "400 conditions": {
        "factors": {
            "learning_rate": [0.0003, 0.001, 0.003, 0.01, 0.03],
            "dropout": [0.0, 0.1, 0.2, 0.3, 0.5],
            "units": [16, 32, 64, 128],
            "batch_norm": [True, False],
            "weight_decay": [0.0, 0.001],
        },
    },
    "50 conditions, 4 tuned values": {
        "factors": {
            "dropout": [0.0, 0.1, 0.2, 0.3, 0.5],
            "units": [8, 16, 32, 64, 128],
            "batch_norm": [True, False],
        },
        "tune": {"learning_rate": [0.001, 0.003, 0.01, 0.03]},
    },
}
"""What is varied, by the study's shape; seeds make up the number of trials."""
STEPS = ("plan", "run", "merge", "resume half", "report", "show")
"""The processes, in order. The one that merges resumes first, which is a figure of its own."""
LIMITS = {"plan": 10, "resume": 10, "resume half": 10, "merge": 60}
"""Seconds that a step may take, where that is settled."""
COLUMNS = (
    "shape",
    "trials",
    "epochs",
    "step",
    "limit_s",
    "seconds",
    "cpu_seconds",
    "apart_s",
    "peak_mb",
    "driver_ms_a_trial",
    "driver_peak_mb",
    "detail",
)


class Stopwatch:
    """Adds up what calls take, by name."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.cpu: dict[str, float] = {}
        self.calls: dict[str, int] = {}

    def watch(self, owner: Any, name: str) -> None:
        """Time every call of a function or method from here on."""
        watched = getattr(owner, name)

        @functools.wraps(watched)
        def timed(*arguments: Any, **named: Any) -> Any:
            return self.time(name, lambda: watched(*arguments, **named))

        setattr(owner, name, timed)

    def time(self, name: str, work: Callable[[], Any]) -> Any:
        """Do something, and add what it took."""
        began, cpu = time.perf_counter(), time.process_time()
        try:
            return work()
        finally:
            self.seconds[name] = self.seconds.get(name, 0) + time.perf_counter() - began
            self.cpu[name] = self.cpu.get(name, 0) + time.process_time() - cpu
            self.calls[name] = self.calls.get(name, 0) + 1


class _Begun(Exception):
    """What is missing is known; nothing more was asked."""


def study_of(shape: str, trials: int, epochs: int) -> Any:
    """The study of a shape, with as many seeds as make up the trials."""
    from dlsuite.spec import parse_study

    varied = SHAPES[shape]
    combinations = 1
    for values in [*varied["factors"].values(), *varied.get("tune", {}).values()]:
        combinations *= len(values)
    return parse_study(
        {
            "name": "large",
            "seeds": max(trials // combinations, 1),
            "epochs": epochs,
            "tasks": [{"model": "mlp", "data": "wine"}],
            **varied,
        }
    )


def measure(step: str, study: Any, out: Path, began: float) -> list[dict[str, Any]]:
    """Take a step, in this process, and say what it took.

    Args:
        step: Which one.
        study: The study.
        out: Where its folder is.
        began: When the process was started.

    Returns:
        A row a figure.
    """
    from benchmarks.simulated_training import SimulatingExecutor
    from dlsuite.study import load_results
    from dlsuite.study.jobs import trial_keys
    from dlsuite.study.run import run
    from dlsuite.study.run_watcher import RunWatcher

    driver = sys.modules["dlsuite.study.run"]
    clock = Stopwatch()
    clock.watch(sys.modules["dlsuite.study.sizes"], "setups_of")
    begun: dict[str, float] = {}

    class Watcher(RunWatcher):
        def begin(self, total: int, finished: int) -> None:
            begun.update(seconds=time.time() - began, cpu=time.process_time())
            begun.update(total=total, finished=finished, peak=peak_megabytes())
            if step == "resume half":
                raise _Begun

    def row(
        seconds: float, cpu: float, name: str = step, apart: float = 0.0, **detail: float
    ) -> dict[str, Any]:
        return {
            "step": name,
            "limit_s": LIMITS.get(name, ""),
            "seconds": round(seconds - apart, 2),
            "cpu_seconds": round(cpu, 2),
            "apart_s": round(apart, 2),
            "peak_mb": round(peak_megabytes()),
            "detail": " ".join(f"{key}={value:.2f}" for key, value in detail.items()),
        }

    def whole(**detail: float) -> dict[str, Any]:
        return row(time.time() - began, time.process_time(), **detail)

    if step == "plan":
        from dlsuite.study.populations import into_populations

        plan = clock.time("make_plan", lambda: driver.make_plan(study))
        clock.time("keys", lambda: trial_keys(plan))
        clock.time("cutting", lambda: [into_populations(group, 20) for group in plan.groups])
        return [whole(**clock.seconds)]
    if step == "report":
        reports = importlib.import_module("dlsuite.study.reports")
        clock.watch(reports, "_draw")
        clock.watch(reports, "planned_trials")
        reports.write_report(load_results(out / study.name))
        return [whole(**clock.seconds)]
    if step == "show":
        from dlsuite.cli import main as command

        sys.argv = ["dlsuite", "show", str(out / study.name)]
        try:
            command()
        except SystemExit as ended:
            assert not ended.code, ended.code
        return [whole()]
    executor = SimulatingExecutor()
    if step in ("run", "resume half"):
        from dlsuite.quiet import import_tensorflow

        clock.time("tensorflow", import_tensorflow)
    clock.watch(driver.ResultsFolder, "add_part")
    clock.watch(driver.ResultsFolder, "parts")
    clock.watch(driver.ResultsFolder, "write")
    clock.watch(driver, "merge")
    clock.watch(driver.TrainedModels, "save_missing")
    with contextlib.suppress(_Begun):
        run(study, out=out, executor=executor, watcher=Watcher(), report=False)
    not_ours = ("tensorflow", "setups_of", "save_missing")
    apart = sum(clock.seconds.get(name, 0) for name in not_ours)
    cpu_apart = sum(clock.cpu.get(name, 0) for name in not_ours)
    if step == "resume half":
        assert 0 < begun["finished"] < begun["total"]
        return [row(begun["seconds"], begun["cpu"] - cpu_apart, apart=apart, **clock.seconds)]
    if step == "run":
        executor.close()
        seconds, cpu = time.time() - began, time.process_time() - cpu_apart
        further = {f"cpu_{name}": taken for name, taken in clock.cpu.items()}
        further |= {"merges": clock.calls["merge"], "begun_mb": begun["peak"]}
        driven = {
            "driver_ms_a_trial": round(1000 * executor.cpu_seconds / begun["total"], 2),
            "driver_peak_mb": round(executor.peak_mb),
        }
        return [row(seconds, cpu, apart=apart, **further) | driven]
    assert begun["finished"] == begun["total"]
    merged = time.time() - began - begun["seconds"]
    cpu = time.process_time() - begun["cpu"] - cpu_apart
    return [
        row(begun["seconds"], begun["cpu"], "resume"),
        row(merged, cpu, "merge", apart=apart, **clock.seconds),
    ]


def measure_all(
    out: Path,
    shapes: list[str],
    steps: list[str],
    *,
    trials: list[int],
    epochs: int,
    scratch: Path,
) -> None:
    """Take steps for every shape and number of trials, and write `large_study.csv` as they end.

    Rows that stand there and are not measured again stay.
    """
    out.mkdir(parents=True, exist_ok=True)
    path = out / "large_study.csv"
    for shape, count in itertools.product(shapes, trials):
        folder = scratch / f"{shape.replace(' ', '_').replace(',', '')}-{count}"
        for step in steps:
            if step == "resume half":
                _set_half_aside(folder / "large")
            arguments = ["--step", step, "--scratch", str(folder), "--shapes", shape]
            arguments += ["--trials", str(count), "--epochs", str(epochs)]
            arguments += ["--began", repr(time.time())]
            rows = json_of("benchmarks.large_study", arguments)["rows"]
            about = {"shape": shape, "trials": count, "epochs": epochs}
            _write(path, [about | row for row in rows])
            for row in rows:
                driven = row.get("driver_ms_a_trial")
                print(
                    f"{shape}, {count} trials, {row['step']}: {row['seconds']} s ({row['cpu_seconds']} s of "
                    f"the processor, {row['apart_s']} s apart), {row['peak_mb']} MB; {row['detail']}"
                    + (f"; {driven} ms a trial, {row['driver_peak_mb']} MB" if driven else ""),
                    flush=True,
                )
            if step == "resume half":
                _put_back(folder / "large")


def _write(path: Path, rows: list[dict[str, Any]]) -> None:
    """Put rows in the place of those of the same step, shape and size, or behind all others."""
    named = ("shape", "trials", "epochs", "step")
    written: dict[tuple[str, ...], dict[str, Any]] = {}
    before = list(csv.DictReader(path.open(newline=""))) if path.exists() else []
    for row in (*before, *rows):
        written[tuple(str(row[name]) for name in named)] = row
    with path.open("w", newline="") as file:
        table = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        table.writeheader()
        table.writerows(written.values())


def _set_half_aside(study: Path) -> None:
    aside = study.with_name("aside")
    aside.mkdir()
    for place, part in enumerate(sorted((study / "parts").iterdir())):
        if place % 2:
            part.rename(aside / part.name)


def _put_back(study: Path) -> None:
    for part in study.with_name("aside").iterdir():
        part.rename(study / "parts" / part.name)
    study.with_name("aside").rmdir()


def main() -> None:
    """Measure, each step in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, nargs="+", default=[2_000, 20_000])
    parser.add_argument("--epochs", type=int, default=50)
    parser.add_argument("--shapes", nargs="+", choices=SHAPES, default=list(SHAPES))
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks/results")
    parser.add_argument("--scratch", type=Path, help="where the studies are written and left")
    parser.add_argument("--steps", nargs="+", choices=STEPS, default=list(STEPS))
    parser.add_argument("--step", choices=STEPS, help=argparse.SUPPRESS)
    parser.add_argument("--began", type=float, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.step:
        study = study_of(given.shapes[0], given.trials[0], given.epochs)
        rows = measure(given.step, study, given.scratch, given.began)
        print(json.dumps({"rows": rows}))
        return
    scratch = given.scratch or Path(tempfile.mkdtemp(prefix="large_study-"))
    try:
        measure_all(
            given.out,
            given.shapes,
            given.steps,
            trials=given.trials,
            epochs=given.epochs,
            scratch=scratch,
        )
    finally:
        if not given.scratch:
            shutil.rmtree(scratch)


if __name__ == "__main__":
    main()
