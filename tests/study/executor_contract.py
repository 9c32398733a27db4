"""What every executor must do, whatever it trains with; a test class a kind of executor takes it on."""

import contextlib
import math
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from dlsuite.data import Gathered, windows
from dlsuite.errors import DataError
from dlsuite.models import add_model, keyword_builder, unregister_model
from dlsuite.spec import Study
from dlsuite.spec.metrics import register_metric, unregister_metric
from dlsuite.study import Executor, InProcessExecutor, load_plugins, make_plan, run
from dlsuite.study.interrupts import InterruptedRunError
from dlsuite.study.run_watcher import RunWatcher
from dlsuite.study.setups import load
from dlsuite.training.trainer import Trainer

Make = Callable[..., Study]
TWO = {
    "tasks": [{"model": {"name": "mlp", "units": 4}, "data": "wine"}],
    "factors": {"train_size": [30, 40], "dropout": [0.0, 0.5]},
}
"""Two populations, of two conditions each."""
LONG = 1000
"""Epochs, so that a population is still trained when somebody has been told that it is."""


MISHAPS = """
from pathlib import Path
import dlsuite
import tensorflow as tf
from dlsuite.errors import DataError
from dlsuite.training.trainer import Trainer

@dlsuite.register_metric("half", task_type="classification", greater_is_better=True)
def half(y_true, y_pred):
    return 0.5

plain = Trainer.train

def train(self, setups, data, **options):
    mishap = Path({mishap!r})
    said = mishap.read_text() if mishap.exists() and len(data.train) == 40 else ""
    if said == "memory" and (options["members"] or 20) > 10:
        raise tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor")
    if said == "data":
        raise DataError("the file is gone")
    if said == "mistake":
        raise RuntimeError("the model's own mistake")
    return plain(self, setups, data, **options)

Trainer.train = train
"""
"""A plugin, which workers load as well, that lets the training of some trials fail."""


class Watching(RunWatcher):
    """Adds up what it is told; may do something at an epoch."""

    def __init__(self, act: Callable[[float], object] = lambda trials: None) -> None:
        self.trials = 0.0
        self.lines: list[str] = []
        self._act = act

    def epoch(self, loss: float, trials: float) -> None:
        self.trials += trials
        self._act(self.trials)

    def say(self, line: str) -> None:
        self.lines.append(line)


def tables(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("*.csv")}


class ExecutorContract:
    """Subclasses have a fixture `theirs`: the executor."""

    @pytest.fixture
    def whole(self, executor: InProcessExecutor, tmp_path: Path) -> Callable[[Study], Path]:
        """Trains a study in this process."""

        def train(study: Study) -> Path:
            out = tmp_path / "whole"
            return run(study, out=out, executor=executor, report=False).folder

        return train

    def test_the_tables_are_the_same_to_the_byte(
        self, theirs: Executor, small: Make, whole: Callable[[Study], Path], tmp_path: Path
    ) -> None:
        study = small(**TWO)
        watcher = Watching()
        results = run(study, out=tmp_path, executor=theirs, watcher=watcher, report=False)
        assert tables(results.folder) == tables(whole(study))
        assert watcher.trials == pytest.approx(len(results.trials))
        assert not watcher.lines

    def test_what_is_stopped_goes_on_to_the_same_bytes(
        self, theirs: Executor, small: Make, whole: Callable[[Study], Path], tmp_path: Path
    ) -> None:
        study = small(**TWO, epochs=LONG)
        watcher = Watching(lambda trials: theirs.stop() if trials > 0.1 else None)
        with pytest.raises(InterruptedRunError):
            run(study, out=tmp_path, executor=theirs, watcher=watcher, report=False)
        assert list((tmp_path / "small" / "checkpoints").glob("*.npz"))
        again = Watching()
        results = run(study, out=tmp_path, executor=theirs, watcher=again, report=False)
        assert tables(results.folder) == tables(whole(study))
        assert again.trials == pytest.approx(8)
        assert not (results.folder / "checkpoints").exists()

    def test_what_fails_is_written_down_and_the_rest_goes_on(
        self, theirs: Executor, small: Make, mishap: Callable[[str], None], tmp_path: Path
    ) -> None:
        mishap("mistake")
        watcher = Watching()
        results = run(small(**TWO), out=tmp_path, executor=theirs, watcher=watcher, report=False)
        status = results.trials.groupby("train_size")["status"].agg(set).to_dict()
        assert status == {30: {"completed"}, 40: {"failed"}}
        [line] = watcher.lines
        assert line.startswith("mlp/wine: 4 trials failed: ") and "own mistake" in line
        [error] = (results.folder / "parts").glob("*/error.txt")
        assert "in train" in error.read_text()

    def test_what_takes_too_much_memory_is_halved_and_marked(
        self, theirs: Executor, small: Make, mishap: Callable[[str], None], tmp_path: Path
    ) -> None:
        mishap("memory")
        watcher = Watching()
        results = run(small(**TWO), out=tmp_path, executor=theirs, watcher=watcher, report=False)
        assert list(results.trials["status"]) == ["completed"] * 8
        members = results.trials.groupby("train_size")["members"].agg(set).to_dict()
        assert members == {30: {20}, 40: {10}}
        [line] = watcher.lines
        assert line.startswith("mlp/wine: trained in a population of 10 members: ")
        assert set(results.problems["train_size"]) == {40}
        assert watcher.trials == pytest.approx(8)

    def test_a_model_of_ones_own_is_trained(
        self, theirs: Executor, small: Make, whole: Callable[[Study], Path], tmp_path: Path
    ) -> None:
        def plain(input_shape: tuple[int, ...], outputs: int, width: int = 3) -> object:
            import keras

            layers = [keras.layers.Dense(width, "relu"), keras.layers.Dense(outputs)]
            return keras.Sequential([keras.Input(input_shape), *layers])

        add_model("plain", keyword_builder(plain))
        try:
            study = small(tasks=[{"model": "plain", "data": "wine"}], factors={"width": [2, 3]})
            results = run(study, out=tmp_path, executor=theirs, report=False)
            assert tables(results.folder) == tables(whole(study))
        finally:
            unregister_model("plain")

    @pytest.mark.parametrize("kind", ["image", "series"])
    def test_what_is_gathered_from_a_store_is_trained_on(
        self,
        kind: str,
        theirs: Executor,
        small: Make,
        whole: Callable[[Study], Path],
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
        monkeypatch.setattr(windows, "_SMALL", 0)  # Windows are not made arrays, however few.
        if kind == "image":
            data: dict[str, Any] = {"path": str(pets(tmp_path / "pets")), "input_scaling": "none"}
        else:
            rows = "".join(f"{math.sin(i)},{i % 7}\n" for i in range(90))
            (tmp_path / "series.csv").write_text("x,y\n" + rows)
            data = {"path": str(tmp_path / "series.csv"), "target": "x", "window": 5}
        model: dict[str, Any] = {"name": "gru", "units": [3]}
        if kind == "image":
            model = {"name": "cnn", "filters": [2], "units": [3]}
        study = small(
            tasks=[{"model": model, "data": data}],
            factors={"label_noise": [0.0, 0.2]},  # Two populations of one shape.
            epochs=1,
        )
        assert isinstance(load(make_plan(study).trials[0]).train.x, Gathered)
        results = run(study, out=tmp_path, executor=theirs, report=False)
        assert tables(results.folder) == tables(whole(study))

    def test_an_error_that_no_other_is_spared_ends_the_run(
        self, theirs: Executor, small: Make, mishap: Callable[[str], None], tmp_path: Path
    ) -> None:
        mishap("data")
        with pytest.raises(DataError, match="the file is gone"):
            run(small(**TWO), out=tmp_path, executor=theirs, report=False)

    def test_a_metric_of_ones_own_is_computed(
        self, theirs: Executor, small: Make, whole: Callable[[Study], Path], tmp_path: Path
    ) -> None:
        @register_metric("zeros", task_type="classification", greater_is_better=True)
        def zeros(y_true: np.ndarray, y_pred: np.ndarray) -> float:
            return float(np.mean(np.argmax(y_pred, axis=-1) == 0))

        try:
            study = small(**TWO, metrics=["zeros"])
            results = run(study, out=tmp_path, executor=theirs, report=False)
            assert "test_zeros" in results.trials
            assert tables(results.folder) == tables(whole(study))
        finally:
            unregister_metric("zeros")

    def test_an_error_of_the_watcher_ends_the_run(
        self, theirs: Executor, small: Make, tmp_path: Path
    ) -> None:
        def falls(trials: float) -> None:
            raise RuntimeError("the watcher fell asleep")

        with pytest.raises(RuntimeError, match="fell asleep"):
            run(
                small(epochs=500),
                out=tmp_path,
                executor=theirs,
                watcher=Watching(falls),
                report=False,
            )

    @pytest.fixture
    def mishap(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> Iterator[Callable[[str], None]]:
        """Lets the training of trials with 40 examples fail, here and in workers, in a given way."""
        said, plugin = tmp_path / "said", tmp_path / "mishaps.py"
        plugin.write_text(MISHAPS.format(mishap=str(said)))
        monkeypatch.setattr(Trainer, "train", Trainer.train)  # As it was, at the end.
        load_plugins([plugin])
        yield lambda how: said.write_text(how) and None
        said.unlink(missing_ok=True)  # Workers keep the patched class.
        unregister_metric("half")


class CrewContract(ExecutorContract):
    """Subclasses also have `named`, what a worker is called, and `told`, what is said of a lost one."""

    def test_a_killed_worker_is_replaced(
        self,
        theirs: Executor,
        named: bytes,
        told: str,
        small: Make,
        whole: Callable[[Study], Path],
        tmp_path: Path,
    ) -> None:
        killed: list[int] = []

        def kill(trials: float) -> None:
            if not killed and trials > 0.1:
                killed.append(begun_here(named)[0])
                os.kill(killed[0], signal.SIGKILL)

        study = small(**TWO, epochs=LONG)
        watcher = Watching(kill)
        results = run(study, out=tmp_path, executor=theirs, watcher=watcher, report=False)
        assert tables(results.folder) == tables(whole(study))
        [line] = watcher.lines
        assert told.format(pid=killed[0]) in line
        assert watcher.trials == pytest.approx(8)


def pets(folder: Path) -> Path:
    """A folder of images of two classes."""
    draws = np.random.default_rng(0)
    for number in range(40):
        path = folder / ("cat", "dog")[number % 2] / f"{number:02}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(draws.integers(0, 256, (6, 6, 3), dtype=np.uint8)).save(path)
    return folder


def begun_here(text: bytes) -> list[int]:
    """Processes of this one, and theirs, that have a text in their command line."""
    found, parents = [], {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            status = (folder / "stat").read_text().rpartition(")")[2].split()
            parents[int(folder.name)] = int(status[1])
            if text in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
    return sorted(pid for pid in found if os.getpid() in lineage(pid, parents))


def lineage(pid: int, parents: dict[int, int]) -> list[int]:
    line = [pid]
    while line[-1] in parents:
        line.append(parents[line[-1]])
    return line[1:]
