import itertools
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlsuite.analysis.wrong_winner import wrong_winner_rate, wrong_winners
from dlsuite.errors import DlsuiteError

SOME = [0.3, 0.1, -0.2, 0.4, -0.1, 0.05]


def winners(trials, tasks, baseline=None):
    return wrong_winners(
        trials, factors=["dropout"], tuned=[], tasks=tasks, baseline=baseline or {"dropout": 0.0}
    )


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_the_rate_is_close_to_that_of_all_draws_there_are(n):
    means = np.array([np.mean(draw) for draw in itertools.product(SOME, repeat=n)])
    means[np.abs(means) < 1e-12] = 0
    exact = np.mean((1 - np.sign(means)) / 2)
    # Four standard errors of 2,000 draws.
    close = 4 * np.sqrt(exact * (1 - exact) / 2000)
    assert wrong_winner_rate(SOME)[n - 1] == pytest.approx(exact, abs=close)


def test_differences_of_one_sign_are_never_contradicted():
    assert wrong_winner_rate([0.1, 0.2, 0.3]).tolist() == [0.0, 0.0, 0.0]
    assert wrong_winner_rate([-0.1, -0.2]).tolist() == [0.0, 0.0]


def test_a_mean_of_0_counts_half():
    [rate] = wrong_winner_rate([1.0])
    assert rate == 0
    half = wrong_winner_rate([0.0, 0.0, 0.0, 1.0])[0]
    assert half == pytest.approx(0.75 / 2, abs=4 * np.sqrt(0.75 * 0.25 / 4 / 2000))


def test_where_nothing_wins_no_winner_is_wrong():
    assert np.isnan(wrong_winner_rate([1.0, -1.0])).all()
    assert np.isnan(wrong_winner_rate([0.0, 0.0])).all()
    assert wrong_winner_rate([]).shape == (0,)


@settings(max_examples=25)
@given(st.lists(st.floats(-10, 10), min_size=1, max_size=8), st.randoms())
def test_the_order_of_the_differences_changes_no_bit(differences, random):
    shuffled = list(differences)
    random.shuffle(shuffled)
    rate = wrong_winner_rate(differences)
    np.testing.assert_array_equal(wrong_winner_rate(shuffled), rate)
    known = rate[~np.isnan(rate)]
    assert ((known >= 0) & (known <= 1)).all()


def test_more_seeds_are_wrong_less_often():
    rate = wrong_winner_rate(np.random.default_rng(0).normal(0.5, 1, size=40))
    assert rate[0] > 0.2
    assert rate[-1] < 0.02


@pytest.mark.parametrize("unit", [1e-300, 1e-5, 1e300])
def test_the_unit_does_not_matter(unit):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        rate = wrong_winner_rate(unit * np.array([3.0, -1.0, 1.0]))
    np.testing.assert_array_equal(rate, wrong_winner_rate([3.0, -1.0, 1.0]))


def test_each_condition_has_a_row_a_number_of_seeds(make_trials, tasks, shuffled):
    trials = make_trials(
        [
            ({"dropout": 0.0}, [0.5, 0.5, 0.5, None]),
            ({"dropout": 0.2}, [0.6, 0.4, 0.7, 0.9]),
            ({"dropout": 0.5}, [None] * 4),
        ]
    )
    found = winners(trials, tasks)
    assert found["condition"].tolist() == ["dropout=0.2"] * 3
    assert found["n"].tolist() == [1, 2, 3]
    assert set(found["n_pairs"]) == {3}
    expected = wrong_winner_rate(np.array([0.6, 0.4, 0.7]) - 0.5)
    assert found["wrong"].tolist() == expected.tolist()
    assert winners(shuffled(trials), tasks)["wrong"].tolist() == expected.tolist()


def test_without_a_baseline_there_is_no_winner(make_trials, tasks):
    trials = make_trials([({"dropout": 0.2}, [0.5, 0.6]), ({"dropout": 0.5}, [0.5, 0.7])])
    assert winners(trials, tasks).empty
    diverged = make_trials([({"dropout": 0.0}, [None, None]), ({"dropout": 0.5}, [0.5, 0.7])])
    assert winners(diverged, tasks).empty


def test_a_factor_without_a_baseline_is_named(make_trials, tasks):
    trials = make_trials([({"dropout": 0.0}, [0.5])])
    with pytest.raises(DlsuiteError, match=r"for every factor; got none for dropout"):
        winners(trials, tasks, baseline={"other": 1})
