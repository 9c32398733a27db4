import numpy as np
import pandas as pd
import pytest
from scipy import stats

from dlsuite.analysis import compare_studies
from dlsuite.analysis.comparison import COMPARISONS, compare_tasks
from dlsuite.analysis.intervals import crossed_interval
from dlsuite.errors import DlsuiteError

FIRST = [0.70, 0.72, 0.69, 0.71, 0.74]
SECOND = [0.60, 0.63, 0.58, 0.62, 0.61]


def tasks_of(fingerprints, metric="accuracy"):
    rows = [{"task": name, "metric": metric, "fingerprint": f} for name, f in fingerprints.items()]
    return pd.DataFrame(rows)


def trials_of(make_trials, by_task, **more):
    parts = [
        make_trials([({"dropout": d}, s) for d, s in conditions.items()], task=task, **more)
        for task, conditions in by_task.items()
    ]
    return pd.concat(parts)


def test_models_on_the_same_data_are_compared_by_scipys_t_test(make_trials, only):
    trials = trials_of(make_trials, {"cnn/x": {0.0: FIRST}, "mlp/x": {0.0: SECOND}})
    found = compare_tasks(trials, tuned=[], tasks=tasks_of({"cnn/x": "a", "mlp/x": "a"}))
    row = only(found, "dropout=0.0", "test_accuracy")
    assert (row["task"], row["other_task"], row["n_pairs"]) == ("cnn/x", "mlp/x", 5)
    expected = stats.ttest_rel(FIRST, SECOND)
    low, high = expected.confidence_interval()
    numbers = row[["mean", "other_mean", "difference", "ci_low", "ci_high", "p"]].tolist()
    means = [np.mean(FIRST), np.mean(SECOND)]
    assert numbers == pytest.approx([*means, means[0] - means[1], low, high, expected.pvalue])
    assert row["verdict"] == "better"
    assert set(found["measure"]) == {"test_accuracy", "gap_loss_last"}


def test_the_verdict_is_on_the_first(make_trials, only):
    trials = trials_of(make_trials, {"cnn/x": {0.0: SECOND}, "mlp/x": {0.0: FIRST}})
    found = compare_tasks(trials, tuned=[], tasks=tasks_of({"cnn/x": "a", "mlp/x": "a"}))
    assert only(found, measure="test_accuracy")["verdict"] == "worse"
    assert only(found, measure="gap_loss_last")["verdict"] == "no clear difference"


def test_of_an_error_less_is_better(make_trials, only):
    trials = trials_of(make_trials, {"cnn/x": {0.0: SECOND}, "mlp/x": {0.0: FIRST}}, metric="rmse")
    tasks = tasks_of({"cnn/x": "a", "mlp/x": "a"}, metric="rmse")
    found = compare_tasks(trials, tuned=[], tasks=tasks)
    assert only(found, measure="test_rmse")["verdict"] == "better"


def test_only_tasks_of_the_same_data_are_compared(make_trials):
    names = {"a/x": "x", "a/y": "y", "b/x": "x", "c/x": "x", "d/?": None, "e/?": None}
    trials = trials_of(make_trials, {name: {0.0: FIRST} for name in names})
    found = compare_tasks(trials, tuned=[], tasks=tasks_of(names))
    pairs = found[["task", "other_task"]].drop_duplicates().to_numpy().tolist()
    assert pairs == [["a/x", "b/x"], ["a/x", "c/x"], ["b/x", "c/x"]]


def test_only_conditions_and_seeds_of_both_are_compared(make_trials, only):
    trials = trials_of(
        make_trials,
        {
            "cnn/x": {0.0: [0.9, 0.7, None, 0.8], 0.5: [0.5]},
            "mlp/x": {0.0: [0.5, None, 0.5], 0.2: [0.5]},
        },
    )
    found = compare_tasks(trials, tuned=[], tasks=tasks_of({"cnn/x": "a", "mlp/x": "a"}))
    row = only(found, measure="test_accuracy")
    assert (row["condition"], row["n_pairs"]) == ("dropout=0.0", 1)
    # The means are of the pairs, so that their difference is the difference.
    assert row["mean"] - row["other_mean"] == row["difference"] == pytest.approx(0.4)
    assert row["verdict"] == "too few pairs"


def test_each_model_has_its_own_tuned_values(make_study, only):
    def score(rate, best):
        return {0.1: 0.5, 0.2: 0.7}[rate] if best == 0.2 else {0.1: 0.9, 0.2: 0.5}[rate]

    values = {"dropout": [0.0], "learning_rate": [0.1, 0.2]}
    trials = pd.concat(
        make_study(
            values,
            lambda learning_rate, best=best, **_: score(learning_rate, best),
            task=task,
            tuned=["learning_rate"],
        )
        for task, best in (("cnn/x", 0.1), ("mlp/x", 0.2))
    )
    tasks = tasks_of({"cnn/x": "a", "mlp/x": "a"})
    found = compare_tasks(trials, tuned=["learning_rate"], tasks=tasks)
    row = only(found, measure="test_accuracy")
    assert (row["mean"], row["other_mean"], row["n_pairs"]) == (0.9, 0.7, 5)


def test_over_several_splits_the_difference_has_the_crossed_interval(make_study, only):
    scores = np.random.default_rng(0).uniform(0.5, 1, size=(2, 4, 3))
    trials = pd.concat(
        make_study(
            {"dropout": [0.0]},
            lambda seed, split, own=own, **_: own[seed, split],
            task=task,
            seeds=4,
            splits=3,
        )
        for task, own in zip(("cnn/x", "mlp/x"), scores, strict=True)
    )
    found = compare_tasks(trials, tuned=[], tasks=tasks_of({"cnn/x": "a", "mlp/x": "a"}))
    row = only(found, measure="test_accuracy")
    expected = crossed_interval(scores[0] - scores[1])
    numbers = row[["n_pairs", "difference", "ci_low", "ci_high"]].tolist()
    assert numbers == pytest.approx([12, expected.mean, expected.low, expected.high])


def test_the_order_of_the_rows_changes_no_bit(make_trials, shuffled):
    rng = np.random.default_rng(0)
    trials = trials_of(
        make_trials, {t: {d: rng.random(6).tolist() for d in (0.0, 0.5)} for t in ("a/x", "b/x")}
    )
    tasks = tasks_of({"a/x": "x", "b/x": "x"})
    first, second = (
        compare_tasks(frame, tuned=[], tasks=tasks).sort_values(["condition", "measure"])
        for frame in (trials, shuffled(trials))
    )
    assert len(first) == 4
    pd.testing.assert_frame_equal(
        first.reset_index(drop=True), second.reset_index(drop=True), check_exact=True
    )


def test_without_fingerprints_nothing_is_compared(make_trials, tasks):
    trials = trials_of(make_trials, {"mlp/toy": {0.0: FIRST}})
    found = compare_tasks(trials, tuned=[], tasks=tasks)
    assert found.empty
    assert list(found.columns) == list(COMPARISONS)


def test_studies_are_compared_second_minus_first(make_trials, tasks, only):
    first, second = (
        trials_of(make_trials, {"mlp/toy": {0.0: scores, d: scores}}).assign(counted=True)
        for scores, d in ((FIRST, 0.2), (SECOND, 0.5))
    )
    found = compare_studies(first, second, tasks=tasks)
    row = only(found, measure="test_accuracy")
    assert row["condition"] == "dropout=0.0"
    expected = stats.ttest_rel(SECOND, FIRST)
    numbers = row[["first_mean", "second_mean", "difference", "p"]].tolist()
    means = [np.mean(FIRST), np.mean(SECOND)]
    assert numbers == pytest.approx([*means, means[1] - means[0], expected.pvalue])
    assert row["difference"] < 0


def test_of_a_study_only_what_counts_is_compared(make_trials, tasks, only):
    first = trials_of(make_trials, {"mlp/toy": {0.0: FIRST}}).assign(counted=True)
    flattering = first.assign(test_accuracy=9.0, counted=False)
    found = compare_studies(pd.concat([flattering, first]), first, tasks=tasks)
    assert only(found, measure="test_accuracy")["difference"] == 0


def test_studies_of_other_tasks_have_nothing_in_common(make_trials, tasks):
    first = trials_of(make_trials, {"mlp/toy": {0.0: FIRST}}).assign(counted=True)
    assert compare_studies(first, first.assign(task="cnn/toy"), tasks=tasks).empty


def test_trials_without_what_counts_are_refused(make_trials, tasks):
    first = trials_of(make_trials, {"mlp/toy": {0.0: FIRST}})
    with pytest.raises(DlsuiteError, match=r"second: expected the columns counted; got task"):
        compare_studies(first.assign(counted=True), first, tasks=tasks)
