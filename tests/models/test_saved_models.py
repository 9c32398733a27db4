"""`.keras` files as models: read in safe mode, built anew for every trial, made to end in logits."""

import json
import zipfile
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from dlsuite.errors import SpecError
from dlsuite.models import create_model, model_entry
from dlsuite.training.checks import structure_of
from dlsuite.training.initialize import initial_weights

layers = keras.layers


def saved(path: Path, *inner: Any) -> str:
    keras.Sequential([keras.Input((4,)), *inner]).save(path)
    return str(path)


def test_a_saved_model_is_built_by_its_path(tmp_path: Path) -> None:
    path = saved(tmp_path / "mine.keras", layers.Dense(5, "relu"), layers.Dense(3))
    entry = model_entry(path)
    assert (entry.name, entry.hyperparameters["dropout"].vectorized) == ("mine", True)
    model = create_model(path, input_shape=(4,), outputs=3)
    assert [layer.name for layer in model.layers] == ["dense", "dense_1"] or len(model.layers) == 2
    assert not np.array_equal(initial_weights(model, 0)[0], initial_weights(model, 1)[0])


def test_its_dropout_can_be_varied_within_one_population(tmp_path: Path) -> None:
    path = saved(tmp_path / "mine.keras", layers.Dropout(0.3), layers.Dense(3))
    rates = []
    built = [create_model(path, input_shape=(4,), outputs=3, dropout=r) for r in (None, 0.0, 0.6)]
    for model in built:
        rates += [layer.rate for layer in model.layers if isinstance(layer, layers.Dropout)]
    assert rates == [0.3, 0.0, 0.6]
    assert len({structure_of(model) for model in built}) == 1


def test_what_its_normalization_has_adapted_to_stays(tmp_path: Path) -> None:
    x = np.random.default_rng(0).normal(3.0, 2.0, size=(50, 4)).astype("float32")
    normalization = layers.Normalization()
    normalization.adapt(x)
    path = saved(tmp_path / "mine.keras", normalization, layers.Dense(2))
    model = create_model(path, input_shape=(4,), outputs=2)
    np.testing.assert_allclose(np.asarray(model.layers[0](x)).mean(axis=0), 0.0, atol=1e-5)


def test_its_version_is_its_content(tmp_path: Path) -> None:
    path = saved(tmp_path / "mine.keras", layers.Dense(3))
    first = model_entry(path).version
    assert first == model_entry(path).version
    saved(tmp_path / "mine.keras", layers.Dense(4), layers.Dense(3))
    assert model_entry(path).version != first


class Doubling(layers.Layer):
    def call(self, inputs: Any) -> Any:
        return inputs * 2


def test_a_file_that_cannot_be_used_is_one_clear_line(tmp_path: Path) -> None:
    saved(tmp_path / "mine.keras", layers.Dense(3))
    (tmp_path / "text.keras").write_text("hello")
    saved(tmp_path / "lambda.keras", layers.Lambda(lambda x: x * 2), layers.Dense(3))
    saved(tmp_path / "own.keras", Doubling(), layers.Dense(3))
    frozen = layers.Dense(5)
    frozen.trainable = False
    saved(tmp_path / "frozen.keras", frozen, layers.Dense(3))
    saved(tmp_path / "none.keras", layers.Dense(3))
    for name, settings, words in (
        ("min.keras", {}, r"there is no file .*min\.keras\. Did you mean '.*mine\.keras'"),
        ("text.keras", {}, r"text\.keras: is no '\.keras' file"),
        (
            "lambda.keras",
            {},
            r"lambda\.keras: holds a Lambda layer, .* code from a file is never run",
        ),
        ("own.keras", {}, r"own\.keras: holds a class or function that is not Keras's own"),
        ("frozen.keras", {}, r"layer 'dense.*' is frozen"),
        ("none.keras", {"dropout": 0.1}, r"'dropout' is set, but it has no dropout layer"),
        ("mine.csv", {}, r"expected a registered name, or a file that ends in '\.keras'"),
    ):
        with pytest.raises(SpecError, match=words):
            create_model(str(tmp_path / name), input_shape=(4,), outputs=3, **settings)
    with pytest.raises(SpecError, match=r"takes examples of shape \(4,\); the data's are \(7,\)"):
        create_model(str(tmp_path / "mine.keras"), input_shape=(7,), outputs=3)
    with pytest.raises(
        SpecError, match=r"mine\.keras: gives outputs of shape \(None, 3\); the data"
    ):
        create_model(str(tmp_path / "mine.keras"), input_shape=(4,), outputs=2)


def rewritten(path: Path, name: str, change: Any) -> None:
    """Change a member of a `.keras` file."""
    with zipfile.ZipFile(path) as archive:
        held = {member: archive.read(member) for member in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, content in held.items():
            archive.writestr(member, change(content) if member == name else content)


def test_what_would_take_all_memory_is_refused_before_it_is_made(tmp_path: Path) -> None:
    def widened(content: bytes) -> str:
        config = json.loads(content)
        config["config"]["layers"][1]["config"]["units"] = 10**12
        return json.dumps(config)

    for name in ("wide.keras", "padded.keras"):
        saved(tmp_path / name, layers.Dense(3))
    rewritten(tmp_path / "wide.keras", "config.json", widened)
    rewritten(tmp_path / "padded.keras", "model.weights.h5", lambda content: content + bytes(10**8))
    for name, words in (
        ("wide.keras", r"have 5,000,000,000,000 weights, but it holds no more than [\d,]+ bytes"),
        ("padded.keras", r"unpacked, it is more than 200 times as large"),
    ):
        with pytest.raises(SpecError, match=words):
            create_model(str(tmp_path / name), input_shape=(4,), outputs=3)
