import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.formula.api import ols

from dlsuite.analysis.interactions import INTERACTIONS, interactions
from dlsuite.analysis.intervals import crossed_interval
from dlsuite.errors import DlsuiteError

TWO = {"dropout": [0.0, 0.5], "batch_norm": [False, True]}
NEITHER = {"dropout": 0.0, "batch_norm": False}


def found_in(trials, tasks, settings=TWO, baseline=None):
    return interactions(
        trials,
        factors=list(settings),
        tuned=[],
        tasks=tasks,
        baseline=baseline or {name: values[0] for name, values in settings.items()},
    )


def planted(size, *, noise=0.01, draw=0):
    """Scores of a seed, a split and both factors, and `size` more where both are on."""
    rng = np.random.default_rng(draw)

    def score(dropout, batch_norm, seed, split):
        alone = 0.5 + 0.02 * seed + 0.1 * split + 0.1 * (dropout > 0) - 0.05 * batch_norm
        return alone + size * (dropout > 0) * batch_norm + noise * rng.normal()

    return score


@pytest.mark.parametrize("size", [0.2, -0.2])
def test_a_planted_interaction_is_found_with_its_sign(make_study, tasks, only, size):
    row = only(found_in(make_study(TWO, planted(size)), tasks), measure="test_accuracy")
    assert (row["factor_a"], row["value_a"]) == ("dropout", "0.5")
    assert (row["factor_b"], row["value_b"]) == ("batch_norm", "true")
    assert row["interaction"] == pytest.approx(size, abs=0.03)
    assert row["ci_low"] < row["interaction"] < row["ci_high"]
    assert row["p"] < 0.001
    assert (row["method"], row["n_pairs"], row["agree"]) == ("differences", 5, 1.0)


def test_effects_that_add_up_do_not_interact(make_study, tasks, only):
    exact = only(found_in(make_study(TWO, planted(0.0, noise=0)), tasks), measure="test_accuracy")
    assert (exact["interaction"], exact["p"], exact["agree"]) == (0.0, 1.0, 0.5)
    noisy = only(found_in(make_study(TWO, planted(0.0, draw=2)), tasks), measure="test_accuracy")
    assert noisy["ci_low"] < 0 < noisy["ci_high"]


def test_the_interaction_is_a_t_test_of_differences_of_differences(make_study, tasks, only):
    trials = make_study(TWO, planted(0.0, noise=0.1))
    wide = trials.pivot(index="seed", columns=["dropout", "batch_norm"], values="test_accuracy")
    of_seed = wide[0.5, True] - wide[0.5, False] - wide[0.0, True] + wide[0.0, False]
    expected = stats.ttest_1samp(of_seed, 0)
    low, high = expected.confidence_interval()
    row = only(found_in(trials, tasks), measure="test_accuracy")
    numbers = row[["interaction", "ci_low", "ci_high", "p"]].tolist()
    assert numbers == pytest.approx([of_seed.mean(), low, high, expected.pvalue])


def test_over_several_splits_the_interaction_has_the_crossed_interval(make_study, tasks, only):
    trials = make_study(TWO, planted(0.1, noise=0.1), seeds=4, splits=3)
    wide = trials.pivot(
        index=["seed", "split_seed"], columns=["dropout", "batch_norm"], values="test_accuracy"
    )
    each = wide[0.5, True] - wide[0.5, False] - wide[0.0, True] + wide[0.0, False]
    expected = crossed_interval(each.to_numpy().reshape(4, 3))
    row = only(found_in(trials, tasks), measure="test_accuracy")
    numbers = row[["n_pairs", "interaction", "ci_low", "ci_high"]].tolist()
    assert numbers == pytest.approx([12, expected.mean, expected.low, expected.high])


def test_a_seed_counts_only_with_all_four_trials(make_study, tasks, only):
    score = planted(0.2)

    def some_diverge(dropout, batch_norm, seed, split):
        lost = (dropout, batch_norm, seed) in {(0.5, True, 0), (0.0, False, 1)}
        return None if lost else score(dropout, batch_norm, seed, split)

    trials = make_study(TWO, some_diverge)
    assert only(found_in(trials, tasks), measure="test_accuracy")["n_pairs"] == 3
    without = trials.loc[~((trials["seed"] == 4) & trials["batch_norm"])]
    assert only(found_in(without, tasks), measure="test_accuracy")["n_pairs"] == 2


def test_a_corner_that_was_not_trained_has_no_row(make_study, tasks):
    trials = make_study(TWO, planted(0.2))
    one_at_a_time = trials.loc[(trials["dropout"] == 0) | ~trials["batch_norm"]]
    found = found_in(one_at_a_time, tasks)
    assert found.empty
    assert list(found.columns) == list(INTERACTIONS)


def test_a_corner_where_all_diverge_has_a_row_without_numbers(make_study, tasks, only):
    trials = make_study(
        TWO, lambda dropout, batch_norm, **_: None if dropout and batch_norm else 0.5
    )
    row = only(found_in(trials, tasks), measure="test_accuracy")
    assert row["n_pairs"] == 0
    assert row[["interaction", "ci_low", "p", "agree"]].isna().all()


def test_each_pair_of_values_has_its_row_whatever_they_are(make_study, tasks):
    values = {"units": ["[8]", "[16, 32]", "[64]"], "norm": [np.nan, "batch"]}
    trials = make_study(values, lambda units, seed, **_: len(units) / 10 + seed / 100)
    found = found_in(trials, tasks, values, baseline={"units": [8], "norm": None})
    pairs = found.loc[found["measure"] == "test_accuracy", ["value_a", "value_b"]]
    assert pairs.to_numpy().tolist() == [["[16, 32]", "batch"], ["[64]", "batch"]]


def three_factors(make_study):
    rng = np.random.default_rng(5)
    values = {"dropout": [0.0, 0.5], "batch_norm": [False, True], "optimizer": ["sgd", "adam"]}

    def score(dropout, batch_norm, optimizer, seed, **_):
        alone = 0.4 + 0.02 * seed + 0.1 * (optimizer == "adam")
        # Both together only with Adam: the baseline's optimizer does not show it.
        return (
            alone + 0.2 * (dropout > 0) * batch_norm * (optimizer == "adam") + 0.01 * rng.normal()
        )

    return values, make_study(values, score)


def test_of_three_factors_the_third_is_at_its_baseline_or_averaged_over(make_study, tasks, only):
    values, trials = three_factors(make_study)
    found = found_in(trials, tasks, values)
    pair = {"factor_a": "dropout", "factor_b": "batch_norm", "measure": "test_accuracy"}
    at_baseline = only(found, method="differences", **pair)
    averaged = only(found, method="linear model", **pair)
    assert at_baseline["interaction"] == pytest.approx(0.0, abs=0.03)
    assert averaged["interaction"] == pytest.approx(0.1, abs=0.02)
    fit = ols("test_accuracy ~ C(seed) + (dropout + batch_norm + optimizer)**2", trials).fit()
    [name] = [n for n in fit.params.index if n.startswith("dropout:batch")]
    # There, dropout is a number, from 0 to 0.5.
    low, high = fit.conf_int().loc[name] / 2
    numbers = averaged[["interaction", "ci_low", "ci_high", "p"]].tolist()
    assert numbers == pytest.approx([fit.params[name] / 2, low, high, fit.pvalues[name]])
    assert averaged["n_pairs"] == len(trials)
    assert np.isnan(averaged["agree"])


@settings(max_examples=8)
@given(st.integers(0, 10_000))
def test_the_order_of_the_rows_changes_no_bit(make_study, tasks, shuffled, draw):
    _, trials = three_factors(make_study)
    trials.loc[trials.sample(3, random_state=draw).index, "status"] = "diverged"
    values = {"dropout": [0.0, 0.5], "batch_norm": [False, True], "optimizer": ["sgd", "adam"]}
    names = ["factor_a", "factor_b", "measure", "method"]
    first, second = (
        found_in(frame, tasks, values).set_index(names).sort_index()
        for frame in (trials, shuffled(trials, seed=draw))
    )
    pd.testing.assert_frame_equal(first, second, check_exact=True)


def test_one_factor_interacts_with_nothing(make_trials, tasks):
    trials = make_trials([({"dropout": 0.0}, [0.5]), ({"dropout": 0.5}, [0.6])])
    assert found_in(trials, tasks, {"dropout": [0.0, 0.5]}).empty


def test_a_factor_without_a_baseline_is_named(make_study, tasks):
    trials = make_study(TWO, planted(0.2), seeds=2)
    with pytest.raises(DlsuiteError, match=r"for every factor; got none for batch_norm"):
        found_in(trials, tasks, baseline={"dropout": 0.0})
