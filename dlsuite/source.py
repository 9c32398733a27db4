"""What tells a user's function from another of its name, and where it stands.

Results are kept by the content of a trial. A builder, loss or metric that is changed must not find the
results of what it was before.
"""

import hashlib
import inspect
import traceback
import types
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

_PLAIN = (bool, int, float, complex, str, bytes, type(None))


def source_version(function: Callable[..., Any]) -> str:
    """Hash a function's source, with all that it reads in its own module or closure.

    That is: other functions and classes of the module, and constants (numbers, texts, lists of these),
    however many calls away. What it reads elsewhere counts by name alone.

    Args:
        function: The function; a class or `functools.partial` too.

    Returns:
        16 hexadecimal digits.
    """
    digest = hashlib.sha256()
    seen: set[int] = set()
    waiting = [function]
    while waiting:
        current = waiting.pop(0)
        if isinstance(current, partial):
            digest.update(repr((current.args, sorted(current.keywords.items()))).encode())
            current = current.func
        current = inspect.unwrap(current)
        if id(current) in seen:
            continue
        seen.add(id(current))
        digest.update(_source(current).encode())
        for name, value in _read_by(current):
            if isinstance(value, types.FunctionType | type) and value.__module__ == getattr(
                current, "__module__", None
            ):
                waiting.append(value)
            elif _is_plain(value):
                digest.update(f"{name} = {value!r}".encode())
    return digest.hexdigest()[:16]


def definition_place(function: Callable[..., Any]) -> str:
    """Where a function is defined, as in `plugin.py, line 12`."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    if code is None:
        return f"a {type(function).__name__}"
    return f"{code.co_filename}, line {code.co_firstlineno}"


def call_place(function: Callable[..., Any], error: BaseException) -> str:
    """Where in the function's own file an error was raised in a call of it."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if code is not None and frame.filename == code.co_filename]
    if not own:
        return definition_place(function)
    return f"{own[-1].filename}, line {own[-1].lineno}"


def _source(thing: Any) -> str:
    try:
        return inspect.getsource(thing)
    except (OSError, TypeError):  # Typed into a shell, or an object that can be called.
        if isinstance(thing, type):
            return "".join(_source(method) for method in _methods(thing))
        code = getattr(thing, "__code__", None)
        return (
            repr((code.co_code, code.co_consts)) if code is not None else type(thing).__qualname__
        )


def _read_by(thing: Any) -> Iterator[tuple[str, Any]]:
    """The names that a function or the methods of a class read, with what they stand for now."""
    if isinstance(thing, type):
        for method in _methods(thing):
            yield from _read_by(method)
        return
    code = getattr(thing, "__code__", None)
    if code is None:
        return
    cells = zip(code.co_freevars, getattr(thing, "__closure__", None) or (), strict=False)
    found = {**getattr(thing, "__globals__", {})}
    for name, cell in cells:
        try:
            found[name] = cell.cell_contents
        except ValueError:  # Not filled yet: the function itself, while it is decorated.
            continue
    for name in sorted(_names(code)):
        if name in found:
            yield name, found[name]


def _methods(thing: type) -> list[types.FunctionType]:
    return [value for value in vars(thing).values() if isinstance(value, types.FunctionType)]


def _names(code: types.CodeType) -> set[str]:
    inner = (const for const in code.co_consts if isinstance(const, types.CodeType))
    return {*code.co_names, *code.co_freevars}.union(*map(_names, inner))


def _is_plain(value: Any) -> bool:
    if isinstance(value, tuple | list | set | frozenset):
        return all(map(_is_plain, value))
    if isinstance(value, dict):
        return all(_is_plain(key) and _is_plain(item) for key, item in value.items())
    return isinstance(value, _PLAIN)
