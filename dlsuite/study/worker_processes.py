"""A crew of processes of this machine, each with a share of its cores and GPUs and one import of TensorFlow.

They are started by their own command and not by `multiprocessing`, which would run the user's script again in
each of them. A worker reads orders from its standard input and tells what happens on its standard output;
whatever else it or a user's code prints goes into its log. It ends when its input does, so that no worker
outlives a run that was killed.
"""

import contextlib
import os
import pickle
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import IO, Any, NoReturn, TypeVar

import cloudpickle

from dlsuite.compiled import give_compiled_back
from dlsuite.quiet import import_tensorflow
from dlsuite.study.crew import Event, Lost, Raised, Said
from dlsuite.study.executors import Job
from dlsuite.study.shared_data import SentData, SharedData, SharedDataSets
from dlsuite.study.worker import Order, Worker
from dlsuite.study.workplace import Workplace
from dlsuite.training.lanes import settle_threads, threads

_COMMAND = "from dlsuite.study.worker_processes import work; work()"
Thing = TypeVar("Thing")
_GRACE = 5.0
"""Seconds that a worker has to go by itself."""


class WorkerProcesses:
    """Worker processes; see `dlsuite.study.crew.Crew`.

    Args:
        count: How many.
    """

    def __init__(self, count: int) -> None:
        self.size = count
        self._place: Workplace  # `open` says it.
        self._logs: Path | None = None
        self._data = SharedDataSets()
        self._processes: dict[int, _Process] = {}
        self._events: SimpleQueue[tuple[_Process, Event]] = SimpleQueue()

    def open(self, place: Workplace, logs: Path | None) -> None:
        """Let every worker know what is known here."""
        self._place, self._logs = place, logs
        self._data.clear()

    def begin(self, worker: int, job: Job) -> None:
        """Give a worker a job; its process is started if there is none."""
        process = self._processes.get(worker) or self._started(worker)
        # A process that was started imports TensorFlow meanwhile.
        data = self._data.of(job.trials[0], lambda line: self._events.put((process, Said(line))))
        if not process.train(job, data, self._place):
            self._started(worker).train(job, data, self._place)

    def _started(self, worker: int) -> "_Process":
        log = None if self._logs is None else self._logs / f"worker-{worker}.log"
        cores, gpus = _cores_of(worker, self.size), _gpus_of(worker, self.size)
        process = _Process(worker, self._events.put, log, cores, gpus)
        self._processes[worker] = process
        return process

    def events(self, seconds: float) -> list[tuple[int, Event]]:
        """What has happened."""
        found = []
        with contextlib.suppress(Empty):
            found.append(self._events.get(timeout=seconds))
            while True:
                found.append(self._events.get_nowait())
        told = []
        for process, event in found:
            # One that was replaced has nothing to say any more.
            if self._processes.get(process.worker) is process:
                told.append((process.worker, event))
                if isinstance(event, Lost):
                    self._processes.pop(process.worker).end(at_once=True)
        return told

    def stop(self) -> None:
        """Ask all to end with the epoch that they are in."""
        for process in self._processes.values():
            process.stop()

    def close(self, *, at_once: bool = False) -> None:
        """End the processes."""
        for process in self._processes.values():
            process.end(at_once=at_once)
        self._processes.clear()
        self._data.clear()


class _Process:
    """A worker process, seen from here."""

    def __init__(
        self,
        worker: int,
        tell: Callable[[tuple["_Process", Event]], None],
        log: Path | None,
        cores: list[int],
        gpus: list[str],
    ) -> None:
        self.worker = worker
        self._tell = tell
        self._place: Workplace | None = None
        self._data: SharedData | SentData | None = None
        self._log = log
        if log is not None:
            log.parent.mkdir(parents=True, exist_ok=True)
        with open(os.devnull if log is None else log, "ab") as printed:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _COMMAND],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=printed,
                env=_environment(gpus),
            )
        self._listener = threading.Thread(target=self._listen, name=f"worker-{worker}", daemon=True)
        self._listener.start()
        self._send((cores, threads()))

    def train(self, job: Job, data: SharedData | SentData, place: Workplace) -> bool:
        """Give it a job, and what it needs to know for it; false if it has ended."""
        news = place if place != self._place else None
        further = data if data != self._data else None
        self._place, self._data = place, data
        return self._send((news, cloudpickle.dumps(job), further))

    def stop(self) -> None:
        """Ask it to end with the epoch that it is in."""
        self._send(None)

    def _send(self, message: Any) -> bool:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(pickle.dumps(message))
            self._process.stdin.flush()
        except (OSError, ValueError):
            return False
        return True

    def end(self, *, at_once: bool) -> None:
        """End it: its input is closed, and it is killed if it takes its time."""
        if at_once:
            self._process.kill()
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._listener.join()
        if self._log is not None:  # One that says nothing is not worth keeping.
            with contextlib.suppress(OSError):
                if not self._log.stat().st_size:
                    self._log.unlink()
                    self._log.parent.rmdir()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as told:
            try:
                while True:
                    self._tell((self, pickle.load(told)))
            except (EOFError, OSError, ValueError, pickle.UnpicklingError):
                self._tell((self, self._lost(self._process.wait())))

    def _lost(self, code: int) -> Lost:
        process = f"worker process {self._process.pid}"
        if code >= 0:
            log = f"; its log is {self._log}" if self._log is not None else ""
            return Lost(f"{process} has ended (exit code {code}{log})")
        known = {number.value: number.name for number in signal.Signals}
        # What the kernel does where memory runs out; nothing says whether it was the kernel.
        hungry = known.get(-code) == "SIGKILL"
        killed = f"was killed ({known.get(-code, f'signal {-code}')})"
        likely = ", as happens where memory runs out" if hungry else ""
        return Lost(f"{process} {killed}", hungry, f"a worker process {killed}{likely}")


def _environment(gpus: list[str]) -> dict[str, str]:
    """This process's, with the modules that it finds, and with TensorFlow's remarks left to `quiet`."""
    given = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    if given.get("TF_CPP_MIN_LOG_LEVEL") == "3":
        del given["TF_CPP_MIN_LOG_LEVEL"]
    if gpus:
        given["CUDA_VISIBLE_DEVICES"] = ",".join(gpus)
    return given


def _cores_of(worker: int, count: int) -> list[int]:
    """The cores that a worker runs on; none where this machine does not say which there are."""
    if not hasattr(os, "sched_getaffinity"):
        return []
    return _share(sorted(os.sched_getaffinity(0)), worker, count)


def _gpus_of(worker: int, count: int) -> list[str]:
    """The GPUs that a worker sees, of those that this process sees; none where there are none."""
    from dlsuite.training.devices import gpu_ids

    return _share(gpu_ids(), worker, count)


def _share(things: list[Thing], worker: int, count: int) -> list[Thing]:
    """A worker's share of things that may be fewer than there are workers: then some have one in common."""
    if not things or count < len(things):
        return things[worker::count]
    return [things[worker % len(things)]]


def work() -> None:
    """Train what comes in, until nothing comes; the command of a worker process."""
    # Who reads this terminal interrupts all of its processes; when to stop is said by the run.
    for name in ("SIGINT", "SIGTERM"):
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    asked = os.fdopen(os.dup(0), "rb")
    told = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    cores, count = pickle.load(asked)
    if cores:
        os.sched_setaffinity(0, cores)
    import_tensorflow()
    settle_threads(count)
    worker = Worker(_Teller(told))
    orders: SimpleQueue[Order] = SimpleQueue()
    threading.Thread(target=_read, args=(asked, worker, orders), daemon=True).start()
    while True:
        worker.train(orders.get())


def _read(asked: IO[bytes], worker: Worker, orders: "SimpleQueue[Order]") -> None:
    """Take orders, also while one is carried out; whatever ends this ends the process."""
    try:
        _take(asked, worker, orders)
    except (EOFError, OSError, pickle.UnpicklingError):
        _end_with_the_run()
    except BaseException:
        traceback.print_exc()
        os._exit(1)


def _take(asked: IO[bytes], worker: Worker, orders: "SimpleQueue[Order]") -> NoReturn:
    """Take orders until there are none.

    Raises:
        EOFError, OSError, pickle.UnpicklingError: Nobody gives orders any more.
    """
    last, data = None, None
    while True:
        message = pickle.load(asked)
        if message is None:
            if last is not None:
                last.stop()
            continue
        try:
            place, job, further = message
            if place is not None:
                place.settle()
            # Whoever has settled can read them.
            data = data if further is None else further.open()
            last = worker.order(pickle.loads(job), data)
        except Exception as error:
            worker.tell(Raised(error))
        else:
            orders.put(last)


class _Teller:
    """Tells what happens to the process that began this one."""

    def __init__(self, told: IO[bytes]) -> None:
        self._told = told
        self._lock = threading.Lock()

    def __call__(self, event: Event) -> None:
        """Tell it; any thread may."""
        if isinstance(event, Raised):
            event = Raised(_travelling(event.error))
        content = pickle.dumps(event)
        with self._lock:
            try:
                self._told.write(content)
                self._told.flush()
            except OSError:
                _end_with_the_run()


def _end_with_the_run() -> NoReturn:
    """End this process, from whichever thread: nobody is there who would keep what comes of it."""
    try:
        give_compiled_back()  # `_exit` calls nothing that waits for the end.
    finally:
        os._exit(0)


def _travelling(error: Exception) -> Exception:
    """An error that can be handed to another process: itself, or what it says."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error
