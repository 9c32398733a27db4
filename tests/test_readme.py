"""The README's own code and study, run as they stand."""

import re
from pathlib import Path

import pytest

from dlsuite.spec import parse_study
from dlsuite.study import make_plan
from dlsuite.study.model_table import models_markdown

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_the_study_of_the_readme_can_be_planned() -> None:
    import tomllib

    (study,) = blocks("toml")
    assert len(make_plan(parse_study(tomllib.loads(study))).trials) == 3 * 3 * 10


def test_the_python_of_the_readme_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import dlsuite
    from dlsuite.models import unregister_model

    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    try:
        for block in blocks("python"):
            exec(compile(block, "README.md", "exec"), names)
        results = names["results"]
        assert isinstance(results, dlsuite.Results)
        assert len(results.trials) == 15
        assert (tmp_path / "wine.keras").is_file()
        model = dlsuite.create_model("linear", input_shape=(3,), outputs=2)
        assert model.output_shape == (None, 2)
    finally:
        if dlsuite.list_models("linear"):
            unregister_model("linear")


def test_the_readme_shows_both_commands() -> None:
    (commands,) = [block for block in blocks("sh") if "make" in block]
    assert "make run" in commands and "make test" in commands


def test_the_models_of_the_readme_are_those_of_the_registry() -> None:
    section = README.partition("\n## Models\n")[2].partition("\n## ")[0]
    table = "".join(f"{line}\n" for line in section.splitlines() if line.startswith("|"))
    assert table == models_markdown()
    assert table.count("\n") > 2
