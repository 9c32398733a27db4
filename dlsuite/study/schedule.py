"""In which order workers take populations: the longest first, and those that they have compiled."""

import heapq
from collections import deque
from collections.abc import Callable, Collection, Iterable
from typing import Generic, TypeVar

from dlsuite.study.costs import Cost
from dlsuite.study.executors import Job

T = TypeVar("T")


class Waiting(Generic[T]):
    """Jobs that wait for a worker.

    Args:
        items: What waits; of a structure the first goes first.
        job_of: Gives the job of it.
        cost_of: Gives what that costs where it will be trained.
    """

    def __init__(
        self, items: Iterable[T], job_of: Callable[[T], Job], cost_of: Callable[[Job], Cost]
    ) -> None:
        self._job_of, self._cost_of = job_of, cost_of
        self._queues: dict[str, deque[T]] = {}
        for item in items:
            self._queue(item).append(item)

    def __bool__(self) -> bool:
        """Whether anything waits."""
        return any(self._queues.values())

    def add(self, item: T) -> None:
        """Put something back: it goes first among those of its structure."""
        self._queue(item).appendleft(item)

    def pop(self, own: Collection[str], others: Collection[str]) -> T:
        """Take what a worker should do next.

        The longest, so that no long one begins when all others end (Graham, Bounds on Multiprocessing Timing
        Anomalies, 1969). But a graph that a worker has not compiled costs it the time to compile it, and once
        more where another worker has it, and would not have to.

        Args:
            own: The structures of the jobs that the worker has had.
            others: Those of the jobs that other workers have had.
        """

        def worth(structure: str) -> float:
            cost = self._cost_of(self._job_of(self._queues[structure][0]))
            compiled = 0 if structure in own else 2 if structure in others else 1
            return cost.train - compiled * cost.start

        best = max((name for name, queue in self._queues.items() if queue), key=worth)
        return self._queues[best].popleft()

    def _queue(self, item: T) -> deque[T]:
        return self._queues.setdefault(self._job_of(item).trials[0].structure, deque())


def makespan(
    jobs: Iterable[Job], workers: int, cost_of: Callable[[Job], Cost], *, shared: bool
) -> float:
    """How long workers take for some jobs, in seconds, if each takes as long as it is said to.

    Args:
        jobs: The jobs.
        workers: How many workers there are.
        cost_of: What a job costs them.
        shared: Whether what one has compiled the others have as well.
    """
    waiting = Waiting(jobs, _itself, cost_of)
    every: set[str] = set()
    own = [every if shared else set[str]() for _ in range(workers)]
    free = [(0.0, number) for number in range(workers)]
    ends = 0.0
    while waiting:
        now, number = heapq.heappop(free)
        job = waiting.pop(own[number], every)
        cost, structure = cost_of(job), job.trials[0].structure
        then = now + cost.train + (0.0 if structure in own[number] else cost.start)
        own[number].add(structure)
        every.add(structure)
        ends = max(ends, then)
        heapq.heappush(free, (then, number))
    return ends


def _itself(job: Job) -> Job:
    return job
