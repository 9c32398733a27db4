"""Who is told how training goes. Nothing here needs TensorFlow."""

from typing import Protocol


class TrainingWatcher(Protocol):
    """Whoever wants to know how training goes."""

    def epoch(self, loss: float, trials: float) -> None:
        """A population has come further.

        Args:
            loss: The median of its members' training losses.
            trials: How many trials' worth of training this was.
        """
