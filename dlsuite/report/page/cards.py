"""A card a task: what to use, what it gains, how it overfits and what it costs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from dlsuite.analysis.factor_values import factor_label, format_value
from dlsuite.analysis.frames import number
from dlsuite.analysis.measures import GAP, ONSET, higher_is_better, metric_label
from dlsuite.analysis.verdicts import TOO_FEW, UNCLEAR
from dlsuite.analysis.wording import p_text
from dlsuite.report.page.numbers import Estimate, Number
from dlsuite.report.page.recommendation import (
    BASELINE_BEST,
    BASELINE_DIVERGED,
    NO_BASELINE,
    NO_TRIAL,
    ONE_CONDITION,
    Condition,
    Recommendation,
    recommend,
)
from dlsuite.report.page.strips import Strip, strips
from dlsuite.report.study_tables import StudyTables

STRIP_WIDTH = 240.0

_SAID = {
    "better": "Clearly better than the baseline on test.",
    "worse": "The best on validation is clearly worse than the baseline on test, so the baseline stays.",
    UNCLEAR: "The best on validation makes no clear difference on test, so the baseline stays. "
    "That does not say that there is no difference.",
    TOO_FEW: "Too few pairs of trials to tell the best on validation from the baseline, so the baseline "
    "stays for now.",
    BASELINE_BEST: "The baseline itself has the best mean on validation.",
    BASELINE_DIVERGED: "Best on validation; every trial of the baseline diverged, so there is nothing to "
    "compare it with.",
    "all diverged": "Every trial to compare diverged.",
    NO_BASELINE: "Best on validation; the baseline has no trial to compare it with.",
    ONE_CONDITION: "The study has one condition here; there is nothing to choose.",
    NO_TRIAL: "No trial has completed yet, or all diverged.",
}
"""What the card says of a verdict, in a sentence."""

_CHIPS = {
    "better": ("clearly better", "good"),
    "worse": ("baseline stays", "plain"),
    UNCLEAR: (UNCLEAR, "plain"),
    TOO_FEW: (TOO_FEW, "look"),
    BASELINE_BEST: ("baseline is best", "plain"),
    NO_TRIAL: (NO_TRIAL, "look"),
    ONE_CONDITION: (ONE_CONDITION, "plain"),
}


@dataclass(frozen=True)
class Setting:
    """A hyperparameter's value to use.

    Attributes:
        name: As prose writes it.
        value: As text.
        tuned: Whether it was tuned for the condition, and is not one of its factors.
    """

    name: str
    value: str
    tuned: bool = False


@dataclass(frozen=True)
class CardColumn:
    """A condition of the card's small table.

    Attributes:
        title: `baseline` or `best on validation`.
        condition: Its name.
        chosen: Whether it is what to use.
    """

    title: str
    condition: str
    chosen: bool


@dataclass(frozen=True)
class CardRow:
    """A line of the card's small table: what is told, where it is from, and a number a condition."""

    title: str
    source: str
    estimates: Sequence[Estimate]


@dataclass(frozen=True)
class Card:
    """What the page says first of a task.

    Attributes:
        task: Its label.
        lead: What to do with the settings: `Use`, say.
        keep: Whether that is to keep the baseline.
        settings: What to use.
        chip: The verdict in two or three words, and its tone: `good`, `plain` or `look`.
        said: The verdict in a sentence.
        metric: The measure that decides, as prose writes it: `test accuracy`.
        difference: The candidate minus the baseline on test; None without a comparison.
        p: Its adjusted p, with `p`; empty without one.
        pairs: How many pairs are behind it.
        detectable: The smallest difference that so many pairs show; None where the difference is clear.
        strip: The difference as a drawing.
        better: The side of the drawing on which conditions are better: `right` or `left`.
        columns: The conditions of the small table.
        rows: Its lines.
        others: Further conditions that are clearly better than the baseline on test.
    """

    task: str
    lead: str
    keep: bool
    settings: Sequence[Setting]
    chip: tuple[str, str]
    said: str
    metric: str
    difference: Estimate | None
    p: str
    pairs: Number
    detectable: Number | None
    strip: Strip | None
    better: str
    columns: Sequence[CardColumn]
    rows: Sequence[CardRow]
    others: Sequence[str]


def card(tables: StudyTables, task: str) -> Card:
    """Write the card of a task.

    Args:
        tables: The study's tables.
        task: One of its tasks.

    Raises:
        DlsuiteError: A column or the task is missing.
    """
    advice = recommend(tables, task)
    metric, chosen = advice.metric, advice.chosen
    compared: Mapping[str, Any] = advice.candidate.effect if advice.candidate else {}
    difference = Estimate.read(compared, "difference", metric, signed=True)
    known = difference.middle.known
    p, detectable = number(compared, "p_adjusted"), number(compared, "detectable")
    columns = _columns(advice)
    alone = advice.verdict == ONE_CONDITION
    keep = chosen is not None and chosen == advice.baseline and not alone
    return Card(
        task=task,
        lead="Keep the baseline:" if keep else "Measured:" if alone else "Use",
        keep=keep,
        settings=_settings(tables, chosen) if chosen else (),
        chip=_CHIPS.get(advice.verdict, (advice.verdict, "look")),
        said=_SAID.get(advice.verdict, advice.verdict),
        metric=f"test {metric_label(metric)}",
        difference=difference if known else None,
        p=p_text(p) if known and p == p else "",
        pairs=Number.count(number(compared, "n_pairs")),
        detectable=Number.of(detectable) if advice.verdict == UNCLEAR and detectable > 0 else None,
        strip=strips([difference], width=STRIP_WIDTH)[0],
        better="right" if higher_is_better(metric) else "left",
        columns=columns,
        rows=_rows(tables, advice, [c for _, c in _shown(advice)]),
        others=advice.others,
    )


def _settings(tables: StudyTables, condition: Condition) -> list[Setting]:
    names = [(name, False) for name in tables.factors] + [(name, True) for name in tables.tuned]
    return [
        Setting(factor_label(name), format_value(condition.value(name)), tuned)
        for name, tuned in names
    ]


def _shown(advice: Recommendation) -> list[tuple[str, Condition]]:
    """The conditions of the small table: the baseline, and beside it what is best on validation."""
    shown = [("baseline", advice.baseline)] if advice.baseline else []
    best = advice.candidate
    if best is not None and (advice.baseline is None or best.name != advice.baseline.name):
        shown.append(("best on validation", best))
    return [(title, condition) for title, condition in shown if condition is not None]


def _columns(advice: Recommendation) -> list[CardColumn]:
    return [
        CardColumn(title, condition.name, condition == advice.chosen)
        for title, condition in _shown(advice)
    ]


def _rows(
    tables: StudyTables, advice: Recommendation, conditions: Sequence[Condition]
) -> list[CardRow]:
    metric = advice.metric
    told = [
        (f"test {metric_label(metric)}", f"test_{metric}", metric),
        ("loss gap, last epoch", GAP, ""),
        ("share of trials that overfit", "overfits", ""),
        ("onset of overfitting, epoch", ONSET, ""),
        ("epochs to 90 % of the way", "epochs_to_90", ""),
    ]
    rows = [
        CardRow(title, "summary", [Estimate.read(c.row(measure), "mean", unit) for c in conditions])
        for title, measure, unit in told
    ]
    rows.append(
        CardRow(
            "trainable weights",
            "trials",
            [_parameters(tables.of_task("trials", advice.task), c.name) for c in conditions],
        )
    )
    return [row for row in rows if any(estimate.middle.known for estimate in row.estimates)]


def _parameters(trials: pd.DataFrame, condition: str) -> Estimate:
    """How many weights the condition's model has; nothing where its trials do not agree."""
    if "parameters" not in trials:
        return Estimate(Number.count(float("nan")))
    found = trials.loc[trials["condition"] == condition, "parameters"].dropna().unique()
    return Estimate(Number.count(float(found[0]) if len(found) == 1 else float("nan")))


def short_answers(tables: StudyTables) -> list[str]:
    """What the cards of a study say, in a line a task, for lists of studies.

    `cnn/digits: dropout 0.2, test accuracy +0.013 [0.004, 0.021]`.

    Args:
        tables: The study's tables.

    Raises:
        DlsuiteError: A column or a task is missing.
    """
    return [_answer(card(tables, task)) for task in tables.tasks]


def _answer(told: Card) -> str:
    settings = ", ".join(f"{setting.name} {setting.value}" for setting in told.settings)
    gain = ""
    if told.difference is not None:
        low, high = told.difference.low, told.difference.high
        ends = f" [{low.text}, {high.text}]" if low and high else ""
        gain = f"{told.metric} {told.difference.middle.text}{ends}"
    if not settings:
        return f"{told.task}: {told.chip[0]}"
    if told.keep:
        unclear = f"; the best on validation has {gain}" if gain else ""
        return f"{told.task}: keep the baseline, {settings}{unclear}"
    return f"{told.task}: {settings}" + (f", {gain}" if gain else "")
