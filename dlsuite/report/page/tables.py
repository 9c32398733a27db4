"""The page's static tables: scores, effects and the checklist, a group of rows a task."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dlsuite.analysis.factor_values import factor_label, format_value
from dlsuite.analysis.frames import number
from dlsuite.analysis.measures import GAP, ONSET, metric_label
from dlsuite.analysis.task_trials import is_baseline
from dlsuite.analysis.wording import p_text
from dlsuite.report.page.numbers import Estimate, Number
from dlsuite.report.page.strips import Strip, strips
from dlsuite.report.study_tables import StudyTables

_TONES = {"better": "good", "worse": "bad", "look": "look", "ok": "good"}


@dataclass(frozen=True)
class Column:
    """A column's head: its title, whether it holds numbers, and what it means where that is not plain."""

    title: str
    numeric: bool = False
    meaning: str = ""


@dataclass(frozen=True)
class Cell:
    """A cell: a text, an estimate or a drawing.

    Attributes:
        text: What is shown where there is no estimate.
        sort: What it is sorted by; the text if empty.
        estimate: A number, with its interval if it has one.
        strip: A difference as a drawing.
        tone: How a verdict is colored: `good`, `bad` or `look`.
        chip: Whether the text is a verdict.
    """

    text: str = ""
    sort: str = ""
    estimate: Estimate | None = None
    strip: Strip | None = None
    tone: str = ""
    chip: bool = False

    @classmethod
    def of(cls, number: Number) -> "Cell":
        """A number alone."""
        return cls(estimate=Estimate(number))


@dataclass(frozen=True)
class TableRow:
    """A row; `marked` is that of the baseline."""

    cells: Sequence[Cell]
    marked: bool = False


@dataclass(frozen=True)
class Group:
    """The rows of a task, under its label and what is to be known of all of them."""

    task: str
    note: str
    rows: Sequence[TableRow]


@dataclass(frozen=True)
class PageTable:
    """A table of the page.

    Attributes:
        name: For anchors.
        title: What it shows.
        note: How to read it.
        source: The table that its numbers are from.
        columns: The columns' heads.
        groups: The rows, by task.
    """

    name: str
    title: str
    note: str
    source: str
    columns: Sequence[Column]
    groups: Sequence[Group]


def score_table(tables: StudyTables) -> PageTable | None:
    """Every condition's score on test and its overfitting; None without a summary.

    Args:
        tables: The study's tables.

    Raises:
        DlsuiteError: A column or a task is missing.
    """
    summary = tables["summary"]
    if summary.empty:
        return None
    groups = []
    for task in summary["task"].drop_duplicates():
        about = tables.task(str(task))
        metric = str(about["metric"])
        own = summary.loc[summary["task"] == task]
        base = {name: value for name, value in tables.baseline.items() if name in own}
        at_baseline = set(own.loc[is_baseline(own, base), "condition"]) if base else set()
        rows = []
        for condition, of_condition in own.groupby("condition", sort=False):
            by_measure = {str(row["measure"]): row for row in of_condition.to_dict("records")}
            score = by_measure.get(f"test_{metric}", {})
            counts = score or next(iter(by_measure.values()))
            rows.append(
                TableRow(
                    [
                        Cell(str(condition)),
                        *(Cell(format_value(counts.get(name))) for name in tables.tuned),
                        Cell(estimate=Estimate.read(score, "mean", metric)),
                        Cell.of(Number.of(number(score, "sd"))),
                        Cell.of(Number.of(number(score, "min"), metric)),
                        Cell.of(Number.of(number(score, "max"), metric)),
                        Cell(estimate=_estimate(by_measure, GAP)),
                        Cell(estimate=_estimate(by_measure, "overfits")),
                        Cell(estimate=_estimate(by_measure, ONSET)),
                        Cell(estimate=_estimate(by_measure, "epochs_to_90")),
                        Cell.of(Number.count(number(counts, "n"))),
                        Cell.of(Number.count(number(counts, "n_diverged"))),
                    ],
                    marked=condition in at_baseline,
                )
            )
        naive = tables.of_task("naive_forecasts", str(task)).to_dict("records")
        rows += [_naive_row(row, metric, width=len(tables.tuned) + 11) for row in naive]
        groups.append(Group(str(task), _group_note(about), rows))
    return PageTable(
        name="scores",
        title="Scores and overfitting",
        note="Means over seeds (and splits, where they vary) with 95 % intervals. A loss gap above zero "
        "means overfitting; an onset that never comes counts as the last epoch.",
        source="summary",
        columns=[
            Column("Condition"),
            *(Column(factor_label(name).capitalize(), True, "tuned") for name in tables.tuned),
            Column("Test score", True, "of the epoch with the lowest validation loss"),
            Column("Spread", True, "standard deviation over seeds"),
            Column("Lowest", True, "of all trials"),
            Column("Highest", True, "of all trials"),
            Column("Loss gap", True, "validation minus train loss at the last epoch"),
            Column("Overfit", True, "share of trials"),
            Column("Onset", True, "epoch in which overfitting sets in"),
            Column("Epochs to 90 %", True, "of the way down in validation loss"),
            Column("Trials", True, "completed"),
            Column("Diverged", True, "trials"),
        ],
        groups=groups,
    )


def effect_table(tables: StudyTables) -> PageTable | None:
    """Every condition against the baseline; None where nothing is compared.

    Args:
        tables: The study's tables.

    Raises:
        DlsuiteError: A task is missing.
    """
    effects = tables["effects"]
    if effects.empty:
        return None
    groups = []
    for task in effects["task"].drop_duplicates():
        about = tables.task(str(task))
        metric = str(about["metric"])
        own = effects.loc[effects["task"] == task]
        primary = own.loc[own["role"] == "primary"].to_dict("records")
        gaps = {row["condition"]: row for row in own.loc[own["measure"] == GAP].to_dict("records")}
        differences = [Estimate.read(row, "difference", metric, signed=True) for row in primary]
        rows = []
        for row, difference, strip in zip(primary, differences, strips(differences), strict=True):
            p = number(row, "p_adjusted")
            verdict = str(row["verdict"])
            gap = gaps.get(row["condition"], {})
            rows.append(
                TableRow(
                    [
                        Cell(str(row["condition"])),
                        Cell(estimate=difference),
                        Cell(strip=strip, sort=difference.middle.raw),
                        Cell(p_text(p).removeprefix("p ") if p == p else "\u2013", sort=repr(p)),
                        Cell(verdict, tone=_TONES.get(verdict, ""), chip=True),
                        Cell.of(Number.of(number(row, "effect_size"), signed=True)),
                        Cell.of(Number.of(number(row, "agree"))),
                        Cell.of(Number.of(number(row, "detectable"))),
                        Cell.of(Number.count(number(row, "n_pairs"))),
                        Cell(estimate=Estimate.read(gap, "difference", signed=True)),
                        Cell(str(gap.get("verdict", ""))),
                    ]
                )
            )
        groups.append(Group(str(task), _group_note(about), rows))
    return PageTable(
        name="effects",
        title="Every condition against the baseline",
        note="Differences in the test score, paired by seed and split, with 95 % intervals; p by Holm's "
        "correction over a task's conditions. The gap's differences are exploratory, their p is not "
        "adjusted. All other measures are in the file.",
        source="effects",
        columns=[
            Column("Condition"),
            Column("Difference", True, "condition minus baseline, on test"),
            Column("Interval", True, "the line is the baseline"),
            Column("Adjusted p", True),
            Column("Verdict"),
            Column("Effect size", True, "in standard deviations of the differences"),
            Column("Agree", True, "share of pairs on the mean's side"),
            Column("Detectable", True, "the smallest difference that so many pairs show"),
            Column("Pairs", True),
            Column("Gap difference", True, "in the loss gap at the last epoch"),
            Column("Gap"),
        ],
        groups=groups,
    )


def checklist_table(tables: StudyTables) -> PageTable | None:
    """What experienced tuners look at before they believe a study; None where nothing was checked.

    Args:
        tables: The study's tables.
    """
    checks = tables["checklist"]
    if checks.empty:
        return None
    groups = [
        Group(
            str(task),
            "",
            [
                TableRow(
                    [
                        Cell(str(row["check"])),
                        Cell(
                            str(row["status"]),
                            tone=_TONES.get(str(row["status"]), ""),
                            chip=True,
                        ),
                        Cell(str(row["finding"])),
                    ]
                )
                for row in own.to_dict("records")
            ],
        )
        for task, own in checks.groupby("task", sort=False)
    ]
    return PageTable(
        name="checks",
        title="What to look at before you believe it",
        note="The checks of the deep learning tuning playbook (Godbole, Dahl, Gilmer, Shallue and Nado, "
        "2023), computed.",
        source="checklist",
        columns=[Column("Check"), Column("Status"), Column("Finding")],
        groups=groups,
    )


def _naive_row(row: Mapping[Any, Any], metric: str, *, width: int) -> TableRow:
    """A forecast without a model: its test score, and nothing else."""
    empty = Cell("\u2013")
    cells = [empty] * width
    score = number({str(key): value for key, value in row.items()}, f"test_{metric}")
    cells[0] = Cell(f"{row['forecast']} (no model)")
    cells[width - 10] = Cell.of(Number.of(score, metric))
    return TableRow(cells)


def _estimate(by_measure: Mapping[str, Mapping[Any, Any]], measure: str) -> Estimate:
    row = by_measure.get(measure, {})
    return Estimate.read({str(key): value for key, value in row.items()}, "mean")


def _group_note(about: Mapping[str, Any]) -> str:
    metric = str(about["metric"])
    guess = number(about, f"guess_test_{metric}")
    note = f"test {metric_label(metric)}"
    if guess == guess:
        note += f"; guessing the {about['guess']} scores {Number.of(guess, metric).text}"
    return note
