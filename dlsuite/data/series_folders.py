"""Series in folders: a file each, of a class that its folder or a table of labels names."""

import os
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from dlsuite.data.columns import ColumnDescription, ColumnRules, check_column, describe_column
from dlsuite.data.dataset import Array
from dlsuite.data.files import is_table_path, read_table
from dlsuite.data.inputs import InputColumn, category_texts, row_place
from dlsuite.data.raw import Arrays
from dlsuite.data.series_columns import channel_columns, find_columns
from dlsuite.data.series_examples import FEWEST_STEPS, Settings, make_examples, series_in
from dlsuite.data.series_form import ChannelColumn, SeriesForm
from dlsuite.data.targets import read_target, target_type
from dlsuite.errors import DataError, SpecError, closest
from dlsuite.spec.kinds import TaskType

if TYPE_CHECKING:
    import pandas as pd

LABELS = "labels"
"""How a folder's table of labels is called, before its suffix."""
CLASS = "class"
"""What is told where folders are classes."""


def series_from_folder(path: str, settings: Settings, rules: ColumnRules) -> Arrays:
    """Take each table in a folder as a series; see `series_from_path`.

    Raises:
        SpecError: A setting names what is not there, or two of them do not go together.
        DataError: A file cannot be used, or nothing says what is to be told of it.
    """
    if settings["id_column"] is not None:
        raise SpecError(f"{path}: id_column is for a table; in a folder each file is a series.")
    told = _told(path, settings)
    frames = [_table(file, settings) for file in told["file"]]
    for file, frame in zip(told["file"], frames, strict=True):
        if len(frame) < FEWEST_STEPS:
            raise DataError(
                f"{file}: expected {FEWEST_STEPS} rows or more of each series; got {len(frame)}. Take it out "
                "of the folder."
            )
    target = settings["target"] or CLASS
    label = told[CLASS].rename(target)
    found = read_target(
        [label], sources=[path], task_type=settings["task_type"], missing=settings["missing"]
    )
    columns, time, notes = _columns_of_all(told["file"].tolist(), frames, settings, rules)
    form = SeriesForm(
        columns=columns,
        target=target,
        fill=settings["fill"] == "previous",
        time=time,
        missing=tuple(settings["missing"]),
    )
    series = [
        next(one for _, one in series_in(frame, form, source=file))
        for file, frame in zip(told["file"], frames, strict=True)
    ]
    return make_examples(
        series, found.y, found.class_names, form, settings, path, (*notes, *found.notes)
    )


def _columns_of_all(
    files: Sequence[str],
    frames: Sequence["pd.DataFrame"],
    settings: Settings,
    rules: ColumnRules,
) -> tuple[tuple[ChannelColumn, ...], InputColumn | None, tuple[str, ...]]:
    """Say what columns are for, by the first file, and of which kind they are, by all files."""
    # A column that holds one value in one file tells files apart.
    keep = tuple(str(name) for name in frames[0].columns if name not in rules.drop)
    first = find_columns(
        frames[0],
        source=files[0],
        target=None,
        aside=(),
        time_column=settings["time_column"],
        rules=replace(rules, keep=keep),
        ordered=False,
    )
    used: list[ColumnDescription] = []
    texts: dict[str, list[Array]] = {}
    for column in first.used:
        kinds = set()
        for file, frame in zip(files, frames, strict=True):
            if column.name not in frame.columns:
                raise DataError(
                    f"{file}: expected the columns of {files[0]}; there is no {column.name!r}. "
                    f"{closest(column.name, map(str, frame.columns))}"
                )
            kinds.add(describe_column(frame[column.name], ColumnRules(), source=file).kind)
        kind = "category" if "category" in kinds else column.kind
        used.append(replace(column, kind=kind))
        if kind == "category":
            texts[column.name] = [
                category_texts(frame[column.name], missing=rules.missing) for frame in frames
            ]
    together = {name: np.concatenate(values) for name, values in texts.items()}
    used = [
        replace(column, distinct=len(set(together[column.name]) - {""}))
        if column.name in together
        else column
        for column in used
    ]
    channels, notes = channel_columns(used, together)
    return channels, first.time, (*first.notes, *notes)


def _table(file: str, settings: Settings) -> "pd.DataFrame":
    return read_table(
        file, separator=settings["separator"], encoding=settings["encoding"], keep=False
    )


def folder_state(path: str) -> Hashable:
    """Tell a folder's tables from what they were before one changed."""
    return tuple(
        (file, status.st_size, status.st_mtime_ns)
        for file, status in ((file, os.stat(file)) for file in _files(Path(path).expanduser()))
    )


def labels_task_type(path: str, settings: Settings) -> TaskType:
    """Say whether what is told of a folder's series is a class or a number."""
    if settings["task_type"] is not None:
        given: TaskType = settings["task_type"]
        return given
    return target_type(_told(path, settings)[CLASS], missing=settings["missing"])


def _told(path: str, settings: Settings) -> "pd.DataFrame":
    """What is to be told of each file: a frame with `file` and `class`."""
    import pandas as pd

    folder = Path(path).expanduser()
    files = list(_files(folder))
    labels = _labels_file(folder, files, path, settings["labels"])
    if labels is not None:
        return _told_by_table(folder, labels, [file for file in files if file != labels], settings)
    if settings["target"] is not None:
        raise SpecError(
            f"{path}: target names a column of the table of labels; there is none in the folder. Say labels, "
            "or leave target out: folders are classes."
        )
    for file in files:
        if Path(file).parent == folder:
            raise DataError(
                f"{file}: expected series in folders, one for each class, or a table of labels in "
                f"{LABELS}.csv; this file lies in none."
            )
    classes = [Path(file).relative_to(folder).parts[0] for file in files]
    # A name is a class, whatever it looks like.
    return pd.DataFrame({"file": files, CLASS: pd.Categorical(classes)})


def _labels_file(folder: Path, files: Sequence[str], path: str, given: str | None) -> str | None:
    here = [file for file in files if Path(file).parent == folder]
    if given is None:
        found = [file for file in here if Path(file).name.lower().split(".")[0] == LABELS]
        return found[0] if found else None
    wanted = str(folder / given)
    if wanted not in files:
        names = [Path(file).name for file in here]
        raise SpecError(
            f"{path}: labels: there is no table {given!r} in the folder. {closest(given, names)}"
        )
    return wanted


def _told_by_table(
    folder: Path, labels: str, files: Sequence[str], settings: Settings
) -> "pd.DataFrame":
    """Read a table that has a row a file."""
    import pandas as pd

    table = _table(labels, settings)
    names = [str(name) for name in table.columns]
    target = settings["target"]
    if target is None:
        raise SpecError(
            f'{labels}: say which column is to be told, as in target = "{names[-1]}"; the columns are '
            f"{', '.join(names[:12])}."
        )
    check_column(target, names, setting="target", source=labels)
    others = [name for name in names if name != target]
    if not others:
        raise DataError(f"{labels}: expected a column with the files' names beside {target!r}.")
    of_file = others[0]
    written = category_texts(table[of_file], missing=settings["missing"])
    known: dict[str, str] = {}
    for file in files:
        inside = str(Path(file).relative_to(folder))
        for short in (inside, Path(file).name, Path(file).name.partition(".")[0]):
            known.setdefault(short, file)
    found: list[str] = []
    for position, name in enumerate(written):
        named = known.get(str(name).replace("\\", "/"))
        where = f"{labels}, column {of_file!r}, {row_place(table, position)}"
        if named is None:
            raise DataError(f"{where}: there is no series {name!r}. {closest(str(name), known)}")
        if named in found:
            raise DataError(f"{where}: {name!r} stands there a second time. Leave one row out.")
        found.append(named)
    if not found:
        raise DataError(f"{labels}: names no series.")
    return pd.DataFrame({"file": found, CLASS: table[target].to_numpy()})


def _files(folder: Path, root: Path | None = None) -> Iterator[str]:
    """The tables of a folder and of its folders, sorted; hidden ones left out.

    Raises:
        DataError: A link leads outside the folder, nowhere or round, or there is no table.
    """
    root = root or folder
    any_table = False
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        if entry.name.startswith("."):
            continue
        if entry.is_symlink():
            _check_link(Path(entry.path), root)
        if entry.is_dir():
            yield from _files(Path(entry.path), root)
        elif is_table_path(entry.name):
            any_table = True
            yield entry.path
    if folder == root and not any_table and not _holds_tables(folder):
        raise DataError(
            f"{folder}: expected series, tables in folders of their own for each class; there are none."
        )


def _holds_tables(folder: Path) -> bool:
    return any(is_table_path(name) for _, _, names in os.walk(folder) for name in names)


def _check_link(link: Path, root: Path) -> None:
    try:
        real = link.resolve(strict=True)
    except (OSError, RuntimeError) as error:
        raise DataError(f"{link}: is a link that leads nowhere; take it out.") from error
    if real.is_dir() or not real.is_relative_to(root.resolve()):
        raise DataError(
            f"{link}: is a link to {'a folder' if real.is_dir() else 'a file outside'}; such links are not "
            "followed. Put the files themselves there."
        )
