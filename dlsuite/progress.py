"""Who is told how long work goes on that has nothing to do with training, as decoding images.

Whoever works says how much there is to do; the command line shows it, and nobody else does: in plain Python
and in notebooks it is silent. Nothing here imports anything of the suite.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar

Advance = Callable[[int], None]
"""Takes how many more things are done."""
Observer = Callable[[str, int], AbstractContextManager[Advance]]
"""Takes what is done and how many things there are to do; gives what to call as they are done."""

_observer: ContextVar[Observer | None] = ContextVar("observer", default=None)


@contextmanager
def observed(observer: Observer) -> Iterator[None]:
    """Let somebody watch the work that is done inside."""
    token = _observer.set(observer)
    try:
        yield
    finally:
        _observer.reset(token)


@contextmanager
def working(what: str, total: int) -> Iterator[Advance]:
    """Say what is done; what it gives is called as things are done.

    Args:
        what: In a few words, as in `"Decoding images"`.
        total: How many things there are to do.
    """
    observer = _observer.get()
    if observer is None:
        yield lambda done: None
        return
    with observer(what, total) as advance:
        yield advance
