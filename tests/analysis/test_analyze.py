import io

import numpy as np
import pandas as pd
import pytest

from dlsuite.analysis import TABLES, analyze, with_overfitting
from dlsuite.analysis.analyze import COLUMNS

EPOCHS = np.arange(11)
FALLING = 1 / (1.0 + EPOCHS)
TURNING = np.concatenate([FALLING[:4], 0.3 + 0.1 * np.arange(7)])


def losses(trial):
    overfits = trial["status"] == "completed" and trial["seed"] == 0
    score = trial["test_accuracy"] * (1 - FALLING)
    return {
        "train_loss": FALLING,
        "val_loss": TURNING if overfits else FALLING,
        "val_accuracy": score,
        "train_accuracy": score,
        "step_loss_spread": EPOCHS / 10.0,
    }


@pytest.fixture
def study(make_study, make_curves):
    """A study's trials and curves, and what `analyze` is told of it."""

    def of(values, score, *, tuned=(), **more):
        trials = make_study(values, score, tuned=tuned, **more)
        curves = make_curves(trials, losses, settings=list(values))
        by = ["task", "condition", *values, "seed", "split_seed"]
        factors = [name for name in values if name not in tuned]
        given = {
            "factors": factors,
            "tuned": list(tuned),
            "baseline": {name: values[name][0] for name in factors},
        }
        return with_overfitting(trials, curves, by=by), curves, given

    return of


def read_again(frame):
    text = io.StringIO(frame.to_csv(index=False))
    names = {"task": str, "condition": str}
    return pd.read_csv(text, dtype=names, keep_default_na=False, na_values=[""])


def random_score(draw=0, diverging=0.0):
    rng = np.random.default_rng(draw)
    return lambda **_: None if rng.random() < diverging else rng.uniform(0.5, 1)


def test_trials_are_told_whether_they_overfit(study):
    trials, _, _ = study({"dropout": [0.0]}, lambda seed, **_: None if seed == 2 else 0.5, seeds=3)
    assert trials["overfits"].tolist()[:2] == [True, False]
    assert pd.isna(trials["overfits"].iloc[2])
    assert trials["onset_epoch"].iloc[0] == 3
    assert trials["onset_epoch"].iloc[1:].isna().all()
    assert trials["rise_after_onset"].iloc[0] > 0.4
    diverged = trials.iloc[2]
    empty = ["rise_after_onset", "epochs_to_90", "step_loss_spread", "test_gap_accuracy"]
    assert diverged[empty].isna().all()


def test_the_gap_on_test_is_above_0_where_test_is_worse(make_study, make_curves):
    trials = make_study({"dropout": [0.0]}, lambda **_: (0.9, 0.7), seeds=1)
    trials = trials.assign(test_loss=0.5, train_loss_best=0.2)
    curves = make_curves(trials, losses, settings=["dropout"])
    found = with_overfitting(trials, curves, by=["condition", "seed"])
    assert found["test_gap_accuracy"].iloc[0] == pytest.approx(0.2)
    assert found["test_gap_loss"].iloc[0] == pytest.approx(0.3)
    again = with_overfitting(found[[*trials.columns, "test_gap_loss"]], curves, by=["seed"])
    assert again["test_gap_loss"].iloc[0] == pytest.approx(0.3)


def test_the_spread_within_steps_is_of_each_trials_second_half(make_study, make_curves):
    trials = make_study({"dropout": [0.0]}, lambda **_: 0.5, seeds=2).set_axis([7, 7])
    curves = make_curves(trials, losses, settings=["dropout"])
    shorter = curves.loc[(curves["seed"] == 0) | (curves["epoch"] <= 4)]
    found = with_overfitting(trials, shorter, by=["task", "dropout", "seed"])
    assert found["step_loss_spread"].tolist() == [0.8, 0.35]
    assert found.index.tolist() == [7, 7]


VALUES = {"units": ["[16, 32]", "[8]"], "norm": [np.nan, "batch"], "learning_rate": [0.1, 0.2]}
CASES = {
    "plain": {},
    "one seed": {"seeds": 1},
    "splits": {"splits": 2},
    "one seed, several splits": {"seeds": 1, "splits": 3},
    "some diverge": {"score": random_score(diverging=0.3)},
    "some diverge, several splits": {"score": random_score(diverging=0.2), "splits": 2},
    "all diverge": {"score": lambda **_: None},
    "the baseline diverges": {
        "score": lambda units, learning_rate, seed, **_: (
            None if units == "[16, 32]" and learning_rate == 0.1 else 0.5 + seed / 10
        )
    },
    "constant": {"score": lambda **_: 0.1 + 0.2, "splits": 2},
    "huge": {"score": lambda seed, **_: 1.7e308 * (-1) ** seed, "splits": 2},
    "tuned": {"tuned": ["learning_rate"]},
    "tuned, several splits": {"tuned": ["learning_rate"], "splits": 2},
    "one condition": {"values": {"dropout": [0.0]}},
    "flags and names": {"values": {"bias": [False, True], "optimizer": ["sgd", "adam"]}},
}


@pytest.mark.parametrize("case", CASES)
def test_every_table_is_made_and_is_the_same_from_csvs(study, tasks, case):
    given = {"values": VALUES, "score": random_score(), "seeds": 3} | CASES[case]
    trials, curves, told = study(given.pop("values"), given.pop("score"), **given)
    found = analyze(trials, curves, tasks, **told)
    assert tuple(found) == TABLES
    again = analyze(read_again(trials), read_again(curves), tasks, **told)
    assert not found["summary"].empty
    conditions = trials["condition"].nunique()
    assert found["effects"]["condition"].nunique() == conditions - 1
    for name, table in found.items():
        pd.testing.assert_frame_equal(table, again[name], check_dtype=False, check_exact=True)
        # What stands beside a study's own settings must be a name that these cannot have.
        known = {*COLUMNS, "task", "condition", "measure", *told["factors"], *told["tuned"]}
        if name not in ("learning_rates", "early_stopping"):
            assert set(table.columns) <= known


@pytest.mark.parametrize("case", ["some diverge", "some diverge, several splits"])
def test_the_order_of_the_rows_changes_no_number(study, tasks, shuffled, case):
    given = {"values": VALUES, "seeds": 3} | CASES[case]
    trials, curves, told = study(given.pop("values"), given.pop("score"), **given)
    first = analyze(trials, curves, tasks, **told)
    second = analyze(shuffled(trials), shuffled(curves, seed=1), tasks, **told)
    for name in set(TABLES) - {"checklist"}:
        names = [c for c in first[name] if c in ("condition", "measure", "n", "patience", "method")]
        names += [
            c for c in first[name] if c in VALUES or c.startswith(("factor", "value", "comp"))
        ]
        tables = [
            table[name].sort_values(names, key=lambda cells: cells.astype(str), ignore_index=True)
            for table in (first, second)
        ]
        pd.testing.assert_frame_equal(*tables, check_exact=True)


def test_a_condition_that_diverges_has_a_row_in_every_table_of_conditions(study, tasks):
    trials, curves, told = study(
        {"dropout": [0.0, 0.5, 0.9]},
        lambda dropout, seed, **_: None if dropout == 0.9 else 0.5 + dropout / 10 + seed / 100,
    )
    found = analyze(trials, curves, tasks, **told)
    for name in ("summary", "effects"):
        rows = found[name].loc[found[name]["condition"] == "dropout=0.9"]
        assert "test_accuracy" in set(rows["measure"])
    assert set(found["variance"]["n"]) == {10}


def test_a_study_that_has_not_begun_has_empty_tables(study, tasks):
    trials, curves, told = study({"dropout": [0.0, 0.5]}, random_score())
    found = analyze(trials.iloc[:0], curves.iloc[:0], tasks, **told)
    assert all(table.empty for table in found.values())


def test_early_stopping_is_judged_by_the_trials_that_count(study, tasks):
    def score(learning_rate, seed, **_):
        lucky = {(0.2, 0): 0.9, (0.1, 0): 0.5}
        return lucky.get((learning_rate, seed), 0.7 if learning_rate == 0.1 else 0.6)

    trials, curves, told = study(
        {"dropout": [0.0], "learning_rate": [0.1, 0.2]}, score, tuned=["learning_rate"], seeds=3
    )
    table = analyze(trials, curves, tasks, **told)["early_stopping"]
    assert set(table["n"]) == {3}
