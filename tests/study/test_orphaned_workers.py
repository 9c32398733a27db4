"""Worker processes whose run was killed: they go, whatever they were at."""

import pickle
import subprocess
import sys

import cloudpickle
import pytest

from dlsuite.study.shared_data import SharedData
from dlsuite.study.worker_processes import _COMMAND


@pytest.mark.parametrize("orders", [0, 1])
def test_a_worker_goes_with_its_run(orders: int) -> None:
    """Also where it has an order left, whose data went with the run."""
    worker = subprocess.Popen(
        [sys.executable, "-c", _COMMAND],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert worker.stdin is not None and worker.stdout is not None
    gone = SharedData("/proc/0/fd/0", 0, ())
    worker.stdin.write(pickle.dumps(([], 1)))
    worker.stdin.write(pickle.dumps((None, cloudpickle.dumps("a job"), gone)) * orders)
    worker.stdout.close()
    worker.stdin.close()
    with worker:
        try:
            assert worker.wait(timeout=120) == 0
        finally:
            worker.kill()
        assert worker.stderr is not None
        assert b"Traceback" not in worker.stderr.read()
