"""How many populations train at once in a process, a thread each, and how many threads each operation has."""

import contextlib
import os
import threading

BUILDING = threading.RLock()
"""Held while Keras layers are built and graphs traced, which is not made for threads. Not while they run."""

_MOST = 4
"""More lanes than this bring nothing that worker processes do not bring better."""


def lanes() -> int:
    """As many as there are GPUs; without any as many as there are cores, up to a few.

    A population's operations are small: spread over cores, they wait for one another half of the time. So
    each core is better kept busy with a population of its own. How many train at once changes no result.
    """
    from dlsuite.training.devices import gpus

    if gpus():
        return len(gpus())
    return max(1, min(_MOST, cores()))


def settle_threads(count: int = 1) -> None:
    """Let TensorFlow compute an operation with so many threads, unless it has begun, or the user has said.

    One is the most for populations on as many lanes or processes as there are cores, and makes the last bits
    of a result the same on machines with few cores and with many. Who trains one large population alone can
    set the environment variable `TF_NUM_INTRAOP_THREADS`.

    Args:
        count: How many.
    """
    if _SAID_BY_USER in os.environ:
        return
    import tensorflow as tf

    with contextlib.suppress(RuntimeError):  # It has begun.
        tf.config.threading.set_intra_op_parallelism_threads(count)


def threads() -> int:
    """With how many threads TensorFlow computes an operation in this process."""
    import tensorflow as tf

    said = tf.config.threading.get_intra_op_parallelism_threads() or _number(_SAID_BY_USER)
    return said or cores()


_SAID_BY_USER = "TF_NUM_INTRAOP_THREADS"
"""The environment variable in which TensorFlow looks where the program says nothing."""


def _number(variable: str) -> int:
    text = os.environ.get(variable, "")
    return int(text) if text.isdigit() else 0


def cores() -> int:
    """How many cores this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
