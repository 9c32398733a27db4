"""The forward pass: what each layer hands on while a network learns, with and without batch normalization."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from dlsuite.data import Split
from dlsuite.errors import SpecError
from dlsuite.explanations.forward_tables import histogram_table, layer_table, quantile_table
from dlsuite.explanations.forward_words import forward_sentences
from dlsuite.explanations.subject import Subject

if TYPE_CHECKING:
    from dlsuite.training.activations import LayerActivity
    from dlsuite.training.result import TrialResult

_EXAMPLES = 512
"""Training examples that are sent forward, at the most."""


def forward(subject: Subject) -> tuple[dict[str, pd.DataFrame], list[str]]:
    """Train with and without batch normalization, and look at what layers hand on after every epoch.

    The two trainings are a pair: the same seed, the same batches, the same initial weights wherever the
    layers are the same. A model that cannot be built with and without is trained as it is.

    Args:
        subject: The model and the data.

    Returns:
        Tables `layers` (a row a variant, epoch and layer), `activations` (quantiles of what an activation
        takes in and hands on) and `histograms` (the same as histograms, for a few epochs); sentences.

    Raises:
        SpecError: The model has no hidden layer, or training begins with no number.

    References:
        Glorot and Bengio (2010), Understanding the difficulty of training deep feedforward neural networks.
        Ioffe and Szegedy (2015), Batch normalization, whose figure 1 shows such quantiles over training.
    """
    from dlsuite.training.activations import layer_activity
    from dlsuite.training.units import hidden_layers

    models = {"as it is": subject.build()}
    if subject.has("batch_norm"):
        models = {
            f"batch_norm={str(on).lower()}": subject.build(batch_norm=on) for on in (False, True)
        }
    if not all(hidden_layers(model) for model in models.values()):
        raise SpecError(
            f"explain: forward: {subject.name}: the model has no hidden layer with an activation, so that "
            "there is nothing to look at between its input and its output; choose another model."
        )
    setups = [subject.setup(model) for model in models.values()]
    results = dict(zip(models, subject.train(setups, keep_weights=True), strict=True))
    x = _examples(subject.data.train)
    activities: dict[str, list[LayerActivity]] = {
        variant: layer_activity(models[variant], result.path, x)
        for variant, result in results.items()
        if result.path
    }
    if not activities:
        raise SpecError(
            f"explain: forward: {subject.name}: the loss is no number before the first step, so that there "
            "is nothing to look at; see whether the data is finite."
        )
    shown = _shown_epochs(max(len(result.path) for result in results.values()) - 1)
    tables = {
        "layers": layer_table(activities),
        "activations": quantile_table(activities),
        "histograms": histogram_table(activities, epochs=shown),
    }
    sentences = forward_sentences(tables["layers"], examples=len(x), ends=_ends(results))
    return tables, sentences


def _examples(split: Split) -> np.ndarray:
    """Examples of a split, spread evenly over it: all, or as many as are looked at."""
    chosen = np.linspace(0, len(split) - 1, min(_EXAMPLES, len(split))).round().astype(int)
    return np.asarray(split.x[chosen])


def _shown_epochs(last: int) -> list[int]:
    """Epochs whose histograms are shown: more of the early ones, in which more changes."""
    return sorted({0, min(1, last), *(round(last * share) for share in (0.1, 0.25, 0.5)), last})


def _ends(results: dict[str, "TrialResult"]) -> dict[str, int | None]:
    """In which epoch each variant diverged, if it did."""
    return {variant: result.diverged_epoch for variant, result in results.items()}
