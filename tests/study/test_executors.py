"""The executor in this process: lanes change no result, and stop when nobody wants more."""

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dlsuite.spec import Study
from dlsuite.store import Part
from dlsuite.study import InProcessExecutor, Job, make_plan, run
from dlsuite.study.jobs import trial_keys
from dlsuite.study.run_watcher import RunWatcher

Make = Callable[..., Study]


class Counting(RunWatcher):
    """Counts the epochs of all lanes; may fail at one of them."""

    def __init__(self, fails_at: int | None = None) -> None:
        self.epochs = 0
        self._fails_at = fails_at

    def epoch(self, loss: float, trials: float) -> None:
        self.epochs += 1
        if self.epochs == self._fails_at:
            raise RuntimeError("the watcher fell asleep")

    def say(self, line: str) -> None:
        raise AssertionError(line)


def jobs_of(study: Study) -> list[Job]:
    """A population for each structural group."""
    plan = make_plan(study)
    keys, _ = trial_keys(plan)
    place = {id(trial): position for position, trial in enumerate(plan.trials)}
    return [Job(group, tuple(keys[place[id(trial)]] for trial in group)) for group in plan.groups]


@pytest.mark.parametrize("lanes", [1, 3])
def test_lanes_change_no_byte(
    lanes: int, small: Make, executor: InProcessExecutor, tmp_path: Path
) -> None:
    study = small(factors={"batch_size": [10, 20]})
    first = run(study, out=tmp_path / "first", executor=executor).folder
    again = run(study, out=tmp_path / "again", executor=InProcessExecutor(lanes)).folder
    for name in ("trials.csv", "curves.csv", "layers.csv", "summary.csv"):
        assert (first / name).read_bytes() == (again / name).read_bytes()


def test_lanes_stop_when_nobody_wants_more(small: Make) -> None:
    quick, long = jobs_of(small(factors={"batch_size": [10, 20]}))
    endless = Job(
        tuple(replace(trial, epochs=10**6) for trial in long.trials),
        long.keys,
    )
    watcher = Counting()
    parts = InProcessExecutor(2).run([quick, endless], watcher)
    assert set(next(parts).trials) == set(quick.keys)
    parts.close()  # type: ignore[attr-defined]
    assert watcher.epochs < 10**6
    assert not [t for t in threading.enumerate() if t.name.startswith("ThreadPoolExecutor")]


def test_parts_are_written_as_bytes_in_the_lane_that_trained_them(
    small: Make, executor: InProcessExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    lanes = set()
    made = Part.of

    def noted(*rows: Any, **further: Any) -> Part:
        lanes.add(threading.current_thread())
        return made(*rows, **further)

    monkeypatch.setattr(Part, "of", noted)
    (part,) = executor.run(jobs_of(small()), Counting())
    assert len(lanes) == 1
    assert threading.current_thread() not in lanes
    assert set(part.files) == {"trials.csv", "curves.csv", "layers.csv", "weights.npz"}
    assert {type(content) for content in part.files.values()} == {bytes}


def test_an_error_in_a_lane_ends_the_run(small: Make) -> None:
    jobs = jobs_of(small(factors={"batch_size": [10, 20]}))
    with pytest.raises(RuntimeError, match="the watcher fell asleep"):
        list(InProcessExecutor(2).run(jobs, Counting(fails_at=1)))


def test_a_grid_compiles_two_graphs_a_structure(small: Make) -> None:
    study = small(factors={"batch_size": [10, 20], "dropout": [0.0, 0.1, 0.2]}, seeds=9)
    executor = InProcessExecutor()
    parts: list[Any] = list(executor.run(jobs_of(study), Counting()))
    assert sum(len(part.trials) for part in parts) == 54
    assert [graph.compilations for graph in executor.graphs] == [2, 2]
