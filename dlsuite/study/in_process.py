"""The executor in this process: a few populations at once, a thread each."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any

from dlsuite.errors import DataError, StoreError
from dlsuite.quiet import import_tensorflow
from dlsuite.spec.metrics import tags_of
from dlsuite.store import Part
from dlsuite.study.executors import Job, StoppedError, Watcher
from dlsuite.study.interrupts import first_done
from dlsuite.study.job_parts import failed_part, finished_part, one_line
from dlsuite.study.keeping import PopulationKeeper
from dlsuite.study.setups import load, setups_of
from dlsuite.study.shared_watcher import SharedWatcher
from dlsuite.study.sizes import population_size_of
from dlsuite.training.lanes import lanes as default_lanes
from dlsuite.training.mappings import NoRoomError

_ENDS_THE_RUN = (DataError, NoRoomError, StoreError)
"""What no other population would be spared."""


class InProcessExecutor:
    """Trains populations in this process, a few at once, a thread each.

    It keeps its trainer, so that a second study finds the graphs compiled that it shares with the first.

    Args:
        lanes: How many populations train at once; as `dlsuite.training.lanes.lanes` says if absent. It
            changes no result.
    """

    def __init__(self, lanes: int | None = None) -> None:
        self._lanes = lanes or default_lanes()
        self._trainer: Any = None
        self._shared: SharedWatcher | None = None

    @property
    def graphs(self) -> list[Any]:
        """The compiled graphs that are kept."""
        return self._trainer.graphs if self._trainer is not None else []

    def stop(self) -> None:
        """Let every population end with the epoch that it is in, and keep how far it has come."""
        if self._shared is not None:
            self._shared.stop()

    def run(self, jobs: Sequence[Job], watcher: Watcher) -> Iterator[Part]:
        """Train the populations, begun in the order given."""
        if not jobs:
            return
        self._shared = shared = SharedWatcher(watcher)
        if self._trainer is None:
            import_tensorflow()
            from dlsuite.training.trainer import Trainer

            self._trainer = Trainer()
        self._check(jobs, shared)
        waiting = deque(jobs)
        running: dict[Future[Any], _Population] = {}
        threads = ThreadPoolExecutor(self._lanes)
        wait_for_lanes = True
        try:
            while True:
                while waiting and len(running) < self._lanes and not shared.stopped:
                    population = _Population(waiting.popleft(), self._trainer, shared)
                    # Data and models are made here, in the main thread.
                    running[threads.submit(population.prepared())] = population
                if not running:
                    break
                done = first_done(running)
                for future in sorted(done, key=lambda ended: ended.exception() is not None):
                    population = running.pop(future)
                    error = future.exception()
                    if error is None:
                        yield population.finished(future.result())
                    elif isinstance(error, StoppedError):
                        continue
                    elif shared.error is not None:
                        raise shared.error
                    elif isinstance(error, _ENDS_THE_RUN):
                        raise error
                    elif smaller := population.smaller(error):
                        waiting.extendleft(reversed(smaller))
                    else:
                        yield population.failed(error)
                    population.forget()
            if waiting or shared.stopped:
                raise StoppedError
        except KeyboardInterrupt:  # At once: a lane ends with its epoch, which may take long.
            wait_for_lanes = False
            raise
        finally:  # An error, an interrupt, or nobody who wants more.
            shared.stop()
            threads.shutdown(wait=wait_for_lanes, cancel_futures=True)

    def _check(self, jobs: Sequence[Job], shared: SharedWatcher) -> None:
        """A model that cannot be trained is found before any other is trained."""
        for job in {job.trials[0].structure: job for job in jobs}.values():
            if shared.stopped:
                return
            data = load(job.trials[0])
            (setup,) = setups_of(job.trials[:1], data)
            self._trainer.check(setup, data)


class _Population:
    """A job in one of the lanes."""

    def __init__(self, job: Job, trainer: Any, shared: SharedWatcher) -> None:
        self._job, self._trainer, self._shared = job, trainer, shared
        self._keepers: list[PopulationKeeper] = []

    def prepared(self) -> Callable[[], Any]:
        """Load its data and build its models; gives what is left to do."""
        job = self._job
        try:
            data = load(job.trials[0])
            setups = setups_of(job.trials, data)
        except Exception as error:
            return partial(_raise, error)
        return partial(
            self._trainer.train,
            setups,
            data,
            epochs=job.trials[0].epochs,
            watcher=self._shared,
            metrics=job.metrics,
            members=job.members,
            keeper=None if job.checkpoints is None else self._keeper,
        )

    def finished(self, results: Sequence[Any]) -> Part:
        """What came of it."""
        return finished_part(self._job, results, self._shared.say)

    def smaller(self, error: BaseException) -> list[Job]:
        """The same trials in smaller populations; none where memory was not the cause, or one is left."""
        from dlsuite.training.memory import is_out_of_memory

        if not is_out_of_memory(error):
            return []
        self._trainer.forget_graphs()
        members = self._job.members or population_size_of(self._job.trials[0])
        if members < 2:
            return []
        halves = self._job.halves(members, one_line(error))
        self._shared.say(f"{self._task}: {halves[0].problem}.")
        return halves

    def failed(self, error: BaseException) -> Part:
        """The part of a population that failed."""
        count = len(self._job.trials)
        self._shared.say(
            f"{self._task}: {count} trial{'s' * (count > 1)} failed: {one_line(error)}"
        )
        return failed_part(self._job, error)

    def forget(self) -> None:
        """Remove its checkpoints."""
        for keeper in self._keepers:
            keeper.forget()

    @property
    def _task(self) -> str:
        return self._job.trials[0].task

    def _keeper(self, number: int) -> PopulationKeeper:
        job = self._job
        assert job.checkpoints is not None
        keeper = PopulationKeeper(
            job.checkpoints,
            [job.keys, job.trials[0].epochs, tags_of(job.metrics), job.members, number],
            stopping=lambda: self._shared.stopped,
            say=self._shared.say,
        )
        self._keepers.append(keeper)
        return keeper


def _raise(error: Exception) -> None:
    raise error
