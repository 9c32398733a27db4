"""Things that cost time to make, kept while they fit into memory."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Thing = TypeVar("Thing")

GIGABYTE = 2**30


class Recent(Generic[Thing]):
    """Keeps the things used last, up to a number of bytes; the newest in any case, unless it is too large.

    Args:
        size_of: The bytes that a thing takes.
        most: The bytes that all of them may take.
        largest: The bytes that one may take; what is larger is made anew each time. Any if None.
        number: How many are kept at the most. Any if None.
    """

    def __init__(
        self,
        size_of: Callable[[Thing], int],
        most: int = GIGABYTE,
        *,
        largest: int | None = None,
        number: int | None = None,
    ) -> None:
        self._size_of = size_of
        self._most = most
        self._largest = largest
        self._number = number
        self._kept: OrderedDict[Hashable, tuple[Thing, int]] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], Thing]) -> Thing:
        """Return what is kept under a key, or make it and keep it."""
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key][0]
        thing = make()
        if self._largest is not None and self._size_of(thing) > self._largest:
            return thing
        self._kept[key] = (thing, self._size_of(thing))
        while len(self._kept) > 1 and self._are_too_many():
            self._kept.popitem(last=False)
        return thing

    @property
    def things(self) -> list[Thing]:
        """What is kept, the one used last at the end."""
        return [thing for thing, _ in self._kept.values()]

    def clear(self) -> None:
        """Keep nothing."""
        self._kept.clear()

    def _are_too_many(self) -> bool:
        if self._number is not None and len(self._kept) > self._number:
            return True
        return sum(size for _, size in self._kept.values()) > self._most

    def __len__(self) -> int:
        """Return how many are kept."""
        return len(self._kept)
