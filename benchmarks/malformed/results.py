"""Malformed results: a study's folder with a damaged table, specification or record of its environment."""

import functools
import json
import random
import tomllib
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.malformed.kinds import InputKind, importing
from benchmarks.malformed.mutations import TEXT, damaged
from benchmarks.malformed.tables import cells_changed

_REFERENCE = Path(__file__).parent.parent.parent / "results" / "reference"
_STUDIES = ("dropout", "interaction", "learning_rate", "capacity")
_FILES = ("trials.csv", "curves.csv", "tasks.csv", "summary.csv", "effects.csv", "checklist.csv")
_METRICS = (
    "metric,label,task_type,greater_is_better,low,high,in_target_units,version\n"
    "lift,Lift,classification,True,0,1,False,abc\n"
)


@functools.cache
def _small(study: str) -> dict[str, bytes]:
    """The files of a shipped study, of three seeds and every fifth epoch."""
    import pandas as pd

    files = {}
    for path in sorted((_REFERENCE / study).glob("*.csv")):
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
        if "seed" in table:
            table = table[table["seed"].astype(int) < 3]
        if "epoch" in table:
            table = table[table["epoch"].astype(int) % 5 == 0]
        files[path.name] = table.to_csv(index=False, lineterminator="\n").encode()
    for name in ("study.toml", "environment.json"):
        files[name] = (_REFERENCE / study / name).read_bytes()
    return files


def _columns_changed(data: bytes, rng: Random) -> bytes:
    """Leave a column out, call it otherwise, or write the same into all of its cells."""
    rows = [line.split(b",") for line in data.splitlines()]
    place = rng.randrange(len(rows[0]))
    what = rng.choice((b"", b"x", b"1", b"-1", b"nan", b"inf", b"1e308", b"True", b"0"))
    deed = rng.randrange(4)
    for number, row in enumerate(rows):
        if place < len(row) and deed == 0:
            del row[place]
        elif place < len(row) and (number == 0) == (deed == 1):
            row[place] = what
    if deed == 3:
        rows = rows[:1]
    return b"\n".join(b",".join(row) for row in rows) + b"\n"


def _make_results(folder: Path, rng: Random) -> dict[str, Any]:
    study = rng.choice(_STUDIES)
    files = dict(_small(study))
    if rng.random() < 0.1:
        files["metrics.csv"] = _METRICS.encode()
    for _ in range(rng.choice((1, 1, 1, 2))):
        name = rng.choice(
            [name for name in _FILES if name in files] if rng.random() < 0.6 else sorted(files)
        )
        deed = rng.random()
        if deed < 0.05:
            del files[name]
            files.setdefault("trials.csv", b"")
        elif name.endswith(".csv") and deed < 0.4:
            files[name] = _columns_changed(files[name], rng)
        elif name.endswith(".csv") and deed < 0.75:
            files[name] = cells_changed(files[name], rng)
        else:
            files[name] = damaged(files[name], rng, TEXT)
    (folder / "study").mkdir()
    for name, data in files.items():
        (folder / "study" / name).write_bytes(data)
    return {"draw": rng.random(), "steps": rng.sample(range(6), 2)}


def feed_results(folder: Path, call: Any) -> None:
    """Open results, read each table, and do two of six things that are made of them."""
    from dlsuite import load_results
    from dlsuite.errors import DlsuiteError

    results = load_results(folder / "study")
    errors: list[DlsuiteError] = []

    def page() -> None:
        from dlsuite.report.page import short_answers, study_page
        from dlsuite.study.reports import environment_of, planned_trials

        short_answers(results.tables)
        study_page(
            results.tables,
            figures=[],
            findings=results.findings,
            environment=environment_of(results.folder),
            specification="",
            planned=planned_trials(results),
        )

    def figure() -> None:
        import matplotlib.pyplot as plt

        results.plot(random.Random(call["draw"]).choice(results.plots))
        plt.close("all")

    def shown() -> None:
        from dlsuite.study.answers import answer_rows, answer_texts

        rows = answer_rows(results)
        answer_texts(rows)
        json.dumps([results.findings, results.checklist.to_dict("records"), rows])

    def compared() -> None:
        from dlsuite.study.answers import (
            compared_rows,
            compared_texts,
            power_rows,
            power_sentence,
            power_texts,
        )

        compared_texts(compared_rows(results, results))
        power = power_rows(results, effect=0.01)
        power_texts(power)
        power_sentence(power, effect=0.01)

    def index() -> None:
        from dlsuite.study.reports import write_index

        write_index(folder)

    steps: list[Callable[[], object]] = [shown, compared, results._repr_html_, page, figure, index]
    tables = [
        functools.partial(results.table, path.stem)
        for path in sorted((folder / "study").glob("*.csv"))
        if path.name != "metrics.csv"
    ]
    for step in [*tables, *(steps[place] for place in call["steps"])]:
        try:
            step()
        except DlsuiteError as error:
            errors.append(error)
    if errors:
        raise errors[0]


def _prepare() -> None:
    import matplotlib

    matplotlib.use("agg")
    importing(
        *(
            "scipy.stats",
            "statsmodels.stats.multitest",
            "statsmodels.api",
            "statsmodels.formula.api",
        ),
        *(
            "matplotlib.pyplot",
            "dlsuite.study.results",
            "dlsuite.study.answers",
            "dlsuite.report.page",
        ),
        *("dlsuite.study.reports", "jinja2"),
    )()
    for study in _STUDIES:
        _small(study)
        tomllib.loads(_small(study)["study.toml"].decode())


RESULTS = InputKind("results", _make_results, feed_results, _prepare)
