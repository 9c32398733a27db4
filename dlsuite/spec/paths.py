"""Names that are paths of files, and paths as a file says them."""

import os
from pathlib import Path


def is_path(name: str) -> bool:
    """Whether a name of a model or data set is a file's path: registered names have no dot or slash."""
    return any(sign in name for sign in "./\\")


def as_path(path: str) -> str:
    """Write a path so that it is none of a registered name: a folder may have neither dot nor slash."""
    return path if is_path(path) or not path else f"./{path}"


def relative_path(path: str | Path, folder: Path) -> str:
    """Write a path relative to a folder, with slashes; in full where it is on another drive."""
    try:
        return Path(os.path.relpath(path, folder)).as_posix()
    except ValueError:
        return os.path.abspath(path)
