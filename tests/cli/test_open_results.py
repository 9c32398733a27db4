"""Which folder a study's name leads to, where a folder of data has the same one."""

from pathlib import Path

import pytest

import dlsuite.study
from dlsuite.cli.options import open_results


@pytest.mark.parametrize(
    ("studies", "expected"),
    [
        (["results/pets"], "results/pets"),
        (["pets"], "pets"),
        (["pets", "results/pets"], "pets"),
        ([], "pets"),
    ],
)
def test_a_folder_of_data_does_not_hide_the_study_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, studies: list[str], expected: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(dlsuite.study, "load_results", lambda folder: folder)
    Path("pets").mkdir()
    for study in studies:
        Path(study).mkdir(parents=True, exist_ok=True)
        (Path(study) / "trials.csv").write_text("trial\n")

    assert open_results("pets", Path("results")) == Path(expected)
