"""A disk that is full, over quota or read-only: what is finished stays, and a line says how to go on."""

import errno
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dlsuite.errors import StoreError
from dlsuite.store import Part, ResultsFolder


def part(key: str, kilobytes: int = 100) -> Part:
    return Part.of(
        trials=pd.DataFrame({"trial": [key], "status": "completed", "epochs": 1}),
        curves=pd.DataFrame({"trial": [key], "epoch": 0}),
        layers=pd.DataFrame({"trial": [key], "epoch": 0, "layer": "output"}),
        weights={key: [np.zeros(kilobytes * 256, np.float32)]},
    )


def mount(*arguments: str) -> None:
    done = subprocess.run(["mount", *arguments], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"no disk can be mounted here: {done.stderr.strip()}")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of a megabyte."""
    place = tmp_path / "disk"
    place.mkdir()
    try:
        mount("-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place))
    except FileNotFoundError:
        pytest.skip("no disk can be mounted here: there is no mount")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def hidden(folder: ResultsFolder) -> list[str]:
    return [path.name for path in folder.path.rglob(".*")]


def keys(folder: ResultsFolder) -> list[str]:
    found, rejected = ResultsFolder(folder.path).parts()
    assert rejected == []
    return sorted(key for one in found for key in one.trials["trial"])


def test_a_full_disk_keeps_what_is_finished_and_takes_more_when_there_is_room(disk: Path) -> None:
    folder = ResultsFolder(disk / "x")
    written = []
    with folder.claim():
        folder.open()
        with pytest.raises(
            StoreError, match=r"cannot be written \(No space left on device\)"
        ) as full:
            for number in range(100):
                folder.add_part(part(f"{number:02}"))
                written.append(f"{number:02}")
        assert "What is finished stays: make room and give the same command again" in str(
            full.value
        )
        assert 3 < len(written) < 10
        assert hidden(folder) == []
        assert keys(folder) == written
        assert folder.parts()[1] == []

        mount("-o", "remount,size=4m", str(disk))
        folder.add_part(part("more"))
        assert keys(folder) == [*written, "more"]


def test_a_full_disk_keeps_the_old_tables_and_lets_the_claim_go(disk: Path) -> None:
    folder = ResultsFolder(disk / "x")
    with folder.claim():
        folder.open()
        folder.write({"trials.csv": "old"})
        with (disk / "filler").open("wb", buffering=0) as file, pytest.raises(OSError):
            while True:
                file.write(bytes(4096))
        with pytest.raises(StoreError, match=r"trials\.csv: cannot be written \(No space left"):
            folder.write({"trials.csv": "new" * 5000})
        assert (disk / "x" / "trials.csv").read_text() == "old"
        assert hidden(folder) == []
    assert '"state": "free"' in (disk / "x" / "claim-1.json").read_text()
    with pytest.raises(StoreError, match=r"x: cannot be written \(No space left"), folder.claim():
        pass
    (disk / "filler").unlink()
    with folder.claim():
        folder.write({"trials.csv": "new"})


def test_a_disk_that_becomes_read_only_is_told_and_can_be_read(disk: Path) -> None:
    folder = ResultsFolder(disk / "x")
    with folder.claim():
        folder.open()
        folder.add_part(part("a"))
        mount("-o", "remount,ro", str(disk))
        for write in (
            lambda: folder.add_part(part("b")),
            lambda: folder.write({"trials.csv": ""}),
        ):
            with pytest.raises(
                StoreError,
                match=r"cannot be written \(Read-only file system\)\. What is finished stays",
            ):
                write()
        assert keys(folder) == ["a"]
        assert folder.weights("a", epochs=1) is not None
    with pytest.raises(StoreError, match=r"cannot be (made|written) \(Read-only"), folder.claim():
        pass
    with pytest.raises(StoreError, match=r"cannot be (made|written) \(Read-only"):
        folder.open()


def test_a_damaged_part_on_a_read_only_disk_is_told(disk: Path) -> None:
    folder = ResultsFolder(disk / "x")
    folder.open()
    folder.add_part(part("a"))
    (path,) = (folder.path / "parts").glob("*/curves.csv")
    path.write_text("torn")
    mount("-o", "remount,ro", str(disk))

    with pytest.raises(StoreError, match=r"rejected: cannot be written \(Read-only file system\)"):
        folder.parts()


@pytest.mark.parametrize(
    ("number", "advice"),
    [
        (errno.ENOSPC, "make room"),
        (errno.EDQUOT, "make room"),
        (errno.EROFS, "see that it can be written"),
        (errno.EACCES, "see that it can be written"),
        (errno.EIO, "Give another place"),
    ],
)
def test_what_the_system_refuses_is_told_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, advice: str
) -> None:
    folder = ResultsFolder(tmp_path / "x")
    folder.open()
    folder.add_part(part("a"))

    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", refuse)
    for write in (lambda: folder.add_part(part("b")), lambda: folder.write({"trials.csv": ""})):
        with pytest.raises(StoreError, match=advice):
            write()
    monkeypatch.undo()
    assert keys(folder) == ["a"]
    assert hidden(folder) == []
