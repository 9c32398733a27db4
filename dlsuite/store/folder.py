"""A study's results folder: parts written whole or not at all, and files that are replaced whole."""

import contextlib
import errno
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import pandas as pd

from dlsuite.atomic import new_folder, remove_leftovers, temporary_path, write_file
from dlsuite.errors import StoreError
from dlsuite.store.checkpoints import FOLDER as CHECKPOINTS
from dlsuite.store.claim import Claim
from dlsuite.store.manifest import DamagedError, Manifest
from dlsuite.store.part import WEIGHTS, Part, fill_part, read_part, stamp_of
from dlsuite.store.result_columns import check_table
from dlsuite.store.stored_part import StoredPart
from dlsuite.store.tables import read_csv
from dlsuite.store.weights import Weights, read_weights

REJECTED = "rejected"
"""The folder, in a study's, of what was set aside."""
REASON = "reason.txt"
"""The file that says why something was set aside, beside it."""

_FOLDERS = ("parts", CHECKPOINTS, "models", "figures")
_FULL = (errno.ENOSPC, errno.EDQUOT)
_REMOVED = (errno.ENOENT, errno.ESTALE, errno.ENOTDIR)
_FORBIDDEN = (errno.EROFS, errno.EACCES, errno.EPERM)


class ResultsFolder:
    """A study's folder under `results/`.

    Args:
        path: The folder; it is made when something is first written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._parts = path / "parts"
        self._read: dict[str, tuple[object, StoredPart]] = {}
        self._indexed: tuple[Path, ...] = ()
        self._index: Mapping[tuple[str, int], Path] = {}
        self._sound: set[tuple[Path, int, int]] = set()
        self._claim: Claim | None = None

    @contextlib.contextmanager
    def claim(self) -> Iterator[None]:
        """Hold the folder for a run, so that no other one works in it meanwhile; see `store.claim`.

        Inside, `add_part` and `write` see first whether it is still held.

        Raises:
            ClaimedError: Another run holds it; who, and what to do, is said.
            StoreError: It cannot be written.
        """
        with Claim(self.path) as claim:
            self._claim = claim
            try:
                yield
            finally:
                self._claim = None

    def open(self) -> None:
        """Make the folder, see that it can be written, and remove what dead processes left half written.

        Raises:
            StoreError: It cannot be made or written.
        """
        with self._failing("made"):
            self._parts.mkdir(parents=True, exist_ok=True)
            probe = temporary_path(self._parts / "writable")
            probe.touch()
            probe.unlink()
        remove_leftovers(self.path)
        for name in _FOLDERS:
            # Parts and checkpoints are written by a run alone.
            remove_leftovers(self.path / name, everyone=name in ("parts", CHECKPOINTS))

    def add_part(self, part: Part) -> None:
        """Write a part: whole or not at all.

        Raises:
            StoreError: It cannot be written, or the folder is not held any more. The parts that are there
                stay as they are.
        """
        with self._failing("written", self._parts / part.name):
            self._make(self._parts)
            with new_folder(self._place(part.name)) as temporary:
                fill_part(temporary, part)

    def _make(self, folder: Path) -> None:
        """Make a folder to write in; under a run, which made it, it is not made anew once it was removed."""
        if self._claim is None:
            folder.mkdir(parents=True, exist_ok=True)
        else:
            self._claim.check()

    def _place(self, name: str) -> Path:
        """Where a part can be put: what is there already was of no use, and is set aside."""
        place = self._parts / name
        number = 1
        while os.path.lexists(place):
            try:
                self._set_aside(place, "its trials were trained again")
            except OSError:
                number += 1
                place = self._parts / f"{name}-{number}"
        return place

    def parts(self) -> tuple[list[StoredPart], list[str]]:
        """Read all parts. Those that were read before and have not changed are not read again.

        Returns:
            The parts, ordered by name, and a line for each one that cannot be used, with the reason. Those
            are moved to `rejected/`, so that their trials are trained again.

        Raises:
            StoreError: The folder cannot be read, or `rejected/` cannot be written.
        """
        found: dict[str, tuple[object, StoredPart]] = {}
        rejected: list[str] = []
        with self._failing("read", self._parts):
            folders = sorted(self._parts.iterdir()) if self._parts.exists() else []
        for folder in folders:
            if folder.name.startswith("."):
                continue
            try:
                found[folder.name] = self._part(folder)
            except DamagedError as error:
                rejected.append(self._reject(folder, str(error)))
            except OSError as error:
                rejected.append(self._reject(folder, f"cannot be read: {error.strerror or error}"))
        self._read = found
        return [part for _, part in found.values()], rejected

    def _part(self, folder: Path) -> tuple[object, StoredPart]:
        stamp = stamp_of(folder) if folder.is_dir() else None
        if stamp is not None and folder.name in self._read:
            known = self._read[folder.name]
            if known[0] == stamp:
                return known
        return stamp, read_part(folder)

    def weights(self, key: str, *, epochs: int) -> Weights | None:
        """Read the weights that a part has kept of a trial.

        Args:
            key: The trial's key.
            epochs: How many epochs it was trained: a study that was extended has it twice.

        Returns:
            Its best epoch's weights, in the model's order; None where no part has kept them.

        Raises:
            StoreError: They are kept and cannot be read.
        """
        path = self._weighed().get((key, epochs))
        if path is None:
            return None
        with _reading_weights(path):
            self._verify_weights(path)
            return read_weights(path, key)

    def has_weights(self, key: str, *, epochs: int) -> bool:
        """Whether a part has kept a trial's weights, without reading them."""
        return (key, epochs) in self._weighed()

    def check_weights(self) -> None:
        """See that the parts' weights can be found.

        Raises:
            StoreError: One of their files is damaged.
        """
        self._weighed()

    def _weighed(self) -> Mapping[tuple[str, int], Path]:
        """Where the weights of a trial are, by its key and epochs; found anew when parts come or go."""
        paths = tuple(sorted(self._parts.glob(f"[!.]*/{WEIGHTS}")))
        if paths != self._indexed:
            found: dict[tuple[str, int], Path] = {}
            for path in paths:
                try:
                    manifest = Manifest.read(path.parent)
                except (OSError, DamagedError):  # It is no part, which a run will say.
                    continue
                with _reading_weights(path):
                    manifest.verify_size(path)
                    for key in manifest.weighed:
                        found.setdefault((key, manifest.trials[key]), path)
            self._indexed, self._index = paths, found
        return self._index

    def _verify_weights(self, path: Path) -> None:
        """See once in a process that weights are as they were written."""
        status = path.stat()
        stamp = (path, status.st_size, status.st_mtime_ns)
        if stamp not in self._sound:
            Manifest.read(path.parent).verify(path)
            self._sound.add(stamp)

    def write(self, files: Mapping[str, str | Iterable[bytes]]) -> None:
        """Replace files, each at once: a reader sees the old one or the new one, never a half.

        Args:
            files: Contents by name, in pieces where they are large.

        Raises:
            StoreError: One cannot be written, or the folder is not held any more.
        """
        for name, text in files.items():
            with self._failing("written", self.path / name):
                self._make(self.path)
                write_file(self.path / name, text)

    def remove(self, names: Iterable[str]) -> None:
        """Remove files, where they are there.

        Raises:
            StoreError: One cannot be removed.
        """
        for name in names:
            with self._failing("removed", self.path / name):
                (self.path / name).unlink(missing_ok=True)

    def read_table(self, name: str) -> pd.DataFrame:
        """Read one of the merged tables, such as `trials`.

        Raises:
            StoreError: It is not there or is no table.
        """
        path = self.path / f"{name}.csv"
        try:
            table = read_csv(path)
            check_table(name, table)
        except FileNotFoundError as error:
            raise StoreError(
                f"{path}: not there; run the study first, with 'dlsuite run'."
            ) from error
        except (OSError, ValueError, OverflowError) as error:
            reason = " ".join(str(error).split())[:300].rstrip(".")
            raise StoreError(
                f"{path}: cannot be read as a table: {reason}. Delete it and run the study again: nothing is "
                "trained twice."
            ) from error
        return table

    def rejected(self) -> dict[str, str]:
        """Why what lies in `rejected/` was set aside, by name; nothing of what nobody has written down."""
        reasons = {}
        for path in sorted((self.path / REJECTED).glob(f"*/{REASON}")):
            with contextlib.suppress(OSError):
                reasons[path.parent.name] = path.read_text(
                    encoding="utf-8", errors="replace"
                ).strip()
        return reasons

    def _reject(self, path: Path, reason: str) -> str:
        """Set aside what is no part, and say so in a line."""
        reason = " ".join(reason.split())
        if not os.path.lexists(path):
            return f"{path}: vanished while it was read; its trials are trained again."
        said = f"{path}: not a part that can be used ({reason})"
        try:
            moved = self._set_aside(path, reason)
        except OSError as error:
            return (
                f"{said}; it cannot be moved to {REJECTED}/ ({error.strerror or error}), stays where it is "
                "and is left out: its trials are trained again."
            )
        return f"{said}; moved to {moved}, its trials are trained again."

    def _set_aside(self, path: Path, reason: str) -> Path:
        """Move something to `rejected/`, and write down why.

        Raises:
            StoreError: `rejected/` cannot be written.
            OSError: It cannot be moved.
        """
        rejected = self.path / REJECTED
        with self._failing("written", rejected):
            rejected.mkdir(exist_ok=True)
            probe = temporary_path(rejected / "writable")
            probe.touch()
            probe.unlink()
        target = rejected / path.name
        number = 1
        while os.path.lexists(target):
            number += 1
            target = rejected / f"{path.name}-{number}"
        if path.is_dir() and not path.is_symlink():
            os.rename(path, target)
        else:
            target.mkdir()
            os.rename(path, target / path.name)
        with self._failing("written", target / REASON):
            write_file(target / REASON, f"{reason}\n")
        return target

    @contextlib.contextmanager
    def _failing(self, verb: str, path: Path | None = None) -> Iterator[None]:
        """Say what cannot be done, why, and how to go on."""
        try:
            yield
        except OSError as error:
            reason = error.strerror or str(error)
            if self._claim is not None and error.errno in _REMOVED:
                self._claim.check()
                further = (
                    "It was removed while the study ran; give the same command again to go on."
                )
            elif error.errno in _FULL:
                further = (
                    "What is finished stays: make room and give the same command again, or give another "
                    "place with --out."
                )
            elif error.errno in _FORBIDDEN:
                further = (
                    "What is finished stays: see that it can be written and give the same command again, "
                    "or give another place with --out."
                )
            else:
                further = "Give another place with --out."
            raise StoreError(
                f"{path or self.path}: cannot be {verb} ({reason}). {further}"
            ) from error


@contextlib.contextmanager
def _reading_weights(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError, KeyError) as error:
        raise StoreError(
            f"{path}: cannot be read as weights ({error}); delete the folder {path.parent.name} and run the "
            "study again: its trials are trained anew."
        ) from error
