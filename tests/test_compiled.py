"""The compilation cache: what is damaged is compiled again, and results never change."""

import os
import platform
import re
import subprocess
import sys
from pathlib import Path

import pytest

from dlsuite import compiled
from dlsuite.compiled import CACHE_VARIABLE, give_compiled_back, keep_compiled, share_compiled

PROGRAM = """
from dlsuite.study import run
from dlsuite.spec import parse_study
import sys
task = {"model": {"name": "mlp", "units": 4}, "data": {"name": "wine", "train_size": 40}}
study = parse_study({"name": "small", "seeds": 2, "epochs": 2, "tasks": [task],
                     "factors": {"dropout": [0.0, 0.5]}})
run(study, out=sys.argv[1])
"""


FLAG = "--tf_xla_persistent_cache_directory"


@pytest.fixture(autouse=True)
def _own_folders(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of this process are what they were, after each test."""
    monkeypatch.setattr(compiled, "_folders", compiled._folders)


def tables(out: Path, cache: str, program: str = PROGRAM) -> dict[str, bytes]:
    environment = {k: v for k, v in os.environ.items() if k != "TF_XLA_FLAGS"}
    subprocess.run(
        [sys.executable, "-c", program, str(out)],
        check=True,
        env=environment | {CACHE_VARIABLE: cache},
        capture_output=True,
    )
    folder = out / "small"
    return {n: (folder / n).read_bytes() for n in ("trials.csv", "curves.csv", "layers.csv")}


def entries(cache: Path) -> list[Path]:
    return sorted(p for p in cache.glob("*/*.pb") if not p.parent.name.startswith("process-"))


def test_a_cold_a_warm_and_a_damaged_cache_give_the_same_bytes(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    # Left by a process that was killed; no process has a number as high.
    node = re.sub(r"[^A-Za-z0-9.]", ".", platform.node())
    (cache / f"process-{node}-{2**22 + 1}-left").mkdir(parents=True)
    cold = tables(tmp_path / "cold", str(cache))
    kept = {entry.name: entry.stat().st_mtime_ns for entry in entries(cache)}
    assert len(kept) >= 2
    assert not list(cache.glob("process-*"))
    assert tables(tmp_path / "warm", str(cache)) == cold
    assert {entry.name: entry.stat().st_mtime_ns for entry in entries(cache)} == kept
    flipped, cut = entries(cache)[:2]
    content = bytearray(flipped.read_bytes())
    content[len(content) // 2] ^= 0xFF
    flipped.write_bytes(content)
    cut.write_bytes(cut.read_bytes()[:100])
    assert tables(tmp_path / "damaged", str(cache)) == cold
    # Both were compiled again; what the compiler writes need not be the same to the byte.
    assert len(entries(cache)) == len(kept)


@pytest.mark.parametrize("chosen", ["off", "OFF"])
def test_it_can_be_switched_off(chosen: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CACHE_VARIABLE, chosen)
    monkeypatch.delenv("TF_XLA_FLAGS", raising=False)
    keep_compiled()
    assert "TF_XLA_FLAGS" not in os.environ


def test_a_folder_that_cannot_be_made_is_done_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "file"))
    monkeypatch.delenv("TF_XLA_FLAGS", raising=False)
    keep_compiled()
    assert "TF_XLA_FLAGS" not in os.environ


def test_a_parents_private_folder_is_not_taken_for_the_users(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TF_XLA_FLAGS", f"--other {FLAG}={tmp_path}/process-parent-1-x")
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "own"))
    keep_compiled()
    other, given = os.environ["TF_XLA_FLAGS"].split()
    assert other == "--other"
    assert given.startswith(f"{FLAG}={tmp_path}/own/process-")


def test_the_users_own_folder_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flag = f"{FLAG}={tmp_path}"
    monkeypatch.setenv("TF_XLA_FLAGS", flag)
    keep_compiled()
    assert os.environ["TF_XLA_FLAGS"] == flag


def begin(cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Begin as another process would; gives its own folder."""
    monkeypatch.setenv(CACHE_VARIABLE, str(cache))
    monkeypatch.delenv("TF_XLA_FLAGS", raising=False)
    keep_compiled()
    return Path(os.environ["TF_XLA_FLAGS"].removeprefix(f"{FLAG}="))


def test_processes_that_run_share_what_they_compile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = begin(tmp_path, monkeypatch)
    of_one = compiled._folders
    other = begin(tmp_path, monkeypatch)
    (other / "module_a.pb").write_bytes(b"compiled")
    share_compiled()
    [entry] = entries(tmp_path)
    (entry.parent / "module_b.0123456789abcdef.pb").write_bytes(b"damaged")

    monkeypatch.setattr(compiled, "_folders", of_one)
    share_compiled()
    share_compiled()

    assert [(path.name, path.read_bytes()) for path in one.iterdir()] == [
        ("module_a.pb", b"compiled")
    ]
    assert entries(tmp_path) == [entry]
    give_compiled_back()
    assert not one.exists()
    assert entry.read_bytes() == b"compiled"


def test_nothing_is_shared_where_nothing_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "_folders", None)
    share_compiled()
    give_compiled_back()


def test_what_a_worker_has_compiled_is_kept(tmp_path: Path) -> None:
    program = PROGRAM.replace(
        "run(study, out=sys.argv[1])",
        """
from dlsuite.study import CrewExecutor, WorkerProcesses
with CrewExecutor(WorkerProcesses(1)) as executor:
    run(study, out=sys.argv[1], executor=executor)
""",
    )
    cache = tmp_path / "cache"
    tables(tmp_path / "cold", str(cache), program)
    kept = {entry.name: entry.stat().st_mtime_ns for entry in entries(cache)}
    assert len(kept) >= 2
    assert not list(cache.glob("process-*"))
    tables(tmp_path / "warm", str(cache), program)
    assert {entry.name: entry.stat().st_mtime_ns for entry in entries(cache)} == kept
