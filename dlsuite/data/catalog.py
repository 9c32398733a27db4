"""The registry of data sets: names to loaders, with what each holds, takes and owes to whom."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from pydantic import Field

from dlsuite.data.dataset import KINDS, TASK_TYPES, Dataset, Kind, TaskType
from dlsuite.data.prepare import About, InputScaling, prepare
from dlsuite.data.raw import Raw
from dlsuite.errors import DataError, SpecError
from dlsuite.registry import Registry
from dlsuite.spec import Count, Hyperparameter, Rate, hyperparameters_of, validate_settings

Loader = TypeVar("Loader", bound=Callable[..., Raw])


@dataclass(frozen=True, kw_only=True)
class DataEntry(About):
    """A registered data set.

    Attributes:
        loader: The function that reads it.
    """

    loader: Callable[..., Raw]


_data: Registry[DataEntry] = Registry("data set")


def register_data(
    name: str,
    *,
    kind: Kind,
    task_type: TaskType,
    source: str,
    license: str,
    description: str,
) -> Callable[[Loader], Loader]:
    """Register a function that reads a data set, under a name that studies can use.

    The function returns `Examples` (tables, images), `Phrases` (text) or a `TimeSeries`, unsplit
    and unscaled. Its keyword-only arguments, with annotations and defaults, become settings of the
    data set beside those that all data sets take.

    Args:
        name: The name.
        kind: `table`, `text`, `series` or `image`.
        task_type: `classification` or `regression`.
        source: Where the data comes from.
        license: Under which terms.
        description: What an example is and what is to be told.

    Returns:
        A decorator that registers the function and returns it unchanged.

    Raises:
        SpecError: The name is taken, the kind or task type is unknown, or an argument of the
            function is not keyword-only or has the name of a setting that all data sets take.

    Example:
        >>> @register_data("coins", kind="table", task_type="regression",
        ...                source="my desk", license="CC0-1.0", description="Weight by diameter.")
        ... def coins():
        ...     return Examples(x=diameters[:, None], y=weights, feature_names=("diameter",))
    """
    _check_choice("kind", kind, KINDS)
    _check_choice("task_type", task_type, TASK_TYPES)

    def register(loader: Loader) -> Loader:
        common = hyperparameters_of(load_data)
        for argument, parameter in inspect.signature(loader).parameters.items():
            if parameter.kind is not parameter.KEYWORD_ONLY:
                raise SpecError(
                    f"data set {name!r}: expected keyword-only arguments; "
                    f"its loader has {argument!r}."
                )
            if argument in common:
                raise SpecError(
                    f"data set {name!r}: its loader's argument {argument!r} is a setting that "
                    "every data set takes; choose another name."
                )
        entry = DataEntry(
            name=name,
            kind=kind,
            task_type=task_type,
            source=source,
            license=license,
            description=description,
            loader=loader,
        )
        _data.add(name, entry)
        return loader

    return register


def unregister_data(name: str) -> None:
    """Take a data set out of the registry again.

    Raises:
        UnknownNameError: There is none of this name.
    """
    _data.remove(name)


def data_entry(name: str) -> DataEntry:
    """Look a registered data set up.

    Raises:
        UnknownNameError: There is none of this name; the message lists the closest ones.
    """
    return _data.get(name)


def list_data(
    pattern: str = "*", *, kind: str | None = None, task_type: str | None = None
) -> list[str]:
    """List registered data sets, sorted.

    Args:
        pattern: A shell wildcard, as in `"d*"`.
        kind: Only those of this kind: `table`, `text`, `series` or `image`.
        task_type: Only those of this type: `classification` or `regression`.

    Raises:
        SpecError: The kind or the task type is unknown.
    """
    if kind is not None:
        _check_choice("kind", kind, KINDS)
    if task_type is not None:
        _check_choice("task_type", task_type, TASK_TYPES)
    return [
        name
        for name in _data.names(pattern)
        if kind in (None, _data.get(name).kind) and task_type in (None, _data.get(name).task_type)
    ]


def data_settings(name: str) -> dict[str, Hyperparameter]:
    """Return every setting that a data set takes, by name; those that all take come first.

    Raises:
        UnknownNameError: There is no such data set.
    """
    entry = data_entry(name)
    # Token ids have no scale.
    skip = ("input_scaling",) if entry.kind == "text" else ()
    return {**hyperparameters_of(load_data, skip=skip), **hyperparameters_of(entry.loader)}


def load_data(
    name: str,
    *,
    train_size: Count | None = None,
    label_noise: Rate = 0.0,
    input_scaling: InputScaling = "standard",
    split_seed: Annotated[int, Field(ge=0)] = 0,
    **settings: Any,
) -> Dataset:
    """Load a registered data set, split 60/20/20 into train, validation and test.

    Validation and test examples depend on `split_seed` alone; how they are scaled or encoded
    follows from the training examples used.

    Args:
        name: Its name.
        train_size: Number of training examples to use, all if absent. Smaller sets are contained in
            larger ones and hold the classes in proportion; of a series, the most recent windows are
            used.
        label_noise: The share of training labels replaced by another class or, for regression, the
            standard deviation of noise added to training targets, as a multiple of theirs.
            Validation and test stay clean.
        input_scaling: `standard` scales inputs to mean 0 and standard deviation 1, each table
            column, series channel or color channel by itself, fitted on the training examples used;
            `none` leaves them as they are. Text has none.
        split_seed: What the split, the smaller training set and the noise are drawn from. A series
            is split in time order whatever it is.
        **settings: Whatever else the data set takes, as listed by `data_settings`.

    Raises:
        UnknownNameError: There is no such data set.
        SpecError: A setting is unknown, has the wrong type or is out of bounds.
        DataError: `train_size` is more than there is or less than one example a class, or the data
            cannot be split.
    """
    entry = data_entry(name)
    given: dict[str, Any] = {
        "train_size": train_size,
        "label_noise": label_noise,
        "input_scaling": input_scaling,
        "split_seed": split_seed,
        **settings,
    }
    known = data_settings(name)
    if "input_scaling" not in known and input_scaling == "standard":
        # Not told apart from an absent argument, which text must be free to leave out.
        del given["input_scaling"]
    values = validate_settings(given, known, taker=f"data set {name!r}")
    own = {key: values[key] for key in hyperparameters_of(entry.loader)}
    try:
        return prepare(
            entry.loader(**own),
            entry,
            train_size=values["train_size"],
            label_noise=values["label_noise"],
            input_scaling=values.get("input_scaling", "none"),
            split_seed=values["split_seed"],
        )
    except DataError as error:
        raise DataError(f"data set {name!r}: {error}") from error


def _check_choice(argument: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise SpecError(f"{argument}: expected one of {', '.join(choices)}; got {value!r}.")
