"""Processes that decode images: what comes of them, and what happens where they fail."""

import io

import numpy as np
import pytest
from PIL import Image

from dlsuite.data.image_files import Header, ImageShape
from dlsuite.data.image_processes import DecodingProcesses, decode_files


def test_processes_decode_what_threads_do_and_name_what_is_none() -> None:
    rng = np.random.default_rng(0)
    shape = ImageShape(5, 4, 3)
    files = []
    for number in range(7):
        buffer = io.BytesIO()
        Image.fromarray(rng.integers(0, 256, (6, 7, 3), np.uint8)).save(buffer, "PNG")
        files.append((f"{number}.png", len(buffer.getvalue()), buffer.getvalue()))
    files[3] = ("3.png", 5, b"other")

    with DecodingProcesses(2, shape, "stretch") as processes:
        found = [*processes.decode(files[:4]), *processes.decode(files[4:])]

    for (told, image), (expected, own) in zip(
        found, decode_files(files, shape, "stretch"), strict=True
    ):
        assert told == expected
        assert (image is None) == (own is None)
        if own is not None:
            np.testing.assert_array_equal(image, own)
    assert "is no PNG" in str(found[3][0])


def test_what_a_process_cannot_do_is_done_here(monkeypatch: pytest.MonkeyPatch) -> None:
    shape = ImageShape(2, 2, 1)
    buffer = io.BytesIO()
    Image.new("L", (2, 2), 7).save(buffer, "PNG")

    for command in ("/bin/false", "/no/such/program"):
        monkeypatch.setattr("sys.executable", command)
        with DecodingProcesses(1, shape, "stretch") as processes:
            for _ in range(2):
                ((told, image),) = processes.decode([("a.png", 1, buffer.getvalue())])
                assert told == Header(2, 2, gray=True)
                np.testing.assert_array_equal(image, np.full((2, 2, 1), 7))
