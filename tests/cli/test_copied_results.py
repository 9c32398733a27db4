"""A study's folder shows and reports on another machine, where neither the data nor the plugin is."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dlsuite.registry import registered, unregister

Call = Callable[..., Any]
PLUGIN = '''
import dlsuite


@dlsuite.register_model("shipped_away", kinds=["table"])
def shipped_away(*, input_shape, outputs, dropout: dlsuite.DropoutRate = 0.0):
    """One hidden layer."""
    import keras

    return keras.Sequential(
        [
            keras.Input(input_shape),
            keras.layers.Dense(4, activation="relu"),
            keras.layers.Dropout(dropout),
            keras.layers.Dense(outputs),
        ]
    )
'''
STUDY = """
name = "own"
question = "Does dropping units help here?"
plugins = ["plugin.py"]
seeds = 2
epochs = 2

[[tasks]]
model = "shipped_away"
data = { path = "people.csv", target = "rich" }

[factors]
dropout = [0.0, 0.5]
"""
USE = """
import sys
import numpy as np
import dlsuite
model = dlsuite.load_results(sys.argv[1]).best_model(condition="dropout=0.5")
predicted = np.asarray(model({"age": np.array([[30.0], [60.0]]), "height": np.array([[1.6], [1.9]])}))
assert predicted.shape == (2, 2) and np.allclose(predicted.sum(axis=1), 1, atol=1e-5)
"""


@pytest.fixture(autouse=True)
def forget() -> Iterator[None]:
    before = registered()
    yield
    unregister(registered() - before)


def test_a_copied_folder_shows_and_reports_without_data_and_plugin(
    dlsuite: Call, tmp_path: Path
) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    draw = np.random.default_rng(0)
    rows = [f"{draw.integers(20, 80)},{draw.uniform(1.5, 2):.2f}" for _ in range(80)]
    labels = ["yes" if int(row[:2]) > 50 else "no" for row in rows]
    lines = [f"{row},{label}" for row, label in zip(rows, labels, strict=True)]
    (here / "people.csv").write_text("\n".join(["age,height,rich", *lines]) + "\n")
    (here / "plugin.py").write_text(PLUGIN)
    (here / "own.toml").write_text(STUDY)
    said = dlsuite("run", str(here / "own.toml"), "--out", str(here / "results"))
    assert said.code == 0, said.err
    shown = dlsuite("show", str(here / "results" / "own")).out
    tables = {path.name: path.read_bytes() for path in (here / "results" / "own").glob("*.csv")}

    shutil.copytree(here / "results" / "own", there / "own")
    shutil.rmtree(here)

    def call(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=there,
            env={**os.environ, "COLUMNS": "200"},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert "Does dropping units help here?" in call("-m", "dlsuite", "show", "own")
    assert "shipped_away/people" in shown and "dropout=0.5" in call("-m", "dlsuite", "show", "own")
    (there / "own" / "report.html").unlink()
    shutil.rmtree(there / "own" / "figures")
    call("-m", "dlsuite", "report", "own")
    page = (there / "own" / "report.html").read_text()
    assert "Does dropping units help here?" in page
    assert list((there / "own" / "figures").glob("*.png"))
    call("-c", USE, "own")
    assert {path.name: path.read_bytes() for path in (there / "own").glob("*.csv")} == tables
