"""Checkpoints: how far a population has come, in one file that is replaced whole.

An archive of NumPy arrays and a JSON record, each with the checksum that a ZIP archive keeps of its
entries. A checkpoint is no result: it is worth the time that it saves, and goes when its population's part is
there.
"""

import contextlib
import hashlib
import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from dlsuite.atomic import replacing
from dlsuite.errors import StoreError

FOLDER = "checkpoints"
"""Its name in a study's folder."""

_RECORD = "record"


class Checkpoint(NamedTuple):
    """What a checkpoint holds.

    Attributes:
        arrays: The population's state, in its own order.
        record: What else is to be known; plain values, as JSON has them.
    """

    arrays: list[np.ndarray[Any, Any]]
    record: Mapping[str, Any]


class CheckpointFile:
    """The checkpoint of one population.

    Args:
        folder: Where checkpoints are; it is made when one is first written.
        identity: What tells the population from all others, and whatever its bits depend on: only a
            checkpoint of the same identity is given back.
    """

    def __init__(self, folder: Path, identity: Sequence[Any]) -> None:
        digest = hashlib.sha256(json.dumps(list(identity)).encode()).hexdigest()[:16]
        self.path = folder / f"{digest}.npz"

    def write(self, checkpoint: Checkpoint) -> None:
        """Replace the checkpoint.

        Raises:
            StoreError: It cannot be written.
        """
        arrays = {str(index): array for index, array in enumerate(checkpoint.arrays)}
        record = np.frombuffer(json.dumps(checkpoint.record).encode(), np.uint8)
        try:
            self.path.parent.mkdir(exist_ok=True)
            with replacing(self.path) as temporary, temporary.open("wb") as file:
                np.savez(file, **arrays, **{_RECORD: record})  # type: ignore[arg-type]
        except OSError as error:
            raise StoreError(
                f"{self.path}: a checkpoint cannot be written ({error.strerror or error}). What is finished "
                "is kept: make room, then run the same command again."
            ) from error

    def read(self) -> Checkpoint | None:
        """Read the checkpoint; None where there is none.

        Raises:
            StoreError: It is damaged. It has been removed, as it is of no use to anybody.
        """
        try:
            with np.load(self.path, allow_pickle=False) as entries:
                record = json.loads(entries[_RECORD].tobytes())
                arrays = [entries[str(index)] for index in range(len(entries.files) - 1)]
            if not isinstance(record, dict):
                raise ValueError("its record is no object")
            return Checkpoint(arrays, record)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            self.remove()
            raise StoreError(f"{self.path}: not a checkpoint that can be used ({error})") from error

    def remove(self) -> None:
        """Remove the checkpoint, if there is one; what cannot be removed stays."""
        with contextlib.suppress(OSError):
            self.path.unlink(missing_ok=True)


def clear(folder: Path) -> None:
    """Remove all checkpoints of a study whose populations are all finished, and their folder."""
    with contextlib.suppress(OSError):
        for path in folder.glob("*.npz*"):
            path.unlink(missing_ok=True)
        folder.rmdir()
