"""Folders of images on the command line: trained on, predicted, and what is shown meanwhile."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from dlsuite import terminal
from dlsuite.progress import observed, working

Call = Callable[..., Any]


@pytest.fixture(autouse=True)
def cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def pets(tmp_path: Path) -> Path:
    generator = np.random.default_rng(0)
    for name, least in (("dark", 0), ("light", 128)):
        (tmp_path / "pets" / name).mkdir(parents=True)
        for number in range(10):
            pixels = generator.integers(least, least + 128, (8, 8), np.uint8)
            Image.fromarray(pixels).save(tmp_path / "pets" / name / f"{number}.png")
    return tmp_path / "pets"


def test_a_folder_is_trained_on_and_predicted(dlsuite: Call, pets: Path) -> None:
    said = dlsuite(
        *("train", "cnn", "./pets", "--set", "filters=[2]", "--set", "size=6"),
        *("--epochs", "2", "--out", "pets.keras", "--json"),
    )
    assert said.code == 0, said.err
    json.loads(said.out)
    said = dlsuite("predict", "pets.keras", "pets/dark", "--json")
    assert said.code == 0, said.err
    assert len(json.loads(said.out)["predictions"]) == 10
    said = dlsuite("predict", "pets.keras", "pets/dark/1.png")
    assert said.code == 0, said.err
    assert "1.png" in said.out


def test_mistakes_are_a_line_and_code_2(dlsuite: Call, pets: Path) -> None:
    (pets / "dark" / "3.png").write_text("words")
    for arguments, told in (
        (["train", "cnn", "./pets"], "'dark/3.png' is no PNG, JPEG, BMP or GIF"),
        (["train", "cnn", "./pet"], "Did you mean 'pets'?"),
        (["train", "cnn", "./pets/dark"], "'0.png' stands in the folder itself"),
        (["train", "cnn", "./pets", "--set", "size=0"], "size: expected"),
        (["train", "cnn", "./pets", "--set", "drop=cat"], "drop names 'cat'"),
    ):
        said = dlsuite(*arguments)
        assert said.code == 2
        assert said.out == ""
        assert told in said.err
        assert len(said.err.splitlines()) == 1


def test_work_is_shown_on_a_terminal_and_training_goes_on_being_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = Console(stderr=True, force_terminal=True, width=100)
    monkeypatch.setattr(terminal, "err", shown)
    with observed(terminal.work_bar), terminal.ProgressBar("train") as bar:
        bar.begin(2, 0)
        with working("Decoding images", 40) as advance:
            advance(40)
        bar.epoch(0.5, 2)
    said = capsys.readouterr()
    assert said.out == ""
    assert "Decoding images" in said.err
    assert "40/40" in said.err
    assert "loss 0.5" in said.err


def test_nothing_is_shown_where_nobody_looks(capsys: pytest.CaptureFixture[str]) -> None:
    with observed(terminal.work_bar), working("Decoding images", 40) as advance:
        advance(40)
    assert capsys.readouterr() == ("", "")
