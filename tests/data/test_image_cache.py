"""Decoded images on disk: found again by listing and by content, made again when damaged, and bounded."""

import errno
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dlsuite.data import image_arrays, image_folders, image_processes, image_reading
from dlsuite.data.image_cache import SIZE_VARIABLE, ImageCache, image_cache
from dlsuite.data.image_folders import images_from_folder
from dlsuite.data.recent import Recent
from dlsuite.data.row_file import RowFile
from dlsuite.errors import DataError


@pytest.fixture(autouse=True)
def cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "dlsuite" / "images"


@pytest.fixture
def pets(tmp_path: Path) -> Path:
    generator = np.random.default_rng(0)
    for name in ("cat", "dog"):
        (tmp_path / "pets" / name).mkdir(parents=True)
        for number in range(5):
            pixels = generator.integers(0, 256, (8, 8, 3), np.uint8)
            Image.fromarray(pixels).save(tmp_path / "pets" / name / f"{number}.png")
    return tmp_path / "pets"


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """How often files are read and images are decoded."""
    counts = {"read": 0, "decode": 0}
    for key, module, name in (
        ("read", image_reading, "read_content"),
        ("read", image_processes, "read_content"),
        ("decode", image_processes, "decode"),
    ):
        original = getattr(module, name)

        def counted(*arguments, original=original, key=key):
            counts[key] += 1
            return original(*arguments)

        monkeypatch.setattr(module, name, counted)
    return counts


@pytest.fixture
def anew(monkeypatch: pytest.MonkeyPatch):
    """Forget what the process keeps, as another one would begin."""

    def forget() -> None:
        monkeypatch.setattr(image_folders, "_kept", Recent(lambda arrays: 0))
        image_folders._listings.clear()

    return forget


def test_a_second_load_opens_no_image(pets: Path, calls, anew) -> None:
    first = images_from_folder(pets)
    assert calls == {"read": 10, "decode": 10}
    anew()
    second = images_from_folder(pets)
    assert calls == {"read": 10, "decode": 10}
    assert second is not first
    assert second.digest == first.digest
    np.testing.assert_array_equal(second.xs[0], first.xs[0])


def test_the_same_bytes_elsewhere_or_touched_are_not_decoded_again(pets: Path, calls, anew) -> None:
    first = images_from_folder(pets)
    os.utime(pets / "cat" / "0.png")
    anew()
    assert images_from_folder(pets).digest == first.digest
    assert calls == {"read": 20, "decode": 10}
    copied = shutil.copytree(pets, pets.parent / "copied")
    assert images_from_folder(copied).digest == first.digest
    assert calls == {"read": 30, "decode": 10}


def test_other_bytes_or_settings_are_decoded_again(pets: Path, calls, anew) -> None:
    digests = {images_from_folder(pets).digest}
    Image.new("RGB", (8, 8)).save(pets / "cat" / "0.png")
    anew()
    arrays = images_from_folder(pets)
    assert (arrays.xs[0][0] == 0).all()
    digests |= {arrays.digest}
    for settings in ({"size": 4}, {"color": "gray"}, {"fit": "pad"}):
        digests |= {images_from_folder(pets, **settings).digest}
    assert len(digests) == 5
    assert calls["decode"] == 50


@pytest.mark.parametrize(
    "damage",
    [
        *("truncated", "longer", "empty", "words", "open bracket", "huge"),
        *("gone", "other", "facts", "odd facts"),
    ],
)
def test_a_damaged_array_is_made_again(
    pets: Path, cache_folder: Path, calls, anew, damage: str
) -> None:
    first = np.array(images_from_folder(pets).xs[0])
    (path,) = cache_folder.glob("*.npy")
    if damage == "gone":
        path.unlink()
    elif damage == "facts":
        path.with_suffix(".json").write_text("{")
    elif damage == "odd facts":
        path.with_suffix(".json").write_text('{"shape": [true, -1, null]}')
    elif damage == "other":
        os.replace(path, path.with_suffix(".old"))
        with open(path, "wb") as file:
            np.save(file, np.zeros((3, 4), np.uint8))
    else:
        content = path.read_bytes()
        changed = {
            "truncated": content[: len(content) // 2],
            "longer": content + b"x",
            "empty": b"",
            "words": b"no array at all",
            "open bracket": content.replace(b"), }", b"  , }", 1),
            "huge": content.replace(b"(", b"(" + b"9" * 20, 1).replace(b" " * 20 + b"\n", b"\n", 1),
        }[damage]
        path.unlink()
        path.write_bytes(changed)
    anew()
    np.testing.assert_array_equal(images_from_folder(pets).xs[0], first)
    assert calls == {"read": 20, "decode": 20}


@pytest.mark.parametrize(
    "content", ["", "{", "[1]", '{"content": 5}', '{"content": "../x", "notes": []}']
)
def test_a_damaged_listing_is_made_again(
    pets: Path, cache_folder: Path, calls, anew, content: str
) -> None:
    first = images_from_folder(pets)
    (path,) = (cache_folder / "listings").glob("*.json")
    path.write_text(content)
    anew()
    assert images_from_folder(pets).digest == first.digest
    assert calls["decode"] == 10
    assert json.loads(path.read_text())["content"] == first.digest


def test_nothing_but_what_is_kept_is_left(pets: Path, cache_folder: Path) -> None:
    digest = images_from_folder(pets).digest
    (pets / "cat" / "0.png").write_bytes(b"words")
    with pytest.raises(DataError):
        images_from_folder(pets)
    names = sorted(path.name for path in cache_folder.iterdir())
    assert names == [f"{digest}.json", f"{digest}.npy", "listings"]


def test_a_full_disk_is_one_clear_line(pets: Path, cache_folder: Path, monkeypatch) -> None:
    def full(self, rows) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(RowFile, "append", full)
    with pytest.raises(
        DataError, match=r"cannot be written \(No space left on device\)\. Make room"
    ):
        images_from_folder(pets)
    assert [path.name for path in cache_folder.iterdir()] == ["listings"]


def test_a_disk_without_room_is_told_before_anything_is_decoded(
    pets: Path, calls, monkeypatch
) -> None:
    usage = shutil.disk_usage(pets)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=100))
    with pytest.raises(
        DataError, match=r"the decoded images take 0\.00 GiB, and 0\.00 GiB are free"
    ):
        images_from_folder(pets)
    assert calls["decode"] == 0


def test_a_cache_that_cannot_be_written_is_replaced_and_noted(
    pets: Path, tmp_path: Path, monkeypatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    arrays = images_from_folder(pets)
    assert arrays.xs[0].shape == (10, 8, 8, 3)
    assert arrays.notes[0].startswith(f"Decoded images cannot be kept in {tmp_path / 'file'}")


def written(cache: ImageCache, key: str, size: int = 1000, used: float | None = None) -> Path:
    def write(rows: RowFile) -> dict[str, int]:
        rows.begin((size,))
        rows.append(np.zeros((1, size), np.uint8))
        return {}

    cache.write_array(key, size, write)
    path = cache.folder / f"{key}.npy"
    if used is not None:
        os.utime(path, (used, used))
    return path


def test_what_was_not_used_for_longest_goes(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv(SIZE_VARIABLE, str(3500 / 2**30))
    cache = image_cache()
    paths = [written(cache, key, used=place) for place, key in enumerate("abc")]
    written(cache, "d", used=9)
    assert [path.exists() for path in paths] == [False, True, True]
    assert not paths[0].with_suffix(".json").exists()
    cache.read_array("b")
    written(cache, "e")
    assert [path.exists() for path in paths] == [False, True, False]


def test_what_a_process_has_open_stays(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv(SIZE_VARIABLE, str(2500 / 2**30))
    cache = image_cache()
    held = written(cache, "held", used=1)
    code = (
        "import sys; from dlsuite.data.image_cache import image_cache; "
        "found = image_cache().read_array('held'); print(len(found[0]), flush=True); sys.stdin.read()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    with process:
        assert process.stdout.readline() == "1\n"
        os.utime(held, (1, 1))
        free = written(cache, "free", used=2)
        written(cache, "new")
        assert held.exists()
        assert not free.exists()
        process.stdin.close()
    os.utime(held, (1, 1))
    written(cache, "newer")
    assert not held.exists()


def test_a_bound_that_is_no_number_is_refused(pets: Path, monkeypatch) -> None:
    monkeypatch.setenv(SIZE_VARIABLE, "much")
    with pytest.raises(DataError, match=f"{SIZE_VARIABLE}: expected a number of GiB"):
        images_from_folder(pets)


def test_processes_that_decode_the_same_at_once_agree(pets: Path, cache_folder: Path) -> None:
    code = (
        "import sys; from dlsuite.data.image_folders import images_from_folder; "
        "a = images_from_folder(sys.argv[1]); print(a.digest, int(a.xs[0].sum()))"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-c", code, str(pets)],
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    said = {process.communicate(timeout=120)[0] for process in processes}
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert len(said) == 1
    assert len(list(cache_folder.glob("*.npy"))) == 1
    assert not list(cache_folder.glob("*.part"))


def test_a_new_decoder_decodes_again(pets: Path, calls, anew, monkeypatch) -> None:
    images_from_folder(pets)
    monkeypatch.setattr(image_arrays, "DECODER", 2)
    anew()
    images_from_folder(pets)
    assert calls["decode"] == 20


def test_files_that_are_many_bytes_are_read_twice_and_come_to_the_same(
    pets: Path, calls, anew, monkeypatch, cache_folder: Path
) -> None:
    first = np.array(images_from_folder(pets).xs[0])
    shutil.rmtree(cache_folder)
    anew()
    monkeypatch.setattr(image_reading, "_MOST_KEPT", 10)
    np.testing.assert_array_equal(images_from_folder(pets).xs[0], first)
