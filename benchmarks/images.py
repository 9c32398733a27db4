"""Folders of images: how long the first load takes, which decodes them, and a later one, which does not.

    python -m benchmarks.images            # 60,000 JPEGs of 32 x 32 and 2,000 of 640 x 480: some minutes

Each folder is made in a temporary place, with a cache of its own, and loaded in processes of their own: for
the first time, again, and once more after all files were touched, when they are read but not decoded. Times
are of `images_from_folder` alone, the listing included; memory is the process's highest, and what of it came
with the load. Where others use the processors, look at the processor's seconds rather than the clock's.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

OUT = Path(__file__).parent / "results" / "images.csv"
FOLDERS = {
    "small": {"images": 60_000, "width": 32, "height": 32, "format": "jpg"},
    "photos": {"images": 2_000, "width": 640, "height": 480, "format": "jpg"},
    "png": {"images": 20_000, "width": 28, "height": 28, "format": "png"},
}
CLASSES = 10
LOAD = """
import json, resource, sys, time
from dlsuite.data.image_folders import images_from_folder
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
before, began, used = peak(), time.perf_counter(), time.process_time()
arrays = images_from_folder(sys.argv[1])
seconds, cpu = time.perf_counter() - began, time.process_time() - used
print(json.dumps({
    "images": len(arrays.y), "seconds": seconds, "cpu_seconds": cpu,
    "images_per_second": len(arrays.y) / seconds, "images_per_cpu_second": len(arrays.y) / cpu,
    "peak_mib": peak(), "more_mib": peak() - before, "array_mib": arrays.xs[0].nbytes / 2**20,
}))
"""


def main() -> None:
    """Make every folder that is asked for, load it three times, and write a row for each load."""
    given = _arguments()
    rows = []
    for name in given.folders:
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place) / "images"
            _make(folder, **FOLDERS[name])
            for load in ("first", "second", "touched"):
                if load == "touched":
                    for path in folder.rglob("*.*"):
                        os.utime(path)
                found = _load(folder, Path(place) / "cache")
                # How many processes want the processors: on a quiet machine 1 to 2 of them are ours.
                rows.append({"folder": name, "load": load, **found, "wanting": os.getloadavg()[0]})
                print(
                    pd.DataFrame(rows[-1:]).to_string(index=False, header=len(rows) == 1),
                    flush=True,
                )
    pd.DataFrame(rows).to_csv(given.out, index=False, float_format="%.2f", lineterminator="\n")


def _make(folder: Path, *, images: int, width: int, height: int, format: str) -> None:
    """Smooth images with some noise, as photographs are, a tenth of them in each class."""
    from PIL import Image

    rng = np.random.default_rng(0)
    for name in range(CLASSES):
        (folder / str(name)).mkdir(parents=True)
        base = rng.integers(0, 128, (8, 8, 3), dtype=np.uint8)
        for number in range(images // CLASSES):
            pixels = base + rng.integers(0, 128, (8, 8, 3), dtype=np.uint8)
            image = Image.fromarray(pixels).resize((width, height))
            image.save(folder / str(name) / f"{number:05}.{format}")


def _load(folder: Path, cache: Path) -> dict[str, Any]:
    """Load a folder in a process of its own."""
    said = subprocess.run(
        [sys.executable, "-c", LOAD, str(folder)],
        env={**os.environ, "XDG_CACHE_HOME": str(cache)},
        check=True,
        capture_output=True,
        text=True,
    )
    found: dict[str, Any] = json.loads(said.stdout)
    return found


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.images")
    parser.add_argument("--folders", nargs="+", choices=list(FOLDERS), default=list(FOLDERS))
    parser.add_argument("--out", type=Path, default=OUT)
    return parser.parse_args()


if __name__ == "__main__":
    main()
