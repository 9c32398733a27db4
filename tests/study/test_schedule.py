"""Who takes which population, and how long workers take together."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlsuite.spec import Study, parse_study
from dlsuite.study import Job, make_plan
from dlsuite.study.costs import Cost, Costs
from dlsuite.study.schedule import Waiting, makespan


@pytest.fixture(scope="module")
def job() -> Callable[..., Job]:
    content = {
        "name": "jobs",
        "tasks": [{"model": "mlp", "data": "wine"}],
        "factors": {"batch_size": [1, 2, 3, 4, 5]},
    }
    trials = {
        trial.factors["batch_size"]: trial for trial in make_plan(parse_study(content)).trials
    }

    def make(size: int, train: float, start: float = 0.0) -> Job:
        cost = Cost(start, train)
        return Job((trials[size],), (f"{size}-{train}",), costs=Costs(cost, cost))

    return make


def worker_cost(job: Job) -> Cost:
    return job.costs.worker


def waiting_of(jobs: list[Job]) -> Waiting[Job]:
    return Waiting(jobs, lambda one: one, worker_cost)


def structures(*jobs: Job) -> set[str]:
    return {job.trials[0].structure for job in jobs}


def test_the_longest_goes_first(job: Callable[..., Job]) -> None:
    jobs = [job(1, 2.0), job(2, 5.0), job(3, 3.0)]
    waiting = waiting_of(jobs)
    assert [waiting.pop((), ()) for _ in jobs] == [jobs[1], jobs[2], jobs[0]]
    assert not waiting


def test_a_worker_goes_on_with_what_it_has_compiled(job: Callable[..., Job]) -> None:
    known, longer, much_longer = job(1, 2.0, 4.0), job(2, 5.0, 4.0), job(3, 8.0, 4.0)
    assert waiting_of([longer, known]).pop(structures(known), ()) == known
    assert waiting_of([much_longer, known]).pop(structures(known), ()) == much_longer


def test_a_worker_leaves_to_another_what_that_has_compiled(job: Callable[..., Job]) -> None:
    theirs, nobodys = job(1, 5.0, 4.0), job(2, 4.0, 4.0)
    assert waiting_of([theirs, nobodys]).pop((), structures(theirs)) == nobodys
    assert waiting_of([theirs]).pop((), structures(theirs)) == theirs


def test_what_is_put_back_goes_first_again(job: Callable[..., Job]) -> None:
    first, second = job(1, 5.0), replace(job(1, 5.0), keys=("second",))
    waiting = waiting_of([first, second])
    waiting.add(waiting.pop((), ()))
    assert [waiting.pop((), ()), waiting.pop((), ())] == [first, second]


def test_two_structures_are_compiled_once_each_by_two_workers(job: Callable[..., Job]) -> None:
    jobs = [job(size, 3.0, 4.0) for size in (1, 2) for _ in range(3)]
    assert makespan(jobs, 2, worker_cost, shared=False) == 4 + 3 * 3
    assert makespan(jobs, 1, worker_cost, shared=False) == 2 * 4 + 6 * 3


@given(st.data())
def test_workers_take_no_less_than_their_share_and_no_more_than_one_alone(
    job: Callable[..., Job], data: st.DataObject
) -> None:
    seconds = st.floats(0.01, 100)
    starts = data.draw(st.lists(seconds, min_size=5, max_size=5))
    kinds = st.tuples(st.integers(1, 5), seconds)
    jobs = [
        job(size, train, starts[size - 1])
        for size, train in data.draw(st.lists(kinds, min_size=1, max_size=12))
    ]
    workers = data.draw(st.integers(1, 6))
    shared = data.draw(st.booleans())
    alone = makespan(jobs, 1, worker_cost, shared=shared)
    found = makespan(jobs, workers, worker_cost, shared=shared)
    train = [one.costs.worker.train for one in jobs]
    assert found >= max(max(train), sum(train) / workers) - 1e-6
    compiled = {one.trials[0].structure: one.costs.worker.start for one in jobs}
    assert alone == pytest.approx(sum(train) + sum(compiled.values()))
    # Each worker compiles each structure once at the most, and none is idle while anything waits.
    assert found <= sum(train) / workers + max(train) + sum(compiled.values()) + 1e-6


def test_a_study_takes_the_longest_populations_first(small: Callable[..., Study]) -> None:
    from pathlib import Path

    from dlsuite.study.jobs import missing_jobs, trial_keys

    study = small(
        tasks=[{"model": "mlp", "data": "wine"}],
        factors={"units": [4, 512], "batch_norm": [False, True]},
    )
    plan = make_plan(study)
    keys, _ = trial_keys(plan)
    jobs = missing_jobs(plan, keys, set(), checkpoints=Path("checkpoints"))
    assert [job.trials[0].model_settings["units"][0] for job in jobs] == [512, 512, 4, 4]
    train = [job.costs.lanes.train for job in jobs]
    assert train == sorted(train, reverse=True)
