"""Plugins: the user's own Python files, which register models, data sets, metrics and losses."""

import hashlib
import importlib.util
import os
import sys
import traceback
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from dlsuite.errors import DlsuiteError, SpecError, closest
from dlsuite.models import model_entry
from dlsuite.quiet import import_tensorflow
from dlsuite.registry import registered, unregister
from dlsuite.spec import found_path


@dataclass(frozen=True)
class _Loaded:
    """A plugin that was run: what its file was then, and what it registered."""

    state: tuple[int, int]
    names: frozenset[tuple[str, str]]


_loaded: dict[Path, _Loaded] = {}


def load_plugins(files: Iterable[str | Path]) -> None:
    """Run plugins, so that what they register can be used by name.

    A plugin runs once in a process; if its file has changed, what it registered is taken out and it runs
    again. Its folder can be imported from while it runs, so that it may be more than one file.

    Args:
        files: Python files; relative ones from the current folder.

    Raises:
        SpecError: A file is not there, raises, or registers nothing.
    """
    for file in files:
        path = Path(os.path.abspath(file))
        if path.suffix != ".py" or not found_path(path).is_file():
            near = [str(other) for other in path.parent.glob("*.py")]
            raise SpecError(
                f"plugin {path}: expected a Python file, ending in '.py'. {closest(str(path), near)}"
            )
        found = path.stat()
        state = (found.st_mtime_ns, found.st_size)
        known = _loaded.get(path)
        if known is not None:
            if known.state == state and known.names <= registered():
                continue
            unregister(known.names)
        _loaded[path] = _Loaded(state, _run(path))


def plugin_files() -> dict[Path, frozenset[tuple[str, str]]]:
    """The plugins that were run in this process, and the nouns and names that each registered."""
    return {path: loaded.names for path, loaded in _loaded.items()}


def check_plugin_models() -> None:
    """Build every model that a plugin registered for small examples, to see that a model comes out.

    Raises:
        SpecError: A builder gives no model, or one whose output does not fit.
    """
    names = [name for loaded in _loaded.values() for noun, name in loaded.names if noun == "model"]
    if names:
        import_tensorflow()
    for name in sorted(names):
        if ("model", name) in registered():
            model_entry(name).try_build()


def _run(path: Path) -> frozenset[tuple[str, str]]:
    before = registered()
    name = f"dlsuite_plugin_{hashlib.sha256(str(path).encode()).hexdigest()[:8]}_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # Where `inspect` finds its source, and pickle its functions.
    sys.path.insert(0, str(path.parent))
    try:
        spec.loader.exec_module(module)
    except BaseException as error:
        unregister(registered() - before)
        del sys.modules[name]
        if not isinstance(error, Exception | SystemExit):
            raise
        raise SpecError(f"plugin {path}{_line_in(path, error)}: {_told(error)}") from error
    finally:
        sys.path.remove(str(path.parent))
    new = registered() - before
    if not new:
        raise SpecError(
            f"plugin {path}: it registers nothing. Put @dlsuite.register_model (or register_data, "
            "register_metric, register_loss) before a function in it."
        )
    return frozenset(new)


def _line_in(path: Path, error: BaseException) -> str:
    """The last line of the plugin's own on the way to an error, as `, line 3`."""
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return f", line {error.lineno}"
    lines = [
        frame.lineno
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename == str(path)
    ]
    return f", line {lines[-1]}" if lines else ""


def _told(error: BaseException) -> str:
    if isinstance(error, DlsuiteError):
        return str(error)
    text = error.msg if isinstance(error, SyntaxError) else str(error)
    return f"it raises {type(error).__name__}: {text}".rstrip(": ")
