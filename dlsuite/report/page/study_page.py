"""The page of a study: one file that says what was found, shows it and lets it be explored."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from dlsuite.analysis.factor_values import format_value
from dlsuite.analysis.measures import is_share
from dlsuite.report.page.cards import card
from dlsuite.report.page.curve_data import MOST_VALUES, TaskCurves, curve_data
from dlsuite.report.page.document import packed_plotly, render
from dlsuite.report.page.explorer import explorer_data, explorer_floats, trial_columns
from dlsuite.report.page.images import PageFigure
from dlsuite.report.page.payload import packed_floats, packed_json
from dlsuite.report.page.reproduction import csv_files, data_facts, run_facts, run_seconds
from dlsuite.report.page.sentences import group_findings
from dlsuite.report.page.tables import checklist_table, effect_table, score_table
from dlsuite.report.study_tables import StudyTables

_MOST_LISTED = 50
"""So many diverged trials are listed one by one; all are in the table of trials."""


@dataclass(frozen=True)
class Status:
    """How far a study is.

    Attributes:
        n: Trials that are done.
        planned: How many there will be; None if that is not known.
        diverged: Trials that diverged.
        failed: Trials that failed.
    """

    n: int
    planned: int | None
    diverged: int
    failed: int = 0

    @property
    def finished(self) -> bool:
        """Whether nothing more is to come."""
        return self.planned is None or self.n >= self.planned


def study_page(
    tables: StudyTables,
    *,
    figures: Sequence[PageFigure],
    findings: Sequence[str],
    environment: Mapping[str, Any] | None,
    specification: str | None,
    planned: int | None = None,
    rejected: Mapping[str, str] | None = None,
    most_values: int = MOST_VALUES,
) -> str:
    """Write `report.html`.

    The same tables, figures and versions give the same bytes. Whatever comes from data or a specification is
    escaped, and no program runs but the page's own.

    Args:
        tables: The study's tables.
        figures: What to show, in order; as `page_figure` makes them.
        findings: As `dlsuite.analysis.findings` gives them.
        environment: The content of `environment.json`, if there is one.
        specification: The text of `study.toml`, if there is one.
        planned: How many trials the study has when it is finished; None if that is not known.
        rejected: Why parts were set aside, by name.
        most_values: How many values of single trials' curves are embedded at most, see `curve_data`.

    Returns:
        HTML, which opens from a disk, without a server or the network.

    Raises:
        DlsuiteError: A column or a task is missing, or a figure is none.
    """
    trials = tables["trials"]
    curves = curve_data(tables, most_values=most_values)
    reading, groups = group_findings(findings, tables.tasks)
    static = [table for table in (score_table(tables), effect_table(tables)) if table is not None]
    diverged, failed = _diverged(tables), _failed(tables)
    return render(
        "study",
        name=tables.name,
        question=tables.question,
        status=Status(len(trials), planned, len(diverged), len(failed)),
        cards=[card(tables, task) for task in tables.tasks],
        seconds=run_seconds(environment),
        tuned=bool(tables.tuned),
        reading=reading,
        findings=groups,
        figures=figures,
        thinning=_thinning(curves),
        n_trials=len(trials),
        tables=static,
        checklist=checklist_table(tables),
        diverged=diverged[:_MOST_LISTED],
        n_diverged=len(diverged),
        failed=failed[:_MOST_LISTED],
        n_failed=len(failed),
        smaller=_smaller(tables),
        rejected=dict(rejected or {}),
        data=data_facts(tables),
        runs=run_facts(environment),
        specification=specification,
        files=csv_files(tables),
        explorer=packed_json(explorer_data(tables, curves)) if curves else None,
        curve_values=packed_floats(explorer_floats(curves)) if curves else None,
        trial_columns=packed_json({"shares": _shares(tables), "columns": trial_columns(tables)}),
        plotly=packed_plotly() if curves else None,
    )


def _shares(tables: StudyTables) -> dict[str, bool]:
    return {task: is_share(str(tables.task(task)["metric"])) for task in tables.tasks}


def _diverged(tables: StudyTables) -> list[dict[str, str]]:
    """Every diverged trial: task, condition, tuned values, seed, split and epoch, as texts."""
    trials = tables["trials"]
    if trials.empty:
        return []
    rows = trials.loc[trials["status"] == "diverged"].to_dict("records")
    return [_named(tables, row) | {"epoch": _epoch(row.get("diverged_epoch"))} for row in rows]


def _failed(tables: StudyTables) -> list[dict[str, str]]:
    """Every failed trial, as `_diverged` gives those, with what went wrong in place of the epoch."""
    problems = tables.frames.get("problems")
    if problems is None:
        return []
    rows = problems.loc[problems["status"] == "failed"].to_dict("records")
    return [_named(tables, row) | {"problem": str(row["problem"])} for row in rows]


def _smaller(tables: StudyTables) -> int:
    """How many trials were trained in smaller populations than others, for want of memory."""
    problems = tables.frames.get("problems")
    return 0 if problems is None else int((problems["status"] != "failed").sum())


def _named(tables: StudyTables, row: Mapping[Any, Any]) -> dict[str, str]:
    """What names a trial, as texts."""
    return {
        "task": str(row["task"]),
        "condition": str(row["condition"]),
        "tuned": ", ".join(f"{name}={format_value(row[name])}" for name in tables.tuned),
        "seed": str(row["seed"]),
        "split": str(row["split_seed"]),
    }


def _epoch(value: object) -> str:
    return "\u2013" if value is None or pd.isna(value) else f"{float(value):.0f}"  # type: ignore[call-overload, arg-type]


@dataclass(frozen=True)
class Thinning:
    """What of single trials' curves is left out of the page.

    Attributes:
        step: Every so many epochs are kept, and the last.
        kept: Trials whose curves are kept.
        of: Trials that have curves.
    """

    step: int
    kept: int
    of: int


def _thinning(curves: Sequence[TaskCurves]) -> Thinning | None:
    """None where nothing is left out."""
    steps = [int(own.kept[1] - own.kept[0]) for own in curves if len(own.kept) > 1]
    step = max(steps, default=1)
    kept, of = sum(len(own.trials) for own in curves), sum(own.n_trials for own in curves)
    return Thinning(step, kept, of) if step > 1 or kept < of else None
