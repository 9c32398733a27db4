"""Two runs of one study, and folders that vanish under a run."""

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from dlsuite.errors import ClaimedError, DataError, StoreError
from dlsuite.spec import Study
from dlsuite.store import Part, ResultsFolder
from dlsuite.study import Executor, InProcessExecutor, Job, Results, load_results, run
from dlsuite.study.executors import Watcher

Make = Callable[..., Study]
Train = Callable[..., Results]


class Doing(Executor):
    """Does something in place of training, and then trains."""

    def __init__(
        self, act: Callable[[], object], executor: InProcessExecutor | None = None
    ) -> None:
        self._act = act
        self._executor = executor

    def run(self, jobs: Sequence[Job], watcher: Watcher) -> Iterator[Part]:
        self._act()
        if self._executor is not None:
            yield from self._executor.run(jobs, watcher)


def files(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {
        str(path): (path.stat().st_mtime_ns, path.read_bytes() if path.is_file() else b"")
        for path in [folder, *folder.rglob("*")]
    }


def state(folder: Path) -> str:
    (claim,) = folder.glob("claim-*.json")
    return str(json.loads(claim.read_text())["state"])


def test_a_second_run_leaves_everything_as_it_is_and_results_can_be_read_meanwhile(
    small: Make, train: Train, executor: InProcessExecutor, tmp_path: Path
) -> None:
    results = train(small())
    told: list[str] = []

    def second() -> None:
        assert state(results.folder) == "held"
        before = files(tmp_path)
        with pytest.raises(ClaimedError, match="another run is at work here") as refused:
            run(small(), out=tmp_path, executor=executor)
        told.append(str(refused.value))
        assert files(tmp_path) == before
        assert len(load_results(results.folder).trials) == 4
        assert load_results(results.folder).report().is_file()

    train(small(seeds=3), executor=Doing(second, executor))

    assert len(told) == 1
    assert state(results.folder) == "free"
    assert len(load_results(results.folder).trials) == 6


def fail(error: BaseException) -> Callable[[], object]:
    def act() -> object:
        raise error

    return act


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ValueError("a bug")])
def test_whatever_ends_a_run_gives_the_folder_back(
    small: Make, tmp_path: Path, error: BaseException
) -> None:
    with pytest.raises(type(error)):
        run(small(), out=tmp_path, executor=Doing(fail(error)))
    assert state(tmp_path / "small") == "free"


def test_what_ends_a_run_is_told_even_if_tables_cannot_be_written_then(
    small: Make, train: Train, tmp_path: Path
) -> None:
    folder = train(small()).folder

    def remove() -> None:
        shutil.rmtree(folder)
        raise ValueError("the first thing that went wrong")

    with pytest.raises(ValueError, match="the first thing"):
        run(small(seeds=3), out=tmp_path, executor=Doing(remove))
    assert not folder.exists()


def test_a_folder_that_is_removed_under_a_run_is_not_made_anew(
    small: Make, executor: InProcessExecutor, tmp_path: Path
) -> None:
    remove = Doing(lambda: shutil.rmtree(tmp_path / "small"), executor)
    with pytest.raises(StoreError, match="the folder was removed while the study ran"):
        run(small(), out=tmp_path, executor=remove)
    assert list(tmp_path.iterdir()) == []


def test_a_study_whose_data_cannot_be_read_leaves_no_folder(small: Make, tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("a,b\n1,2\n")
    tasks = [{"model": "mlp", "data": {"path": str(tmp_path / "people.csv"), "target": "b"}}]
    with pytest.raises(DataError):
        run(small(tasks=tasks), out=tmp_path / "results")
    assert not (tmp_path / "results" / "small").exists()


def test_what_a_killed_run_left_half_written_is_removed_by_the_next(
    small: Make, train: Train
) -> None:
    folder = train(small()).folder
    left = [
        folder / ".trials.csv-999999999-0a1b2c",
        folder / "parts" / ".0123456789abcdef-1-0a1b2c" / "trials.csv",
        folder / "models" / ".mlp-wine-dropout=0.keras-999999999-0a1b2c",
    ]
    for path in left:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("half")

    train(small())

    assert not [path for path in left if path.exists()]
    assert not [path.name for path in folder.rglob(".*")]
    assert ResultsFolder(folder).parts()[1] == []
