import pandas as pd
import pytest

from dlsuite.analysis import findings, summarize
from dlsuite.errors import DlsuiteError


def say(trials, tasks, *, factors=("dropout",), baseline=None):
    summary = summarize(trials, factors=factors, tuned=[], tasks=tasks)
    return findings(summary, tasks, factors=factors, baseline=baseline or {"dropout": 0.0})


def test_the_best_mean_is_stated_beside_the_baseline(make_trials, tasks):
    trials = make_trials(
        [
            ({"dropout": 0.0}, [0.6, 0.7]),
            ({"dropout": 0.2}, [0.8, 0.9]),
            ({"dropout": 0.4}, [0.7, 0.8]),
        ]
    )
    trials["gap_loss_last"] = [0.3, 0.3, 0.2, 0.2, 0.1, 0.1]
    reading, sentence = say(trials, tasks)
    assert "up to 2 trials of a condition, 95 % t intervals" in reading
    assert sentence == (
        "mlp/toy, dropout: test accuracy 0.850 [0.215, 1.485] at 0.2 is the highest of 3 means, "
        "0.650 [0.015, 1.285] at the baseline 0; the loss gap narrows from 0.3 at 0 to 0.2 at 0.2 "
        "and is lowest, 0.1, at 0.4."
    )


def test_where_the_baseline_is_best_the_other_end_is_stated(make_trials, tasks):
    trials = make_trials([({"dropout": 0.0}, [0.9]), ({"dropout": 0.2}, [0.8])])
    _, sentence = say(trials, tasks)
    assert "0.900 at the baseline 0 is the highest, 0.800 at 0.2 the lowest" in sentence


def test_of_an_error_the_lowest_is_the_best(make_trials, tasks):
    trials = make_trials(
        [({"dropout": 0.0}, [9.0]), ({"dropout": 0.2}, [8.0])], task="lstm/waves", metric="rmse"
    )
    _, sentence = say(trials, tasks)
    assert "test RMSE 8 at 0.2 is the lowest, 9 at the baseline 0" in sentence


def test_what_is_not_better_than_guessing_is_said(make_trials, tasks):
    trials = make_trials([({"dropout": 0.0}, [0.9]), ({"dropout": 0.9}, [0.52])])
    _, sentence = say(trials, tasks)
    assert sentence.endswith("Not better than guessing the majority class (0.520) at 0.9.")


def test_guessing_is_named_once_where_nothing_beats_it(make_trials, tasks):
    trials = make_trials(
        [({"dropout": 0.0}, [12.0]), ({"dropout": 0.2}, [13.0])], task="lstm/waves", metric="rmse"
    )
    _, sentence = say(trials, tasks)
    assert sentence.endswith("Nowhere better than guessing the last value (11).")


def test_diverged_trials_are_counted(make_trials, tasks):
    trials = make_trials(
        [
            ({"dropout": 0.0}, [0.9, 0.9]),
            ({"dropout": 0.2}, [0.8, None]),
            ({"dropout": 0.4}, [None, None]),
        ]
    )
    _, sentence = say(trials, tasks)
    assert sentence.endswith("1 of 2 trials diverged at 0.2, 2 of 2 at 0.4.")


def test_a_baseline_that_diverged_is_said_so(make_trials, tasks):
    trials = make_trials([({"dropout": 0.0}, [None]), ({"dropout": 0.2}, [0.8])])
    _, sentence = say(trials, tasks)
    assert "test accuracy 0.800 at 0.2" in sentence
    assert sentence.endswith("1 of 1 trials diverged at 0.")


def test_a_task_where_all_diverged_is_said_so(make_trials, tasks):
    trials = make_trials([({"dropout": 0.0}, [None]), ({"dropout": 0.2}, [None])])
    _, sentence = say(trials, tasks)
    assert "no trial completed. 1 of 1 trials diverged at 0, 1 of 1 at 0.2." in sentence


def test_equal_means_are_not_ranked(make_trials, tasks):
    trials = make_trials([({"dropout": 0.0}, [0.8]), ({"dropout": 0.2}, [0.8])])
    _, sentence = say(trials, tasks)
    assert "0.800 at the baseline 0 and at every other value" in sentence


def test_factors_are_compared_with_the_others_at_their_baseline(make_trials, tasks):
    both = ("dropout", "batch_norm")
    trials = make_trials(
        [
            ({"dropout": 0.0, "batch_norm": False}, [0.6]),
            ({"dropout": 0.5, "batch_norm": False}, [0.7]),
            ({"dropout": 0.0, "batch_norm": True}, [0.8]),
            ({"dropout": 0.5, "batch_norm": True}, [0.9]),
        ],
        factors=both,
    )
    _, dropout, batch_norm = say(
        trials, tasks, factors=both, baseline={"dropout": 0, "batch_norm": False}
    )
    assert "0.700 at 0.5 is the highest, 0.600 at the baseline 0" in dropout
    assert "0.800 at true is the highest, 0.600 at the baseline false" in batch_norm
    assert "0.900" not in dropout + batch_norm


def test_lists_read_from_a_table_equal_the_studys_own(make_trials, tasks):
    trials = make_trials(
        [({"units": "[16, 16]"}, [0.6]), ({"units": "[32]"}, [0.7])], factors=["units"]
    )
    _, sentence = say(trials, tasks, factors=["units"], baseline={"units": (16, 16)})
    assert "at the baseline [16, 16]" in sentence


def test_a_factor_with_one_value_is_not_compared(make_trials, tasks):
    _, sentence = say(make_trials([({"dropout": 0.0}, [0.6])]), tasks)
    assert "no two conditions differ in it alone" in sentence


def test_a_factor_without_a_baseline_is_refused(make_trials, tasks):
    trials = make_trials([({"dropout": 0.0}, [0.6])])
    with pytest.raises(
        DlsuiteError, match=r"baseline: expected a value for every factor; got none"
    ):
        say(trials, tasks, baseline={"units": 3})


def test_an_empty_summary_says_nothing(make_trials, tasks):
    trials = make_trials([({"dropout": 0.0}, [0.6])]).iloc[:0]
    assert say(trials, tasks) == []


def test_every_task_and_factor_has_a_line(make_trials, tasks):
    values = [({"dropout": 0.0}, [0.6]), ({"dropout": 0.5}, [0.7])]
    trials = pd.concat(
        [make_trials(values), make_trials(values, task="lstm/waves", metric="rmse")],
        ignore_index=True,
    )
    lines = say(trials, tasks)
    assert [line.split(":")[0] for line in lines[1:]] == ["mlp/toy, dropout", "lstm/waves, dropout"]
