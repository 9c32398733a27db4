"""What a study asks for beside the metrics of every trial: columns, what is trained again, and reading."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from dlsuite.analysis.measures import higher_is_better
from dlsuite.data import load_data
from dlsuite.errors import SpecError, StoreError, UnknownNameError
from dlsuite.spec import Study, read_study
from dlsuite.spec.metrics import Metric, metric_entry, register_metric, unregister_metric
from dlsuite.store.metrics_table import metrics_csv, read_metrics
from dlsuite.study import Results, load_results, make_plan
from dlsuite.study.describe import describe_plan
from dlsuite.study.guessing import guess_scores
from dlsuite.study.jobs import trial_keys
from dlsuite.study.run_watcher import RunWatcher

Make = Callable[..., Study]
Train = Callable[..., Results]

REFERENCE = Path(__file__).parents[2] / "results" / "reference"
WINE = {"model": {"name": "mlp", "units": 4}, "data": {"name": "wine", "train_size": 40}}
DIABETES = {"model": {"name": "mlp", "units": 4}, "data": {"name": "diabetes", "train_size": 40}}


class Counting(RunWatcher):
    """Remembers how many trials were to be trained."""

    def begin(self, total: int, finished: int) -> None:
        self.trained = total - finished


def cost(labels: np.ndarray, probabilities: np.ndarray) -> float:
    return float(10 * (labels == 1) @ probabilities[:, 0]) / len(labels)


@pytest.fixture
def registered_cost(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr("dlsuite.spec.metrics._described", {})
    register_metric(
        "cost", task_type="classification", greater_is_better=False, label="cost", bounds=(0, 10)
    )(cost)
    yield
    if metric_entry_or_none("cost"):
        unregister_metric("cost")


def metric_entry_or_none(name: str) -> Metric | None:
    try:
        return metric_entry(name, task_type="classification")
    except UnknownNameError:
        return None


def test_a_metric_decides_and_others_are_reported_beside_it(small: Make, train: Train) -> None:
    study = small(metric="f1", metrics=["auc", "r2", "log_loss"], tasks=[WINE])
    results = train(study.model_copy(update={"metrics": ("auc", "log_loss")}))

    assert results.tasks["metric"].tolist() == ["f1"]
    assert results.trials["test_f1"].between(0, 1).all()
    assert results.trials["gap_auc_last"].notna().all()
    assert results.curves.columns[-6:].tolist() == [
        "train_f1",
        "val_f1",
        "train_auc",
        "val_auc",
        "gradient_norm",
        "step_loss_spread",
    ]
    primary = results.effects.loc[results.effects["role"] == "primary", "measure"]
    assert primary.unique().tolist() == ["test_f1"]
    told = results.summary.set_index("measure")
    assert told.loc["test_auc", "guess"].eq(0.5).all()
    assert any("F1" in sentence for sentence in results.findings)
    assert (results.folder / "metrics.csv").is_file()


def test_a_task_has_the_metrics_that_fit_its_type(small: Make, train: Train) -> None:
    results = train(small(metrics=["r2", "auc"], tasks=[WINE, DIABETES]))

    by_task = results.trials.groupby("task")[["test_auc", "test_r2"]].count()
    assert by_task.loc["mlp/wine"].tolist() == [4, 0]
    assert by_task.loc["mlp/diabetes"].tolist() == [0, 4]
    assert results.report().is_file()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"metrics": ["r2"]}, r"metrics: no task has 'r2'; classification have accuracy, auc, "),
        ({"metric": "r2"}, r"metric: task 'mlp/wine' is classification and has .*; got 'r2'"),
        ({"metrics": ["f2"]}, r"metrics: Unknown metric 'f2'. Did you mean"),
        ({"metric": "acuracy"}, r"metric: Unknown metric 'acuracy'. Did you mean 'accuracy'"),
        ({"fixed": {"loss": "huber"}}, r"task 'mlp/wine': loss: 'huber' is for regression"),
        ({"fixed": {"loss": "focl"}}, r"Unknown loss 'focl'. Did you mean 'focal'"),
        (
            {"fixed": {"class_weight": "balanced"}, "tasks": [DIABETES]},
            r"fixed\.class_weight has no effect: no task is a classification",
        ),
    ],
)
def test_what_no_task_can_have_is_refused(
    small: Make, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(SpecError, match=message):
        make_plan(small(**changes))


def test_class_weights_are_nothing_to_the_regressions_of_a_study(small: Make) -> None:
    plan = make_plan(small(tasks=[WINE, DIABETES], fixed={"class_weight": "balanced"}))
    chosen = {trial.task: trial.training.class_weight for trial in plan.trials}
    assert chosen == {"mlp/wine": "balanced", "mlp/diabetes": "none"}


def test_asking_later_trains_again_what_lacks_it_and_changes_nothing_else(
    small: Make, train: Train
) -> None:
    watcher = Counting()
    before = train(small()).trials
    results = train(small(metrics=["f1"]), watcher=watcher)
    assert watcher.trained == 4
    pd.testing.assert_frame_equal(results.trials[before.columns], before)

    train(small(metrics=["f1"]), watcher=watcher)
    assert watcher.trained == 0
    again = train(small(), watcher=watcher)
    assert watcher.trained == 0
    pd.testing.assert_frame_equal(again.trials, before)


def test_asking_changes_no_key(small: Make) -> None:
    plain, asking = (trial_keys(make_plan(small(**more)))[0] for more in ({}, {"metrics": ["f1"]}))
    assert plain == asking


@pytest.mark.parametrize("name", ["dropout", "capacity"])
def test_trials_keep_the_keys_that_they_were_stored_under(name: str) -> None:
    stored = pd.read_csv(REFERENCE / name / "trials.csv", usecols=["trial"])["trial"]
    keys, _ = trial_keys(make_plan(read_study(REFERENCE / name / "study.toml")))
    assert set(stored) <= set(keys.values())


def test_a_users_metric_is_read_without_its_code(
    registered_cost: None, small: Make, train: Train, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained = train(small(metric="cost"))
    told = trained.findings
    unregister_metric("cost")
    monkeypatch.setattr("dlsuite.spec.metrics._described", {})

    results = load_results(trained.folder)
    assert not higher_is_better("cost")
    assert results.findings == told
    assert results.report().is_file()
    assert results.trials["test_cost"].between(0, 10).all()


def test_a_metric_that_raises_is_found_before_anything_trains(
    small: Make, train: Train, tmp_path: Path
) -> None:
    @register_metric("spoiled", task_type="classification", greater_is_better=True)
    def spoiled(labels: np.ndarray, probabilities: np.ndarray) -> float:
        return float(probabilities[:, 99].mean())

    try:
        with pytest.raises(SpecError, match=r"metric 'spoiled' .*: it raised IndexError"):
            train(small(metric="spoiled", tasks=[WINE]))
    finally:
        unregister_metric("spoiled")
    assert not list(tmp_path.glob("*/parts/*"))


def test_another_version_of_a_users_metric_is_computed_anew(
    registered_cost: None, small: Make, train: Train
) -> None:
    train(small(metrics=["cost"]))
    unregister_metric("cost")

    @register_metric("cost", task_type="classification", greater_is_better=False, label="cost")
    def doubled(labels: np.ndarray, probabilities: np.ndarray) -> float:
        return 2 * cost(labels, probabilities)

    watcher = Counting()
    results = train(small(metrics=["cost"]), watcher=watcher)
    assert watcher.trained == 4
    assert len(results.trials) == 4
    assert results.curves["val_cost"].notna().all()


def test_results_of_a_metric_better_the_other_way_are_not_read(
    registered_cost: None, small: Make, train: Train
) -> None:
    folder = train(small(metrics=["cost"])).folder
    table = (folder / "metrics.csv").read_text()
    (folder / "metrics.csv").write_text(table.replace("False", "True", 1))
    with pytest.raises(SpecError, match=r"metrics.csv: metric 'cost' is better when greater there"):
        load_results(folder)
    (folder / "metrics.csv").write_text(table.replace("False", "perhaps", 1))
    with pytest.raises(StoreError, match=r"metrics.csv: cannot be read .*row 2: expected a task"):
        load_results(folder)


def test_metrics_come_back_as_they_were_written(tmp_path: Path) -> None:
    metrics = [
        Metric("cost", "the cost", "classification", False, (0.0, float("inf")), version="0123e4"),
        Metric("r2", "R2", "regression", True, (float("-inf"), 1.0)),
        Metric("bias", "bias", "regression", False, in_target_units=True),
    ]
    assert read_metrics(tmp_path) == []
    (tmp_path / "metrics.csv").write_text(metrics_csv(metrics), encoding="utf-8")
    assert read_metrics(tmp_path) == metrics


def test_a_loss_as_a_factor_is_said_and_has_no_score_of_guessing(small: Make, train: Train) -> None:
    study = small(
        factors={"loss": ["cross_entropy", "focal"], "class_weight": ["none", "balanced"]},
        metric="balanced_accuracy",
    )
    results = train(study)
    [task] = results.tasks.to_dict("records")
    assert task["loss"] == "cross_entropy, focal"
    assert "guess_val_loss" not in task
    assert task["guess_val_balanced_accuracy"] == pytest.approx(1 / 3)
    assert "minimize different losses" in task["notes"]
    assert set(results.trials["status"]) == {"completed"}
    assert results.trials["trial"].nunique() == 8
    assert results.report().is_file()


def test_guessing_a_series_last_value_has_a_known_r2() -> None:
    data = load_data("sunspots")
    r2 = metric_entry("r2", task_type="regression")
    assert r2 is not None
    own = Metric("own", "own", "regression", True, function=lambda y, f: 0.0)
    scores = guess_scores(data, [r2, own])
    rmse = data.guess.scores["test"]["rmse"]
    spread = np.var(data.test.y.astype(np.float64))
    assert set(scores) == {"guess_val_r2", "guess_test_r2"}
    assert scores["guess_test_r2"] == pytest.approx(1 - rmse**2 / spread)


def test_a_plan_says_what_guessing_scores_by_the_metric_asked_for(small: Make) -> None:
    [task] = describe_plan(make_plan(small(metric="auc")))["tasks"]
    assert task["metric"] == "auc" and task["guess"] == "majority class: 0.5"


def test_parts_of_before_are_read(small: Make, train: Train) -> None:
    results = train(small())
    for part in (results.folder / "parts").iterdir():
        assert "metrics" not in pd.read_csv(part / "trials.csv").columns
    shutil.rmtree(results.folder / "rejected", ignore_errors=True)
    watcher = Counting()
    train(small(), watcher=watcher)
    assert watcher.trained == 0
