import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlsuite.analysis.early_stopping import early_stopping, stopping_epoch
from dlsuite.analysis.intervals import mean_interval
from dlsuite.errors import DlsuiteError

losses = st.lists(st.floats(0, 100), min_size=2, max_size=40)
odd_losses = st.lists(
    st.one_of(st.floats(0, 100), st.sampled_from([np.nan, np.inf])), min_size=1, max_size=30
)

LOSS = [2.0, 1.0, 0.5, 0.7, 0.6, 0.4, 0.5, 0.6, 0.7]
ACCURACY = [0.1, 0.5, 0.8, 0.6, 0.6, 0.7, 0.6, 0.6, 0.6]


def keras_rule(watched, patience):
    """Walk through the epochs as `keras.callbacks.EarlyStopping.on_epoch_end` does."""
    best, best_epoch, wait = None, 0, 0
    for epoch, current in enumerate(watched):
        wait += 1
        if best is None or current < best:
            best, best_epoch, wait = current, epoch, 0
            continue
        if wait >= patience and epoch > 0:
            break
    return epoch + 1, best_epoch + 1


def trial(loss, score, *, metric="accuracy", task="mlp/toy", dropout=0.0, seed=0, **keys):
    return pd.DataFrame(
        {
            "task": task,
            "condition": f"dropout={dropout}",
            "dropout": dropout,
            **keys,
            "seed": seed,
            "split_seed": 0,
            "epoch": range(len(loss)),
            "val_loss": loss,
            f"val_{metric}": score,
        }
    )


def stop(curves, tasks, *, tuned=(), **options):
    return early_stopping(curves, factors=["dropout"], tuned=tuned, tasks=tasks, **options)


@pytest.mark.parametrize(
    ("patience", "stopped", "kept"), [(0, 3, 2), (1, 3, 2), (2, 4, 2), (3, 8, 5), (4, 8, 5)]
)
def test_it_stops_when_patience_runs_out_and_keeps_the_lowest_so_far(patience, stopped, kept):
    assert stopping_epoch(LOSS, patience) == (stopped, kept)


def test_epoch_0_is_not_watched():
    assert stopping_epoch([0.0, 3.0, 2.0, 1.0], 1) == (3, 3)


def test_an_equal_loss_is_no_improvement():
    assert stopping_epoch([2.0, 1.0, 1.0, 1.0, 0.5], 2) == (3, 1)


def test_an_epoch_without_a_number_is_no_improvement():
    assert stopping_epoch([2.0, 1.0, np.nan, np.inf, 0.5], 2) == (3, 1)
    assert stopping_epoch([2.0, np.nan, np.nan, 1.0, 0.5], 1) == (4, 4)


def test_one_epoch_is_kept():
    assert stopping_epoch([2.0, 1.0], 3) == (1, 1)


@pytest.mark.parametrize("loss", [[1.0], [1.0, np.nan], 1.0])
def test_without_a_finite_loss_there_is_nothing_to_watch(loss):
    with pytest.raises(DlsuiteError, match=r"val_loss: expected .* finite at least once"):
        stopping_epoch(loss, 3)


@pytest.mark.parametrize("patience", [-1, 2.5, np.nan])
def test_a_patience_that_is_no_number_of_epochs_is_refused(patience):
    with pytest.raises(DlsuiteError, match="patience: expected a whole number of epochs from 0"):
        stopping_epoch(LOSS, patience)


@given(st.floats(0, 100), odd_losses, st.integers(0, 12))
def test_it_is_the_rule_of_keras(first, rest, patience):
    assert stopping_epoch([np.nan, first, *rest], patience) == keras_rule([first, *rest], patience)


@given(losses, st.integers(0, 50))
def test_patience_for_all_epochs_never_stops(loss, more):
    epochs = len(loss) - 1
    stopped, kept = stopping_epoch(loss, epochs + more)
    assert stopped == epochs
    assert loss[kept] == min(loss[1:])


@given(losses, st.integers(0, 12))
def test_more_patience_trains_no_less_and_keeps_no_worse(loss, patience):
    stopped, kept = stopping_epoch(loss, patience)
    later, better = stopping_epoch(loss, patience + 1)
    assert kept <= stopped <= later
    assert loss[better] <= loss[kept]


def test_a_row_holds_what_stopping_saves_and_costs(tasks):
    table = stop(trial(LOSS, ACCURACY), tasks, patiences=(2, 10))
    assert table["patience"].tolist() == [2, 10]
    early, never = (row for _, row in table.iterrows())
    assert (early["n"], early["stop_epoch"], early["share_stopped"]) == (1, 4, 1)
    assert early["epochs_saved"] == 0.5
    assert early["val_loss_cost"] == pytest.approx(0.1)
    # The epoch kept is the more accurate one, though not the one of the lowest loss.
    assert early["val_metric_cost"] == pytest.approx(-0.1)
    assert (never["stop_epoch"], never["share_stopped"], never["epochs_saved"]) == (8, 0, 0)
    assert (never["val_loss_cost"], never["val_metric_cost"]) == (0, 0)


def test_of_an_error_a_higher_one_is_the_cost(tasks):
    error = [30.0, 20.0, 15.0, 16.0, 16.0, 12.0, 13.0, 14.0, 15.0]
    table = stop(trial(LOSS, error, metric="rmse", task="lstm/waves"), tasks, patiences=[2])
    assert table.loc[0, "val_metric_cost"] == 3


def test_each_task_is_measured_by_its_own_metric(tasks):
    curves = pd.concat(
        [
            trial(LOSS, ACCURACY),
            trial(LOSS, np.arange(9.0), metric="rmse", task="lstm/waves"),
        ]
    )
    table = stop(curves, tasks, patiences=[2])
    assert table["task"].tolist() == ["mlp/toy", "lstm/waves"]
    assert table["val_metric_cost"].tolist() == pytest.approx([-0.1, -3.0])


def test_the_intervals_are_those_of_the_mean_over_trials(tasks):
    other = [2.0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.4, 0.5, 0.6]
    curves = pd.concat([trial(LOSS, ACCURACY), trial(other, ACCURACY, seed=1)])
    row = stop(curves, tasks, patiences=[2]).iloc[0]
    assert row["n"] == 2
    interval = mean_interval([4.0, 3.0])
    assert (row["stop_epoch"], row["stop_epoch_low"], row["stop_epoch_high"]) == (
        interval.mean,
        interval.low,
        interval.high,
    )
    assert row["epochs_saved_low"] == mean_interval([4 / 8, 5 / 8]).low


def test_stopping_at_the_last_epoch_saves_nothing(tasks):
    row = stop(trial([2.0, 1.0, 1.5, 1.5], [0.1, 0.2, 0.2, 0.2]), tasks, patiences=[2]).iloc[0]
    assert (row["stop_epoch"], row["share_stopped"], row["epochs_saved"]) == (3, 0, 0)


def test_conditions_and_tuned_values_have_rows_of_their_own(tasks):
    curves = pd.concat(
        [
            trial(LOSS, ACCURACY, dropout=0.5, learning_rate=0.1),
            trial(LOSS, ACCURACY, dropout=0.5, learning_rate=np.nan),
            trial(LOSS, ACCURACY, dropout=0.0, learning_rate=0.1),
            trial(LOSS, ACCURACY, dropout=0.5, learning_rate=0.1, seed=1),
        ]
    )
    table = stop(curves, tasks, tuned=["learning_rate"], patiences=[2])
    assert table["dropout"].tolist() == [0.5, 0.5, 0.0]
    assert table["learning_rate"].isna().tolist() == [False, True, False]
    assert table["n"].tolist() == [2, 1, 1]


def test_a_trial_without_a_finite_loss_is_not_counted(tasks):
    curves = pd.concat(
        [trial(LOSS, ACCURACY), trial([2.0], [0.1], seed=1), trial([2.0], [0.1], dropout=0.9)]
    )
    table = stop(curves, tasks, patiences=[2])
    assert table["n"].tolist() == [1, 0]
    assert table.loc[1, ["share_stopped", "stop_epoch", "val_loss_cost"]].isna().all()


def test_no_curves_give_an_empty_table_with_columns(tasks):
    table = stop(trial(LOSS, ACCURACY).iloc[:0], tasks)
    assert table.empty
    assert table.columns.tolist()[:5] == ["task", "condition", "dropout", "patience", "n"]


def test_a_missing_metric_is_named(tasks):
    curves = trial(LOSS, ACCURACY).drop(columns="val_accuracy")
    with pytest.raises(DlsuiteError, match="curves: expected the columns val_accuracy"):
        stop(curves, tasks)


def test_a_task_that_is_not_listed_is_refused(tasks):
    with pytest.raises(DlsuiteError, match="tasks: expected one row for 'mlp/other'"):
        stop(trial(LOSS, ACCURACY, task="mlp/other"), tasks)


@given(st.lists(losses, min_size=1, max_size=4), st.integers(0, 8), st.randoms())
def test_the_loss_costs_something_or_nothing_whatever_the_order(tasks, trials, patience, random):
    curves = pd.concat(
        [trial(loss, np.linspace(0, 1, len(loss)), seed=seed) for seed, loss in enumerate(trials)],
        ignore_index=True,
    )
    order = list(range(len(curves)))
    random.shuffle(order)
    table = stop(curves, tasks, patiences=[patience])
    assert table.loc[0, "val_loss_cost"] >= 0
    assert 0 <= table.loc[0, "epochs_saved"] < 1
    pd.testing.assert_frame_equal(
        stop(curves.iloc[order], tasks, patiences=[patience]), table, check_exact=True
    )
