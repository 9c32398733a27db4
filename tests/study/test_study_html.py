"""What a notebook shows of a study and of a range test, from real trainings; everything in it is text."""

from typing import Any

import pandas as pd
import pytest

from dlsuite.spec import parse_study
from dlsuite.study import LearningRateRange, Results, load_results, run
from dlsuite.study.answers import answer_rows, answer_texts

SCRIPT = "<script>alert('x')</script>"


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory, executor: Any) -> Results:
    study = parse_study(
        {
            "name": "small",
            "question": f"Is {SCRIPT} & dropout of use?",
            "seeds": 2,
            "epochs": 2,
            "tasks": [
                {"model": {"name": "mlp", "units": 4}, "data": {"name": "wine", "train_size": 40}}
            ],
            "factors": {"dropout": [0.0, 0.5]},
        }
    )
    return run(study, out=tmp_path_factory.mktemp("html"), executor=executor)


def test_a_study_shows_its_question_findings_and_answers(results: Results) -> None:
    shown = results._repr_html_()
    assert "Is &lt;script&gt;" in shown and "&amp; dropout of use?" in shown
    assert "<script" not in shown
    assert shown.count("<li>") == len(results.findings) > 0
    rows = answer_texts(answer_rows(results))
    assert shown.count("<tr>") == 1 + len(rows)
    for cell in (*rows[0], *rows[1].values()):
        assert f">{cell}</t" in shown


def test_the_page_is_named_where_there_is_one_and_the_folder_elsewhere(results: Results) -> None:
    page = results.folder / "report.html"
    page.write_text("a page")
    assert str(page) in load_results(results.folder)._repr_html_()
    page.unlink()
    shown = load_results(results.folder)._repr_html_()
    assert "report.html" not in shown and str(results.folder) in shown


def found(**changes: Any) -> LearningRateRange:
    table = pd.DataFrame(
        {
            "learning_rate": [1e-3, 1e-2, 1e-1],
            "class": ["too low", "good", SCRIPT],
            "loss": [1.0, 0.2, float("nan")],
            "n": [2, 2, 0],
            "n_diverged": [0, 0, 2],
        }
    )
    given: dict[str, Any] = {
        "table": table,
        "suggestion": 1e-2,
        "usable": (1e-2, 1e-2),
        "epochs": 3,
        "steps": 12,
        "seeds": 2,
        "start": 1.1,
    }
    return LearningRateRange(**{**given, **changes})


def test_a_range_test_shows_its_sentence_and_a_row_a_rate() -> None:
    shown = found()._repr_html_()
    assert "Suggested learning rate 0.01" in shown and shown.count("<tr>") == 4
    assert "2 of 2" in shown and "&lt;- suggested" in shown and "<script" not in shown


def test_a_range_test_without_an_answer_says_so() -> None:
    shown = found(suggestion=None, usable=None)._repr_html_()
    assert "No rate from 0.001 to 0.1" in shown and "suggested" not in shown
