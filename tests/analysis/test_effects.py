import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import TTestPower

from dlsuite.analysis import effects
from dlsuite.analysis.effects import holm, is_baseline
from dlsuite.analysis.intervals import crossed_interval
from dlsuite.errors import DlsuiteError

BASE = [0.60, 0.62, 0.61, 0.63, 0.59]
WOBBLE = [0.01, -0.01, 0.0, 0.01, -0.005]
ALL = [None] * 5


def raised(by):
    return [score + by + wobble for score, wobble in zip(BASE, WOBBLE, strict=True)]


def compared(trials, tasks, *, factors=("dropout",), tuned=(), baseline=None):
    return effects(
        trials,
        factors=list(factors),
        tuned=list(tuned),
        tasks=tasks,
        baseline={"dropout": 0.0} if baseline is None else baseline,
    )


def study_of(make_trials, **by_dropout):
    """A study of dropout, its conditions named d0, d1, ... for 0.0, 0.1, ..."""
    return make_trials([({"dropout": int(n[1:]) / 10}, s) for n, s in by_dropout.items()])


def test_a_row_holds_what_scipy_says_of_the_pairs(make_trials, tasks, only):
    trials = study_of(make_trials, d0=BASE, d1=raised(0.1), d2=raised(0.02))
    row = only(compared(trials, tasks), "dropout=0.1", "test_accuracy")
    x, y = np.array(raised(0.1)), np.array(BASE)
    expected = stats.ttest_rel(x, y)
    low, high = expected.confidence_interval()
    assert (row["role"], row["n_pairs"], row["dropout"]) == ("primary", 5, 0.1)
    numbers = row[["difference", "ci_low", "ci_high", "p", "sd", "iqm"]].tolist()
    sd, iqm = np.std(x - y, ddof=1), stats.trim_mean(x - y, 0.25)
    assert numbers == pytest.approx([np.mean(x - y), low, high, expected.pvalue, sd, iqm])
    assert row["sd_ratio_p"] == pytest.approx(stats.pearsonr(x + y, x - y).pvalue)
    assert row["effect_size"] == pytest.approx(np.mean(x - y) / sd)
    # Two comparisons share the level, so that this one is found at half of it.
    found = TTestPower().power(row["detectable"] / sd, 5, 0.025)
    assert found == pytest.approx(0.8, abs=1e-4)


def test_the_family_is_the_metric_on_test_of_a_task(make_trials, tasks):
    first = study_of(make_trials, d0=BASE, d1=raised(0.02), d2=raised(0.1), d3=raised(0.0))
    other = make_trials(
        [({"dropout": d}, [10 * s for s in raised(d / 10)]) for d in (0.0, 0.4)],
        task="lstm/waves",
        metric="rmse",
    )
    found = compared(pd.concat([first, other], ignore_index=True), tasks)
    primary = found.loc[found["role"] == "primary"]
    assert set(primary["measure"]) == {"test_accuracy", "test_rmse"}
    for _, family in primary.groupby("task"):
        expected = multipletests(family["p"], method="holm")[1]
        assert family["p_adjusted"].tolist() == pytest.approx(expected.tolist())
    exploratory = found.loc[found["role"] == "exploratory"]
    assert exploratory["p_adjusted"].isna().all()
    assert {"val_accuracy_best", "test_loss", "gap_loss_last", "diverged"} <= set(
        exploratory["measure"]
    )


@settings(max_examples=20)  # It collects all garbage at every call.
@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holms_correction_is_that_of_statsmodels(p):
    assert holm(p) == pytest.approx(multipletests(p, method="holm")[1].tolist())


@given(st.lists(st.floats(0, 1), max_size=8), st.randoms())
def test_an_adjusted_p_is_never_below_p_and_in_the_same_order(p, random):
    adjusted = holm(p)
    assert all(a >= b for a, b in zip(adjusted, p, strict=True))
    by_p = [a for _, a in sorted(zip(p, adjusted, strict=True))]
    assert by_p == sorted(by_p)
    order = list(range(len(p)))
    random.shuffle(order)
    assert holm([p[place] for place in order]) == [adjusted[place] for place in order]


VERDICTS = {
    "better": raised(0.1),
    "worse": raised(-0.1),
    "no clear difference": raised(0.001),
    "all diverged": ALL,
    "too few pairs": [0.9, None, None, None, None],
}


@pytest.mark.parametrize("verdict", VERDICTS)
def test_each_verdict_has_its_case(make_trials, tasks, only, verdict):
    trials = study_of(make_trials, d0=BASE, d1=VERDICTS[verdict])
    assert only(compared(trials, tasks), "dropout=0.1", "test_accuracy")["verdict"] == verdict


def test_a_baseline_that_diverged_is_named(make_trials, tasks, only):
    trials = study_of(make_trials, d0=ALL, d1=BASE, d2=ALL)
    found = compared(trials, tasks)
    assert only(found, "dropout=0.1", "test_accuracy")["verdict"] == "baseline diverged"
    assert only(found, "dropout=0.2", "test_accuracy")["verdict"] == "all diverged"


def test_of_an_error_and_a_loss_less_is_better(make_trials, tasks, only):
    trials = make_trials(
        [({"dropout": 0.0}, BASE), ({"dropout": 0.1}, raised(-0.1))],
        task="lstm/waves",
        metric="rmse",
    )
    found = compared(trials, tasks)
    assert only(found, "dropout=0.1", "test_rmse")["verdict"] == "better"
    assert only(found, "dropout=0.1", "test_loss")["verdict"] == "worse"


def test_a_gap_is_higher_or_lower(make_trials, tasks, only):
    trials = study_of(make_trials, d0=BASE, d1=BASE)
    at = (trials["dropout"] == 0.1).to_numpy()
    trials["gap_loss_last"] = np.where(at, 0.1, 0.3) + 0.01 * trials["seed"] ** (1 + at)
    assert only(compared(trials, tasks), "dropout=0.1", "gap_loss_last")["verdict"] == "lower"


def test_a_condition_that_diverges_leaves_the_family(make_trials, tasks, only):
    with_it = study_of(make_trials, d0=BASE, d1=raised(0.02), d2=ALL)
    row = only(compared(with_it, tasks), "dropout=0.1", "test_accuracy")
    assert row["p_adjusted"] == row["p"]
    diverged = only(compared(with_it, tasks), "dropout=0.2", "test_accuracy")
    assert (diverged["n_pairs"], diverged["role"]) == (0, "primary")
    assert np.isnan(diverged[["difference", "p", "p_adjusted", "agree"]].astype(float)).all()


def test_divergence_is_counted_by_mcnemars_exact_test(make_trials, tasks, only):
    often = [None] * 7 + [0.5]
    trials = study_of(make_trials, d0=[0.5] * 7 + [None], d1=often, d2=[0.5] * 8)
    found = compared(trials, tasks)
    row = only(found, "dropout=0.1", "diverged")
    assert row["p"] == pytest.approx(stats.binomtest(7, 8).pvalue)
    assert (row["n_pairs"], row["difference"]) == (8, 0.75)
    assert row["verdict"] == "no clear difference"
    assert row["ci_high"] <= 1.0
    row = only(found, "dropout=0.2", "diverged")
    assert (row["difference"], row["p"]) == (-0.125, 1.0)
    never = study_of(make_trials, d0=[0.5] * 8, d1=[None] * 8)
    row = only(compared(never, tasks), "dropout=0.1", "diverged")
    assert (row["difference"], row["p"], row["verdict"]) == (1.0, 2**-7, "higher")


def test_a_pair_needs_the_seed_on_both_sides(make_trials, tasks, only):
    trials = study_of(make_trials, d0=BASE, d1=raised(0.1))
    without = trials.loc[~((trials["dropout"] == 0.1) & (trials["seed"] < 2))]
    row = only(compared(without, tasks), "dropout=0.1", "test_accuracy")
    assert row["n_pairs"] == 3
    assert row["difference"] == pytest.approx(0.1 + np.mean(WOBBLE[2:]))
    moved = trials.assign(seed=trials["seed"] + 10 * (trials["dropout"] == 0.1))
    moved = moved.assign(epochs=10, onset_epoch=pd.array([None] * 10, dtype="Int64"))
    row = only(compared(moved, tasks), "dropout=0.1", "test_accuracy")
    assert (row["n_pairs"], row["verdict"]) == (0, "too few pairs")


def test_pairs_over_several_splits_have_the_crossed_interval(make_study, tasks, only):
    rng = np.random.default_rng(0)
    scores = rng.uniform(0.5, 1, size=(2, 4, 3))
    trials = make_study(
        {"dropout": [0.0, 0.5]},
        lambda dropout, seed, split: scores[int(dropout > 0), seed, split],
        seeds=4,
        splits=3,
    )
    row = only(compared(trials, tasks), "dropout=0.5", "test_accuracy")
    expected = crossed_interval(scores[1] - scores[0])
    assert (row["n_pairs"], row["difference"]) == (12, pytest.approx(expected.mean))
    assert (row["ci_low"], row["ci_high"]) == pytest.approx((expected.low, expected.high))
    assert row["p"] == pytest.approx(
        2 * stats.t.sf(abs(expected.mean) / expected.error, expected.df)
    )


def test_tuned_conditions_are_compared_by_what_the_other_seeds_choose(make_trials, tasks, only):
    def at(dropout, rate, scores):
        return {"dropout": dropout, "learning_rate": rate}, scores

    trials = make_trials(
        [
            at(0.0, 0.1, [0.5, 0.7, 0.7]),
            at(0.0, 0.2, [0.9, 0.6, 0.6]),
            at(0.5, 0.1, [0.8, 0.8, 0.8]),
            at(0.5, 0.2, [0.1, 0.1, 0.1]),
        ]
    )
    found = compared(trials, tasks, tuned=["learning_rate"])
    row = only(found, "dropout=0.5", "test_accuracy")
    assert "learning_rate" not in found
    assert row["n_pairs"] == 3
    assert row["difference"] == pytest.approx(0.8 - (0.5 + 0.6 + 0.6) / 3)


@pytest.mark.parametrize(
    ("values", "baseline"),
    [
        (["[16, 32]", "[8]"], [16, 32]),
        ([np.nan, "batch"], None),
        ([np.nan, 0.5], float("nan")),
        ([False, True], False),
        ([1, 2], 1.0),
        (pd.array([None, 3], dtype="Int64"), None),
    ],
)
def test_the_baseline_is_found_however_its_value_is_written(
    make_trials, tasks, only, values, baseline
):
    trials = make_trials([({"norm": i}, [0.5 + i, 0.7 + 2 * i]) for i in (0, 1)], factors=["norm"])
    trials["norm"] = pd.Series(values).take([0, 0, 1, 1]).array
    assert is_baseline(trials, {"norm": baseline}).tolist() == [True, True, False, False]
    found = compared(trials, tasks, factors=["norm"], baseline={"norm": baseline})
    row = only(found, measure="test_accuracy")
    assert (row["condition"], row["difference"]) == ("norm=1", pytest.approx(1.5))
    assert found["norm"].dtype == trials["norm"].dtype


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.integers(1, 2))
def test_the_order_of_the_rows_changes_no_bit(make_study, tasks, shuffled, draw, splits):
    rng = np.random.default_rng(draw)
    trials = make_study(
        {"dropout": [0.0, 0.2, 0.5]},
        lambda **_: None if rng.random() < 0.2 else rng.random(),
        seeds=4,
        splits=splits,
    )
    names = ["condition", "measure"]
    first, second = (
        compared(frame, tasks).set_index(names).sort_index()
        for frame in (trials, shuffled(trials, seed=draw))
    )
    pd.testing.assert_frame_equal(first, second, check_exact=True)


def test_one_condition_has_nothing_to_be_compared_with(make_trials, tasks):
    trials = study_of(make_trials, d0=BASE)
    found = compared(trials, tasks)
    assert found.empty
    assert {"difference", "verdict", "dropout"} <= set(found.columns)
    assert compared(trials.iloc[:0], tasks).empty
    assert compared(study_of(make_trials, d1=BASE), tasks).empty


def test_a_factor_without_a_baseline_is_named(make_trials, tasks):
    trials = study_of(make_trials, d0=BASE)
    with pytest.raises(DlsuiteError, match=r"expected a value for every factor; got none for drop"):
        compared(trials, tasks, baseline={})
    with pytest.raises(DlsuiteError, match=r"trials: expected the columns momentum; got task"):
        compared(trials, tasks, factors=["momentum"], baseline={"momentum": 0})
