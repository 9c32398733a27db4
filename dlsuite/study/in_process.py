"""The executor in this process: a few populations at once, a thread each."""

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any

from dlsuite.quiet import import_tensorflow
from dlsuite.store import Part
from dlsuite.study.attempts import Attempt, Outcome, check_jobs, settled
from dlsuite.study.executors import Job, StoppedError, Watcher
from dlsuite.study.interrupts import first_done
from dlsuite.study.shared_watcher import SharedWatcher
from dlsuite.study.staffing import lanes_that_fit
from dlsuite.training.lanes import lanes as default_lanes


class InProcessExecutor:
    """Trains populations in this process, a few at once, a thread each.

    It keeps its trainer, so that a second study finds the graphs compiled that it shares with the first.

    Args:
        lanes: How many populations train at once; as `dlsuite.training.lanes.lanes` says if absent. It
            changes no result. A GPU trains one at a time.
    """

    def __init__(self, lanes: int | None = None) -> None:
        self._lanes = lanes
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
        check_jobs(list(jobs), self._trainer, shared)
        lanes, told = lanes_that_fit(jobs, self._lanes or default_lanes())  # Which asks TensorFlow.
        if told:
            shared.say(told)
        waiting = deque(jobs)
        running: dict[Future[Outcome], Attempt] = {}
        threads = ThreadPoolExecutor(lanes)
        wait_for_lanes = True
        try:
            while True:
                while waiting and len(running) < lanes and not shared.stopped:
                    attempt = Attempt(waiting.popleft(), self._trainer, shared)
                    # Data and models are made here, in the main thread; parts are written in the lane.
                    training = partial(attempt.outcome, attempt.prepared())
                    running[threads.submit(training)] = attempt
                if not running:
                    break
                done = first_done(running)
                # What has gone well is kept before an error ends the run.
                for future in sorted(done, key=lambda ended: ended.exception() is not None):
                    attempt = running.pop(future)
                    outcome = future.result()
                    again, part = settled(attempt.job, outcome, shared, "lanes")
                    if part is not None:
                        yield part
                    waiting.extendleft(reversed(again))
                    if outcome.part is not None:
                        attempt.forget()
            if waiting or shared.stopped:
                raise StoppedError
        except KeyboardInterrupt:  # At once: a lane ends with its epoch, which may take long.
            wait_for_lanes = False
            raise
        finally:  # An error, an interrupt, or nobody who wants more.
            shared.stop()
            threads.shutdown(wait=wait_for_lanes, cancel_futures=True)
