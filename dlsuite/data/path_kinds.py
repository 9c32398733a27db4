"""What is behind a path: a table, texts, a series or images, and who reads each."""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dlsuite.data.files import TABLE_SUFFIXES, is_table_path
from dlsuite.data.folders import folder_kind
from dlsuite.data.image_folders import image_state, images_from_folder
from dlsuite.data.raw import Raw
from dlsuite.data.series_files import (
    need_series,
    series_description,
    series_from_path,
    series_state,
    series_task_type,
)
from dlsuite.data.table_files import file_state, file_task_type, need_target, table_from_file
from dlsuite.data.text_files import need_text, text_from_path, text_state, text_task_type
from dlsuite.errors import DataError, SpecError, closest
from dlsuite.spec import found_path, hyperparameters_of
from dlsuite.spec.kinds import KINDS, Kind, TaskType

Settings = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class PathReader:
    """Who reads what is behind a path, of one kind of data.

    Attributes:
        loader: Reads it; its first argument is the path, its keyword-only ones are settings.
        check: Asks for the settings that cannot be done without, given those that somebody gave.
        task_type: Says what is to be told, given all settings.
        state: Tells the content, with some settings, from what it was before a file changed.
        description: Says what an example is and what is to be told, given all settings.
    """

    loader: Callable[..., Raw]
    check: Callable[[str, Settings], None]
    task_type: Callable[[str, Settings], TaskType]
    state: Callable[[str, Settings], Hashable]
    description: Callable[[str, Settings], str]


def _nothing(path: str, settings: Settings) -> None:
    """No setting is needed."""


READERS: dict[Kind, PathReader] = {
    "table": PathReader(
        loader=table_from_file,
        check=need_target,
        task_type=file_task_type,
        state=lambda path, settings: (file_state(path), file_state(settings.get("test_path"))),
        description=lambda path, settings: (
            f"A row of {Path(path).name}; what its {settings['target']!r} is."
        ),
    ),
    "text": PathReader(
        loader=text_from_path,
        check=need_text,
        task_type=text_task_type,
        state=text_state,
        description=lambda path, settings: (
            f"A text of {Path(path).name}; "
            + (
                f"what its {settings['target']!r} is."
                if settings["target"]
                else "which class it is of."
            )
        ),
    ),
    "series": PathReader(
        loader=series_from_path,
        check=need_series,
        task_type=series_task_type,
        state=series_state,
        description=series_description,
    ),
    "image": PathReader(
        loader=images_from_folder,
        check=_nothing,
        task_type=lambda path, settings: "classification",
        state=image_state,
        description=lambda path, settings: f"An image of {Path(path).name}; which class it is of.",
    ),
}
"""Who reads each kind."""

_TELLING: dict[Kind, tuple[str, ...]] = {
    "text": ("text_column",),
    "series": ("window", "horizon", "id_column"),
}
"""Settings by which a table's file is known to hold something else."""


def kind_of_path(path: str, settings: Settings) -> Kind:
    """Say what kind of data is behind a path.

    Args:
        path: A file or a folder.
        settings: Those given for it; `kind` says it outright, `text_column` asks for texts, and `window`,
            `horizon` or `id_column` for a series.

    Raises:
        SpecError: It is no file that can be read as data, or `kind` is none.
        DataError: There is no such folder, or it holds nothing that can be read as data.
    """
    given = settings.get("kind")
    if given is not None:
        if given not in KINDS:
            raise SpecError(f"kind: expected one of {', '.join(KINDS)}; got {given!r}.")
        kind: Kind = given
        return kind
    place = found_path(path)
    if place.is_dir():
        return folder_kind(place, path)
    if is_table_path(path):
        for kind, telling in _TELLING.items():
            if any(settings.get(name) is not None for name in telling):
                return kind
        return "table"
    if place.exists():
        raise SpecError(
            f"{path}: expected a folder of images or texts, or a table, a file that ends in "
            f"{', '.join(TABLE_SUFFIXES)}. Other data is given in memory, or registered by a plugin."
        )
    folder = place.parent
    if not folder.is_dir():
        raise DataError(f"{path}: there is no such file or folder, nor a folder {str(folder)!r}.")
    raise DataError(
        f"{path}: there is no such file or folder. {closest(place.name, [f.name for f in folder.iterdir()])}"
    )


def settings_of_paths() -> list[str]:
    """Name the settings of all that can be behind a path, whatever it is."""
    return sorted(
        {name for reader in READERS.values() for name in hyperparameters_of(reader.loader)}
    )


def of_every_path(*, kind: Kind | None = None) -> None:
    """Take what every file and folder takes.

    Args:
        kind: What it is read as: `table`, `text`, `series` or `image`; found out if absent.
    """
