"""The machine: its hardware, the versions on it, and its rate of multiplying matrices.

Run as a program, `python -m benchmarks.machine`, it measures the rate, in a process without anything else.
"""

import json
import os
import platform
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from typing import Any

PACKAGES = ("dlsuite", "tensorflow", "keras", "keras-tuner", "torch", "jax", "jaxlib", "numpy")
"""What is asked for its version."""
SIDE = 1024
"""Rows and columns of the matrices."""


def describe_machine() -> dict[str, Any]:
    """Processor, memory, system, versions (none if not installed), and how busy the machine is."""
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "load": round(os.getloadavg()[0], 2),
        "versions": {name: _version(name) for name in PACKAGES},
    }


def matmul_gflops(repeats: int = 40) -> float:
    """Measure float32 products of two square matrices by TensorFlow, on all cores.

    Args:
        repeats: How many are timed; the median counts.
    """
    import tensorflow as tf

    left, right = (tf.random.stateless_normal([SIDE, SIDE], [0, seed]) for seed in (0, 1))
    seconds = []
    for _ in range(repeats + 5):
        began = time.perf_counter()
        tf.linalg.matmul(left, right).numpy()
        seconds.append(time.perf_counter() - began)
    return 2 * SIDE**3 / median(seconds[5:]) / 1e9


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or "unknown"
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or "unknown"


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


if __name__ == "__main__":
    print(json.dumps({"matmul_gflops": matmul_gflops()}))
