"""What is remembered of how quickly populations train, and what is expected of others."""

import json
import math
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlsuite.spec import Study
from dlsuite.study import InProcessExecutor, make_plan, run
from dlsuite.study.costs import Estimator, expected_pace
from dlsuite.study.paces import Pace, Paces, pace_key
from dlsuite.study.run_watcher import RunWatcher
from dlsuite.study.sizes import estimate_size
from dlsuite.study.stopwatch import Stopwatch

Make = Callable[..., Study]
TASKS = [{"model": "mlp", "data": "wine"}]


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "dlsuite"


def test_a_run_makes_the_next_estimate_a_measured_one(
    small: Make, executor: InProcessExecutor, cache: Path, tmp_path: Path
) -> None:
    study = small(epochs=6, tasks=TASKS, factors={"units": [4, 5]})
    run(study, out=tmp_path, executor=executor, report=False)
    [kept] = cache.glob("paces-*.json")
    assert len(json.loads(kept.read_text())) == 2
    trial, _, other, _ = make_plan(study).trials
    size = estimate_size(trial)
    measured = Paces().of(pace_key(trial, size.members), "lanes")
    assert measured is not None
    estimator = Estimator()
    assert estimator.costs(trial, size).lanes.train == pytest.approx(
        6 * measured.epoch + measured.rest
    )
    assert estimator.is_measured(other, size)


def test_what_was_never_trained_is_as_much_slower_as_what_was(small: Make, cache: Path) -> None:
    study = small(tasks=TASKS, factors={"units": [4, 64]})
    known, _, unknown, _ = make_plan(study).trials
    size, other = estimate_size(known), estimate_size(unknown)
    paces = Paces()
    before = Estimator(paces).costs(unknown, other)
    expected = expected_pace(size, "worker")
    slow = Pace(2 * expected.start, 3 * expected.epoch, 3 * expected.rest)
    paces.keep({(pace_key(known, size.members), "worker"): (slow, expected)})
    estimator = Estimator(Paces())
    after = estimator.costs(unknown, other)
    assert not estimator.is_measured(unknown, other)
    assert after.worker.start == pytest.approx(2 * before.worker.start)
    assert after.worker.train == pytest.approx(3 * before.worker.train)
    assert after.lanes.train == pytest.approx(3 * before.lanes.train)


def test_a_larger_model_is_expected_to_take_longer(small: Make, cache: Path) -> None:
    trials = make_plan(small(tasks=TASKS, factors={"units": [4, 64, 512]}, seeds=1)).trials
    costs = [Estimator().costs(trial, estimate_size(trial)).worker.train for trial in trials]
    per_trial = [
        cost / estimate_size(trial).members for cost, trial in zip(costs, trials, strict=True)
    ]
    assert per_trial == sorted(per_trial)


def test_a_pace_without_a_start_leaves_the_one_that_is_known(tmp_path: Path) -> None:
    paces, expected = Paces(tmp_path / "paces.json"), Pace(1.0, 1.0, 1.0)
    paces.keep({("key", "lanes"): (Pace(math.nan, 2.0, 0.5), expected)})
    assert paces.of("key", "lanes") == Pace(1.0, 2.0, 0.5)
    paces.keep({("key", "lanes"): (Pace(5.0, 2.0, 0.5), expected)})
    paces.keep({("key", "lanes"): (Pace(math.nan, 4.0, 0.25), expected)})
    assert Paces(tmp_path / "paces.json").of("key", "lanes") == Pace(5.0, 4.0, 0.25)
    assert paces.of("key", "worker") is None


@given(st.binary(max_size=60) | st.from_regex(rb"\{\"a-lanes\": \[[-0-9., Naeinf]{0,40}\]\}"))
def test_a_damaged_file_counts_as_empty_or_as_what_is_whole(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.mktemp("paces") / "paces.json"
    path.write_bytes(content)
    paces = Paces(path)
    found = paces.of("a", "lanes")
    assert found is None or all(0 < number < math.inf for number in found)
    assert paces.ratio("worker") is None
    paces.keep({("b", "worker"): (Pace(1.0, 2.0, 0.5), Pace(1.0, 1.0, 1.0))})
    assert Paces(path).ratio("worker") == Pace(1.0, 2.0, 0.5)


def test_a_folder_that_cannot_be_written_costs_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    Paces(tmp_path / "file" / "paces.json").keep(
        {("b", "worker"): (Pace(1.0, 2.0, 0.5), Pace(1.0, 1.0, 1.0))}
    )


class Compiling:
    """A trainer that has compiled so many graphs."""

    compilations = 0


@pytest.mark.parametrize("graphs", [0, 2])
def test_what_is_done_once_is_the_start_where_something_was_compiled(graphs: int) -> None:
    trainer, watcher = Compiling(), RunWatcher()
    stopwatch = Stopwatch(watcher, trainer)
    stopwatch.begin()
    trainer.compilations += graphs
    time.sleep(0.05)
    for _ in range(4):
        time.sleep(0.005)
        stopwatch.epoch(0.5, 1.0)
    time.sleep(0.1)
    pace = stopwatch.pace(4)
    assert pace is not None
    assert pace.epoch >= 0.005
    assert (pace.start > 0.03) if graphs else math.isnan(pace.start)
    assert pace.rest >= (0.1 if graphs else 0.13)
    assert stopwatch.pace(5) is None  # It was stopped, or went on from a checkpoint.
