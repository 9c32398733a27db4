"""The registry of data sets: names to loaders, with what each holds, takes and owes to whom."""

import inspect
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

from dlsuite.data.dataset import Dataset
from dlsuite.data.path_kinds import READERS, PathReader, kind_of_path, of_every_path
from dlsuite.data.prepare import About, prepare
from dlsuite.data.raw import Arrays, Examples, Phrases, Raw, Table, TimeSeries
from dlsuite.errors import SpecError, UnknownNameError
from dlsuite.registry import Registry
from dlsuite.spec import Hyperparameter, found_path, hyperparameters_of, is_path, validate_settings
from dlsuite.spec.kinds import KINDS, TASK_TYPES, Kind, TaskType

Loader = TypeVar("Loader", bound=Callable[..., Raw])


@dataclass(frozen=True, kw_only=True)
class DataEntry(About):
    """A data set: registered, or a file or folder.

    Attributes:
        loader: The function that reads it; of a file, with its path as the first argument.
        path: The file or folder; None for what is registered.
        prepared: The data set itself, where it was registered ready for training.
        drawn: Whether its split is drawn; that of a file depends on its settings, see `drawn_with`.
        download: How much is downloaded when it is first used, as in `11 MB`; empty if it is at hand.
    """

    loader: Callable[..., Raw]
    path: str | None = None
    prepared: Dataset | None = None
    drawn: bool = True
    download: str = ""

    @property
    def title(self) -> str:
        """What to call it in tables and figures: its name, or the file's without folder and suffix."""
        return Path(self.path).name.partition(".")[0] if self.path is not None else self.name

    @property
    def reader(self) -> PathReader:
        """Who reads the file or folder."""
        return READERS[self.kind]

    def told(self, settings: Mapping[str, Any]) -> About:
        """What it says about itself; of a file, what is to be told of what.

        Args:
            settings: All of its settings.
        """
        if self.path is None:
            return self
        return replace(
            self, name=self.title, description=self.reader.description(self.path, settings)
        )

    def task_type_for(self, settings: Mapping[str, Any]) -> TaskType:
        """Say whether it is classification or regression; a file is read, since its target says it.

        Args:
            settings: Those of its settings that are given.

        Raises:
            SpecError: Of a file, the target is not given or a setting is wrong.
            DataError: The file cannot be read.
        """
        if self.path is None:
            return cast(TaskType, self.task_type)
        self.reader.check(self.path, settings)
        known = settings_of(self)
        return self.reader.task_type(
            self.path, validate_settings(settings, known, taker=f"data set {self.name!r}")
        )

    def drawn_with(self, settings: Mapping[str, Any]) -> bool:
        """Say whether another split seed gives another split: not in time order, nor of given splits.

        Args:
            settings: All of its settings.
        """
        if self.path is None:
            return self.drawn
        return _is_drawn(self.read({key: settings[key] for key in hyperparameters_of(self.loader)}))

    def state(self, settings: Mapping[str, Any]) -> Hashable:
        """What tells its content, with some settings, from that of before a file changed."""
        return None if self.path is None else self.reader.state(self.path, settings)

    def read(self, settings: Mapping[str, Any]) -> Raw:
        """Read it, unsplit and unscaled, with the loader's own settings."""
        if self.path is None:
            return self.loader(**settings)
        return self.loader(self.path, **settings)


_data: Registry[DataEntry] = Registry("data set")


def register_data(
    name: str,
    *,
    kind: Kind,
    task_type: TaskType,
    source: str,
    license: str,
    description: str,
    download: str = "",
) -> Callable[[Loader], Loader]:
    """Register a function that reads a data set, under a name that studies can use.

    The function returns `Examples` (tables, images), `Phrases` (text), a `TimeSeries` or what
    `make_arrays` returns (tables, images, series), unsplit and unscaled. Its keyword-only
    arguments, with annotations and defaults, become settings of the data set beside those that all
    data sets take.

    Args:
        name: The name.
        kind: `table`, `text`, `series` or `image`.
        task_type: `classification` or `regression`.
        source: Where the data comes from.
        license: Under which terms.
        description: What an example is and what is to be told.
        download: How much is downloaded when it is first used, as in `11 MB`; empty if it is at hand.

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
        common = hyperparameters_of(prepare)
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
            drawn=kind != "series",
            download=download,
        )
        _data.add(name, entry)
        return loader

    return register


def add_data(
    name: str,
    data: Dataset | Raw,
    *,
    source: str = "in memory",
    license: str = "the user's own",
    description: str = "",
) -> DataEntry:
    """Register data that is in memory, under a name that studies can use.

    Args:
        name: The name.
        data: Data as it was read, which takes the settings that all data sets take; or a data set ready for
            training, which takes none.
        source: Where the data comes from.
        license: Under which terms.
        description: What an example is and what is to be told.

    Returns:
        Its entry; `unregister_data` takes it out again.

    Raises:
        SpecError: The name is taken, or is not a plain word.
    """
    if isinstance(data, Dataset):
        kind, task_type = data.kind, data.task_type
    else:
        kind, task_type = kind_of(data), _task_type_of(data)
    entry = DataEntry(
        name=name,
        kind=kind,
        task_type=task_type,
        source=source,
        license=license,
        description=description,
        loader=lambda: cast(Raw, data),
        prepared=data if isinstance(data, Dataset) else None,
        drawn=_is_drawn(data),
    )
    return _data.add(name, entry)


def kind_of(raw: Raw) -> Kind:
    """Say what kind of data it is."""
    if isinstance(raw, Arrays):
        return raw.kind
    if isinstance(raw, Phrases):
        return "text"
    if isinstance(raw, TimeSeries):
        return "series"
    return "image" if isinstance(raw, Examples) and raw.x.ndim > 2 else "table"


def _is_drawn(data: Dataset | Raw) -> bool:
    if isinstance(data, Table | Arrays | Phrases):
        return data.rules.drawn
    return not isinstance(data, Dataset | TimeSeries)


def _task_type_of(raw: Raw) -> TaskType:
    if isinstance(raw, TimeSeries) or not raw.class_names:
        return "regression"
    return "classification"


def unregister_data(name: str) -> None:
    """Take a data set out of the registry again.

    Raises:
        UnknownNameError: There is none of this name.
    """
    _data.remove(name)


def data_entry(name: str, settings: Mapping[str, Any] | None = None) -> DataEntry:
    """Look a data set up.

    Args:
        name: The name of a registered one, or the path of a file or folder: a name with a dot or a slash.
        settings: Those given for it, which say what a file is read as, see `kind_of_path`.

    Raises:
        UnknownNameError: There is none of this name; the message lists the closest ones.
        SpecError: It is the path of a file that is no data.
        DataError: There is no such file or folder, or no data in it.
    """
    if is_path(name):
        return _path_entry(name, kind_of_path(name, settings or {}))
    try:
        return _data.get(name)
    except UnknownNameError as error:
        if found_path(name).exists():
            raise UnknownNameError(
                f"Unknown data set {name!r}. There is a file or folder of this name: write it as ./{name}."
            ) from error
        raise


@cache
def _path_entry(path: str, kind: Kind) -> DataEntry:
    return DataEntry(
        name=path,
        kind=kind,
        task_type=None,
        source=Path(path).name,
        license="the user's own",
        description="",
        loader=READERS[kind].loader,
        path=path,
    )


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


def data_settings(
    name: str, settings: Mapping[str, Any] | None = None
) -> dict[str, Hyperparameter]:
    """Return every setting that a data set takes, by name; those that all take come first.

    Args:
        name: Its name or path.
        settings: Those given for it, which say what a file is read as.

    Raises:
        UnknownNameError: There is no such data set.
    """
    return settings_of(data_entry(name, settings))


def settings_of(entry: DataEntry) -> dict[str, Hyperparameter]:
    """Return every setting that a data set takes, by name; those that all take come first."""
    # Token ids have no scale.
    skip = ("input_scaling",) if entry.kind == "text" else ()
    of_paths = hyperparameters_of(of_every_path) if entry.path is not None else {}
    return {
        **hyperparameters_of(prepare, skip=skip),
        **of_paths,
        **hyperparameters_of(entry.loader),
    }


def _check_choice(argument: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise SpecError(f"{argument}: expected one of {', '.join(choices)}; got {value!r}.")
