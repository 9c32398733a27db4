from pathlib import Path

import pandas as pd
import pytest

from dlsuite.errors import StoreError
from dlsuite.store import Part, ResultsFolder
from dlsuite.store.stored_part import StoredPart, columns_of


@pytest.fixture
def folder(tmp_path: Path) -> ResultsFolder:
    made = ResultsFolder(tmp_path / "study")
    made.open()
    return made


def stored(folder: ResultsFolder, keys: list[str], layers: list[str]) -> StoredPart:
    """A part of which each trial has two layers in two epochs."""
    trials = pd.DataFrame({"trial": sorted(set(keys)), "status": "completed", "epochs": 2})
    rows = {"trial": keys, "epoch": 0, "layer": layers, "weight_norm": 0.5}
    folder.add_part(
        Part.of(trials, pd.DataFrame({"trial": keys, "epoch": 0}), pd.DataFrame(rows), weights={})
    )
    (part,), rejected = folder.parts()
    assert rejected == []
    return part


def test_the_rows_of_each_trial_are_found(folder: ResultsFolder) -> None:
    part = stored(folder, ["a1", "a1", "b2", "b2"], ["one", "two", "one", "two"])

    blocks = part.blocks("layers", ["b2", "c3"])

    assert list(blocks) == ["b2"]
    assert blocks["b2"].read() == b"b2,0,one,,0.5,,\nb2,0,two,,0.5,,\n"


@pytest.mark.parametrize(
    ("keys", "layers"),
    [
        (["a1", "b2", "a1", "b2"], ["one", "one", "two", "two"]),
        (["a1", "a1", "b2", "b2"], ['a "b", c', "two", 'a "b", c', "two"]),
        (["a1", "a1", "b2", "b2"], ["two\nlines", "two", "two\nlines", "two"]),
        (["a.1", "a.1", "ax1", "ax1"], ["one", "two", "one", "two"]),
    ],
    ids=["mingled", "quoted", "several lines", "odd keys"],
)
def test_rows_that_are_not_plain_are_found_by_a_parser(
    folder: ResultsFolder, keys: list[str], layers: list[str]
) -> None:
    part = stored(folder, keys, layers)
    rows = part.layers

    for key, block in part.blocks("layers", keys).items():
        own = rows.loc[rows["trial"] == key]
        assert block.read().decode() == own.to_csv(index=False, header=False, lineterminator="\n")


def test_trials_are_known_without_reading_their_curves(folder: ResultsFolder) -> None:
    part = stored(folder, ["a1"], ["one"])
    (part.folder / "curves.csv").unlink()

    assert part.trained == [("a1", 2, frozenset())]
    with pytest.raises(StoreError, match=r"curves\.csv: cannot be read any more"):
        _ = part.curves


@pytest.mark.parametrize("content", [b"", b"a,b", b"a,b\n1", b"a,b\n1\n", b'a,b\n"1,2"\n'])
def test_a_table_that_is_not_whole_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"cut short|as many cells"):
        columns_of(content)


def test_a_quoted_cell_may_hold_what_parts_cells() -> None:
    assert columns_of(b'a,"b,c"\n"1\n",2\n') == ("a", "b,c")
