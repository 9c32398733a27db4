"""Ablations without a file: a builder that knows nothing of the suite, arrays, frames and files."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest

from dlsuite.data import Dataset, list_data
from dlsuite.errors import SpecError
from dlsuite.models import list_models
from dlsuite.study import InProcessExecutor, Results, ablate

layers = keras.layers
RNG = np.random.default_rng(0)
X = RNG.normal(size=(90, 5)).astype("float32")
Y = (X[:, 0] + X[:, 1] > 0).astype(int)

Ablate = Callable[..., Results]


def build(units=8, dropout=0):  # type: ignore[no-untyped-def]
    model = keras.Sequential(
        [
            keras.Input((5,)),
            layers.Dense(units, activation="relu"),
            layers.Dropout(dropout),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile("adam", "binary_crossentropy")
    return model


def frame() -> pd.DataFrame:
    table = pd.DataFrame(X[:, :3], columns=["a", "b", "c"])
    table["color"] = np.where(X[:, 3] > 0, "red", "blue")
    table["bought"] = np.where(Y == 1, "yes", "no")
    return table


@pytest.fixture
def short(executor: InProcessExecutor, tmp_path: Path) -> Ablate:
    def run(*given: Any, **options: Any) -> Results:
        shortest = {"seeds": 2, "epochs": 2, "report": False, "out": tmp_path}
        return ablate(*given, executor=executor, **{**shortest, **options})

    return run


def test_a_plain_builder_is_ablated_and_what_was_registered_for_it_is_gone(short: Ablate) -> None:
    models, data = list_models(), list_data()
    results = short(build, X, Y, vary={"dropout": [0, 0.5]})
    assert results.folder.name == "build-data"
    assert list(results.trials["condition"]) == [
        "dropout=0",
        "dropout=0",
        "dropout=0.5",
        "dropout=0.5",
    ]
    assert (results.trials["status"] == "completed").all()
    assert (list_models(), list_data()) == (models, data)


def test_dropout_rates_of_a_plain_builder_share_a_population_and_widths_do_not(
    short: Ablate, executor: InProcessExecutor
) -> None:
    results = short(build, X, Y, vary={"dropout": [0.0, 0.3], "units": [4, 8]}, name="both")
    parts = [part for part in (results.folder / "parts").iterdir() if part.is_dir()]
    assert len(parts) == 2
    assert len(results.trials) == 8


def test_a_second_call_trains_nothing_and_a_changed_builder_everything(short: Ablate) -> None:
    width = 6

    def own(dropout=0.0):  # type: ignore[no-untyped-def]
        return keras.Sequential(
            [
                keras.Input((5,)),
                layers.Dense(width, "relu"),
                layers.Dropout(dropout),
                layers.Dense(2),
            ]
        )

    def keys() -> set[str]:
        return set(short(own, X, Y, vary={"dropout": [0.0, 0.5]}).trials["trial"])

    first = keys()
    assert keys() == first
    width = 7
    assert not keys() & first


def test_frames_take_their_targets_beside_them_or_by_name(short: Ablate) -> None:
    table = frame()
    options: dict[str, Any] = {"vary": {"batch_norm": [False, True]}, "fixed": {"units": 4}}
    beside = short("mlp", table.drop(columns="bought"), table["bought"], name="beside", **options)
    named = short("mlp", table, target="bought", name="named", **options)
    assert list(beside.tasks["fingerprint"]) == list(named.tasks["fingerprint"])
    assert list(named.tasks["task_type"]) == ["classification"]


def test_a_file_is_taken_by_its_path_and_the_study_that_is_written_can_be_run_again(
    short: Ablate, tmp_path: Path
) -> None:
    frame().to_csv(tmp_path / "people.csv", index=False)
    results = short("mlp", tmp_path / "people.csv", target="bought", vary={"dropout": [0.0, 0.5]})
    assert results.folder.name == "mlp-people"
    assert 'path = "../people.csv"' in (results.folder / "study.toml").read_text()
    assert list(results.tasks["task"]) == ["mlp/people"]


def test_splits_that_are_given_are_kept(short: Ablate) -> None:
    table = frame()
    parts = [
        (table[a:b].drop(columns="bought"), table["bought"][a:b])
        for a, b in ((0, 50), (50, 70), (70, 90))
    ]
    options: dict[str, Any] = {"vary": {"dropout": [0.0, 0.5]}, "fixed": {"units": 4}}
    both = short("mlp", *parts[0], validation=parts[1], test=parts[2], name="both", **options)
    assert both.tasks[["n_train", "n_validation", "n_test"]].to_numpy().tolist() == [[50, 20, 20]]
    arrays = [(X[a:b], Y[a:b]) for a, b in ((0, 50), (50, 70), (70, 90))]
    given = short("mlp", *arrays[0], validation=arrays[1], test=arrays[2], name="given", **options)
    assert given.tasks[["n_train", "n_validation", "n_test"]].to_numpy().tolist() == [[50, 20, 20]]


def test_a_data_set_that_is_ready_is_taken_as_it_is(short: Ablate) -> None:
    data = Dataset.from_arrays(X, Y, name="ready")
    results = short("mlp", data, vary={"dropout": [0.0, 0.5]}, fixed={"units": 4})
    assert list(results.tasks["fingerprint"]) == [data.fingerprint]


@pytest.mark.parametrize(
    ("given", "options", "words"),
    [
        ((build, X), {}, "arrays need their targets as y"),
        ((build, X, Y), {"target": "y"}, "arrays need their targets as y, and no target column"),
        ((build, "wine", Y), {}, "leave y, validation and test out"),
        ((build, frame()), {}, "a data frame needs its targets as y, or the column"),
        ((build, frame()[:9], Y), {}, "expected as many targets as the frame has rows, 9; got 90"),
        (
            (build, frame(), Y),
            {"validation": (frame(), Y)},
            "validation is given and test is not",
        ),
        ((3, X, Y), {}, "expected a registered name, a .keras file or a function"),
        ((build(), X, Y), {}, "got a Sequential. Save a finished model as .keras"),
        ((build, X, Y), {"vary": {"dropout": 0.1}}, "factors.dropout: expected a list; got 0.1"),
        ((build, X, Y), {"vary": {"rate": [0.1]}}, "neither model 'build' .* takes 'rate'"),
    ],
)
def test_what_makes_no_study_is_one_clear_line(
    short: Ablate, given: tuple[Any, ...], options: dict[str, Any], words: str
) -> None:
    with pytest.raises(SpecError, match=words):
        short(*given, **{"vary": {"dropout": [0.0, 0.5]}, **options})


def test_a_builder_whose_output_does_not_fit_is_named(short: Ablate) -> None:
    def wide(dropout=0.0):  # type: ignore[no-untyped-def]
        return keras.Sequential([keras.Input((5,)), layers.Dropout(dropout), layers.Dense(7)])

    with pytest.raises(SpecError, match=r"model 'wide': its builder .*\(None, 2\); got"):
        short(wide, X, Y, vary={"dropout": [0.0, 0.5]})
