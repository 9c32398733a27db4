"""Runs that end by themselves when they have trained for so long, or so many trials."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from executor_contract import LONG, TWO, Watching, tables
from hypothesis import given
from hypothesis import strategies as st

from dlsuite.errors import SpecError, StoreError
from dlsuite.spec import Study
from dlsuite.study import Budget, InProcessExecutor, Results, run
from dlsuite.study.budget import read_duration

Make = Callable[..., Study]
Train = Callable[..., Results]


def test_so_many_trials_are_trained_and_the_rest_by_the_next_run(
    small: Make, train: Train, executor: InProcessExecutor, tmp_path: Path
) -> None:
    study, watcher = small(**TWO), Watching()
    budget = Budget(trials=5)  # A population of 4, and a quarter of the other.
    results = train(study, budget=budget, watcher=watcher)
    assert len(results.trials) == 5
    assert watcher.trials == pytest.approx(5)
    assert budget.missing == 3
    assert watcher.lines == [
        "So many trials were asked for: 3 of 8 trials are not finished. All is kept, and the same command "
        "goes on."
    ]
    again = Watching()
    assert len(train(study, watcher=again).trials) == 8
    assert again.trials == pytest.approx(3)
    whole = run(study, out=tmp_path / "whole", executor=executor, report=False)
    assert tables(results.folder) == tables(whole.folder)


def test_a_budget_that_is_used_up_is_so_for_the_next_study(small: Make, train: Train) -> None:
    budget = Budget(trials=4)
    assert len(train(small(), budget=budget).trials) == 4
    assert not budget.missing
    second = train(small(name="second"), budget=budget, watcher=(watcher := Watching()))
    assert budget.nothing_finished
    assert budget.missing == 4
    assert watcher.trials == 0
    with pytest.raises(StoreError):
        _ = second.trials


def test_when_the_time_is_up_what_is_on_its_way_is_kept(
    small: Make, train: Train, executor: InProcessExecutor, tmp_path: Path
) -> None:
    study = small(**TWO, epochs=LONG)
    train(small(**TWO, name="first"))  # Compiled, so that the time is that of training.
    budget = Budget(seconds=8)

    def wait(trials: float) -> None:
        while not budget.time_is_up:
            time.sleep(0.01)

    watcher = Watching(wait)
    results = train(study, budget=budget, watcher=watcher)
    assert 0 < watcher.trials < 8
    assert budget.missing == 8
    assert budget.nothing_finished
    assert watcher.lines[-1].startswith("The time is up: 8 of 8 trials are not finished.")
    assert list((results.folder / "checkpoints").glob("*.npz"))
    train(study)
    whole = run(study, out=tmp_path / "whole", executor=executor, report=False)
    assert tables(results.folder) == tables(whole.folder)
    assert not (results.folder / "checkpoints").exists()


def test_a_budget_that_is_not_used_up_changes_nothing(small: Make, train: Train) -> None:
    watcher, budget = Watching(), Budget(seconds=1000, trials=100)
    assert len(train(small(), budget=budget, watcher=watcher, report=True).trials) == 4
    assert not watcher.lines
    assert not budget.missing


@pytest.mark.parametrize("given_", [{"seconds": 0}, {"seconds": -1.5}, {"trials": 0}])
def test_a_budget_of_nothing_is_refused(given_: dict[str, float]) -> None:
    with pytest.raises(SpecError, match=r"budget: \w+ must be above 0; got"):
        Budget(**given_)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("90s", 90), ("1.5m", 90), (" 1h30m ", 5400), ("2D", 172800), ("1h0m5s", 3605)],
)
def test_durations_are_read(text: str, seconds: float) -> None:
    assert read_duration(text) == seconds


@pytest.mark.parametrize(
    "text",
    ["", "0", "0s", "-5", "m", "5 m", "1m1h", "1h2h", "1h30", "1e3", "nan", "inf", "9" * 400],
)
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(SpecError, match="expected a duration such as 90s, 15m, 1h30m or 2d"):
        read_duration(text)


@given(st.text(alphabet="0123456789.smhd -+e", max_size=12))
def test_any_text_is_a_duration_or_is_refused(text: str) -> None:
    try:
        assert 0 < read_duration(text) < float("inf")
    except SpecError as error:
        assert repr(text) in str(error)
