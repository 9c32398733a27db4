"""A process for each input, with bounds on its time and memory, and what became of it.

Processes are forked from one that has imported what is needed: an input costs milliseconds, and no input
finds what another one left. An input that takes the process down with it is told from the others too.
"""

import contextlib
import gc
import json
import os
import re
import resource
import select
import shutil
import signal
import sys
import time
import traceback
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.malformed.kinds import InputKind, feed_input, write_input

RESULT, ERROR, ESCAPED, HUNG, MEMORY = "result", "error", "escaped", "hung", "over memory"
"""What becomes of an input: the last three are bugs."""
_ROOM = 2**30
"""Address space beside the bound: of threads' stacks and what allocators set aside, which is no memory."""


@dataclass(frozen=True)
class Outcome:
    """What became of an input.

    Attributes:
        number: Which input of its kind.
        what: One of the constants above.
        seconds: How long it took.
        mib: The most memory that it took, beyond what the process held before.
        message: The error's, or the end of the traceback.
        place: What tells one bug from another: the exception and where it was raised.
    """

    number: int
    what: str
    seconds: float
    mib: float = 0.0
    message: str = ""
    place: str = ""


@dataclass
class _Child:
    number: int
    folder: Path
    pid: int
    pipe: int
    began: float
    said: bytes = b""


def outcomes(
    kind: InputKind, *, count: int, seed: int, folder: Path, seconds: float, jobs: int
) -> Iterator[Outcome]:
    """Make inputs, give each to the entry point in a process of its own, and say what became of it.

    Args:
        kind: What kind of inputs.
        count: How many.
        seed: The harness's.
        folder: Where inputs are written; each is removed when it is done with.
        seconds: How long an input may take.
        jobs: How many processes run at once.
    """
    gc.collect()
    gc.freeze()  # What is there is not gone through, and so copied, by each child.
    waiting = iter(range(count))
    running: dict[int, _Child] = {}
    while True:
        while len(running) < jobs and (number := next(waiting, None)) is not None:
            child = _start(kind, number, seed, folder / f"{kind.name}-{number}")
            running[child.pipe] = child
        if not running:
            return
        ready, _, _ = select.select(list(running), [], [], 0.2)
        for pipe in ready:
            block = os.read(pipe, 2**16)
            running[pipe].said += block
            if not block:
                yield _ended(running.pop(pipe))
        for child in list(running.values()):
            waited = time.monotonic() - child.began
            # Where others use the processors too, the clock says little; but who sleeps uses none.
            if waited > 6 * seconds or (waited > seconds and _used(child.pid) > seconds):
                os.kill(child.pid, signal.SIGKILL)
                del running[child.pipe]
                yield _hung(child)


def _start(kind: InputKind, number: int, seed: int, folder: Path) -> _Child:
    reading, writing = os.pipe()
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        try:
            # Here, since libraries that write files start threads, which a fork would lose.
            write_input(kind, folder, seed=seed, number=number)
            _serve(kind, folder, writing)
        except BaseException as error:
            told = {"what": ESCAPED, "mib": 0.0, "message": _trace(error), "place": "the harness"}
            os.write(writing, json.dumps(told).encode())
        finally:
            os._exit(0)
    os.close(writing)
    return _Child(number, folder, pid, reading, time.monotonic())


def _serve(kind: InputKind, folder: Path, pipe: int) -> None:
    """In the child: feed the input, and say what came of it."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (1, 2):
        os.dup2(nowhere, stream)
    before = _memory("VmRSS")
    bound = int(kind.gib * 2**30)
    limit = int(_memory("VmSize") * 2**20) + bound + _ROOM
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")  # The peak counts from here on.
    told = tried(kind, folder)
    told["mib"] = _memory("VmHWM") - before
    if told["mib"] > bound / 2**20 and told["what"] != ESCAPED:
        told = {**told, "what": MEMORY, "place": told["place"] or "a peak"}
    os.write(pipe, json.dumps(told).encode())


def tried(kind: InputKind, folder: Path) -> dict[str, Any]:
    """Feed an input, and say in what it ends: `what`, `message` and `place`."""
    from dlsuite.errors import DlsuiteError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            feed_input(kind, folder)
    except DlsuiteError as error:
        return {"what": ERROR, "message": str(error)[:3000], "place": ""}
    except MemoryError as error:
        return {"what": MEMORY, "message": _trace(error), "place": _place(error)}
    except BaseException as error:
        return {"what": ESCAPED, "message": _trace(error), "place": _place(error)}
    return {"what": RESULT, "message": "", "place": ""}


def _place(error: BaseException) -> str:
    """The exception, and the suite's innermost line."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "/dlsuite/" in frame.filename]
    frame = (own or frames)[-1]
    return f"{type(error).__name__} in {Path(frame.filename).name}:{frame.lineno} {frame.name}"


def _trace(error: BaseException) -> str:
    lines = traceback.format_exception(error, limit=-9)
    return "".join(lines)[-3000:]


def _memory(name: str) -> float:
    """A figure of this process's memory, in MiB."""
    found = re.search(rf"{name}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(found.group(1)) / 1024 if found else 0.0


def _used(pid: int) -> float:
    """The processor's seconds that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _ended(child: _Child) -> Outcome:
    seconds = time.monotonic() - child.began
    os.close(child.pipe)
    _, status = os.waitpid(child.pid, 0)
    shutil.rmtree(child.folder, ignore_errors=True)
    try:
        told = json.loads(child.said)
    except ValueError:
        died = signal.Signals(os.WTERMSIG(status)).name if os.WIFSIGNALED(status) else str(status)
        return Outcome(child.number, ESCAPED, seconds, message=died, place=f"died of {died}")
    return Outcome(child.number, told["what"], seconds, told["mib"], told["message"], told["place"])


def _hung(child: _Child) -> Outcome:
    os.close(child.pipe)
    os.waitpid(child.pid, 0)
    shutil.rmtree(child.folder, ignore_errors=True)
    return Outcome(child.number, HUNG, time.monotonic() - child.began, place="hung")
