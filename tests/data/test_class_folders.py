"""Class folders: which files are examples of what, and what is never followed."""

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlsuite.data.class_folders import ClassFolders, list_class_folders
from dlsuite.data.folder_walk import files_below
from dlsuite.data.rows import FREE, TEST, TRAIN, VALIDATION
from dlsuite.errors import DataError

quickly = settings(max_examples=30, deadline=None)


def filled(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    return folder


def found(folder: Path, **options) -> ClassFolders:
    return list_class_folders(folder, suffixes=(".png", ".jpg"), what="images", **options)


def many(top: str, count: int = 4) -> list[str]:
    return [f"{top}/{number}.png" for number in range(count)]


def refusal(folder: Path, **options) -> str:
    with pytest.raises(DataError) as error:
        found(folder, **options).check(what="images")
    return str(error.value)


def test_folders_are_classes_sorted_and_labelled(tmp_path: Path) -> None:
    classes = found(filled(tmp_path, *many("dog", 3), *many("cat", 4)))
    assert classes.class_names == ("cat", "dog")
    assert classes.labels.tolist() == [0] * 4 + [1] * 3
    assert [file.name for file in classes.files][:2] == ["cat/0.png", "cat/1.png"]
    assert classes.rules.given is None
    assert classes.notes == ()
    classes.check(what="images")


def test_whole_numbers_are_sorted_by_what_they_are_worth(tmp_path: Path) -> None:
    assert found(filled(tmp_path, "10/a.png", "9/a.png", "2/a.png")).class_names == ("2", "9", "10")


def test_files_below_a_class_folder_are_of_its_class_however_deep(tmp_path: Path) -> None:
    classes = found(filled(tmp_path, "a/b/c/1.png", "a/2.PNG", "b/1.JpG"))
    assert [file.name for file in classes.files] == ["a/2.PNG", "a/b/c/1.png", "b/1.JpG"]
    assert classes.labels.tolist() == [0, 0, 1]


def test_hidden_and_other_files_are_not_read_and_the_latter_are_named(tmp_path: Path) -> None:
    filled(tmp_path, *many("a"), *many("b"), "a/.h.png", ".git/x.png", "__MACOSX/a/._0.png")
    classes = found(filled(tmp_path, "a/Thumbs.db", "README.md", "loose.png"))
    assert len(classes) == 8
    assert classes.notes == (
        "Images in no class folder, which are not read: 1 ('loose.png').",
        "Other files, which are not read: 2 ('a/Thumbs.db', 'README.md').",
    )


def test_an_empty_class_folder_is_no_class_and_named(tmp_path: Path) -> None:
    filled(tmp_path, *many("a"), *many("b"))
    (tmp_path / "c").mkdir()
    classes = found(tmp_path)
    assert classes.class_names == ("a", "b")
    assert classes.notes == ("Class folders without images: 1 ('c').",)


def test_links_are_followed_neither_out_nor_round(tmp_path: Path) -> None:
    folder = filled(tmp_path / "in", *many("a"), *many("b"))
    outside = filled(tmp_path / "out", "secret.png", "c/1.png")
    (folder / "a" / "out.png").symlink_to(outside / "secret.png")
    (folder / "a" / "gone.png").symlink_to(folder / "nothing.png")
    (folder / "a" / "self.png").symlink_to(folder / "a" / "self.png")
    (folder / "b" / "round").symlink_to(folder)
    (folder / "c").symlink_to(outside / "c")
    (folder / "b" / "inside.png").symlink_to(folder / "a" / "0.png")
    classes = found(folder)
    assert classes.class_names == ("a", "b")
    assert [file.name for file in classes.files][-1] == "b/inside.png"
    assert len(classes) == 9
    assert classes.notes == (
        "Links to folders or out of the folder, which are not followed: 5 ('a/gone.png', 'a/out.png', "
        "'a/self.png', ...).",
    )


def test_a_link_to_the_folder_itself_is_the_folder(tmp_path: Path) -> None:
    folder = filled(tmp_path / "in", *many("a"), *many("b"))
    (tmp_path / "link").symlink_to(folder)
    assert len(found(tmp_path / "link")) == 8


def test_only_links_out_are_refused(tmp_path: Path) -> None:
    outside = filled(tmp_path / "out", "1.png")
    (tmp_path / "in" / "a").mkdir(parents=True)
    (tmp_path / "in" / "a" / "1.png").symlink_to(outside / "1.png")
    assert "links that are not followed, as 'a/1.png'" in refusal(tmp_path / "in")


@pytest.mark.parametrize("validation", ["validation", "val", "Valid"])
def test_given_splits_are_honored(tmp_path: Path, validation: str) -> None:
    tops = {"Train": TRAIN, validation: VALIDATION, "test": TEST}
    for top in tops:
        filled(tmp_path, *many(f"{top}/a"), *many(f"{top}/b"))
    classes = found(tmp_path)
    assert classes.class_names == ("a", "b")
    given_to = {
        file.name.split("/")[0]: split
        for file, split in zip(classes.files, classes.splits, strict=True)
    }
    assert given_to == tops
    assert not classes.rules.drawn
    classes.check(what="images")


def test_what_is_not_given_is_drawn_from_training(tmp_path: Path) -> None:
    filled(tmp_path, *many("train/a"), *many("train/b"), *many("test/a"), *many("test/b"))
    rules = found(tmp_path).rules
    assert rules.given is not None
    assert rules.given.tolist() == [FREE] * 8 + [TEST] * 8
    assert rules.drawn


def test_a_class_may_be_called_like_a_split(tmp_path: Path) -> None:
    classes = found(filled(tmp_path, *many("train"), *many("bus"), *many("test")))
    assert classes.class_names == ("bus", "test", "train")
    assert classes.splits is None


def test_other_folders_beside_splits_are_named(tmp_path: Path) -> None:
    filled(tmp_path, *many("train/a"), *many("train/b"), *many("test/a"), *many("extra/a"))
    classes = found(tmp_path)
    assert len(classes) == 12
    assert classes.notes == (
        "Folders beside those of the splits, which are not read: 1 ('extra').",
    )


def test_classes_can_be_dropped(tmp_path: Path) -> None:
    filled(tmp_path, *many("train/a"), *many("train/b"), *many("train/unsup"), *many("test/a"))
    assert found(tmp_path, drop=("unsup",)).class_names == ("a", "b")
    assert "'unsupp', and there is no such class folder. Did you mean 'unsup'" in refusal(
        tmp_path, drop=("unsupp",)
    )


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ([], "expected images in class folders; there are none"),
        (["a/x.txt"], "there are none. Other files are, as 'a/x.txt'"),
        (["1.png", "2.png"], "'1.png' stands in the folder itself"),
        (many("a"), "expected 2 class folders or more with images in them; there is one, 'a'"),
        ([*many("a"), "b/1.png"], "at least 3 images of each class; the class folder 'b' has 1"),
        (
            [*many("train/a"), *many("train/b"), *many("test/c")],
            "every class in training too; 'c' has images in test and none in training",
        ),
        ([*many("train"), *many("test")], "files are in it themselves"),
        ([*many("test/a"), *many("val/a")], "expected a folder train beside 'test'"),
        (
            [*many("train/a"), *many("val/a"), *many("valid/a")],
            "expected one folder of validation; there are 'val', 'valid'",
        ),
        (
            [*many("train/a"), "train/b/1.png", *many("test/a")],
            "at least 2 images of each class for training; the class folder 'b' has 1",
        ),
    ],
)
def test_what_cannot_be_split_is_refused(tmp_path: Path, names: list[str], message: str) -> None:
    told = refusal(filled(tmp_path, *names))
    assert message in told
    assert str(tmp_path) in told


def test_a_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    filled(tmp_path, "pets/a/1.png")
    assert "Did you mean 'pets'?" in refusal(tmp_path / "pet")
    assert "it is a file" in refusal(tmp_path / "pets" / "a" / "1.png")
    assert "nor a folder" in refusal(tmp_path / "x" / "y")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    filled(tmp_path, *many("a"), *many("b"))
    (tmp_path / "b").chmod(0)
    try:
        assert f"{tmp_path / 'b'}: the folder cannot be read" in refusal(tmp_path)
    finally:
        (tmp_path / "b").chmod(0o700)


def test_names_that_are_no_utf8_are_written_out(tmp_path: Path) -> None:
    filled(tmp_path, *many("a"))
    try:
        os.mkdir(os.fsencode(tmp_path) + b"/\xff")
    except OSError:
        pytest.skip("the disk takes UTF-8 only")
    with open(os.fsencode(tmp_path) + b"/\xff/1.png", "wb"):
        pass
    names = found(tmp_path).class_names
    assert names == ("\\xff", "a")
    "".join(names).encode()


def test_composed_and_decomposed_characters_are_one_class(tmp_path: Path) -> None:
    filled(tmp_path, *many("train/e\u0301te"), *many("train/x"), *many("test/\u00e9te"))
    assert found(tmp_path).class_names == ("x", "\u00e9te")


@quickly
@given(
    names=st.lists(
        st.text(
            st.characters(exclude_categories=["Cs"], exclude_characters="/\0"),
            min_size=1,
            max_size=20,
        )
        .map(lambda text: f"_{text}")
        .filter(lambda text: len(text.encode()) < 200),
        min_size=2,
        max_size=5,
        unique=True,
    )
)
def test_any_name_is_a_class_and_the_order_is_the_same_every_time(tmp_path_factory, names) -> None:
    folder = tmp_path_factory.mktemp("any")
    for name in names:
        filled(folder, *many(name, 3))
    first, again = found(folder), found(folder)
    assert first.class_names == again.class_names
    assert [file.name for file in first.files] == [file.name for file in again.files]
    assert len(first) == 3 * len(names)
    assert set(first.labels.tolist()) == set(range(len(first.class_names)))


def test_examples_are_left_out_by_place(tmp_path: Path) -> None:
    filled(tmp_path, *many("train/a"), *many("train/b"), *many("test/a"))
    rest = found(tmp_path).without([0, 11])
    assert len(rest) == 10
    assert rest.splits is not None
    np.testing.assert_array_equal(rest.splits, [TRAIN] * 7 + [TEST] * 3)
    assert rest.files[0].name == "train/a/1.png"


def test_files_below_are_sorted_by_path(tmp_path: Path) -> None:
    filled(tmp_path, "b/1.png", "a/c/2.png", "0.png", "x.txt")
    names = [file.name for file in files_below(tmp_path, suffixes=(".png",), what="images")]
    assert names == ["0.png", "a/c/2.png", "b/1.png"]
