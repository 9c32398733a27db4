"""How much memory is free: on this machine, and in the control groups that this process belongs to.

Containers and batch systems bound a job's memory by control groups, of version 1 or 2; who takes more is
killed. See https://docs.kernel.org/admin-guide/cgroup-v2.html and .../cgroup-v1/memory.html.
"""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple


class _Names(NamedTuple):
    """What the files of a group are called: its bound, what it uses, and how that is made up."""

    bound: str
    used: str
    cached: str
    """The part of what it uses that is given back when it is asked for: files that nobody has read lately."""


_VERSION_2 = _Names("memory.max", "memory.current", "inactive_file")
_VERSION_1 = _Names("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")


def free_memory(*, proc: Path = Path("/proc"), groups: Path = Path("/sys/fs/cgroup")) -> int | None:
    """Say how many bytes are free here; None where nothing says so, as outside of Linux.

    Args:
        proc: Where the system tells of processes.
        groups: Where it tells of control groups.
    """
    return min(
        [*_free_of_machine(proc / "meminfo"), *_free_of_groups(proc / "self/cgroup", groups)],
        default=None,
    )


def _free_of_machine(path: Path) -> Iterator[int]:
    for line in _lines(path):
        if line.startswith("MemAvailable:"):
            yield int(line.split()[1]) * 1024


def _free_of_groups(path: Path, groups: Path) -> Iterator[int]:
    """What is free in each group that has a bound: the process's own, and those that it lies in."""
    for line in _lines(path):
        _, controllers, own = line.split(":", 2)
        if not controllers:
            # Beside version 1, version 2 has a folder of its own.
            roots, names = [groups, groups / "unified"], _VERSION_2
        elif "memory" in controllers.split(","):
            roots, names = [groups / "memory"], _VERSION_1
        else:
            continue
        inside = PurePosixPath(own.lstrip("/"))
        for group in (inside, *inside.parents):
            for root in roots:
                yield from _free_of_group(root / group, names)


def _free_of_group(group: Path, names: _Names) -> Iterator[int]:
    try:
        bound, used = (int((group / name).read_text()) for name in (names.bound, names.used))
    except (OSError, ValueError):  # There is no such group here, or no bound: "max".
        return
    cached = [
        int(line.split()[1])
        for line in _lines(group / "memory.stat")
        if line.startswith(f"{names.cached} ")
    ]
    yield max(0, bound - used + sum(cached))


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except OSError:
        return []
