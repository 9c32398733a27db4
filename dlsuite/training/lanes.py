"""How many populations train at once in a process, a thread each."""

import os
import threading

BUILDING = threading.RLock()
"""Held while Keras layers are built and graphs traced, which is not made for threads. Not while they run."""

_MOST = 4
"""More lanes than this bring nothing that worker processes do not bring better."""


def lanes() -> int:
    """As many as there are cores, up to a few.

    A population's operations are small: spread over cores, they wait for one another half of the time. So
    each core is better kept busy with a population of its own. How many train at once changes no result.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, min(_MOST, cores or 1))
