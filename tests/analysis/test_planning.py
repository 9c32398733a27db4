import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.power import TTestPower

from dlsuite.analysis import effects, seeds_needed
from dlsuite.errors import DlsuiteError


@pytest.fixture
def compared(make_trials, tasks):
    rng = np.random.default_rng(0)

    def of(*others, **more):
        trials = make_trials([({"dropout": i / 10}, s) for i, s in enumerate(others)], **more)
        return effects(trials, factors=["dropout"], tuned=[], tasks=tasks, baseline={"dropout": 0})

    noise = 0.5 + 0.02 * rng.normal(size=(4, 6))
    return lambda *places, **more: of(
        *(noise[place].tolist() if isinstance(place, int) else place for place in places), **more
    )


def test_the_pairs_are_those_that_a_power_analysis_asks_for(compared, only):
    found = seeds_needed(compared(0, 1), effect=0.015)
    row = only(found, "dropout=0.1")
    asked = TTestPower().solve_power(effect_size=0.015 / row["sd"], alpha=0.05, power=0.8)
    assert row["pairs_needed"] == np.ceil(asked)
    assert row["more"] == row["pairs_needed"] - 6
    assert (row["n_pairs"], row["effect"], row["measure"]) == (6, 0.015, "test_accuracy")


def test_what_is_detectable_now_needs_no_more(compared, only):
    table = compared(0, 1, 2)
    for row in seeds_needed(table, effect=0.01).to_dict("records"):
        again = seeds_needed(table, effect=row["detectable"] * (1 + 1e-6))
        assert only(again, row["condition"])["more"] == 0
        again = seeds_needed(table, effect=row["detectable"] * 0.999)
        assert only(again, row["condition"])["more"] == 1


def test_a_larger_family_needs_more_pairs(compared, only):
    alone = only(seeds_needed(compared(0, 1), effect=0.01), "dropout=0.1")
    among = only(seeds_needed(compared(0, 1, 2, 3), effect=0.01), "dropout=0.1")
    assert among["sd"] == alone["sd"]
    assert among["pairs_needed"] > alone["pairs_needed"]
    asked = TTestPower().solve_power(effect_size=0.01 / alone["sd"], alpha=0.05 / 3, power=0.8)
    assert among["pairs_needed"] == np.ceil(asked)


def test_where_the_spread_is_not_known_the_cells_are_empty(compared, only):
    found = seeds_needed(compared(0, [None] * 6, [0.5] + [None] * 5), effect=0.01)
    assert found[["pairs_needed", "more"]].isna().all(axis=None)
    assert found["n_pairs"].tolist() == [0, 1]
    assert str(found["more"].dtype) == "Int64"


def test_pairs_without_any_spread_need_no_more(compared, only):
    row = only(seeds_needed(compared([0.5] * 6, [0.6] * 6), effect=0.01), "dropout=0.1")
    assert (row["pairs_needed"], row["more"]) == (2, 0)


def test_scores_that_exploded_have_an_answer(compared, only):
    rmse = {"task": "lstm/waves", "metric": "rmse"}
    table = compared([1.0, 2.0, 1.5], [1e100, 1.0, 3.0], **rmse)
    assert only(seeds_needed(table, effect=0.01), "dropout=0.1")["pairs_needed"] == 2**53


def test_the_table_may_come_from_a_csv(compared, tmp_path):
    table = compared(0, 1, [None] * 6)
    table.to_csv(tmp_path / "effects.csv", index=False)
    again = pd.read_csv(tmp_path / "effects.csv")
    pd.testing.assert_frame_equal(
        seeds_needed(again, effect=0.01), seeds_needed(table, effect=0.01)
    )


def test_a_study_of_one_condition_needs_nothing(compared):
    assert seeds_needed(compared(0), effect=0.01).empty


@pytest.mark.parametrize("effect", [0, -0.1, float("nan"), float("inf")])
def test_an_effect_that_is_not_above_0_is_refused(compared, effect):
    with pytest.raises(DlsuiteError, match=r"effect: expected a number above 0; got"):
        seeds_needed(compared(0, 1), effect=effect)


def test_a_table_without_what_is_needed_is_refused(compared):
    with pytest.raises(DlsuiteError, match=r"effects: expected the columns sd; got task"):
        seeds_needed(compared(0, 1).drop(columns="sd"), effect=0.1)
