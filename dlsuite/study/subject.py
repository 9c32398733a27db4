"""What a command is asked about: a data set and a model, by name, from a file, or as they are."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dlsuite.data import Dataset, data_settings, load_data, settings_of_paths
from dlsuite.errors import SpecError, closest
from dlsuite.models import create_model_for, model_entry
from dlsuite.spec import is_path
from dlsuite.study.resolve import check_kind
from dlsuite.training.settings import training_hyperparameters


def is_registered(model: Any) -> bool:
    """Whether a model is given by its name in the registry: a text that is no file's path."""
    return isinstance(model, str) and not is_path(model)


def subject_name(model: Any, plain: Any, data: Dataset) -> str:
    """What a model on a data set is called, as in `mlp/wine`.

    Args:
        model: A registered name or a file, or a finished model.
        plain: The model that was built of it.
        data: The data set.
    """
    named = isinstance(model, str | Path)
    return f"{model_entry(str(model)).name if named else plain.name}/{data.name}"


def take_training(given: dict[str, Any]) -> dict[str, Any]:
    """Take the settings of training out of settings by name."""
    return {key: given.pop(key) for key in list(given) if key in training_hyperparameters()}


def subject_data(
    data: str | Dataset, given: dict[str, Any], *, examples: int | None = None
) -> Dataset:
    """Load the data set, unless it is loaded.

    Args:
        data: A registered data set, or a loaded one, which stays as it is.
        given: Settings by name; those of the data set are taken out.
        examples: Training examples of a registered one at the most, unless `given` says how many.

    Raises:
        UnknownNameError: There is no such data set.
        SpecError: A setting is out of bounds.
    """
    if isinstance(data, Dataset):
        return data
    known = data_settings(data, given)
    settings = {key: given.pop(key) for key in list(given) if key in known}
    loaded = load_data(data, **settings)
    cut = examples is not None and len(loaded.train) > examples
    if cut and "train_size" in known and "train_size" not in settings:
        loaded = load_data(data, train_size=examples, **settings)
    return loaded


def subject_model(model: Any, data: Dataset, settings: Mapping[str, Any], *, asker: str) -> Any:
    """Build a registered model for a data set, or take a finished one.

    Args:
        model: A registered model's name, a `.keras` file, or a functional or sequential `keras.Model`.
        data: The data set that it shall fit.
        settings: Hyperparameters of a registered model.
        asker: The command, for messages.

    Returns:
        A `keras.Model`; a finished one is itself, not a copy.

    Raises:
        UnknownNameError: There is no such model.
        SpecError: A setting is unknown or out of bounds; a finished model is given settings, cannot be read
            or does not fit the data.
    """
    if isinstance(model, str | Path):
        entry = model_entry(str(model))
        check_kind(entry, data.kind, data=data.name)
        known = {**entry.hyperparameters, **training_hyperparameters()}
        for key in settings:
            if key not in known:
                raise SpecError(
                    f"{asker}: neither model {str(model)!r} nor data set {data.name!r} nor the training "
                    f"takes {key!r}. {closest(key, [*known, *settings_of_paths()])}"
                )
        return create_model_for(str(model), data, **settings)
    if settings:
        raise SpecError(f"{asker}: a finished model takes no {', '.join(sorted(settings))}.")
    from dlsuite.training.verification import finished_model

    return finished_model(model, data)
