"""Data sets, loaded: by name, from a file, or from a data frame."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from dlsuite.data.catalog import data_entry, kind_of, settings_of
from dlsuite.data.dataset import Dataset
from dlsuite.data.path_kinds import settings_of_paths
from dlsuite.data.prepare import About, InputScaling, prepare
from dlsuite.data.raw import Arrays, Table
from dlsuite.data.table_files import table_from_file, table_from_frame
from dlsuite.errors import DataError, SpecError
from dlsuite.spec import Count, Hyperparameter, Rate, as_path, hyperparameters_of, validate_settings

_OF_FILES = ("test_path", "separator", "encoding")


def load_data(
    name: Any,
    *,
    train_size: Count | None = None,
    label_noise: Rate = 0.0,
    input_scaling: InputScaling = "standard",
    split_seed: Annotated[int, Field(ge=0)] = 0,
    **settings: Any,
) -> Dataset:
    """Load a data set, split 60/20/20 into train, validation and test unless settings say otherwise.

    Validation and test examples depend on `split_seed` alone; how they are scaled or encoded
    follows from the training examples used.

    Args:
        name: The name of a registered one, the path of a file or folder, or a pandas data frame. A table and
            a frame need a `target`, the column to tell, and take the settings of `table_from_file`; for other
            files see `text_from_path`, `series_from_path` and `images_from_folder`.
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
    given: dict[str, Any] = {
        "train_size": train_size,
        "label_noise": label_noise,
        "input_scaling": input_scaling,
        "split_seed": split_seed,
        **{
            key: str(value) if isinstance(value, Path) else value for key, value in settings.items()
        },
    }
    if not isinstance(name, str | Path):
        return load_frame(name, **given)
    entry = data_entry(as_path(str(name)) if isinstance(name, Path) else name, given)
    known = settings_of(entry)
    if "input_scaling" not in known and input_scaling == "standard":
        # Not told apart from an absent argument, which text must be free to leave out.
        del given["input_scaling"]
    if entry.path is not None:
        entry.reader.check(entry.path, given)
    taker = f"data set {entry.title!r}"
    akin = settings_of_paths() if entry.path is not None else ()
    values = validate_settings(given, known, taker=taker, akin=akin)
    if entry.prepared is not None:
        _check_untouched(entry.name, values, known)
        return replace(entry.prepared, name=entry.name)
    own = {key: values[key] for key in hyperparameters_of(entry.loader)}
    common = {key: values[key] for key in hyperparameters_of(prepare) if key in values}
    paths = [path for path in (entry.path, values.get("test_path")) if path is not None]
    with _naming(taker, *paths, *(str(Path(path).expanduser()) for path in paths)):
        return prepare(entry.read(own), entry.told(values), **common)


def load_frame(
    frame: Any,
    *,
    name: str = "data",
    test: Any = None,
    **settings: Any,
) -> Dataset:
    """Make a data set of a pandas data frame; see `Dataset.from_frame`.

    Raises:
        SpecError: A setting is unknown, has the wrong type or is out of bounds.
        DataError: The frame does not hold what was asked of it.
    """
    import pandas as pd

    for given in (frame, test):
        if given is not None and not isinstance(given, pd.DataFrame):
            raise SpecError(
                f"data: expected a name, a path or a pandas data frame; got a {type(given).__name__}. "
                "Arrays go to Dataset.from_arrays."
            )
    common = hyperparameters_of(prepare)
    own = {key: value for key, value in settings.items() if key not in common}
    table = frame_table(frame, name=name, test=test, **own)
    return load_raw(
        table, name=name, settings={key: settings[key] for key in common if key in settings}
    )


def frame_table(frame: Any, *, name: str = "data", test: Any = None, **settings: Any) -> Table:
    """Take a pandas data frame as a table, unsplit and not yet encoded.

    Args:
        frame: The rows.
        name: What to call them in messages.
        test: Test rows that come by themselves.
        **settings: Those that `table_from_file` takes, but for those of files.

    Raises:
        SpecError: A setting is unknown, has the wrong type or is out of bounds.
        DataError: The frame does not hold what was asked of it.
    """
    of_table = hyperparameters_of(table_from_file, skip=_OF_FILES)
    values = validate_settings(
        settings, {**hyperparameters_of(prepare), **of_table}, taker=f"data set {name!r}"
    )
    return table_from_frame(
        frame,
        name=name,
        target=values["target"],
        test=test,
        settings={key: values[key] for key in of_table},
    )


def load_raw(
    raw: Table | Arrays,
    *,
    name: str,
    settings: Mapping[str, Any],
) -> Dataset:
    """Make a data set of what somebody has in memory.

    Args:
        raw: What it is.
        name: What to call it.
        settings: Those that `prepare` takes.
    """
    about = About(
        name=name,
        kind=kind_of(raw),
        task_type=None,
        source="in memory",
        license="the user's own",
        description="",
    )
    values = validate_settings(settings, hyperparameters_of(prepare), taker=f"data set {name!r}")
    with _naming(f"data set {name!r}", name):
        return prepare(raw, about, **values)


@contextmanager
def _naming(taker: str, *files: str) -> Iterator[None]:
    """Let errors say which data set they are about, where they do not begin with its file."""
    try:
        yield
    except DataError as error:
        if str(error).startswith(files):
            raise
        raise DataError(f"{taker}: {error}") from error


def _check_untouched(
    name: str, values: Mapping[str, Any], known: Mapping[str, Hyperparameter]
) -> None:
    for key, hyperparameter in known.items():
        if values[key] != hyperparameter.default:
            raise SpecError(
                f"data set {name!r} was given ready for training: {key} cannot be set any more. Give it when "
                "the data set is made, or give the arrays themselves."
            )
