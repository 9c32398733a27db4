"""Texts from folders and tables: layouts, given splits, notes, and what is refused in one line."""

import os
from pathlib import Path
from typing import Any

import pytest

from dlsuite.data import Dataset, load_data
from dlsuite.data.text_files import text_from_path
from dlsuite.errors import DataError, SpecError
from dlsuite.spec import parse_study
from dlsuite.study import make_plan

GOOD = [f"a good film with number {number} in it, really" for number in range(20)]
BAD = [f"a bad film with number {number} in it, really" for number in range(20)]


def write(folder: Path, files: dict[str, list[str] | str | bytes]) -> str:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, list):
            content = "\n".join(content) + "\n"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return str(folder)


def each(name: str, texts: list[str]) -> dict[str, list[str] | str | bytes]:
    """A file for each text."""
    return {f"{name}/{number}.txt": text for number, text in enumerate(texts)}


def told(data: Dataset) -> str:
    return "\n".join(data.notes)


def spelled(data: Dataset, split: str = "train") -> set[tuple[str, str]]:
    """What a split's rows say, and of which class."""
    assert data.vocabulary is not None
    space = " " if getattr(data.encoder, "tokens", "") == "words" else ""
    examples = getattr(data, split)
    return {
        (space.join(data.vocabulary[token] for token in row if token), data.class_names[label])
        for row, label in zip(examples.x, examples.y, strict=True)
    }


def test_a_file_for_each_class_holds_a_text_in_each_line(tmp_path: Path) -> None:
    data = load_data(write(tmp_path, {"pos.txt": GOOD, "neg.txt": BAD}))

    assert data.kind == "text"
    assert data.class_names == ("neg", "pos")
    assert (len(data.train), len(data.validation), len(data.test)) == (24, 8, 8)
    assert data.encoder is not None
    assert data.encoder.tokens == "words"  # type: ignore[union-attr]
    assert {(text.split()[1], name) for text, name in spelled(data)} == {
        ("good", "pos"),
        ("bad", "neg"),
    }
    assert "Texts are read by words, as found out" in told(data)


def test_a_folder_for_each_class_holds_a_text_in_each_file(tmp_path: Path) -> None:
    lines = load_data(
        write(tmp_path / "lines", {"pos.txt": GOOD, "neg.txt": BAD}), tokens="characters"
    )
    files = load_data(
        write(tmp_path / "files", each("pos", GOOD) | each("neg", BAD)), tokens="characters"
    )

    every = [spelled(lines, split) for split in ("train", "validation", "test")]
    assert set().union(*every) == set().union(
        *(spelled(files, split) for split in ("train", "validation", "test"))
    )


@pytest.mark.parametrize("of_files", [False, True])
@pytest.mark.parametrize("names", [("train", "test"), ("train", "val", "test"), ("train", "valid")])
def test_given_splits_are_honoured(tmp_path: Path, of_files: bool, names: tuple[str, ...]) -> None:
    files: dict[str, Any] = {}
    for name in names:
        for kind, texts in (("pos", GOOD), ("neg", BAD)):
            marked = [f"{name} {text}" for text in texts]
            files |= each(f"{name}/{kind}", marked) if of_files else {f"{name}/{kind}.txt": marked}
    path = write(tmp_path, files)

    data = load_data(path)

    found = {
        split: {text.split()[0] for text, _ in spelled(data, split)}
        for split in ("train", "validation", "test")
    }
    assert (
        found
        == {
            ("train", "test"): {"train": {"train"}, "validation": {"train"}, "test": {"�"}},
            ("train", "valid"): {"train": {"train"}, "validation": {"�"}, "test": {"train"}},
            ("train", "val", "test"): {"train": {"train"}, "validation": {"�"}, "test": {"�"}},
        }[names]
    )
    again = load_data(path, split_seed=1)
    moved = spelled(again) != spelled(data)
    assert moved == (len(names) < 3)


def test_any_script_becomes_tokens(tmp_path: Path) -> None:
    texts = ["e\u0301 é 👩‍👩‍👧", "שלום עולם", "مرحبا", "नमस्ते", "日本語です"] * 4
    path = write(tmp_path, {"ü ñ.txt": texts, "日本.txt": [text[::-1] for text in texts]})

    data = load_data(path, length=20)

    assert data.class_names == ("ü ñ", "日本")
    assert ("e\u0301 é 👩‍👩‍👧", "ü ñ") in spelled(data)


def test_marks_line_ends_and_space_are_no_text(tmp_path: Path) -> None:
    content = b"\xef\xbb\xbfone\r\ntwo\rthree\n\n \t\n  four  " + b"\nmore" * 6
    path = write(tmp_path, {"a.txt": content, "b.txt": GOOD})

    raw = text_from_path(path)

    assert raw.texts[:4] == ("one", "two", "three", "four")
    assert "2 lines are empty and left out." in raw.notes


def test_an_encoding_can_be_said(tmp_path: Path) -> None:
    content = "\n".join(["café"] * 10).encode("latin-1")
    path = write(tmp_path, {"a.txt": content, "b.txt": GOOD})

    with pytest.raises(
        DataError, match=rf"^{tmp_path}/a\.txt, line 1: .* byte 0xe9\. Say encoding"
    ):
        load_data(path)
    assert text_from_path(path, encoding="latin-1").texts[0] == "café"


def test_what_is_passed_over_is_noted(tmp_path: Path) -> None:
    path = write(
        tmp_path / "texts",
        {"a.txt": GOOD, "b.TXT": BAD, ".hidden.txt": GOOD, "readme.md": "x", "c.csv": "x"},
    )
    write(tmp_path, {"secret.txt": GOOD})
    os.symlink(tmp_path / "secret.txt", tmp_path / "texts" / "secret.txt")
    os.symlink(tmp_path / "texts", tmp_path / "texts" / "round")
    os.symlink(tmp_path / "nowhere", tmp_path / "texts" / "gone.txt")

    data = load_data(path)

    assert data.class_names == ("a", "b")
    assert "Other files, which are not read: 2 ('c.csv', 'readme.md')." in data.notes
    assert (
        "Links to folders or out of the folder, which are not followed: 3 ('gone.txt', 'round', "
        "'secret.txt')." in data.notes
    )


def test_links_within_a_folder_are_texts_and_none_is_gone_round(tmp_path: Path) -> None:
    path = write(tmp_path, each("a", GOOD) | each("b", BAD))
    os.symlink(tmp_path, tmp_path / "a" / "round")
    os.symlink(tmp_path / "a" / "0.txt", tmp_path / "a" / "again.txt")

    raw = text_from_path(path)

    assert raw.labels.tolist() == [0] * 21 + [1] * 20
    assert any("1 texts are copies of others" in note for note in raw.notes)


def test_copies_and_imbalance_are_noted(tmp_path: Path) -> None:
    raw = text_from_path(write(tmp_path, {"a.txt": [*GOOD, *GOOD[:3]] * 5, "b.txt": GOOD}))

    notes = "\n".join(raw.notes)
    assert "20 of the different texts have more than one class" in notes
    assert "115 texts are copies of others; some may be both in training and in what is" in notes
    assert "with 85.2% of the texts, the smallest" in notes
    assert 'Consider class_weight = "balanced"' in notes


def test_empty_files_and_huge_ones_are_counted(tmp_path: Path) -> None:
    files = each("a", [*GOOD, ""]) | each("b", [*BAD, "x " * 600_000])
    raw = text_from_path(write(tmp_path, files))

    assert len(raw.texts) == 41
    assert "1 files are empty and left out." in raw.notes
    assert "Of 1 files longer than 1048576 bytes, so much is read." in raw.notes


def test_texts_without_words_are_counted(tmp_path: Path) -> None:
    data = load_data(write(tmp_path, {"a.txt": [*GOOD, "!!!"], "b.txt": BAD}), tokens="words")

    assert "1 texts hold no words at all: a model sees nothing but padding." in data.notes


def test_a_smaller_vocabulary_leaves_words_unknown(tmp_path: Path) -> None:
    data = load_data(write(tmp_path, {"a.txt": GOOD, "b.txt": BAD}), max_tokens=3)

    assert data.vocabulary is not None
    assert len(data.vocabulary) == 5
    assert "A model knows the 3 most frequent words of training; all others are one." in data.notes
    assert "% of the words of validation and test texts are unknown." in told(data)


BROKEN: dict[str, tuple[dict[str, Any], str]] = {
    "nothing": ({"readme.md": "x"}, r"Other files are: 1 \('readme\.md'\)"),
    "one class": ({"a.txt": GOOD}, "expected 2 classes or more, .* there is one, 'a'"),
    "one folder": (each("a", GOOD), "2 class folders or more|2 classes or more"),
    "one text": ({"a.txt": GOOD, "b.txt": ["x"]}, "at least 3 texts of each class; 'b' has 1"),
    "no text": ({"a.txt": GOOD, "b.txt": ""}, "at least 3 texts of each class; 'b' has 0"),
    "both": ({"a.txt": GOOD, "b/1.txt": "x"}, r"there are both, as 'a\.txt' and 'b/1\.txt'"),
    "binary": ({"a.txt": GOOD, "b.txt": b"\x7fELF\0"}, r"b\.txt, line 1: .* NUL character"),
    "one line": ({"a.txt": GOOD, "b.txt": "x" * 2**21}, r"b\.txt, line 1: .* longer than 1048576"),
    "twice train": (
        {f"{name}/{c}.txt": GOOD for name in ("train", "training", "test") for c in "ab"},
        "one folder for each split; there are 'test', 'train', 'training'",
    ),
    "new in test": (
        {"train/a.txt": GOOD, "train/b.txt": BAD, "test/a.txt": GOOD, "test/c.txt": BAD},
        "at least 2 texts of each class in training; 'c' has 0",
    ),
    "too few": ({f"{c}.txt": GOOD[:3] for c in "abcde"}, "expected at least 25 examples"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_folder_that_cannot_be_used_is_refused_in_one_line(tmp_path: Path, name: str) -> None:
    files, message = BROKEN[name]
    path = write(tmp_path / "reviews", files)

    with pytest.raises(DataError, match=message) as caught:
        load_data(path, kind="text")
    assert "\n" not in str(caught.value)
    assert "reviews" in str(caught.value)


def test_an_empty_folder_and_a_missing_one_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()

    with pytest.raises(DataError, match=r"there is no \.txt file"):
        text_from_path(tmp_path / "empty")
    with pytest.raises(SpecError, match=r"expected a folder of \.txt files, or a table"):
        text_from_path(tmp_path / "missing")


def test_settings_of_tables_are_refused_for_folders(tmp_path: Path) -> None:
    path = write(tmp_path, {"a.txt": GOOD, "b.txt": BAD})

    with pytest.raises(SpecError, match="group_column is for tables, and this is a folder"):
        load_data(path, group_column="author")
    with pytest.raises(SpecError, match="encoding: expected"):
        load_data(path, encoding="klingon")


def test_a_folder_is_read_again_only_if_it_has_changed(tmp_path: Path) -> None:
    path = write(tmp_path, {"a.txt": GOOD, "b.txt": BAD})

    first = text_from_path(path)
    assert text_from_path(path) is first
    assert text_from_path(path, length=5) is not first
    write(tmp_path, {"b.txt": [*BAD, "one more"]})
    assert len(text_from_path(path).texts) == 41
    write(tmp_path, {"c.txt": GOOD})
    assert text_from_path(path).class_names == ("a", "b", "c")


def test_a_study_can_name_a_folder(tmp_path: Path) -> None:
    write(tmp_path / "reviews", {"a.txt": GOOD, "b.txt": BAD})
    study = parse_study(
        {
            "name": "texts",
            "tasks": [{"model": "gru", "data": {"path": "reviews/", "length": 12}}],
            "factors": {"dropout": [0, 0.3]},
            "seeds": 2,
        },
        source="study.toml",
        folder=tmp_path,
    )

    assert len(make_plan(study).trials) == 4


def test_its_page_says_words_where_it_is_read_by_words(tmp_path: Path) -> None:
    path = write(tmp_path, {"a.txt": GOOD, "b.txt": BAD})

    assert "8 words, " in load_data(path, length=8)._repr_html_()
    assert "8 characters, " in load_data(path, length=8, tokens="characters")._repr_html_()
