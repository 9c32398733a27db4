import numpy as np
import pandas as pd
import pytest
from scipy import stats

from dlsuite.analysis.learning_rates import usable_decades
from dlsuite.analysis.stability import WIDTHS, learning_rate_widths

RATES = [0.001, 0.01, 0.1, 1.0, 10.0]
FALLING = 1 - 0.08 * np.arange(11.0)
FLAT = 1 - 0.0001 * np.arange(11.0)


@pytest.fixture
def widths(make_study, make_curves, tasks):
    """The widths of a study in which a condition's seed has so many usable rates, from the lowest."""

    def of(usable, values, *, tuned=(), baseline=None, change=None, seeds=3):
        settings = values | {"learning_rate": RATES}
        trials = make_study(settings, lambda **_: 0.5, tuned=tuned, seeds=seeds)

        def curve(trial):
            reaches = RATES.index(trial["learning_rate"]) < usable(trial)
            return dict.fromkeys(("train_loss", "val_loss"), FALLING if reaches else FLAT)

        curves = make_curves(trials, curve, settings=list(settings))
        if change is not None:
            trials, curves = change(trials), change(curves)
        factors = [name for name in settings if name not in tuned]
        given = {"tasks": tasks, "factors": factors, "tuned": list(tuned)}
        first = {name: values[0] for name, values in settings.items() if name in factors}
        found = learning_rate_widths(trials, curves, **given, baseline=first | (baseline or {}))
        return found, usable_decades(trials, curves, **given)

    return of


def with_norm(trial):
    """Two, three and two of the rates without, four, four and five with batch normalization."""
    return [4, 4, 5][trial["seed"]] if trial["batch_norm"] else [2, 3, 2][trial["seed"]]


NORM = {"batch_norm": [False, True]}


def test_widths_are_paired_by_seed(widths, only):
    found, by_seed = widths(with_norm, NORM)
    of_seed = by_seed.pivot(index="seed", columns="batch_norm", values="decades")
    assert of_seed[False].tolist() == pytest.approx([2, 3, 2])
    row = only(found, batch_norm=True)
    expected = stats.ttest_rel(of_seed[True], of_seed[False])
    low, high = expected.confidence_interval()
    numbers = row[["difference", "difference_low", "difference_high", "p"]].tolist()
    assert numbers == pytest.approx([2.0, low, high, expected.pvalue])
    assert row["n_pairs"] == 3
    mean, error = np.mean([4, 4, 5]), stats.sem([4, 4, 5])
    ends = stats.t.interval(0.95, 2, loc=mean, scale=error)
    numbers = row[["n", "decades", "decades_low", "decades_high"]].tolist()
    assert numbers == pytest.approx([3, mean, *ends])


def test_the_baseline_has_a_width_and_no_difference(widths, only):
    found, _ = widths(with_norm, NORM)
    row = only(found, batch_norm=False)
    assert row["decades"] == pytest.approx(7 / 3)
    assert row[["n_pairs", "difference", "p"]].isna().all()
    other, _ = widths(with_norm, NORM, baseline={"batch_norm": True})
    assert only(other, batch_norm=False)["difference"] == pytest.approx(-2.0)


def test_a_range_that_ends_with_the_grid_is_said_to(widths, only):
    found, _ = widths(lambda trial: 5 if trial["batch_norm"] else 0, NORM)
    assert only(found, batch_norm=True)["touches_edge"] == 1.0
    none = only(found, batch_norm=False)
    assert (none["touches_edge"], none["decades"]) == (0.0, 0.0)


def test_a_width_is_not_below_0(widths, only):
    found, _ = widths(lambda trial: [1, 1, 5][trial["seed"]], {"batch_norm": [False]})
    row = only(found, batch_norm=False)
    assert row["decades"] - stats.t.ppf(0.975, 2) * stats.sem([1, 1, 5]) < 0
    assert row["decades_low"] == 0.0


def test_one_seed_has_a_width_and_no_interval(widths, only):
    found, _ = widths(with_norm, NORM, seeds=1)
    row = only(found, batch_norm=True)
    assert (row["n"], row["decades"], row["difference"]) == (1, pytest.approx(4), pytest.approx(2))
    assert row[["decades_low", "decades_high", "difference_low", "p"]].isna().all()


def test_the_rate_alone_has_a_width_and_nothing_to_compare(widths):
    found, _ = widths(lambda trial: 2 + trial["seed"], {})
    assert len(found) == 1
    assert found["decades"].iloc[0] == pytest.approx(3.0)
    assert found["difference"].isna().all()


def test_the_rate_may_be_tuned(widths, only):
    found, _ = widths(with_norm, NORM, tuned=["learning_rate"])
    assert only(found, batch_norm=True)["difference"] == pytest.approx(2.0)


def test_several_tuned_values_make_no_one_baseline(widths):
    found, _ = widths(
        with_norm, NORM | {"batch_size": [8, 16]}, tuned=["learning_rate", "batch_size"]
    )
    assert len(found) == 4
    assert found["difference"].isna().all()
    assert found["decades"].notna().all()


def test_the_order_of_the_rows_changes_no_bit(widths, shuffled):
    first, second = (widths(with_norm, NORM, change=change)[0] for change in (None, shuffled))
    pd.testing.assert_frame_equal(first, second, check_exact=True)


def test_without_rates_there_is_no_width(make_study, make_curves, tasks):
    trials = make_study(NORM, lambda **_: 0.5)
    curves = make_curves(
        trials, lambda _: {"train_loss": FALLING, "val_loss": FALLING}, settings=list(NORM)
    )
    given = {"factors": list(NORM), "tuned": [], "tasks": tasks}
    found = learning_rate_widths(trials, curves, **given, baseline={"batch_norm": False})
    assert found.empty
    assert list(found.columns) == ["task", "batch_norm", *WIDTHS]
