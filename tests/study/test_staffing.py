"""One process or several: what is chosen, and what is said of it."""

import re
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from executor_contract import Watching, tables

from dlsuite.spec import parse_study
from dlsuite.spec.metrics import register_metric, unregister_metric
from dlsuite.study import AutoExecutor, InProcessExecutor, Job, make_plan, run, staffing
from dlsuite.study.costs import Cost, Costs
from dlsuite.study.sizes import PopulationSize, PopulationWork
from dlsuite.study.staffing import choose_staff, duration_text
from dlsuite.training import lanes

GIB = 2**30


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Callable[[int, int | None], None]:
    """Makes this machine one with so many cores and so much free memory."""

    def make(cores: int, free: int | None) -> None:
        monkeypatch.setattr(lanes, "cores", lambda: cores)
        monkeypatch.setattr(staffing, "cores", lambda: cores)
        monkeypatch.setattr(staffing, "free_memory", lambda: free)

    return make


def jobs_of(count: int, lanes: float, worker: float, start: float = 2.0) -> list[Job]:
    content = {
        "name": "jobs",
        "tasks": [{"model": "mlp", "data": "wine"}],
        "factors": {"dropout": [0.0]},
    }
    trial = make_plan(parse_study({**content, "seeds": 1})).trials[0]
    costs = Costs(Cost(start, lanes), Cost(start, worker))
    return [Job((trial,), (str(number),), costs=costs) for number in range(count)]


def test_worker_processes_train_what_is_long(machine: Callable[..., None]) -> None:
    machine(2, 16 * GIB)
    staff = choose_staff(jobs_of(10, 60.0, 30.0))
    assert staff.workers == 2
    assert staff.alone == 2 + 5 * 60
    assert staff.seconds == 8 + 2 + 5 * 30
    assert staff.why == "Training in 2 worker processes: about 3 min, in one process 5 min."


def test_as_many_workers_as_there_are_cores_or_populations(machine: Callable[..., None]) -> None:
    machine(16, 64 * GIB)
    assert choose_staff(jobs_of(40, 60.0, 30.0)).workers == 16
    assert choose_staff(jobs_of(3, 200.0, 100.0)).workers == 3


def test_what_is_short_trains_in_one_process(machine: Callable[..., None]) -> None:
    machine(2, 16 * GIB)
    staff = choose_staff(jobs_of(4, 2.0, 1.0))
    assert staff.workers == 0
    assert staff.seconds == 6
    assert staff.why == (
        "Training in one process: about 6 s; 2 worker processes would take about 12 s."
    )


def test_what_gains_nothing_from_workers_trains_in_one_process(
    machine: Callable[..., None],
) -> None:
    machine(2, 16 * GIB)
    assert choose_staff(jobs_of(10, 60.0, 58.0)).workers == 0


def test_workers_take_memory(machine: Callable[..., None]) -> None:
    machine(8, 3 * GIB)
    assert choose_staff(jobs_of(8, 60.0, 30.0)).workers == 2
    machine(8, GIB)
    staff = choose_staff(jobs_of(8, 60.0, 30.0))
    assert staff.workers == 0
    assert staff.why.endswith("; for worker processes 1.1 GB of free memory are too little.")
    machine(8, None)
    assert choose_staff(jobs_of(8, 60.0, 30.0)).workers == 8


def test_no_more_train_at_once_than_memory_holds(machine: Callable[..., None]) -> None:
    size = PopulationSize(1, 1, 1, 1, GIB, (), PopulationWork(*[0.0] * 7))
    jobs = [replace(job, costs=job.costs._replace(size=size)) for job in jobs_of(4, 60.0, 30.0)]
    for free, lanes_, line in (
        (8 * GIB, 4, r""),
        (None, 4, r""),
        (
            3 * GIB,
            2,
            r"mlp/wine: a population takes about 1\.1 GB .* 3\.2 GB are free: 2 of 4 train",
        ),
        (
            GIB,
            1,
            r"only 1\.1 GB are free: the system may end this process\. With --workers 1 it would",
        ),
    ):
        machine(4, free)
        fit, told = staffing.lanes_that_fit(jobs, 4)
        assert fit == lanes_ and re.search(line, told) and bool(line) == bool(told)


def test_one_core_or_one_population_is_for_one_process(machine: Callable[..., None]) -> None:
    machine(1, None)
    why = choose_staff(jobs_of(8, 60.0, 30.0)).why
    assert why == "Training in one process: about 8 min, as there is one core."
    machine(2, None)
    why = choose_staff(jobs_of(1, 60.0, 30.0)).why
    assert why == "Training in one process: about 62 s, as there is one population."


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "1 s"),
        (99.4, "99 s"),
        (100, "2 min"),
        (5800, "97 min"),
        (9000, "2.5 h"),
        (4e5, "5 days"),
    ],
)
def test_durations_are_for_people(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


@pytest.fixture
def hurried(machine: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    """Worker processes are chosen, as if they were there already."""
    machine(2, None)
    monkeypatch.setattr(staffing, "_BEGIN", -1000.0)


def test_a_run_says_who_trains_it_and_why(small: Callable[..., object], tmp_path: Path) -> None:
    said = Watching()
    run(small(), out=tmp_path, watcher=said, report=False)
    [line] = said.lines
    assert line.startswith("Training in one process: about ")


def test_the_chooser_trains_by_workers_to_the_same_bytes(
    small: Callable[..., object], executor: InProcessExecutor, hurried: None, tmp_path: Path
) -> None:
    study = small(factors={"batch_size": [16, 32]})
    here = run(study, out=tmp_path / "here", executor=executor, report=False)
    said = Watching()
    with AutoExecutor() as chooser:
        there = run(study, out=tmp_path / "there", executor=chooser, watcher=said, report=False)
    assert said.lines[0].startswith("Training in 2 worker processes: about 1 s")
    assert tables(here.folder) == tables(there.folder)


def test_what_cannot_be_handed_to_workers_trains_in_one_process(
    small: Callable[..., object], hurried: None, tmp_path: Path
) -> None:
    lock = threading.Lock()

    @register_metric("locked", task_type="classification", greater_is_better=True)
    def locked(y_true: np.ndarray, y_pred: np.ndarray) -> float:
        with lock:
            return 0.5

    said = Watching()
    try:
        study = small(factors={"batch_size": [16, 32]}, metrics=["locked"])
        results = run(study, out=tmp_path, watcher=said, report=False)
    finally:
        unregister_metric("locked")
    assert set(results.trials["status"]) == {"completed"}
    [line] = said.lines
    assert line.startswith(
        "Training in one process. metric 'locked': it cannot be handed to a worker"
    )
