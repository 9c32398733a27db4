"""Folders of examples: what is in them, class by class, without following links out of them or round."""

import os
from collections.abc import Iterator
from pathlib import Path

from dlsuite.data.files import is_table_path
from dlsuite.errors import DataError
from dlsuite.spec.kinds import Kind

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif")
"""How the names of images end."""
TEXT_SUFFIXES = (".txt",)
"""How the names of texts end."""


def kind_of_name(name: str) -> Kind | None:
    """Say what kind of data a file holds by its name; None if it is none that is known."""
    lower = name.lower()
    if lower.endswith(IMAGE_SUFFIXES):
        return "image"
    if lower.endswith(TEXT_SUFFIXES):
        return "text"
    return "series" if is_table_path(lower) else None


def folder_kind(folder: Path, source: str) -> Kind:
    """Say what kind of data a folder holds, by the first file that is of a known one.

    Raises:
        DataError: It holds no such file.
    """
    for entry in _files(folder):
        kind = kind_of_name(entry.name)
        if kind is not None:
            return kind
    raise DataError(
        f"{source}: expected images ({', '.join(IMAGE_SUFFIXES)}), texts ({', '.join(TEXT_SUFFIXES)}) or "
        "series (tables) in the folder or in folders of it; there are none."
    )


def _files(folder: Path) -> Iterator[os.DirEntry[str]]:
    """The files of a folder's folders, then its own, sorted; hidden ones and links to folders left out.

    Beside folders of examples may stand a file about them, as `README.txt` or `labels.csv`.
    """
    with os.scandir(folder) as found:
        entries = sorted(
            (entry for entry in found if not entry.name.startswith(".")), key=lambda e: e.name
        )
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            yield from _files(Path(entry.path))
    for entry in entries:
        if entry.is_file():
            yield entry
