import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from dlsuite.analysis import summarize


def only(summary, condition, measure):
    rows = summary[(summary["condition"] == condition) & (summary["measure"] == measure)]
    assert len(rows) == 1
    return rows.iloc[0]


def test_a_row_holds_the_statistics_of_its_trials(make_trials, tasks):
    trials = make_trials([({"dropout": 0.0}, [0.8, 0.9, 1.0, None])])
    row = only(
        summarize(trials, factors=["dropout"], tuned=[], tasks=tasks),
        "dropout=0.0",
        "test_accuracy",
    )
    low, high = stats.t.interval(0.95, 2, loc=0.9, scale=0.1 / np.sqrt(3))
    assert row["n"] == 3
    assert row["n_diverged"] == 1
    assert row["divergence_rate"] == 0.25
    assert row["mean"] == pytest.approx(0.9)
    assert (row["ci_low"], row["ci_high"]) == pytest.approx((low, high))
    assert row["sd"] == pytest.approx(0.1)
    assert (row["min"], row["max"]) == (0.8, 1.0)
    assert row["guess"] == 0.52


def test_guessing_is_empty_where_it_is_not_known(make_trials, tasks):
    trials = make_trials([({"dropout": 0.0}, [0.8])])
    summary = summarize(trials, factors=["dropout"], tuned=[], tasks=tasks)
    assert only(summary, "dropout=0.0", "val_accuracy_best")["guess"] == 0.5
    assert np.isnan(only(summary, "dropout=0.0", "gap_loss_last")["guess"])


def test_one_seed_has_a_mean_and_no_interval(make_trials, tasks):
    trials = make_trials([({"dropout": 0.0}, [0.8])])
    row = only(
        summarize(trials, factors=["dropout"], tuned=[], tasks=tasks),
        "dropout=0.0",
        "test_accuracy",
    )
    assert row["mean"] == 0.8
    assert row[["ci_low", "ci_high", "sd"]].isna().all()


def test_a_condition_where_all_diverge_has_rows(make_trials, tasks):
    trials = make_trials([({"dropout": 0.0}, [0.8]), ({"dropout": 0.9}, [None, None])])
    row = only(
        summarize(trials, factors=["dropout"], tuned=[], tasks=tasks),
        "dropout=0.9",
        "test_accuracy",
    )
    assert (row["n"], row["n_diverged"], row["divergence_rate"]) == (0, 2, 1.0)
    assert row[["mean", "min", "max"]].isna().all()


def test_a_task_where_all_diverge_has_rows_for_its_metric(make_trials, tasks):
    trials = make_trials([({"dropout": 0.9}, [None])])
    summary = summarize(trials, factors=["dropout"], tuned=[], tasks=tasks)
    assert {"test_loss", "test_accuracy"} <= set(summary["measure"])


def test_failed_trials_count_neither_way(make_trials, tasks):
    trials = make_trials([({"dropout": 0.0}, [0.8, None, 0.6])])
    trials.loc[2, "status"] = "failed"
    row = only(
        summarize(trials, factors=["dropout"], tuned=[], tasks=tasks),
        "dropout=0.0",
        "test_accuracy",
    )
    assert (row["n"], row["n_diverged"], row["divergence_rate"]) == (1, 1, 0.5)


def test_rows_stand_in_order_of_appearance_and_of_columns(make_trials, tasks):
    trials = make_trials([({"dropout": 0.5}, [0.8]), ({"dropout": 0.0}, [0.8])])
    summary = summarize(trials, factors=["dropout"], tuned=[], tasks=tasks)
    assert summary["condition"].drop_duplicates().tolist() == ["dropout=0.5", "dropout=0.0"]
    measures = ["val_accuracy_best", "test_accuracy", "test_loss", "gap_loss_last"]
    assert summary["measure"].tolist() == measures * 2
    assert summary.columns[:4].tolist() == ["task", "condition", "dropout", "measure"]
    assert summary["dropout"].dtype == trials["dropout"].dtype


def test_a_task_has_only_the_measures_of_its_type(make_trials, tasks):
    accuracy = make_trials([({"dropout": 0.0}, [0.8])])
    rmse = make_trials([({"dropout": 0.0}, [8.0])], task="lstm/waves", metric="rmse")
    summary = summarize(
        pd.concat([accuracy, rmse], ignore_index=True), factors=["dropout"], tuned=[], tasks=tasks
    )
    by_task = summary.groupby("task")["measure"].agg(set)
    assert "test_rmse" not in by_task["mlp/toy"]
    assert "test_accuracy" not in by_task["lstm/waves"]


def test_only_the_selected_tuned_value_counts(make_trials, tasks):
    trials = make_trials(
        [
            ({"dropout": 0.0, "learning_rate": 0.1}, [0.9]),
            ({"dropout": 0.0, "learning_rate": 0.2}, [0.7]),
        ]
    )
    summary = summarize(trials, factors=["dropout"], tuned=["learning_rate"], tasks=tasks)
    row = only(summary, "dropout=0.0", "test_accuracy")
    assert (row["learning_rate"], row["mean"], row["n"]) == (0.1, 0.9, 1)


def test_no_trials_give_an_empty_summary_with_columns(make_trials, tasks):
    trials = make_trials([({"dropout": 0.0}, [0.9])]).iloc[:0]
    summary = summarize(trials, factors=["dropout"], tuned=[], tasks=tasks)
    assert summary.empty
    assert "ci_high" in summary.columns


@given(
    scores=st.lists(st.floats(0, 1), min_size=1, max_size=8),
    random=st.randoms(),
)
def test_permuting_the_rows_changes_no_statistic(make_trials, tasks, scores, random):
    trials = make_trials([({"dropout": 0.0}, scores), ({"dropout": 0.5}, [*scores, None])])
    order = list(range(len(trials)))
    random.shuffle(order)
    keys = ["condition", "measure"]
    first, second = (
        summarize(frame, factors=["dropout"], tuned=[], tasks=tasks).set_index(keys).sort_index()
        for frame in (trials, trials.iloc[order])
    )
    pd.testing.assert_frame_equal(first, second, check_exact=True)
