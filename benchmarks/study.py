"""A whole study by two programs: a learning-rate study of the ANN, by `dlsuite run` and by KerasTuner.

Both train the same models on the same examples: every learning rate with every seed, evaluated on the
validation split after each epoch. Each is a process of its own, timed from start to exit.
"""

import csv
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.cases import BATCH
from benchmarks.peers import PEERS
from benchmarks.processes import run_module

MODEL, DATA = "mlp", "breast_cancer"
RATES = tuple(float(f"{10 ** (-4 + index / 3):.6g}") for index in range(10))
"""The learning rates, three to the decade from 1e-4 to 0.1."""
COLUMNS = ("round", "program", "trials", "epochs", "seconds")

FIRST, AGAIN = "dlsuite run", "dlsuite run, graphs compiled by an earlier run"
"""The suite with nothing compiled before, and with its cache of compiled graphs."""

_TOML = """\
name = "benchmark"
seeds = {seeds}
epochs = {epochs}

[[tasks]]
model = "{model}"
data = "{data}"

[factors]
learning_rate = {rates}

[fixed]
optimizer = "adam"
batch_size = {batch}
"""


def grid(trials: int) -> tuple[list[float], int]:
    """Split a number of trials into learning rates and seeds.

    Args:
        trials: Up to 10, one learning rate each; above that a multiple of 10.

    Returns:
        The learning rates and the number of seeds.

    Raises:
        ValueError: The number is no product of the two.
    """
    rates = list(RATES[: min(trials, len(RATES))])
    if trials < 1 or trials % len(rates):
        raise ValueError(f"trials: expected up to {len(RATES)}, or a multiple of it; got {trials}.")
    return rates, trials // len(rates)


def run_study(folder: Path, *, trials: int, epochs: int, repeats: int) -> None:
    """Run the study by both programs in turn, and write `study.csv` as they finish.

    Args:
        folder: Where results are written.
        trials: How many trainings.
        epochs: Epochs of each.
        repeats: How often each program runs.
    """
    folder.mkdir(parents=True, exist_ok=True)
    programs: list[Callable[[int, int], dict[str, float]]] = [_suite_seconds]
    if PEERS["tuner"].installed:
        programs.append(_tuner_seconds)
    else:
        print("KerasTuner: not installed; pip install -e '.[benchmarks]'")
    with (folder / "study.csv").open("w", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(COLUMNS)
        for number in range(1, repeats + 1):
            for program in programs:
                for name, seconds in program(trials, epochs).items():
                    table.writerow([number, name, trials, epochs, round(seconds, 1)])
                    print(
                        f"{number}/{repeats} {name}, {trials} trials: {seconds:.1f} s", flush=True
                    )
                file.flush()


def _suite_seconds(trials: int, epochs: int) -> dict[str, float]:
    """Run twice: with an empty cache of compiled graphs, and with what the first run left in it."""
    rates, seeds = grid(trials)
    text = _TOML.format(
        seeds=seeds, epochs=epochs, model=MODEL, data=DATA, rates=rates, batch=BATCH
    )
    taken = {}
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "benchmark.toml"
        path.write_text(text)
        settings = {"DLSUITE_COMPILATION_CACHE": str(Path(name) / "compiled")}
        for place, program in enumerate((FIRST, AGAIN)):
            out = Path(name) / f"results_{place}"
            _, taken[program] = run_module(
                "dlsuite", ["run", str(path), "--out", str(out)], settings=settings
            )
            with next(out.glob("*/trials.csv")).open(newline="") as file:
                done = len(list(csv.DictReader(file)))
            assert done == trials, f"dlsuite: expected {trials} trials; got {done}."
    return taken


def _tuner_seconds(trials: int, epochs: int) -> dict[str, float]:
    arguments = ["--trials", str(trials), "--epochs", str(epochs)]
    printed, seconds = run_module("benchmarks.tuner_study", arguments)
    done = int(printed.splitlines()[-1])
    assert done == trials, f"KerasTuner: expected {trials} trials; got {done}."
    return {"KerasTuner GridSearch": seconds}
