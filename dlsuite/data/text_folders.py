"""Where the texts of a folder are: of which class and which split, by the names of files and folders.

A class is a file, a text in each of its lines, or a folder, a text in each of its files. Above both there may
be folders `train`, `test` and `validation`. What is passed over is as `dlsuite.data.class_folders` says.
"""

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dlsuite.data.class_folders import class_name, list_class_folders
from dlsuite.data.folder_walk import SPLIT_NAMES, FolderWalk, FoundFile, existing_folder, listed
from dlsuite.data.folders import TEXT_SUFFIXES
from dlsuite.data.rows import FREE, TRAIN
from dlsuite.data.split_columns import SPLITS
from dlsuite.data.targets import label_classes
from dlsuite.errors import DataError

_LAYOUTS = (
    "a .txt file for each class, with a text in each line, or a folder for each class, with a text in each "
    ".txt file"
)


@dataclass(frozen=True)
class TextFile:
    """A file of texts.

    Attributes:
        found: The file.
        path: Where it is.
        source: What to call it in messages.
        label: The class of its texts.
        split: `TRAIN`, `VALIDATION` or `TEST`; `FREE` where that is left to a lot.
    """

    found: FoundFile
    path: Path
    source: str
    label: int
    split: int


@dataclass(frozen=True)
class TextFolder:
    """The files of a folder of texts.

    Attributes:
        files: All of them, sorted by split, class and name.
        class_names: By label.
        whole: Whether a file is a text, and not a text a line.
        given: Whether folders give the splits.
        notes: What was passed over.
    """

    files: tuple[TextFile, ...]
    class_names: tuple[str, ...]
    whole: bool
    given: bool
    notes: tuple[str, ...]

    @property
    def state(self) -> str:
        """What tells the folder's content from what it was before a file changed, came or went."""
        return hashlib.sha256(repr((self.files, self.notes)).encode("utf-8", "replace")).hexdigest()


def find_texts(source: str) -> TextFolder:
    """Find the files of a folder of texts, without opening them.

    Args:
        source: The folder's path, as it was given.

    Raises:
        DataError: There is no such folder, or it is laid out in no way that is known.
    """
    folder = existing_folder(source, what="texts")
    walk = FolderWalk(folder, TEXT_SUFFIXES)
    texts = sorted(walk.files(folder), key=lambda file: file.name)
    folders = {os.path.dirname(file.name) for file in texts}
    if not texts:
        others = f" Other files are: {listed(walk.others)}." if walk.others else ""
        links = f" Links that are not followed: {listed(walk.links)}." if walk.links else ""
        raise DataError(f"{source}: expected {_LAYOUTS}; there is no .txt file.{others}{links}")
    if folders == {""}:
        return _class_files(source, folder, texts, {"": FREE}, _passed_over(walk))
    if "" in folders:
        stray = next(file.name for file in texts if "/" not in file.name)
        inside = next(file.name for file in texts if "/" in file.name)
        raise DataError(
            f"{source}: expected {_LAYOUTS}; there are both, as {_shown(stray)!r} and {_shown(inside)!r}. "
            "Move one of them away."
        )
    splits = {name: SPLITS.get(name.lower(), FREE) for name in sorted(folders)}
    if TRAIN in splits.values() and FREE not in splits.values():
        return _class_files(source, folder, texts, splits, _passed_over(walk))
    return _class_folders(source)


def _class_folders(source: str) -> TextFolder:
    """Classes that are folders."""
    found = list_class_folders(source, suffixes=TEXT_SUFFIXES, what="texts")
    given = found.rules.given
    splits = np.full(len(found), FREE) if given is None else given
    files = (
        TextFile(file, found.folder / file.name, _below(source, file.name), int(label), int(split))
        for file, label, split in zip(found.files, found.labels, splits, strict=True)
    )
    return TextFolder(
        tuple(files), found.class_names, whole=True, given=given is not None, notes=found.notes
    )


def _class_files(
    source: str,
    folder: Path,
    texts: Sequence[FoundFile],
    splits: Mapping[str, int],
    notes: tuple[str, ...],
) -> TextFolder:
    """Classes that are files, in folders of given splits or in the folder itself."""
    told = list(splits.values())
    if len(set(told)) < len(told):
        raise DataError(
            f"{source}: expected one folder for each split; there are {', '.join(map(repr, splits))}. Put "
            "those of one split together."
        )
    names = [class_name(os.path.splitext(os.path.basename(file.name))[0]) for file in texts]
    labels, class_names = label_classes(np.array(names, dtype=object))
    # What no folder gives is drawn from training.
    instead = {TRAIN: FREE} if len(told) < len(SPLIT_NAMES) else {}
    files = []
    for file, label in zip(texts, labels, strict=True):
        split = splits[os.path.dirname(file.name)]
        place = folder / file.name
        source_of = _below(source, file.name)
        files.append(TextFile(file, place, source_of, int(label), instead.get(split, split)))
    files.sort(key=lambda file: (file.split, file.label, file.found.name))
    return TextFolder(tuple(files), class_names, whole=False, given=FREE not in told, notes=notes)


def _passed_over(walk: FolderWalk) -> tuple[str, ...]:
    told = (
        (walk.links, "Links to folders or out of the folder, which are not followed"),
        (walk.others, "Other files, which are not read"),
    )
    return tuple(f"{text}: {listed(sorted(names))}." for names, text in told if names)


def _below(source: str, name: str) -> str:
    return os.path.join(source, _shown(name))


def _shown(name: str) -> str:
    """A file's name, which may be any bytes, as it can be printed."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")
