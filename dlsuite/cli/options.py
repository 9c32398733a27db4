"""What the commands take alike, and how they find a study."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from dlsuite.errors import SpecError

if TYPE_CHECKING:
    from dlsuite.spec import Study
    from dlsuite.study import Budget, Executor, Results

StudyName = Annotated[
    str,
    typer.Argument(
        metavar="STUDY", help="A shipped study's name, a TOML file or a results folder."
    ),
]
Overrides = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="KEY=VALUE", help="Replace a setting, as in factors.dropout=[0,0.5]."
    ),
]
Model = Annotated[
    str, typer.Argument(metavar="MODEL", help="A registered model's name or a .keras file.")
]
Data = Annotated[
    str,
    typer.Argument(
        metavar="DATA", help="A registered data set's name, or a file or folder of data."
    ),
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="KEY=VALUE", help="A hyperparameter's value, as in optimizer=sgd."
    ),
]
Plugins = Annotated[
    list[Path] | None,
    typer.Option(
        "--plugin", metavar="FILE.py", help="A Python file that registers models, data or metrics."
    ),
]
Target = Annotated[
    str | None, typer.Option(metavar="COLUMN", help="The column to predict, where DATA is a file.")
]
Seeds = Annotated[
    int | None, typer.Option(min=1, help="How many seeds, in place of the study's own.")
]
Out = Annotated[Path, typer.Option(help="The folder in which studies write.")]
RetryFailed = Annotated[
    bool, typer.Option("--retry-failed", help="Train trials again that failed.")
]
Executors = Annotated[
    Literal["local", "ray"], typer.Option("--executor", help="Train on this machine, or by Ray.")
]
Workers = Annotated[
    int | None,
    typer.Option(
        min=0,
        metavar="N",
        help="Train so many populations at once: on this machine in worker processes, each with its share of "
        "the cores; 0 for none.",
        show_default="what is quickest by estimate; with Ray as many as there is room for",
    ),
]
Address = Annotated[
    str | None,
    typer.Option(
        help="The Ray cluster's, or 'auto' on one of its machines.", show_default="this machine"
    ),
]
MaxTime = Annotated[
    str | None,
    typer.Option(
        metavar="TIME", help="End training after so long, as in 90s, 15m or 2h; go on later."
    ),
]
MaxTrials = Annotated[
    int | None, typer.Option(min=1, metavar="N", help="Train so many trials at most; go on later.")
]
Gpus = Annotated[
    float, typer.Option(min=0, help="What a population takes of a GPU, with --executor ray.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def read_study_at(
    name: str,
    overrides: list[str] | None,
    seeds: int | None,
    out: Path,
    plugins: list[Path] | None = None,
) -> tuple["Study", Path]:
    """Read a study, see that it can be planned, and say in which folder its own stands."""
    from dlsuite.spec import read_study
    from dlsuite.study import find_study, make_plan

    path = find_study(name)
    settings = [*(overrides or []), *([f"seeds={seeds}"] if seeds else [])]
    study = read_study(path, overrides=settings)
    more = [str(plugin.absolute()) for plugin in plugins or []]
    study = study.model_copy(update={"plugins": (*study.plugins, *more)})
    try:
        make_plan(study)
    except SpecError as error:
        raise SpecError(f"{path}: {error}") from error
    return study, path.parent.parent if path.name == "study.toml" and Path(name).is_dir() else out


def settings_of(settings: list[str] | None, target: str | None) -> dict[str, Any]:
    """Settings by name, of `--set` and `--target`."""
    from dlsuite.spec import read_overrides

    return {**read_overrides(settings or []), **({"target": target} if target is not None else {})}


def plug_in(plugins: list[Path] | None) -> None:
    """Run plugins, so that what they register can be used by name."""
    if plugins:
        from dlsuite.study import load_plugins

        load_plugins(plugins)


def open_results(name: str, out: Path) -> "Results":
    """Open a study's results, by its name or its folder."""
    from dlsuite.study import load_results

    own, named = Path(name), out / name
    # A folder of data may be called like the study of it.
    is_study = (own / "trials.csv").is_file() or not named.is_dir()
    return load_results(own if own.is_dir() and is_study else named)


@contextmanager
def executor_of(
    kind: str, workers: int | None, address: str | None, gpus: float = 0.0
) -> "Iterator[Executor]":
    """The executor that is asked for; its workers go at the end."""
    from dlsuite.study import (
        AutoExecutor,
        CrewExecutor,
        InProcessExecutor,
        RayTasks,
        WorkerProcesses,
    )

    if kind == "local" and address is not None:
        raise SpecError("--address: it is a Ray cluster's; add --executor ray.")
    if kind == "local" and gpus:
        raise SpecError(
            "--gpus: workers of this machine share its GPUs anyway; add --executor ray."
        )
    if kind == "local" and workers is None:
        with AutoExecutor() as chooser:
            yield chooser
        return
    if kind == "local" and not workers:
        yield InProcessExecutor()
        return
    ray = kind == "ray"
    crew = RayTasks(address, most=workers, gpus=gpus) if ray else WorkerProcesses(workers or 1)
    with CrewExecutor(crew) as executor:
        yield executor


def budget_of(max_time: str | None, max_trials: int | None) -> "Budget":
    """How much may be trained."""
    from dlsuite.study import Budget
    from dlsuite.study.budget import read_duration

    try:
        seconds = None if max_time is None else read_duration(max_time)
    except SpecError as error:
        raise SpecError(f"--max-time: {error}") from error
    return Budget(seconds=seconds, trials=max_trials)


@contextmanager
def interruptible() -> Iterator[None]:
    """Say how to go on where a run is interrupted, and exit with 130."""
    try:
        yield
    except KeyboardInterrupt as error:
        from dlsuite.study.interrupts import HaltedRunError, InterruptedRunError
        from dlsuite.terminal import err

        kept = "What is finished is kept"
        if isinstance(error, InterruptedRunError):
            kept += ", and how far the rest has come"
        err.print(f"Interrupted. {kept}: go on with the same command.")
        if isinstance(error, HaltedRunError):  # Python would wait for the threads.
            sys.stderr.flush()
            os._exit(130)
        raise typer.Exit(130) from None


def print_findings(results: "Results", budget: "Budget", *, as_json: bool) -> None:
    """Print what a run has found, and where it is; nothing where the budget left it no trial.

    Args:
        results: The run's.
        budget: What the run has used; a line of its own has said how it ended.
        as_json: Whether to print JSON.
    """
    if budget.nothing_finished:
        if as_json:
            typer.echo(json.dumps({"folder": str(results.folder), "missing": budget.missing}))
        return
    if as_json:
        answer = {
            "folder": str(results.folder),
            "findings": results.findings,
            "failed": results.n_failed,
            "missing": budget.missing,
        }
        typer.echo(json.dumps(answer))
        return
    from dlsuite.study.problems import problem_lines
    from dlsuite.terminal import print_lines

    if results.study.question:
        print_lines([f"{results.study.name}: {results.study.question}"])
    print_lines(["", *results.findings, ""])
    if lines := problem_lines(results):
        print_lines([*lines, ""])
    print_lines([places(results), ""])


def places(results: "Results") -> str:
    """Say where a study's results are."""
    tables = f"Tables are in {results.folder}"
    models = results.folder / "models"
    trained = f" The trained models are in {models}." if models.is_dir() else ""
    if not results.page.is_file():
        return f"{tables}; 'dlsuite report {results.folder}' draws them.{trained}"
    return f"{tables}, figures beside them; all of it is on {results.page}.{trained}"
