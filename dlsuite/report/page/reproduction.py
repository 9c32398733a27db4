"""How to get the same results again: the data, the runs and the files."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from dlsuite.analysis import TABLES
from dlsuite.analysis.frames import number
from dlsuite.report.study_tables import StudyTables

_SAID_OF_FILES = {
    "tasks": "a task: its model, its data, what guessing scores",
    "trials": "a trial: its condition, seed, status and scores",
    "curves": "a trial and epoch",
    "layers": "a trial, epoch and layer",
    "summary": "a task, condition and measure: mean, interval, spread",
    "effects": "a condition and measure: the difference from the baseline",
    "interactions": "values of two factors: what both together do beyond the sum of each",
    "marginal_effects": "a value of a factor: what it does on average over the others",
    "comparisons": "two tasks on the same data, and a condition",
    "learning_rates": "a learning rate: too slow, good, overshooting or diverging",
    "learning_rate_widths": "a setting: how many decades of rates are usable",
    "early_stopping": "a condition and patience: what stopping early saves and costs",
    "variance": "a task and source of variance",
    "wrong_winner": "a condition and number of seeds: how often so few err",
    "checklist": "a task and check",
    "problems": "a trial that failed, or was trained in a smaller population, and why",
    "naive_forecasts": "a task and a forecast without a model, and what it scores",
}


@dataclass(frozen=True)
class DataFacts:
    """What is to be known of a task's data.

    Attributes:
        task: The task's label.
        facts: Pairs of what and how much.
    """

    task: str
    facts: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class CsvFile:
    """A table's file beside the page, and what a row of it is."""

    name: str
    row: str


def data_facts(tables: StudyTables) -> list[DataFacts]:
    """List sizes, source, license and fingerprint of every task's data.

    Args:
        tables: The study's tables.
    """
    return [
        DataFacts(str(row["task"]), list(_facts({str(k): v for k, v in row.items()})))
        for row in tables["tasks"].to_dict("records")
    ]


def csv_files(tables: StudyTables) -> list[CsvFile]:
    """List the study's tables that have rows.

    Args:
        tables: The study's tables.
    """
    names = ("tasks", "trials", "curves", "layers", *TABLES, "naive_forecasts", "problems")
    return [
        CsvFile(f"{name}.csv", _SAID_OF_FILES.get(name, ""))
        for name in names
        if tables.has_rows(name)
    ]


def run_facts(environment: Mapping[str, Any] | None) -> list[list[tuple[str, str]]]:
    """List what is known of the runs that trained something: pairs of what and its value.

    Args:
        environment: The content of `environment.json`; None or anything unexpected gives no run.
    """
    return [list(_run(run)) for run in _runs(environment)]


def run_seconds(environment: Mapping[str, Any] | None) -> list[str]:
    """How many seconds each of these runs took, as `environment.json` has it.

    Args:
        environment: As for `run_facts`.
    """
    return [str(run["seconds"]) for run in _runs(environment) if run.get("seconds") is not None]


def _runs(environment: Mapping[str, Any] | None) -> list[Mapping[str, Any]]:
    listed = environment.get("runs") if isinstance(environment, Mapping) else None
    known = [run for run in listed if isinstance(run, Mapping)] if isinstance(listed, list) else []
    # A run that found everything done only wrote the tables again.
    return [run for run in known if run.get("trained") != 0]


def _facts(row: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    sizes = [
        f"{number(row, f'n_{split}'):.0f} {said}"
        for split, said in (("train", "train"), ("validation", "validation"), ("test", "test"))
        if pd.notna(row.get(f"n_{split}"))
    ]
    if sizes:
        yield "examples", ", ".join(sizes)
    for column in ("source", "license", "fingerprint", "notes"):
        value = row.get(column)
        if value is not None and pd.notna(value) and str(value):
            yield column, str(value)


def _run(run: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, title in (
        ("command", "command"),
        ("started", "started"),
        ("seconds", "seconds"),
        ("trained", "trials trained"),
        ("commit", "commit"),
        ("python", "Python"),
    ):
        if run.get(name) is not None:
            yield title, str(run[name])
    packages = run.get("packages")
    if isinstance(packages, Mapping):
        known = [f"{name} {version}" for name, version in packages.items() if version]
        yield "packages", ", ".join(known)
    for name in ("system", "processor", "cores"):
        if run.get(name) is not None:
            yield name, str(run[name])
