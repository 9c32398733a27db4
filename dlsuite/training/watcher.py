"""Who is told how training goes. Nothing here needs TensorFlow."""

from typing import Protocol


class TrainingWatcher(Protocol):
    """Whoever wants to know how training goes."""

    def epoch(self, loss: float) -> None:
        """An epoch of a trial is done; its training loss."""

    def trial(self) -> None:
        """A trial is done."""
