"""Data sets that are held once for a run and its worker processes, and what is left of them: nothing."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import numpy as np
import pytest
from executor_contract import TWO, Watching, pets, tables

from dlsuite.data import Dataset, Gathered
from dlsuite.errors import DataError
from dlsuite.spec import Study
from dlsuite.study import CrewExecutor, InProcessExecutor, Job, make_plan, run, shared_data
from dlsuite.study.at_hand import data_at_hand
from dlsuite.study.run import trial_keys
from dlsuite.study.setups import load
from dlsuite.study.shared_data import SharedData, SharedDataSets
from dlsuite.study.trial import Trial
from dlsuite.study.worker_processes import WorkerProcesses
from dlsuite.training.examples import place
from dlsuite.training.objective import Objective

Make = Callable[..., Study]


@pytest.fixture(scope="module")
def processes() -> Iterator[CrewExecutor]:
    with CrewExecutor(WorkerProcesses(1)) as executor:
        yield executor


@pytest.fixture
def sets() -> Iterator[SharedDataSets]:
    made = SharedDataSets()
    yield made
    made.clear()


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of temporary files."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture(params=["without a name", "with a name"])
def named(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether the system knows files by their names only."""
    if request.param == "with a name":
        monkeypatch.setattr(shared_data, "_nameless", lambda descriptor: None)
        return True
    if not Path("/proc/self/fd").is_dir():
        pytest.skip("this system knows files by their names only")
    return False


@pytest.fixture
def people(tmp_path: Path) -> Path:
    path = tmp_path / "people.csv"
    rows = "".join(f"{i * 7 % 50},{i / 3},{'ab'[i % 2]}\n" for i in range(100))
    path.write_text("x,y,z\n" + rows)
    return path


@pytest.fixture
def study(small: Make, people: Path) -> Study:
    """Two populations on one table of the user's."""
    data = {"path": str(people), "target": "z"}
    return small(
        tasks=[{"model": {"name": "mlp", "units": 4}, "data": data}],
        factors={"batch_size": [16, 32]},
    )


def trial_of(study: Study) -> Trial:
    return make_plan(study).trials[0]


def shared(study: Study, sets: SharedDataSets) -> SharedData:
    found = sets.of(trial_of(study), pytest.fail)
    assert found is not None
    return found


def same(one: Dataset, other: Dataset) -> bool:
    return all(
        np.array_equal(getattr(getattr(one, split), field), getattr(getattr(other, split), field))
        for split in ("train", "validation", "test")
        for field in ("x", "y")
    )


def jobs_of(study: Study) -> list[Job]:
    """A population for each structural group."""
    plan = make_plan(study)
    keys, _ = trial_keys(plan)
    place = {id(trial): position for position, trial in enumerate(plan.trials)}
    return [Job(group, tuple(keys[place[id(trial)]] for trial in group)) for group in plan.groups]


def test_workers_need_the_users_file_no_more_once_a_run_has_loaded_it(
    study: Study, processes: CrewExecutor, executor: InProcessExecutor, people: Path
) -> None:
    jobs = jobs_of(study)
    expected = {part.name: part for part in executor.run(jobs, Watching())}
    watcher = Watching(lambda trials: people.unlink(missing_ok=True))

    parts = list(processes.run(jobs, watcher))

    assert not people.exists() and not watcher.lines
    assert len(parts) == len(expected) == 2
    assert {part.name: part for part in parts} == expected


def test_all_processes_train_on_the_file_itself(
    study: Study, named: bool, sets: SharedDataSets
) -> None:
    found = shared(study, sets)
    there, here = found.open(), load(trial_of(study))
    assert there.fingerprint == here.fingerprint and same(there, here)
    examples = place(there, Objective("classification"))

    # Behind what is pickled, which is read already.
    size = os.stat(found.path).st_size - found.pieces[0][1]
    with open(found.path, "r+b") as file:
        file.seek(found.pieces[0][1])
        file.write(bytes(size))

    assert (examples.store.numpy() == 0).all()
    assert not here.train.x.any(), "the run holds a copy of its own"


def test_what_is_in_a_mapped_file_stays_there(
    small: Make, sets: SharedDataSets, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    study = small(
        tasks=[{"model": "cnn", "data": {"path": str(pets(tmp_path / "pets"))}}],
        factors={"dropout": [0.0, 0.5]},
    )
    found = shared(study, sets)

    data = found.open()

    assert isinstance(data.train.x, Gathered) and isinstance(data.train.x.store, np.memmap)
    assert data.train.x.store is data.validation.x.store is data.test.x.store
    assert same(data, load(trial_of(study)))
    assert os.stat(found.path).st_size < data.train.x.store.nbytes
    (decoded,) = (tmp_path / "cache").rglob("*.npy")
    decoded.unlink()
    with pytest.raises(
        DataError, match=r"\.npy: the data that is trained on is mapped from this file"
    ):
        found.open()


def test_a_private_mapping_is_copied_as_it_was_written_to(
    small: Make, sets: SharedDataSets, tmp_path: Path
) -> None:
    np.save(tmp_path / "x.npy", np.zeros((60, 4, 4, 1), np.uint8))
    x = np.load(tmp_path / "x.npy", mmap_mode="c")
    x[:30] = 200
    with data_at_hand(x, np.arange(60) // 30) as name:
        study = small(tasks=[{"model": "cnn", "data": name}])
        data = shared(study, sets).open()
        assert isinstance(data.train.x, Gathered) and set(np.unique(data.train.x.store)) == {0, 200}


def test_nothing_is_left_of_what_is_shared(
    study: Study, named: bool, sets: SharedDataSets, temporary: Path
) -> None:
    found = shared(study, sets)
    assert len(os.listdir(temporary)) == named
    data = found.open()

    sets.clear()

    assert not os.listdir(temporary)
    assert same(data, load(trial_of(study)))
    with pytest.raises(OSError):
        found.open()


def test_nothing_is_left_where_there_was_no_room(
    study: Study, named: bool, temporary: Path
) -> None:
    resource = pytest.importorskip("resource", reason="this system bounds no files")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    said: list[str] = []
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        found = SharedDataSets().of(trial_of(study), said.append)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    assert same(found.open(), load(trial_of(study))) and not os.listdir(temporary)
    assert "cannot be shared, and every worker process has a copy of its own (OSError: " in said[0]


def test_of_what_cannot_be_shared_every_worker_has_a_copy(
    study: Study,
    processes: CrewExecutor,
    executor: InProcessExecutor,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    watcher = Watching()
    whole = run(study, out=tmp_path / "whole", executor=executor, report=False)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))

    results = run(study, out=tmp_path, executor=processes, watcher=watcher, report=False)

    assert tables(results.folder) == tables(whole.folder)
    [line] = [line for line in watcher.lines if line.startswith("data set ")]
    assert "has a copy of its own (FileNotFoundError: " in line


def test_nothing_is_left_of_a_run_nor_of_one_that_an_error_ends(
    small: Make,
    processes: CrewExecutor,
    tmp_path: Path,
    temporary: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shared_data, "_nameless", lambda descriptor: None)
    seen: set[int] = set()

    def fails(trials: float) -> None:
        raise RuntimeError("the watcher fell asleep")

    watcher = Watching(lambda trials: seen.add(len(os.listdir(temporary))))
    run(small(**TWO), out=tmp_path, executor=processes, watcher=watcher, report=False)
    processes.close()
    assert seen == {1, 2} and not os.listdir(temporary)
    with pytest.raises(RuntimeError, match="fell asleep"):
        run(
            small(**TWO, epochs=500),
            out=tmp_path / "again",
            executor=processes,
            watcher=Watching(fails),
            report=False,
        )
    assert not os.listdir(temporary)


KILLED = """
import os, signal, sys
from dlsuite.spec import Study
from dlsuite.study import make_plan, shared_data

if sys.argv[1] == "named":
    shared_data._nameless = lambda descriptor: None
factors = {"dropout": [0.0, 0.5]}
plan = make_plan(Study(name="killed", tasks=[{"model": "mlp", "data": "wine"}], factors=factors))
assert shared_data.SharedDataSets().of(plan.trials[0], print) is not None
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_run_has_left_is_removed_by_the_next(
    study: Study, named: bool, sets: SharedDataSets, temporary: Path
) -> None:
    others = temporary / "dlsuite-data-of-a-run"
    with others.open("wb") as held:
        lock(held)
        killed = subprocess.run(
            [sys.executable, "-c", KILLED, "named" if named else ""],
            env={**os.environ, "TMPDIR": str(temporary)},
            check=False,
        )
        assert killed.returncode == -signal.SIGKILL
        assert len(os.listdir(temporary)) == 1 + named

        shared(study, sets)
        sets.clear()

        assert os.listdir(temporary) == [others.name]


def lock(file: IO[bytes]) -> None:
    fcntl = pytest.importorskip("fcntl", reason="this system has no such locks")
    fcntl.flock(file, fcntl.LOCK_EX)
