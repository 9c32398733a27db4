"""One generic registry: names to entries, with a sorted listing and close matches for typing errors.

Models, data sets, metrics and losses each have one. What an entry is, and what decorator fills it, is left
to them. What is asked of any user's function is here too: its source's hash, and where it stands.
"""

import fnmatch
import hashlib
import inspect
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Generic, TypeVar

from dlsuite.errors import SpecError, UnknownNameError, closest

Entry = TypeVar("Entry")


class Registry(Generic[Entry]):
    """Entries by name.

    Args:
        noun: What an entry is called in messages, as in `"model"`.
    """

    def __init__(self, noun: str) -> None:
        self.noun = noun
        self._entries: dict[str, Entry] = {}

    def add(self, name: str, entry: Entry) -> Entry:
        """Register an entry.

        Args:
            name: Its name: letters, digits, `_` and `-`.
            entry: What the name stands for.

        Returns:
            The entry.

        Raises:
            SpecError: The name is taken, or is not a plain word.
        """
        if not name.replace("_", "").replace("-", "").isalnum():
            raise SpecError(
                f"A {self.noun}'s name is made of letters, digits, '_' and '-'; got {name!r}."
            )
        if name in self._entries:
            raise SpecError(f"The {self.noun} {name!r} is registered already; choose another name.")
        self._entries[name] = entry
        return entry

    def remove(self, name: str) -> None:
        """Take an entry out again, for example at the end of a test.

        Raises:
            UnknownNameError: There is none of this name.
        """
        self.get(name)
        del self._entries[name]

    def get(self, name: str) -> Entry:
        """Look an entry up.

        Raises:
            UnknownNameError: There is none of this name; the message lists the closest ones.
        """
        if name not in self._entries:
            raise UnknownNameError(f"Unknown {self.noun} {name!r}. {closest(name, self._entries)}")
        return self._entries[name]

    def names(self, pattern: str = "*") -> list[str]:
        """List the names that match a shell wildcard, sorted."""
        return [name for name in sorted(self._entries) if fnmatch.fnmatchcase(name, pattern)]

    def __iter__(self) -> Iterator[tuple[str, Entry]]:
        """Yield names and entries, sorted by name."""
        return iter(sorted(self._entries.items()))

    def __contains__(self, name: object) -> bool:
        return name in self._entries


def source_version(function: Callable[..., Any]) -> str:
    """What tells a function from another of its name: a hash of its source, 16 hexadecimal digits."""
    try:
        source = inspect.getsource(function)
    except (OSError, TypeError):  # Typed into a shell, say.
        code = getattr(function, "__code__", None)
        source = repr((code.co_code, code.co_consts)) if code is not None else repr(function)
    return hashlib.sha256(source.encode()).hexdigest()[:16]


def definition_place(function: Callable[..., Any]) -> str:
    """Where a function is defined, as in `plugin.py, line 12`."""
    code = getattr(function, "__code__", None)
    if code is None:
        return f"a {type(function).__name__}"
    return f"{Path(code.co_filename).name}, line {code.co_firstlineno}"


def call_place(function: Callable[..., Any], error: BaseException) -> str:
    """Where in the function's own file an error was raised in a call of it."""
    code = getattr(function, "__code__", None)
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if code is not None and frame.filename == code.co_filename]
    if not own:
        return definition_place(function)
    return f"{Path(own[-1].filename).name}, line {own[-1].lineno}"
