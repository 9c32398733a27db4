"""What tells a user's function from another of its name."""

import functools
import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

from dlsuite.source import definition_place, source_version

MODULE = """
import math
WIDTH = 8
LISTED = [1, {{"a": 2}}]
def helper(x):
    return deeper(x) + {helper}
def deeper(x):
    return x * {deeper}
class Block:
    def call(self, x):
        return x - {block}
def build(units={units}):
    return helper(Block().call(units)) + math.pi * WIDTH + LISTED[0]
def stranger():
    return {stranger}
"""
BEGINNING: dict[str, Any] = {"helper": 1, "deeper": 2, "block": 3, "units": 4, "stranger": 5}


def module(folder: Path, **changes: Any) -> ModuleType:
    folder.mkdir(exist_ok=True)
    path = folder / "mine.py"
    path.write_text(MODULE.format(**BEGINNING | changes))
    spec = importlib.util.spec_from_file_location("mine", path)
    assert spec is not None and spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def test_the_same_source_has_the_same_version_wherever_it_stands(tmp_path: Path) -> None:
    versions = {source_version(module(tmp_path / name).build) for name in ("here", "there")}
    assert len(versions) == 1


def test_a_change_of_what_it_calls_however_deep_is_a_change(tmp_path: Path) -> None:
    first = source_version(module(tmp_path / "first").build)
    for key in ("helper", "deeper", "block", "units"):
        changed = module(tmp_path / key, **{key: 9})
        assert source_version(changed.build) != first, key
    assert source_version(module(tmp_path / "stranger", stranger=9).build) == first


def test_a_constant_that_it_reads_counts(tmp_path: Path) -> None:
    made = module(tmp_path / "constant")
    first = source_version(made.build)
    made.WIDTH = 9
    assert source_version(made.build) != first


def test_a_closure_and_the_arguments_of_a_partial_count() -> None:
    def maker(width: int) -> Any:
        def build() -> int:
            return width

        return build

    def plain(width: int) -> int:
        return width

    assert source_version(maker(1)) != source_version(maker(2))
    assert source_version(maker(1)) == source_version(maker(1))
    one, two = functools.partial(plain, 1), functools.partial(plain, 2)
    assert len({source_version(one), source_version(two), source_version(plain)}) == 3


def test_functions_that_call_each_other_end() -> None:
    def first() -> Any:
        return second

    def second() -> Any:
        return first

    assert len(source_version(first)) == 16


def test_a_function_without_a_file_has_a_version() -> None:
    names: dict[str, Any] = {}
    exec("def build():\n    return 1\ndef other():\n    return 2", names)
    assert source_version(names["build"]) != source_version(names["other"])
    assert source_version(len) != source_version(names["build"])


def test_a_place_names_file_and_line(tmp_path: Path) -> None:
    assert definition_place(module(tmp_path / "place").deeper).endswith("mine.py, line 7")
    assert definition_place(len) == "a builtin_function_or_method"
