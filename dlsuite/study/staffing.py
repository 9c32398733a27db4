"""Whether a study trains in one process or in several, and why."""

from collections.abc import Sequence
from typing import NamedTuple

from dlsuite.quiet import import_tensorflow
from dlsuite.study.costs import Cost
from dlsuite.study.executors import Job
from dlsuite.study.free_memory import free_memory
from dlsuite.study.schedule import makespan
from dlsuite.study.space import size_text
from dlsuite.training.lanes import cores, lanes

_BEGIN = 8.0
"""Seconds until a worker process has imported TensorFlow, beside others that do the same."""
_SHARE, _LEAST = 0.8, 10.0
"""Worker processes have to save a fifth of the time and this many seconds: estimates are rough."""
_PROCESS = 700 * 2**20
"""Bytes that a worker process takes, with TensorFlow and its compiled graphs."""
_ROOM = 0.8
"""The share of the free memory that workers may take."""


class Staff(NamedTuple):
    """Who trains a study.

    Attributes:
        workers: How many worker processes; 0 for this process alone.
        seconds: How long training takes, by estimate.
        alone: How long it takes in this process.
        bytes: The memory that it takes, by estimate.
        why: Why it is so, in a sentence.
    """

    workers: int
    seconds: float
    alone: float
    bytes: int
    why: str


def choose_staff(jobs: Sequence[Job]) -> Staff:
    """Choose how many worker processes train some jobs, if any.

    Args:
        jobs: The jobs, with their costs.
    """
    gpus = _gpus()
    at_once, _ = lanes_that_fit(jobs, lanes())
    alone = makespan(jobs, at_once, _in_lanes, shared=True)
    largest = max((job.costs.bytes for job in jobs), default=0)
    here = Staff(0, alone, alone, _PROCESS + largest * min(at_once, max(1, len(jobs))), "")
    told = f"Training in one process: about {duration_text(alone)}"
    if gpus:
        return here._replace(why=f"{told} on {gpus} GPU{'s' * (gpus > 1)}.")
    if cores() < 2:
        return here._replace(why=f"{told}, as there is one core.")
    if len(jobs) < 2:
        return here._replace(why=f"{told}, as there is one population.")
    room = free_memory()
    others = []
    for count in _counts(min(cores(), len(jobs))):
        seconds = _BEGIN + makespan(jobs, count, _in_worker, shared=False)
        others.append(Staff(count, seconds, alone, _PROCESS + count * (_PROCESS + largest), ""))
    best = min(others, key=_seconds)
    if best.seconds > _SHARE * alone or alone - best.seconds < _LEAST:
        return here._replace(
            why=f"{told}; {best.workers} worker processes would take about {duration_text(best.seconds)}."
        )
    fitting = [staff for staff in others if room is None or staff.bytes <= _ROOM * room]
    if not fitting:
        return here._replace(
            why=f"{told}; for worker processes {size_text(room or 0)} of free memory are too little."
        )
    best = min(fitting, key=_seconds)
    told = f"Training in {best.workers} worker processes: about {duration_text(best.seconds)}"
    return best._replace(why=f"{told}, in one process {duration_text(alone)}.")


def lanes_that_fit(jobs: Sequence[Job], most: int) -> tuple[int, str]:
    """How many populations the free memory holds at once, by estimate; at least one. GPUs have their own.

    Args:
        jobs: The jobs, with their costs.
        most: How many there would be.

    Returns:
        How many, and what a reader should know where it is fewer, or where even one may be too many.
    """
    room = free_memory()
    largest = max(jobs, key=_bytes, default=None)
    takes = 0 if largest is None else _bytes(largest)
    if largest is None or room is None or most * takes <= _ROOM * room or _gpus():
        return most, ""
    fit = int(_ROOM * room // takes)
    told = (
        f"{largest.task}: a population takes about {size_text(takes)} of memory, by estimate, and"
    )
    if fit:
        return fit, f"{told} {size_text(room)} are free: {fit} of {most} train at once."
    return 1, (
        f"{told} only {size_text(room)} are free: the system may end this process. With --workers 1 it would "
        "end a worker, and the rest would go on; a smaller model or batch takes less."
    )


def _bytes(job: Job) -> int:
    return job.costs.bytes


def _gpus() -> int:
    import_tensorflow()
    from dlsuite.training.devices import gpus

    return len(gpus())


def _in_lanes(job: Job) -> Cost:
    return job.costs.lanes


def _in_worker(job: Job) -> Cost:
    return job.costs.worker


def _seconds(staff: Staff) -> float:
    return staff.seconds


def _counts(most: int) -> list[int]:
    """2, 4, 8 and so on, and the most."""
    counts = [2]
    while counts[-1] * 2 < most:
        counts.append(counts[-1] * 2)
    return sorted({*counts, max(2, most)})


def duration_text(seconds: float) -> str:
    """Write for people how long something takes: `12 s`, `4 min`, `2.5 h`."""
    if seconds < 99.5:
        return f"{max(1, round(seconds))} s"
    if seconds < 99.5 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 99.5 * 3600 else f"{seconds / 86400:.0f} days"
