"""The kinds of executors: each keeps to the contract, and has ways of its own to lose a worker."""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from executor_contract import TWO, ExecutorContract, Watching, tables

from dlsuite.spec import Study
from dlsuite.study import Executor, InProcessExecutor, run
from dlsuite.study.crew import CrewExecutor
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
                killed.append(children()[0])
                os.kill(killed[0], signal.SIGKILL)

        study = small(**TWO, epochs=200)
        watcher = Watching(kill)
        results = run(study, out=tmp_path, executor=theirs, watcher=watcher, report=False)
        assert tables(results.folder) == tables(whole(study))
        [line] = watcher.lines
        assert f"worker process {killed[0]} was killed (SIGKILL)" in line
        assert watcher.trials == pytest.approx(8)


def children() -> list[int]:
    """Worker processes of this one."""
    own = os.getpid()
    listed = Path(f"/proc/{own}/task/{own}/children")
    threads = Path(f"/proc/{own}/task").glob("*/children")
    found = [int(pid) for path in (listed, *threads) for pid in path.read_text().split()]
    return sorted(
        {pid for pid in found if b"worker_processes" in Path(f"/proc/{pid}/cmdline").read_bytes()}
    )
