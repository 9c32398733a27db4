"""From a TOML file, a mapping or keyword arguments to a `Study`, and back.

Whatever is wrong with what was written becomes one line that names the file, the key, what was expected
and what came.
"""

import os
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dlsuite.errors import SpecError
from dlsuite.spec.overrides import apply_override
from dlsuite.spec.paths import relative_path
from dlsuite.spec.study import Study


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
    return parse_study(raw, source=str(path), overrides=overrides, folder=path.parent)


def parse_study(
    raw: Mapping[str, Any],
    *,
    source: str = "study",
    overrides: Sequence[str] = (),
    folder: Path | None = None,
) -> Study:
    """Make a study of a mapping such as a TOML file holds.

    Args:
        raw: The mapping; it is not changed.
        source: Where it comes from, for messages.
        overrides: Settings such as `seeds=3` that replace its own.
        folder: What relative paths in it start from; they stay as they are if absent.

    Raises:
        SpecError: It is not a study.
    """
    try:
        data: Any = _copy(raw)
        for override in overrides:
            apply_override(data, override)
        study = _make(data, source)
    except RecursionError as error:
        raise SpecError(f"{source}: lists are nested too deep.") from error
    if folder is None:
        return study
    return study.with_paths(lambda path: os.path.abspath(folder / path))


def write_study(study: Study, *, folder: Path | None = None) -> str:
    """Write a study as TOML that `read_study` reads back to an equal one.

    Args:
        study: The study.
        folder: Where the file will stand: paths are written relative to it; as they are if absent.
    """
    import tomlkit

    if folder is not None:
        start = folder
        study = study.with_paths(lambda path: relative_path(path, start))
    return tomlkit.dumps(study.as_dict())


def study_schema() -> dict[str, Any]:
    """The JSON schema of a study file, with which editors complete and check it."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Study.model_json_schema(mode="validation"),
    }


def _make(data: Mapping[str, Any], source: str) -> Study:
    try:
        return Study(**data)
    except SpecError as error:
        raise SpecError(f"{source}: {error}") from error


def _copy(raw: Any) -> Any:
    if isinstance(raw, Mapping):
        return {key: _copy(value) for key, value in raw.items()}
    if isinstance(raw, list | tuple):
        return [_copy(value) for value in raw]
    return raw
