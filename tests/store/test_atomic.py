"""Files and folders appear whole or not at all."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dlsuite.atomic import new_folder, remove_leftovers, replacing, temporary_path, write_file


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("sync", [True, False])
def test_a_text_or_bytes_replace_what_was_there(tmp_path: Path, sync: bool) -> None:
    write_file(tmp_path / "a.csv", "o\u00f1e\n", sync=sync)
    assert (tmp_path / "a.csv").read_bytes() == "o\u00f1e\n".encode()
    write_file(tmp_path / "a.csv", b"\0", sync=sync)
    assert (tmp_path / "a.csv").read_bytes() == b"\0"
    write_file(tmp_path / "a.csv", (piece for piece in (b"a,", b"b\n")), sync=sync)
    assert (tmp_path / "a.csv").read_bytes() == b"a,b\n"
    assert names(tmp_path) == ["a.csv"]


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_writing_that_stops_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, error: BaseException
) -> None:
    write_file(tmp_path / "a.csv", "old")
    with pytest.raises(type(error)), replacing(tmp_path / "a.csv") as temporary:
        temporary.write_text("ne")
        raise error

    assert (tmp_path / "a.csv").read_text() == "old"
    assert names(tmp_path) == ["a.csv"]


def test_a_folder_appears_when_it_is_whole(tmp_path: Path) -> None:
    with new_folder(tmp_path / "part") as temporary:
        (temporary / "a.csv").write_text("a")
        assert not (tmp_path / "part").exists()
    assert names(tmp_path) == ["part"] and names(tmp_path / "part") == ["a.csv"]


def test_a_folder_whose_writing_stops_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No space"), new_folder(tmp_path / "part") as temporary:
        (temporary / "a.csv").write_text("a")
        raise OSError(28, "No space left on device")
    assert names(tmp_path) == []


def test_a_folder_is_not_put_over_another(tmp_path: Path) -> None:
    (tmp_path / "part").mkdir()
    (tmp_path / "part" / "mine").touch()
    with pytest.raises(OSError), new_folder(tmp_path / "part") as temporary:
        (temporary / "a.csv").write_text("a")
    assert names(tmp_path) == ["part"] and names(tmp_path / "part") == ["mine"]


def test_two_writers_of_one_file_have_names_of_their_own(tmp_path: Path) -> None:
    assert temporary_path(tmp_path / "a") != temporary_path(tmp_path / "a")


def dead_process() -> int:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return child.pid


def test_what_dead_processes_left_is_removed_and_nothing_else(tmp_path: Path) -> None:
    dead, alive = dead_process(), os.getppid()
    kept = [".hidden", "a-1.csv", ".a.csv-x", f".a.csv-{alive}-0a1b2c", f"a.csv-{dead}"]
    gone = [f".a.csv-{dead}", f".a.csv-{dead}-0a1b2c", f".b-{os.getpid()}-0a1b2c", ".c-9999999999"]
    for name in (*kept, *gone):
        (tmp_path / name).touch()
    (tmp_path / f".0123-{dead}").mkdir()
    (tmp_path / f".0123-{dead}" / "trials.csv").touch()

    remove_leftovers(tmp_path)
    assert names(tmp_path) == sorted(kept)

    remove_leftovers(tmp_path, everyone=True)
    assert names(tmp_path) == sorted(name for name in kept if str(alive) not in name)


def test_no_folder_has_no_leftovers(tmp_path: Path) -> None:
    remove_leftovers(tmp_path / "missing")


def test_a_killed_writer_leaves_the_old_file_whole(tmp_path: Path) -> None:
    write_file(tmp_path / "a.csv", "old")
    code = """
import os, signal, sys
from pathlib import Path
from dlsuite.atomic import replacing
with replacing(Path(sys.argv[1])) as temporary:
    temporary.write_text("ne")
    os.kill(os.getpid(), signal.SIGKILL)
"""
    child = subprocess.run([sys.executable, "-c", code, str(tmp_path / "a.csv")])
    assert child.returncode < 0
    assert (tmp_path / "a.csv").read_text() == "old"
    assert len(names(tmp_path)) == 2

    remove_leftovers(tmp_path)
    assert names(tmp_path) == ["a.csv"]
