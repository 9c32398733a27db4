"""One model trained on one data set, as a study trains its trials, and given back."""

from typing import Any

import pandas as pd

from dlsuite.data import Dataset
from dlsuite.errors import SpecError
from dlsuite.quiet import import_tensorflow
from dlsuite.spec import is_path
from dlsuite.study.history import History
from dlsuite.study.run_watcher import RunWatcher
from dlsuite.study.subject import subject_data, subject_model, subject_name, take_training
from dlsuite.training.settings import TrainingSettings


def train(
    model: Any,
    data: str | Dataset,
    *,
    epochs: int = 20,
    seed: int = 0,
    watcher: RunWatcher | None = None,
    to_be_saved: bool = False,
    **settings: Any,
) -> History:
    """Train one model on one data set, and keep the weights of its best epoch on validation.

    A `keras.Model` that is given is trained in place: its weights are drawn anew from the seed, whatever they
    were, and at the end those of the best epoch are put in. It stays as it was where the training diverges.
    With another `precision` its layers compute as they did; `History.model` is the one of that precision.

    Args:
        model: A registered model's name, a `.keras` file, or a functional or sequential `keras.Model` that
            ends in logits or values.
        data: A registered data set, or a loaded one.
        epochs: Passes over the training split.
        seed: Governs initial weights, batch order and dropout.
        watcher: Told how it goes.
        to_be_saved: Whether to refuse, before it is trained, a model that `History.save` could not save.
        **settings: Hyperparameters of the training (`optimizer`, `learning_rate`, `batch_size`, ...), of a
            registered model and of a registered data set, by name.

    Returns:
        Curves, scores and the trained model, which `History.save` makes a file of that takes raw inputs.

    Raises:
        UnknownNameError: There is no such model or data set.
        SpecError: A setting is unknown or out of bounds, or the model cannot be trained by the suite.
        DataError: The data set does not hold what was asked of it.

    Example:
        >>> history = dlsuite.train("mlp", "wine", learning_rate=0.01)
        >>> history.save("wine.keras")
    """
    if epochs < 1:
        raise SpecError(f"train: epochs: expected a whole number, at least 1; got {epochs}.")
    given = dict(settings)
    chosen = TrainingSettings(**take_training(given))
    before = dict(given)
    dataset = subject_data(data, given)
    import_tensorflow()
    from dlsuite.training.trainer import Trainer, TrialSetup

    plain = subject_model(model, dataset, given, asker="train")
    if to_be_saved:
        from dlsuite.models.portable import check_portable

        check_portable(plain)
    # Alone: a population of the size that a study takes would train copies beside it.
    trainer = Trainer(members=1)
    setup = TrialSetup(plain, chosen, seed)
    plain = setup.model
    trainer.check(setup, dataset)
    watching = watcher or RunWatcher()
    if isinstance(data, str) and is_path(data):
        for note in dataset.notes:
            watching.say(f"{dataset.name}: {note}")
    watching.begin(1, 0)
    (result,) = trainer.train([setup], dataset, epochs=epochs, watcher=watching)
    if result.status == "completed":
        plain.set_weights(result.weights)
        if hasattr(model, "set_weights") and model is not plain:
            model.set_weights(result.weights)  # The same layers, but for how it ends.
    return History(
        name=subject_name(model, plain, dataset),
        model=plain,
        data=dataset,
        status=result.status,
        best_epoch=result.best_epoch,
        curves=pd.DataFrame(result.curves),
        scores=result.scores,
        settings={**given, **vars(chosen), "seed": seed, "epochs": epochs},
        notes=result.notes,
        data_settings={key: value for key, value in before.items() if key not in given},
    )
