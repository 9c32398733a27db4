"""How many compiled graphs a process has room for.

Linux bounds a process's memory mappings, and the machine code of a compiled graph takes a few hundred of them
for as long as the process lives: TensorFlow gives none back. Beyond the bound it does not fail, it crashes.
"""

from pathlib import Path

from dlsuite.errors import DlsuiteError

_MOST = Path("/proc/sys/vm/max_map_count")
_OWN = Path("/proc/self/maps")
_RESERVE = 4000
"""Mappings that are left for what is about to be compiled, several graphs at once."""


class NoRoomError(DlsuiteError):
    """The process cannot compile another graph; a new one can."""


def check_room() -> None:
    """See that another graph can be compiled.

    Raises:
        NoRoomError: The process is about to run out of mappings.
    """
    try:
        most = int(_MOST.read_text())
        with _OWN.open("rb") as lines:
            taken = sum(1 for _ in lines)
    except (OSError, ValueError):  # No Linux: no such bound, or none that is told.
        return
    if taken > most - _RESERVE:
        raise NoRoomError(
            "this process has compiled as many graphs as the system lets it (vm.max_map_count = "
            f"{most}). What is finished is kept: run the same command again, and it goes on; or raise the "
            f"limit with 'sysctl vm.max_map_count={4 * most}'."
        )
