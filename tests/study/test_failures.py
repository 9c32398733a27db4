"""Populations that fail: written down, the rest goes on, tried again when asked."""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from dlsuite.spec import Study
from dlsuite.spec.metrics import register_metric, unregister_metric
from dlsuite.study import Budget, InProcessExecutor, Results, run
from dlsuite.study.problems import problem_lines
from dlsuite.study.run_watcher import RunWatcher
from dlsuite.training.memory import is_out_of_memory
from dlsuite.training.trainer import Trainer

Make = Callable[..., Study]
Train = Callable[..., Results]
TWO = {"train_size": [30, 40]}
"""A factor that takes two populations."""


class Lines(RunWatcher):
    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, line: str) -> None:
        self.lines.append(line)


@pytest.fixture
def broken() -> Iterator[list[int]]:
    """A user's metric that raises on splits of some sizes, unless the list is emptied."""
    sizes = [40]

    def share_of_zeros(y_true: Any, y_pred: Any) -> float:
        if len(y_true) in sizes and len(np.unique(np.argmax(y_pred, axis=-1))) > 1:
            raise RuntimeError("the metric's own mistake")
        return float(np.mean(y_true == 0))

    register_metric("zeros", task_type="classification", greater_is_better=True)(share_of_zeros)
    yield sizes
    unregister_metric("zeros")


def study_of(small: Make) -> Study:
    task = {"model": {"name": "mlp", "units": 4}, "data": "wine"}
    return small(tasks=[task], factors=TWO, metrics=["zeros"], fixed={"learning_rate": 0.05})


def tables(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("*.csv")}


def test_what_fails_is_written_down_and_the_rest_goes_on(
    small: Make, train: Train, broken: list[int]
) -> None:
    watcher = Lines()
    results = train(study_of(small), watcher=watcher, report=True)
    trials = results.trials.set_index(["train_size", "seed"])
    assert list(trials["status"]) == ["completed"] * 2 + ["failed"] * 2
    assert trials.loc[40, "test_loss"].isna().all()
    assert set(results.curves["train_size"]) == {30}
    assert list(results.problems["status"]) == ["failed", "failed"]
    assert results.problems["problem"].str.contains("the metric's own mistake").all()
    assert results.n_failed == 2
    [line] = [line for line in watcher.lines if "failed" in line]
    assert line.startswith("mlp/wine: 2 trials failed: ") and "the metric's own mistake" in line
    [said] = problem_lines(results)
    assert said.startswith("2 of 4 trials failed") and "--retry-failed" in said
    summary = results.summary.set_index(["condition", "measure"])
    assert summary.loc[("train_size=40", "test_accuracy"), ["n", "n_diverged"]].tolist() == [0, 0]
    [error] = (results.folder / "parts").glob("*/error.txt")
    assert "share_of_zeros" in error.read_text()
    assert "the metric&#39;s own mistake" in results.page.read_text()


def test_what_failed_is_trained_again_when_it_is_asked_for_only(
    small: Make, train: Train, broken: list[int], executor: InProcessExecutor, tmp_path: Path
) -> None:
    study = study_of(small)
    before = tables(train(study).folder)
    broken.clear()
    assert tables(train(study).folder) == before
    results = train(study, retry_failed=True)
    assert results.n_failed == 0
    assert len(results.problems) == 0
    assert not (results.folder / "problems.csv").exists()
    whole = run(study, out=tmp_path / "whole", executor=executor, report=False)
    assert tables(results.folder) == tables(whole.folder)


def test_a_study_in_which_all_fails_has_its_tables(
    small: Make, train: Train, broken: list[int]
) -> None:
    broken.append(30)
    results = train(study_of(small), report=True)
    assert list(results.trials["status"]) == ["failed"] * 4
    assert results.page.is_file()


def test_a_population_without_memory_is_halved_and_marked(
    small: Make, train: Train, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[tuple[int, int | None]] = []
    plain = Trainer.train

    def short_of_memory(self: Trainer, setups: Sequence[Any], *args: Any, **options: Any) -> Any:
        tried.append((len(setups), options["members"]))
        if options["members"] is None or options["members"] > 5:
            raise tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor")
        return plain(self, setups, *args, **options)

    monkeypatch.setattr(Trainer, "train", short_of_memory)
    study = small(factors={"dropout": [0.0, 0.2, 0.4]}, seeds=2)
    watcher = Lines()
    results = train(study, watcher=watcher)
    assert list(results.trials["status"]) == ["completed"] * 6
    assert tried == [(6, None), (6, 10), (3, 5), (3, 5)]
    assert set(results.trials["members"]) == {5}
    assert len(results.problems) == 6
    assert results.problems["problem"].str.contains("in a population of 5 members").all()
    assert "smaller populations" in problem_lines(results)[0]
    assert results.n_failed == 0


def test_a_population_of_one_without_memory_fails(
    small: Make, train: Train, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(self: Trainer, setups: Sequence[Any], *args: Any, **options: Any) -> Any:
        raise MemoryError

    monkeypatch.setattr(Trainer, "train", never)
    results = train(small())
    assert list(results.trials["status"]) == ["failed"] * 4
    assert set(results.problems["problem"]) == {"MemoryError"}


def test_real_errors_of_memory_are_recognized() -> None:
    with pytest.raises(tf.errors.ResourceExhaustedError) as tensorflow:
        tf.zeros([10**7, 10**7])
    with pytest.raises(MemoryError) as numpy:
        np.ones([10**8, 10**8])
    assert is_out_of_memory(tensorflow.value) and is_out_of_memory(numpy.value)
    assert not is_out_of_memory(ValueError("out of memory"))


def test_json_of_a_study_with_failed_trials_counts_them(
    small: Make, train: Train, broken: list[int], capsys: pytest.CaptureFixture[str]
) -> None:
    from dlsuite.cli.options import print_findings

    print_findings(train(study_of(small)), Budget(), as_json=True)
    assert json.loads(capsys.readouterr().out)["failed"] == 2


def test_a_failed_part_keeps_to_the_columns(small: Make, train: Train, broken: list[int]) -> None:
    results = train(study_of(small))
    columns = [
        list(pd.read_csv(part / "trials.csv").columns)
        for part in (results.folder / "parts").iterdir()
    ]
    longer, shorter = sorted(columns, key=len, reverse=True)
    assert "problem" in longer + shorter
    assert {"trial", "status", "epochs", "members"} <= {*longer} & {*shorter}
