import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from dlsuite.analysis import summarize
from dlsuite.analysis.intervals import crossed_interval


def test_a_row_holds_the_statistics_of_its_trials(make_trials, tasks, only):
    trials = make_trials([({"dropout": 0.0}, [0.78, 0.8, 0.82, 0.8, None])])
    row = only(
        summarize(trials, factors=["dropout"], tuned=[], tasks=tasks),
        "dropout=0.0",
        "test_accuracy",
    )
    sd = np.std([0.78, 0.8, 0.82, 0.8], ddof=1)
    assert row["n"] == 4
    assert row["n_diverged"] == 1
    assert row["conditional"]
    assert row["mean"] == pytest.approx(0.8)
    low, high = stats.t.interval(0.95, 3, loc=0.8, scale=sd / 2)
    assert (row["ci_low"], row["ci_high"]) == pytest.approx((low, high))
    assert row["iqm"] == pytest.approx(0.8)
    assert row["sd"] == pytest.approx(sd)
    assert (row["min"], row["max"]) == (0.78, 0.82)
    assert row["guess"] == 0.52
    assert row["divergence_rate"] == 0.2
    exact = stats.binomtest(1, 5).proportion_ci(0.95)
    ends = (row["divergence_low"], row["divergence_high"])
    assert ends == pytest.approx((exact.low, exact.high))


def test_an_interval_is_cut_at_what_the_measure_can_be(make_trials, tasks, only):
    trials = make_trials([({"dropout": 0.0}, [0.8, 0.9, 1.0])])
    summary = summarize(trials, factors=["dropout"], tuned=[], tasks=tasks)
    low, high = stats.t.interval(0.95, 2, loc=0.9, scale=0.1 / np.sqrt(3))
    assert high > 1
    accuracy, loss = (only(summary, "dropout=0.0", f"test_{m}") for m in ("accuracy", "loss"))
    assert (accuracy["ci_low"], accuracy["ci_high"]) == pytest.approx((low, 1.0))
    assert (loss["ci_low"], loss["ci_high"]) == pytest.approx((0.0, 1 - low))


def test_a_gap_may_lie_below_0(make_trials, tasks, only):
    trials = make_trials([({"dropout": 0.0}, [0.8, 0.9, 1.0])], gap=0.1)
    trials["gap_loss_last"] -= 0.2
    summary = summarize(trials, factors=["dropout"], tuned=[], tasks=tasks)
    assert only(summary, "dropout=0.0", "gap_loss_last")["ci_low"] < -0.2


def test_the_share_of_trials_that_overfit_has_the_exact_interval(make_trials, tasks, only):
    trials = make_trials([({"dropout": 0.0}, [0.8, 0.9, 0.7, None])])
    trials["overfits"] = [True, True, True, None]
    row = only(
        summarize(trials, factors=["dropout"], tuned=[], tasks=tasks), "dropout=0.0", "overfits"
    )
    exact = stats.binomtest(3, 3).proportion_ci(0.95)
    assert (row["n"], row["mean"]) == (3, 1.0)
    assert (row["ci_low"], row["ci_high"]) == pytest.approx((exact.low, exact.high))


def test_an_onset_that_never_came_counts_as_the_last_epoch(make_trials, tasks, only):
    trials = make_trials([({"dropout": 0.0}, [0.8, 0.9, None])])
    trials["onset_epoch"] = pd.array([4, None, None], dtype="Int64")
    trials["epochs"] = 10
    row = only(
        summarize(trials, factors=["dropout"], tuned=[], tasks=tasks), "dropout=0.0", "onset_epoch"
    )
    assert (row["n"], row["mean"]) == (2, 7.0)


def test_over_several_splits_the_interval_covers_both(make_study, tasks, only):
    rng = np.random.default_rng(0)
    scores = 0.5 + 0.01 * rng.normal(size=(4, 3)) + [0.0, 0.1, -0.1]
    trials = make_study(
        {"dropout": [0.0]}, lambda seed, split, **_: scores[seed, split], seeds=4, splits=3
    )
    row = only(
        summarize(trials, factors=["dropout"], tuned=[], tasks=tasks),
        "dropout=0.0",
        "test_accuracy",
    )
    expected = crossed_interval(scores)
    found = row[["n", "mean", "ci_low", "ci_high"]].tolist()
    assert found == pytest.approx([12, expected.mean, expected.low, expected.high])
    assert row["ci_high"] - row["ci_low"] > 0.2  # Three splits do not say much.


def test_guessing_is_empty_where_it_is_not_known(make_trials, tasks, only):
    trials = make_trials([({"dropout": 0.0}, [0.8])])
    summary = summarize(trials, factors=["dropout"], tuned=[], tasks=tasks)
    assert only(summary, "dropout=0.0", "val_accuracy_best")["guess"] == 0.5
    assert np.isnan(only(summary, "dropout=0.0", "gap_loss_last")["guess"])


def test_one_seed_has_a_mean_and_no_interval(make_trials, tasks, only):
    trials = make_trials([({"dropout": 0.0}, [0.8])])
    row = only(
        summarize(trials, factors=["dropout"], tuned=[], tasks=tasks),
        "dropout=0.0",
        "test_accuracy",
    )
    assert row["mean"] == 0.8
    assert row[["ci_low", "ci_high", "sd"]].isna().all()


def test_a_condition_where_all_diverge_has_rows(make_trials, tasks, only):
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


def test_failed_trials_count_neither_way(make_trials, tasks, only):
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


def test_only_the_selected_tuned_value_counts(make_trials, tasks, only):
    trials = make_trials(
        [
            ({"dropout": 0.0, "learning_rate": 0.1}, [0.9]),
            ({"dropout": 0.0, "learning_rate": 0.2}, [0.7]),
        ]
    )
    summary = summarize(trials, factors=["dropout"], tuned=["learning_rate"], tasks=tasks)
    row = only(summary, "dropout=0.0", "test_accuracy")
    assert (row["learning_rate"], row["mean"], row["n"]) == (0.1, 0.9, 1)


def test_what_counts_is_measured_and_what_is_selected_is_named(make_trials, tasks, only):
    # Seed 0 alone decides for 0.2; its own trial counts with the value that the others choose.
    trials = make_trials(
        [
            ({"dropout": 0.0, "learning_rate": 0.1}, [0.5, 0.7, 0.7]),
            ({"dropout": 0.0, "learning_rate": 0.2}, [0.9, 0.6, 0.6]),
        ]
    )
    summary = summarize(trials, factors=["dropout"], tuned=["learning_rate"], tasks=tasks)
    row = only(summary, "dropout=0.0", "test_accuracy")
    assert row["learning_rate"] == 0.2
    assert (row["n"], row["mean"]) == (3, pytest.approx((0.5 + 0.6 + 0.6) / 3))


def test_no_trials_give_an_empty_summary_with_columns(make_trials, tasks):
    trials = make_trials([({"dropout": 0.0}, [0.9])]).iloc[:0]
    summary = summarize(trials, factors=["dropout"], tuned=[], tasks=tasks)
    assert summary.empty
    assert "ci_high" in summary.columns


@settings(max_examples=40)
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
