"""The kinds of executors: each keeps to the contract, and has ways of its own to lose a worker."""

import contextlib
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from executor_contract import TWO, ExecutorContract, Watching, tables

from dlsuite.spec import Study
from dlsuite.study import Executor, InProcessExecutor, run
from dlsuite.study.crew import CrewExecutor
from dlsuite.study.ray_tasks import RayTasks
from dlsuite.study.worker_processes import WorkerProcesses

Make = Callable[..., Study]


@pytest.fixture(scope="module")
def processes() -> Iterator[CrewExecutor]:
    executor = CrewExecutor(WorkerProcesses(2))
    yield executor
    executor.close()


class TestInProcess(ExecutorContract):
    @pytest.fixture
    def theirs(self, executor: InProcessExecutor) -> Executor:
        return executor


class TestWorkerProcesses(ExecutorContract):
    @pytest.fixture
    def theirs(self, processes: CrewExecutor) -> CrewExecutor:
        return processes

    def test_a_killed_worker_is_replaced(
        self, theirs: CrewExecutor, small: Make, whole: Callable[[Study], Path], tmp_path: Path
    ) -> None:
        killed: list[int] = []

        def kill(trials: float) -> None:
            if not killed and trials > 1:
                killed.append(begun_here(b"worker_processes")[0])
                os.kill(killed[0], signal.SIGKILL)

        study = small(**TWO, epochs=200)
        watcher = Watching(kill)
        results = run(study, out=tmp_path, executor=theirs, watcher=watcher, report=False)
        assert tables(results.folder) == tables(whole(study))
        [line] = watcher.lines
        assert f"worker process {killed[0]} was killed (SIGKILL)" in line
        assert watcher.trials == pytest.approx(8)


@pytest.fixture(scope="module")
def tasks() -> Iterator[CrewExecutor]:
    ray = pytest.importorskip("ray", reason="the extra `ray` is not installed")
    try:
        ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    except Exception as error:
        pytest.skip(f"Ray cannot be started here: {error}")
    with CrewExecutor(RayTasks()) as executor:
        yield executor
    ray.shutdown()


class TestRay(ExecutorContract):
    @pytest.fixture
    def theirs(self, tasks: CrewExecutor) -> CrewExecutor:
        return tasks

    def test_a_killed_worker_is_replaced(
        self, theirs: CrewExecutor, small: Make, whole: Callable[[Study], Path], tmp_path: Path
    ) -> None:
        killed: list[int] = []

        def kill(trials: float) -> None:
            if not killed and trials > 1:
                killed.append(begun_here(b"ray::_train")[0])
                os.kill(killed[0], signal.SIGKILL)

        study = small(**TWO, epochs=200)
        watcher = Watching(kill)
        results = run(study, out=tmp_path, executor=theirs, watcher=watcher, report=False)
        assert tables(results.folder) == tables(whole(study))
        [line] = watcher.lines
        assert "a Ray worker is lost (" in line
        assert watcher.trials == pytest.approx(8)


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
