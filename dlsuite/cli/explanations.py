"""The command that shows what happens inside a network while it trains: `explain`."""

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


def explain(
    topic: Annotated[
        str,
        typer.Argument(
            metavar="WHAT", help="What to explain: forward, backward, descent, minima or dropout."
        ),
    ],
    model: Model,
    data: Data,
    settings: Settings = None,
    target: Target = None,
    plugins: Plugins = None,
    epochs: Annotated[int, typer.Option(help="Epochs to train.")] = 20,
    seed: Annotated[int, typer.Option(help="The seed, or the first of several.")] = 0,
    out: Annotated[
        Path | None,
        typer.Option(
            help="The folder to write to.", show_default="results/explain/MODEL-DATA/WHAT"
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Train a model for real, and draw what happens inside.

    forward: what each layer hands on. backward: how much each layer and node contributes to the error.
    descent: the loss surface, and the way down for three learning rates. minima: whether several seeds
    reach the same one. dropout: which units are off, and what they learn with and without it.
    """
    plug_in(plugins)
    from dlsuite.explanations import explain as explain_topic
    from dlsuite.terminal import ProgressBar, print_lines

    with ProgressBar(f"explain {topic}") as bar:
        explanation = explain_topic(
            topic,
            model,
            data,
            settings=settings_of(settings, target),
            epochs=epochs,
            seed=seed,
            watcher=bar,
        )
        folder = out or Path("results") / "explain" / explanation.subject.replace("/", "-") / topic
        files = explanation.write(folder)
    if as_json:
        answer = {"subject": explanation.subject, "sentences": list(explanation.sentences)}
        typer.echo(json.dumps({**answer, "files": [str(path) for path in files]}, indent=2))
        return
    print_lines([f"{explanation.subject}, {topic}:", ""])
    print_lines(f"- {sentence}" for sentence in explanation.sentences)
    names = ", ".join(path.name for path in files if path.suffix == ".png")
    print_lines(["", f"Pictures ({names}) and the numbers behind them (CSV) are in {folder}."])
