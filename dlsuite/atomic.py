"""Files and folders that appear whole or not at all.

Each is made under a hidden name beside its place, brought to the disk, and renamed: a reader sees the old one
or the new one, and so does whoever looks after a power cut. What went wrong is left as OSError to the caller,
who knows what the file was for.
"""

import contextlib
import os
import re
import secrets
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

_OURS = re.compile(r"\..+-(\d+)(?:-[0-9a-f]{6})?")
"""How a temporary name looks: hidden, with the process that made it."""


def write_file(path: Path, content: str | bytes | Iterable[bytes], *, sync: bool = True) -> None:
    """Write a file, or replace it at once.

    Args:
        path: The file; its folder is there already.
        content: A text, which is written in UTF-8, or bytes, in pieces where they are large.
        sync: Whether it has to last through a power cut. What can be made again in a moment need not.

    Raises:
        OSError: It cannot be written. The old file, if there is one, is as it was.
    """
    if isinstance(content, str):
        content = content.encode()
    pieces = (content,) if isinstance(content, bytes) else content
    with replacing(path, sync=sync) as temporary, temporary.open("wb") as file:
        for piece in pieces:
            file.write(piece)


@contextlib.contextmanager
def replacing(path: Path, *, sync: bool = True) -> Iterator[Path]:
    """Let a file be written under another name, and put it into its place when it is whole.

    Args:
        path: The file; its folder is there already.
        sync: As `write_file` takes it.

    Yields:
        Where to write it. If that raises, nothing is left and the old file stays.

    Raises:
        OSError: It cannot be put into its place.
    """
    temporary = temporary_path(path)
    try:
        yield temporary
        if sync:
            _sync_file(temporary)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    if sync:
        sync_folder(path.parent)


@contextlib.contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Let a folder of files be written under another name, and put it into its place when it is whole.

    Args:
        path: The folder, which is not there when it is put into its place; the one above it is.

    Yields:
        An empty folder to write into. If that raises, nothing is left.

    Raises:
        OSError: It cannot be put into its place, or something is there.
    """
    temporary = temporary_path(path)
    try:
        temporary.mkdir()
        yield temporary
        for file in sorted(temporary.iterdir()):
            _sync_file(file)
        sync_folder(temporary)
        os.rename(temporary, path)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make what was made, renamed and removed in a folder last through a power cut, where the system can."""
    if os.name == "posix":
        _sync_file(folder)


def temporary_path(path: Path) -> Path:
    """A hidden name beside a path that nobody else takes: another process, thread or machine."""
    return path.with_name(f".{path.name}-{os.getpid()}-{secrets.token_hex(3)}")


def remove_leftovers(folder: Path, *, everyone: bool = False) -> None:
    """Remove what processes that are no more have left half written in a folder.

    Only names such as `temporary_path` makes are touched. What cannot be removed stays.

    Args:
        folder: The folder itself, not those in it; it need not be there.
        everyone: Whether nobody can be writing there now. Otherwise what a running process of this machine
            may be writing stays. What this process has under such a name was another's of the same number,
            since leftovers are removed before it writes.
    """
    try:
        found = list(folder.iterdir())
    except OSError:
        return
    for path in found:
        match = _OURS.fullmatch(path.name)
        if match is None or not (everyone or _gone(int(match[1]))):
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            with contextlib.suppress(OSError):
                path.unlink()


def _gone(process: int) -> bool:
    if process == os.getpid():
        return True
    if os.name != "posix":  # Asking would end it there.
        return False
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return True
    except PermissionError:
        return False
    return False


def _sync_file(path: Path) -> None:
    # Windows wants a file that can be written; a folder cannot be opened for that anywhere.
    flags = os.O_RDONLY if path.is_dir() else os.O_RDWR
    descriptor = os.open(path, flags | getattr(os, "O_BINARY", 0))
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
