"""Ctrl-C while a study trains: once, to end with the epoch and keep all; twice, to end at once."""

import contextlib
import signal
import threading
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from types import FrameType
from typing import Any, TypeVar

T = TypeVar("T")

_SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM") if hasattr(signal, name))
"""Ctrl-C, and what a machine or a scheduler sends before it takes the process away."""


_LOOK_UP_EVERY = 0.2
"""Seconds. A signal that the kernel hands to another thread does not wake the main one from a lock."""


class InterruptedRunError(KeyboardInterrupt):
    """A run was asked to stop, and did when every population had ended its epoch: all is kept."""


class HaltedRunError(KeyboardInterrupt):
    """A run was asked to stop a second time, and did at once. Its threads end with their epochs."""


@contextlib.contextmanager
def stopping_gently(
    stop: Callable[[], None], say: Callable[[str], None]
) -> Iterator[Callable[[], bool]]:
    """Call `stop` at the first interrupt; raise at the second. Gives whether there was one.

    In a thread other than the main one interrupts are left alone: Python hands them to the main thread.

    Args:
        stop: Asks whatever is going on to end soon.
        say: Told that it was asked.

    Raises:
        HaltedRunError: There was a second interrupt.
    """
    asked = 0

    def handle(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        asked += 1
        stop()  # At the second as well: it may have come before the first got here.
        if asked > 1:
            raise HaltedRunError
        say("Stopping at the end of the epoch; interrupt again to stop at once.")

    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    before: dict[int, Any] = {number: signal.signal(number, handle) for number in _SIGNALS}
    try:
        yield lambda: asked > 0
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def first_done(futures: Collection[Future[T]]) -> set[Future[T]]:
    """Wait until one or more have ended, and let interrupts through meanwhile.

    Args:
        futures: What is waited for; one at least.
    """
    while True:
        done = wait(futures, timeout=_LOOK_UP_EVERY, return_when=FIRST_COMPLETED).done
        if done:
            return done
