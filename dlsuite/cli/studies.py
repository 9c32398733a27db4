"""The commands that run and check studies, and list what there is: `run`, `check` and `list`."""

import json
from pathlib import Path
from typing import Annotated, Literal

import typer

from dlsuite.cli.options import (
    Address,
    Executors,
    Gpus,
    Json,
    MaxTime,
    MaxTrials,
    Out,
    Overrides,
    Plugins,
    RetryFailed,
    Seeds,
    Workers,
    budget_of,
    executor_of,
    interruptible,
    plug_in,
    print_findings,
    read_study_at,
)
from dlsuite.errors import SpecError


def run(
    studies: Annotated[
        list[str],
        typer.Argument(
            metavar="STUDY...", help="Shipped studies' names, TOML files or results folders."
        ),
    ],
    overrides: Overrides = None,
    seeds: Seeds = None,
    plugins: Plugins = None,
    out: Out = Path("results"),
    report: Annotated[
        bool, typer.Option(help="Draw figures and write the page at the end.")
    ] = True,
    retry_failed: RetryFailed = False,
    executor: Executors = "local",
    workers: Workers = None,
    address: Address = None,
    gpus: Gpus = 0.0,
    max_time: MaxTime = None,
    max_trials: MaxTrials = None,
    as_json: Json = False,
) -> None:
    """Run studies, or go on where a run stopped."""
    budget = budget_of(max_time, max_trials)
    chosen = [read_study_at(name, overrides, seeds, out, plugins) for name in studies]
    from dlsuite import study as suite
    from dlsuite.terminal import ProgressBar

    failed = False
    with executor_of(executor, workers, address, gpus) as trainers:
        for study, folder in chosen:
            with interruptible(), ProgressBar(study.name) as bar:
                results = suite.run(
                    study,
                    out=folder,
                    executor=trainers,
                    watcher=bar,
                    report=report,
                    retry_failed=retry_failed,
                    budget=budget,
                )
            print_findings(results, budget, as_json=as_json)
            failed |= not budget.nothing_finished and results.n_failed > 0
    raise typer.Exit(int(failed))


def check(
    study_name: Annotated[str | None, typer.Argument(metavar="STUDY")] = None,
    overrides: Overrides = None,
    seeds: Seeds = None,
    plugins: Plugins = None,
    out: Out = Path("results"),
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON schema of study files, for editors.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Validate a study, and count what it would train. Nothing is trained."""
    if schema:
        from dlsuite.spec import study_schema

        typer.echo(json.dumps(study_schema(), indent=2))
        return
    if study_name is None:
        raise SpecError("check: expected a study's name, a TOML file or a results folder.")
    study, folder = read_study_at(study_name, overrides, seeds, out, plugins)
    from dlsuite.study import make_plan
    from dlsuite.study.describe import describe_plan, plan_lines

    description = describe_plan(make_plan(study), out=folder)
    if as_json:
        typer.echo(json.dumps(description, indent=2))
    else:
        from dlsuite.terminal import print_lines

        print_lines(plan_lines(description))


def list_(
    what: Annotated[
        Literal["models", "data", "studies", "factors", "metrics", "losses"], typer.Argument()
    ],
    pattern: Annotated[str, typer.Argument(help="A shell wildcard, as in 'g*'.")] = "*",
    kind: Annotated[
        str | None, typer.Option(help="Only for this kind of data: table, text, series or image.")
    ] = None,
    plugins: Plugins = None,
    as_json: Json = False,
) -> None:
    """List models, data sets, shipped studies, what can be a factor, metrics or losses."""
    from dlsuite.study.listings import listing

    plug_in(plugins)
    rows = listing(what, pattern=pattern, kind=kind)
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
        return
    from dlsuite.terminal import print_table

    if rows:
        print_table(list(rows[0]), [list(row.values()) for row in rows])
    else:
        typer.echo(f"No {what} match {pattern!r}.")
