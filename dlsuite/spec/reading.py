"""From a TOML file, a mapping or keyword arguments to a `Study`, and back.

Whatever is wrong with what was written becomes one line that names the file, the key, what was expected
and what came.
"""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from dlsuite.errors import SpecError, closest
from dlsuite.spec.hyperparameters import display
from dlsuite.spec.study import Study, Task
from dlsuite.spec.values import Range


def read_study(path: Path, *, overrides: Sequence[str] = ()) -> Study:
    """Read a study from a TOML file.

    Args:
        path: The file.
        overrides: Settings such as `factors.dropout=[0, 0.5]` that replace the file's.

    Raises:
        SpecError: The file cannot be read, is not TOML or is not a study.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise SpecError(f"{path}: not a text in UTF-8 (byte {error.start}).") from error
    except OSError as error:
        raise SpecError(f"{path}: cannot be read ({error.strerror}).") from error
    except ValueError as error:
        raise SpecError(f"{str(path)!r}: cannot be read ({error}).") from error
    try:
        raw = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # A ValueError, too, is a number of 5,000 digits.
        raise SpecError(f"{path}: not valid TOML: {error}.") from error
    return parse_study(raw, source=str(path), overrides=overrides)


def parse_study(
    raw: Mapping[str, Any], *, source: str = "study", overrides: Sequence[str] = ()
) -> Study:
    """Make a study of a mapping such as a TOML file holds.

    Args:
        raw: The mapping; it is not changed.
        source: Where it comes from, for messages.
        overrides: Settings such as `seeds=3` that replace its own.

    Raises:
        SpecError: It is not a study.
    """
    try:
        data: Any = _copy(raw)
        for override in overrides:
            _override(data, override)
        return Study.model_validate(data)
    except ValidationError as error:
        raise SpecError(f"{source}: {_first_line(error)}") from error
    except RecursionError as error:
        raise SpecError(f"{source}: lists are nested too deep.") from error


def write_study(study: Study) -> str:
    """Write a study as TOML that `read_study` reads back to an equal one."""
    import tomlkit

    return tomlkit.dumps(study.as_dict())


def study_schema() -> dict[str, Any]:
    """The JSON schema of a study file, with which editors complete and check it."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Study.model_json_schema(mode="validation"),
    }


def _override(data: dict[str, Any], override: str) -> None:
    """Set one `a.b=value` in nested dicts and lists."""
    path, separator, text = override.partition("=")
    keys = [key.strip() for key in path.split(".")]
    if not separator or not all(keys):
        raise SpecError(f"--set {override}: expected key=value, as in factors.dropout=[0,0.5].")
    place: Any = data
    for depth, key in enumerate(keys[:-1]):
        place = _step_into(place, key, where=".".join(keys[: depth + 1]))
    last = _index(place, keys[-1], where=path.strip())
    place[last] = _toml_value(text.strip())


def _step_into(place: Any, key: str, *, where: str) -> Any:
    index = _index(place, key, where=where)
    if isinstance(place, dict):
        # `model = "cnn"` is short for `model = { name = "cnn" }`, which has room for a setting.
        if isinstance(place.get(key), str) and key in ("model", "data"):
            place[key] = {"name": place[key]}
        place.setdefault(key, {})
    return place[index]


def _index(place: Any, key: str, *, where: str) -> str | int:
    if isinstance(place, dict):
        return key
    if isinstance(place, list):
        if key.isdecimal() and len(key) < 10 and int(key) < len(place):
            return int(key)
        raise SpecError(
            f"--set {where}: expected a number from 0 to {len(place) - 1}; got {key!r}."
        )
    raise SpecError(f"--set {where}: there is nothing below a {type(place).__name__}.")


def _toml_value(text: str) -> Any:
    """Read a value as TOML, or as the text itself: `--set fixed.optimizer=sgd` needs no quotes."""
    try:
        parsed = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):
        return text
    return parsed["value"] if len(parsed) == 1 else text


def _copy(raw: Any) -> Any:
    if isinstance(raw, Mapping):
        return {key: _copy(value) for key, value in raw.items()}
    if isinstance(raw, list | tuple):
        return [_copy(value) for value in raw]
    return raw


def _first_line(error: ValidationError) -> str:
    """The most telling of pydantic's findings in one line: the key, what was expected, what came."""
    finding = min(error.errors(), key=lambda finding: finding["type"] != "extra_forbidden")
    steps = [str(step) for step in finding["loc"]]
    # Down to a setting's name every step is a key, whatever it is called.
    certain = 4 if steps[:1] == ["tasks"] else 2
    keys = steps[:certain] + [step for step in steps[certain:] if not _is_a_branch(step)]
    where = ".".join(keys)
    if finding["type"] == "extra_forbidden":
        return f"unknown key {where!r}. {closest(keys[-1], _known_beside(keys))}"
    if finding["type"] == "missing":
        return f"{where!r} is missing."
    message = finding["msg"].removeprefix("Value error, ")
    if not where:
        return f"{message}."
    if len(keys) < len(steps):
        expected = "expected true, false, a number, a text or a list of these"
    elif finding["type"] in _EXPECTED:
        expected = "expected " + _EXPECTED[finding["type"]]
    else:
        expected = message[0].lower() + message[1:]
    return f"{where}: {expected}; got {_shorten(display(finding['input']))}."


_EXPECTED = {
    "dict_type": "a table of settings",
    "finite_number": "a finite number",
    "int_from_float": "a whole number",
    "int_type": "a whole number",
    "float_type": "a number",
    "model_type": "a table of settings",
    "string_type": "a text",
    "too_short": "at least one entry",
    "tuple_type": "a list",
}


def _known_beside(keys: Sequence[str]) -> list[str]:
    """The keys that a study knows at the place of an unknown one."""
    if len(keys) == 1:
        return list(Study.model_fields)
    if keys[0] == "tasks":
        return list(Task.model_fields)
    return [field.alias or name for name, field in Range.model_fields.items()]


def _is_a_branch(step: str) -> bool:
    """Whether a step of pydantic's path names a branch of a union or a validator, not a key."""
    return step in ("bool", "int", "float", "str", "constrained-str") or "[" in step


def _shorten(text: str, limit: int = 80) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"
