"""The executor that gives work to a crew: what it does with jobs whose workers are lost."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from executor_contract import TWO, Watching

from dlsuite.spec import Study
from dlsuite.store import Part
from dlsuite.study import CrewExecutor, Job, run
from dlsuite.study.attempts import Outcome
from dlsuite.study.crew import Crew, Ended, Event, Lost
from dlsuite.study.workplace import Workplace

Make = Callable[..., Study]


class Losing(Crew):
    """Loses its workers a number of times, then gives an empty answer for each job."""

    def __init__(self, losses: int, *, hungry: bool = False) -> None:
        self.begun: list[Job] = []
        self._losses, self._hungry = losses, hungry
        self._at: dict[int, Job] = {}

    @property
    def size(self) -> int:
        return 1 if self.begun else 2  # A node goes.

    def open(self, place: Workplace, logs: Path | None) -> None:
        return

    def begin(self, worker: int, job: Job) -> None:
        self.begun.append(job)
        self._at[worker] = job

    def events(self, seconds: float) -> list[tuple[int, Event]]:
        found = [(worker, self._event(job)) for worker, job in self._at.items()]
        self._at.clear()
        return found

    def stop(self) -> None:
        return

    def close(self, *, at_once: bool = False) -> None:
        return

    def _event(self, job: Job) -> Event:
        if self._losses:
            self._losses -= 1
            how = "was killed (SIGKILL)"
            return Lost(f"worker process 7 {how}", self._hungry, f"a worker process {how}")
        rows = [{"trial": key, "status": "failed", "epochs": 2} for key in job.keys]
        empty = pd.DataFrame(columns=["trial"])
        return Ended(Outcome(Part.of(pd.DataFrame(rows), empty, empty), "made up"))


@pytest.fixture
def one(small: Make) -> Study:
    return small(tasks=TWO["tasks"], seeds=4)


def test_a_job_goes_to_another_worker_twice(one: Study, tmp_path: Path) -> None:
    crew, watcher = Losing(2), Watching()
    run(one, out=tmp_path, executor=CrewExecutor(crew), watcher=watcher, report=False)
    assert len(crew.begun) == 3
    assert crew.begun[0] == crew.begun[1] == crew.begun[2]
    again = "worker process 7 was killed (SIGKILL); what it was at goes to another worker."
    assert watcher.lines == [
        *[f"mlp/wine: {again}"] * 2,
        "mlp/wine: 8 trials failed: made up",
    ]


def test_a_job_that_costs_three_workers_fails(one: Study, tmp_path: Path) -> None:
    crew, watcher = Losing(3), Watching()
    results = run(one, out=tmp_path, executor=CrewExecutor(crew), watcher=watcher, report=False)
    assert len(crew.begun) == 3
    assert list(results.trials["status"]) == ["failed"] * 8
    assert set(results.problems["problem"]) == {
        "a worker process was killed (SIGKILL), the third that was lost at this population"
    }


def test_a_job_that_may_take_too_much_memory_is_halved_then(one: Study, tmp_path: Path) -> None:
    crew, watcher = Losing(3, hungry=True), Watching()
    run(one, out=tmp_path, executor=CrewExecutor(crew), watcher=watcher, report=False)
    assert [len(job.trials) for job in crew.begun] == [8] * 4
    assert [job.members for job in crew.begun] == [None] * 3 + [10]
    assert crew.begun[-1].problem.startswith(
        "trained in a population of 10 members: a worker process was killed"
    )
