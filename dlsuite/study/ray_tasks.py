"""A crew of Ray tasks, on this machine or a cluster; for `pip install dlsuite[ray]`.

A population is a task. Ray finds it a place, and keeps its process, with TensorFlow imported and graphs
compiled, for the next. A small actor beside the run, the board, takes what tasks tell and knows which shall
stop. Data sets are put into Ray's object store once and read from there, so that no node needs the files.
"""

import contextlib
import itertools
import os
import pickle
import socket
import threading
import time
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import cloudpickle

from dlsuite.data import Dataset
from dlsuite.errors import SpecError
from dlsuite.quiet import import_tensorflow
from dlsuite.study.crew import Ended, Event, Lost, Raised
from dlsuite.study.executors import Job
from dlsuite.study.setups import data_of, load
from dlsuite.study.worker import Worker
from dlsuite.study.workplace import Workplace
from dlsuite.training.lanes import settle_threads, threads

_POLL = 0.5
"""Seconds between two looks of a task at the board."""
_PATIENCE = 10.0
"""Seconds that somebody has to answer at a cluster's address."""
_SIZE_KEPT = 2.0
"""Seconds for which the size of a cluster is not asked again."""


class RayTasks:
    """Ray tasks; see `dlsuite.study.crew.Crew`.

    Args:
        address: The cluster's, as `ray.init` takes it; `"auto"` for the one that this machine is part of. One
            is started on this machine if absent, unless the program is connected to one already.
        most: How many populations train at once, at most; as many as the cluster has room for if absent.
        cpus: What a population takes of a node's cores.
        gpus: What it takes of a node's GPUs; 0.25 lets four of them share one. With 0 it trains on the CPU.
            Ray begins a new process for each task on a GPU. How large populations are is decided where the
            run is started, by the GPUs there.

    Raises:
        SpecError: Ray is not installed, there is no cluster at the address, or none of its nodes has a GPU
            where one is asked for.
    """

    def __init__(
        self,
        address: str | None = None,
        *,
        most: int | None = None,
        cpus: float = 1.0,
        gpus: float = 0.0,
    ) -> None:
        self._ray = _connected(address)
        if gpus and not self._ray.cluster_resources().get("GPU"):
            raise SpecError("executor ray: gpus: no node of the cluster has a GPU; leave it out.")
        self._most, self._needs = most, {"CPU": cpus, "GPU": gpus}
        self._place: Workplace  # `open` says it.
        self._tickets = itertools.count()
        self._running: dict[int, tuple[int, Any]] = {}
        self._data: dict[Hashable, Any] = {}
        self._board = self._pinned_board()
        self._size, self._asked = 1, -_SIZE_KEPT

    @property
    def size(self) -> int:
        """As many populations as the cluster has room for now."""
        if time.monotonic() - self._asked >= _SIZE_KEPT:
            there = self._ray.cluster_resources()
            room = min(there.get(name, 0) // need for name, need in self._needs.items() if need)
            self._size = max(1, min(int(room), self._most or int(room)))
            self._asked = time.monotonic()
        return self._size

    def open(self, place: Workplace, logs: Path | None) -> None:
        """Let every task know what is known here. What they print is in Ray's own logs."""
        self._place = place
        self._data.clear()

    def begin(self, worker: int, job: Job) -> None:
        """Hand a job over; it waits where there is no room for it."""
        ticket = next(self._tickets)
        task = self._ray.remote(_train).options(
            num_cpus=self._needs["CPU"], num_gpus=self._needs["GPU"], max_retries=0
        )
        data = self._put(job)
        ref = task.remote(self._place, threads(), cloudpickle.dumps(job), data, self._board, ticket)
        self._running[worker] = (ticket, ref)

    def events(self, seconds: float) -> list[tuple[int, Event]]:
        """What has happened."""
        refs = {ref: worker for worker, (_, ref) in self._running.items()}
        if not refs:
            time.sleep(seconds)
            return []
        ended, _ = self._ray.wait(list(refs), timeout=seconds)
        workers = {ticket: worker for worker, (ticket, _) in self._running.items()}
        told = [
            (workers[ticket], event)
            for ticket, event in self._ray.get(self._board.take.remote())
            if ticket in workers
        ]
        for ref in ended:
            told.append((refs[ref], self._outcome(ref)))
            del self._running[refs[ref]]
        return told

    def stop(self) -> None:
        """Ask all tasks to end with the epoch that they are in."""
        self._board.stop.remote([ticket for ticket, _ in self._running.values()])

    def close(self, *, at_once: bool = False) -> None:
        """End what is running. The cluster stays; one that was started here ends with the program."""
        for _, ref in self._running.values():
            with contextlib.suppress(Exception):
                self._ray.cancel(ref, force=True)
        self._running.clear()
        self._data.clear()

    def _put(self, job: Job) -> Any:
        """The data of a job in the object store."""
        trial = job.trials[0]
        key = data_of(trial)
        if key not in self._data:
            self._data[key] = self._ray.put(load(trial))
        return self._data[key]

    def _outcome(self, ref: Any) -> Event:
        errors = self._ray.exceptions
        try:
            event: Event = self._ray.get(ref)
        except errors.RayTaskError as error:
            return Raised(error.cause if isinstance(error.cause, Exception) else error)
        except errors.OutOfMemoryError as error:
            return Lost(_said(error), hungry=True)
        except errors.RayError as error:
            return Lost(_said(error))
        return event

    def _pinned_board(self) -> Any:
        """The board, on the node of this program, with which it shall live and die."""
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        here = self._ray.get_runtime_context().get_node_id()
        pinned = NodeAffinitySchedulingStrategy(here, soft=False)
        return self._ray.remote(_Board).options(num_cpus=0, scheduling_strategy=pinned).remote()


class _Board:
    """Takes what tasks tell, and knows which of them shall stop."""

    def __init__(self) -> None:
        self._told: list[tuple[int, Event]] = []
        self._stopped: set[int] = set()

    def tell(self, ticket: int, event: Event) -> None:
        """Something has happened in a task."""
        self._told.append((ticket, event))

    def take(self) -> list[tuple[int, Event]]:
        """What was told since the last time."""
        told, self._told = self._told, []
        return told

    def stop(self, tickets: list[int]) -> None:
        """Tasks shall stop."""
        self._stopped.update(tickets)

    def stopped(self, ticket: int) -> bool:
        """Whether a task shall stop."""
        return ticket in self._stopped


_here: list[Worker] = []
"""The worker of a process of Ray's, kept from task to task."""
_settled: list[Workplace] = []
"""What the process was told last."""


def _train(
    place: Workplace, count: int, pickled: bytes, data: Dataset, board: Any, ticket: int
) -> Event:
    """Train a job in a process of Ray's; the task."""
    if [place] != _settled:
        _settled.clear()
        place.settle()
        _settled.append(place)
    import_tensorflow()
    settle_threads(count)
    if not _here:
        _here.append(Worker(lambda event: None))
    [worker] = _here
    ended: list[Event] = []

    def tell(event: Event) -> None:
        if isinstance(event, Ended | Raised):
            ended.append(event)
        else:
            board.tell.remote(ticket, event)

    worker.tell = tell
    job: Job = pickle.loads(pickled)
    if job.checkpoints is not None and not job.checkpoints.parent.is_dir():
        job = job.without_checkpoints()  # The disk is not shared with this node.
    order = worker.order(job, data)
    over = threading.Event()
    looking = threading.Thread(target=_look, args=(board, ticket, order, over), daemon=True)
    looking.start()
    try:
        worker.train(order)
    finally:
        over.set()
        looking.join()
    return ended[0]


def _look(board: Any, ticket: int, order: Any, over: threading.Event) -> None:
    """Look at the board until the task is over; without a board nobody is there who would keep anything."""
    import ray

    while not over.wait(_POLL):
        try:
            if ray.get(board.stopped.remote(ticket)):
                order.stop()
        except ray.exceptions.RayError:
            os._exit(1)


def _said(error: Exception) -> str:
    """The first line of what Ray says of a lost task."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"a Ray worker is lost ({type(error).__name__}: {lines[0] if lines else ''})"


def _connected(address: str | None) -> Any:
    try:
        import ray
    except ImportError as error:
        raise SpecError(
            "executor ray: Ray is not installed; `pip install 'dlsuite[ray]'`."
        ) from error
    if not ray.is_initialized():
        try:
            _see_whether_somebody_answers(address)
            ray.init(
                address=address,
                log_to_driver=False,
                logging_level="ERROR",
                include_dashboard=None if address else False,
            )
        except (OSError, ValueError, RuntimeError) as error:
            said = " ".join(str(error).split())
            raise SpecError(
                f"executor ray: no cluster at {address or 'this machine'} ({said}). On its first machine "
                "`ray status` says where it is; `ray start --head` begins one."
            ) from error
    return ray


def _see_whether_somebody_answers(address: str | None) -> None:
    """Ray would try for minutes, and write to the terminal what it tries.

    Raises:
        OSError: Nobody does.
    """
    host, _, port = (address or "").removeprefix("ray://").rpartition(":")
    if port.isdigit():
        socket.create_connection((host.strip("[]"), int(port)), _PATIENCE).close()
