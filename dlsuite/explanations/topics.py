"""What can be explained, and how one asks for it."""

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any

import pandas as pd

from dlsuite.data import Dataset
from dlsuite.errors import UnknownNameError, closest
from dlsuite.explanations.explanation import Explanation
from dlsuite.explanations.subject import Subject, read_subject
from dlsuite.study.run_watcher import RunWatcher

Explained = tuple[Mapping[str, pd.DataFrame], Sequence[str]]
"""What a topic's function gives for a `Subject`: tables by name, and sentences."""

TOPICS = {
    "forward": "what each layer hands on, with and without batch normalization",
    "backward": "how much each layer and node contributes to the error",
    "descent": "the loss surface, and the way down for a low, a good and a high learning rate",
    "minima": "whether several seeds reach a minimum, and the same one",
    "dropout": "which units are off in a few steps, and what units learn with and without it",
}
"""What can be explained, and what it shows."""


def explain(
    topic: str,
    model: Any,
    data: str | Dataset,
    *,
    settings: Mapping[str, Any] | None = None,
    epochs: int = 20,
    seed: int = 0,
    watcher: RunWatcher | None = None,
) -> Explanation:
    """Train a model for real, and show what happens inside.

    Args:
        topic: One of `TOPICS`.
        model: A registered model's name, a `.keras` file, or a functional or sequential `keras.Model`, which
            is not changed.
        data: A registered data set, or a loaded one. A registered one is cut to 512 training examples
            unless `settings` says `train_size`.
        settings: Hyperparameters of the model, the training and the data, by name.
        epochs: Passes over the training split.
        seed: Governs initial weights, batch order and dropout; the first one where several are trained.
        watcher: Told how it goes.

    Returns:
        Tables, pictures drawn from them, and sentences.

    Raises:
        UnknownNameError: There is no such topic, model or data set.
        SpecError: A setting is unknown or out of bounds, or the topic has nothing to show for this model.
        DataError: The data set does not hold what was asked of it.

    Example:
        >>> dlsuite.explain("backward", "mlp", "wine").write("results/explain/backward")
    """
    if topic not in TOPICS:
        raise UnknownNameError(f"explain: there is no topic {topic!r}. {closest(topic, TOPICS)}")
    subject = read_subject(model, data, settings or {}, seed=seed, epochs=epochs, watcher=watcher)
    explained: Callable[[Subject], Explained] = getattr(
        import_module(f"dlsuite.explanations.{topic}"), topic
    )
    tables, sentences = explained(subject)
    return Explanation(topic, subject.name, tables, sentences)
