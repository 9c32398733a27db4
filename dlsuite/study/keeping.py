"""When a population's snapshots are kept, and where: once a minute at most, and when the run shall stop."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dlsuite.errors import StoreError
from dlsuite.store.checkpoints import Checkpoint, CheckpointFile
from dlsuite.study.environment import version_of
from dlsuite.training.snapshot import Snapshot

SECONDS = 60.0
"""The least time between two snapshots of a population that nobody stops."""


class PopulationKeeper:
    """Keeps snapshots of one population in a study's folder; `dlsuite.training.snapshot` says what they are.

    Args:
        folder: Where checkpoints are.
        identity: What tells the population from all others.
        stopping: Whether the run shall stop.
        say: Told what a reader should know.
    """

    def __init__(
        self,
        folder: Path,
        identity: list[Any],
        *,
        stopping: Callable[[], bool],
        say: Callable[[str], None],
    ) -> None:
        packages = [version_of(package) for package in ("dlsuite", "tensorflow", "keras")]
        self._file = CheckpointFile(folder, [*identity, packages])
        self._stopping, self._say = stopping, say
        self._next = time.monotonic() + SECONDS

    def kept(self) -> Snapshot | None:
        """The snapshot to go on from, if there is one."""
        try:
            found = self._file.read()
        except StoreError as error:
            self._say(f"{error}; its population is trained from the beginning.")
            return None
        if found is None:
            return None
        record = found.record
        return Snapshot(record["epoch"], found.arrays, record["logs"], record["notes"])

    def due(self) -> bool:
        """Whether the run shall stop, or a minute is over."""
        return self._stopping() or time.monotonic() >= self._next

    def keep(self, snapshot: Snapshot) -> None:
        """Keep a snapshot in place of the one before.

        Raises:
            StoreError: It cannot be written.
        """
        record = {
            "epoch": snapshot.epoch,
            "logs": list(snapshot.logs),
            "notes": list(snapshot.notes),
        }
        self._file.write(Checkpoint(snapshot.values, record))
        self._next = time.monotonic() + SECONDS

    def forget(self) -> None:
        """Remove what is kept: the population's results are."""
        self._file.remove()
