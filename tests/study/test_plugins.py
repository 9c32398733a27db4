"""Plugins: the user's own files, run once, whose mistakes are one clear line."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dlsuite.errors import SpecError
from dlsuite.models import list_models, model_entry
from dlsuite.registry import registered, unregister
from dlsuite.spec import parse_study
from dlsuite.study import load_plugins, make_plan

LINEAR = '''
import dlsuite
{more}
@dlsuite.register_model("{name}", kinds=["table"])
def linear(*, input_shape, outputs, dropout: dlsuite.DropoutRate = 0.0):
    """One layer."""
    import keras

    return keras.Sequential([keras.Input(input_shape), keras.layers.Dense(outputs)])
'''

Writer = Callable[..., Path]


@pytest.fixture
def plugin(tmp_path: Path) -> Iterator[Writer]:
    before = registered()

    def write(text: str = LINEAR, *, file: str = "mine.py", **holes: str) -> Path:
        path = tmp_path / file
        path.write_text(text.format(**{"name": "linear_plugin", "more": "", **holes}))
        later = time.time() + len(list(tmp_path.iterdir())) + path.stat().st_size
        os.utime(path, (later, later))
        return path

    yield write
    unregister(registered() - before)


def test_what_a_plugin_registers_is_found_by_name(plugin: Writer) -> None:
    load_plugins([plugin()])
    assert model_entry("linear_plugin").summary == "One layer."
    assert not model_entry("linear_plugin").is_shipped


def test_a_study_names_plugins_relative_to_itself(plugin: Writer) -> None:
    path = plugin()
    raw = {
        "name": "own",
        "plugins": ["mine.py"],
        "tasks": [{"model": "linear_plugin", "data": "wine"}],
        "factors": {"dropout": [0.0, 0.5]},
    }
    plan = make_plan(parse_study(raw, folder=path.parent))
    assert plan.study.plugins == (str(path),)
    assert len(plan.trials) == 20


def test_a_plugin_runs_once_and_again_when_it_has_changed(plugin: Writer) -> None:
    path = plugin(more="print('ran')")
    load_plugins([path])
    first = model_entry("linear_plugin")
    load_plugins([path])
    assert model_entry("linear_plugin") is first
    plugin(name="renamed_plugin")
    load_plugins([path])
    assert "renamed_plugin" in list_models()
    assert "linear_plugin" not in list_models()


def test_a_plugin_may_import_what_lies_beside_it(plugin: Writer) -> None:
    plugin("WIDTH = 3\n", file="beside_the_plugin.py")
    load_plugins([plugin(more="from beside_the_plugin import WIDTH")])
    assert "linear_plugin" in list_models()
    assert str(plugin().parent) not in sys.path


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "x = 1\n\ny = 1 / 0\n",
            r"mine\.py, line 3: it raises ZeroDivisionError: division by zero",
        ),
        ("x = = 1\n", r"mine\.py, line 1: it raises SyntaxError: invalid syntax"),
        ("import nowhere_at_all\n", r"line 1: it raises ModuleNotFoundError: No module named"),
        ("raise SystemExit(3)\n", r"line 1: it raises SystemExit: 3"),
        ("x = 1\n", r"mine\.py: it registers nothing\. Put @dlsuite\.register_model"),
        (
            'import dlsuite\n@dlsuite.register_model("bad", kinds=["sound"])\ndef f(): pass\n',
            r"mine\.py, line 2: model 'bad': expected kinds among",
        ),
    ],
)
def test_a_plugin_that_cannot_be_used_is_one_clear_line(
    plugin: Writer, text: str, words: str
) -> None:
    before = registered()
    with pytest.raises(SpecError, match=words):
        load_plugins([plugin(text)])
    assert registered() == before


def test_what_a_plugin_registered_before_it_raised_is_taken_out(plugin: Writer) -> None:
    path = plugin(LINEAR + "\nraise ValueError('late')\n")
    with pytest.raises(SpecError, match="line 11: it raises ValueError: late"):
        load_plugins([path])
    assert "linear_plugin" not in list_models()


def test_a_file_that_is_no_plugin_is_refused_with_the_closest_name(plugin: Writer) -> None:
    path = plugin()
    with pytest.raises(SpecError, match=r"plugin .*nime\.py: expected a Python file.*mine\.py"):
        load_plugins([path.parent / "nime.py"])
    with pytest.raises(SpecError, match="expected a Python file"):
        load_plugins([path.parent])


def test_an_installed_package_registers_by_an_entry_point(tmp_path: Path) -> None:
    (tmp_path / "packaged.py").write_text(LINEAR.format(name="from_a_package", more=""))
    info = tmp_path / "packaged-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: packaged\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[dlsuite.plugins]\nmine = packaged\n")
    code = "import dlsuite; print(dlsuite.list_models('from_*'))"

    def run() -> subprocess.CompletedProcess[str]:
        path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
        return subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONPATH": path},
            capture_output=True,
            text=True,
            check=False,
        )

    assert run().stdout == "['from_a_package']\n"
    (tmp_path / "packaged.py").write_text("1 / 0\n")
    assert "plugin 'mine' of packaged: cannot be loaded (ZeroDivisionError" in run().stderr
