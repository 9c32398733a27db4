"""One generic registry: names to entries, with a sorted listing and close matches for typing errors.

Models, data sets, metrics and losses each have one. What an entry is, and what decorator fills it, is left
to them. Packages that are installed register theirs by an entry point of the group `dlsuite.plugins`, a
module that is imported when a name is listed or not found.
"""

import fnmatch
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import entry_points
from typing import Any, Generic, TypeVar

from dlsuite.errors import DlsuiteError, SpecError, UnknownNameError, closest

Entry = TypeVar("Entry")

ENTRY_POINTS = "dlsuite.plugins"
"""The group of entry points by which installed packages register what they have."""


class Registry(Generic[Entry]):
    """Entries by name.

    Args:
        noun: What an entry is called in messages, as in `"model"`.
    """

    def __init__(self, noun: str) -> None:
        self.noun = noun
        self._entries: dict[str, Entry] = {}
        _registries.append(self)

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
            load_installed()
        if name not in self._entries:
            raise UnknownNameError(f"Unknown {self.noun} {name!r}. {closest(name, self._entries)}")
        return self._entries[name]

    def names(self, pattern: str = "*") -> list[str]:
        """List the names that match a shell wildcard, sorted."""
        load_installed()
        return [name for name in sorted(self._entries) if fnmatch.fnmatchcase(name, pattern)]

    def __iter__(self) -> Iterator[tuple[str, Entry]]:
        """Yield names and entries, sorted by name."""
        return iter(sorted(self._entries.items()))

    def __contains__(self, name: object) -> bool:
        return name in self._entries


_registries: list[Registry[Any]] = []
_imported: set[str] = set()
"""The entry points whose modules were imported; `*` once all were."""


def load_installed() -> None:
    """Import what installed packages register; once in a process.

    Raises:
        SpecError: A package's module raises.
    """
    if "*" in _imported:
        return
    for point in entry_points(group=ENTRY_POINTS):
        if point.value in _imported:
            continue
        _imported.add(point.value)  # Before it is imported: it may list names itself.
        before = registered()
        try:
            point.load()
        except Exception as error:
            _imported.discard(point.value)
            unregister(registered() - before)
            said = (
                str(error)
                if isinstance(error, DlsuiteError)
                else f"{type(error).__name__}: {error}"
            )
            package = point.dist.name if point.dist is not None else "an installed package"
            raise SpecError(
                f"plugin {point.name!r} of {package}: cannot be loaded ({said}). Mend it, or uninstall it."
            ) from error
    _imported.add("*")


def registered() -> set[tuple[str, str]]:
    """All that is registered, of every kind: nouns and names."""
    return {(registry.noun, name) for registry in _registries for name in registry._entries}


def entries_of(names: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Any]:
    """What is registered under some nouns and names; those that are not registered are left out."""
    wanted = set(names)
    return {
        (registry.noun, name): entry
        for registry in _registries
        for name, entry in registry._entries.items()
        if (registry.noun, name) in wanted
    }


def put_entries(entries: Mapping[tuple[str, str], Any]) -> None:
    """Register entries by noun and name, in the place of what has their names."""
    for registry in _registries:
        for (noun, name), entry in entries.items():
            if noun == registry.noun:
                registry._entries[name] = entry


def unregister(entries: Iterable[tuple[str, str]]) -> None:
    """Take entries out again, given by noun and name; those that are gone are left alone."""
    for noun, name in entries:
        for registry in _registries:
            if registry.noun == noun:
                registry._entries.pop(name, None)
