"""Forecasts without a model, beside a study: a table of their own, and rows where results are shown."""

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from dlsuite.data import load_data
from dlsuite.errors import SpecError
from dlsuite.report.page.tables import score_table
from dlsuite.spec import Study
from dlsuite.study import Results
from dlsuite.study.answers import answer_rows, answer_texts
from dlsuite.study.plan import make_plan

Make = Callable[..., Study]


def test_a_study_of_a_series_has_forecasts_without_a_model(
    small: Make, train: Callable[..., Results]
) -> None:
    tasks = [{"model": {"name": "simple_rnn", "units": 2}, "data": "sunspots"}]
    results = train(small(tasks=tasks, factors={"dropout": [0.0, 0.5]}, seeds=1, epochs=1))

    naive = results.naive_forecasts.set_index("forecast")
    assert list(naive.index) == ["last value", "seasonal (11)", "mean"]
    data = load_data("sunspots")
    for guess in (data.guess, *data.further_guesses):
        for split, short in (("validation", "val"), ("test", "test")):
            for score in ("loss", "rmse", "mae"):
                known = guess.scores[split][score]
                assert naive.loc[guess.name, f"{short}_{score}"] == pytest.approx(known, rel=1e-6)
    assert "last value" not in set(results.summary["condition"])
    rows = answer_rows(results)
    assert [row["verdict"] for row in rows[2:]] == ["no model"] * 3
    assert sum(row["best"] for row in rows) == 1 and not any(row["best"] for row in rows[2:])
    assert answer_texts(rows)[2]["n"] == ""
    page = score_table(results.tables)
    assert page is not None
    shown = [row.cells for row in page.groups[0].rows]
    assert [cells[0].text for cells in shown[2:]] == [
        "last value (no model)",
        "seasonal (11) (no model)",
        "mean (no model)",
    ]
    assert {len(cells) for cells in shown} == {len(page.columns)}
    text = (results.folder / "naive_forecasts.csv").read_text()
    assert text.startswith("task,forecast,val_loss,test_loss,val_rmse,test_rmse,val_mae,test_mae\n")


def test_a_study_of_a_table_has_none(small: Make, train: Callable[..., Results]) -> None:
    results = train(small(seeds=1, epochs=1))
    assert results.naive_forecasts.equals(pd.DataFrame(columns=["task", "forecast"]))
    assert not (results.folder / "naive_forecasts.csv").exists()


def test_the_difference_of_a_series_is_a_setting_but_no_factor(small: Make) -> None:
    tasks: list[Any] = [{"model": "gru", "data": {"name": "co2", "difference": False}}]
    assert make_plan(small(tasks=tasks)).trials
    with pytest.raises(SpecError, match="'difference' is a column of the results too"):
        make_plan(
            small(tasks=[{"model": "gru", "data": "co2"}], factors={"difference": [True, False]})
        )
