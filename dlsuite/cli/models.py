"""The commands about one model and one data set: `verify` and `lr-range`."""

import json
from pathlib import Path
from typing import Annotated

import typer

from dlsuite.cli.options import (
    Data,
    Json,
    Model,
    Plugins,
    Settings,
    Target,
    plug_in,
    settings_of,
)


def verify(
    model: Model,
    data: Data,
    settings: Settings = None,
    target: Target = None,
    plugins: Plugins = None,
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
    plug_in(plugins)
    from dlsuite.study import verify as compare
    from dlsuite.study.describe import certificate_rows, certificate_verdict

    certificate = compare(
        model,
        data,
        settings=settings_of(settings, target),
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


def lr_range(
    model: Model,
    data: Data,
    settings: Settings = None,
    target: Target = None,
    plugins: Plugins = None,
    lowest: Annotated[float, typer.Option("--from", help="The lowest rate.")] = 1e-5,
    highest: Annotated[float, typer.Option("--to", help="The highest rate.")] = 10.0,
    steps: Annotated[int, typer.Option(help="How many rates.")] = 19,
    epochs: Annotated[
        int | None, typer.Option(help="Epochs to train.", show_default="128 steps' worth")
    ] = None,
    seeds: Annotated[int, typer.Option(help="How many seeds.")] = 3,
    out: Annotated[Path | None, typer.Option(metavar="FILE.csv", help="Write the table.")] = None,
    as_json: Json = False,
) -> None:
    """Try many learning rates for a moment, side by side, and suggest one."""
    plug_in(plugins)
    from dlsuite.study import lr_range as try_rates
    from dlsuite.terminal import ProgressBar, print_lines, print_rows

    with ProgressBar("lr-range") as bar:
        found = try_rates(
            model,
            data,
            settings=settings_of(settings, target),
            lowest=lowest,
            highest=highest,
            steps=steps,
            epochs=epochs,
            seeds=seeds,
            watcher=bar,
        )
    if out is not None:
        found.write(out)
    if as_json:
        typer.echo(json.dumps(found.answer(), indent=2))
        return
    print_rows(found.rows())
    print_lines(["", found.sentence()])
