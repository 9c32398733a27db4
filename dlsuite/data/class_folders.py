"""Folders of class folders: which files are in which class, and in which split where that is given.

What is read, whatever the files hold:

- A folder in the folder is a class; all files below it, however deep, are examples of the class.
- Where folders `train` and `test` (or `validation`, `val`, `valid`) stand above the class folders, they are
  the splits. Without validation, or without a test, it is drawn from training.
- Names that begin with a dot are passed over, and so is what archives of a Mac bring along.
- Links to folders are never followed, so that nothing is gone round; links to files only where they lead to a
  file inside the folder.
- Classes are sorted by name, whole numbers by what they are worth; examples by split, class and path.

Nothing is opened here: what a file holds is for others to say.
"""

import os
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from dlsuite.data.dataset import Array
from dlsuite.data.folder_walk import SPLIT_NAMES, FolderWalk, FoundFile, existing_folder, listed
from dlsuite.data.parts import FEWEST_OF_A_CLASS
from dlsuite.data.rows import FREE, TEST, TRAIN, VALIDATION, SplitRules
from dlsuite.data.targets import label_classes
from dlsuite.errors import DataError, closest


@dataclass(frozen=True, eq=False, kw_only=True)
class ClassFolders:
    """The examples in a folder of class folders.

    Attributes:
        folder: The folder, resolved.
        source: What to call it in messages.
        files: The examples.
        labels: The class of each, int64 `[n]`.
        class_names: By label.
        splits: Where each is given to, `TRAIN`, `VALIDATION` or `TEST`, int64 `[n]`; None where no split is
            given.
        notes: What was passed over.
    """

    folder: Path
    source: str
    files: tuple[FoundFile, ...]
    labels: Array
    class_names: tuple[str, ...]
    splits: Array | None
    notes: tuple[str, ...]

    def __len__(self) -> int:
        """Return the number of examples."""
        return len(self.files)

    @property
    def rules(self) -> SplitRules:
        """How the examples are split: as given, and what is not given is drawn from training."""
        if self.splits is None:
            return SplitRules()
        given = self.splits.copy()
        if self._drawn:
            given[given == TRAIN] = FREE
        return SplitRules(given=given)

    @property
    def _drawn(self) -> int:
        """How many splits are left to a lot."""
        if self.splits is None:
            return 2
        return sum(not (self.splits == split).any() for split in (VALIDATION, TEST))

    def without(self, places: Iterable[int]) -> "ClassFolders":
        """Leave examples out; the classes stay, see `check`."""
        kept = np.setdiff1d(np.arange(len(self)), np.fromiter(places, dtype=np.int64))
        return replace(
            self,
            files=tuple(self.files[place] for place in kept),
            labels=self.labels[kept],
            splits=None if self.splits is None else self.splits[kept],
        )

    def check(self, *, what: str) -> None:
        """Refuse one class only, or a class of too few examples to be in every split.

        Args:
            what: What an example is called, in the plural.

        Raises:
            DataError: There is one.
        """
        if len(self.class_names) < 2:
            raise DataError(
                f"{self.source}: expected 2 class folders or more with {what} in them; there is one, "
                f"{self.class_names[0]!r}."
            )
        training = self.labels if self.splits is None else self.labels[self.splits == TRAIN]
        counts = np.bincount(training, minlength=len(self.class_names))
        least = FEWEST_OF_A_CLASS if self.splits is None else 1 + self._drawn
        rarest = int(np.argmin(counts))
        if counts[rarest] < least:
            more = int((counts < least).sum()) - 1
            others = f", and {more} more have too few" if more else ""
            place = "" if self.splits is None else " for training"
            raise DataError(
                f"{self.source}: expected at least {least} {what} of each class{place}; the class folder "
                f"{self.class_names[rarest]!r} has {counts[rarest]}{others}. Add some, or leave the class "
                "out (drop = [...])."
            )


def list_class_folders(
    path: str | Path, *, suffixes: Sequence[str], what: str, drop: Collection[str] = ()
) -> ClassFolders:
    """List the examples in a folder of class folders; see the module's rules.

    Args:
        path: The folder.
        suffixes: How the names of examples end, in lower case, with the dot; case does not matter.
        what: What an example is called, in the plural, for messages and notes.
        drop: Class folders to leave out.

    Raises:
        DataError: There is no such folder, it cannot be read, holds no class folder with examples, or gives a
            split without training, or `drop` names what is not there.
    """
    source = str(path)
    folder = existing_folder(path, what=what)
    walk = FolderWalk(folder, tuple(suffixes))
    tops = walk.split_folders()
    if tops is None:
        tops = {None: folder}
    else:
        walk.stray(folder)
    found: list[tuple[int, str, FoundFile]] = []
    seen: set[str] = set()
    empty: list[str] = []
    for split, top in tops.items():
        for inside in walk.folders(top):
            name = class_name(inside.name)
            seen.add(name)
            if name in drop:
                continue
            files = list(walk.files(inside))
            found.extend((TRAIN if split is None else split, name, file) for file in files)
            if not files:
                empty.append(walk.below(inside))
        walk.stray(top)
    unknown = sorted(set(drop) - seen)
    if unknown:
        raise DataError(
            f"{source}: drop names {unknown[0]!r}, and there is no such class folder. "
            f"{closest(unknown[0], seen)}"
        )
    if not found:
        raise DataError(_nothing(source, walk, what))
    given = None not in tops
    training = {name for split, name, _ in found if split == TRAIN}
    absent = sorted({name for _, name, _ in found} - training)
    if absent:
        split = next(split for split, name, _ in found if name == absent[0])
        raise DataError(
            f"{source}: expected every class in training too; {absent[0]!r} has {what} in "
            f"{SPLIT_NAMES[split]} and none in training."
        )
    labels, class_names = label_classes(np.array(sorted(training), dtype=object))
    number = dict(zip(sorted(training), labels.tolist(), strict=True))
    found.sort(key=lambda item: (item[0], number[item[1]], item[2].name))
    return ClassFolders(
        folder=folder,
        source=source,
        files=tuple(file for _, _, file in found),
        labels=np.array([number[name] for _, name, _ in found], dtype=np.int64),
        class_names=class_names,
        splits=np.array([split for split, _, _ in found], dtype=np.int64) if given else None,
        notes=_notes(walk, empty, what),
    )


def class_name(name: str) -> str:
    """Name the class of a folder: in composed characters, and bytes that are no UTF-8 written out."""
    return unicodedata.normalize("NFC", os.fsencode(name).decode("utf-8", "backslashreplace"))


def _nothing(source: str, walk: FolderWalk, what: str) -> str:
    if walk.strays:
        return (
            f"{source}: expected a folder for each class with {what} in it; {walk.strays[0]!r} stands in the "
            "folder itself. Sort the files into a folder for each class."
        )
    if walk.links:
        return (
            f"{source}: expected {what} in class folders; there are only links that are not followed, as "
            f"{walk.links[0]!r}. Copy the files into the folder."
        )
    found = f" Other files are, as {walk.others[0]!r}." if walk.others else ""
    return f"{source}: expected {what} in class folders; there are none.{found}"


def _notes(walk: FolderWalk, empty: Sequence[str], what: str) -> tuple[str, ...]:
    told = (
        (empty, f"Class folders without {what}"),
        (walk.left, "Folders beside those of the splits, which are not read"),
        (walk.strays, f"{what.capitalize()} in no class folder, which are not read"),
        (walk.links, "Links to folders or out of the folder, which are not followed"),
        (walk.others, "Other files, which are not read"),
    )
    return tuple(f"{text}: {listed(names)}." for names, text in told if names)
