import warnings

import numpy as np
import pytest

from dlsuite.analysis.checklist import CHECKLIST, checklist
from dlsuite.errors import DlsuiteError

EPOCHS = np.arange(21)
CALM = 0.5 + 0.01 * EPOCHS


@pytest.fixture
def check(make_study, make_curves, tasks):
    """Go through the list for a study; scores by seed, and changes of trials and curves."""

    def of(score, values=None, *, tuned=(), curve=None, seeds=4, changes=None, change=None):
        values = values or {"dropout": [0.0]}
        trials = make_study(values, score, tuned=tuned, seeds=seeds)
        completed = trials["status"] == "completed"
        trials["overfits"] = np.where(completed, False, None)
        trials["onset_epoch"] = np.nan
        trials = trials.assign(**(changes or {}))
        curves = make_curves(
            trials,
            lambda trial: {
                "val_loss": 1 / (1 + EPOCHS),
                "val_accuracy": CALM if curve is None else curve(trial),
            },
            settings=list(values),
        )
        if change is not None:
            trials, curves = change(trials), change(curves)
        factors = [name for name in values if name not in tuned]
        found = checklist(trials, curves, factors=factors, tuned=list(tuned), tasks=tasks)
        assert list(found.columns) == list(CHECKLIST)
        return found.set_index("check")[["status", "finding"]].apply(tuple, axis=1).to_dict()

    return of


def steady(seed, **_):
    # What is best on validation is not what is best on test.
    return 0.7 + 0.01 * seed, 0.7 + 0.01 * ((seed + 2) % 4)


def test_a_sound_study_has_nothing_to_look_at(check):
    found = check(steady)
    assert list(found) == [
        "infeasible trials",
        "still improving at the end",
        "validation rising",
        "variation from epoch to epoch",
        "best trial rerun",
    ]
    assert {status for status, _ in found.values()} == {"ok"}


def test_trials_that_did_not_complete_are_counted_with_an_interval(check):
    status, finding = check(lambda seed, **_: None if seed == 3 else steady(seed))[
        "infeasible trials"
    ]
    assert status == "look"
    # Clopper and Pearson of 1 of 4.
    assert finding.startswith("1 of 4 trials did not complete: 25% [1%, 81%].")


def test_a_task_without_a_completed_trial_has_one_check(check):
    found = check(lambda **_: None)
    assert list(found) == ["infeasible trials"]
    assert found["infeasible trials"][0] == "look"


@pytest.mark.parametrize(
    ("best_epochs", "late", "status"), [([20, 19, 18, 3], 2, "look"), ([20, 18, 18, 3], 1, "ok")]
)
def test_a_best_epoch_in_the_last_tenth_wants_longer_training(check, best_epochs, late, status):
    found = check(steady, changes={"best_epoch": best_epochs})["still improving at the end"]
    assert found[0] == status
    assert found[1].startswith(f"{late} of 4 trials at dropout=0.0 have their lowest validation")


@pytest.mark.parametrize(
    ("overfits", "status"),
    [([True, True, False, False], "look"), ([True, False, False, False], "ok")],
)
def test_a_validation_loss_that_rises_in_half_of_the_trials_is_told(check, overfits, status):
    onsets = [3 if turns else np.nan for turns in overfits]
    found = check(steady, changes={"overfits": overfits, "onset_epoch": onsets})
    assert found["validation rising"][0] == status
    assert f"rises in {sum(overfits)} of 4 trials" in found["validation rising"][1]
    assert "from epoch 3 on (median)" in found["validation rising"][1]


def test_swings_wider_than_the_seeds_are_told_and_a_trend_is_none(check):
    swinging = check(steady, curve=lambda _: CALM + 0.2 * (EPOCHS % 2))
    assert swinging["variation from epoch to epoch"][0] == "look"
    # The last fifth has three steps, the trend in them.
    steps = np.array([-0.19, 0.21, -0.19])
    finding = swinging["variation from epoch to epoch"][1]
    assert f"varies by {np.sqrt((steps**2).mean() / 2):.2g} at the end" in finding
    assert f"by {np.std([0.7, 0.71, 0.72, 0.73], ddof=1):.2g}" in finding
    assert check(steady)["variation from epoch to epoch"][0] == "ok"


def test_one_trial_does_not_tell_how_widely_they_vary(check):
    found = check(steady, seeds=1)
    assert found["variation from epoch to epoch"] == ("ok", "Too few epochs or trials to tell.")
    assert found["best trial rerun"] == (
        "look",
        "The best trial was not repeated with another seed.",
    )


def test_a_lucky_best_trial_is_told(check):
    lucky = [0.9, 0.7, 0.71, 0.69]
    status, finding = check(lambda seed, **_: lucky[seed])["best trial rerun"]
    assert status == "look"
    assert (
        "(dropout=0.0, seed 0) has test accuracy 0.9; the same setting with 3 other seeds 0.7"
        in (finding)
    )
    assert finding.endswith("quote the mean.")
    # Best on validation, but not on test.
    modest = check(lambda seed, **_: (lucky[seed], 0.7 + 0.01 * (seed > 1)))
    assert modest["best trial rerun"][0] == "ok"


def test_a_best_trial_whose_others_diverged_was_not_repeated(check):
    found = check(lambda seed, **_: 0.9 if seed == 2 else None)["best trial rerun"]
    assert found == ("look", "The best trial was not repeated with another seed.")


@pytest.mark.parametrize(
    ("best", "status", "where"),
    [
        (0.8, "look", "at the edge of 0 to 0.8; widen the range."),
        (0.4, "ok", "inside 0 to 0.8."),
        (0.0, "ok", "at the natural end of 0 to 0.8."),
    ],
)
def test_a_best_value_at_the_edge_of_its_range_is_told(check, best, status, where):
    values = {"dropout": [0.0, 0.4, 0.8]}
    found = check(lambda dropout, seed, **_: 0.7 - abs(dropout - best) + 0.01 * seed, values)
    assert found["edge of the range: dropout"] == (
        status,
        f"The best dropout on validation, {best:g}, lies {where}",
    )


@pytest.mark.parametrize(
    "values", [{"dropout": [0.0, 0.4]}, {"norm": ["a", "b", "c"]}, {"bias": [False, True]}]
)
def test_two_values_or_names_have_no_edge(check, values):
    found = check(lambda seed, **_: 0.7 + 0.01 * seed, values)
    assert not [name for name in found if name.startswith("edge")]


def test_a_tuned_value_at_the_edge_is_counted_over_conditions(check):
    best = {0.0: 0.1, 0.2: 0.01}
    values = {"dropout": [0.0, 0.2], "learning_rate": [0.001, 0.01, 0.1]}
    found = check(
        lambda dropout, learning_rate, seed, **_: (
            0.7 - abs(learning_rate - best[dropout]) + 0.01 * seed
        ),
        values,
        tuned=["learning_rate"],
    )
    assert found["edge of the range: learning rate"] == (
        "look",
        "The chosen learning rate lies at the edge of 0.001 to 0.1 in 1 of 2 conditions; widen the "
        "range.",
    )


def test_the_checks_are_of_the_condition_that_is_best_on_validation(check, make_study):
    found = check(
        lambda dropout, seed, **_: (0.9 - dropout, 0.1 + dropout + 0.01 * seed),
        {"dropout": [0.5, 0.0]},
    )
    assert "trials at dropout=0.0 have" in found["still improving at the end"][1]


def test_the_order_of_the_rows_and_their_labels_change_nothing(check, shuffled):
    def score(dropout, seed, **_):
        return 0.9 - dropout + 0.013 * seed**2

    values = {"dropout": [0.0, 0.3, 0.5]}
    noise = np.random.default_rng(0).normal(size=(4, 21))
    found = [
        check(score, values, curve=lambda trial: CALM + 0.1 * noise[trial["seed"]], change=change)
        for change in (None, shuffled)
    ]
    assert found[0] == found[1]


@pytest.mark.parametrize("huge", [1e200, 1.7e308])
def test_exploded_scores_raise_no_warning(check, huge):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = check(
            lambda seed, **_: huge if seed else 0.5,
            curve=lambda _: np.where(EPOCHS % 2, huge, -huge),
        )
    assert len(found) == 5


def test_a_missing_column_is_named(check):
    with pytest.raises(DlsuiteError, match=r"trials: expected the columns overfits; got task"):
        check(steady, change=lambda frame: frame.drop(columns="overfits", errors="ignore"))
