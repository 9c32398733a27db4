"""Models that augment: plain Keras models, the same as ever where nothing is augmented."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from dlsuite.data import load_data
from dlsuite.models import create_model, model_entry
from dlsuite.models.portable import portable_model, predict, save_model
from dlsuite.training.checks import structure_of
from dlsuite.training.initialize import initial_weights

AUGMENTED = {"flip": True, "shift": 0.25, "crop": 0.75}


def cnn(**settings: Any) -> keras.Model:
    return create_model(
        "cnn", input_shape=(8, 8, 1), outputs=10, filters=[2], units=[4], **settings
    )


def test_a_model_without_augmentation_has_the_layers_that_it_always_had() -> None:
    assert [layer.name for layer in cnn().layers] == [
        *("input", "conv_1_1", "activation_1_1", "pool_1", "dropout_1", "flatten"),
        *("dense_1", "activation_dense_1", "dropout_dense_1", "output"),
    ]
    assert structure_of(cnn()) == structure_of(cnn(flip=False, shift=0.0, crop=1.0))
    assert all(
        taken.later
        for name, taken in model_entry("cnn").hyperparameters.items()
        if name in AUGMENTED
    )


@pytest.mark.parametrize("name", AUGMENTED)
def test_augmentation_adds_a_layer_and_leaves_initial_weights_as_they_are(name: str) -> None:
    augmented = cnn(**{name: AUGMENTED[name]})
    names = {layer.name for layer in cnn().layers}
    added = [layer.name for layer in augmented.layers if layer.name not in names]
    expected = {"flip": "random_flip", "shift": "random_translation", "crop": "random_zoom"}
    assert added == [expected[name]]
    for ours, plain in zip(initial_weights(augmented, 1), initial_weights(cnn(), 1), strict=True):
        np.testing.assert_array_equal(ours, plain)


def test_images_are_changed_in_training_alone() -> None:
    model = cnn(**AUGMENTED)
    plain = cnn()
    plain.set_weights(model.get_weights())
    x = np.random.default_rng(0).normal(size=(6, 8, 8, 1)).astype(np.float32)
    np.testing.assert_array_equal(model(x, training=False), plain(x, training=False))
    assert not np.allclose(model(x, training=True), model(x, training=True))


def test_a_model_that_augments_fits_and_predicts_the_same_from_its_file(tmp_path: Path) -> None:
    data = load_data("digits", train_size=40)
    model = cnn(**AUGMENTED)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer="adam", loss=loss)
    model.fit(data.train.x, data.train.y, epochs=1, verbose=0)

    path = tmp_path / "augmented.keras"
    save_model(model, data, path, {"seed": 0})
    loaded = keras.models.load_model(path)

    raw = np.random.default_rng(0).integers(0, 17, (5, 8, 8, 1)).astype(np.float32)
    expected = predict(portable_model(model, data), raw)
    np.testing.assert_allclose(predict(loaded, raw), expected, rtol=1e-6)
    again = tmp_path / "again.keras"
    save_model(model, data, again, {"seed": 0})
    assert again.read_bytes() == path.read_bytes()
