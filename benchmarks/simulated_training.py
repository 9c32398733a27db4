"""An executor that trains nothing: curves as training might have drawn them, for studies of any size.

A trial's numbers follow from its key, so that they are the same whatever population it is in. Layers, the
number of parameters and the weights' shapes are those of the real model.
"""

import json
import math
import multiprocessing
import pickle
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from pathlib import Path
from typing import Any, NamedTuple

import cloudpickle
import numpy as np
import pandas as pd

from benchmarks.child import peak_megabytes
from dlsuite.quiet import import_tensorflow
from dlsuite.spec.values import thaw
from dlsuite.store import Part, Weights
from dlsuite.study import CrewExecutor, Job
from dlsuite.study.attempts import Outcome
from dlsuite.study.crew import Crew, Ended, Event, Progress
from dlsuite.study.executors import Watcher
from dlsuite.study.setups import load, setups_of
from dlsuite.study.trial import Trial
from dlsuite.study.workplace import Workplace

MEMBERS = 20
"""What a part says of the size of its population."""


class Network(NamedTuple):
    """What is known of a model without training it."""

    layers: tuple[str, ...]
    activations: tuple[str, ...]
    weights: Weights
    parameters: int


class SimulatingCrew(Crew):
    """One process beside the driver's, which simulates a population while the driver keeps the one before.

    Jobs go there and parts come back as they do with `WorkerProcesses`.

    Attributes:
        begun: The processor's seconds that the driver had taken when the run began.
    """

    size = 2

    def __init__(self) -> None:
        self.begun = 0.0
        self._process = ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))
        self._running: dict[Future[Part], tuple[int, Job]] = {}

    def open(self, place: Workplace, logs: Path | None) -> None:
        """A run begins."""
        self.begun = time.process_time()

    def begin(self, worker: int, job: Job) -> None:
        """Let a population be simulated."""
        self._running[self._process.submit(_simulated, cloudpickle.dumps(job))] = worker, job

    def events(self, seconds: float) -> list[tuple[int, Event]]:
        """Those populations that are there."""
        told: list[tuple[int, Event]] = []
        for future in wait(self._running, seconds, FIRST_COMPLETED).done:
            worker, job = self._running.pop(future)
            told.append((worker, Progress(0.5, len(job.trials))))
            told.append((worker, Ended(Outcome(future.result()))))
        return told

    def stop(self) -> None:
        """Simulating a population takes no time that would be worth it."""

    def close(self, *, at_once: bool = False) -> None:
        """End the process."""
        self._process.shutdown(cancel_futures=True)


class SimulatingExecutor(CrewExecutor):
    """Hands over parts of simulated trials, and measures what driving them takes.

    Attributes:
        cpu_seconds: The processor's seconds that the driver has taken, in all of its threads, from the first
            job to the last part kept.
        peak_mb: The most memory that it had held by then.
    """

    def __init__(self) -> None:
        self._simulating = SimulatingCrew()
        super().__init__(self._simulating)
        self.cpu_seconds = self.peak_mb = 0.0

    def run(self, jobs: Sequence[Job], watcher: Watcher) -> Iterator[Part]:
        """Simulate the populations."""
        yield from super().run(jobs, watcher)
        if jobs:
            self.cpu_seconds = time.process_time() - self._simulating.begun
            self.peak_mb = peak_megabytes()


_networks: dict[str, Network] = {}


def _simulated(pickled: bytes) -> Part:
    """Simulate a population, in a process of its own."""
    job: Job = pickle.loads(pickled)
    structure = job.trials[0].structure
    if structure not in _networks:
        _networks[structure] = network_of(job.trials[0])
    return simulated_part(job, _networks[structure])


def network_of(trial: Trial) -> Network:
    """Build a trial's model, and look at it."""
    import_tensorflow()
    (setup,) = setups_of([trial], load(trial))
    model = setup.model
    inner = [layer for layer in model.layers if "activation" in layer.name]
    return Network(
        layers=tuple(layer.name for layer in model.layers if layer.trainable_weights),
        activations=tuple(layer.name for layer in inner),
        weights=model.get_weights(),
        parameters=sum(math.prod(variable.shape) for variable in model.trainable_variables),
    )


def simulated_part(job: Job, network: Network) -> Part:
    """Simulate a population."""
    task_type = load(job.trials[0]).task_type
    found = [_trial(trial, key, task_type) for trial, key in zip(job.trials, job.keys, strict=True)]
    integers = {"diverged_epoch": "Int64", "best_epoch": "Int64"}
    rows = [{**row, "parameters": network.parameters, "members": MEMBERS} for row, _ in found]
    curves = pd.concat([curve for _, curve in found], ignore_index=True)
    layers = [_layers(network, key, curve) for key, (_, curve) in zip(job.keys, found, strict=True)]
    return Part.of(
        trials=pd.DataFrame(rows).astype(integers),
        curves=curves,
        layers=pd.concat(layers, ignore_index=True),
        weights=_best_weights(job, [row for row, _ in found], network),
    )


def _trial(trial: Trial, key: str, task_type: str) -> tuple[dict[str, Any], pd.DataFrame]:
    """A trial's row and its curves: a fall that a better rate makes faster, a turn, noise."""
    draws = np.random.default_rng(int(key, 16))
    epochs = np.arange(trial.epochs + 1)
    rate = trial.training.learning_rate
    dropout = float(trial.model_settings.get("dropout", 0.0))
    speed = 12.0 / trial.epochs * math.exp(-0.5 * (math.log10(rate) + 2.5) ** 2)
    kept = np.exp(-speed * epochs)
    late = np.clip(epochs / trial.epochs - draws.uniform(0.3, 0.9), 0, None)
    start = draws.normal(1.1, 0.1)
    noise = draws.normal(1.0, 0.02, size=(3, epochs.size))
    train = (0.05 + 0.2 * dropout + (start - 0.05) * kept) * noise[0]
    validation = (0.15 + 0.1 * dropout + (start - 0.1) * kept + 0.4 * (1 - dropout) * late) * noise[
        1
    ]
    curves = {"train_loss": train, "val_loss": validation}
    for split, losses in (("train", train), ("val", validation)):
        curves |= {f"{split}_{name}": score for name, score in _scores(losses, task_type).items()}
    steps = np.full(epochs.size, np.nan)
    curves["gradient_norm"] = np.where(epochs > 0, kept * noise[2], steps)
    curves["step_loss_spread"] = np.where(epochs > 0, 0.1 * kept * noise[2], steps)
    frame = pd.DataFrame({"trial": key, "epoch": epochs, **curves})
    row: dict[str, Any] = {"trial": key, "status": "completed", "diverged_epoch": None}
    if draws.random() < (0.2 if rate > 0.02 else 0.005):
        ended = int(draws.integers(0, trial.epochs + 1))
        row |= {"status": "diverged", "diverged_epoch": ended, "epochs": trial.epochs}
        return {**row, "best_epoch": None}, frame.iloc[:ended]
    best = int(np.argmin(validation[1:])) + 1
    row |= {"epochs": trial.epochs, "best_epoch": best}
    row |= {"unit_correlation": draws.uniform(0.2, 0.4), "lesion_loss": draws.uniform(0.1, 0.3)}
    test = _scores(validation[best] * draws.normal(1.0, 0.05, 1), task_type)
    for name in ("loss", *test):
        for when, at in (("best", best), ("last", trial.epochs)):
            ours, theirs = (float(curves[f"{split}_{name}"][at]) for split in ("train", "val"))
            gap = ours - theirs if name == "accuracy" else theirs - ours
            row |= {f"train_{name}_{when}": ours, f"val_{name}_{when}": theirs}
            row[f"gap_{name}_{when}"] = gap
    row["test_loss"] = float(validation[best] * draws.normal(1.0, 0.05))
    return row | {f"test_{name}": float(score[0]) for name, score in test.items()}, frame


def _scores(losses: np.ndarray, task_type: str) -> dict[str, np.ndarray]:
    if task_type == "classification":
        return {"accuracy": np.clip(np.round(36 * (1.05 - 0.6 * losses)), 0, 36) / 36}
    return {"rmse": 50 * np.sqrt(np.abs(losses)), "mae": 40 * np.sqrt(np.abs(losses))}


def _layers(network: Network, key: str, curves: pd.DataFrame) -> pd.DataFrame:
    """A row an epoch and layer, as the trainer writes them: those with weights, then activations."""
    names = [*network.layers, *network.activations]
    inner, count = len(network.layers), len(curves)
    places = np.arange(1, inner + 1)
    norms = curves["gradient_norm"].to_numpy()[:, None]
    columns = {
        name: np.full((count, len(names)), np.nan) for name in ("gradient_norm", "weight_norm")
    }
    columns |= {
        name: np.full((count, len(names)), np.nan) for name in ("update_ratio", "dead_units")
    }
    columns["gradient_norm"][:, :inner] = norms / places
    columns["weight_norm"][:, :inner] = 4 + places + 0.1 * curves["train_loss"].to_numpy()[:, None]
    columns["update_ratio"][:, :inner] = 0.005 * norms * places
    columns["dead_units"][:, inner:] = np.round(8 * np.nan_to_num(norms)) / 64
    return pd.DataFrame(
        {
            "trial": key,
            "epoch": np.repeat(curves["epoch"].to_numpy(), len(names)),
            "layer": names * count,
            **{name: values.ravel() for name, values in columns.items()},
        }
    )


def _best_weights(job: Job, rows: Sequence[dict[str, Any]], network: Network) -> dict[str, Weights]:
    """Those of each condition's best seed, with each of its tuned values, as executors keep them."""
    best: dict[str, tuple[float, str]] = {}
    for trial, row in zip(job.trials, rows, strict=True):
        if row["status"] == "completed":
            candidate = trial.condition + json.dumps(thaw(trial.tuned))
            best[candidate] = min(
                best.get(candidate, (math.inf, "")), (row["val_loss_best"], row["trial"])
            )
    return {key: network.weights for _, key in best.values()}
