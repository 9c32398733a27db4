"""The command line: parse, call, print."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NoReturn

import typer

from dlsuite.errors import DlsuiteError, SpecError

if TYPE_CHECKING:
    from dlsuite.spec import Study

app = typer.Typer(
    help="Ablation studies of Keras models: what learning rate, how much dropout, batch normalization?",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
)

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
Seeds = Annotated[
    int | None, typer.Option(min=1, help="How many seeds, in place of the study's own.")
]
Out = Annotated[Path, typer.Option(help="The folder in which studies write.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command()
def run(
    studies: Annotated[
        list[str],
        typer.Argument(
            metavar="STUDY...", help="Shipped studies' names, TOML files or results folders."
        ),
    ],
    overrides: Overrides = None,
    seeds: Seeds = None,
    out: Out = Path("results"),
    as_json: Json = False,
) -> None:
    """Run studies, or go on where a run stopped."""
    chosen = [_read(name, overrides, seeds, out) for name in studies]
    from dlsuite import study as suite
    from dlsuite.terminal import ProgressBar, err, print_lines

    executor = suite.InProcessExecutor()
    for study, folder in chosen:
        try:
            with ProgressBar(study.name) as bar:
                results = suite.run(study, out=folder, executor=executor, watcher=bar)
        except KeyboardInterrupt:
            err.print("\nInterrupted; finished populations are kept. Go on with the same command.")
            raise typer.Exit(130) from None
        if as_json:
            typer.echo(json.dumps({"folder": str(results.folder), "findings": results.findings}))
            continue
        if study.question:
            print_lines([f"{study.name}: {study.question}"])
        print_lines(["", *results.findings, ""])
        print_lines(
            [f"Tables are in {results.folder}, figures in {results.folder / 'figures'}.", ""]
        )


@app.command()
def check(
    study_name: Annotated[str | None, typer.Argument(metavar="STUDY")] = None,
    overrides: Overrides = None,
    seeds: Seeds = None,
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
    study, _ = _read(study_name, overrides, seeds, Path("results"))
    from dlsuite.study import make_plan
    from dlsuite.study.describe import describe_plan, plan_lines

    description = describe_plan(make_plan(study))
    if as_json:
        typer.echo(json.dumps(description, indent=2))
    else:
        from dlsuite.terminal import print_lines

        print_lines(plan_lines(description))


@app.command("list")
def list_(
    what: Annotated[Literal["models", "data", "studies", "factors"], typer.Argument()],
    pattern: Annotated[str, typer.Argument(help="A shell wildcard, as in 'g*'.")] = "*",
    kind: Annotated[
        str | None, typer.Option(help="Only for this kind of data: table, text, series or image.")
    ] = None,
    as_json: Json = False,
) -> None:
    """List models, data sets, shipped studies, or the hyperparameters that can be factors."""
    from dlsuite.study.describe import listing

    rows = listing(what, pattern=pattern, kind=kind)
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
        return
    from dlsuite.terminal import print_table

    if rows:
        print_table(list(rows[0]), [list(row.values()) for row in rows])
    else:
        typer.echo(f"No {what} match {pattern!r}.")


@app.command()
def show(
    study_name: StudyName,
    out: Out = Path("results"),
    as_json: Json = False,
) -> None:
    """Show what a study found: the answers, then the tables."""
    from dlsuite.study import load_results
    from dlsuite.study.describe import summary_rows

    folder = Path(study_name)
    results = load_results(folder if folder.is_dir() else out / study_name)
    rows = summary_rows(results)
    if as_json:
        typer.echo(
            json.dumps({"findings": results.findings, "summary": rows}, indent=2, default=str)
        )
        return
    from dlsuite.terminal import print_lines, print_table

    if results.study.question:
        print_lines([results.study.question, ""])
    print_lines([*results.findings, ""])
    if rows:
        print_table(list(rows[0]), [list(row.values()) for row in rows])
    print_lines(["", f"Tables are in {results.folder}, figures in {results.folder / 'figures'}."])


@app.command()
def verify(
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="A registered model's name or a .keras file.")
    ],
    data: Annotated[str, typer.Argument(metavar="DATA", help="A registered data set's name.")],
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KEY=VALUE", help="A setting of all members, as in optimizer=sgd."
        ),
    ] = None,
    members: Annotated[int, typer.Option(min=1, help="Members of the population.")] = 4,
    steps: Annotated[int, typer.Option(min=1, help="Steps to train.")] = 200,
    tolerance: Annotated[
        float, typer.Option(help="Largest difference of a loss allowed in float64.")
    ] = 1e-9,
    as_json: Json = False,
) -> None:
    """Compare members of a population with the plain Keras model trained alone.

    Both see the same batches and drop the same units. Exit code 1 if a loss differs by more than the
    tolerance in float64.
    """
    from dlsuite.spec import read_overrides
    from dlsuite.study import verify as compare
    from dlsuite.study.describe import certificate_rows, certificate_verdict

    certificate = compare(
        model,
        data,
        settings=read_overrides(settings or []),
        members=members,
        steps=steps,
        tolerance=tolerance,
    )
    rows = certificate_rows(certificate)
    if as_json:
        typer.echo(json.dumps({"holds": certificate.holds, "members": rows}, indent=2))
    else:
        from dlsuite.terminal import print_lines, print_table

        print_table(list(rows[0]), [list(row.values()) for row in rows])
        print_lines(["", certificate_verdict(certificate)])
    raise typer.Exit(0 if certificate.holds else 1)


def main() -> NoReturn:
    """Run the command line; what a user can mend becomes one line and exit code 2."""
    try:
        code: Any = app(standalone_mode=False)
    except DlsuiteError as error:
        _fail(str(error))
    except typer.Exit as error:
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        sys.exit(130)
    except Exception as error:
        if type(error).__module__.startswith("click") or hasattr(error, "format_message"):
            _fail(error.format_message() if hasattr(error, "format_message") else str(error))
        raise
    sys.exit(code if isinstance(code, int) else 0)


def _fail(message: str) -> NoReturn:
    typer.echo(f"dlsuite: {' '.join(message.split())}", err=True)
    sys.exit(2)


def _read(
    name: str, overrides: list[str] | None, seeds: int | None, out: Path
) -> tuple["Study", Path]:
    """Read a study, see that it can be planned, and say in which folder its own stands."""
    from dlsuite.spec import read_study
    from dlsuite.study import find_study, make_plan

    path = find_study(name)
    settings = [*(overrides or []), *([f"seeds={seeds}"] if seeds else [])]
    study = read_study(path, overrides=settings)
    try:
        make_plan(study)
    except SpecError as error:
        raise SpecError(f"{path}: {error}") from error
    return study, path.parent.parent if path.name == "study.toml" and Path(name).is_dir() else out
