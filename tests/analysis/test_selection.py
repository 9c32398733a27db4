import pandas as pd
import pytest

from dlsuite.analysis import select_tuned
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
