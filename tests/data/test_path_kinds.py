"""What is behind a path, by what is in it and by the settings given."""

from pathlib import Path

import pytest
from PIL import Image

from dlsuite.data import data_entry, load_data
from dlsuite.errors import DataError, DlsuiteError, SpecError, UnknownNameError


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in ("cat", "dog"):
        (tmp_path / "pets" / name).mkdir(parents=True)
        for number in range(10):
            Image.new("L", (8, 8), 20 * number).save(tmp_path / "pets" / name / f"{number}.png")
    (tmp_path / "reviews").mkdir()
    (tmp_path / "reviews" / "pos.txt").write_text("good\n")
    (tmp_path / "runs" / "a").mkdir(parents=True)
    (tmp_path / "runs" / "a" / "1.csv").write_text("x\n1\n")
    (tmp_path / "empty").mkdir()
    (tmp_path / "t.csv").write_text("text,label,x\nhello,a,1\n")
    (tmp_path / "note.md").write_text("hello")
    return tmp_path


@pytest.mark.parametrize(
    ("path", "settings", "kind"),
    [
        ("pets/", {}, "image"),
        ("./reviews", {}, "text"),
        ("runs/", {}, "series"),
        ("t.csv", {}, "table"),
        ("t.csv", {"text_column": "text"}, "text"),
        ("t.csv", {"window": 3}, "series"),
        ("t.csv", {"horizon": 1}, "series"),
        ("t.csv", {"id_column": "label"}, "series"),
        ("t.csv", {"kind": "series"}, "series"),
        ("t.csv", {"kind": "table", "window": 3}, "table"),
        ("t.csv", {"window": None, "text_column": None}, "table"),
    ],
)
def test_the_kind_follows_from_the_path_and_the_settings(
    place: Path, path: str, settings: dict[str, object], kind: str
) -> None:
    assert data_entry(path, settings).kind == kind


@pytest.mark.parametrize(
    ("path", "settings", "error", "words"),
    [
        ("empty/", {}, DataError, "empty/: expected images .* there are none"),
        ("nowhere/", {}, DataError, "there is no such file or folder"),
        ("no/where/", {}, DataError, "nor a folder"),
        ("note.md", {}, SpecError, "note.md: expected a folder .* or a table"),
        ("pets/", {"kind": "sound"}, SpecError, "kind: expected one of table, text"),
        ("pets", {}, UnknownNameError, r"write it as \./pets\.$"),
    ],
)
def test_what_is_no_data_is_told_so(
    place: Path, path: str, settings: dict[str, object], error: type[DlsuiteError], words: str
) -> None:
    with pytest.raises(error, match=words):
        data_entry(path, settings)


def test_a_path_object_is_a_path_however_it_is_written(place: Path) -> None:
    assert load_data(Path("pets")).fingerprint == load_data("pets/").fingerprint


def test_a_setting_of_another_kind_of_file_is_offered(place: Path) -> None:
    with pytest.raises(SpecError, match=r"does not take 'windw'. Did you mean 'window'"):
        load_data("t.csv", target="x", windw=3)
