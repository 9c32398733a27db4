"""How quickly populations have trained on this machine: kept in the user's cache folder, for estimates."""

import contextlib
import hashlib
import json
import math
import os
import statistics
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, NamedTuple

from dlsuite.atomic import write_file
from dlsuite.cache import cache_folder
from dlsuite.study.environment import devices, processor
from dlsuite.study.trial import Trial

Place = Literal["lanes", "worker"]
"""Where a population trains: beside others in one process, or in a process with its own cores."""

_MOST = 2000
"""So many are kept, the youngest."""


class Pace(NamedTuple):
    """How long something takes, in seconds.

    Attributes:
        start: Until training begins: graphs are traced and compiled. NaN where they had been already.
        epoch: An epoch, evaluation included.
        rest: What is done once a population: models are built and initial weights drawn, the test split is
            evaluated, hidden units are looked at, rows are written. Where graphs were compiled, what comes
            before the first epoch counts as the start.
    """

    start: float
    epoch: float
    rest: float


class Paces:
    """Measured paces by what was trained, and how they compare with what had been expected of it.

    Args:
        path: The file; that of this machine in the user's cache folder if absent. One that is missing or
            cannot be read counts as empty: it makes estimates better, and nothing else.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path or _default_path()
        self._known = _read(self._path)

    def of(self, key: str, place: Place) -> Pace | None:
        """What was measured."""
        found = self._known.get(f"{key}-{place}")
        return None if found is None else Pace(*found[:3])

    def ratio(self, place: Place) -> Pace | None:
        """How many times as long this machine takes as expected: medians over what was measured."""
        rows = [row for name, row in self._known.items() if name.endswith(place)]
        if not rows:
            return None
        return Pace(*(statistics.median(row[i] / row[i + 3] for row in rows) for i in range(3)))

    def keep(self, measured: Mapping[tuple[str, Place], tuple[Pace, Pace]]) -> None:
        """Keep what was measured, beside what had been expected.

        Args:
            measured: Both, by what `pace_key` gives and the place.
        """
        if not measured:
            return
        now = time.time()
        self._known = _read(self._path)  # Another run may have written.
        for (key, place), (pace, expected) in measured.items():
            name = f"{key}-{place}"
            before = self._known.pop(name, None)
            start = pace.start
            if math.isnan(start):
                start = expected.start if before is None else before[0]
            self._known[name] = [start, pace.epoch, pace.rest, *expected, now]
        newest = dict(list(self._known.items())[-_MOST:])
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_file(self._path, json.dumps(newest, indent=0), sync=False)


def pace_key(trial: Trial, members: int) -> str:
    """What trials have in common that train alike: 16 hexadecimal digits."""
    content = json.dumps([trial.model, trial.data, trial.structure, members])
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def _read(path: Path) -> dict[str, list[float]]:
    try:
        content = json.loads(path.read_bytes())
        return {name: row for name, row in content.items() if _is_row(row)}
    except (OSError, ValueError, AttributeError):
        return {}


def _is_row(row: object) -> bool:
    return (
        isinstance(row, list)
        and len(row) == 7
        and all(isinstance(number, int | float) and 0 < number < math.inf for number in row)
    )


def _default_path() -> Path:
    """By what computes, as a home may be shared by machines of several kinds."""
    computing = hashlib.sha256(repr([processor(), os.cpu_count(), devices()]).encode()).hexdigest()
    return cache_folder() / f"paces-{computing[:8]}.json"
