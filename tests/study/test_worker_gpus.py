"""Which GPUs each worker process sees, told by what it finds in its environment."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from dlsuite.errors import SpecError
from dlsuite.study import WorkerProcesses, worker_processes
from dlsuite.study.shared_data import SharedDataSets
from dlsuite.study.workplace import Workplace
from dlsuite.training import devices
from dlsuite.training.devices import Gpu

Put = pytest.MonkeyPatch


def seen_by(workers: int, folder: Path, monkeypatch: Put) -> list[str]:
    """What workers find in `CUDA_VISIBLE_DEVICES`, in their order."""
    job: Any = SimpleNamespace(trials=[None])
    monkeypatch.setattr(SharedDataSets, "of", lambda *_: None)
    command = (
        "import os, pathlib, pickle, sys; cores, threads = pickle.load(sys.stdin.buffer); "
        f"pathlib.Path({str(folder)!r}, str(os.getpid()))"
        ".write_text(os.environ.get('CUDA_VISIBLE_DEVICES', 'nothing'))"
    )
    monkeypatch.setattr(worker_processes, "_COMMAND", command)
    crew = WorkerProcesses(workers)
    crew.open(Workplace((), (), ()), None)
    seen = []
    for worker in range(workers):
        crew.begin(worker, job)
        crew.events(60)  # It ends by itself.
        [told] = [*folder.iterdir()]
        seen.append(told.read_text())
        told.unlink()
    crew.close()
    return seen


@pytest.fixture
def four(monkeypatch: Put) -> None:
    found = tuple(Gpu(f"GPU:{n}", "Made Up", 2**33) for n in range(4))
    monkeypatch.setattr(devices, "gpus", lambda: found)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


def test_workers_divide_the_gpus(four: None, tmp_path: Path, monkeypatch: Put) -> None:
    assert seen_by(2, tmp_path, monkeypatch) == ["0,2", "1,3"]


def test_more_workers_than_gpus_share_them(four: None, tmp_path: Path, monkeypatch: Put) -> None:
    assert seen_by(5, tmp_path, monkeypatch) == ["0", "1", "2", "3", "0"]


def test_workers_divide_what_the_user_lets_be_seen(
    four: None, tmp_path: Path, monkeypatch: Put
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "7,GPU-5f,3,1")
    assert seen_by(3, tmp_path, monkeypatch) == ["7,1", "GPU-5f", "3"]


def test_without_gpus_the_environment_stays(tmp_path: Path, monkeypatch: Put) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert seen_by(2, tmp_path, monkeypatch) == ["", ""]


def test_a_worker_cuts_populations_as_the_run_that_it_belongs_to(monkeypatch: Put) -> None:
    monkeypatch.setattr(devices, "_said", [])
    here = Workplace.here()
    replace(here, gpu_memory=2**33).settle()
    assert devices.gpu_memory() == 2**33
    here.settle()
    assert devices.gpu_memory() is None


def test_gpus_are_asked_for_of_ray_alone() -> None:
    from dlsuite.cli.options import executor_of

    with (
        pytest.raises(SpecError, match=r"--gpus: workers of this machine share its GPUs anyway"),
        executor_of("local", 2, None, 0.5),
    ):
        pass
