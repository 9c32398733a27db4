"""One study started by several processes at once: every trial is trained once, whoever comes late leaves."""

import csv
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_of_several_runs_at_once_one_trains_and_the_others_leave(tmp_path: Path) -> None:
    out = tmp_path / "at_once.csv"
    command = ["-m", "benchmarks.at_once", "--processes", "3", "--rounds", "1", "--out", str(out)]
    done = subprocess.run([sys.executable, *command], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr

    together, after_a_kill = csv.DictReader(out.read_text().splitlines())
    assert (together["killed"], together["trained"]) == ("0", "4")
    for row in (together, after_a_kill):
        assert int(row["ran"]) >= 1 and int(row["ran"]) + int(row["left"]) == 3
