import os
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlsuite.errors import StoreError
from dlsuite.store import Part, ResultsFolder, read_csv, to_csv


def part(*keys: str, epochs: int = 1) -> Part:
    return Part.of(
        trials=pd.DataFrame({"trial": keys, "status": "completed", "epochs": epochs}),
        curves=pd.DataFrame({"trial": keys, "epoch": 0, "train_loss": 0.5}),
        layers=pd.DataFrame({"trial": keys, "epoch": 0, "layer": "output"}),
    )


@pytest.fixture
def folder(tmp_path: Path) -> ResultsFolder:
    made = ResultsFolder(tmp_path / "study")
    made.open()
    return made


def test_parts_come_back_as_they_were_written(folder: ResultsFolder) -> None:
    folder.add_part(part("0123", "00e5"))

    (read,), rejected = folder.parts()

    assert list(read.trials["trial"]) == ["0123", "00e5"]
    assert list(read.curves["train_loss"]) == [0.5, 0.5]
    assert rejected == []


def test_a_part_that_was_never_finished_is_not_read(folder: ResultsFolder) -> None:
    unfinished = folder.path / "parts" / ".0123-99"
    unfinished.mkdir()
    (unfinished / "trials.csv").write_text("trial\n")

    assert folder.parts() == ([], [])


def test_a_part_written_again_leaves_the_first_one_aside(folder: ResultsFolder) -> None:
    folder.add_part(part("a"))
    folder.add_part(part("a"))

    assert len(folder.parts()[0]) == 1
    assert len(list((folder.path / "rejected").iterdir())) == 1


@pytest.mark.parametrize("table", ["trials", "curves", "layers"])
@pytest.mark.parametrize("damage", [None, "", "torn", "trial,epoch\na,1\n"])
def test_a_damaged_part_is_named_and_set_aside(
    folder: ResultsFolder, table: str, damage: str | None
) -> None:
    folder.add_part(part("a"))
    folder.add_part(part("b"))
    damaged = sorted((folder.path / "parts").iterdir())[0]
    if damage is None:
        (damaged / f"{table}.csv").unlink()
    else:
        (damaged / f"{table}.csv").write_text(damage)

    found, rejected = folder.parts()

    assert len(found) == 1
    assert len(rejected) == 1
    assert damaged.name in rejected[0]
    assert (folder.path / "rejected" / damaged.name).is_dir()
    assert folder.parts()[1] == []


def test_a_file_is_replaced_and_leaves_nothing_beside_it(folder: ResultsFolder) -> None:
    folder.write({"a.csv": "old"})
    folder.write({"a.csv": "new"})

    assert (folder.path / "a.csv").read_text() == "new"
    assert sorted(path.name for path in folder.path.iterdir()) == ["a.csv", "parts"]


def test_a_failed_replacement_keeps_the_old_file(
    folder: ResultsFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.write({"a.csv": "old"})

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device", "a.csv")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(StoreError, match=r"a\.csv: cannot be written \(No space left on device\)"):
        folder.write({"a.csv": "new"})

    assert (folder.path / "a.csv").read_text() == "old"


def test_a_missing_table_says_what_to_do(folder: ResultsFolder) -> None:
    with pytest.raises(StoreError, match=r"trials\.csv: not there; run the study first"):
        folder.read_table("trials")


@given(
    values=st.lists(
        # Adding 0.0 turns -0.0 into 0.0, whose sign a column of zeros would lose.
        st.floats(allow_nan=False, allow_infinity=False, width=32).map(lambda value: value + 0.0),
        min_size=1,
        max_size=5,
    ),
    text=st.text(st.characters(codec="utf-8", exclude_characters="\r\0"), min_size=1),
)
def test_a_table_survives_the_way_through_csv(
    values: list[float], text: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    frame = pd.DataFrame({"condition": text, "value": values})
    path = tmp_path_factory.mktemp("csv") / "table.csv"
    path.write_text(to_csv(frame), encoding="utf-8", newline="")

    read = read_csv(path)

    assert list(read["condition"]) == [text] * len(values)
    assert read["value"].tolist() == pytest.approx(values, rel=1e-6, abs=1e-37)
    assert to_csv(read) == to_csv(frame)


TRIALS = (
    "task,condition,seed,split_seed,status,selected,counted,epochs,parameters,best_epoch,train_loss_best,"
    "test_loss,diverged_epoch,onset_epoch,epochs_to_90,val_loss_best\n"
)
ROW = "a/b,x=1,0,0,completed,True,True,2,9,1,0.4,0.6,,,,0.5\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", r"cannot be read as a table"),
        (TRIALS + ROW + ROW + "a/b,x", r"'epochs', row 3: expected a whole number.*an empty cell"),
        ("a,b\n1,2\n", r"the column 'task' is missing"),
        ("task,condition\na/b,x=1\n", r"the column 'seed' is missing"),
        (
            TRIALS + ROW + ROW.replace("0.5", "0.s"),
            r"'val_loss_best', row 2: expected a number; got '0\.s'",
        ),
        ("task\n\0\xff", r"cannot be read as a table"),
    ],
)
def test_a_damaged_table_is_told(folder: ResultsFolder, text: str, told: str) -> None:
    (folder.path / "trials.csv").write_bytes(text.encode("latin-1"))

    with pytest.raises(StoreError, match=told) as refused:
        folder.read_table("trials")
    assert "trials.csv" in str(refused.value)


def test_a_whole_table_is_read(folder: ResultsFolder) -> None:
    (folder.path / "trials.csv").write_text(TRIALS + ROW)
    assert folder.read_table("trials")["val_loss_best"].tolist() == [0.5]
