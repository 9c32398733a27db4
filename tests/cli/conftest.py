"""The command line, called in the tests' own process: importing TensorFlow costs seconds."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from dlsuite.cli import main


class Said(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def dlsuite(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[..., Said]:
    """Call the command line, in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> Said:
        monkeypatch.setattr(sys, "argv", ["dlsuite", *arguments])
        with pytest.raises(SystemExit) as stop:
            main()
        code = stop.value.code
        assert isinstance(code, int)
        return Said(code, *capsys.readouterr())

    return call
