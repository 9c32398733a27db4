"""Worker processes that nobody talks to any more, or not so that they understand: they go."""

import pickle
import subprocess
import sys
from collections.abc import Iterator
from typing import IO

import cloudpickle
import pytest

from dlsuite.study.shared_data import SharedData
from dlsuite.study.worker_processes import _COMMAND


@pytest.fixture
def worker() -> Iterator["subprocess.Popen[bytes]"]:
    """A worker process that has begun."""
    process = subprocess.Popen(
        [sys.executable, "-c", _COMMAND],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    with process:
        tell(process, pickle.dumps(([], 1)))
        yield process
        process.kill()


def tell(worker: "subprocess.Popen[bytes]", message: bytes) -> None:
    assert worker.stdin is not None
    worker.stdin.write(message)
    worker.stdin.flush()


def printed(file: IO[bytes] | None) -> bytes:
    assert file is not None
    return file.read()


@pytest.mark.parametrize("orders", [0, 1])
def test_a_worker_goes_with_its_run(worker: "subprocess.Popen[bytes]", orders: int) -> None:
    """Also where it has an order left, whose data went with the run."""
    gone = SharedData("/proc/0/fd/0", 0, ())
    tell(worker, pickle.dumps((None, cloudpickle.dumps("a job"), gone)) * orders)
    assert worker.stdin is not None and worker.stdout is not None
    worker.stdout.close()
    worker.stdin.close()
    assert worker.wait(timeout=120) == 0
    assert b"Traceback" not in printed(worker.stderr)


def test_a_worker_that_cannot_read_its_orders_says_so_and_goes(
    worker: "subprocess.Popen[bytes]",
) -> None:
    tell(worker, b"cno_such_module\nThing\n.")
    assert worker.wait(timeout=120) == 1
    assert b"No module named 'no_such_module'" in printed(worker.stderr)
