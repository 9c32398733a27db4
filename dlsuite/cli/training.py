"""The commands about one trained model: `train` and `predict`."""

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
from dlsuite.errors import SpecError

_ROWS_SHOWN = 10


def train(
    model: Model,
    data: Data,
    settings: Settings = None,
    target: Target = None,
    plugins: Plugins = None,
    epochs: Annotated[int, typer.Option(help="Epochs to train.")] = 20,
    seed: Annotated[int, typer.Option(help="The seed.")] = 0,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.keras", help="Save the trained model; its curves are written beside it."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Train one model on one data set, and show its curve and its scores.

    The saved model takes raw inputs and gives probabilities or values; `dlsuite predict` uses it, and
    `keras.models.load_model` reads it anywhere. Exit code 1 if the training diverges.
    """
    if out is not None and out.suffix != ".keras":
        raise SpecError(f"--out {out}: expected a file name that ends in .keras.")
    from dlsuite.study import train as train_one
    from dlsuite.terminal import ProgressBar, print_lines, print_rows

    plug_in(plugins)
    given = settings_of(settings, target)
    with ProgressBar("train") as bar:
        history = train_one(
            model,
            data,
            epochs=epochs,
            seed=seed,
            watcher=bar,
            to_be_saved=out is not None,
            **given,
        )
    files = []
    if out is not None and history.status == "completed":
        history.save(out)
        files = [out, *history.write(out.parent, out.stem)]
    if as_json:
        answer = {**history.answer(), "files": [str(path) for path in files]}
        typer.echo(json.dumps(answer, indent=2))
    else:
        print_rows(history.epoch_rows())
        print_lines([""])
        print_rows(history.score_rows())
        print_lines(["", history.sentence(), *history.notes])
        print_lines([f"Written: {', '.join(map(str, files))}."] if files else [])
    raise typer.Exit(0 if history.status == "completed" else 1)


def predict(
    model: Annotated[
        Path, typer.Argument(metavar="MODEL.keras", help="A saved model, as of 'dlsuite train'.")
    ],
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="A table of raw columns; of texts also a .txt file; an image or a folder of images.",
        ),
    ],
    out: Annotated[
        Path | None, typer.Option(metavar="FILE.csv", help="Write the predictions.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Predict every row of a file, or every image of a folder, and score them where the target is told."""
    from dlsuite.study import predict_file

    found = predict_file(model, file)
    if out is not None:
        found.write(out)
    if as_json:
        rows = found.table.to_dict("records")
        answer = {"predictions": rows, "scores": dict(found.scores), "notes": list(found.notes)}
        typer.echo(json.dumps(answer, indent=2))
        return
    from dlsuite.terminal import print_lines, print_rows

    print_rows(
        [
            {
                str(name): f"{value:.4g}" if isinstance(value, float) else str(value)
                for name, value in row.items()
            }
            for row in found.table.head(_ROWS_SHOWN).to_dict("records")
        ]
    )
    total = len(found.table)
    if total > _ROWS_SHOWN:
        print_lines([f"... {total} rows in all."])
    scores = ", ".join(f"{name} {value:.4g}" for name, value in found.scores.items())
    print_lines([f"Scores: {scores}."] if scores else [])
    print_lines(found.notes)
    if out is not None:
        print_lines([f"All {total} rows are in {out}."])
    elif total > _ROWS_SHOWN:
        print_lines(["Write them all with --out predictions.csv."])
