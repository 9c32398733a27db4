"""Small data sets, registered for the length of a test."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dlsuite.data import Raw, register_data, unregister_data


@contextmanager
def registered(raw: Raw, *, name: str = "small", kind: str = "table", task_type: str) -> Iterator:
    register_data(
        name, kind=kind, task_type=task_type, source="a test", license="CC0-1.0", description="-"
    )(lambda: raw)
    try:
        yield name
    finally:
        unregister_data(name)


@pytest.fixture(scope="session")
def small_data() -> Callable:
    """A context manager: raw data in, its registered name out."""
    return registered


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator:
    """Keras's cache of downloads, empty, and a network that is off."""
    from keras_cache import KerasCache, forget

    forget()
    yield KerasCache(tmp_path, monkeypatch)
    forget()
