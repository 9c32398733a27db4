import warnings

import numpy as np
import pandas as pd
import pytest
from statsmodels.formula.api import ols
from statsmodels.stats.anova import anova_lm

from dlsuite.analysis.variance import VARIANCE, variance_components
from dlsuite.errors import DlsuiteError


def drawn(rng, *, condition=0.0, split=0.0, seed=0.0, rest=1.0):
    """Scores with an effect of each condition, split and seed, of these standard deviations."""
    own = rng.normal(size=(3, 100))
    sizes = {"condition": condition, "split": split, "seed": seed}

    def score(dropout, **at):
        places = {"condition": int(10 * dropout), **at}
        effects = [sizes[name] * own[row, places[name]] for row, name in enumerate(sizes)]
        return 0.5 + sum(effects) + rest * rng.normal()

    return score


def components(trials, tasks):
    found = variance_components(trials, factors=["dropout"], tuned=[], tasks=tasks)
    return found.set_index("component")


def test_components_are_those_of_an_analysis_of_variance(make_study, tasks):
    rng = np.random.default_rng(0)
    score = drawn(rng, condition=2.0, split=1.0, seed=0.5)
    trials = make_study({"dropout": [0.0, 0.1, 0.2]}, score, seeds=5, splits=4)
    formula = "test_accuracy ~ C(condition) + C(split_seed) + C(seed)"
    table = anova_lm(ols(formula, trials).fit())["mean_sq"]
    rest = table["Residual"]
    expected = {
        "condition": (table["C(condition)"] - rest) * 3 / 60,
        "split": (table["C(split_seed)"] - rest) * 4 / 60,
        "seed": (table["C(seed)"] - rest) * 5 / 60,
        "rest": rest,
    }
    found = components(trials, tasks)
    assert found["variance"].to_dict() == pytest.approx({k: max(v, 0) for k, v in expected.items()})
    assert found["sd"].tolist() == pytest.approx(np.sqrt(found["variance"]).tolist())
    assert found["share"].sum() == pytest.approx(1.0)
    assert set(found["n"]) == {60}


def test_over_many_studies_components_are_what_was_planted(make_study, tasks):
    rng = np.random.default_rng(1)
    planted = {"condition": 0.0, "split": 2.0, "seed": 1.5, "rest": 1.0}
    found = []
    for _ in range(60):
        trials = make_study({"dropout": [0.0, 0.1]}, drawn(rng, **planted), seeds=10, splits=4)
        found.append(components(trials, tasks)["variance"])
    means = pd.concat(found, axis=1).mean(axis=1)
    # The variance of few levels is known badly: twice its square over so many studies and levels.
    for name, levels in (("split", 4), ("seed", 10), ("rest", 60)):
        true = planted[name] ** 2
        assert means[name] == pytest.approx(true, abs=4 * true * np.sqrt(2 / (levels - 1) / 60))
    assert means["condition"] < 0.1


def test_one_split_is_no_source_of_variance(make_study, tasks):
    trials = make_study({"dropout": [0.0, 0.1]}, drawn(np.random.default_rng(0)))
    assert components(trials, tasks).index.tolist() == ["condition", "seed", "rest"]


def test_of_one_condition_the_variance_is_that_of_its_seeds(make_study, tasks):
    trials = make_study({"dropout": [0.0]}, drawn(np.random.default_rng(0)))
    found = components(trials, tasks)
    assert found.index.tolist() == ["seed"]
    assert found.loc["seed", "variance"] == pytest.approx(trials["test_accuracy"].var())
    assert found.loc["seed", "share"] == 1.0


def test_a_condition_that_always_diverges_is_left_out(make_study, tasks):
    score = drawn(np.random.default_rng(0), condition=1.0)
    trials = make_study(
        {"dropout": [0.0, 0.1, 0.9]},
        lambda dropout, **at: None if dropout > 0.5 else score(dropout, **at),
    )
    expected = components(trials.loc[trials["dropout"] < 0.5], tasks)
    assert len(expected) == 3
    pd.testing.assert_frame_equal(components(trials, tasks), expected)


def test_a_seed_that_diverges_anywhere_is_left_out(make_study, tasks):
    score = drawn(np.random.default_rng(0), condition=1.0)

    def diverging(dropout, seed, split):
        value = score(dropout, seed=seed, split=split)
        return None if (dropout, seed, split) == (0.1, 2, 1) else value

    trials = make_study({"dropout": [0.0, 0.1]}, diverging, seeds=4, splits=2)
    expected = components(trials.loc[trials["seed"] != 2], tasks)
    assert set(expected["n"]) == {12}
    pd.testing.assert_frame_equal(components(trials, tasks), expected)


def test_without_two_whole_seeds_there_is_nothing_to_split(make_study, tasks):
    score = drawn(np.random.default_rng(0))
    one = make_study({"dropout": [0.0, 0.1]}, score, seeds=1)
    diverged = make_study({"dropout": [0.0, 0.1]}, lambda **_: None)
    for trials in (one, diverged, one.iloc[:0]):
        found = components(trials, tasks).reset_index()
        assert found.empty
        assert set(found.columns) == set(VARIANCE)


def test_a_split_that_a_condition_lacks_leaves_no_table(make_study, tasks):
    trials = make_study({"dropout": [0.0, 0.1]}, drawn(np.random.default_rng(0)), splits=2)
    partial = trials.loc[(trials["dropout"] == 0) | (trials["split_seed"] == 0)]
    assert components(partial, tasks).empty


@pytest.mark.parametrize("value", [0.5, 0.1 + 0.2, 1e200, 1.7e308])
def test_what_never_varies_has_no_shares(make_study, tasks, value):
    trials = make_study({"dropout": [0.0, 0.1]}, lambda **_: value)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = components(trials, tasks)
    assert len(found) == 3
    assert found["share"].isna().all() or found["variance"].max() < 1e-25 * value**2


def test_the_order_of_the_rows_changes_no_bit(make_study, tasks, shuffled):
    score = drawn(np.random.default_rng(0), condition=1.0, seed=1.0)
    trials = make_study({"dropout": [0.0, 0.1, 0.2]}, score, splits=2)
    pd.testing.assert_frame_equal(
        components(shuffled(trials), tasks), components(trials, tasks), check_exact=True
    )


def test_a_missing_column_is_named(make_study, tasks):
    trials = make_study({"dropout": [0.0]}, drawn(np.random.default_rng(0)))
    with pytest.raises(DlsuiteError, match=r"trials: expected the columns status; got task"):
        components(trials.drop(columns="status"), tasks)
