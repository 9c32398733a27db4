"""A process, told apart from every other one: on this machine, after a restart, in another container."""

import contextlib
import os
import platform
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

_ENDED = "ZX"
"""States of a process that has ended, whether or not its parent has taken note."""


class Process(NamedTuple):
    """A process, as another one can recognize it. What a system does not tell is empty or None.

    Attributes:
        host: The machine's name.
        boot: The id of the running system, which changes when the machine starts anew.
        namespace: Where process ids count: containers have their own.
        pid: The process id.
        started: When it started, in clock ticks since the machine did; process ids are used again.
        command: What was typed.
    """

    host: str
    boot: str
    namespace: str
    pid: int
    started: int | None
    command: str

    @classmethod
    def here(cls) -> "Process":
        """This process."""
        pid = os.getpid()
        found = _state_and_start(pid)
        return cls(
            host=platform.node(),
            boot=_boot(),
            namespace=_namespace(),
            pid=pid,
            started=None if found is None else found[1],
            command=" ".join([Path(sys.argv[0]).name, *sys.argv[1:]])[:500],
        )

    @classmethod
    def told(cls, content: Mapping[str, Any]) -> "Process":
        """A process as `_asdict` wrote it.

        Raises:
            KeyError: Something is missing.
            TypeError, ValueError: Something is no number.
        """
        texts = {name: str(content[name]) for name in ("host", "boot", "namespace", "command")}
        started = content["started"]
        return cls(
            **texts, pid=int(content["pid"]), started=None if started is None else int(started)
        )

    def is_alive(self) -> bool | None:
        """Whether it runs; None where that cannot be known from here."""
        if os.name != "posix" or self.pid <= 0:  # Elsewhere asking would end it.
            return None
        if self.namespace != _namespace() or self.boot != _boot():
            return None
        if not self.boot and self.host != platform.node():
            return None
        with contextlib.suppress(PermissionError):
            try:
                os.kill(self.pid, 0)
            except (ProcessLookupError, OverflowError):
                return False
        found = _state_and_start(self.pid)
        if found is None:
            return True
        state, started = found
        if self.started not in (None, started):
            return False
        return state not in _ENDED or _has_threads(self.pid)

    def is_of_an_earlier_boot(self) -> bool:
        """Whether it ran on a machine of this name that has started anew since."""
        here = _boot()
        return self.host == platform.node() and bool(here and self.boot) and self.boot != here


def uptime() -> float:
    """For how many seconds this machine has been running; endless where that is not known."""
    try:
        return float(Path("/proc/uptime").read_text(encoding="utf-8").split()[0])
    except (OSError, ValueError, IndexError):
        return float("inf")


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="utf-8").strip()
    except OSError:
        return ""


def _namespace() -> str:
    try:
        return str(Path("/proc/self/ns/pid").stat().st_ino)
    except OSError:
        return ""


def _has_threads(pid: int) -> bool:
    """Whether a process whose first thread has ended has another one that has not, with files open."""
    try:
        threads = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return False
    found = (_state_and_start(f"{pid}/task/{thread}") for thread in threads)
    return any(one is not None and one[0] not in _ENDED for one in found)


def _state_and_start(pid: int | str) -> tuple[str, int] | None:
    """A process's state, such as Z for one that has ended, and its start; None where it is not told."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        # The name stands in brackets, and can have brackets and spaces itself.
        fields = text.rpartition(")")[2].split()
        return fields[0], int(fields[19])
    except (OSError, ValueError, IndexError):
        return None
