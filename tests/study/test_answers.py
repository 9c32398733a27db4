import json
import re
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from dlsuite.analysis import effects, summarize
from dlsuite.errors import SpecError
from dlsuite.study.answers import (
    TEST,
    answer_rows,
    answer_texts,
    compared_rows,
    compared_texts,
    plus_minus,
    power_rows,
    power_sentence,
    power_texts,
)
from dlsuite.study.written_tables import as_latex, as_markdown

BASE = [0.60, 0.62, 0.61, 0.63, 0.59]


def raised(by, wobble=(0.01, -0.01, 0.0, 0.01, -0.005)):
    return [score + by + w for score, w in zip(BASE, wobble, strict=True)]


def results_of(scores, *, task="mlp/toy", metric="accuracy", baseline=0.0):
    """What a study of dropout leaves, without its trainings; None for a trial that diverged."""
    rows = [
        {
            "task": task,
            "condition": f"dropout={dropout}",
            "dropout": dropout,
            "seed": seed,
            "split_seed": 0,
            "status": "diverged" if score is None else "completed",
            "counted": True,
            f"test_{metric}": score,
            "gap_loss_last": None if score is None else 0.3 - dropout / 10 + 0.01 * seed,
        }
        for dropout, of_condition in scores.items()
        for seed, score in enumerate(of_condition)
    ]
    trials = pd.DataFrame(rows).astype({f"test_{metric}": float, "gap_loss_last": float})
    tasks = pd.DataFrame([{"task": task, "metric": metric}])
    given = {"factors": ["dropout"], "tuned": [], "tasks": tasks}
    return SimpleNamespace(
        folder=Path("results/toy"),
        study=SimpleNamespace(full_baseline={"dropout": baseline}),
        tasks=tasks,
        trials=trials,
        summary=summarize(trials, **given),
        effects=effects(trials, **given, baseline={"dropout": baseline}),
        naive_forecasts=pd.DataFrame(columns=["task", "forecast"]),
    )


@pytest.fixture(scope="module")
def results():
    return results_of({0.0: BASE, 0.2: raised(0.1), 0.5: raised(0.0), 0.9: [None] * 5})


def test_a_row_holds_the_numbers_of_the_tables(results):
    rows = {row["condition"]: row for row in answer_rows(results)}
    assert list(rows) == ["dropout=0.0", "dropout=0.2", "dropout=0.5", "dropout=0.9"]
    row = rows["dropout=0.2"]
    of_test = results.summary.query("condition == 'dropout=0.2' and measure == 'test_accuracy'")
    effect = results.effects.query("condition == 'dropout=0.2' and measure == 'test_accuracy'")
    for name in ("mean", "ci_low", "ci_high"):
        assert row[name] == of_test[name].iloc[0]
    for name, column in {
        "difference": "difference",
        "difference_low": "ci_low",
        "difference_high": "ci_high",
        "p_adjusted": "p_adjusted",
        "verdict": "verdict",
    }.items():
        assert row[name] == effect[column].iloc[0]
    assert row["gap"] == pytest.approx(0.3)
    assert (row["metric"], row["n"], row["n_diverged"]) == ("accuracy", 5, 0)


def test_the_verdicts_tell_the_baseline_from_what_is_compared(results):
    verdicts = [row["verdict"] for row in answer_rows(results)]
    assert verdicts == ["baseline", "better", "no clear difference", "all diverged"]


def test_what_is_not_known_is_none_and_all_is_json(results):
    baseline, *_, diverged = answer_rows(results)
    assert baseline["difference"] is baseline["p_adjusted"] is None
    assert diverged["mean"] is diverged["gap"] is diverged["ci_low"] is None
    assert (diverged["n"], diverged["n_diverged"]) == (0, 5)
    assert json.loads(json.dumps(answer_rows(results), allow_nan=False)) == answer_rows(results)


def test_the_best_mean_of_a_task_is_marked(results):
    assert [row["best"] for row in answer_rows(results)] == [False, True, False, False]
    rmse = results_of({0.0: BASE, 0.2: raised(0.1)}, task="lstm/x", metric="rmse")
    assert [row["best"] for row in answer_rows(rmse)] == [True, False]
    nothing = results_of({0.0: [None], 0.2: [None]})
    assert [row["best"] for row in answer_rows(nothing)] == [False, False]


def test_without_trials_at_the_baseline_no_condition_is_called_it():
    rows = answer_rows(results_of({0.2: BASE, 0.5: raised(0.1)}))
    assert [row["verdict"] for row in rows] == ["no baseline", "no baseline"]


def test_texts_hold_a_table_that_can_be_read(results):
    lines = answer_texts(answer_rows(results))
    assert list(lines[0]) == [
        "task",
        "condition",
        "metric",
        TEST,
        "difference",
        "adjusted p",
        "verdict",
        "loss gap",
        "n",
        "diverged",
    ]
    assert lines[0][TEST] == "0.610 ± 0.020"
    assert (lines[0]["difference"], lines[0]["adjusted p"]) == ("-", "")
    assert re.fullmatch(r"\+0\.101 ± 0\.011", lines[1]["difference"])
    assert lines[1]["adjusted p"] == "< 0.001"
    assert (lines[3][TEST], lines[3]["n"], lines[3]["diverged"]) == ("-", "0", "5")


def test_columns_that_say_nothing_are_left_out():
    rows = answer_rows(results_of({0.0: BASE}))
    assert list(answer_texts(rows)[0]) == ["task", "condition", "metric", TEST, "loss gap", "n"]
    assert answer_texts([]) == []


@pytest.mark.parametrize(
    ("p", "stars"), [(0.0009, "***"), (0.009, "**"), (0.049, "*"), (0.05, ""), (None, "")]
)
def test_stars_stand_for_the_adjusted_p(results, p, stars):
    row = answer_rows(results)[1] | {"p_adjusted": p}
    [line] = answer_texts([row], stars=True)
    assert line["difference"] == f"+0.101 ± 0.011{stars}"
    assert "adjusted p" not in line


@pytest.mark.parametrize(
    ("numbers", "text"),
    [
        ((0.9671, 0.9593, 0.9749), "0.967 ± 0.008"),
        ((0.9671, 0.9551, 0.9791), "0.967 ± 0.012"),
        ((0.98, 0.95, 1.0), "0.98 ± 0.03"),
        ((1234.5, 1200.0, 1269.0), "1234 ± 34"),
        ((5.0, 4.0, 6.0), "5.0 ± 1.0"),
        ((0.5, 0.5, 0.5), "0.5 ± 0"),
        ((0.12345, None, None), "0.123"),
        ((None, None, None), "-"),
        ((-0.0001, -0.03, 0.03), "0.00 ± 0.03"),
        ((2e10, 1e10, 3e10), "2e+10 ± 1e+10"),
        ((1e-11, 0.0, 2e-11), "1e-11 ± 1e-11"),
        ((1.0, float("-inf"), float("inf")), "1"),
    ],
)
def test_a_mean_is_written_to_the_digits_that_its_interval_leaves(numbers, text):
    assert plus_minus(*numbers) == text


def test_studies_are_compared_side_by_side():
    first, second = (results_of({0.0: scores}) for scores in (BASE, raised(0.1)))
    rows = compared_rows(first, second)
    assert json.loads(json.dumps(rows, allow_nan=False)) == rows
    [line, gap] = compared_texts(rows)
    assert line == {
        "task": "mlp/toy",
        "condition": "dropout=0.0",
        "measure": "test_accuracy",
        "first": "0.61",
        "second": "0.711",
        "second - first": "0.101 ± 0.011",
        "p": "< 0.001",
        "pairs": "5",
    }
    assert (gap["second - first"], gap["p"]) == ("0 ± 0", "1")


def test_a_comparison_without_pairs_has_empty_cells():
    rows = compared_rows(results_of({0.0: [0.5]}), results_of({0.0: [None]}))
    line = compared_texts(rows)[0]
    assert (line["first"], line["second - first"], line["p"], line["pairs"]) == ("-", "-", "", "0")


def test_studies_without_a_common_condition_are_refused():
    with pytest.raises(SpecError, match=r"results/toy and results/toy have no condition of a task"):
        compared_rows(results_of({0.0: BASE}), results_of({0.5: BASE}))


def test_the_seeds_that_are_missing_are_told(results):
    rows = power_rows(results, effect=0.005)
    assert json.loads(json.dumps(rows, allow_nan=False)) == rows
    known, other, diverged = power_texts(rows)
    assert (known["condition"], known["pairs"]) == ("dropout=0.2", "5")
    assert int(known["pairs needed"]) - 5 == int(known["more"]) > 0
    assert diverged["pairs needed"] == diverged["more"] == diverged["shows now"] == "-"
    most = max(int(known["more"]), int(other["more"]))
    assert power_sentence(rows, effect=0.005) == (
        f"{most} more seeds show a difference of 0.005 in every condition, in four of five studies."
    )


def test_where_no_seed_is_missing_or_nothing_is_known_it_is_said(results):
    enough = power_sentence(power_rows(results, effect=0.5), effect=0.5)
    assert enough.startswith("The seeds there are show a difference of 0.5 in every condition")
    alone = results_of({0.0: [0.5], 0.2: [0.6]})
    unknown = power_sentence(power_rows(alone, effect=0.5), effect=0.5)
    assert unknown.startswith("Too few pairs to know how widely their differences are spread")


ROWS = [
    {"task": "a_b", "condition": "units=[16, 32] | x", TEST: "0.61 ± 0.02"},
    {"task": "[c] & d", "condition": "rate=10% \\ ~^", TEST: "p < 0.001*"},
]


def test_markdown_keeps_its_cells_and_letters():
    table = as_markdown(ROWS, bold=[True, False], column=TEST)
    head, rule, first, second = table.splitlines()
    assert (head, rule) == ("| task | condition | test |", "| --- | --- | --- |")
    assert first == r"| a\_b | units=\[16, 32] \| x | **0.61 ± 0.02** |"
    assert second == r"| \[c] & d | rate=10% \\ ~^ | p \< 0.001\* |"
    for line in (first, second):
        assert len(re.findall(r"(?<!\\)\|", line)) == 4


def test_latex_escapes_what_it_would_read_as_commands():
    table = as_latex(ROWS, bold=[False, True], column=TEST)
    lines = table.splitlines()
    assert lines[:2] == [r"\begin{tabular}{lll}", r"\toprule"]
    assert lines[2:4] == [r"task & condition & test \\", r"\midrule"]
    assert lines[4] == r"a\_b & units={[}16, 32] | x & 0.61 $\pm$ 0.02 \\"
    # A bracket behind a line's end would be the space to leave.
    assert lines[5] == (
        r"{[}c] \& d & rate=10\% \textbackslash{} \textasciitilde{}\textasciicircum{} & "
        r"\textbf{p $<$ 0.001*} \\"
    )
    assert lines[6:] == [r"\bottomrule", r"\end{tabular}"]
    assert table.endswith("\n")


def test_no_row_is_no_table():
    assert as_markdown([], bold=[], column=TEST) == as_latex([], bold=[], column=TEST) == ""
