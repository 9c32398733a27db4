"""Hand-made curves whose class is known."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlsuite.analysis.learning_rates import CLASSES, learning_rates, usable_decades
from dlsuite.analysis.loss_curves import smoothed
from dlsuite.errors import DlsuiteError

EPOCHS = 20
EPOCH = np.arange(EPOCHS + 1)

CRAWLS = 1.0 - 0.01 * EPOCH
SLOW = 0.1 + 0.9 * np.exp(-EPOCH / 15)
ARRIVES = 0.1 + 0.9 * np.exp(-EPOCH / 3)
SOON = 0.1 + 0.9 * np.exp(-EPOCH / 1.0)
JUMPS = np.where(EPOCH % 2 == 1, 0.8, 0.3) + 0.7 * (EPOCH == 0)
EXPLODES = 1.0 + 50.0 * EPOCH
FLAT = np.ones(EPOCHS + 1)
DIVERGED = None

Curve = np.ndarray[Any, Any] | None
Tables = tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]


def tables(
    curves: Mapping[float, Curve | Sequence[Curve]], *, seeds: int = 1, **others: Any
) -> Tables:
    """A study of learning rates: of each one curve for all seeds, or one a seed."""
    trials, rows = [], []
    for rate, given_curves in curves.items():
        own = given_curves if isinstance(given_curves, list) else [given_curves] * seeds
        for seed, curve in enumerate(own):
            identity = {
                "task": "mlp/toy",
                "condition": "",
                "learning_rate": rate,
                **others,
                "seed": seed,
                "split_seed": 0,
            }
            trials.append({**identity, "status": "diverged" if curve is None else "completed"})
            # A trial that diverges has the epochs before.
            for epoch, loss in enumerate([1.0] if curve is None else curve):
                rows.append({**identity, "epoch": epoch, "train_loss": loss, "val_loss": loss})
    return pd.DataFrame(trials), pd.DataFrame(rows), task_table()


def task_table() -> pd.DataFrame:
    return pd.DataFrame([{"task": "mlp/toy", "metric": "accuracy"}])


def judged(curves: Mapping[float, Any], **options: Any) -> pd.DataFrame:
    found = learning_rates(*tables(curves, **options), factors=["learning_rate"], tuned=[])
    return found.set_index("learning_rate")


def widths(curves: Mapping[float, Any], **options: Any) -> pd.DataFrame:
    return usable_decades(*tables(curves, **options), factors=["learning_rate"], tuned=[])


GRID = {
    1e-4: CRAWLS,
    1e-3: SLOW,
    1e-2: ARRIVES,
    1e-1: SOON,
    1.0: JUMPS,
    10.0: EXPLODES,
    100.0: DIVERGED,
}


def test_curves_get_the_class_that_a_reader_would_give_them() -> None:
    found = judged(GRID, seeds=3)
    assert found["class"].tolist() == [
        "too slow",
        "too slow",
        "good",
        "good",
        "overshoots",
        "diverges",
        "diverges",
    ]
    assert found["usable"].tolist() == [False, False, True, True, False, False, False]
    assert found["n"].tolist() == [3] * 6 + [0]
    assert found["n_diverged"].tolist() == [0] * 6 + [3]


def test_the_evidence_is_what_can_be_worked_out_by_hand() -> None:
    found = judged(GRID)
    best = 1 - SOON.min()
    assert found["progress"][1e-1] == 1.0
    assert found["progress"][1e-4] == pytest.approx(0.2 / best)
    assert found["progress"][10.0] == 0.0
    assert found["rise_share"][[1e-2, 1.0, 10.0]].tolist() == [0.0, 9 / 20, 1.0]
    assert found["oscillation"][1e-2] == 0.0
    assert found["oscillation"][1.0] == pytest.approx(9 * 0.5 / best)
    assert found["still_falling"][1e-4] == pytest.approx(1.0)
    assert found["still_falling"][1e-1] == pytest.approx(0.0, abs=1e-4)
    # exp(-t) has fallen by 90 % at 2.3, and exp(-t / 3) at 6.9.
    assert found["epochs_to_target"][1e-1] == 3
    assert found["epochs_to_target"][1e-2] == 7
    assert np.isnan(found["epochs_to_target"][1e-4])
    assert np.isnan(
        found.loc[100.0, ["progress", "oscillation", "still_falling"]].astype(float)
    ).all()


@pytest.mark.parametrize("noise", [0.01, 0.03])
def test_noise_near_convergence_is_no_overshooting(noise: float) -> None:
    draws = np.random.default_rng(0).normal(0, noise, (4, 5, EPOCHS + 1))
    draws[:, :, 0] = 0
    curves = {
        rate: [curve + draw for draw in own]
        for (rate, curve), own in zip(
            {1e-3: CRAWLS, 1e-2: ARRIVES, 1e-1: SOON, 1.0: JUMPS}.items(), draws, strict=True
        )
    }
    found = judged(curves)
    assert found["class"].tolist() == ["too slow", "good", "good", "overshoots"]
    assert found["rise_share"][1e-1] > 0.2


def test_a_single_lucky_epoch_is_no_progress() -> None:
    trials, curves, tasks = tables({1e-3: CRAWLS, 1e-2: ARRIVES})
    curves.loc[10, "val_loss"] = 0.1
    found = learning_rates(trials, curves, tasks, factors=["learning_rate"], tuned=[])
    found = found.set_index("learning_rate")
    assert found["progress"][1e-3] < 0.25
    assert found["class"][1e-3] == "too slow"


def test_a_network_that_collapses_at_a_high_rate_overshoots_though_its_curve_is_flat() -> None:
    found = judged({1e-2: ARRIVES, 1e-1: FLAT})
    assert found["class"].tolist() == ["good", "overshoots"]


def test_a_low_rate_whose_loss_drifts_up_is_slow_and_not_diverging() -> None:
    drifts = 1.0 + 0.01 * EPOCH  # As moving averages of batch normalization let it.
    found = judged({1e-5: drifts, 1e-2: ARRIVES, 1.0: drifts})
    assert found["class"].tolist() == ["too slow", "good", "diverges"]


def test_a_rate_that_fits_its_batches_again_after_an_explosion_diverges() -> None:
    trials, curves, tasks = tables({1e-2: ARRIVES, 1.0: JUMPS})
    curves.loc[(curves["learning_rate"] == 1.0) & (curves["epoch"] > 2), "val_loss"] = 60.0
    found = learning_rates(trials, curves, tasks, factors=["learning_rate"], tuned=[])
    assert found["class"].tolist() == ["good", "diverges"]


def test_half_of_the_trials_decide_whether_a_rate_diverges() -> None:
    curves = {
        0.1: [ARRIVES, DIVERGED, ARRIVES, ARRIVES],
        1.0: [SOON, DIVERGED, EXPLODES, SOON],
    }
    found = judged(curves)
    assert found["class"].tolist() == ["good", "diverges"]
    assert found["n"].tolist() == [3, 3]
    assert found["usable"].tolist() == [True, False]


def test_the_best_rate_is_too_slow_if_it_still_falls_and_no_higher_one_was_tried() -> None:
    assert judged({1e-4: FLAT, 1e-3: CRAWLS})["class"].tolist() == ["too slow", "too slow"]
    assert judged({1e-3: CRAWLS})["class"].tolist() == ["too slow"]
    assert judged({1e-3: CRAWLS, 1e-2: 0.9 + 0.1 * JUMPS})["class"].tolist() == [
        "good",
        "overshoots",
    ]


def test_rates_at_which_nothing_is_learned_have_no_progress() -> None:
    found = judged({1e-3: FLAT, 1e-2: FLAT})
    assert found["progress"].isna().all()
    assert found["class"].tolist() == ["too slow", "too slow"]
    assert not found["usable"].any()
    assert widths({1e-3: FLAT, 1e-2: FLAT})["decades"].tolist() == [0.0]


@pytest.mark.parametrize("curve", [DIVERGED, EXPLODES])
def test_where_every_rate_diverges_none_is_best(curve: Curve) -> None:
    found = judged({1e-3: curve, 1e-2: curve})
    assert found["class"].tolist() == ["diverges", "diverges"]
    assert found["progress"].isna().all()


def test_one_epoch_is_enough_for_a_class() -> None:
    found = judged(
        {1e-3: np.array([1.0, 0.95]), 1e-2: np.array([1.0, 0.2]), 1.0: np.array([1.0, 7])}
    )
    assert found["class"].tolist() == ["too slow", "good", "diverges"]
    assert found["still_falling"].isna().all()
    assert found["epochs_to_target"][1e-2] == 1


def test_epochs_without_a_number_are_left_out() -> None:
    torn = ARRIVES.copy()
    torn[[3, 11]] = np.nan, np.inf
    found = judged({1e-3: torn, 1e-2: SOON, 1e-1: np.full(EPOCHS + 1, np.nan)})
    assert found["class"].tolist() == ["good", "good", "diverges"]


def test_an_explosion_to_the_largest_numbers_is_no_error() -> None:
    found = judged({1e-2: ARRIVES, 1.0: np.where(EPOCH % 2 == 1, 1.7e308, 1.0)})
    assert found["class"].tolist() == ["good", "overshoots"]


def test_rates_are_compared_within_the_same_other_settings() -> None:
    parts = [
        tables({1e-3: SLOW, 1e-2: SOON}, batch_norm=True, units="[8]"),
        tables({1e-3: SLOW, 1e-2: EXPLODES}, batch_norm=False, units="[8]"),
    ]
    trials, curves = (pd.concat([part[i] for part in parts]) for i in (0, 1))
    found = learning_rates(
        trials, curves, task_table(), factors=["batch_norm", "units"], tuned=["learning_rate"]
    )
    assert found.columns[:4].tolist() == ["task", "batch_norm", "units", "learning_rate"]
    assert found["batch_norm"].tolist() == [False, False, True, True]
    assert found["learning_rate"].tolist() == [1e-3, 1e-2, 1e-3, 1e-2]
    assert found["class"].tolist() == ["good", "diverges", "too slow", "good"]


def test_a_setting_that_is_missing_in_places_still_matches_its_curves() -> None:
    parts = [tables({1e-2: ARRIVES}, clip_norm=clip) for clip in (np.nan, 1.0)]
    trials, curves = (pd.concat([part[i] for part in parts]) for i in (0, 1))
    found = learning_rates(
        trials, curves, task_table(), factors=["learning_rate", "clip_norm"], tuned=[]
    )
    assert found["class"].tolist() == ["good", "good"]


def test_there_is_nothing_to_say_where_the_rate_is_not_varied() -> None:
    trials, curves, tasks = tables({1e-2: ARRIVES}, dropout=0.5)
    for analysis in (learning_rates, usable_decades):
        found = analysis(trials, curves, tasks, factors=["dropout"], tuned=[])
        assert found.empty
        assert "dropout" in found.columns
    assert {"class", "usable"} <= set(
        learning_rates(trials, curves, tasks, factors=["dropout"], tuned=[]).columns
    )
    no_rows = learning_rates(trials[:0], curves[:0], tasks, factors=["learning_rate"], tuned=[])
    assert no_rows.empty and "class" in no_rows.columns


def test_what_is_missing_is_named() -> None:
    trials, curves, tasks = tables({1e-2: ARRIVES})
    chosen: dict[str, Any] = {"factors": ["learning_rate"], "tuned": []}
    with pytest.raises(DlsuiteError, match="curves: expected the columns val_loss"):
        learning_rates(trials, curves.drop(columns="val_loss"), tasks, **chosen)
    with pytest.raises(DlsuiteError, match="tasks: expected one row for 'mlp/toy'"):
        learning_rates(trials, curves, tasks[:0], **chosen)
    with pytest.raises(
        DlsuiteError, match=r"got none of task=mlp/toy, learning_rate=0\.01, seed=0"
    ):
        learning_rates(trials, curves[:0], tasks, **chosen)


def test_a_usable_rate_is_as_wide_as_its_part_of_the_grid() -> None:
    row = widths({1e-4: CRAWLS, 1e-3: SLOW, 1e-2: ARRIVES, 1e-1: SOON, 1.0: EXPLODES}).iloc[0]
    assert row["decades"] == pytest.approx(2.0)
    assert (row["n_usable"], row["lowest"], row["highest"], row["best"]) == (2, 1e-2, 1e-1, 1e-1)
    assert not row["touches_edge"]

    row = widths({1e-3: CRAWLS, 1e-2: ARRIVES, 1.0: EXPLODES}).iloc[0]
    assert row["decades"] == pytest.approx(0.5 + 1.0)


@pytest.mark.parametrize(
    "curves",
    [
        {1e-2: ARRIVES, 1e-1: SOON, 1.0: EXPLODES},
        {1e-3: CRAWLS, 1e-2: ARRIVES, 1e-1: SOON},
    ],
)
def test_a_range_that_ends_with_the_grid_is_censored(curves: dict[float, Any]) -> None:
    row = widths(curves).iloc[0]
    assert row["decades"] == pytest.approx(2.0)
    assert row["touches_edge"]


def test_a_gap_ends_the_range() -> None:
    row = widths({1e-4: ARRIVES, 1e-3: CRAWLS, 1e-2: ARRIVES, 1e-1: SOON, 1.0: EXPLODES}).iloc[0]
    assert (row["n_usable"], row["lowest"]) == (2, 1e-2)


def test_the_width_is_measured_seed_by_seed() -> None:
    curves = {
        1e-3: [CRAWLS, ARRIVES, DIVERGED],
        1e-2: [ARRIVES, ARRIVES, DIVERGED],
        1e-1: [SOON, SOON, DIVERGED],
        1.0: [DIVERGED, DIVERGED, DIVERGED],
    }
    found = widths(curves)
    assert found["seed"].tolist() == [0, 1, 2]
    assert found["decades"].tolist() == pytest.approx([2.0, 3.0, 0.0])
    assert found["touches_edge"].tolist() == [False, True, False]


def test_a_single_rate_has_no_width() -> None:
    assert np.isnan(widths({1e-2: ARRIVES})["decades"]).all()


@pytest.mark.parametrize("curve", [ARRIVES, CRAWLS, FLAT, np.array([3.0]), np.array([3.0, 1.0])])
def test_smoothing_leaves_a_falling_curve_as_it_is(curve: np.ndarray[Any, Any]) -> None:
    np.testing.assert_allclose(smoothed(curve), curve, rtol=1e-15)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), noise=st.sampled_from([0.0, 0.05, 0.5]))
def test_the_order_of_the_rows_changes_nothing(seed: int, noise: float) -> None:
    draw = np.random.default_rng(seed)
    curves = {
        rate: [None if c is None else c + noise * draw.normal(size=c.shape) for c in own]
        for rate, own in {
            1e-3: [CRAWLS, SLOW],
            1e-2: [ARRIVES, SOON],
            1e-1: [JUMPS, EXPLODES],
            1.0: [DIVERGED, JUMPS],
        }.items()
    }
    trials, rows, tasks = tables(curves)
    for analysis in (learning_rates, usable_decades):
        shuffled_trials, shuffled_rows = (
            frame.sample(frac=1, random_state=seed % 1000) for frame in (trials, rows)
        )
        pd.testing.assert_frame_equal(
            analysis(trials, rows, tasks, factors=["learning_rate"], tuned=[]),
            analysis(shuffled_trials, shuffled_rows, tasks, factors=["learning_rate"], tuned=[]),
            check_exact=True,
        )


finite = st.floats(-1e6, 1e6)


@settings(max_examples=60, deadline=None)
@given(
    curves=st.dictionaries(
        st.sampled_from([1e-4, 1e-3, 1e-2, 1e-1, 1.0]),
        st.lists(
            st.one_of(st.none(), st.lists(finite, min_size=1, max_size=9).map(np.array)),
            min_size=1,
            max_size=3,
        ),
        min_size=1,
    )
)
def test_any_curves_get_a_class_and_evidence_within_bounds(curves: dict[float, Any]) -> None:
    found = judged(curves)
    assert found["class"].isin(CLASSES).all()
    assert (found["progress"].dropna() <= 1).all() and (found["progress"].dropna() >= 0).all()
    assert (found["oscillation"].dropna() >= 0).all()
    assert not found.loc[found["class"] == "diverges", "usable"].any()
    assert (found["n"] + found["n_diverged"] == [len(curves[rate]) for rate in found.index]).all()
    wide = widths(curves)
    assert (wide["decades"].dropna() >= 0).all()


def test_the_unit_of_the_losses_changes_no_class() -> None:
    for scale in (100.0, 0.01):
        curves = {rate: None if c is None else c * scale for rate, c in GRID.items()}
        assert judged(curves)["class"].tolist() == judged(GRID)["class"].tolist()
