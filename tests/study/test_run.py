import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest

import dlsuite
from dlsuite.analysis import TABLES, mean_interval
from dlsuite.data import Examples, register_data, unregister_data
from dlsuite.errors import SpecError, StoreError
from dlsuite.models import unregister_model
from dlsuite.spec import Study, read_study
from dlsuite.store import Part
from dlsuite.study import Executor, InProcessExecutor, Job, Results, load_results, run
from dlsuite.study.executors import Watcher
from dlsuite.study.run_watcher import RunWatcher

Make = Callable[..., Study]
Train = Callable[..., Results]


class CountingWatcher(RunWatcher):
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.total = self.finished = self.epochs = 0
        self.trials = 0.0
        self.lines: list[str] = []

    def begin(self, total: int, finished: int) -> None:
        self.total, self.finished = total, finished

    def epoch(self, loss: float, trials: float) -> None:
        assert np.isfinite(loss)
        self.epochs += 1
        self.trials += trials

    def say(self, line: str) -> None:
        self.lines.append(line)


class InterruptedExecutor(Executor):
    """Is stopped by the keyboard after the first population."""

    def __init__(self, executor: InProcessExecutor) -> None:
        self._executor = executor

    def run(self, jobs: Sequence[Job], watcher: Watcher) -> Iterator[Part]:
        yield from self._executor.run(jobs[:1], watcher)
        raise KeyboardInterrupt


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("*.csv")}


def test_a_study_leaves_its_tables_and_figures(small: Make, train: Train) -> None:
    results = train(small(), report=True)

    assert len(results.trials) == 4
    assert list(results.trials["condition"]) == ["dropout=0"] * 2 + ["dropout=0.5"] * 2
    assert list(results.trials["seed"]) == [0, 1, 0, 1]
    assert set(results.trials["status"]) == {"completed"}
    assert len(results.curves) == 4 * 3
    assert list(results.curves["epoch"][:3]) == [0, 1, 2]
    assert set(results.layers["layer"]) == {"dense_1", "output", "activation_1"}
    for name in ("study.toml", "environment.json", "tasks.csv"):
        assert (results.folder / name).is_file()
    assert {path.suffix for path in (results.folder / "figures").iterdir()} == {".png", ".svg"}


def test_the_scores_of_a_trial_are_those_of_its_curve(small: Make, train: Train) -> None:
    results = train(small(epochs=4))

    for _, trial in results.trials.iterrows():
        same = (results.curves["seed"] == trial["seed"]) & (
            results.curves["condition"] == trial["condition"]
        )
        curve = results.curves[same].set_index("epoch")
        assert trial["best_epoch"] == curve["val_loss"].idxmin()
        assert trial["val_loss_best"] == curve["val_loss"].min()
        assert trial["train_accuracy_last"] == curve["train_accuracy"][4]
        gap = curve["val_loss"][4] - curve["train_loss"][4]
        assert trial["gap_loss_last"] == pytest.approx(gap, rel=1e-5)
        gap = curve["train_accuracy"][4] - curve["val_accuracy"][4]
        assert trial["gap_accuracy_last"] == pytest.approx(gap, abs=1e-6)


def test_the_summary_is_the_mean_and_interval_over_seeds(small: Make, train: Train) -> None:
    results = train(small())

    rows = results.summary.set_index(["condition", "measure"])
    for condition, trials in results.trials.groupby("condition"):
        expected = mean_interval(trials["test_accuracy"])
        row = rows.loc[(condition, "test_accuracy")]
        assert row["n"] == 2
        assert row[["mean", "ci_low", "ci_high"]].tolist() == pytest.approx(
            [expected.mean, max(expected.low, 0.0), min(expected.high, 1.0)], rel=1e-5
        )


def test_running_again_trains_nothing_and_changes_no_table(small: Make, train: Train) -> None:
    before = files(train(small()).folder)
    watcher = CountingWatcher()

    after = files(train(small(), watcher=watcher).folder)

    assert (watcher.total, watcher.finished, watcher.trials) == (4, 4, 0)
    assert after == before


def test_the_same_study_gives_the_same_bytes(
    small: Make, executor: InProcessExecutor, tmp_path: Path
) -> None:
    study = small(seeds=3)
    first = run(study, out=tmp_path / "a", executor=executor)
    second = run(study, out=tmp_path / "b", executor=InProcessExecutor())

    assert files(first.folder) == files(second.folder)


def test_a_deleted_part_is_trained_again_and_nothing_else(small: Make, train: Train) -> None:
    study = small(factors={"batch_size": [10, 20]})
    results = train(study)
    before = files(results.folder)
    parts = sorted((results.folder / "parts").iterdir())
    assert len(parts) == 2
    kept = (parts[1] / "trials.csv").stat().st_mtime_ns
    shutil.rmtree(parts[0])
    watcher = CountingWatcher()

    train(study, watcher=watcher)

    assert (watcher.finished, watcher.trials) == (2, 2)
    assert files(results.folder) == before
    assert (parts[1] / "trials.csv").stat().st_mtime_ns == kept


def test_a_part_that_cannot_be_read_is_set_aside_and_trained_again(
    small: Make, train: Train
) -> None:
    results = train(small())
    before = files(results.folder)
    part = next((results.folder / "parts").iterdir())
    (part / "curves.csv").write_text("torn")
    watcher = CountingWatcher()

    train(small(), watcher=watcher)

    assert len(watcher.lines) == 1
    assert part.name in watcher.lines[0] and "rejected" in watcher.lines[0]
    assert (results.folder / "rejected" / part.name / "curves.csv").read_text() == "torn"
    assert watcher.trials == 4
    assert files(results.folder) == before


def test_more_seeds_train_only_what_is_new(small: Make, train: Train) -> None:
    before = train(small()).trials
    watcher = CountingWatcher()

    after = train(small(seeds=3), watcher=watcher).trials

    assert watcher.trials == 2
    assert len(after) == 6
    old = after[after["seed"] < 2].reset_index(drop=True)
    pd.testing.assert_frame_equal(old, before)


def test_a_fixed_setting_that_becomes_a_factor_keeps_its_trials(small: Make, train: Train) -> None:
    train(small(fixed={"learning_rate": 0.01}))
    watcher = CountingWatcher()

    results = train(
        small(factors={"learning_rate": [0.01, 0.1], "dropout": [0.0, 0.5]}), watcher=watcher
    )

    assert watcher.trials == 4
    assert len(results.trials) == 8


def test_another_number_of_epochs_trains_again_and_loses_nothing(small: Make, train: Train) -> None:
    short = files(train(small()).folder)
    long = train(small(epochs=3))
    assert set(long.curves["epoch"]) == {0, 1, 2, 3}
    watcher = CountingWatcher()

    again = train(small(), watcher=watcher)

    assert watcher.trials == 0
    assert files(again.folder) == short


def test_an_interrupted_run_keeps_what_is_finished_and_goes_on(
    small: Make, executor: InProcessExecutor, tmp_path: Path
) -> None:
    study = small(factors={"batch_size": [10, 20]})
    whole = files(run(study, out=tmp_path / "whole", executor=executor).folder)

    with pytest.raises(KeyboardInterrupt):
        run(study, out=tmp_path, executor=InterruptedExecutor(executor))
    assert len(load_results(tmp_path / "small").trials) == 2
    watcher = CountingWatcher()
    resumed = run(study, out=tmp_path, executor=executor, watcher=watcher)

    assert watcher.trials == 2
    assert files(resumed.folder) == whole


def test_the_resolved_study_can_be_run_again_from_its_folder(small: Make, train: Train) -> None:
    results = train(small())
    watcher = CountingWatcher()

    train(read_study(results.folder / "study.toml"), watcher=watcher)

    assert watcher.trials == 0


def test_a_diverged_trial_is_an_outcome_and_the_study_goes_on(small: Make, train: Train) -> None:
    results = train(
        small(factors={"learning_rate": [0.01, 1e30]}, fixed={"optimizer": "sgd"}), watcher=None
    )

    trials = results.trials.set_index(["learning_rate", "seed"])
    assert list(trials["status"]) == ["completed", "completed", "diverged", "diverged"]
    diverged = trials.loc[(1e30, 0)]
    assert diverged["diverged_epoch"] == 1
    assert np.isnan(diverged["test_loss"])
    summary = results.summary.set_index(["condition", "measure"])
    assert summary.loc[("learning_rate=1e+30", "test_accuracy"), "n_diverged"] == 2
    assert any("diverged" in sentence for sentence in results.findings)


def test_tuned_values_are_chosen_on_validation_for_each_condition(
    small: Make, train: Train
) -> None:
    results = train(small(tune={"learning_rate": [1e-5, 0.01]}, epochs=5))

    chosen = results.trials[results.trials["selected"]]
    assert len(results.trials) == 8
    assert len(chosen) == 4
    assert set(chosen["learning_rate"]) == {0.01}
    assert set(results.summary["learning_rate"]) == {0.01}


def test_progress_is_told_of_every_epoch_and_trial(small: Make, train: Train) -> None:
    watcher = CountingWatcher()

    train(small(), watcher=watcher)

    assert (watcher.total, watcher.finished, watcher.trials, watcher.epochs) == (4, 0, 4, 2)


def test_a_skipped_batch_is_told_once(small: Make, train: Train) -> None:
    watcher = CountingWatcher()

    train(small(fixed={"batch_norm": True, "batch_size": 13}), watcher=watcher)

    assert len(watcher.lines) == 1
    assert "single example" in watcher.lines[0]


def test_the_environment_lists_every_run(small: Make, train: Train) -> None:
    train(small())
    results = train(small())

    runs = json.loads((results.folder / "environment.json").read_text())["runs"]
    assert [run["trained"] for run in runs] == [4, 0]
    assert runs[0]["packages"]["tensorflow"]
    assert runs[0]["devices"] == ["CPU"]
    assert runs[0]["threads"] >= 1


def test_several_splits_give_different_data(small: Make, train: Train) -> None:
    results = train(small(split_seeds=2, seeds=1))

    first = results.trials[results.trials["split_seed"] == 0]["test_loss"].tolist()
    second = results.trials[results.trials["split_seed"] == 1]["test_loss"].tolist()
    assert first != second


def test_every_column_is_documented(small: Make, train: Train) -> None:
    text = (Path(__file__).parents[2] / "results" / "README.md").read_text()
    results = train(small())
    scores = ("loss", "accuracy", "rmse", "mae")
    for name in ("tasks", "trials", "curves", "layers", *TABLES):
        for column in results.table(name).columns:
            generic = column
            for score in scores:
                generic = generic.replace(f"_{score}", "_<score>")
            for split in ("train", "val"):
                if name == "trials":
                    generic = generic.replace(f"{split}_<score>", "<split>_<score>")
            named = f"`{column}`" in text or f"`{generic}`" in text
            assert column == "dropout" or named, (name, column)


def test_a_folder_without_results_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no results here; expected a study's folder"):
        load_results(tmp_path)


def test_a_folder_that_cannot_be_made_is_refused(
    small: Make, executor: InProcessExecutor, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("mine")

    with pytest.raises(
        StoreError, match=r"file.*: cannot be made \(.+\)\. Give another place with --out"
    ):
        run(small(), out=tmp_path / "file", executor=executor)

    assert (tmp_path / "file").read_text() == "mine"


def test_a_model_that_cannot_be_trained_is_found_before_any_other_is(
    small: Make, train: Train, tmp_path: Path
) -> None:
    study = small(
        tasks=[
            {"model": "mlp", "data": "wine"},
            {"model": {"name": "cnn", "filters": [1, 1, 1, 1]}, "data": "digits"},
        ]
    )
    watcher = CountingWatcher()

    with pytest.raises(SpecError, match="an image of 8x8 cannot be halved 4 times"):
        train(study, watcher=watcher)

    assert watcher.trials == 0
    assert not (tmp_path / "small" / "trials.csv").exists()


@pytest.mark.parametrize(
    ("factor", "values", "written"),
    [
        ("units", [[8], [8, 4]], ["[8]", "[8, 4]"]),
        ("dropout", [1 / 3, 0.5], [1 / 3, 0.5]),
        ("activation", ["relu", "tanh"], ["relu", "tanh"]),
    ],
)
def test_what_varies_is_recognized_after_its_way_through_csv(
    small: Make, train: Train, factor: str, values: list[object], written: list[object]
) -> None:
    task = {"model": "mlp", "data": {"name": "wine", "train_size": 40}}
    results = train(
        small(tasks=[task], factors={factor: values, "batch_norm": [False, True]}, seeds=1)
    )

    assert list(dict.fromkeys(results.trials[factor])) == written
    sentences = " ".join(results.findings)
    assert "no two conditions differ" not in sentences
    assert sentences.count("at the baseline") == 2


def test_an_edited_builder_is_trained_again(small: Make, train: Train) -> None:
    study = small(
        tasks=[{"model": "mine", "data": "wine"}], factors={"learning_rate": [0.01]}, seeds=1
    )

    def narrow(*, input_shape: tuple[int, ...], outputs: int) -> keras.Model:
        return keras.Sequential([keras.Input(input_shape), keras.layers.Dense(outputs)])

    def wide(*, input_shape: tuple[int, ...], outputs: int) -> keras.Model:
        hidden = keras.layers.Dense(20)
        return keras.Sequential([keras.Input(input_shape), hidden, keras.layers.Dense(outputs)])

    parameters = []
    for builder in (narrow, wide, narrow):
        dlsuite.register_model("mine", kinds=["table"])(builder)
        try:
            parameters.append(train(study).trials["parameters"].tolist())
        finally:
            unregister_model("mine")
    assert parameters == [[42], [343], [42]]


def test_a_data_set_registered_again_is_read_again(small: Make, train: Train) -> None:
    means = []
    for shift in (0.0, 100.0):

        def coins(shift: float = shift) -> Examples:
            x = np.linspace(0, 1, 50)
            return Examples(x=x[:, None], y=3 * x + shift, feature_names=("size",))

        described = {"source": "here", "license": "CC0-1.0", "description": "Coins."}
        register_data("coins", kind="table", task_type="regression", **described)(lambda: coins())
        try:
            data = load_results_of(train, small(tasks=[{"model": "mlp", "data": "coins"}], seeds=1))
        finally:
            unregister_data("coins")
        means.append(data)
    assert means[0] != means[1]


def load_results_of(train: Train, study: Study) -> str:
    return str(train(study).tasks["fingerprint"][0])


def test_conditions_that_come_to_the_same_thing_are_trained_once(small: Make, train: Train) -> None:
    task = {"model": {"name": "mlp", "units": 4}, "data": {"name": "wine", "train_size": 20}}
    watcher = CountingWatcher()

    results = train(small(tasks=[task], factors={"label_noise": [0.0, 0.01]}), watcher=watcher)

    assert watcher.trials == 2
    assert len(results.trials) == 4
    assert not (results.folder / "rejected").exists()


def test_a_run_that_ends_before_anything_is_finished_leaves_the_old_tables(
    small: Make, train: Train, executor: InProcessExecutor, tmp_path: Path
) -> None:
    class Stopped(Executor):
        def run(self, jobs: Sequence[Job], watcher: Watcher) -> Iterator[Part]:
            raise KeyboardInterrupt
            yield

    folder = train(small()).folder

    def written() -> dict[str, bytes]:
        paths = [path for path in folder.iterdir() if path.is_file()]
        return {p.name: p.read_bytes() for p in paths if not p.name.startswith("claim-")}

    before = written()
    for study in (small(epochs=3), small(factors={"learning_rate": [0.5]})):
        with pytest.raises(KeyboardInterrupt):
            run(study, out=tmp_path, executor=Stopped())

    assert written() == before


def test_a_table_that_somebody_has_spoilt_is_named(small: Make, train: Train) -> None:
    folder = train(small()).folder
    (folder / "summary.csv").write_text("garbage\n")

    with pytest.raises(
        StoreError, match=r"summary\.csv: .*the column 'task' is missing\. Delete it and run"
    ):
        _ = load_results(folder).findings


def test_figures_of_factors_that_are_gone_go_too(small: Make, train: Train) -> None:
    train(small(), report=True)
    results = train(small(factors={"learning_rate": [0.01]}), report=True)

    names = {path.stem for path in (results.folder / "figures").iterdir()}
    assert "factor_learning_rate" in names
    assert "factor_dropout" not in names


def test_a_figure_of_older_tables_is_drawn_again_though_nothing_is_trained(
    small: Make, train: Train
) -> None:
    figure = train(small(), report=True).folder / "figures" / "factor_dropout.png"
    drawn = figure.read_bytes()
    figure.write_bytes(b"of older tables")

    train(small(), report=True)

    assert figure.read_bytes() == drawn
