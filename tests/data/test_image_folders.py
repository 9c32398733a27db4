"""Folders of images: what they become, what is chosen for the user, and what is refused."""

import os
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dlsuite.data import data_settings, load_data
from dlsuite.data.image_files import Header
from dlsuite.data.image_folders import image_state, images_from_folder
from dlsuite.data.image_reading import chosen_shape
from dlsuite.data.raw import Arrays
from dlsuite.data.rows import FREE, TEST, VALIDATION
from dlsuite.errors import DataError, SpecError
from dlsuite.progress import observed


@pytest.fixture(autouse=True)
def cache_folder(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    return folder / "dlsuite" / "images"


_shades = iter(range(10**9))


def image(path: Path, size: tuple[int, int] = (8, 8), mode: str = "RGB", **options) -> Path:
    """An image that is like no other; its first pixel's red and green tell which it is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    shade = next(_shades)
    made = Image.new("RGB", size, (shade % 251, shade // 251 % 251, 90))
    made.convert(mode).save(path, **options)
    return path


def folder_of(
    top: Path, *classes: str, count: int = 10, size: tuple[int, int] = (8, 8), mode: str = "RGB"
) -> Path:
    for name in classes or ("cat", "dog"):
        for number in range(count):
            image(top / name / f"{number:03}.png", size, mode)
    return top


def refusal(folder: Path, **options) -> str:
    with pytest.raises(DataError) as error:
        images_from_folder(folder, **options)
    return str(error.value)


def test_a_folder_becomes_images_with_labels_mapped_into_memory(tmp_path: Path) -> None:
    arrays = images_from_folder(folder_of(tmp_path, count=5))
    (x,) = arrays.xs
    assert isinstance(x, np.memmap)
    assert x.shape == (10, 8, 8, 3)
    assert x.dtype == np.uint8
    assert arrays.kind == "image"
    assert arrays.class_names == ("cat", "dog")
    assert arrays.y.tolist() == [0] * 5 + [1] * 5
    assert arrays.notes == ()
    assert len(arrays.digest) == 64
    for row, name in ((0, "cat/000.png"), (9, "dog/004.png")):
        with Image.open(tmp_path / name) as original:
            np.testing.assert_array_equal(x[row], np.asarray(original))


def test_images_cannot_be_written_to(tmp_path: Path) -> None:
    (x,) = images_from_folder(folder_of(tmp_path, count=5)).xs
    with pytest.raises(ValueError, match="read-only"):
        x[0] = 0


def test_images_are_a_data_set_by_their_path(tmp_path: Path) -> None:
    data = load_data(str(folder_of(tmp_path)), size=4, color="gray")
    assert data.kind == "image"
    assert data.input_shape == (4, 4, 1)
    assert data.class_names == ("cat", "dog")
    assert len(data.train) + len(data.validation) + len(data.test) == 20


def test_settings_are_checked(tmp_path: Path) -> None:
    path = str(folder_of(tmp_path))
    known = data_settings(path)
    assert {"size", "color", "fit", "max_corrupt", "drop"} < set(known)
    assert known["size"].validate([4, 6]) == (4, 6)
    assert known["size"].validate((4, 6)) == (4, 6)
    assert known["size"].validate(5) == (5, 5)
    assert known["size"].validate(None) is None
    for wrong in (0, [4], [4, 5, 6], "4", 5000, 2.5):
        with pytest.raises(SpecError, match="size: expected"):
            known["size"].validate(wrong)
    with pytest.raises(SpecError, match="color: expected"):
        load_data(path, color="blue")
    with pytest.raises(SpecError, match="fit: expected"):
        load_data(path, fit="squeeze")


def test_a_given_split_is_honored(tmp_path: Path) -> None:
    for top, count in (("train", 6), ("val", 3), ("test", 4)):
        folder_of(tmp_path / top, count=count)
    data = load_data(str(tmp_path), input_scaling="none")
    assert (len(data.train), len(data.validation), len(data.test)) == (12, 6, 8)


def test_without_validation_it_is_drawn_from_training(tmp_path: Path) -> None:
    folder_of(tmp_path / "train", count=12)
    folder_of(tmp_path / "test", count=4)
    rules = images_from_folder(tmp_path).rules
    assert rules.given is not None
    assert set(rules.given.tolist()) == {FREE, TEST}
    assert VALIDATION not in rules.given
    data = load_data(str(tmp_path))
    assert (len(data.train), len(data.validation), len(data.test)) == (18, 6, 8)


def test_sizes_and_modes_may_be_mixed(tmp_path: Path) -> None:
    for number, mode in enumerate(("1", "L", "LA", "P", "RGB", "RGBA")):
        for name in ("a", "b"):
            image(tmp_path / name / f"{number}.png", (8 + number, 9), mode)
    for name in ("a", "b"):
        image(tmp_path / name / "c.jpg", (20, 10), "CMYK")
        image(tmp_path / name / "g.GIF", (20, 10), "P")
        image(tmp_path / name / "m.bmp", (20, 10))
    arrays = images_from_folder(tmp_path, size=(6, 7))
    assert arrays.xs[0].shape == (18, 6, 7, 3)
    assert any("have another size than 6 x 7; they are resized" in note for note in arrays.notes)
    assert any("are gray, and read as colored" in note for note in arrays.notes)
    grays = images_from_folder(tmp_path, size=(6, 7), color="gray")
    assert grays.xs[0].shape == (18, 6, 7, 1)
    assert any("are colored, and read as gray" in note for note in grays.notes)
    assert grays.digest != arrays.digest


def headers(*sizes: tuple[int, int], gray: bool = False) -> list[Header]:
    return [Header(height, width, gray) for height, width in sizes]


@pytest.mark.parametrize(
    ("sizes", "chosen"),
    [
        ([(32, 32)] * 3 + [(90, 10)] * 2, (32, 32)),
        ([(28, 20)] * 2, (28, 20)),
        ([(10, 10), (20, 30), (30, 50)], (20, 30)),
        ([(480, 640)] * 4, (48, 64)),
        ([(1000, 10)] * 4, (64, 8)),
        ([(2, 2)] * 4, (8, 8)),
    ],
)
def test_the_size_is_the_usual_one_or_the_median_and_bounded(sizes, chosen) -> None:
    shape = chosen_shape(headers(*sizes), size=None, color=None)
    assert shape.sizes == (*chosen, 3)


def test_colors_are_kept_if_any_file_has_some() -> None:
    grays, colors = headers((8, 8), gray=True), headers((8, 8))
    assert chosen_shape(grays, size=None, color=None).channels == 1
    assert chosen_shape(grays + colors, size=None, color=None).channels == 3
    assert chosen_shape(grays, size=None, color="rgb").channels == 3
    assert chosen_shape(colors, size=(3, 4), color="gray").sizes == (3, 4, 1)


def test_a_wrong_guess_from_a_few_images_is_put_right(tmp_path: Path) -> None:
    # Every second image is looked at; the others are larger, and more.
    for number in range(200):
        image(tmp_path / "a" / f"{number:03}.png", (8, 8) if number % 4 == 0 else (12, 12))
        image(tmp_path / "b" / f"{number:03}.png", (8, 8) if number % 4 == 0 else (12, 12))
    arrays = images_from_folder(tmp_path)
    assert arrays.xs[0].shape == (400, 12, 12, 3)
    assert arrays.notes[0].startswith(
        "100 of 400 images have another size than 12 x 12, the size chosen"
    )


def test_a_file_of_another_name_is_read_by_its_content(tmp_path: Path) -> None:
    folder_of(tmp_path, count=5)
    image(tmp_path / "cat" / "z.jpg", format="PNG")
    assert len(images_from_folder(tmp_path).y) == 11


def test_corrupt_files_are_named_and_left_out_up_to_a_share(tmp_path: Path) -> None:
    folder_of(tmp_path, count=5)
    (tmp_path / "cat" / "001.png").write_bytes(b"")
    (tmp_path / "dog" / "002.png").write_text("words")
    told = refusal(tmp_path)
    assert told.startswith(f"{tmp_path}: ")
    assert (
        "of 10 files are no images that can be decoded, and at most 1.00% may be left out" in told
    )
    assert "'cat/001.png' the file is empty" in told
    arrays = images_from_folder(tmp_path, max_corrupt=0.2)
    assert arrays.xs[0].shape[0] == 8
    assert arrays.y.tolist() == [0] * 4 + [1] * 4
    assert arrays.notes == (
        "2 of 10 files cannot be decoded and are left out: 'cat/001.png' the file is empty; 'dog/002.png' is "
        "no PNG, JPEG, BMP or GIF, or its beginning is damaged.",
    )
    with Image.open(tmp_path / "dog" / "003.png") as original:
        np.testing.assert_array_equal(arrays.xs[0][6], np.asarray(original))
    assert "none may be left out" in refusal(tmp_path, max_corrupt=0.0)


def test_a_class_that_is_too_small_without_its_corrupt_files_is_refused(tmp_path: Path) -> None:
    folder_of(tmp_path, "a", count=10)
    folder_of(tmp_path, "b", count=3)
    (tmp_path / "b" / "001.png").write_bytes(b"")
    assert "the class folder 'b' has 2" in refusal(tmp_path, max_corrupt=0.2)


def test_an_image_bomb_and_a_truncated_jpeg_are_named(tmp_path: Path) -> None:
    folder_of(tmp_path, count=20)
    header = b"IHDR" + struct.pack(">IIBBBBB", 50000, 50000, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    (tmp_path / "cat" / "bomb.png").write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk + b"\0\0\x10\0IDAT" + bytes(5000)
    )
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    path = tmp_path / "dog" / "cut.jpg"
    Image.fromarray(noise).save(path)
    path.write_bytes(path.read_bytes()[:800])
    arrays = images_from_folder(tmp_path, max_corrupt=0.1)
    assert len(arrays.y) == 40
    (note,) = arrays.notes
    assert "'cat/bomb.png' has more than 67 million pixels" in note
    assert "'dog/cut.jpg' is damaged: " in note


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    folder_of(tmp_path)
    (tmp_path / "cat" / "000.png").chmod(0)
    assert "'cat/000.png' cannot be read: Permission denied" in refusal(tmp_path)


def test_copies_are_told_and_leaks_too(tmp_path: Path) -> None:
    folder_of(tmp_path / "train", count=6)
    folder_of(tmp_path / "test", count=4)
    content = (tmp_path / "train" / "cat" / "000.png").read_bytes()
    (tmp_path / "test" / "cat" / "000.png").write_bytes(content)
    (tmp_path / "train" / "dog" / "000.png").write_bytes(content)
    assert images_from_folder(tmp_path).notes == (
        "Images that are exact copies of others: 2 ('train/dog/000.png', 'test/cat/000.png').",
        "Images held out that are in training too, which flatters the scores: 1 ('test/cat/000.png').",
        "Some copies are in different classes.",
    )


def test_an_unbalanced_folder_is_noted(tmp_path: Path) -> None:
    folder_of(tmp_path, "a", count=20)
    folder_of(tmp_path, "b", count=4)
    (note,) = images_from_folder(tmp_path).notes
    assert note.startswith("The largest class is 'a' with 83.3% of the images")


def test_the_state_changes_with_a_file_and_tells_no_error(tmp_path: Path) -> None:
    folder_of(tmp_path)
    state = image_state(str(tmp_path), {})
    assert state == image_state(str(tmp_path), {"size": 4})
    image(tmp_path / "cat" / "000.png", (9, 9))
    assert image_state(str(tmp_path), {}) != state
    assert image_state(str(tmp_path / "none"), {}) is None


def test_whoever_observes_sees_how_far_it_is(tmp_path: Path) -> None:
    from contextlib import contextmanager

    seen: dict[str, list[int]] = {}

    @contextmanager
    def observer(what: str, total: int) -> Iterator:
        seen[what] = [total, 0]

        def advance(done: int) -> None:
            seen[what][1] += done

        yield advance

    with observed(observer):
        images_from_folder(folder_of(tmp_path, count=40))
    assert seen["Reading images"] == [80, 80]
    assert seen["Decoding images"] == [80, 80]


def test_nothing_is_printed(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    images_from_folder(folder_of(tmp_path))
    said = capfd.readouterr()
    assert (said.out, said.err) == ("", "")


def test_a_file_about_the_images_does_not_make_them_texts_or_tables(tmp_path: Path) -> None:
    folder_of(tmp_path)
    (tmp_path / "README.txt").write_text("Pets.")
    (tmp_path / "labels.csv").write_text("a,b\n1,2\n")
    data = load_data(str(tmp_path))
    assert data.kind == "image"
    assert "Other files, which are not read: 2 ('README.txt', 'labels.csv')." in data.notes


def test_classes_can_be_dropped(tmp_path: Path) -> None:
    folder_of(tmp_path, "a", "b", "c")
    assert images_from_folder(tmp_path, drop="c").class_names == ("a", "b")
    assert isinstance(images_from_folder(tmp_path, drop=("c",)), Arrays)
