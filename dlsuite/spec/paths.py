"""Names that are paths of files, and paths as a file says them."""

import os
from pathlib import Path

from dlsuite.errors import SpecError


def is_path(name: str) -> bool:
    """Whether a name of a model or data set is a file's path: registered names have no dot or slash."""
    return any(sign in name for sign in "./\\")


def as_path(path: str) -> str:
    """Write a path so that it is none of a registered name: a folder may have neither dot nor slash."""
    return path if is_path(path) or not path else f"./{path}"


def found_path(path: str | Path) -> Path:
    """Take a path that the system can look up, with `~` written out; nothing need be there.

    Raises:
        SpecError: It cannot: the path is too long, say, or leads through a folder that is closed to us.
    """
    try:
        place = Path(path).expanduser()
        os.stat(place)
    except (FileNotFoundError, NotADirectoryError):
        return place
    except (OSError, ValueError, RuntimeError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise SpecError(f"{str(path)[:200]!r}: cannot be looked up ({reason}).") from error
    return place


def relative_path(path: str | Path, folder: Path) -> str:
    """Write a path relative to a folder, with slashes; in full where it is on another drive."""
    try:
        return Path(os.path.relpath(path, folder)).as_posix()
    except ValueError:
        return os.path.abspath(path)
