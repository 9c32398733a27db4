from collections.abc import Callable
from dataclasses import replace

import pytest

from dlsuite.report import StudyTables
from dlsuite.report.page import short_answers
from dlsuite.report.page.cards import card
from dlsuite.report.page.recommendation import recommend

Make = Callable[..., StudyTables]
DROPOUT = {"dropout": [0.0, 0.2, 0.5]}


def test_a_condition_that_is_clearly_better_is_recommended(make_tables: Make) -> None:
    tables = make_tables(DROPOUT, gains=(0, 0.1, 0.05))
    told = card(tables, "mlp/toy")
    assert not told.keep
    assert [(s.name, s.value) for s in told.settings] == [("dropout", "0.2")]
    assert told.chip == ("clearly better", "good")
    assert told.others == ("dropout=0.5",)
    assert told.difference is not None
    assert told.difference.middle.value > 0.05


def test_where_lower_is_better_the_lowest_wins(make_tables: Make) -> None:
    told = card(make_tables(DROPOUT, gains=(0, 0.1, 0.05)), "lstm/waves")
    assert told.settings[0].value == "0.2"
    assert told.better == "left"


def test_the_baseline_stays_where_nothing_is_clear(make_tables: Make) -> None:
    tables = make_tables(DROPOUT, gains=(0, 0.1))
    unclear = tables["effects"].assign(verdict="no clear difference")
    tables = replace(tables, frames={**tables.frames, "effects": unclear})
    advice, told = recommend(tables, "mlp/toy"), card(tables, "mlp/toy")
    assert advice.candidate is not None
    assert advice.candidate.name == "dropout=0.2"
    assert advice.chosen == advice.baseline
    assert told.keep
    assert told.settings[0].value == "0"
    assert told.detectable is not None


def test_the_baseline_stays_where_the_best_on_validation_is_worse_on_test(
    make_tables: Make,
) -> None:
    tables = make_tables(DROPOUT, gains=(0, 0.1))
    worse = tables["effects"].assign(verdict="worse")
    told = card(replace(tables, frames={**tables.frames, "effects": worse}), "mlp/toy")
    assert told.keep
    assert told.chip[0] == "baseline stays"


def test_one_seed_is_too_few_to_change_anything(make_tables: Make) -> None:
    told = card(make_tables(DROPOUT, seeds=1, gains=(0, 0.2)), "mlp/toy")
    assert told.keep
    assert told.chip[0] == "too few pairs"


def test_a_diverging_condition_goes_last_however_good_it_is(make_tables: Make) -> None:
    tables = make_tables(
        DROPOUT, gains=(0, 0.3, 0.05), diverge=lambda condition, seed: condition == 1 and seed == 0
    )
    assert card(tables, "mlp/toy").settings[0].value == "0.5"


def test_where_the_baseline_diverged_the_best_is_used_and_it_is_said(make_tables: Make) -> None:
    tables = make_tables(DROPOUT, gains=(0, 0.1), diverge=lambda condition, seed: condition == 0)
    told = card(tables, "mlp/toy")
    assert told.settings[0].value == "0.2"
    assert "every trial of the baseline diverged" in told.said
    assert told.difference is None


def test_where_all_diverged_nothing_is_recommended(make_tables: Make) -> None:
    tables = make_tables(DROPOUT, diverge=lambda condition, seed: True)
    assert card(tables, "mlp/toy").chip[0] == "no trial completed"


def test_a_single_condition_is_told_as_such(make_tables: Make) -> None:
    assert card(make_tables({"l2": [0.1]}), "mlp/toy").chip[0] == "one condition"


def test_tuned_values_are_part_of_what_to_use(make_tables: Make) -> None:
    told = card(make_tables(DROPOUT, tuned={"learning_rate": [0.01, 0.1]}), "mlp/toy")
    assert [(s.name, s.value, s.tuned) for s in told.settings][-1] == (
        "learning rate",
        "0.01",
        True,
    )


@pytest.mark.parametrize("gains", [(0, 0.1), ()])
def test_answers_fit_a_line(make_tables: Make, gains: tuple[float, ...]) -> None:
    answers = short_answers(make_tables({"dropout": [0.0, 0.2]}, gains=gains))
    assert len(answers) == 2
    assert all(line.startswith(("mlp/toy: ", "lstm/waves: ")) for line in answers)
