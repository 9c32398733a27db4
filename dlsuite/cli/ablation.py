"""The commands that begin from a model and data of one's own: `ablate` and `new`."""

from pathlib import Path
from typing import Annotated

import typer

from dlsuite.cli.options import (
    Address,
    Data,
    Executors,
    Gpus,
    Json,
    MaxTime,
    MaxTrials,
    Model,
    Out,
    Plugins,
    RetryFailed,
    Settings,
    Target,
    Workers,
    budget_of,
    executor_of,
    interruptible,
    print_findings,
    settings_of,
)


def ablate(
    model: Model,
    data: Data,
    vary: Annotated[
        list[str],
        typer.Option(metavar="KEY=VALUE,VALUE", help="What to compare, as in dropout=0,0.2,0.5."),
    ],
    tune: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=VALUE,VALUE", help="Chosen anew for each condition, on validation."
        ),
    ] = None,
    settings: Settings = None,
    target: Target = None,
    seeds: Annotated[int, typer.Option(min=1, help="How many seeds.")] = 10,
    epochs: Annotated[int, typer.Option(min=1, help="Epochs to train.")] = 40,
    metric: Annotated[str | None, typer.Option(help="The score that decides.")] = None,
    name: Annotated[
        str | None, typer.Option(help="The folder of the results.", show_default="MODEL-DATA")
    ] = None,
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
    """Vary hyperparameters of a model on data: a study without a file. It writes one, study.toml.

    dlsuite ablate mlp people.csv --target income --vary dropout=0,0.2,0.5 --vary batch_norm=true,false
    """
    from dlsuite import study as suite
    from dlsuite.spec import read_lists
    from dlsuite.terminal import ProgressBar

    budget = budget_of(max_time, max_trials)
    with (
        interruptible(),
        executor_of(executor, workers, address, gpus) as trainers,
        ProgressBar(name or "ablate") as bar,
    ):
        results = suite.ablate(
            model,
            data,
            vary=read_lists(vary),
            tune=read_lists(tune or []),
            fixed=settings_of(settings, None),
            target=target,
            seeds=seeds,
            epochs=epochs,
            metric=metric,
            name=name,
            plugins=plugins or (),
            out=out,
            executor=trainers,
            watcher=bar,
            report=report,
            retry_failed=retry_failed,
            budget=budget,
        )
    print_findings(results, budget, as_json=as_json)
    raise typer.Exit(int(not budget.nothing_finished and results.n_failed > 0))


def new(
    file: Annotated[Path, typer.Argument(metavar="FILE.toml", help="The study to write.")],
    data: Annotated[
        Path,
        typer.Option(
            help="A table (CSV, TSV, Parquet, Feather), or a folder of images, texts or series.",
            show_default=False,
        ),
    ],
    target: Target = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="A setting of the data, as in window=24."),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            help="A registered model's name or a .keras file.",
            show_default="one for the kind of data",
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace the file if it is there.")
    ] = False,
) -> None:
    """Write a commented study of your data to begin from, with what was found in it.

    dlsuite new people.toml --data people.csv --target income
    """
    from dlsuite.study.draft import write_draft
    from dlsuite.terminal import print_lines

    given = settings_of(settings, target)
    print_lines(write_draft(file, data, settings=given, model=model, replace=force))
