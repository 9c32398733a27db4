"""What a worker in another process, or on another machine, needs to know of this one before it trains.

Plugins are loaded anew from their files. What was registered otherwise, in a script or a notebook, is handed
over as it is, by `cloudpickle`, which takes functions of a notebook along with their code.
"""

import pickle
import platform
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cloudpickle

from dlsuite.errors import SpecError
from dlsuite.quiet import import_tensorflow
from dlsuite.registry import entries_of, put_entries, registered, unregister
from dlsuite.study.environment import version_of
from dlsuite.study.plugins import load_plugins, plugin_files

_PACKAGES = ("dlsuite", "tensorflow", "keras", "numpy")


@dataclass(frozen=True)
class Workplace:
    """What a worker needs to know.

    Attributes:
        search: Where modules are imported from.
        plugins: The plugins that were loaded, in that order.
        entries: What else is registered, but for data sets, which the run hands over with each job: noun and
            name, and the entry, pickled.
        gpu_memory: As `dlsuite.training.devices` has it, which the size of populations depends on.
        versions: Packages that the bits of a result depend on, and their versions.
    """

    search: tuple[str, ...]
    plugins: tuple[Path, ...]
    entries: tuple[tuple[tuple[str, str], bytes], ...]
    gpu_memory: int | None = None
    versions: tuple[tuple[str, str | None], ...] = ()

    @classmethod
    def here(cls) -> "Workplace":
        """What is known in this process.

        Raises:
            SpecError: Something that is registered cannot be handed over.
        """
        import_tensorflow()
        from dlsuite.training.devices import gpu_memory

        others = registered()
        files: list[Path] = []
        for path, names in reversed(plugin_files().items()):
            if names <= others:  # Else it was taken out again, and may be another plugin's.
                others -= names
                files.insert(0, path)
        own = {
            (noun, name): entry
            for (noun, name), entry in entries_of(others).items()
            if noun != "data set" and not _is_shipped(entry)
        }
        return cls(
            tuple(sys.path),
            tuple(files),
            tuple((name, _packed(name, own[name])) for name in sorted(own)),
            gpu_memory(),
            _versions(),
        )

    def settle(self) -> None:
        """Know the same in this process, and nothing more of what it was told before.

        Raises:
            SpecError: A plugin cannot be loaded, or packages have other versions here.
        """
        self._check_versions()
        import_tensorflow()
        from dlsuite.training.devices import say_gpu_memory

        say_gpu_memory(self.gpu_memory)
        sys.path[:] = [*self.search, *(place for place in sys.path if place not in self.search)]
        for path, names in plugin_files().items():
            if path not in self.plugins:
                unregister(names)
        unregister(_told)
        _told.clear()
        load_plugins(self.plugins)
        entries = {name: pickle.loads(entry) for name, entry in self.entries}
        put_entries(entries)
        _told.update(entries)

    def _check_versions(self) -> None:
        here = dict(_versions())
        for package, version in self.versions:
            if here[package] != version:
                raise SpecError(
                    f"machine {platform.node()} has {package} {here[package]}, the run {version}. Results "
                    "would differ by where they were trained: install the same versions everywhere."
                )


_told: set[tuple[str, str]] = set()
"""The nouns and names of what this process was handed as it is."""


def _versions() -> tuple[tuple[str, str | None], ...]:
    return tuple((package, version_of(package)) for package in _PACKAGES)


def _packed(name: tuple[str, str], entry: Any) -> bytes:
    try:
        packed: bytes = cloudpickle.dumps(entry)
    except Exception as error:
        raise SpecError(
            f"{name[0]} {name[1]!r}: it cannot be handed to a worker process ({error}). Register it in a "
            "plugin file, or train in one process."
        ) from error
    return packed


def _is_shipped(entry: Any) -> bool:
    """Whether an entry is one of the suite's own, which every worker has. Those of others have a function."""
    functions = [getattr(entry, key, None) for key in ("builder", "function")]
    return all(function is None or _is_own(function) for function in functions)


def _is_own(function: Any) -> bool:
    """Whether it is a function in one of the suite's modules, and not one that was made for somebody."""
    module = getattr(function, "__module__", None) or ""
    return module.startswith("dlsuite.") and "<locals>" not in getattr(function, "__qualname__", "")
