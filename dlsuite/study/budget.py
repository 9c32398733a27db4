"""Budgets: how much a run may train before it ends by itself."""

import contextlib
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from dlsuite.errors import SpecError
from dlsuite.study.executors import Job

_AGAIN = 0.5
"""Seconds between two requests to stop: the first may come before there is anything to stop."""
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


class Budget:
    """How much may be trained: for so long, so many trials, or both. Several runs may share one.

    Time counts from when the budget is made. What it cuts short a later run finishes, to the same bytes.

    Args:
        seconds: For how long; training ends with the first epoch beyond.
        trials: How many trials; they are not more, though populations are larger.

    Attributes:
        missing: How many trials of the run that used it last are not finished.
        nothing_finished: Whether that run ended before any trial of its study was finished.

    Raises:
        SpecError: It leaves nothing to be done.
    """

    def __init__(self, *, seconds: float | None = None, trials: int | None = None) -> None:
        for name, value in (("seconds", seconds), ("trials", trials)):
            if value is not None and not value > 0:
                raise SpecError(f"budget: {name} must be above 0; got {value!r}.")
        self._end = None if seconds is None else time.monotonic() + seconds
        self._trials = trials
        self.missing = 0
        self.nothing_finished = False

    @property
    def time_is_up(self) -> bool:
        """Whether the time is over."""
        return self._end is not None and time.monotonic() >= self._end

    def cut(self, jobs: Sequence[Job]) -> list[Job]:
        """What of some jobs may be begun: the first ones, the last of them perhaps with fewer trials.

        A population that is cut is trained with empty places, so that its trials' bytes are what they were.
        """
        left = 0 if self.time_is_up else self._trials
        if left is None:
            return list(jobs)
        begun = []
        for job in jobs:
            if left <= 0:
                break
            begun.append(replace(job, trials=job.trials[:left], keys=job.keys[:left]))
            left -= len(job.trials)
        return begun

    def spend(self, trained: int, *, missing: int, finished: int) -> None:
        """A run has ended.

        Args:
            trained: How many trials it has trained.
            missing: How many it has left.
            finished: How many its study has now.
        """
        if self._trials is not None:
            self._trials -= trained
        self.missing, self.nothing_finished = missing, not finished

    def told(self, total: int) -> str:
        """Say that it has ended a run, and how to go on.

        Args:
            total: How many trials the study has.
        """
        why = "The time is up" if self.time_is_up else "So many trials were asked for"
        left = f"{self.missing} of {total} trials are not finished"
        return f"{why}: {left}. All is kept, and the same command goes on."

    @contextlib.contextmanager
    def watching(self, stop: Callable[[], None]) -> Iterator[None]:
        """Call `stop` when the time is up, and again until whoever was asked has ended."""
        over = threading.Event()

        def watch(left: float) -> None:
            while not over.wait(left):
                stop()
                left = _AGAIN

        if self._end is None:
            yield
            return
        left = max(0.0, self._end - time.monotonic())
        threading.Thread(target=watch, args=(left,), name="budget", daemon=True).start()
        try:
            yield
        finally:
            over.set()


def read_duration(text: str) -> float:
    """Read how long something may take: `90`, `90s`, `15m`, `1h30m`, `2d`; a bare number counts seconds.

    Args:
        text: The text.

    Returns:
        Seconds, above 0.

    Raises:
        SpecError: It is no such text.
    """
    bare = text.strip().lower()
    parts = re.findall(r"(\d+(?:\.\d+)?)([smhd]?)", bare)
    units = [unit for _, unit in parts]
    ordered = sorted(units, key="dhms".find) == units and len(set(units)) == len(units)
    whole = "".join(map("".join, parts)) == bare and ("" not in units or len(units) == 1)
    seconds = sum(float(number) * _SECONDS[unit or "s"] for number, unit in parts)
    if not (parts and whole and ordered and 0 < seconds < float("inf")):
        raise SpecError(f"expected a duration such as 90s, 15m, 1h30m or 2d; got {text!r}.")
    return seconds
