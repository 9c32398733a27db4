"""What a kind of input is: how a malformed one is made, and whom it is given to."""

import importlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

CALL = "call.json"
"""The file, beside an input's own, that holds what else the entry point is given."""


@dataclass(frozen=True)
class InputKind:
    """A kind of input.

    Attributes:
        name: What it is called.
        make: Writes a malformed input into a folder, and returns what else the entry point is given: plain
            values, as JSON has them.
        feed: Gives it to the entry point.
        prepare: Imports what is needed, before any input is made, so that the time is not the input's.
        gib: How much memory an input may take, in GiB.
    """

    name: str
    make: Callable[[Path, Random], Any]
    feed: Callable[[Path, Any], None]
    prepare: Callable[[], None] = lambda: None
    gib: float = 2.0


def importing(*modules: str) -> Callable[[], None]:
    """A `prepare` that imports modules."""

    def prepare() -> None:
        for module in modules:
            importlib.import_module(module)

    return prepare


def write_input(kind: InputKind, folder: Path, *, seed: int, number: int) -> None:
    """Make an input: the same one for the same seed and number.

    Args:
        kind: What kind.
        folder: Where to write it; it is made.
        seed: The harness's.
        number: Which of its inputs.
    """
    folder.mkdir(parents=True)
    call = kind.make(folder, Random(f"{kind.name} {seed} {number}"))
    (folder / CALL).write_text(json.dumps(call), encoding="utf-8")


def feed_input(kind: InputKind, folder: Path) -> None:
    """Give an input that `write_input` wrote to its entry point."""
    kind.feed(folder, json.loads((folder / CALL).read_text(encoding="utf-8")))
