"""Overrides: settings such as `factors.dropout=[0, 0.5]` that replace those of a study's file."""

import tomllib
from collections.abc import Iterable
from typing import Any

from dlsuite.errors import SpecError
from dlsuite.spec.paths import is_path


def apply_override(data: dict[str, Any], override: str) -> None:
    """Set one `a.b=value` in nested dicts and lists.

    Args:
        data: What a study's file holds; it is changed.
        override: The keys, separated by dots, with numbers for the places in a list; `=`; and the value as
            TOML has it, or a text without quotes.

    Raises:
        SpecError: It has no `=`, or there is no such place.
    """
    path, separator, text = override.partition("=")
    keys = [key.strip() for key in path.split(".")]
    if not separator or not all(keys):
        raise SpecError(f"--set {override}: expected key=value, as in factors.dropout=[0,0.5].")
    place: Any = data
    for depth, key in enumerate(keys[:-1]):
        place = _step_into(place, key, where=".".join(keys[: depth + 1]))
    last = _index(place, keys[-1], where=path.strip())
    place[last] = _toml_value(text.strip())


def read_overrides(overrides: Iterable[str]) -> dict[str, Any]:
    """Read settings that stand alone, `key=value` each.

    Raises:
        SpecError: One has no `=`.
    """
    settings: dict[str, Any] = {}
    for override in overrides:
        apply_override(settings, override)
    return settings


def read_lists(overrides: Iterable[str]) -> dict[str, Any]:
    """Read settings with several values each, as in `dropout=0,0.2` or `units=[64],[32,16]`.

    A value is as TOML has it, or a text without quotes; instead of values there can be a range,
    `{ from = 1e-4, to = 1e-1, steps = 4, scale = "log" }`.

    Raises:
        SpecError: One has no `=` or no value.
    """
    lists: dict[str, Any] = {}
    for override in overrides:
        key, separator, text = (part.strip() for part in override.partition("="))
        if not separator or not key or not text:
            raise SpecError(f"{override}: expected key=value,value, as in dropout=0,0.2,0.5.")
        lists[key] = _toml_value(text)
        if not isinstance(lists[key], dict | list):
            several = _toml_value(f"[{text}]")
            split = [_toml_value(part.strip()) for part in text.split(",")]
            lists[key] = several if isinstance(several, list) else split
    return lists


def _step_into(place: Any, key: str, *, where: str) -> Any:
    index = _index(place, key, where=where)
    if isinstance(place, dict):
        # `model = "cnn"` is short for `model = { name = "cnn" }`, which has room for a setting.
        if isinstance(place.get(key), str) and key in ("model", "data"):
            place[key] = {"path" if is_path(place[key]) else "name": place[key]}
        place.setdefault(key, {})
    return place[index]


def _index(place: Any, key: str, *, where: str) -> str | int:
    if isinstance(place, dict):
        return key
    if isinstance(place, list):
        if key.isdecimal() and len(key) < 10 and int(key) < len(place):
            return int(key)
        hint = " The first task is tasks.0." if where.startswith("tasks.") else ""
        raise SpecError(
            f"--set {where}: expected a number from 0 to {len(place) - 1}; got {key!r}.{hint}"
        )
    raise SpecError(f"--set {where}: there is nothing below a {type(place).__name__}.")


def _toml_value(text: str) -> Any:
    """Read a value as TOML, or as the text itself: `--set fixed.optimizer=sgd` needs no quotes."""
    try:
        parsed = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):
        return text
    return parsed["value"] if len(parsed) == 1 else text
