from collections.abc import Callable

import numpy as np

from dlsuite.report import StudyTables
from dlsuite.report.page.curve_data import curve_data

Make = Callable[..., StudyTables]
TUNED = {"learning_rate": [0.01, 0.1]}


def test_means_are_of_the_selected_trials(make_tables: Make) -> None:
    tables = make_tables({"dropout": [0.0, 0.5]}, tuned=TUNED)
    [own, _] = curve_data(tables)
    curves = tables["curves"]
    rows = curves.loc[
        (curves["task"] == "mlp/toy")
        & (curves["dropout"] == 0.5)
        & (curves["learning_rate"] == 0.01)
    ]
    by_epoch = rows.groupby("epoch")["val_loss"]
    place = list(own.columns).index("val_loss"), own.conditions.index("dropout=0.5")
    np.testing.assert_allclose(own.mean[place], by_epoch.mean(), rtol=1e-6)
    np.testing.assert_allclose(own.low[place], by_epoch.min(), rtol=1e-6)
    np.testing.assert_allclose(own.high[place], by_epoch.max(), rtol=1e-6)


def test_single_curves_are_the_trials_own(make_tables: Make) -> None:
    tables = make_tables({"dropout": [0.0, 0.5]}, tuned=TUNED)
    own = curve_data(tables)[1]
    trial = 7
    row = own.trials.iloc[trial]
    curves = tables["curves"]
    keys = ["task", "condition", "learning_rate", "seed"]
    rows = curves.loc[(curves[keys] == row[keys]).all(axis=1)]
    np.testing.assert_allclose(own.single[1, trial], rows["val_loss"], rtol=1e-6)


def test_a_diverged_trial_ends_where_it_did(make_tables: Make) -> None:
    tables = make_tables(
        {"dropout": [0.0, 0.5]}, diverge=lambda condition, seed: condition == 1 and seed == 0
    )
    own = curve_data(tables, most_values=100)[0]
    diverged = int(np.flatnonzero(own.trials["status"] == "diverged")[0])
    curves = tables["curves"]
    ends = curves.loc[(curves["condition"] == "dropout=0.5") & (curves["seed"] == 0)]
    assert own.last_epoch[diverged] == 2
    assert own.last[1, diverged] == np.float32(ends["val_loss"].iloc[2])


def test_too_many_values_are_thinned_and_what_stays_is_exact(make_tables: Make) -> None:
    tables = make_tables({"dropout": [0.0, 0.5]}, epochs=50)
    full = curve_data(tables)
    thin = curve_data(tables, most_values=sum(own.single.size for own in full) // 4)
    for all_of, some_of in zip(full, thin, strict=True):
        assert list(some_of.kept[:2]) == [0, 5]
        assert some_of.kept[-1] == 50
        np.testing.assert_array_equal(some_of.single, all_of.single[:, :, some_of.kept])
        np.testing.assert_array_equal(some_of.mean, all_of.mean)


def test_where_epochs_are_not_enough_trials_are_left_out(make_tables: Make) -> None:
    thin = curve_data(make_tables({"dropout": [0.0, 0.5]}, seeds=10), most_values=120)
    assert sum(own.single.size for own in thin) <= 160
    assert all(0 < len(own.trials) < own.n_trials for own in thin)


def test_a_trial_without_any_epoch_has_no_end(make_tables: Make) -> None:
    tables = make_tables({"dropout": [0.0, 0.5]}, seeds=3)
    curves = tables["curves"]
    gone = (curves["condition"] == "dropout=0.5") & (curves["seed"] == 1)
    tables = StudyTables(
        name="x",
        frames={**tables.frames, "curves": curves.loc[~gone]},
        factors=tables.factors,
        tuned=(),
        baseline=tables.baseline,
    )
    assert np.isnan(curve_data(tables)[0].last_epoch).sum() == 1


def test_nothing_comes_of_nothing(make_tables: Make) -> None:
    tables = make_tables({"dropout": [0.0, 0.5]})
    empty = StudyTables(
        name="x", frames={"tasks": tables["tasks"]}, factors=(), tuned=(), baseline={}
    )
    assert curve_data(empty) == []
