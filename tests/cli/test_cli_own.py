"""From the command line: a table, a model and a metric of one's own, and what is wrong with them."""

import csv
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dlsuite.registry import unregister
from dlsuite.study import (
    load_plugins as load_plugins,
)  # All that the suite registers by itself is there now.

PLUGIN = '''
import dlsuite


@dlsuite.register_model("mine", kinds=["table"])
def mine(*, input_shape, outputs, dropout: dlsuite.DropoutRate = 0.0):
    """One layer of my own."""
    import keras

    hidden = [keras.Input(input_shape), keras.layers.Dropout(dropout)]
    return keras.Sequential([*hidden, keras.layers.Dense(outputs, activation="softmax")])


@dlsuite.register_metric("first", task_type="classification", greater_is_better=True)
def first(y_true, y_pred):
    return float((y_pred[:, 0] > 0.5).mean())


@dlsuite.register_loss("certain", task_type="classification")
def certain(y_true, y_pred):
    import keras

    return 2.0 * keras.losses.sparse_categorical_crossentropy(y_true, y_pred, from_logits=True)
'''
SHORT = ("--seeds", "2", "--epochs", "2", "--no-report")


Call = Callable[..., Any]


@pytest.fixture(autouse=True)
def files(tmp_path: Path) -> Iterator[None]:
    """A table and a plugin; what the plugin registers is taken out again."""
    draw = random.Random(0)
    rows = [
        [f"{draw.gauss(0, 1):.3f}", draw.choice("ab"), draw.choice(["no", "yes"])]
        for _ in range(60)
    ]
    write(tmp_path / "people.csv", [["height", "kind", "bought"], *rows])
    (tmp_path / "mine.py").write_text(PLUGIN)
    yield
    unregister([("model", "mine"), ("metric", "first"), ("loss", "certain")])


def write(path: Path, rows: list[list[str]]) -> None:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(rows)


def test_a_table_becomes_a_study_that_is_checked_and_run(dlsuite: Call, tmp_path: Path) -> None:
    said = dlsuite("new", "people.toml", "--data", "people.csv", "--target", "bought")
    assert said.code == 0
    assert said.out.startswith("60 rows; 2 of 2 columns are used, as 3 features.")

    said = dlsuite("check", "people.toml")
    assert said.code == 0
    assert "mlp/people: table, 36 train, 12 validation, 12 test; accuracy decides" in said.out

    said = dlsuite("run", "people.toml", "--seeds", "2", "--set", "epochs=2", "--no-report")
    assert said.code == 0
    assert "The trained models are in results/people/models." in said.out
    models = sorted((tmp_path / "results/people/models").glob("*.keras"))
    assert len(models) == 6

    said = dlsuite("predict", str(models[0]), "people.csv")
    assert said.code == 0
    assert said.out.splitlines()[0].split() == ["line", "predicted", "p(no)", "p(yes)"]


def test_a_study_without_a_file_writes_one(dlsuite: Call, tmp_path: Path) -> None:
    given = ("ablate", "mlp", "people.csv", "--target", "bought", "--set", "units=4")
    said = dlsuite(*given, "--vary", "dropout=0,0.5", "--vary", "batch_norm=true,false", *SHORT)
    assert said.code == 0
    written = (tmp_path / "results/mlp-people/study.toml").read_text()
    assert "dropout = [0.0, 0.5]" in written
    assert "batch_norm = [true, false]" in written
    again = dlsuite("run", "results/mlp-people", "--no-report")
    assert again.code == 0
    assert (tmp_path / "results/mlp-people/study.toml").read_text() == written


def test_a_plugin_brings_a_model_a_metric_and_a_loss(dlsuite: Call, tmp_path: Path) -> None:
    assert "One layer of my own." in dlsuite("list", "models", "mine", "--plugin", "mine.py").out
    said = dlsuite(
        *("ablate", "mine", "people.csv", "--target", "bought", "--plugin", "mine.py"),
        *("--vary", "dropout=0,0.5", "--set", "loss=certain", "--metric", "first", *SHORT),
    )
    assert said.code == 0
    assert "test first" in said.out
    written = (tmp_path / "results/mine-people/study.toml").read_text()
    assert 'plugins = ["../../mine.py"]' in written
    assert "train_first_best" in (tmp_path / "results/mine-people/trials.csv").read_text()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("new", "p.toml", "--data", "people.csv"), "say which column is to be told"),
        (("new", "p.toml", "--data", "peple.csv", "--target", "x"), "peple.csv"),
        (("new", "p.txt", "--data", "people.csv", "--target", "bought"), "ends in '.toml'"),
        (("ablate", "mlp", "people.csv", "--vary", "dropout=0,0.5"), "say which column"),
        (
            ("ablate", "mlp", "people.csv", "--target", "bougt", "--vary", "dropout=0,0.5"),
            "Did you mean 'bought'?",
        ),
        (
            ("ablate", "mlp", "people.csv", "--target", "bought", "--vary", "dropout"),
            "dropout: expected key=value,value, as in dropout=0,0.2,0.5.",
        ),
        (
            ("ablate", "mine.py", "people.csv", "--target", "bought", "--vary", "dropout=0"),
            "a Python file that registers models goes into 'plugins'",
        ),
        (
            ("ablate", "mlp", "wine", "--vary", "dropout=0", "--plugin", "their.py"),
            "their.py: expected a Python file",
        ),
        (
            ("ablate", "mlp", "people.xlsx", "--vary", "dropout=0"),
            "people.xlsx: there is no such file",
        ),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(
    dlsuite: Call, arguments: tuple[str, ...], words: str
) -> None:
    said = dlsuite(*arguments)
    assert (said.code, said.out) == (2, "")
    assert words in said.err
    assert said.err.count("\n") == 1
