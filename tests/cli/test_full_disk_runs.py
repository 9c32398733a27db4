"""A run whose disk fills up ends with a line, and goes on when there is room."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

Call = Callable[..., Any]
STUDY = """
name = "tiny"
seeds = 2
epochs = 2

[[tasks]]
model = { name = "mlp", units = 4 }
data = { name = "wine", train_size = 40 }

[factors]
batch_size = [10, 20]
"""


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of half a megabyte: parts and tables fit, the models as well, figures and the page do not."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(place)]
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except FileNotFoundError:
        pytest.skip("no disk can be mounted here: there is no mount")
    if done.returncode:
        pytest.skip(f"no disk can be mounted here: {done.stderr.strip()}")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def remount(disk: Path, option: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{option}", str(disk)], check=True)


def test_a_run_on_a_full_disk_ends_with_a_line_and_goes_on_when_there_is_room(
    dlsuite: Call, disk: Path, tmp_path: Path
) -> None:
    (tmp_path / "tiny.toml").write_text(STUDY)

    checked = dlsuite("check", "tiny.toml", "--out", "disk")
    assert checked.code == 0
    assert "They will not fit: make room" in checked.out

    remount(disk, "size=24k")
    full = dlsuite("run", "tiny.toml", "--out", "disk")
    assert full.code == 2
    training, line = full.err.strip().splitlines()
    assert training.startswith("Training in ")
    assert "No space left on device" in line and "What is finished stays" in line
    assert not [path for path in disk.rglob(".*")]

    remount(disk, "size=512k")
    drawn = dlsuite("run", "tiny.toml", "--out", "disk")
    assert drawn.code == 2
    assert "No space left on device" in drawn.err and "The tables stay" in drawn.err
    assert not [path for path in disk.rglob(".*")]
    assert len((disk / "tiny" / "trials.csv").read_text().splitlines()) == 5
    shown = dlsuite("show", "disk/tiny")
    assert shown.code == 0
    kept = {path: path.stat().st_mtime_ns for path in disk.glob("tiny/parts/*/trials.csv")}

    remount(disk, "ro")
    refused = dlsuite("run", "tiny.toml", "--out", "disk")
    assert refused.code == 2
    assert "Read-only file system" in refused.err and "--out" in refused.err
    assert dlsuite("show", "disk/tiny").out == shown.out

    remount(disk, "rw,size=30m")
    assert dlsuite("run", "tiny.toml", "--out", "disk").code == 0
    assert {path: path.stat().st_mtime_ns for path in disk.glob("tiny/parts/*/trials.csv")} == kept
    assert (disk / "tiny" / "report.html").is_file()
