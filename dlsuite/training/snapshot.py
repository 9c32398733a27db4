"""How far a population has come, as plain arrays and records: enough to go on as if nothing had happened.

Every draw is a function of the seed and the step, and so is the order of the batches. What the graph's
variables hold and what was logged is all there is. Where it is kept is left to others.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np


class Snapshot(NamedTuple):
    """A population between two epochs.

    Attributes:
        epoch: The last epoch that was trained.
        values: What the graph's variables hold, in their order: weights, the optimizer's state and the step,
            the best weights so far.
        logs: A record of each trial's log, of lists, dictionaries, texts and numbers alone.
        notes: What was noted of the asked metrics so far.
    """

    epoch: int
    values: list[np.ndarray]
    logs: Sequence[dict[str, Any]]
    notes: Sequence[str] = ()


class Keeper(Protocol):
    """Keeps snapshots of one population."""

    def kept(self) -> Snapshot | None:
        """The last snapshot that was kept of the population, if there is one."""

    def due(self) -> bool:
        """Whether a snapshot is wanted now. Asked after every epoch."""

    def keep(self, snapshot: Snapshot) -> None:
        """Keep a snapshot in place of the one before."""
