"""The kinds of executors: each keeps to the contract."""

from collections.abc import Iterator

import pytest
from executor_contract import CrewContract, ExecutorContract

from dlsuite.study import Executor, InProcessExecutor
from dlsuite.study.crew import CrewExecutor
from dlsuite.study.ray_tasks import RayTasks
from dlsuite.study.worker_processes import WorkerProcesses


@pytest.fixture(scope="module")
def processes() -> Iterator[CrewExecutor]:
    executor = CrewExecutor(WorkerProcesses(2))
    yield executor
    executor.close()


class TestInProcess(ExecutorContract):
    @pytest.fixture
    def theirs(self, executor: InProcessExecutor) -> Executor:
        return executor


class TestWorkerProcesses(CrewContract):
    @pytest.fixture
    def theirs(self, processes: CrewExecutor) -> CrewExecutor:
        return processes

    @pytest.fixture
    def named(self) -> bytes:
        return b"worker_processes"

    @pytest.fixture
    def told(self) -> str:
        return "worker process {pid} was killed (SIGKILL)"


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


class TestRay(CrewContract):
    @pytest.fixture
    def theirs(self, tasks: CrewExecutor) -> CrewExecutor:
        return tasks

    @pytest.fixture
    def named(self) -> bytes:
        return b"ray::_train"

    @pytest.fixture
    def told(self) -> str:
        return "a Ray worker is lost ("
