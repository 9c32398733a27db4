"""What pydantic found, in words: one line that names the key, what was expected and what came."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from dlsuite.errors import closest
from dlsuite.spec.hyperparameters import display

_EXPECTED = {
    "bool_type": "true or false",
    "dict_type": "a table of settings",
    "finite_number": "a finite number",
    "float_type": "a number",
    "greater_than": "a number above {gt}",
    "greater_than_equal": "a number, at least {ge}",
    "int_from_float": "a whole number",
    "int_type": "a whole number",
    "less_than": "a number below {lt}",
    "less_than_equal": "a number, at most {le}",
    "literal_error": "{expected}",
    "model_type": "a table of settings",
    "string_type": "a text",
    "too_short": "at least one entry",
    "tuple_type": "a list",
}


def first_line(error: ValidationError, *, known: Mapping[str, Sequence[str]]) -> str:
    """Say the most telling of the findings.

    Args:
        error: What pydantic raised for a study.
        known: The keys that there are: at the top under `""`, in a task under `"tasks"`, in a range under
            `"range"`.
    """
    finding = min(error.errors(), key=lambda finding: finding["type"] != "extra_forbidden")
    steps = [str(step) for step in finding["loc"]]
    # Down to a setting's name every step is a key, whatever it is called.
    certain = 4 if steps[:1] == ["tasks"] else 2
    keys = steps[:certain] + [step for step in steps[certain:] if not _is_a_branch(step)]
    where = ".".join(keys)
    if finding["type"] == "extra_forbidden":
        beside = "" if len(keys) == 1 else "tasks" if keys[0] == "tasks" else "range"
        return f"unknown key {where!r}. {closest(keys[-1], known[beside])}"
    if finding["type"] == "missing":
        return f"{where!r} is missing."
    if not where:
        return f"{_message(finding)}."
    if len(keys) < len(steps):
        expected = "expected true, false, a number, a text or a list of these"
    elif finding["type"] in _EXPECTED:
        expected = "expected " + _EXPECTED[finding["type"]].format(**finding.get("ctx", {}))
    else:
        message = _message(finding)
        expected = message[0].lower() + message[1:]
    return f"{where}: {expected}; got {_shorten(display(finding['input']))}."


def _message(finding: Mapping[str, Any]) -> str:
    return str(finding["msg"]).removeprefix("Value error, ")


def _is_a_branch(step: str) -> bool:
    """Whether a step of pydantic's path names a branch of a union or a validator, not a key."""
    return step in ("bool", "int", "float", "str", "constrained-str") or "[" in step


def _shorten(text: str, limit: int = 80) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"
