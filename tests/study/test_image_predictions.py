"""A saved model of images, and what it says of files: read as those that it was trained on."""

from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image

import dlsuite
from dlsuite.errors import DataError, SpecError
from dlsuite.models.card import read_card
from dlsuite.study import predict_file


@pytest.fixture(scope="module")
def pets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of dark and light images, and a model of them beside it."""
    top = tmp_path_factory.mktemp("pets")
    generator = np.random.default_rng(0)
    for name, least in (("dark", 0), ("light", 128)):
        for split, count in (("train", 16), ("test", 6)):
            folder = top / "pets" / split / name
            folder.mkdir(parents=True)
            for number in range(count):
                pixels = generator.integers(least, least + 128, (10, 20, 3), np.uint8)
                Image.fromarray(pixels).save(folder / f"{number}.png")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(top / "cache"))
        history = dlsuite.train(
            "cnn", str(top / "pets"), size=8, fit="crop", filters=[4], epochs=20, batch_size=8
        )
    history.save(top / "pets.keras")
    return top


def test_every_image_of_a_folder_is_predicted_and_scored(pets: Path) -> None:
    found = predict_file(pets / "pets.keras", pets / "pets" / "test")
    assert list(found.table.columns) == ["file", "predicted", "p(dark)", "p(light)"]
    assert found.table["file"].tolist()[::6] == ["dark/0.png", "light/0.png"]
    assert found.scores["accuracy"] == 1.0
    assert found.table["predicted"].tolist() == ["dark"] * 6 + ["light"] * 6
    assert found.notes == ()


def test_the_card_says_how_images_are_read(pets: Path) -> None:
    card = read_card(pets / "pets.keras")
    assert card is not None
    assert card.input_shape == (8, 8, 3)
    assert card.about["data_settings"] == {"size": 8, "fit": "crop"}


def test_images_are_read_as_the_model_was_trained(pets: Path) -> None:
    history = keras.models.load_model(pets / "pets.keras")
    found = predict_file(pets / "pets.keras", pets / "pets" / "test" / "dark" / "3.png")
    with Image.open(pets / "pets" / "test" / "dark" / "3.png") as image:
        middle = image.resize((8, 8), Image.Resampling.BILINEAR, box=(5, 0, 15, 10))
    expected = history(np.asarray(middle, np.float64)[None])[0]
    told = found.table[["p(dark)", "p(light)"]].to_numpy()[0]
    np.testing.assert_allclose(told, expected, atol=1e-6)
    assert found.table["file"].tolist() == ["3.png"]
    assert not found.scores


def test_splits_are_told_and_images_of_training_noted(pets: Path) -> None:
    found = predict_file(pets / "pets.keras", pets / "pets")
    assert len(found.table) == 44
    assert found.scores["accuracy"] == 1.0
    assert found.notes == (
        "Images of training are among them; predict the test's folder for what is new.",
    )


def test_images_of_no_class_are_predicted_without_a_score(pets: Path, tmp_path: Path) -> None:
    Image.new("L", (30, 5), 250).save(tmp_path / "white.gif")
    Image.new("L", (30, 5), 2).save(tmp_path / "black.BMP")
    (tmp_path / "words.png").write_text("words")
    found = predict_file(pets / "pets.keras", tmp_path)
    assert found.table["file"].tolist() == ["black.BMP", "white.gif"]
    assert found.table["predicted"].tolist() == ["dark", "light"]
    assert not found.scores
    assert found.notes == (
        "1 of 3 files cannot be decoded and are left out: 'words.png' is no PNG, JPEG, BMP or GIF, or its "
        "beginning is damaged.",
    )


def test_what_is_no_image_is_refused(pets: Path, tmp_path: Path) -> None:
    model = pets / "pets.keras"
    (tmp_path / "words.png").write_text("words")
    (tmp_path / "words.txt").write_text("words")
    with pytest.raises(SpecError, match="and a row of a file is none; give an image or a folder"):
        predict_file(model, tmp_path / "words.csv")
    (tmp_path / "empty").mkdir()
    for path, message in (
        ("words.png", "there is no image that can be decoded: 'words.png' is no PNG"),
        ("words.txt", "expected a folder of images, or an image"),
        ("empty", "there are none"),
        ("none", "there is no such folder"),
    ):
        with pytest.raises(DataError, match=message):
            predict_file(model, tmp_path / path)


def test_a_model_of_other_arrays_is_refused(tmp_path: Path, pets: Path) -> None:
    from dataclasses import replace

    from dlsuite.study.image_predictions import predict_images

    card = read_card(pets / "pets.keras")
    assert card is not None
    with pytest.raises(SpecError, match="an image file holds 1 or 3 channels"):
        predict_images(replace(card, input_shape=(8, 8, 2)), "m.keras", tmp_path)
