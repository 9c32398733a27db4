"""Runs that are interrupted and killed, as processes of their own: what they say, and what is kept."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

STUDY = """
name = "long"
seeds = 2
epochs = {epochs}
[[tasks]]
model = {{ name = "mlp", units = 4 }}
data = {{ name = "wine", train_size = 40 }}
[factors]
dropout = [0.0, 0.5]
batch_norm = [false, true]
"""
RUN = """
import sys
from dlsuite.study import keeping
keeping.SECONDS = 0.2
from dlsuite.cli import main
main()
"""


@pytest.fixture
def begin(tmp_path: Path):
    """Begins a run, in a process of its own."""
    running: list[subprocess.Popen[str]] = []

    def start(epochs: int, out: str = "out") -> subprocess.Popen[str]:
        study = tmp_path / "long.toml"
        study.write_text(STUDY.format(epochs=epochs))
        command = [sys.executable, "-c", RUN, "run", str(study), "--no-report"]
        running.append(
            subprocess.Popen(
                [*command, "--out", str(tmp_path / out)],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                start_new_session=True,
            )
        )
        return running[-1]

    yield start
    for process in running:
        if process.poll() is None:
            process.kill()
        process.communicate()


def wait_for(process: subprocess.Popen[str], folder: Path, pattern: str) -> None:
    """Wait until a file is there."""
    for _ in range(3000):
        if list(folder.glob(pattern)):
            return
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    raise AssertionError(f"no {pattern} in {folder}")


def tables(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("*.csv")}


def test_a_run_that_is_stopped_and_killed_ends_with_the_bytes_of_one_that_is_not(
    begin, tmp_path: Path
) -> None:
    epochs = 1500
    whole = begin(epochs, "whole")
    assert whole.wait() == 0
    study = tmp_path / "out" / "long"

    stopped = begin(epochs)
    wait_for(stopped, study, "checkpoints/*.npz")
    stopped.send_signal(signal.SIGINT)
    _, said = stopped.communicate()
    assert stopped.returncode == 130
    assert "Stopping at the end of the epoch; interrupt again to stop at once." in said
    assert (
        "Interrupted. What is finished is kept, and how far the rest has come: go on with" in said
    )
    assert list(study.glob("checkpoints/*.npz"))
    before = {path.name: path.stat().st_mtime_ns for path in study.glob("checkpoints/*.npz")}

    killed = begin(epochs)
    for _ in range(3000):
        now = {path.name: path.stat().st_mtime_ns for path in study.glob("checkpoints/*.npz")}
        if now != before or killed.poll() is not None:
            break
        time.sleep(0.05)
    os.killpg(killed.pid, signal.SIGKILL)
    assert killed.wait() == -signal.SIGKILL

    resumed = begin(epochs)
    assert resumed.wait() == 0, resumed.communicate()
    assert tables(study) == tables(tmp_path / "whole" / "long")
    assert not (study / "checkpoints").exists()
    assert not (study / "rejected").exists()


def test_a_second_interrupt_stops_at_once(begin, tmp_path: Path) -> None:
    process = begin(100_000)
    wait_for(process, tmp_path / "out" / "long", "checkpoints/*.npz")
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "go on with the same command" in said
    assert "Traceback" not in said
