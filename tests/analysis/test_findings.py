import pandas as pd
import pytest

from dlsuite.analysis import effects, findings, summarize
from dlsuite.analysis.comparison import compare_tasks
from dlsuite.analysis.interactions import interactions
from dlsuite.analysis.linear_model import marginal_effects
from dlsuite.errors import DlsuiteError


def say(trials, tasks, *, factors=("dropout",), baseline=None, **more):
    design = {"factors": list(factors), "tuned": [], "tasks": tasks}
    compared = design | {"baseline": baseline or {"dropout": 0.0}}
    tables = {
        "summary": summarize(trials, **design),
        "effects": effects(trials, **compared),
        "interactions": interactions(trials, **compared),
        "marginal_effects": marginal_effects(trials, **compared),
        "comparisons": compare_tasks(trials, tuned=[], tasks=tasks),
        "learning_rates": pd.DataFrame(columns=["task"]),
        "learning_rate_widths": pd.DataFrame(columns=["task"]),
    }
    return findings(tables | more, tasks, factors=factors, baseline=compared["baseline"])


FIVE = [0.60, 0.62, 0.61, 0.63, 0.59]


def raised(by, wobble=(0.01, -0.01, 0.0, 0.01, -0.01)):
    return [score + by + w for score, w in zip(FIVE, wobble, strict=True)]


def test_a_clear_difference_is_stated_with_its_interval(make_trials, tasks):
    trials = make_trials([({"dropout": 0.0}, FIVE), ({"dropout": 0.2}, raised(0.1))])
    reading, sentence = say(trials, tasks)
    assert "up to 5 trials of a condition" in reading
    assert sentence.startswith(
        "mlp/toy, dropout: 0.2 is better than 0 in test accuracy by 0.100 [0.088, 0.112] "
        "(adjusted p < 0.001), 0.710 against 0.610."
    )


def test_what_differs_clearly_comes_best_first_and_the_rest_is_named(make_trials, tasks):
    trials = make_trials(
        [
            ({"dropout": 0.0}, FIVE),
            ({"dropout": 0.2}, raised(0.1)),
            ({"dropout": 0.4}, raised(0.0)),
            ({"dropout": 0.6}, raised(-0.2)),
        ]
    )
    _, sentence = say(trials, tasks)
    better, worse, rest = sentence.split(".  ")[0].split("; ")
    assert better.startswith("mlp/toy, dropout: 0.2 is better than 0 in test accuracy by 0.100")
    assert worse.startswith("0.6 is worse by 0.200 [0.188, 0.212] (p < 0.001)")
    assert rest.startswith("no clear difference at 0.4.")


def test_of_an_error_less_is_better(make_trials, tasks):
    trials = make_trials(
        [({"dropout": 0.0}, FIVE), ({"dropout": 0.2}, raised(-0.1))],
        task="lstm/waves",
        metric="rmse",
    )
    _, sentence = say(trials, tasks)
    assert "0.2 is better than 0 in test RMSE by 0.1 [0.0876, 0.112]" in sentence


def test_without_a_clear_difference_it_is_said_what_could_have_been_seen(make_trials, tasks):
    trials = make_trials([({"dropout": 0.0}, FIVE), ({"dropout": 0.2}, raised(0.001))])
    _, sentence = say(trials, tasks)
    assert "no clear difference at 0.2: +0.001 [-0.011, 0.013]" in sentence
    assert "5 pairs would show a difference of 0.0168 in four of five studies." in sentence


def test_of_several_unclear_differences_the_largest_is_stated(make_trials, tasks):
    trials = make_trials(
        [
            ({"dropout": 0.0}, FIVE),
            ({"dropout": 0.2}, raised(0.001)),
            ({"dropout": 0.4}, raised(-0.004)),
        ]
    )
    _, sentence = say(trials, tasks)
    assert (
        "no clear difference at any other value, at most -0.004 [-0.016, 0.008] at 0.4" in sentence
    )


def test_the_gap_is_said_to_narrow_where_it_clearly_does(make_trials, tasks):
    trials = make_trials([({"dropout": 0.0}, FIVE), ({"dropout": 0.2}, FIVE)])
    trials["gap_loss_last"] = [0.30, 0.32, 0.31, 0.33, 0.29, 0.11, 0.11, 0.11, 0.12, 0.10]
    _, sentence = say(trials, tasks)
    assert "The loss gap narrows, from 0.31 [0.29, 0.33] by 0.2 [" in sentence


def test_a_gap_that_does_not_clearly_change_is_said_so(make_trials, tasks):
    trials = make_trials([({"dropout": 0.0}, FIVE), ({"dropout": 0.2}, FIVE)])
    trials["gap_loss_last"] = [0.30, 0.32, 0.31, 0.33, 0.29, 0.33, 0.29, 0.31, 0.32, 0.30]
    _, sentence = say(trials, tasks)
    assert "The loss gap, 0.31 [0.29, 0.33], does not clearly change." in sentence


def test_what_dropout_does_to_hidden_units_is_told_where_it_is_clear(make_trials, tasks):
    trials = make_trials([({"dropout": 0.0}, FIVE), ({"dropout": 0.2}, FIVE)])
    trials["unit_correlation"] = [0.40, 0.42, 0.41, 0.43, 0.39, 0.31, 0.31, 0.31, 0.32, 0.30]
    trials["lesion_loss"] = [0.40, 0.42, 0.41, 0.43, 0.39, 0.43, 0.39, 0.41, 0.42, 0.40]
    _, sentence = say(trials, tasks)
    assert "The mean correlation of hidden units is 0.41 [0.39, 0.43], 0.1 [" in sentence
    assert "] less." in sentence
    assert "losing a quarter" not in sentence


def test_a_later_onset_of_overfitting_is_told(make_trials, tasks):
    trials = make_trials([({"dropout": 0.0}, FIVE), ({"dropout": 0.2}, FIVE)])
    trials["epochs"] = 20
    trials["onset_epoch"] = [5, 6, 5, 6, 5, 12, 11, None, None, 13]
    _, sentence = say(trials, tasks)
    assert "Overfitting sets in at epoch 5.4 [" in sentence
    assert "] later." in sentence


def test_a_spread_over_seeds_that_clearly_differs_is_stated(make_trials, tasks):
    steady = [0.610, 0.611, 0.612, 0.611, 0.610]
    wide = [0.51, 0.62, 0.73, 0.61, 0.52]
    trials = make_trials([({"dropout": 0.0}, wide), ({"dropout": 0.2}, steady)])
    _, sentence = say(trials, tasks)
    assert "The spread of test accuracy is 0.00" in sentence
    assert "times the baseline's at 0.2." in sentence


def test_what_is_not_better_than_guessing_is_said(make_trials, tasks):
    trials = make_trials([({"dropout": 0.0}, [0.9, 0.9]), ({"dropout": 0.9}, [0.52, 0.52])])
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
    assert "no trial at the baseline completed; test accuracy is 0.800 at 0.2" in sentence
    assert sentence.endswith("1 of 1 trials diverged at 0.")


def test_a_task_where_all_diverged_is_said_so(make_trials, tasks):
    trials = make_trials([({"dropout": 0.0}, [None]), ({"dropout": 0.2}, [None])])
    _, sentence = say(trials, tasks)
    assert "no trial completed. 1 of 1 trials diverged at 0, 1 of 1 at 0.2." in sentence


def test_two_equal_seeds_are_no_proof(make_trials, tasks):
    trials = make_trials([({"dropout": 0.0}, [0.6, 0.6]), ({"dropout": 0.2}, [0.8, 0.8])])
    _, sentence = say(trials, tasks)
    assert "no clear difference at 0.2: +0.200 [0.200, 0.200]" in sentence


def cross(both, neither=FIVE):
    return [
        ({"dropout": 0.0, "batch_norm": False}, neither),
        ({"dropout": 0.5, "batch_norm": False}, raised(0.1)),
        ({"dropout": 0.0, "batch_norm": True}, raised(0.1, (0.0, 0.01, -0.01, -0.01, 0.01))),
        ({"dropout": 0.5, "batch_norm": True}, both),
    ]


BOTH = {"factors": ("dropout", "batch_norm"), "baseline": {"dropout": 0, "batch_norm": False}}


def test_factors_are_compared_with_the_others_at_their_baseline(make_trials, tasks):
    trials = make_trials(cross(raised(0.2)), factors=BOTH["factors"])
    _, dropout, batch_norm, _ = say(trials, tasks, **BOTH)
    assert dropout.startswith("mlp/toy, dropout (at batch_norm=false): 0.5 is better than 0 ")
    assert batch_norm.startswith("mlp/toy, batch norm (at dropout=0): true is better than false ")


def test_factors_whose_effects_add_up_do_not_interact(make_trials, tasks):
    trials = make_trials(cross(raised(0.2)), factors=BOTH["factors"])
    *_, together = say(trials, tasks, **BOTH)
    assert together.startswith(
        "mlp/toy, dropout x batch norm: no clear interaction in test accuracy; dropout=0.5 with "
        "batch_norm=true differs from the sum of both effects by "
    )


def test_factors_that_spoil_each_other_are_said_to(make_trials, tasks):
    trials = make_trials(cross(raised(-0.1)), factors=BOTH["factors"])
    *_, together = say(trials, tasks, **BOTH)
    assert "dropout=0.5 with batch_norm=true is worse in test accuracy than the sum" in together
    assert "by 0.300 [" in together


def test_a_design_without_single_changes_is_answered_by_the_linear_model(make_trials, tasks):
    diagonal = [cross(raised(0.2))[0], cross(raised(0.2))[3]]
    more = ({"dropout": 0.2, "batch_norm": True}, raised(0.1))
    trials = make_trials([*diagonal, more], factors=BOTH["factors"])
    _, dropout, _ = say(trials, tasks, **BOTH)
    assert "dropout: no two conditions differ in it alone" in dropout


def test_models_on_the_same_data_are_compared(make_trials, tasks):
    pair = tasks.iloc[:1].assign(fingerprint="f")
    pair = pd.concat([pair, pair.assign(task="cnn/toy")], ignore_index=True)
    values = [({"dropout": 0.0}, FIVE), ({"dropout": 0.5}, FIVE)]
    better = [({"dropout": 0.0}, raised(0.1)), ({"dropout": 0.5}, raised(0.0))]
    trials = pd.concat(
        [make_trials(values), make_trials(better, task="cnn/toy")], ignore_index=True
    )
    *_, sentence = say(trials, pair)
    assert sentence.startswith(
        "mlp/toy against cnn/toy, test accuracy: worse by 0.100 [0.088, 0.112] at dropout=0.0; "
        "no clear difference at dropout=0.5 ("
    )


def test_models_without_a_pair_have_no_difference_to_tell(make_trials, tasks):
    pair = tasks.iloc[:1].assign(fingerprint="f")
    pair = pd.concat([pair, pair.assign(task="cnn/toy")], ignore_index=True)
    values = [({"dropout": 0.0}, FIVE), ({"dropout": 0.5}, FIVE)]
    failed = make_trials(values, task="cnn/toy").assign(status="failed")
    trials = pd.concat([make_trials(values), failed], ignore_index=True)
    *_, sentence = say(trials, pair)
    assert sentence == (
        "mlp/toy against cnn/toy, test accuracy: too few pairs at dropout=0.0; too few pairs at dropout=0.5."
    )


def test_restarts_of_one_condition_are_told_apart(make_trials, tasks):
    _, sentence = say(make_trials([({"dropout": 0.0}, FIVE)]), tasks)
    assert sentence == (
        "mlp/toy: 5 trials of one condition, with test accuracy 0.610 [0.590, 0.630], from 0.590 to "
        "0.630."
    )


def test_learning_rates_are_named_by_what_they_do(make_trials, tasks):
    rates = [0.001, 0.01, 0.1, 1.0]
    trials = make_trials(
        [({"learning_rate": rate}, FIVE) for rate in rates], factors=["learning_rate"]
    )
    classes = ["too slow", "good", "good", "diverges"]
    judged = pd.DataFrame({"task": "mlp/toy", "learning_rate": rates, "class": classes})
    _, sentence = say(
        trials,
        tasks,
        factors=["learning_rate"],
        baseline={"learning_rate": 0.01},
        learning_rates=judged,
    )
    assert sentence.endswith("Learning rates: too slow 0.001; good 0.01, 0.1; diverges 1.")


def test_a_wider_range_of_usable_rates_is_stated(make_trials, tasks):
    trials = make_trials(cross(raised(0.2)), factors=BOTH["factors"])
    widths = pd.DataFrame(
        {
            "task": "mlp/toy",
            "batch_norm": [False, True],
            "decades": [2.0, 3.0],
            "decades_low": [1.5, 2.5],
            "decades_high": [2.5, 3.5],
            "difference": [None, 1.0],
            "difference_low": [None, 0.5],
            "difference_high": [None, 1.5],
            "p": [None, 0.004],
        }
    )
    *_, sentence = say(trials, tasks, **BOTH, learning_rate_widths=widths)
    assert sentence == (
        "mlp/toy, width of the usable learning rates: 2 [1.5, 2.5] decades at the baseline; "
        "+1 [0.5, 1.5] at batch_norm=true (clear)."
    )


def test_lists_read_from_a_table_equal_the_studys_own(make_trials, tasks):
    trials = make_trials(
        [({"units": "[16, 16]"}, FIVE), ({"units": "[32]"}, raised(0.1))], factors=["units"]
    )
    _, sentence = say(trials, tasks, factors=["units"], baseline={"units": (16, 16)})
    assert "[32] is better than [16, 16]" in sentence


def test_a_factor_without_a_baseline_is_refused(make_trials, tasks):
    trials = make_trials([({"dropout": 0.0}, [0.6])])
    with pytest.raises(
        DlsuiteError, match=r"baseline: expected a value for every factor; got none"
    ):
        say(trials, tasks, baseline={"units": 3})


@pytest.mark.parametrize("values", [[0.0], [0.0, 0.4]])
def test_a_summary_without_the_score_is_refused(make_trials, tasks, values):
    trials = make_trials([({"dropout": value}, FIVE) for value in values])
    summary = summarize(trials, factors=["dropout"], tuned=[], tasks=tasks)
    cut = summary[summary["measure"] != "test_accuracy"]
    with pytest.raises(DlsuiteError, match=r"summary: no row of the measure 'test_accuracy'"):
        say(trials, tasks, summary=cut)


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
