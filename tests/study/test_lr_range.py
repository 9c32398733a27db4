"""The range test: right on real trainings, and harmless to the model that it is asked about."""

import dataclasses
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
import pandas as pd
import pytest

import dlsuite
from dlsuite.cli import main
from dlsuite.errors import SpecError, StoreError
from dlsuite.study.lr_range import rates_between
from dlsuite.study.rate_range import rate_text

FEW: dict[str, Any] = {"lowest": 1e-4, "highest": 10.0, "steps": 6, "seeds": 2, "epochs": 8}
SMALL: dict[str, Any] = {"units": [8]}


def of(model: Any = "mlp", data: Any = "wine", **options: Any) -> dlsuite.LearningRateRange:
    settings = options.pop("settings", SMALL if model == "mlp" else None)
    return dlsuite.lr_range(model, data, settings=settings, **{**FEW, **options})


def own_model() -> keras.Model:
    inputs = keras.Input((13,))
    x = keras.layers.Dense(6, activation="relu")(inputs)
    x = keras.layers.Dropout(0.2)(keras.layers.BatchNormalization()(x))
    return keras.Model(inputs, keras.layers.Dense(3)(x))


@pytest.fixture(scope="module")
def usual() -> dlsuite.LearningRateRange:
    return of()


class Own(NamedTuple):
    before: list[np.ndarray[Any, Any]]
    after: list[np.ndarray[Any, Any]]
    model: keras.Model
    optimizer: Any
    found: dlsuite.LearningRateRange


def state(model: keras.Model) -> list[np.ndarray[Any, Any]]:
    generators = [seed.state for layer in model.layers for seed in layer._seed_generators]
    variables = [*model.variables, *model.optimizer.variables, *generators]
    return [variable.value.numpy() for variable in variables]


@pytest.fixture(scope="module")
def own() -> Own:
    """A model that was trained a little, before and after the range test."""
    data = dlsuite.load_data("wine")
    model = own_model()
    optimizer = keras.optimizers.Adam(0.0123)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer, loss, metrics=["accuracy"])
    model.fit(data.train.x, data.train.y, epochs=1, verbose=0)
    before = state(model)
    return Own(before, state(model), model, optimizer, of(model, data))._replace(after=state(model))


def test_a_rate_is_suggested_from_among_those_that_train(usual: dlsuite.LearningRateRange) -> None:
    assert usual.table["learning_rate"].tolist() == [1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0]
    assert usual.suggestion in (1e-2, 1e-1)
    assert usual.usable is not None
    low, high = usual.usable
    assert low <= usual.suggestion <= high
    classes = usual.table.set_index("learning_rate")["class"]
    assert classes[usual.suggestion] == "good"
    assert classes[1e-4] == "too slow"
    assert classes[10.0] in ("overshoots", "diverges")
    loss = usual.table.set_index("learning_rate")["loss"]
    assert loss[usual.suggestion] < usual.start < loss[10.0]
    assert usual.decades == pytest.approx(np.log10(high / low) + 1)
    assert usual.sentence().startswith(
        f"Suggested learning rate {usual.suggestion:g}: it takes the validation loss from "
    )
    assert f"in {usual.steps} steps (median of 2 seeds)" in usual.sentence()


def test_the_same_test_gives_the_same_answer_in_any_number_of_lanes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = of(steps=15, epochs=2)
    monkeypatch.setattr(sys.modules["dlsuite.study.lr_range"], "lanes", lambda: 1)
    again = of(steps=15, epochs=2)
    pd.testing.assert_frame_equal(first.table, again.table, check_exact=True)


def test_a_model_of_ones_own_stays_as_it_was_to_the_bit(own: Own) -> None:
    assert own.found.suggestion is not None
    assert len(own.before) > 20
    for old, new in zip(own.before, own.after, strict=True):
        np.testing.assert_array_equal(old, new)
    assert own.model.optimizer is own.optimizer
    assert own.model.compiled
    assert float(own.optimizer.learning_rate) == pytest.approx(0.0123)


def test_a_file_is_tried_like_the_model_in_it(own: Own, tmp_path: Path) -> None:
    own.model.save(tmp_path / "own.keras")
    found = of(str(tmp_path / "own.keras"))
    pd.testing.assert_frame_equal(found.table, own.found.table, check_exact=True)


def test_settings_reach_all_and_so_many_epochs_are_trained_as_make_128_steps() -> None:
    settings = {**SMALL, "dropout": 0.2, "train_size": 40, "batch_size": 10}
    found = of(steps=2, seeds=1, epochs=None, settings=settings)
    assert (found.epochs, found.steps, found.seeds) == (32, 128, 1)


def test_a_large_data_set_is_cut_to_32_batches_unless_its_size_is_set() -> None:
    few = {"steps": 2, "seeds": 1, "epochs": 1, "settings": {**SMALL, "batch_size": 16}}
    assert of("mlp", dlsuite.load_data("digits"), **few).steps == 32
    few["settings"] = {**few["settings"], "train_size": 600}
    assert of("mlp", "digits", **few).steps == 38


def test_where_every_rate_diverges_it_is_said_where_to_begin() -> None:
    found = of(lowest=1e25, highest=1e30, steps=2, epochs=1, settings={**SMALL, "optimizer": "sgd"})
    assert found.suggestion is None
    assert found.usable is None
    assert found.decades == 0
    assert found.rows()[0]["diverged"] == "2 of 2"
    assert found.sentence() == (
        "No rate from 1e25 to 1e30 trains; the lowest diverges too: begin lower, with --from 1e22."
    )
    assert json.loads(json.dumps(found.answer(), allow_nan=False))["suggestion"] is None


def test_where_nothing_is_learned_it_is_said() -> None:
    found = of(lowest=1e-9, highest=1e-8, steps=2)
    assert found.suggestion is None
    assert found.sentence().startswith(
        "No rate from 1e-9 to 1e-8 lowers the validation loss by as much as 1 % in "
    )
    assert "--epochs 32" in found.sentence()


def test_an_answer_at_the_edge_is_called_one(usual: dlsuite.LearningRateRange) -> None:
    assert "look" not in usual.sentence()
    high = of(lowest=1e-4, highest=1e-2, steps=3)
    assert high.suggestion == 1e-2
    assert "The highest rate tried is still good: look higher, with --to 1." in high.sentence()
    low = dataclasses.replace(usual, usable=(1e-4, 1e-2), suggestion=1e-3)
    assert "The lowest rate tried is already good: look lower, with --from 1e-6." in low.sentence()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"settings": {"learning_rate": 0.1}}, "it is what the test varies; say where to look"),
        ({"settings": {"schedule": "cosine"}}, "schedule: expected a constant rate"),
        ({"settings": {"warmup": 0.1}}, "warmup: expected a constant rate"),
        ({"settings": {"unit": 3}}, "nor the training takes 'unit'. Did you mean 'units'"),
        ({"settings": {"optimizer": "sdg"}}, "optimizer: expected one of"),
        ({"model": "mpl"}, "Did you mean 'mlp'"),
        ({"data": "vine"}, "Did you mean 'wine'"),
        ({"model": "nowhere.keras"}, "model: there is no file nowhere.keras"),
        ({"model": 3}, "model: expected a model's name, a '.keras' file or a keras.Model; got 3"),
        ({"lowest": 0.0}, "got 0 and 10"),
        ({"lowest": 20.0}, "expected rates from a number above 0 to a larger one"),
        ({"highest": float("nan")}, "got 0.0001 and nan"),
        ({"steps": 1}, "steps: expected 2 to 1000 rates; got 1"),
        ({"seeds": 0}, "seeds: expected a whole number, at least 1; got 0"),
        ({"epochs": 0}, "epochs: expected a whole number, at least 1; got 0"),
    ],
)
def test_what_cannot_be_tried_is_said(options: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError) as error:
        of(**options)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_a_finished_model_takes_no_settings_of_its_own() -> None:
    with pytest.raises(SpecError, match="lr-range: a finished model takes no dropout"):
        of(own_model(), settings={"dropout": 0.5})
    with pytest.raises(SpecError, match="model: 'digits' needs a model from"):
        of(own_model(), "digits")


def test_rates_are_round_and_can_be_told_apart() -> None:
    assert rates_between(1e-3, 1e-1, 7) == [0.001, 0.0022, 0.0046, 0.01, 0.022, 0.046, 0.1]
    close = rates_between(1.0, 1.001, 11)
    assert close == sorted(set(close)) and len(close) == 11
    with pytest.raises(SpecError, match="there are no 1000 numbers"):
        rates_between(1.0, 1.0 + 1e-15, 1000)
    assert [rate_text(rate) for rate in (1e-5, 0.0022, 0.1, 10.0)] == [
        "1e-5",
        "0.0022",
        "0.1",
        "10",
    ]


def test_the_table_is_written_or_it_is_said_why_not(
    usual: dlsuite.LearningRateRange, tmp_path: Path
) -> None:
    usual.write(tmp_path / "rates.csv")
    read = pd.read_csv(tmp_path / "rates.csv")
    pd.testing.assert_frame_equal(read, usual.table, check_dtype=False)
    with pytest.raises(StoreError, match=r"cannot be written .*choose another file"):
        usual.write(tmp_path)


@pytest.fixture
def call(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[..., tuple[int, str, str]]:
    """Call the command line in this process, in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["dlsuite", "lr-range", *arguments])
        with pytest.raises(SystemExit) as stop:
            main()
        assert isinstance(stop.value.code, int)
        return stop.value.code, *capsys.readouterr()

    return run


FLAGS = ("mlp", "wine", "--set", "units=8", "--from", "1e-4", "--steps", "6", "--seeds", "2")


def test_the_command_prints_a_table_and_a_sentence(call: Any, tmp_path: Path) -> None:
    code, out, err = call(*FLAGS, "--epochs", "8", "--out", "rates.csv")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].split() == ["learning", "rate", "class", "loss", "after"]
    assert len([line for line in lines if line.endswith("<- suggested")]) == 1
    assert lines[-1].startswith("Suggested learning rate 0.")
    assert len(pd.read_csv(tmp_path / "rates.csv")) == 6


def test_the_command_answers_in_json(call: Any) -> None:
    code, out, _ = call(*FLAGS, "--epochs", "8", "--json")
    answer = json.loads(out)
    assert code == 0
    assert answer["usable"][0] <= answer["suggestion"] <= answer["usable"][1]
    assert [row["learning_rate"] for row in answer["rates"]] == [1e-4, 1e-3, 0.01, 0.1, 1, 10]
    assert answer["sentence"].startswith("Suggested")

    code, out, _ = call(
        *FLAGS[:4], "--set", "optimizer=sgd", "--from", "1e25", "--to", "1e30", "--json"
    )
    assert code == 0
    assert json.loads(out)["suggestion"] is None


def test_bad_input_is_one_line_and_exit_code_2(call: Any) -> None:
    for arguments in (("--set", "learning_rate=1"), ("--from", "x"), ("--steps", "0")):
        code, out, err = call("mlp", "wine", *arguments)
        assert (code, out) == (2, "")
        assert len(err.splitlines()) == 1
