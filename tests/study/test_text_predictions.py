"""A saved model of texts and new texts: the lines of a file, or a column of a table."""

from collections.abc import Iterator
from pathlib import Path

import keras
import pytest

from dlsuite.data import Dataset, load_data
from dlsuite.errors import DataError
from dlsuite.models.portable import save_model
from dlsuite.study import predict_file

FILMS = [f"A {'good' if number % 2 else 'bad'} film, number {number}" for number in range(40)]


def network(data: Dataset) -> keras.Model:
    inputs = keras.Input(data.input_shape, dtype="int32")
    vectors = keras.layers.Embedding(len(data.vocabulary or ()), 2)(inputs)
    return keras.Model(inputs, keras.layers.Dense(data.outputs)(keras.layers.Flatten()(vectors)))


@pytest.fixture
def of_folder(tmp_path: Path) -> Iterator[Path]:
    """A model that was trained on a folder."""
    folder = tmp_path / "films"
    folder.mkdir()
    for place, name in enumerate(("bad", "good")):
        (folder / f"{name}.txt").write_text("\n".join(FILMS[place::2]))
    data = load_data(folder, tokens="words")
    save_model(network(data), data, tmp_path / "folder.keras", {})
    yield tmp_path / "folder.keras"


@pytest.fixture
def of_table(tmp_path: Path) -> Path:
    """A model that was trained on a column of a table."""
    path = tmp_path / "films.csv"
    rows = "".join(f'"{t}",{"good" if "good" in t else "bad"},x y\n' for t in FILMS)
    path.write_text("review,label,note\n" + rows)
    data = load_data(path, text_column="review", target="label", tokens="words")
    save_model(network(data), data, tmp_path / "table.keras", {})
    return tmp_path / "table.keras"


@pytest.mark.parametrize("model", ["of_folder", "of_table"])
def test_each_line_of_a_text_file_is_a_text(
    model: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    path = tmp_path / "new.txt"
    path.write_bytes(b"\xef\xbb\xbfA good film\r\n\r\nA bad film\rgood\n")

    found = predict_file(request.getfixturevalue(model), path)

    assert list(found.table["line"]) == [1, 3, 4]
    assert list(found.table.columns) == ["line", "predicted", "p(bad)", "p(good)"]
    assert found.scores == {}


def test_a_column_is_taken_by_its_name_and_scored(of_table: Path, tmp_path: Path) -> None:
    path = tmp_path / "new.csv"
    path.write_text("note,label,review\nsome text,good,A good film\nmore,bad,A bad film\n")

    found = predict_file(of_table, path)

    (tmp_path / "same.txt").write_text("A good film\nA bad film\n")
    same = predict_file(of_table, tmp_path / "same.txt")
    assert list(found.table["p(bad)"]) == list(same.table["p(bad)"])
    assert "accuracy" in found.scores


def test_a_column_of_classes_is_known_without_its_name(of_folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "new.csv"
    path.write_text("text here,class\nA good film,good\nA bad film,bad\nfine,\n")

    found = predict_file(of_folder, path)

    assert "accuracy" in found.scores
    assert "1 of 3 rows do not tell 'class' and are not scored." in found.notes


def test_a_text_file_that_cannot_be_read_is_refused(of_folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "new.txt"
    for content, message in (
        (b"\n\n", r"new\.txt: expected a text in each line; the file holds none"),
        (b"ok\ncaf\xe9\n", r"new\.txt, line 2: expected UTF-8; got byte 0xe9"),
    ):
        path.write_bytes(content)
        with pytest.raises(DataError, match=message):
            predict_file(of_folder, path)
    with pytest.raises(DataError, match=r"none\.txt: there is no such file"):
        predict_file(of_folder, tmp_path / "none.txt")
