"""Ctrl-C while a study trains: once, to end with the epoch and keep all; twice, to end at once."""

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

_SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM") if hasattr(signal, name))
"""Ctrl-C, and what a machine or a scheduler sends before it takes the process away."""


class InterruptedRunError(KeyboardInterrupt):
    """A run was asked to stop, and did when every population had ended its epoch: all is kept."""


class HaltedRunError(KeyboardInterrupt):
    """A run was asked to stop a second time, and did at once. Its threads end with their epochs."""


@contextlib.contextmanager
def stopping_gently(stop: Callable[[], None], say: Callable[[str], None]) -> Iterator[None]:
    """Call `stop` at the first interrupt; raise at the second.

    In a thread other than the main one interrupts are left alone: Python hands them to the main thread.

    Args:
        stop: Asks whatever is going on to end soon.
        say: Told that it was asked.

    Raises:
        HaltedRunError: There was a second interrupt.
    """
    asked = False

    def handle(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        if asked:
            raise HaltedRunError
        asked = True
        stop()
        say("Stopping at the end of the epoch; interrupt again to stop at once.")

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before: dict[int, Any] = {number: signal.signal(number, handle) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
