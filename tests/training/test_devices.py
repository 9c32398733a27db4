"""Where populations train. Two logical devices of the CPU, in a process of their own, stand in for GPUs."""

import os
import pickle
import subprocess
import sys
from pathlib import Path

import keras
import pytest

from dlsuite.models import create_model
from dlsuite.training import devices
from dlsuite.training.devices import Gpu, device_names, gpu_ids, gpu_memory
from dlsuite.training.lanes import lanes
from dlsuite.training.sizes import population_bytes, population_size

SCRIPT = """
import pickle, sys, threading
from concurrent.futures import ThreadPoolExecutor

import tensorflow as tf

one = tf.config.LogicalDeviceConfiguration()
tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], [one, one])

from dlsuite.training import devices

if sys.argv[1] == "two":
    devices.found_gpus = lambda: [devices.Gpu(f"CPU:{n}", "made up", 2**30) for n in range(2)]

from dlsuite.data import load_data
from dlsuite.models import create_model_for
from dlsuite.training.graph import TrainingGraph
from dlsuite.training.lanes import lanes, settle_threads
from dlsuite.training.settings import TrainingSettings
from dlsuite.training.trainer import Trainer, TrialSetup

settle_threads()
data = load_data("wine")
trainer = Trainer(members=4)
both = threading.Barrier(2)
seen = set()
call = TrainingGraph.call


def watched(graph, function, values, *arguments):
    given = [*values, *arguments[0]] if function.__name__ == "evaluate" else values
    result, after = call(graph, function, values, *arguments)
    places = {tensor.device for tensor in [*given, *after]}
    seen.add((threading.get_ident(), *sorted(places)))
    return result, after


TrainingGraph.call = watched


class Watcher:
    met = False

    def epoch(self, loss, trials):
        if not self.met:  # Nobody comes further before both are at it.
            both.wait(60)
            self.met = True


def train(seeds):
    plain = create_model_for("mlp", data, units=[8], dropout=0.3, batch_norm=True)
    setups = [TrialSetup(plain, TrainingSettings(optimizer="adam"), seed) for seed in seeds]
    return trainer.train(setups, data, epochs=3, watcher=Watcher())


assert lanes() == 2 or sys.argv[1] == "one"
with ThreadPoolExecutor(2) as threads:
    results = [r for part in threads.map(train, [(0, 1, 0, 1), (0, 1, 0, 1)]) for r in part]
places = sorted(place for _, *place in seen)
answer = [(r.curves, r.layers, r.scores, [w.tobytes() for w in r.weights]) for r in results]
pickle.dump((places, len(trainer.graphs), answer), open(sys.argv[2], "wb"))
"""


def train_on(which: str, folder: Path) -> tuple[list[list[str]], int, list[object]]:
    path = folder / which
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, which, path], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return pickle.loads(path.read_bytes())  # type: ignore[no-any-return]


def test_populations_train_on_two_devices_at_once_to_the_same_bytes(tmp_path: Path) -> None:
    places, graphs, on_two = train_on("two", tmp_path)
    assert places == [
        [f"/job:localhost/replica:0/task:0/device:CPU:{number}"] for number in range(2)
    ]
    assert graphs == 2
    places, graphs, on_one = train_on("one", tmp_path)
    assert {place for places_of_one in places for place in places_of_one} == {
        "/job:localhost/replica:0/task:0/device:CPU:0"
    }
    assert graphs == 1, "without GPUs populations of a shape share a graph"
    assert len(on_two) == 8
    assert repr(on_two[:4]) == repr(on_two[4:])
    assert repr(on_two) == repr(on_one)


def test_without_gpus_populations_train_on_the_cpu() -> None:
    assert device_names() == ["CPU"]
    assert gpu_memory() is None
    assert gpu_ids() == []
    with devices.placed(), devices.placed():
        assert devices.here() == ""


@pytest.fixture
def three(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three GPUs, as far as anybody can tell."""
    found = tuple(Gpu(f"GPU:{n}", "Made Up", (8 + n) * 2**30) for n in range(3))
    monkeypatch.setattr(devices, "gpus", lambda: found)


def test_a_gpu_is_a_lane(three: None) -> None:
    assert lanes() == 3
    assert device_names() == [f"Made Up, {size} GB" for size in (8, 9, 10)]


def test_what_the_user_says_of_visible_gpus_counts(
    three: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert gpu_ids() == ["0", "1", "2"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "GPU-5f, 7,2,-1,4")
    assert gpu_ids() == ["GPU-5f", "7", "2"]


def test_populations_on_a_gpu_are_as_large_as_its_memory_allows(
    three: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cnn(size: int) -> keras.Model:
        return create_model("cnn", input_shape=(size, size, 1), outputs=10)

    on_gpu = [population_size(cnn(size), 32) for size in (8, 64, 512)]
    assert on_gpu == sorted(on_gpu, reverse=True)
    assert on_gpu[0] == 100 > on_gpu[2]
    assert gpu_memory() == 8 * 2**30
    for size, members in zip((8, 64, 512), on_gpu, strict=True):
        assert members == 1 or population_bytes(cnn(size), 32, members) <= 2 * 2**30
    monkeypatch.undo()
    assert population_size(cnn(8), 32) < on_gpu[0]


def test_a_gpu_says_its_memory_by_its_own_tool(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool = tmp_path / "nvidia-smi"
    tool.write_text("#!/bin/sh\nprintf '24564\\n16376\\n'\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert devices.smallest_memory() == 16376 * 2**20
    tool.write_text("#!/bin/sh\necho 'No devices were found'\n")
    assert devices.smallest_memory() == 4 * 2**30
