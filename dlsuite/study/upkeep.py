"""When the tables of a study that runs are written again."""

from collections.abc import Callable
from time import monotonic


class Upkeep:
    """Keeps tables up to date while a study runs, for at most a twentieth of its time.

    The statistics of each condition have their price, and so have the rows of each trial. Writing is put off
    until the time that has passed allows for what it will take: by a guess at first, then by what it took.

    Args:
        conditions: How many conditions the study has.
    """

    _SHARE = 20
    _LEAST = 10.0
    _A_CONDITION = 0.03
    _A_TRIAL = 0.001
    """Seconds that are guessed."""

    def __init__(self, conditions: int) -> None:
        self._began = monotonic()
        self._next = self._began + self._LEAST
        self._spent = 0.0
        self._last = self._A_CONDITION * conditions
        self._shown = 0
        self._slope = self._A_TRIAL

    def keep(self, write: Callable[[], object], trials: int) -> None:
        """Write if it is time.

        Args:
            write: Writes the tables.
            trials: How many trials they will show.
        """
        began = monotonic()
        more = trials - self._shown
        needed = self._spent + self._last + self._slope * more
        if began < self._next or self._SHARE * needed > began - self._began:
            return
        write()
        ended = monotonic()
        took = ended - began
        if self._spent and more:
            self._slope = max(took - self._last, 0.0) / more
        self._spent += took
        self._last, self._shown = took, trials
        self._next = ended + self._LEAST
