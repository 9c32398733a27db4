"""The commands `train` and `predict`, from a name to a file of predictions."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dlsuite.data import load_data
from dlsuite.models import unregister_model

Call = Callable[..., Any]
WINE = ["train", "mlp", "wine", "--set", "units=4", "--set", "learning_rate=0.01", "--epochs", "3"]

_OWN_LAYER = """
import dlsuite


@dlsuite.register_model("twice", kinds=["table"])
def twice(*, input_shape, outputs):
    import keras

    class Twice(keras.layers.Layer):
        def call(self, inputs):
            return inputs * 2

    return keras.Sequential([keras.Input(input_shape), Twice(), keras.layers.Dense(outputs)])
"""


def test_a_model_is_trained_saved_and_used_on_a_file(dlsuite: Call, tmp_path: Path) -> None:
    said = dlsuite(*WINE, "--out", "out/wine.keras")

    assert said.code == 0, said.err
    assert "mlp/wine: test accuracy" in said.out
    assert "majority class, test" in said.out
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "wine-curves.csv",
        "wine-curves.png",
        "wine-curves.svg",
        "wine.keras",
    ]

    raw = load_data("wine", input_scaling="none")
    lines = [",".join(raw.feature_names), *(",".join(map(str, row)) for row in raw.test.x.tolist())]
    (tmp_path / "new.csv").write_text("\n".join(lines) + "\n")
    said = dlsuite("predict", "out/wine.keras", "new.csv", "--out", "told/predictions.csv")

    assert said.code == 0, said.err
    assert f"All {len(raw.test)} rows are in told/predictions.csv." in said.out
    assert (
        len((tmp_path / "told" / "predictions.csv").read_text().splitlines()) == len(raw.test) + 1
    )
    answer = json.loads(dlsuite("predict", "out/wine.keras", "new.csv", "--json").out)
    assert len(answer["predictions"]) == len(raw.test)
    assert set(answer["predictions"][0]) >= {"line", "predicted", "p(class_0)"}


def test_a_training_answers_in_json(dlsuite: Call) -> None:
    answer = json.loads(dlsuite(*WINE, "--json").out)

    assert answer["status"] == "completed"
    assert len(answer["curves"]) == 4
    assert answer["files"] == []


def test_a_training_that_diverges_ends_with_code_1(dlsuite: Call, tmp_path: Path) -> None:
    sgd = ["--set", "optimizer=sgd", "--set", "learning_rate=1e30"]
    said = dlsuite("train", "mlp", "wine", *sgd, "--epochs", "1", "--out", "wine.keras")

    assert said.code == 1
    assert "diverged" in said.out
    assert not list(tmp_path.iterdir())


def test_mistakes_are_a_line_and_code_2(dlsuite: Call, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a\n1\n")
    for arguments, line in (
        (["train", "mlp", "wine", "--out", "wine.h5"], "expected a file name that ends in .keras"),
        (["train", "mlp", "wine", "--epochs", "0"], "at least 1; got 0"),
        (
            ["train", "mlp", "wine", "--target", "a"],
            "model 'mlp' nor data set 'wine' nor the training",
        ),
        (["predict", "no.keras", "a.csv"], "there is no file no.keras"),
        (["predict", "a.csv", "a.csv"], "a.csv: expected a .keras file"),
    ):
        said = dlsuite(*arguments)
        assert said.code == 2
        assert line in said.err
        assert said.err.count("\n") == 1


def test_a_model_that_cannot_be_saved_is_refused_before_it_is_trained(
    dlsuite: Call, tmp_path: Path
) -> None:
    (tmp_path / "twice.py").write_text(_OWN_LAYER)

    said = dlsuite("train", "twice", "wine", "--plugin", "twice.py", "--out", "twice.keras")

    unregister_model("twice")
    assert (said.code, said.out) == (2, "")
    assert "cannot be saved for use elsewhere: 'Twice' is not Keras's own" in said.err
    assert "epoch" not in said.err
