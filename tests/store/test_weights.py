import io
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from dlsuite.errors import StoreError
from dlsuite.store import Part, ResultsFolder, Weights
from dlsuite.store.weights import read_weights, weights_file


def part(*keys: str, epochs: int, value: float, kept: bool = True) -> Part:
    return Part.of(
        trials=pd.DataFrame({"trial": keys, "status": "completed", "epochs": epochs}),
        curves=pd.DataFrame({"trial": keys, "epoch": 0}),
        layers=pd.DataFrame({"trial": keys, "epoch": 0, "layer": "output"}),
        weights={keys[0]: [np.full(3, value, np.float32)]} if kept else {},
    )


@pytest.fixture
def folder(tmp_path: Path) -> ResultsFolder:
    return ResultsFolder(tmp_path / "study")


@given(
    weights=st.dictionaries(
        st.text("0123456789abcdef", min_size=16, max_size=16),
        st.lists(
            arrays.arrays(
                st.sampled_from(["float16", "float32", "float64", "int32"]),
                arrays.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=12),
            ),
            min_size=1,
            max_size=12,
        ),
        max_size=3,
    )
)
def test_weights_come_back_to_the_bit_and_in_their_order(
    weights: dict[str, Weights], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("weights") / "weights.npz"
    path.write_bytes(weights_file(weights))

    with zipfile.ZipFile(path) as archive:
        assert {name.partition("/")[0] for name in archive.namelist()} == set(weights)
    for key, own in weights.items():
        read = read_weights(path, key)
        assert [(w.dtype, w.shape) for w in read] == [(w.dtype, w.shape) for w in own]
        assert [w.tobytes() for w in read] == [w.tobytes() for w in own]


def test_the_same_weights_are_the_same_bytes() -> None:
    weights = {"ab": [np.arange(4.0), np.ones((2, 3), np.float32)]}
    content = weights_file(weights)

    assert content == weights_file(weights)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert {entry.date_time[0] for entry in archive.infolist()} == {1980}


def test_a_part_keeps_weights_for_who_asks_by_key_and_epochs(folder: ResultsFolder) -> None:
    folder.add_part(part("a", "b", epochs=2, value=0.25))
    folder.add_part(part("a", "b", epochs=4, value=0.5))

    for epochs, value in ((2, 0.25), (4, 0.5)):
        kept = folder.weights("a", epochs=epochs)
        assert kept is not None
        np.testing.assert_array_equal(kept[0], np.full(3, value, np.float32))
    assert folder.weights("a", epochs=3) is None
    assert folder.weights("b", epochs=2) is None
    assert folder.weights("c", epochs=2) is None


def test_an_older_part_without_weights_stays_good(folder: ResultsFolder) -> None:
    folder.add_part(part("a", epochs=2, value=0.0, kept=False))

    (read,), rejected = folder.parts()

    assert list(read.trials["trial"]) == ["a"]
    assert rejected == []
    assert folder.weights("a", epochs=2) is None


def test_weights_of_an_unfinished_part_are_not_found(folder: ResultsFolder) -> None:
    folder.add_part(part("a", epochs=2, value=0.0))
    (whole,) = (folder.path / "parts").iterdir()
    whole.rename(whole.with_name(f".{whole.name}-99"))

    assert folder.weights("a", epochs=2) is None


@pytest.mark.parametrize("damage", ["", "torn", "PK"])
def test_damaged_weights_are_named_with_the_way_out(folder: ResultsFolder, damage: str) -> None:
    folder.add_part(part("a", epochs=2, value=0.0))
    (path,) = (folder.path / "parts").glob("*/weights.npz")
    path.write_text(damage)

    with pytest.raises(
        StoreError, match=r"weights\.npz: cannot be read as weights .*; delete the folder"
    ):
        folder.weights("a", epochs=2)


def test_weights_cut_short_are_named(folder: ResultsFolder) -> None:
    folder.add_part(part("a", epochs=2, value=0.0))
    (path,) = (folder.path / "parts").glob("*/weights.npz")
    whole = path.read_bytes()
    path.write_bytes(whole.replace(np.zeros(3, np.float32).tobytes(), b"\1" * 12))

    with pytest.raises(StoreError, match="cannot be read as weights"):
        folder.weights("a", epochs=2)
