"""The files in a folder: found without following links out of it or round, and told by what they are called.

- Names that begin with a dot are passed over, and so is what archives of a Mac bring along.
- Links to folders are never followed, so that nothing is gone round; links to files only where they lead to a
  file inside the folder.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from dlsuite.data.rows import TEST, TRAIN, VALIDATION
from dlsuite.errors import DataError, closest

SPLITS = {
    **dict.fromkeys(("train", "training"), TRAIN),
    **dict.fromkeys(("validation", "val", "valid"), VALIDATION),
    **dict.fromkeys(("test", "testing"), TEST),
}
"""What folders of splits are called, in any case."""
SPLIT_NAMES = {TRAIN: "training", VALIDATION: "validation", TEST: "test"}
_NAMED = 3
"""How many files a note names."""


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file, and what tells it from what it was before it changed.

    Attributes:
        name: Its path below the folder, with slashes.
        size: Bytes.
        modified: When its content was last modified, nanoseconds since the epoch.
        changed: When it was last modified, renamed or linked, likewise.
    """

    name: str
    size: int
    modified: int
    changed: int


class FolderWalk:
    """Goes through a folder, and remembers what it passed over.

    Attributes:
        links: Links that are not followed.
        others: Files of other suffixes, and what is no file.
        strays: Examples in no class folder.
        left: Folders beside those of splits.
    """

    def __init__(self, folder: Path, suffixes: tuple[str, ...]) -> None:
        self.links: list[str] = []
        self.others: list[str] = []
        self.strays: list[str] = []
        self.left: list[str] = []
        self._folder = folder
        self._prefix = len(str(folder)) + (0 if str(folder).endswith(os.sep) else 1)
        self._suffixes = suffixes

    def below(self, path: str | Path) -> str:
        """The path below the folder, with slashes."""
        return str(path)[self._prefix :].replace(os.sep, "/")

    def folders(self, top: Path) -> list[Path]:
        """The folders in a folder, sorted; links are not followed."""
        return [
            Path(entry.path) for entry in self._entries(top) if entry.is_dir(follow_symlinks=False)
        ]

    def split_folders(self) -> dict[int | None, Path] | None:
        """The folders of splits, training first; None where the folders are classes.

        They are splits if there is `train` with folders and no examples in it, and beside it another split or
        nothing at all.

        Raises:
            DataError: Two folders are one split, training is missing, or splits hold no class folders.
        """
        inside = self.folders(self._folder)
        named = [
            (SPLITS[path.name.lower()], path) for path in inside if path.name.lower() in SPLITS
        ]
        splits = {split for split, _ in named}
        others = [path for path in inside if path.name.lower() not in SPLITS]
        if not splits or (others and not (TRAIN in splits and len(splits) > 1)):
            return None
        holding = [path for _, path in named if self._holds_examples(path)]
        if others and holding:
            return None
        if TRAIN not in splits:
            raise DataError(
                f"{self._folder}: expected a folder train beside {named[0][1].name!r}; there is none."
            )
        if holding:
            raise DataError(
                f"{holding[0]}: expected class folders in the folder of a split; files are in it "
                "themselves. Sort them into a folder for each class."
            )
        for split in splits:
            same = [path.name for number, path in named if number == split]
            if len(same) > 1:
                raise DataError(
                    f"{self._folder}: expected one folder of {SPLIT_NAMES[split]}; there are "
                    f"{', '.join(map(repr, same))}."
                )
        self.left = [path.name for path in others]
        return {split: path for split, path in sorted(named)}

    def files(self, top: Path) -> Iterator[FoundFile]:
        """The examples below a folder, however deep."""
        waiting = [top]
        while waiting:
            for entry in self._entries(waiting.pop()):
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(Path(entry.path))
                elif self._is_example(entry):
                    try:
                        status = entry.stat()
                    except OSError:  # It went meanwhile.
                        continue
                    yield FoundFile(
                        self.below(entry.path),
                        status.st_size,
                        status.st_mtime_ns,
                        status.st_ctime_ns,
                    )

    def stray(self, top: Path) -> None:
        """Remember the examples that stand in a folder itself."""
        for entry in self._entries(top):
            if not entry.is_dir(follow_symlinks=False) and self._is_example(entry):
                self.strays.append(self.below(entry.path))

    def _holds_examples(self, top: Path) -> bool:
        return any(
            entry.name.lower().endswith(self._suffixes) and entry.is_file()
            for entry in self._entries(top)
        )

    def _is_example(self, entry: os.DirEntry[str]) -> bool:
        """Whether it is an example; if not, it is remembered."""
        if entry.is_symlink() and not self._leads_inside(entry):
            self.links.append(self.below(entry.path))
            return False
        if entry.name.lower().endswith(self._suffixes) and entry.is_file():
            return True
        self.others.append(self.below(entry.path))
        return False

    def _leads_inside(self, entry: os.DirEntry[str]) -> bool:
        """Whether a link leads to a file inside the folder."""
        try:
            target = Path(entry.path).resolve(strict=True)
        except (OSError, RuntimeError):  # To nothing, or round.
            return False
        return target.is_file() and target.is_relative_to(self._folder)

    def _entries(self, top: Path) -> list[os.DirEntry[str]]:
        """What is in a folder, sorted, without what is hidden."""
        try:
            with os.scandir(top) as entries:
                shown = [e for e in entries if not e.name.startswith(".") and e.name != "__MACOSX"]
        except OSError as error:
            raise DataError(
                f"{top}: the folder cannot be read ({error.strerror or error})."
            ) from error
        return sorted(shown, key=lambda entry: entry.name)


def files_below(path: str | Path, *, suffixes: Sequence[str], what: str) -> tuple[FoundFile, ...]:
    """List all files of some suffixes in a folder, however deep, sorted by path.

    Raises:
        DataError: There is no such folder, or it cannot be read.
    """
    folder = existing_folder(path, what=what)
    return tuple(
        sorted(FolderWalk(folder, tuple(suffixes)).files(folder), key=lambda file: file.name)
    )


def existing_folder(path: str | Path, *, what: str) -> Path:
    """Resolve a folder.

    Raises:
        DataError: There is no such folder.
    """
    folder = Path(path).expanduser()
    if folder.is_dir():
        return folder.resolve()
    if folder.exists():
        raise DataError(f"{path}: expected a folder of class folders with {what}; it is a file.")
    if not folder.parent.is_dir():
        raise DataError(f"{path}: there is no such folder, nor a folder {str(folder.parent)!r}.")
    beside = [entry.name for entry in folder.parent.iterdir() if entry.is_dir()]
    raise DataError(f"{path}: there is no such folder. {closest(folder.name, beside)}")


def listed(names: Sequence[str]) -> str:
    """Count names, and write the first few."""
    shown = ", ".join(repr(name) for name in names[:_NAMED])
    return f"{len(names)} ({shown}{', ...' if len(names) > _NAMED else ''})"
