"""Parts that are torn, changed, foreign or old are named and set aside, and never used."""

import errno
import hashlib
import json
import os
import re
import shutil
import stat
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlsuite.errors import StoreError
from dlsuite.store import Part, ResultsFolder
from dlsuite.store.manifest import MANIFEST, Manifest


def part(*keys: str, epochs: int = 1) -> Part:
    return Part.of(
        trials=pd.DataFrame({"trial": keys, "status": "completed", "epochs": epochs}),
        curves=pd.DataFrame({"trial": keys, "epoch": 0, "train_loss": 0.5}),
        layers=pd.DataFrame({"trial": keys, "epoch": 0, "layer": "output"}),
        weights={keys[0]: [np.arange(3, dtype=np.float32)]},
    )


@pytest.fixture
def folder(tmp_path: Path) -> ResultsFolder:
    made = ResultsFolder(tmp_path / "study")
    made.open()
    return made


def only(folder: ResultsFolder) -> Path:
    (found,) = (folder.path / "parts").iterdir()
    return found


def reseal(damaged: Path) -> None:
    """Write a manifest that fits the files as they are now."""
    (damaged / MANIFEST).unlink()
    files = {path.name: path.read_bytes() for path in damaged.iterdir()}
    (damaged / MANIFEST).write_text(Manifest.of(files, {"a": 1, "b": 1}).text())


def refused(folder: ResultsFolder) -> str:
    """Why the only part is not used; it is in `rejected/` then, with that reason."""
    name = only(folder).name
    found, (line,) = folder.parts()
    assert found == []
    assert name in line and "trained again" in line and "\n" not in line
    assert not (folder.path / "parts" / name).exists()
    reason = (folder.path / "rejected" / name / "reason.txt").read_text().strip()
    assert reason in line
    assert folder.parts() == ([], [])
    return reason


def test_a_part_says_what_it_consists_of(folder: ResultsFolder) -> None:
    folder.add_part(part("a", "b"))

    manifest = json.loads((only(folder) / MANIFEST).read_text())

    assert manifest["trials"] == {"a": 1, "b": 1}
    assert set(manifest["files"]) == {"curves.csv", "layers.csv", "trials.csv", "weights.npz"}
    for name, sealed in manifest["files"].items():
        content = (only(folder) / name).read_bytes()
        assert sealed == {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}


def test_the_same_part_is_the_same_bytes(tmp_path: Path) -> None:
    written = []
    for name in ("a", "b"):
        one = ResultsFolder(tmp_path / name)
        one.add_part(part("a", "b"))
        written.append({path.name: path.read_bytes() for path in only(one).iterdir()})

    assert written[0] == written[1]


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def append(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"\n")


@pytest.mark.parametrize("name", ["trials.csv", "curves.csv", "layers.csv", MANIFEST])
@pytest.mark.parametrize("damage", [flip, cut, append, os.unlink])
def test_a_damaged_file_is_named(
    folder: ResultsFolder, name: str, damage: Callable[[Path], None]
) -> None:
    folder.add_part(part("a", "b"))
    damage(only(folder) / name)

    assert name in refused(folder)


def test_the_reason_says_what_is_wrong_with_a_file(folder: ResultsFolder) -> None:
    for damage, reason in (
        (flip, r"its checksum differs"),
        (cut, r"is cut short: \d+ of \d+ bytes"),
        (append, r"1 more than were written"),
        (os.unlink, r"is missing"),
    ):
        folder.add_part(part("a", "b"))
        damage(only(folder) / "curves.csv")
        _, (line,) = folder.parts()
        assert re.search(reason, line)


def test_weights_cut_short_make_their_part_no_part(folder: ResultsFolder) -> None:
    folder.add_part(part("a", "b"))
    cut(only(folder) / "weights.npz")

    assert "weights.npz is cut short" in refused(folder)


def test_weights_that_were_left_out_leave_the_tables_good(folder: ResultsFolder) -> None:
    folder.add_part(part("a", "b"))
    (only(folder) / "weights.npz").unlink()

    (read,), rejected = folder.parts()

    assert list(read.trials["trial"]) == ["a", "b"] and rejected == []
    assert folder.weights("a", epochs=1) is None


def test_changed_weights_are_refused_when_they_are_read(folder: ResultsFolder) -> None:
    folder.add_part(part("a", "b"))
    folder.check_weights()
    flip(only(folder) / "weights.npz")

    assert folder.parts()[1] == []
    with pytest.raises(StoreError, match=r"weights\.npz is not as it was written"):
        folder.weights("a", epochs=1)


def test_a_part_of_before_there_were_manifests_is_set_aside(folder: ResultsFolder) -> None:
    folder.add_part(part("a", "b"))
    (only(folder) / MANIFEST).unlink()

    assert "was written before parts had one" in refused(folder)


def test_a_part_of_a_later_version_is_set_aside(folder: ResultsFolder) -> None:
    folder.add_part(part("a", "b"))
    path = only(folder) / MANIFEST
    path.write_text(path.read_text().replace('"format": 1', '"format": 2'))

    assert "is of format 2, expected 1: another version of dlsuite" in refused(folder)


def test_what_is_no_part_is_set_aside(folder: ResultsFolder) -> None:
    (folder.path / "parts" / "notes").mkdir()
    (folder.path / "parts" / "notes" / "todo.txt").write_text("more seeds")
    assert MANIFEST in refused(folder)
    assert (folder.path / "rejected" / "notes" / "todo.txt").read_text() == "more seeds"


def test_a_file_among_parts_is_set_aside(folder: ResultsFolder) -> None:
    (folder.path / "parts" / "notes.txt").write_text("more seeds")
    assert refused(folder) == "it is no folder"
    assert (folder.path / "rejected" / "notes.txt" / "notes.txt").read_text() == "more seeds"


def test_rows_that_the_manifest_does_not_list_are_not_used(folder: ResultsFolder) -> None:
    folder.add_part(part("a", "b"))
    path = only(folder) / "curves.csv"
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines, lines[-1].replace("b,", "c,")]) + "\n")
    reseal(only(folder))

    assert refused(folder) == f"curves.csv has rows of c, which {MANIFEST} does not list"


def test_a_trial_that_is_there_twice_is_not_used(folder: ResultsFolder) -> None:
    folder.add_part(part("a", "b"))
    path = only(folder) / "trials.csv"
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines, lines[-1]]) + "\n")
    reseal(only(folder))

    assert refused(folder) == "trials.csv has a trial twice"


def test_wrong_types_and_missing_columns_are_not_used(folder: ResultsFolder) -> None:
    for old, new, reason in (
        ("0.5", "half", "curves.csv has cells in the column train_loss that are no numbers"),
        ("train_loss", "loss", "curves.csv lacks the columns train_loss"),
        ("a,", ",", "curves.csv has an empty cell in the column trial"),
    ):
        folder.add_part(part("a", "b"))
        path = only(folder) / "curves.csv"
        path.write_text(path.read_text().replace(old, new))
        reseal(only(folder))
        _, (line,) = folder.parts()
        assert reason in line


def test_other_epochs_than_the_manifest_lists_are_not_used(folder: ResultsFolder) -> None:
    folder.add_part(part("a", "b", epochs=2))
    reseal(only(folder))

    assert refused(folder) == f"trials.csv has other trials or epochs than {MANIFEST}"


def test_an_unreadable_part_does_not_stop_the_others(
    folder: ResultsFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.add_part(part("a"))
    folder.add_part(part("b"))
    hidden = folder.path / "parts" / part("a").name
    read, rename = Path.read_bytes, os.rename

    def forbid(path: Path) -> bytes:
        if path.parent == hidden:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return read(path)

    def stay(source: Path, target: Path) -> None:
        if source == hidden:
            raise PermissionError(errno.EACCES, "Permission denied", str(source))
        rename(source, target)

    monkeypatch.setattr(Path, "read_bytes", forbid)
    monkeypatch.setattr(os, "rename", stay)
    found, (line,) = folder.parts()
    assert [list(one.trials["trial"]) for one in found] == [["b"]]
    assert "cannot be read: Permission denied" in line and "stays where it is" in line

    folder.add_part(part("a"))  # Trained again: it finds a place of its own.
    monkeypatch.undo()
    assert sorted(key for one in folder.parts()[0] for key in one.trials["trial"]) == [
        "a",
        "a",
        "b",
    ]


@pytest.mark.skipif(os.name != "posix" or os.getuid() != 0, reason="gives up root's rights")
def test_a_part_that_its_reader_may_not_read_does_not_stop_a_run(folder: ResultsFolder) -> None:
    folder.add_part(part("a"))
    folder.add_part(part("b"))
    hidden = folder.path / "parts" / part("a").name
    for path in (folder.path, folder.path / "parts"):
        path.chmod(0o777)
    hidden.chmod(stat.S_IRWXU)
    for above in [*folder.path.parents][:-2]:
        above.chmod(above.stat().st_mode | 0o055)
    child = os.fork()
    if not child:
        code = 1
        try:
            os.setuid(65534)
            found, (line,) = folder.parts()
            folder.add_part(part("a"))
            found, _ = folder.parts()
            keys = sorted(key for one in found for key in one.trials["trial"])
            code = 0 if "Permission denied" in line and keys == ["a", "b"] else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_part_that_vanishes_while_it_is_read_does_not_stop_the_others(
    folder: ResultsFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.add_part(part("a"))
    folder.add_part(part("b"))
    gone = folder.path / "parts" / part("a").name
    read = Manifest.read

    def vanish(path: Path) -> Manifest:
        if path == gone:
            shutil.rmtree(path)
        return read(path)

    monkeypatch.setattr(Manifest, "read", vanish)
    found, (line,) = folder.parts()

    assert len(found) == 1
    assert line == f"{gone}: vanished while it was read; its trials are trained again."


def test_a_folder_for_what_is_rejected_that_cannot_be_written_is_said(
    folder: ResultsFolder,
) -> None:
    folder.add_part(part("a"))
    flip(only(folder) / "trials.csv")
    (folder.path / "rejected").write_text("in the way")

    with pytest.raises(StoreError, match=r"rejected: cannot be written \(File exists\)"):
        folder.parts()
    assert only(folder).exists()


def test_what_was_read_and_has_not_changed_is_not_read_again(
    folder: ResultsFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.add_part(part("a"))
    folder.add_part(part("b"))
    first, _ = folder.parts()
    read: list[Path] = []
    monkeypatch.setattr(Path, "read_bytes", lambda path: read.append(path) or b"")

    second, _ = folder.parts()

    assert read == []
    assert [id(one) for one in first] == [id(one) for one in second]


def test_a_part_that_changes_after_it_was_read_is_read_again(folder: ResultsFolder) -> None:
    folder.add_part(part("a", "b"))
    folder.parts()
    flip(only(folder) / "layers.csv")

    assert "layers.csv is not as it was written" in refused(folder)


def test_names_in_rejected_are_not_given_twice(folder: ResultsFolder) -> None:
    for _ in range(3):
        folder.add_part(part("a"))
        flip(only(folder) / "trials.csv")
        folder.parts()
    name = part("a").name

    found = sorted(path.name for path in (folder.path / "rejected").iterdir())
    assert found == [name, f"{name}-2", f"{name}-3"]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = ResultsFolder(tmp_path_factory.mktemp("whole") / "study")
    folder.add_part(part("00e5", "0123456789abcdef", epochs=3))
    return folder.path


@settings(max_examples=100, deadline=None)
@given(
    which=st.integers(0, 4),
    how=st.sampled_from(["flip", "cut", "append", "insert", "zero", "swap"]),
    where=st.floats(0, 1, exclude_max=True),
    noise=st.binary(min_size=1, max_size=20),
)
def test_any_damage_is_noticed_or_does_no_harm(
    which: int,
    how: str,
    where: float,
    noise: bytes,
    whole: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    (before,), _ = ResultsFolder(whole).parts()
    folder = ResultsFolder(tmp_path_factory.mktemp("damaged") / "study")
    shutil.copytree(whole, folder.path)
    files = sorted(only(folder).iterdir())
    path = files[which]
    content = bytearray(path.read_bytes())
    at = int(where * len(content))
    if how == "flip":
        content[at] ^= noise[0] or 1
    elif how == "cut":
        del content[at:]
    elif how == "append":
        content += noise
    elif how == "insert":
        content[at:at] = noise
    elif how == "zero":
        content[at : at + len(noise)] = bytes(len(content[at : at + len(noise)]))
    else:
        content = bytearray(files[(which + 1) % len(files)].read_bytes())
    path.write_bytes(content)

    fresh = ResultsFolder(folder.path)
    found, rejected = fresh.parts()

    assert len(found) + len(rejected) == 1
    for after in found:
        for table in ("trials", "curves", "layers"):
            pd.testing.assert_frame_equal(getattr(after, table), getattr(before, table))
        try:
            weights = fresh.weights("00e5", epochs=3)
        except StoreError as error:
            assert "weights.npz" in str(error)
        else:
            assert weights is not None and weights[0].tolist() == [0, 1, 2]
