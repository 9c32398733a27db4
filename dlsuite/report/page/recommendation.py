"""What to use in a task: the condition that is best on validation, if the test split clearly agrees.

The candidate is chosen on the validation split; the test split only says whether it is better than the
baseline, so that what is said of the gain is not flattered by the choice. Where it is not clearly better, the
baseline stays.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from dlsuite.analysis.frames import number, require_columns
from dlsuite.analysis.measures import higher_is_better
from dlsuite.analysis.task_trials import is_baseline
from dlsuite.report.study_tables import StudyTables

Row = Mapping[str, Any]

NO_TRIAL = "no trial completed"
ONE_CONDITION = "one condition"
NO_BASELINE = "no baseline"
BASELINE_DIVERGED = "baseline diverged"
BASELINE_BEST = "baseline is best"
"""What is said in place of a verdict of the effects where there is no comparison to judge."""


@dataclass(frozen=True)
class Condition:
    """A condition of a task, with what the summary says of it.

    Attributes:
        name: As the tables write it.
        rows: The rows of the summary, by measure.
        effect: Its primary row of the effects; empty for the baseline.
    """

    name: str
    rows: Mapping[str, Row] = field(repr=False)
    effect: Row = field(default_factory=dict, repr=False)

    def row(self, measure: str) -> Row:
        """The summary of a measure; empty if it has none."""
        return self.rows.get(measure, {})

    def value(self, column: str) -> object:
        """A factor's or a tuned hyperparameter's value; None where the tables have no such column."""
        return next(iter(self.rows.values())).get(column)


@dataclass(frozen=True)
class Recommendation:
    """What to use in a task.

    Attributes:
        about: The task's row.
        candidate: The condition with the best mean on validation; None where no trial completed.
        baseline: The baseline; None where it has no trial.
        verdict: What the effects say of the candidate on test, or one of this module's names.
        others: Further conditions that are clearly better than the baseline on test.
    """

    about: Row = field(repr=False)
    candidate: Condition | None
    baseline: Condition | None
    verdict: str
    others: tuple[str, ...] = ()

    @property
    def task(self) -> str:
        """The task's label."""
        return str(self.about["task"])

    @property
    def metric(self) -> str:
        """The metric that decides."""
        return str(self.about["metric"])

    @property
    def chosen(self) -> Condition | None:
        """What to use: the candidate if it is clearly better or stands alone, else the baseline."""
        stands = (NO_BASELINE, BASELINE_DIVERGED, ONE_CONDITION, "better")
        return self.candidate if self.verdict in stands else self.baseline


def recommend(tables: StudyTables, task: str) -> Recommendation:
    """Choose what to use in a task.

    Of the conditions with a completed trial, those with the smallest share of diverged trials compete by
    the mean of `val_<metric>_best`, as tuned values do.

    Args:
        tables: The study's tables.
        task: One of its tasks.

    Raises:
        DlsuiteError: A column or the task is missing.
    """
    about = tables.task(task)
    metric = str(about["metric"])
    summary, effects = tables.of_task("summary", task), tables.of_task("effects", task)
    conditions = _conditions(summary, effects)
    score = f"val_{metric}_best"
    completed = [c for c in conditions if number(c.row(score), "n") > 0]
    if not completed:
        return Recommendation(about, None, _baseline(summary, conditions, tables), NO_TRIAL)
    sign = -1 if higher_is_better(metric) else 1
    candidate = min(
        completed,
        key=lambda c: (
            number(c.row(score), "divergence_rate"),
            sign * number(c.row(score), "mean"),
        ),
    )
    baseline = _baseline(summary, conditions, tables)
    better = [c.name for c in conditions if c.effect.get("verdict") == "better"]
    return Recommendation(
        about,
        candidate,
        baseline,
        _verdict(candidate, baseline, conditions),
        tuple(name for name in better if name != candidate.name),
    )


def _verdict(candidate: Condition, baseline: Condition | None, conditions: list[Condition]) -> str:
    if len(conditions) == 1:
        return ONE_CONDITION
    if baseline is None:
        return NO_BASELINE
    if candidate.name == baseline.name:
        return BASELINE_BEST
    return str(candidate.effect.get("verdict", NO_BASELINE))


def _conditions(summary: pd.DataFrame, effects: pd.DataFrame) -> list[Condition]:
    if summary.empty:
        return []
    require_columns(summary, ["condition", "measure", "n", "mean"], name="summary")
    primary: dict[str, Row] = {}
    if len(effects):
        require_columns(effects, ["condition", "role", "verdict"], name="effects")
        rows = effects.loc[effects["role"] == "primary"].to_dict("records")
        primary = {str(row["condition"]): {str(k): v for k, v in row.items()} for row in rows}
    by_condition: dict[str, dict[str, Row]] = {}
    for row in summary.to_dict("records"):
        named = {str(key): value for key, value in row.items()}
        by_condition.setdefault(str(row["condition"]), {})[str(row["measure"])] = named
    return [Condition(name, rows, primary.get(name, {})) for name, rows in by_condition.items()]


def _baseline(
    summary: pd.DataFrame, conditions: list[Condition], tables: StudyTables
) -> Condition | None:
    known = {name: value for name, value in tables.baseline.items() if name in summary}
    if not known or summary.empty:
        return None
    names = summary.loc[is_baseline(summary, known), "condition"]
    return next((c for c in conditions if len(names) and c.name == names.iloc[0]), None)
