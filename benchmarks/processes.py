"""Child processes: started from the project's folder, on the processor only, timed from outside."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
"""Where `python -m benchmarks` finds this package."""


class ChildError(Exception):
    """A child process failed; the message ends with what it said last."""


def run_module(
    module: str, arguments: Sequence[str] = (), *, settings: Mapping[str, str] | None = None
) -> tuple[str, float]:
    """Run `python -m module` to its end. The suite's cache of compiled graphs is off.

    Args:
        module: The module's name.
        arguments: Its arguments.
        settings: Environment variables that differ from those of all children.

    Returns:
        What it printed, and its seconds from start to exit.

    Raises:
        ChildError: It failed.
    """
    environment = os.environ | {
        "CUDA_VISIBLE_DEVICES": "",
        "DLSUITE_COMPILATION_CACHE": "off",
        "JAX_PLATFORMS": "cpu",
        "KERAS_BACKEND": "tensorflow",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        **(settings or {}),
    }
    began = time.perf_counter()
    child = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.perf_counter() - began
    if child.returncode:
        said = "\n".join(child.stderr.splitlines()[-12:])
        raise ChildError(f"{module} {' '.join(arguments)}: exit code {child.returncode}\n{said}")
    return child.stdout, seconds


def json_of(module: str, arguments: Sequence[str] = ()) -> dict[str, Any]:
    """Run a module whose last line is JSON; its seconds are added as `process_s`."""
    printed, seconds = run_module(module, arguments)
    return {**json.loads(printed.splitlines()[-1]), "process_s": seconds}
