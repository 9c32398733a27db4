"""What a run ran on: versions, hardware, the command, the commit, the times."""

import importlib.metadata
import json
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dlsuite.training.lanes import threads

_PACKAGES = (
    "dlsuite",
    "tensorflow",
    "keras",
    "numpy",
    "pandas",
    "scikit-learn",
    "scipy",
    "matplotlib",
)


def describe_run(*, started: float, finished: float, trained: int) -> dict[str, Any]:
    """Describe a run.

    Args:
        started: When it began, in seconds since the epoch.
        finished: When it ended.
        trained: How many trials it trained.
    """
    return {
        "started": _iso(started),
        "finished": _iso(finished),
        "seconds": round(finished - started, 1),
        "trained": trained,
        "command": " ".join([Path(sys.argv[0]).name, *sys.argv[1:]]),
        "commit": _commit(),
        "python": platform.python_version(),
        "packages": {name: version_of(name) for name in _PACKAGES},
        "system": platform.platform(),
        "processor": processor(),
        "cores": os.cpu_count(),
        **_computing(),
    }


def read_runs(path: Path) -> list[dict[str, Any]]:
    """Read the runs that `environment.json` lists, in their order.

    A file that is missing or cannot be read counts as empty: it explains results, it does not hold them.
    """
    try:
        runs = json.loads(path.read_text(encoding="utf-8"))["runs"]
        return [run for run in runs if isinstance(run, dict)]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def add_run(previous: list[dict[str, Any]], run: dict[str, Any]) -> str:
    """Write runs as JSON, a new one behind those that there were."""
    return json.dumps({"runs": [*previous, run]}, indent=2) + "\n"


def _computing() -> dict[str, Any]:
    """What TensorFlow computes with; nothing where it was not needed."""
    return {"threads": threads(), "devices": names} if (names := devices()) else {}


def devices() -> list[str]:
    """What populations train on; nothing where TensorFlow was not needed."""
    if "tensorflow" not in sys.modules:
        return []
    from dlsuite.training.devices import device_names

    return device_names()


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def version_of(package: str) -> str | None:
    """The version of an installed package; None where it is not installed under that name."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _commit() -> str | None:
    """The commit of the suite's own checkout, if it runs from one."""
    here = Path(__file__).resolve().parents[2]
    if not (here / ".git").exists():
        return None
    try:
        done = subprocess.run(
            ["git", "-C", str(here), "describe", "--always", "--dirty", "--abbrev=12"],
            capture_output=True,
            text=True,
            timeout=5,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None


def processor() -> str:
    """The processor's name."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(
            line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")
        )
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
