import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlsuite.analysis import count_tuned, select_tuned
from dlsuite.errors import DlsuiteError


def rate(dropout, learning_rate):
    return {"dropout": dropout, "learning_rate": learning_rate}


def chosen(trials, tasks):
    selected = select_tuned(trials, tuned=["learning_rate"], tasks=tasks)
    pairs = trials.loc[selected, ["condition", "learning_rate"]].drop_duplicates()
    return dict(pairs.itertuples(index=False, name=None))


def test_without_tuned_values_all_trials_are_selected(make_trials, tasks):
    trials = make_trials([(rate(0.0, 0.1), [0.5, None])])
    selected = select_tuned(trials, tuned=[], tasks=tasks)
    assert selected.tolist() == [True, True]
    assert selected.name == "selected"
    assert selected.dtype == bool


def test_each_condition_gets_its_own_best_value(make_trials, tasks):
    trials = make_trials(
        [
            (rate(0.0, 0.1), [0.9, 0.7]),
            (rate(0.0, 0.2), [0.7, 0.7]),
            (rate(0.5, 0.1), [0.5, 0.5]),
            (rate(0.5, 0.2), [0.6, 0.5]),
        ]
    )
    assert chosen(trials, tasks) == {"dropout=0.0": 0.1, "dropout=0.5": 0.2}


def test_of_an_error_the_lower_one_is_better(make_trials, tasks):
    trials = make_trials(
        [(rate(0.0, 0.1), [9.0, 7.0]), (rate(0.0, 0.2), [7.0, 7.0])],
        task="lstm/waves",
        metric="rmse",
    )
    assert chosen(trials, tasks) == {"dropout=0.0": 0.2}


def test_a_candidate_that_diverges_less_beats_a_better_score(make_trials, tasks):
    trials = make_trials([(rate(0.0, 0.1), [0.99, None]), (rate(0.0, 0.2), [0.6, 0.6])])
    assert chosen(trials, tasks) == {"dropout=0.0": 0.2}


def test_a_candidate_without_a_completed_trial_loses_to_all(make_trials, tasks):
    trials = make_trials([(rate(0.0, 0.1), [0.9, 0.9]), (rate(0.0, 0.2), [None, 0.1])])
    trials.loc[trials["learning_rate"] == 0.1, "status"] = "failed"
    assert chosen(trials, tasks) == {"dropout=0.0": 0.2}


def test_of_equals_the_first_is_taken(make_trials, tasks):
    trials = make_trials([(rate(0.0, 0.2), [0.5, 0.7]), (rate(0.0, 0.1), [0.7, 0.5])])
    assert chosen(trials, tasks) == {"dropout=0.0": 0.2}


def test_where_all_candidates_diverge_the_first_is_taken(make_trials, tasks):
    trials = make_trials([(rate(0.0, 0.2), [None]), (rate(0.0, 0.1), [None])])
    assert chosen(trials, tasks) == {"dropout=0.0": 0.2}


def test_the_test_split_is_never_read(make_trials, tasks):
    trials = make_trials([(rate(0.0, 0.1), [0.9]), (rate(0.0, 0.2), [0.7])])
    without = trials.drop(columns=[c for c in trials if c.startswith("test_")])
    misleading = trials.assign(test_accuracy=[0.0, 1.0])
    assert chosen(misleading, tasks) == chosen(without, tasks) == {"dropout=0.0": 0.1}


def test_repeated_index_labels_do_no_harm(make_trials, tasks):
    low = make_trials([(rate(0.0, 0.1), [0.9, 0.8])])
    high = make_trials([(rate(0.0, 0.2), [0.7, 0.6])])
    selected = select_tuned(pd.concat([low, high]), tuned=["learning_rate"], tasks=tasks)
    assert selected.tolist() == [True, True, False, False]


def test_a_missing_value_is_a_candidate_too(make_trials, tasks):
    trials = make_trials([(rate(0.0, None), [0.9]), (rate(0.0, 0.2), [0.7])])
    selected = select_tuned(trials, tuned=["learning_rate"], tasks=tasks)
    assert selected.tolist() == [True, False]


def test_a_task_that_is_not_listed_is_refused(make_trials, tasks):
    trials = make_trials([(rate(0.0, 0.1), [0.9])], task="mlp/other")
    with pytest.raises(
        DlsuiteError, match=r"tasks: expected one row for 'mlp/other'; got 'mlp/toy'"
    ):
        select_tuned(trials, tuned=["learning_rate"], tasks=tasks)


def test_a_missing_column_is_named(make_trials, tasks):
    trials = make_trials([(rate(0.0, 0.1), [0.9])])
    with pytest.raises(DlsuiteError, match=r"trials: expected the columns momentum; got task"):
        select_tuned(trials, tuned=["momentum"], tasks=tasks)


def counted_rates(trials, tasks, tuned=("learning_rate",)):
    """Which rate stands for each seed."""
    counted = trials.loc[count_tuned(trials, tuned=list(tuned), tasks=tasks).to_numpy()]
    return dict(zip(counted["seed"], counted["learning_rate"], strict=True))


def test_each_seed_counts_with_the_value_that_the_others_choose(make_trials, tasks):
    # Seed 0 alone likes 0.2, by so much that it decides for all; without it, the others like 0.1.
    trials = make_trials([(rate(0.0, 0.1), [0.5, 0.7, 0.7]), (rate(0.0, 0.2), [0.9, 0.6, 0.6])])
    assert chosen(trials, tasks) == {"dropout=0.0": 0.2}
    assert counted_rates(trials, tasks) == {0: 0.1, 1: 0.2, 2: 0.2}


def test_of_an_error_the_others_choose_the_lower_one(make_trials, tasks):
    trials = make_trials(
        [(rate(0.0, 0.1), [5.0, 7.0, 7.0]), (rate(0.0, 0.2), [9.0, 6.0, 6.0])],
        task="lstm/waves",
        metric="rmse",
    )
    assert counted_rates(trials, tasks) == {0: 0.2, 1: 0.1, 2: 0.1}


def test_where_the_seeds_agree_the_selected_trials_count(make_trials, tasks):
    trials = make_trials([(rate(0.0, 0.1), [0.5, 0.6]), (rate(0.0, 0.2), [0.9, 0.8])])
    counted = count_tuned(trials, tuned=["learning_rate"], tasks=tasks)
    assert counted.tolist() == [False, False, True, True]
    assert counted.name == "counted"
    assert counted.dtype == bool


def test_with_one_seed_the_selected_trial_counts(make_trials, tasks):
    trials = make_trials([(rate(0.0, 0.1), [0.5]), (rate(0.0, 0.2), [0.9])])
    assert counted_rates(trials, tasks) == {0: 0.2}


def test_all_splits_of_a_seed_count_with_the_same_value(make_study, tasks):
    lucky = {(0.2, 0): 0.9, (0.1, 0): 0.5}
    trials = make_study(
        {"dropout": [0.0], "learning_rate": [0.1, 0.2]},
        lambda learning_rate, seed, **_: lucky.get(
            (learning_rate, seed), 0.7 if learning_rate == 0.1 else 0.6
        ),
        seeds=3,
        splits=2,
        tuned=["learning_rate"],
    )
    counted = trials.loc[count_tuned(trials, tuned=["learning_rate"], tasks=tasks)]
    assert counted.groupby("seed")["learning_rate"].agg(list).tolist() == [
        [0.1, 0.1],
        [0.2, 0.2],
        [0.2, 0.2],
    ]


def test_without_tuned_values_all_trials_count(make_trials, tasks):
    trials = make_trials([({"dropout": 0.0}, [0.5, None])])
    assert count_tuned(trials, tuned=[], tasks=tasks).all()


def test_a_value_that_diverges_for_the_others_does_not_count(make_trials, tasks):
    trials = make_trials([(rate(0.0, 0.1), [0.9, None, 0.9]), (rate(0.0, 0.2), [0.6, 0.6, 0.6])])
    # Without seed 1, nothing is known against 0.1; that it then diverges is what is to be expected.
    assert counted_rates(trials, tasks) == {0: 0.2, 1: 0.1, 2: 0.2}


def test_a_seed_counts_with_a_value_that_it_has(make_trials, tasks):
    trials = make_trials([(rate(0.0, 0.1), [0.5, 0.5, 0.5]), (rate(0.0, 0.2), [0.9, 0.9])])
    assert counted_rates(trials, tasks) == {0: 0.2, 1: 0.2, 2: 0.1}


def test_repeated_labels_do_no_harm_to_what_counts(make_trials, tasks):
    low = make_trials([(rate(0.0, 0.1), [0.5, 0.7, 0.7])])
    high = make_trials([(rate(0.0, 0.2), [0.9, 0.6, 0.6])])
    assert counted_rates(pd.concat([low, high]), tasks) == {0: 0.1, 1: 0.2, 2: 0.2}


def test_what_counts_never_reads_the_test_split(make_trials, tasks):
    trials = make_trials([(rate(0.0, 0.1), [0.5, 0.7, 0.7]), (rate(0.0, 0.2), [0.9, 0.6, 0.6])])
    without = trials.drop(columns=[c for c in trials if c.startswith("test_")])
    assert counted_rates(without, tasks) == counted_rates(trials, tasks)


@settings(max_examples=40)
@given(st.integers(0, 10_000), st.integers(2, 5), st.integers(1, 3))
def test_of_each_condition_one_trial_a_seed_and_split_counts(
    make_study, tasks, shuffled, draw, seeds, splits
):
    rng = np.random.default_rng(draw)
    trials = make_study(
        {"dropout": [0.0, 0.5], "learning_rate": [0.1, 0.2, 0.3]},
        lambda learning_rate, **_: (
            None if learning_rate == 0.3 and rng.random() < 0.3 else rng.random()
        ),
        seeds=seeds,
        splits=splits,
        tuned=["learning_rate"],
    )
    names = ["condition", "seed", "split_seed"]
    found = []
    for frame in (trials, shuffled(trials, seed=draw)):
        counted = frame.loc[count_tuned(frame, tuned=["learning_rate"], tasks=tasks).to_numpy()]
        assert len(counted) == 2 * seeds * splits
        assert not counted.duplicated(names).any()
        found.append(counted.set_index(names)["learning_rate"].sort_index())
    assert found[0].equals(found[1])


def test_what_counts_is_not_flattered_by_luck_on_validation(make_study, tasks):
    """All values are equally good; what is lucky on validation is so on test, and the best seems better."""
    rng = np.random.default_rng(0)
    bias = {"selected": [], "counted": []}
    for _ in range(200):
        trials = make_study(
            {"dropout": [0.0], "learning_rate": [0.1, 0.2, 0.3, 0.4]},
            lambda **_: tuple(rng.multivariate_normal([0, 0], [[1, 0.7], [0.7, 1]])),
            seeds=4,
            tuned=["learning_rate"],
        )
        for name, mark in (("selected", select_tuned), ("counted", count_tuned)):
            stands = mark(trials, tuned=["learning_rate"], tasks=tasks)
            bias[name].append(trials.loc[stands, "test_accuracy"].mean())
    # The best of four means of four: 1.03 standard deviations of 0.5, and 0.7 of that on test.
    error = 0.5 / np.sqrt(200)
    assert np.mean(bias["selected"]) == pytest.approx(0.7 * 1.03 * 0.5, abs=4 * error)
    assert np.mean(bias["counted"]) == pytest.approx(0.0, abs=4 * error)
