import warnings

import numpy as np
import pandas as pd
import pytest
from statsmodels.formula.api import ols

from dlsuite.analysis.linear_model import MARGINAL_EFFECTS, marginal_effects, two_way_terms
from dlsuite.analysis.measures import Measure
from dlsuite.errors import DlsuiteError

VALUES = {"dropout": [0.0, 0.2, 0.5], "optimizer": ["sgd", "adam"], "units": ["[8]", "[16, 32]"]}
BASELINE = {"dropout": 0.0, "optimizer": "sgd", "units": [8]}


def score(rng, noise=0.02):
    def of_trial(dropout, optimizer, units, seed, split):
        alone = 0.5 + 0.01 * seed + 0.1 * split
        return (
            alone
            + 0.2 * dropout
            - 0.1 * (optimizer == "adam")
            + 0.05 * (units == "[16, 32]")
            + noise * rng.normal()
        )

    return of_trial


def found_in(trials, tasks, baseline=BASELINE):
    return marginal_effects(
        trials, factors=list(baseline), tuned=[], tasks=tasks, baseline=baseline
    )


@pytest.fixture
def trials(make_study):
    return make_study(VALUES, score(np.random.default_rng(1)), seeds=3, splits=2)


def test_effects_are_those_of_a_linear_model_of_statsmodels(trials, tasks, only):
    # A random design: hardly any two conditions differ in one factor alone.
    drawn = trials["condition"].drop_duplicates().sample(7, random_state=0)
    some = trials.loc[trials["condition"].isin(drawn)]
    formula = (
        "test_accuracy ~ C(seed) * C(split_seed) + C(dropout) + C(optimizer, Treatment('sgd'))"
    )
    fit = ols(f"{formula} + C(units, Treatment('[8]'))", some).fit()
    names = {
        ("dropout", "0.2"): "C(dropout)[T.0.2]",
        ("dropout", "0.5"): "C(dropout)[T.0.5]",
        ("optimizer", "adam"): "C(optimizer, Treatment('sgd'))[T.adam]",
        ("units", "[16, 32]"): "C(units, Treatment('[8]'))[T.[16, 32]]",
    }
    found = found_in(some, tasks)
    of_metric = found.loc[found["measure"] == "test_accuracy"]
    assert list(zip(of_metric["factor"], of_metric["value"], strict=True)) == list(names)
    for (factor, value), name in names.items():
        row = only(of_metric, factor=factor, value=value)
        numbers = row[["difference", "ci_low", "ci_high", "p"]].tolist()
        expected = [fit.params[name], *fit.conf_int().loc[name], fit.pvalues[name]]
        assert numbers == pytest.approx(expected)
        assert row["n"] == len(some) == 42


def test_trials_that_diverged_are_left_out(trials, tasks, only):
    lost = trials.assign(status=trials["status"].where(trials.index % 5 != 0, "diverged"))
    row = only(found_in(lost, tasks), factor="optimizer", measure="test_accuracy")
    kept = trials.loc[lost["status"] == "completed"]
    expected = found_in(kept, tasks)
    assert row["n"] == len(kept)
    assert row["difference"] == pytest.approx(
        only(expected, factor="optimizer", measure="test_accuracy")["difference"]
    )


def test_what_the_conditions_do_not_tell_apart_has_no_row(trials, tasks):
    # Adam only ever with the wide layers: whose effect is it?
    confounded = trials.loc[(trials["optimizer"] == "adam") == (trials["units"] == "[16, 32]")]
    found = found_in(confounded, tasks)
    assert set(found["factor"]) == {"dropout"}


def test_without_trials_to_spare_there_is_no_row(make_study, tasks):
    trials = make_study(
        {"dropout": [0.0, 0.5], "optimizer": ["sgd", "adam"]},
        lambda dropout, **_: 0.5 + dropout,
        seeds=1,
    )
    at_most_three = trials.iloc[:3]
    assert found_in(at_most_three, tasks, {"dropout": 0.0, "optimizer": "sgd"}).empty


def test_a_model_that_leaves_nothing_over_has_no_p(make_study, tasks, only):
    trials = make_study(VALUES, score(np.random.default_rng(0), noise=0), seeds=3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = found_in(trials, tasks)
    row = only(found, factor="optimizer", measure="test_accuracy")
    assert row["difference"] == row["ci_low"] == row["ci_high"] == pytest.approx(-0.1)
    assert np.isnan(row["p"])
    gap = only(found, factor="optimizer", measure="gap_loss_last")
    assert (gap["difference"], gap["p"]) == (0.0, 1.0)


def test_interactions_that_are_nothing_but_rounding_are_0(make_study):
    trials = make_study(VALUES, score(np.random.default_rng(0), noise=0), seeds=3)
    measure = Measure.parse("test_accuracy")
    terms = two_way_terms(trials, measure, factors=list(VALUES), baseline=BASELINE)
    assert len(terms) == 2 * 1 + 2 * 1 + 1
    assert {(term["interaction"], term["p"]) for term in terms} == {(0.0, 1.0)}


@pytest.mark.parametrize("huge", [1e200, 1.7e308])
def test_huge_scores_raise_no_warning(trials, tasks, huge):
    huge_trials = trials.assign(test_accuracy=huge * trials["test_accuracy"].round())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(found_in(huge_trials, tasks)) == 8


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_the_rows_changes_no_bit(trials, tasks, shuffled, seed):
    names = ["factor", "value", "measure"]
    first, second = (
        found_in(frame, tasks).set_index(names).sort_index()
        for frame in (trials, shuffled(trials, seed=seed))
    )
    pd.testing.assert_frame_equal(first, second, check_exact=True)


def test_of_one_factor_the_effects_say_it_already(make_trials, tasks):
    trials = make_trials([({"dropout": 0.0}, [0.5, 0.6]), ({"dropout": 0.5}, [0.6, 0.7])])
    found = found_in(trials, tasks, {"dropout": 0.0})
    assert found.empty
    assert list(found.columns) == list(MARGINAL_EFFECTS)


def test_what_is_missing_is_named(trials, tasks):
    with pytest.raises(DlsuiteError, match=r"trials: expected the columns momentum; got task"):
        found_in(trials, tasks, {"dropout": 0.0, "momentum": 0.9})
    with pytest.raises(DlsuiteError, match=r"for every factor; got none for units"):
        marginal_effects(
            trials,
            factors=list(VALUES),
            tuned=[],
            tasks=tasks,
            baseline={"dropout": 0.0, "optimizer": "sgd"},
        )
