"""The executor that chooses by itself between one process and several."""

from collections.abc import Iterator, Sequence
from typing import Self

from dlsuite.errors import SpecError
from dlsuite.store import Part
from dlsuite.study.crew import CrewExecutor
from dlsuite.study.executors import Executor, Job, Watcher
from dlsuite.study.in_process import InProcessExecutor
from dlsuite.study.staffing import choose_staff
from dlsuite.study.worker_processes import WorkerProcesses
from dlsuite.study.workplace import Workplace


class AutoExecutor:
    """Trains in this process, or in worker processes where they are worth their start; says which, and why.

    Both stay between runs, with what they have compiled; `close` sends worker processes away.
    """

    def __init__(self) -> None:
        self._here = InProcessExecutor()
        self._crew: CrewExecutor | None = None
        self._workers = 0
        self._chosen: Executor = self._here

    def run(self, jobs: Sequence[Job], watcher: Watcher) -> Iterator[Part]:
        """Train the populations."""
        if not jobs:
            return
        staff = choose_staff(jobs)
        hindrance = _hindrance() if staff.workers else ""
        watcher.say(hindrance or staff.why)
        self._chosen = self._here
        if staff.workers and not hindrance:
            if self._crew is None or self._workers != staff.workers:
                self.close()
                self._crew = CrewExecutor(WorkerProcesses(staff.workers))
                self._workers = staff.workers
            self._chosen = self._crew
        yield from self._chosen.run(jobs, watcher)

    def stop(self) -> None:
        """Let every population end with the epoch that it is in, and keep how far it has come."""
        self._chosen.stop()

    def close(self) -> None:
        """Send the worker processes away."""
        if self._crew is not None:
            self._crew.close()
            self._crew = None

    def __enter__(self) -> Self:
        """Return the executor; worker processes are sent away at the end."""
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def _hindrance() -> str:
    """Why worker processes cannot be told what this one knows; nothing where they can."""
    try:
        Workplace.here()
    except SpecError as error:
        return f"Training in one process. {error}"
    return ""
