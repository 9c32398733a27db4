"""A study's trained models, taken away: the same scores from files alone, in a process without the suite."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest

from dlsuite.data import Examples, Phrases, TimeSeries, data_entry, register_data, unregister_data
from dlsuite.data.parts import split_by_lot
from dlsuite.data.windows import split_in_time
from dlsuite.errors import SpecError, StoreError, UnknownNameError
from dlsuite.models import register_model, unregister_model
from dlsuite.models.card import read_card
from dlsuite.spec import Study, parse_study
from dlsuite.study import InProcessExecutor, Results, load_results, predict_file, run
from dlsuite.study.run_watcher import RunWatcher
from dlsuite.study.trained_models import MOST_SAVED, file_name

Make = Callable[..., Study]
Train = Callable[..., Results]

KINDS = {
    "tiny/wine": {"model": "tiny", "data": "wine"},
    "tiny/diabetes": {"model": "tiny", "data": "diabetes"},
    "tiny/sunspots": {"model": "tiny", "data": "sunspots"},
    "cnn/digits": {
        "model": {"name": "cnn", "filters": [4]},
        "data": {"name": "digits", "train_size": 200},
    },
    "tiny/languages": {"model": "tiny", "data": {"name": "languages", "train_size": 200}},
}

ELSEWHERE = """
import json, sys
import numpy as np, keras
told = json.loads(sys.argv[1])
scores = {}
for task, (model_path, arrays_path) in told.items():
    model = keras.models.load_model(model_path)
    arrays = np.load(arrays_path)
    x = arrays["x"].astype(object) if arrays["x"].dtype.kind == "U" else arrays["x"]
    given = model.predict(x, verbose=0)
    y = arrays["y"]
    if "values" in arrays:
        error = given[:, 0] - y
        scores[task] = {"test_rmse": float(np.sqrt(np.mean(error**2))), "test_mae": float(abs(error).mean())}
    else:
        assert np.allclose(given.sum(axis=1), 1, atol=1e-5)
        hit = np.log(given[np.arange(len(y)), y].astype(float))
        scores[task] = {
            "test_loss": float(-hit.mean()), "test_accuracy": float((given.argmax(axis=1) == y).mean())
        }
assert "dlsuite" not in sys.modules
print(json.dumps(scores))
"""


def raw_test_split(name: str, path: Path) -> None:
    """Write a data set's test split as it was read, before anything is scaled or encoded."""
    raw = data_entry(name).loader()
    if isinstance(raw, TimeSeries):
        parts, _ = split_in_time(raw)
        windows = parts.test.x
        # Gathering would round them to float32.
        x = windows.store[windows.places[:, None] + np.arange(windows.window)]
        parts = replace(parts, test=replace(parts.test, x=x))
    elif isinstance(raw, Phrases):
        texts = np.array(raw.texts, dtype=object)
        parts = split_by_lot(texts, raw.labels, classes=len(raw.class_names), split_seed=0)
    else:
        parts = split_by_lot(raw.x, raw.y, classes=len(raw.class_names), split_seed=0)
    x, y = parts.test.x, parts.test.y
    x = x.astype(str) if x.dtype == object else x
    kind = {} if getattr(raw, "class_names", ()) else {"values": True}
    np.savez(path, x=x, y=y, **kind)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def tiny() -> Iterator[None]:
    """A model that takes every kind of data and compiles at once."""

    @register_model("tiny", kinds=["table", "series", "image", "text"])
    def build(
        *, input_shape: tuple[int, ...], outputs: int, vocabulary: int | None, dropout: float = 0.0
    ) -> keras.Model:
        x = inputs = keras.Input(input_shape, dtype="int32" if vocabulary else "float32")
        if vocabulary:
            x = keras.layers.Embedding(vocabulary, 4, name="embedding")(x)
        x = keras.layers.Flatten(name="flat")(x)
        x = keras.layers.Dense(4, activation="relu", name="hidden")(x)
        x = keras.layers.Dropout(dropout, name="dropout")(x)
        return keras.Model(inputs, keras.layers.Dense(outputs, name="output")(x), name="tiny")

    yield
    unregister_model("tiny")


@pytest.fixture(scope="module")
def kinds(
    tiny: None, executor: InProcessExecutor, tmp_path_factory: pytest.TempPathFactory
) -> Results:
    study = parse_study(
        {
            "name": "kinds",
            "seeds": 2,
            "epochs": 3,
            "tasks": list(KINDS.values()),
            "factors": {"dropout": [0.0, 0.3]},
            "fixed": {"learning_rate": 0.01},
        }
    )
    return run(study, out=tmp_path_factory.mktemp("kinds"), executor=executor, report=False)


def scores_elsewhere(files: dict[str, tuple[Path, Path]]) -> dict[str, dict[str, float]]:
    told = json.dumps({task: [str(path) for path in paths] for task, paths in files.items()})
    done = subprocess.run(
        [sys.executable, "-I", "-c", ELSEWHERE, told], capture_output=True, text=True, cwd="/"
    )
    assert done.returncode == 0, done.stderr
    scores: dict[str, dict[str, float]] = json.loads(done.stdout.splitlines()[-1])
    return scores


def test_saved_models_score_elsewhere_what_their_trials_scored(
    kinds: Results, tmp_path: Path
) -> None:
    files = {}
    for task in KINDS:
        kinds.save_model(tmp_path / f"{file_name(task)}.keras", task=task)
        raw_test_split(task.split("/")[1], tmp_path / f"{file_name(task)}.npz")
        files[task] = tuple(tmp_path / f"{file_name(task)}{end}" for end in (".keras", ".npz"))

    scores = scores_elsewhere(files)  # type: ignore[arg-type]

    for task, (path, _) in files.items():
        card = read_card(path)
        assert card is not None
        trials = kinds.trials.set_index("trial")
        for score, value in scores[task].items():
            assert value == pytest.approx(trials.at[card.about["trial"], score], rel=1e-5), task


def test_a_run_saves_a_model_for_each_task_and_condition(kinds: Results) -> None:
    names = {path.name for path in (kinds.folder / "models").iterdir()}

    assert len(names) == 2 * len(KINDS)
    assert "tiny-wine-dropout=0.keras" in names
    assert "tiny-languages-dropout=0.3.keras" in names


def test_the_seed_with_the_lowest_validation_loss_stands_for_a_condition(kinds: Results) -> None:
    for (task, condition), trials in kinds.trials.groupby(["task", "condition"]):
        best = trials.loc[trials["val_loss_best"].idxmin()]
        card = read_card(kinds.folder / "models" / f"{file_name(f'{task} {condition}')}.keras")
        assert card is not None
        assert (card.about["trial"], card.about["seed"]) == (best["trial"], best["seed"])
        assert card.about["scores"]["test_loss"] == best["test_loss"]


def test_the_best_condition_is_chosen_on_validation(kinds: Results) -> None:
    chosen = kinds.best_model(task="tiny/wine")
    trials = kinds.trials.loc[kinds.trials["task"] == "tiny/wine"]
    condition = trials.groupby("condition")["val_accuracy_best"].mean().idxmax()

    same = kinds.best_model(task="tiny/wine", condition=str(condition))

    for ours, theirs in zip(chosen.get_weights(), same.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_model_is_the_same_from_its_weights_as_from_its_file(
    kinds: Results, tmp_path: Path
) -> None:
    copy = shutil.copytree(kinds.folder, tmp_path / "copy")
    saved = {path.name: path.read_bytes() for path in (copy / "models").iterdir()}
    shutil.rmtree(copy / "models")
    results = load_results(copy)

    for task in KINDS:
        path = tmp_path / f"{file_name(task)}.keras"
        results.save_model(path, task=task, condition="dropout=0.3")
        assert path.read_bytes() == saved[f"{file_name(f'{task} dropout=0.3')}.keras"]

    x = np.random.default_rng(0).normal(size=(5, 13))
    from_weights = results.best_model(task="tiny/wine", condition="dropout=0")
    from_file = kinds.best_model(task="tiny/wine", condition="dropout=0")
    np.testing.assert_array_equal(from_weights(x), from_file(x))


def test_running_again_saves_nothing_anew(kinds: Results, executor: InProcessExecutor) -> None:
    before = {path: path.stat().st_mtime_ns for path in (kinds.folder / "models").iterdir()}
    (kinds.folder / "models" / "tiny-wine-dropout=0.keras").write_text("torn")

    run(kinds.study, out=kinds.folder.parent, executor=executor, report=False)

    after = {path: path.stat().st_mtime_ns for path in (kinds.folder / "models").iterdir()}
    assert [path.name for path in before if before[path] != after[path]] == [
        "tiny-wine-dropout=0.keras"
    ]


def test_names_that_are_not_there_are_answered_with_the_closest(kinds: Results) -> None:
    with pytest.raises(SpecError, match="task: the study has several; choose one of 'tiny/wine', "):
        kinds.best_model()
    with pytest.raises(
        UnknownNameError, match=r"There is no task 'tiny/wines'\. Did you mean 'tiny/w"
    ):
        kinds.best_model(task="tiny/wines")
    with pytest.raises(
        UnknownNameError, match=r"no condition 'dropout=0\.4' of tiny/wine\. Did you"
    ):
        kinds.best_model(task="tiny/wine", condition="dropout=0.4")
    with pytest.raises(SpecError, match=r"model\.h5: expected a file name that ends in \.keras"):
        kinds.save_model("model.h5", task="tiny/wine")


def test_a_condition_that_diverged_has_no_model(small: Make, train: Train) -> None:
    results = train(
        small(factors={"learning_rate": [0.01, 1e30]}, fixed={"optimizer": "sgd"}, seeds=1)
    )

    assert [path.name for path in (results.folder / "models").iterdir()] == [
        "mlp-wine-learning_rate=0.01.keras"
    ]
    with pytest.raises(
        SpecError, match=r"learning_rate=1e\+30: none of its 1 trials has completed"
    ):
        results.best_model(condition="learning_rate=1e+30")
    assert isinstance(results.best_model(), keras.Model)


def test_a_study_that_diverged_throughout_has_no_model(small: Make, train: Train) -> None:
    results = train(small(fixed={"optimizer": "sgd", "learning_rate": 1e30}, seeds=1))

    with pytest.raises(SpecError, match="mlp/wine: no trial has completed, so there is no model"):
        results.best_model()


def test_of_many_conditions_a_run_saves_the_best_and_the_others_on_demand(
    small: Make, train: Train, tmp_path: Path
) -> None:
    rates = np.geomspace(1e-4, 1e-2, MOST_SAVED + 1).round(6).tolist()
    results = train(small(factors={"learning_rate": rates}, seeds=1))

    (saved,) = (results.folder / "models").iterdir()
    best = read_card(saved)
    assert best is not None
    at_best = results.trials["val_accuracy_best"].idxmax()
    assert best.about["condition"] == results.trials["condition"][at_best]
    results.save_model(tmp_path / "first.keras", condition="learning_rate=0.0001")
    other = read_card(tmp_path / "first.keras")
    assert other is not None
    assert other.about["condition"] == "learning_rate=0.0001"


def register_coins(weights: Any) -> None:
    @register_data(
        "coins", kind="table", task_type="regression", source="", license="", description=""
    )
    def coins() -> Examples:
        diameters = np.linspace(1, 3, 60)[:, None]
        return Examples(x=diameters, y=weights(diameters[:, 0]), feature_names=("diameter",))


def test_results_without_their_data_give_what_was_saved_or_say_what_is_missing(
    small: Make, train: Train, tmp_path: Path
) -> None:
    register_coins(lambda diameter: diameter**2)
    try:
        results = train(small(tasks=[{"model": "mlp", "data": "coins"}], seeds=1))
        x = np.array([[1.5], [2.5]])
        before = results.best_model()(x)
    finally:
        unregister_data("coins")

    np.testing.assert_array_equal(load_results(results.folder).best_model()(x), before)
    shutil.rmtree(results.folder / "models")
    with pytest.raises(
        StoreError, match=r"the model of mlp/coins, .* cannot be built again: .*'coins'"
    ):
        load_results(results.folder).best_model()


def test_data_that_changed_since_is_told_from_the_data_trained_on(
    small: Make, train: Train
) -> None:
    register_coins(lambda diameter: diameter**2)
    results = train(small(tasks=[{"model": "mlp", "data": "coins"}], seeds=1))
    unregister_data("coins")
    shutil.rmtree(results.folder / "models")
    register_coins(lambda diameter: diameter**3)
    try:
        with pytest.raises(StoreError, match="its data set or its builder has changed since"):
            load_results(results.folder).best_model()
    finally:
        unregister_data("coins")


def test_weights_that_were_not_kept_are_missed_by_name(small: Make, train: Train) -> None:
    results = train(small(seeds=1))
    shutil.rmtree(results.folder / "models")
    shutil.rmtree(results.folder / "parts")

    with pytest.raises(
        StoreError, match=r"the weights of mlp/wine, dropout=0.*, seed 0 are not there"
    ):
        load_results(results.folder).best_model()


class Listening(RunWatcher):
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, line: str) -> None:
        self.lines.append(line)


def test_a_part_with_torn_weights_is_trained_again_and_its_models_are_saved(
    small: Make, train: Train
) -> None:
    results = train(small(seeds=1))
    saved = {path.name: path.read_bytes() for path in (results.folder / "models").iterdir()}
    shutil.rmtree(results.folder / "models")
    next((results.folder / "parts").glob("*/weights.npz")).write_text("torn")
    listening = Listening()

    train(small(seeds=1), watcher=listening)

    (line,) = listening.lines
    assert "weights.npz is cut short" in line and "trained again" in line
    assert {path.name: path.read_bytes() for path in (results.folder / "models").iterdir()} == saved


def test_changed_weights_are_told_and_do_not_end_a_run(small: Make, train: Train) -> None:
    results = train(small(seeds=1))
    shutil.rmtree(results.folder / "models")
    path = next((results.folder / "parts").glob("*/weights.npz"))
    content = bytearray(path.read_bytes())
    content[200] ^= 1
    path.write_bytes(content)
    listening = Listening()

    train(small(seeds=1), watcher=listening)

    (line,) = listening.lines
    assert "its models are not saved: " in line
    assert "weights.npz: cannot be read as weights" in line and "delete the folder" in line


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("mlp/wine dropout=0", "mlp-wine-dropout=0"),
        ("cnn/digits learning_rate=1e-05 batch_norm=true", None),
        ("x units=[16, 32]", "x-units=-16-32-"),
        ("é/ü", "é-ü"),
        ("a" * 300, None),
    ],
)
def test_a_file_name_is_safe_and_tells_texts_apart(text: str, name: str | None) -> None:
    made = file_name(text)
    assert not set(made) & set('/\\:*?"<>| ')
    assert len(made) < 140
    assert name is None or made.startswith(name)
    assert file_name(text + "!") != made


FILE_ELSEWHERE = """
import json, sys
import numpy as np, pandas as pd, keras
frame = pd.read_csv(sys.argv[2])
test = frame[frame["part"] == "test"]
columns = {
    "age": test["age"].to_numpy(float),
    "since": (pd.to_datetime(test["since"]) - pd.Timestamp("1970-01-01")) / pd.Timedelta(days=1),
    "home_town": test["home/town"].fillna("").to_numpy(object),
}
columns["since"] = columns["since"].to_numpy()
given = keras.models.load_model(sys.argv[1]).predict(columns, verbose=0)
y = (test["income"] == "low").to_numpy().astype(int)
loss = -np.log(given[np.arange(len(y)), y].astype(float)).mean()
assert "dlsuite" not in sys.modules
print(json.dumps([float(loss), float((given.argmax(axis=1) == y).mean())]))
"""


def test_a_table_from_a_file_is_predicted_elsewhere_from_its_raw_columns(
    tiny: None, executor: InProcessExecutor, tmp_path: Path
) -> None:
    rng = np.random.default_rng(0)
    rows = 120
    age = np.where(rng.random(rows) < 0.2, np.nan, rng.integers(18, 80, rows))
    town = rng.choice(np.array(["Łódź", "Rome", None], dtype=object), rows)
    frame = pd.DataFrame({"age": age, "home/town": town})
    days = pd.to_timedelta(rng.integers(0, 9000, rows), unit="D")
    frame["since"] = (pd.Timestamp("1999-01-01") + days).strftime("%Y-%m-%d")
    frame["part"] = np.resize(["train", "train", "validation", "test"], rows)
    frame["income"] = np.where(np.nan_to_num(age, nan=30) > 45, "high", "low")
    frame.to_csv(tmp_path / "people.csv", index=False)
    data = {"path": str(tmp_path / "people.csv"), "target": "income", "split_column": "part"}
    study = parse_study(
        {
            "name": "people",
            "seeds": 1,
            "epochs": 5,
            "tasks": [{"model": "tiny", "data": data}],
            "factors": {"learning_rate": [0.01, 0.1]},
        }
    )
    results = run(study, out=tmp_path, executor=executor, report=False)
    for _, trial in results.trials.iterrows():
        path = tmp_path / "taken.keras"
        results.save_model(path, condition=trial["condition"])
        asked = [str(path), str(tmp_path / "people.csv")]
        done = subprocess.run(
            [sys.executable, "-I", "-c", FILE_ELSEWHERE, *asked],
            capture_output=True,
            text=True,
            cwd="/",
        )
        assert done.returncode == 0, done.stderr
        loss, accuracy = json.loads(done.stdout.splitlines()[-1])
        assert loss == pytest.approx(trial["test_loss"], rel=1e-5)
        assert accuracy == pytest.approx(trial["test_accuracy"])
        found = predict_file(path, tmp_path / "people.csv")
        assert len(found.table) == rows
        assert set(found.scores) == {"loss", "accuracy", "balanced_accuracy", "f1", "auc"}
