"""A commented study to begin from, written from a table."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dlsuite.errors import DlsuiteError
from dlsuite.spec import read_study
from dlsuite.study import make_plan
from dlsuite.study.draft import write_draft


def people(folder: Path, rows: int = 200) -> Path:
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "id": range(rows),
            "age": rng.integers(18, 90, rows) + 0.5,
            "city": rng.choice(["Oslo", "Lima"], rows),
            "joined": pd.date_range("2024-01-01", periods=rows),
            "nothing": None,
            "same": "web",
            "mixed": [f"{value:.2f}" if value > -2 else "bad" for value in rng.normal(size=rows)],
            "a\nname # of = trouble": rng.normal(size=rows),
            "bought": rng.choice(["yes", "no"], rows, p=[0.3, 0.7]),
        }
    )
    path = folder / "people.csv"
    table.to_csv(path, index=False)
    return path


def test_a_draft_can_be_planned_as_it_stands(tmp_path: Path) -> None:
    data = people(tmp_path)
    said = write_draft(tmp_path / "first.toml", data, settings={"target": "bought"})
    plan = make_plan(read_study(tmp_path / "first.toml"))
    assert plan.study.name == "first"
    assert plan.tasks[0].task_type == "classification"
    assert plan.study.tasks[0].data.settings["drop"] == ("nothing", "mixed")
    assert said[0].startswith("200 rows; 4 of 8 columns are used")
    assert any("'id' is left out" in line for line in said)
    assert said[-1].endswith("Next: dlsuite check " + str(tmp_path / "first.toml"))


def test_every_column_is_described_and_those_left_out_are_marked(tmp_path: Path) -> None:
    write_draft(tmp_path / "first.toml", people(tmp_path), settings={"target": "bought"})
    lines = (tmp_path / "first.toml").read_text().splitlines()
    marks = {line[4:].split("  ")[0]: line[2] for line in lines if "% missing" in line}
    assert marks == {
        "id": "-",
        "age": " ",
        "city": " ",
        "joined": " ",
        "nothing": "-",
        "same": "-",
        "mixed": "-",
        "a name # of = trouble": " ",
    }


def test_the_path_is_relative_to_the_draft(tmp_path: Path) -> None:
    data = people(tmp_path)
    write_draft(tmp_path / "studies" / "first.toml", data, settings={"target": "bought"})
    assert 'path = "../people.csv"' in (tmp_path / "studies" / "first.toml").read_text()


def test_a_column_that_may_say_which_rows_are_held_out_is_pointed_at(tmp_path: Path) -> None:
    table = pd.read_csv(people(tmp_path))
    table["split"] = np.resize(["train", "train", "validation", "test"], len(table))
    table.to_csv(tmp_path / "split.csv", index=False)
    write_draft(tmp_path / "split.toml", tmp_path / "split.csv", settings={"target": "bought"})
    assert '# split_column = "split"' in (tmp_path / "split.toml").read_text()


def test_a_rare_class_lets_the_balanced_accuracy_decide(tmp_path: Path) -> None:
    table = pd.read_csv(people(tmp_path, rows=400))
    table["bought"] = np.where(np.arange(400) % 20 == 0, "yes", "no")
    table.to_csv(tmp_path / "rare.csv", index=False)
    write_draft(tmp_path / "rare.toml", tmp_path / "rare.csv", settings={"target": "bought"})
    assert read_study(tmp_path / "rare.toml").metric == "balanced_accuracy"


def test_numbers_to_predict_make_a_regression(tmp_path: Path) -> None:
    write_draft(tmp_path / "first.toml", people(tmp_path), settings={"target": "age"})
    assert make_plan(read_study(tmp_path / "first.toml")).tasks[0].metric == "rmse"


def test_what_cannot_be_drafted_is_one_clear_line(tmp_path: Path) -> None:
    data = people(tmp_path)
    (tmp_path / "there.toml").write_text("")
    for file, target, model, words in (
        ("there.toml", "bought", "mlp", "is there already; replace it with --force"),
        ("first.txt", "bought", "mlp", "expected a name that ends in '.toml'"),
        ("first.toml", None, "mlp", "say which column is to be told.*id, age, city"),
        ("first.toml", "bougt", "mlp", "Did you mean 'bought'"),
        ("first.toml", "bought", "mlpp", "Unknown model 'mlpp'"),
    ):
        with pytest.raises(DlsuiteError, match=words):
            write_draft(
                tmp_path / file,
                data,
                settings={} if target is None else {"target": target},
                model=model,
            )
    assert not (tmp_path / "first.toml").exists()


def test_the_path_of_a_model_is_relative_to_the_draft(tmp_path: Path) -> None:
    file = tmp_path / "studies" / "first.toml"
    write_draft(
        file, people(tmp_path), settings={"target": "bought"}, model=str(tmp_path / "mine.keras")
    )
    assert 'model = "../mine.keras"' in file.read_text()


def test_a_draft_that_cannot_be_planned_leaves_no_file_and_the_old_one_as_it_was(
    tmp_path: Path,
) -> None:
    data, file = people(tmp_path), tmp_path / "first.toml"
    with pytest.raises(DlsuiteError, match="is table data, which 'cnn' does not take"):
        write_draft(file, data, settings={"target": "bought"}, model="cnn")
    assert not file.exists()
    write_draft(file, data, settings={"target": "bought"})
    before = file.read_text()
    with pytest.raises(DlsuiteError, match="is table data, which 'cnn' does not take"):
        write_draft(file, data, settings={"target": "bought"}, model="cnn", replace=True)
    assert file.read_text() == before
