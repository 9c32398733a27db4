import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from statsmodels.duration.survfunc import SurvfuncRight

from dlsuite.analysis.overfitting import measure_overfitting, onset_epoch, restricted_onset
from dlsuite.errors import DlsuiteError

# Multiples of 1/64: sums and differences of them have no rounding error.
dyadic = st.integers(-640, 640).map(lambda value: value / 64)
curve_pairs = st.integers(1, 40).flatmap(
    lambda epochs: arrays(float, (2, epochs + 1), elements=dyadic)
)


def falling(epochs):
    return np.exp(-np.arange(epochs + 1) / epochs * 3)


def valley(turn, epochs, *, rise=1.0):
    """Fall by 1 an epoch to the turn, then rise by so much."""
    epoch = np.arange(epochs + 1)
    return np.where(epoch <= turn, turn - epoch, rise * (epoch - turn)).astype(float)


def bowl(turn, epochs):
    """Fall by 1 to the turn along a parabola, then rise by 0.4 along another one."""
    epoch = np.arange(epochs + 1)
    side = np.where(epoch <= turn, turn, epochs - turn)
    return np.where(epoch <= turn, 1, 0.4) * ((epoch - turn) / side) ** 2


def plateau(epochs):
    return np.exp(-np.arange(epochs + 1) / (0.1 * epochs))


def frame(trials, **columns):
    """Make rows of curves; `trials` holds (keys, train loss, val loss)."""
    rows = [
        {**keys, "epoch": epoch, "train_loss": train, "val_loss": val}
        for keys, losses, validation in trials
        for epoch, (train, val) in enumerate(zip(losses, validation, strict=True))
    ]
    return pd.DataFrame(rows).assign(**columns)


@pytest.mark.parametrize(("turn", "epochs"), [(1, 6), (3, 10), (8, 30), (20, 30), (30, 100)])
def test_the_onset_is_where_the_validation_loss_turns(turn, epochs):
    assert onset_epoch(falling(epochs), valley(turn, epochs)) == turn


@pytest.mark.parametrize(
    "val_loss",
    [
        [1.0],
        [1.0, 0.5],
        [1.0, 0.5, 0.6],
        np.full(30, 0.7),
        np.linspace(1, 0, 30),
        plateau(30),
    ],
    ids=["no epoch", "one epoch", "two epochs", "constant", "falling", "plateau"],
)
def test_without_a_turn_there_is_no_onset(val_loss):
    assert onset_epoch(np.linspace(1, 0, len(val_loss)), val_loss) is None


def test_a_single_bad_epoch_is_no_onset():
    val_loss = plateau(30)
    val_loss[[12, 29]] += 5.0
    assert onset_epoch(falling(30), val_loss) is None


def test_a_single_good_epoch_does_not_move_the_onset():
    val_loss = valley(8, 30)
    val_loss[25] = 0.0
    assert onset_epoch(falling(30), val_loss) == 8


def test_of_two_valleys_of_equal_depth_the_last_is_the_onset():
    val_loss = np.concatenate([valley(8, 24), valley(16, 24)[1:]])
    assert onset_epoch(falling(48), val_loss) == 40


def test_a_valley_that_is_not_reached_again_is_the_onset():
    val_loss = np.concatenate([valley(8, 24), 16 - 0.5 * np.arange(24)])
    assert onset_epoch(falling(48), val_loss) == 8


def test_a_fall_that_ends_abruptly_sets_the_onset_late_by_less_than_a_window():
    assert onset_epoch(falling(90), valley(30, 90, rise=0.01)) == 30 + 6 // 2


def test_a_rise_that_is_made_up_for_is_no_onset():
    val_loss = np.concatenate([valley(8, 24), np.linspace(16, 0, 24)])
    assert onset_epoch(falling(48), val_loss) is None


def test_a_rise_within_one_percent_of_the_fall_is_no_onset():
    assert onset_epoch(falling(30), valley(8, 30, rise=0.07 / 22)) is None
    assert onset_epoch(falling(30), valley(8, 30, rise=0.2 / 22)) is not None


def test_a_training_that_explodes_does_not_overfit():
    val_loss = valley(8, 30)
    assert onset_epoch(val_loss * 0.9, val_loss) is None
    assert onset_epoch(np.minimum(val_loss, 0.5), val_loss) == 8


def test_a_training_that_collapses_does_not_overfit():
    val_loss = valley(8, 30)
    assert onset_epoch(np.r_[0.5, np.full(30, 0.6)], val_loss) is None


def test_a_curve_that_ends_in_nan_is_judged_on_its_beginning():
    train_loss, val_loss = falling(40), valley(8, 40)
    val_loss[31:] = np.nan
    train_loss[35:] = np.inf
    assert onset_epoch(train_loss, val_loss) == 8
    assert onset_epoch(train_loss[:8], val_loss[:8]) is None


def test_epochs_without_a_number_in_the_middle_are_skipped():
    train_loss, val_loss = falling(30), valley(8, 30)
    val_loss[[4, 15]] = np.nan, np.inf
    train_loss[20] = -np.inf
    assert onset_epoch(train_loss, val_loss) == 8


def test_an_unknown_loss_before_the_first_step_leaves_the_noise_to_judge_by():
    val_loss = valley(8, 30)
    val_loss[0] = np.nan
    assert onset_epoch(falling(30), val_loss) == 8


def test_losses_of_unequal_length_are_refused():
    with pytest.raises(DlsuiteError, match=r"two arrays of one length.*shapes \[3\] and \[2\]"):
        onset_epoch([1, 2, 3], [1, 2])


@pytest.mark.parametrize("epochs", [10, 30, 100])
def test_a_noisy_turn_is_found_where_it_is(epochs):
    random = np.random.default_rng(0)
    turn = int(0.4 * epochs)
    onsets = np.array(
        [
            onset_epoch(falling(epochs), bowl(turn, epochs) + 0.03 * noise) or np.nan
            for noise in random.standard_normal((200, epochs + 1))
        ]
    )
    assert np.isfinite(onsets).mean() > 0.9
    assert np.sqrt(np.nanmean((onsets - turn) ** 2)) < 0.07 * epochs
    assert abs(np.nanmean(onsets) - turn) < 0.05 * epochs


@pytest.mark.parametrize("epochs", [5, 10, 30, 100])
@pytest.mark.parametrize("heavy_tailed", [False, True])
def test_a_noisy_plateau_rarely_has_an_onset(epochs, heavy_tailed):
    random = np.random.default_rng(0)
    shape = (400, epochs + 1)
    noise = (
        random.standard_t(3, shape) / np.sqrt(3) if heavy_tailed else random.standard_normal(shape)
    )
    found = [onset_epoch(falling(epochs), plateau(epochs) + 0.02 * each) for each in noise]
    assert sum(onset is not None for onset in found) <= 0.05 * len(found)


@given(curve_pairs)
def test_an_onset_is_one_of_the_epochs_or_none(losses):
    onset = onset_epoch(*losses)
    assert onset is None or 1 <= onset < losses.shape[1]


@given(
    curve_pairs,
    st.sampled_from([0.25, 2.0, 1024.0]),
    dyadic,
)
def test_another_unit_or_level_of_the_loss_changes_nothing(losses, scale, level):
    assert onset_epoch(*(scale * losses + level)) == onset_epoch(*losses)


@given(arrays(float, (2, 12), elements=st.floats(width=32)))
def test_no_number_is_too_odd(losses):
    onset = onset_epoch(*losses)
    assert onset is None or np.isfinite(losses[:, onset]).all()


def test_a_row_holds_what_a_trial_overfits():
    measured = measure_overfitting(
        frame(
            [
                ({"seed": 3}, falling(10), valley(4, 10)),
                ({"seed": 1}, falling(10), np.linspace(1, 0, 11)),
            ]
        ),
        by=["seed"],
    )
    assert measured.columns.tolist() == [
        "seed",
        "onset_epoch",
        "rise_after_onset",
        "epochs_to_90",
    ]
    assert measured["seed"].tolist() == [3, 1]
    assert measured["onset_epoch"].dtype == measured["epochs_to_90"].dtype == "Int64"
    assert measured.loc[0, "onset_epoch"] == 4
    # The median of 1, 0 and 1 is 1: smoothing lifts the bottom of a narrow valley.
    assert measured.loc[0, "rise_after_onset"] == 6 - 1
    assert measured.loc[0, "epochs_to_90"] == 4
    assert measured.loc[1, "onset_epoch"] is pd.NA
    assert measured.loc[1, "rise_after_onset"] == 0
    assert measured.loc[1, "epochs_to_90"] == 9


def test_the_way_to_the_lowest_loss_is_measured_from_before_the_first_step():
    curves = frame(
        [
            ({"seed": 0}, np.zeros(5), [2.0, 1.0, np.nan, 0.2, 0.0]),
            ({"seed": 1}, np.zeros(3), [2.0, 2.5, 2.0]),
            ({"seed": 2}, np.zeros(2), [2.0, 1.0]),
            ({"seed": 3}, np.zeros(4), [2.0, -np.inf, 1.0, 0.0]),
            ({"seed": 4}, np.zeros(3), [np.nan, 1.0, 0.0]),
        ]
    )
    measured = measure_overfitting(curves, by=["seed"])
    assert measured["epochs_to_90"].fillna(-1).tolist() == [3, -1, -1, 3, -1]


def test_without_a_finite_epoch_the_rise_is_unknown():
    nan = np.full(4, np.nan)
    measured = measure_overfitting(
        frame([({"seed": 0}, nan, nan), ({"seed": 1}, [1.0], [1.0])]), by=["seed"]
    )
    assert measured[["onset_epoch", "rise_after_onset", "epochs_to_90"]].isna().all(axis=None)


def test_a_missing_value_among_the_keys_loses_no_trial():
    keys = [
        {"task": "a", "dropout": np.nan, "units": None},
        {"task": "a", "dropout": 0.5, "units": "[16]"},
        {"task": "a", "dropout": np.nan, "units": "[16]"},
    ]
    measured = measure_overfitting(
        frame(
            [
                (key, falling(30), valley(turn, 30))
                for key, turn in zip(keys, [5, 7, 9], strict=True)
            ]
        ),
        by=["task", "dropout", "units"],
    )
    assert measured["onset_epoch"].tolist() == [5, 7, 9]
    assert measured["dropout"].isna().tolist() == [True, False, True]


def test_an_epoch_without_a_row_is_skipped():
    curves = frame([({"seed": 0}, falling(30), valley(8, 30))])
    measured = measure_overfitting(curves[curves["epoch"] != 15], by=["seed"])
    assert measured["onset_epoch"].tolist() == [8]


def test_no_curves_give_an_empty_frame_with_columns():
    curves = frame([({"seed": 0}, [1.0], [1.0])]).iloc[:0]
    measured = measure_overfitting(curves, by=["seed"])
    assert measured.empty
    assert measured["onset_epoch"].dtype == "Int64"


def test_keys_that_two_trials_share_are_refused():
    trial = ({"seed": 0, "dropout": 0.5}, [1.0, 0.5], [1.0, 0.5])
    with pytest.raises(DlsuiteError, match=r"by: .* epoch 0 comes 2 times for seed=0"):
        measure_overfitting(frame([trial, trial]), by=["seed"])
    with pytest.raises(DlsuiteError, match=r"by: expected the columns .* got none"):
        measure_overfitting(frame([trial]), by=[])


@pytest.mark.parametrize("epoch", [-1, 0.5, np.nan])
def test_epochs_that_are_no_whole_numbers_are_refused(epoch):
    with pytest.raises(DlsuiteError, match="curves: expected whole numbers from 0 as epochs"):
        measure_overfitting(frame([({"seed": 0}, [1.0], [1.0])], epoch=epoch), by=["seed"])


def test_a_missing_column_is_named():
    curves = frame([({"seed": 0}, [1.0], [1.0])]).drop(columns="train_loss")
    with pytest.raises(DlsuiteError, match="curves: expected the columns train_loss"):
        measure_overfitting(curves, by=["seed"])


@given(st.lists(curve_pairs, min_size=1, max_size=4), st.randoms())
def test_permuting_the_rows_changes_nothing(trials, random):
    curves = frame([({"seed": seed}, *losses) for seed, losses in enumerate(trials)])
    order = list(range(len(curves)))
    random.shuffle(order)
    measured = measure_overfitting(curves.iloc[order], by=["seed"]).sort_values("seed")
    pd.testing.assert_frame_equal(
        measured.reset_index(drop=True), measure_overfitting(curves, by=["seed"]), check_exact=True
    )


def test_an_onset_after_the_horizon_or_none_counts_as_the_horizon():
    onset = pd.array([3, None, 40, 10], dtype="Int64")
    assert restricted_onset(onset, 10).tolist() == [3, 10, 10, 10]
    assert restricted_onset([np.nan, 2.0], 10).tolist() == [10, 2]


def test_a_horizon_below_one_epoch_is_refused():
    with pytest.raises(DlsuiteError, match=r"horizon: expected a number of epochs from 1; got 0"):
        restricted_onset([1.0], 0)


@given(
    st.lists(st.one_of(st.integers(1, 30), st.none()), min_size=1, max_size=20),
    st.integers(1, 30),
)
def test_the_mean_is_the_area_under_the_kaplan_meier_curve(onsets, horizon):
    onset = np.array([np.nan if value is None else value for value in onsets])
    observed = onset <= horizon
    assume(observed.any())
    survival = SurvfuncRight(np.where(observed, onset, horizon), observed.astype(int))
    times = np.r_[0, survival.surv_times, horizon]
    area = np.sum(np.r_[1, survival.surv_prob] * np.diff(times))
    assert restricted_onset(onset, horizon).mean() == pytest.approx(area, abs=1e-9)
