"""Which way the packages depend on each other, and what importing them costs."""

import ast
import importlib.util
import subprocess
import sys
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "dlsuite"

MAY_IMPORT = {
    "errors": set(),
    "atomic": set(),
    "source": set(),
    "cache": set(),
    "compiled": {"cache"},
    "quiet": {"compiled"},
    "progress": set(),
    "registry": {"errors"},
    "spec": {"errors", "registry", "source"},
    "data": {"errors", "cache", "progress", "quiet", "registry", "spec"},
    "models": {"errors", "atomic", "registry", "source", "spec", "data"},
    "training": {"errors", "registry", "source", "spec", "data", "models"},
    "store": {"errors", "atomic", "spec"},
    "analysis": {"errors", "spec"},
    "report": {"errors", "atomic", "analysis"},
    "study": {
        "errors",
        "atomic",
        "cache",
        "compiled",
        "quiet",
        "registry",
        "spec",
        "data",
        "models",
        "training",
        "store",
    }
    | {"analysis", "report"},
    "explanations": {"errors", "quiet", "data", "models", "training", "store", "report", "study"},
    "terminal": {"progress", "study"},
    "cli": {"errors", "progress", "spec", "study", "explanations", "terminal"},
    "__main__": {"cli"},
    "__init__": {"errors", "spec", "data", "models", "study", "explanations"},
}
"""For each room, the rooms that it may import."""

MAY_IMPORT_TENSORFLOW = {"training", "models", "quiet", "data/downloads"}
"""Rooms, and one module: what Keras's own loaders download. `quiet` is the import of TensorFlow itself."""


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports_of(path: Path) -> set[str]:
    """Full names of all modules that a file imports, inside functions as well."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: write imports in full"
            names.add(node.module or "")
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


def test_imports_go_one_way() -> None:
    wrong = []
    for path in sorted(PACKAGE.rglob("*.py")):
        room = room_of(path)
        for name in imports_of(path):
            parts = name.split(".")
            if parts[0] == "dlsuite" and len(parts) > 1:
                target = parts[1]
                known = (PACKAGE / target).is_dir() or (PACKAGE / f"{target}.py").is_file()
                if known and target != room and target not in MAY_IMPORT[room]:
                    wrong.append(f"{path.relative_to(PACKAGE)} imports {name}")
    assert not wrong


def test_only_training_and_the_builders_insides_import_tensorflow() -> None:
    wrong = [
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        if not MAY_IMPORT_TENSORFLOW
        & {room_of(path), str(path.relative_to(PACKAGE).with_suffix(""))}
        and {name.split(".")[0] for name in imports_of(path)} & {"tensorflow", "keras"}
    ]
    assert not wrong


def test_what_is_downloaded_imports_the_loaders_and_nothing_else_of_keras_inside_functions() -> (
    None
):
    path = PACKAGE / "data" / "downloads.py"
    at_the_top = ast.parse(path.read_text()).body
    for node in at_the_top:
        assert not isinstance(node, ast.Import | ast.ImportFrom) or "keras" not in ast.unparse(node)
    named = {name for name in imports_of(path) if name.split(".")[0] in ("tensorflow", "keras")}
    assert named == {"keras", "keras.config", "keras.datasets"}


def test_every_file_is_one_noun_of_bounded_length() -> None:
    lengths = {path: len(path.read_text().splitlines()) for path in PACKAGE.rglob("*.py")}
    assert {path: n for path, n in lengths.items() if n > 350} == {}


def test_listing_planning_and_figures_need_no_tensorflow() -> None:
    code = """
import sys
import dlsuite, dlsuite.cli, dlsuite.data, dlsuite.models, dlsuite.report, dlsuite.analysis
from dlsuite.spec import read_study
from dlsuite.study import find_study, make_plan
from dlsuite.study.listings import listing
dlsuite.list_models()
for what in ("models", "data", "studies", "factors"):
    assert listing(what)
assert make_plan(read_study(find_study("dropout"))).groups
assert not {"tensorflow", "keras"} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_help_imports_nothing_heavy() -> None:
    code = """
import sys
import dlsuite.cli
assert not {"tensorflow", "keras", "pandas", "numpy", "matplotlib", "scipy"} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_benchmarks_import_what_there_is() -> None:
    """They are run by hand, so that nothing else would tell."""
    wrong = []
    for path in sorted((PACKAGE.parent / "benchmarks").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("dlsuite"):
                module = importlib.import_module(node.module or "")
                for alias in node.names:
                    full = f"{node.module}.{alias.name}"
                    if not hasattr(module, alias.name) and not importlib.util.find_spec(full):
                        wrong.append(f"{path.name} imports {full}")
    assert not wrong
