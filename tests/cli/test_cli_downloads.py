import json
import urllib.error
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from keras.src.backend import config
from keras.src.utils import file_utils

Call = Callable[..., Any]


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def urlretrieve(*_: object) -> None:
        raise urllib.error.URLError("no route to host")

    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr(config, "_KERAS_DIR", str(tmp_path))
    monkeypatch.setattr(file_utils, "urlretrieve", urlretrieve)


def test_listing_downloads_nothing(dlsuite: Call, tmp_path: Path) -> None:
    rows = json.loads(dlsuite("list", "data", "*mnist", "--json").out)
    assert [row["data"] for row in rows] == ["fashion_mnist", "mnist"]
    assert all(row["source"].endswith("MB downloaded on first use") for row in rows)
    assert not list(tmp_path.iterdir())


def test_without_a_network_a_line_says_what_to_do_and_the_code_is_two(
    dlsuite: Call, tmp_path: Path
) -> None:
    said = dlsuite("train", "mlp", "mnist", "--json")
    assert (said.code, said.out) == (2, "")
    first, line = said.err.splitlines()
    assert first == "Downloading mnist (11 MB) ..."
    assert line.startswith("dlsuite: data set 'mnist': https://")
    assert "(no route to host)" in line and f"into {tmp_path / 'datasets'}: mnist.npz from" in line
