import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pandas as pd
import pytest

from dlsuite.errors import StoreError, UnknownNameError
from dlsuite.spec import Study
from dlsuite.store import Part
from dlsuite.study import Executor, InProcessExecutor, Job, Results, load_results, run
from dlsuite.study.executors import Watcher
from dlsuite.study.reports import planned_trials, write_index, write_report
from dlsuite.study.upkeep import Upkeep

Make = Callable[..., Study]
Train = Callable[..., Results]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, executor: InProcessExecutor) -> Results:
    """A study that is run once for all tests of this file, with its report."""
    study = Study(
        name="small",
        question="Does <script>dropout</script> help?",
        seeds=2,
        epochs=2,
        tasks=[{"model": {"name": "mlp", "units": 4}, "data": {"name": "wine", "train_size": 40}}],
        factors={"dropout": [0.0, 0.5]},
    )
    return run(study, out=tmp_path_factory.mktemp("results"), executor=executor)


@pytest.fixture
def copied(shared: Results, tmp_path: Path) -> Path:
    """The CSVs and the specification alone, on another machine as it were."""
    folder = tmp_path / "small"
    folder.mkdir()
    for path in shared.folder.glob("*.*"):
        if path.suffix in (".csv", ".toml", ".json"):
            shutil.copy(path, folder)
    return folder


def test_a_run_leaves_a_page_and_an_index(shared: Results) -> None:
    page = shared.page.read_text(encoding="utf-8")
    assert "mlp/wine" in page
    assert "Does &lt;script&gt;dropout&lt;/script&gt; help?" in page
    assert 'href="small/report.html"' in (shared.folder.parent / "index.html").read_text()


def test_a_report_from_the_csvs_alone_is_the_same_bytes_and_needs_no_tensorflow(
    shared: Results, copied: Path
) -> None:
    code = (
        "import sys, dlsuite; page = dlsuite.load_results(sys.argv[1]).report(); "
        "print(page.name, [m for m in ('tensorflow', 'keras') if m in sys.modules])"
    )
    said = subprocess.run(
        [sys.executable, "-c", code, str(copied)], capture_output=True, text=True, check=True
    )
    assert said.stdout.strip() == "report.html []"
    assert (copied / "report.html").read_bytes() == shared.page.read_bytes()
    drawn = {path.name: path.read_bytes() for path in (copied / "figures").iterdir()}
    assert drawn == {p.name: p.read_bytes() for p in (shared.folder / "figures").iterdir()}


def test_a_copy_without_its_largest_table_is_reported_all_the_same(copied: Path) -> None:
    (copied / "layers.csv").unlink()
    page = write_report(load_results(copied)).read_text(encoding="utf-8")
    assert "curves.csv" in page
    assert "layers.csv" not in page


def test_a_report_reads_nothing_of_the_layers_but_that_there_are_some(copied: Path) -> None:
    header, _, rows = (copied / "layers.csv").read_text(encoding="utf-8").partition("\n")
    (copied / "layers.csv").write_text(f"{header}\nno table\n" if rows else "", encoding="utf-8")

    page = write_report(load_results(copied))

    assert "layers.csv" in page.read_text(encoding="utf-8")


def test_the_index_leaves_out_what_cannot_be_read(copied: Path) -> None:
    broken = copied.parent / "broken"
    shutil.copytree(copied, broken)
    (broken / "summary.csv").write_text("garbage\n")
    (copied.parent / "empty").mkdir()

    index = write_index(copied.parent).read_text(encoding="utf-8")

    assert "small" in index
    assert "broken" not in index
    assert "4 trials" in index


def test_a_page_of_a_study_that_is_not_finished_says_so(copied: Path) -> None:
    trials = pd.read_csv(copied / "trials.csv")
    trials.iloc[:3].to_csv(copied / "trials.csv", index=False)

    results = load_results(copied)

    assert planned_trials(results) == 4
    assert "3 of 4 trials" in write_report(results).read_text(encoding="utf-8")


def test_a_report_that_cannot_be_written_is_named(copied: Path) -> None:
    (copied / "figures").write_text("a file")
    with pytest.raises(StoreError, match="figures: expected a folder for figures"):
        load_results(copied).report()


def test_tables_are_kept_up_to_date_while_a_study_runs(
    small: Make,
    train: Train,
    executor: InProcessExecutor,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[int] = []

    class LookingExecutor(Executor):
        """Counts, before each population, the trials that the tables show."""

        def run(self, jobs: Sequence[Job], watcher: Watcher) -> Iterator[Part]:
            for job in jobs:
                table = tmp_path / "small" / "trials.csv"
                seen.append(len(pd.read_csv(table)) if table.exists() else 0)
                yield from executor.run([job], watcher)

    monkeypatch.setattr(Upkeep, "_LEAST", 0.0)
    monkeypatch.setattr(Upkeep, "_SHARE", 0)
    study = small(factors={"batch_norm": [False, True]})
    train(study, executor=LookingExecutor())
    assert seen == [0, 2]


def test_a_panel_is_drawn_by_name_into_axes_of_the_readers_own(shared: Results) -> None:
    from matplotlib.figure import Figure

    axes = Figure().add_subplot()
    assert shared.plot("factor_dropout", task="mlp/wine", ax=axes) is axes
    assert axes.get_xlabel() == "dropout"
    assert {"effects", "learning_curves_loss", "factor_dropout"} <= set(shared.plots)
    with pytest.raises(UnknownNameError, match=r"Unknown plot 'effect'\. Did you mean 'effects'"):
        shared.plot("effect")
    with pytest.raises(UnknownNameError, match="Unknown task 'mlp/win'"):
        shared.plot("effects", task="mlp/win")
