"""A study's results folder: parts written whole or not at all, and files that are replaced whole.

A part is a folder of three CSVs with the rows of one population, and the weights of its best trials. It knows
its trials by key alone, so it stays good when a study is renamed or extended.
"""

import contextlib
import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import pandas as pd

from dlsuite.errors import StoreError
from dlsuite.spec import display
from dlsuite.store.schema import METRICS, PART_CURVES, PART_LAYERS, PART_TRIALS
from dlsuite.store.stored_part import StoredPart, stored_part
from dlsuite.store.weights import Weights, read_weights, weighed_trials, write_weights

_WEIGHTS = "weights.npz"
_TABLES = {"trials": PART_TRIALS, "curves": PART_CURVES, "layers": PART_LAYERS}


@dataclass(frozen=True)
class Part:
    """The rows of one population.

    Attributes:
        trials: A row a trial.
        curves: A row a trial and epoch.
        layers: A row a trial, epoch and layer.
        weights: Weights of some of its trials, by key. They are written; who reads parts does not get them,
            but asks `ResultsFolder.weights` for a trial's.
    """

    trials: pd.DataFrame
    curves: pd.DataFrame
    layers: pd.DataFrame
    weights: Mapping[str, Weights] = field(default_factory=dict)


class ResultsFolder:
    """A study's folder under `results/`.

    Args:
        path: The folder; it is made when something is first written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._parts = path / "parts"
        self._indexed: tuple[Path, ...] = ()
        self._index: Mapping[tuple[str, int], Path] = {}

    def open(self) -> None:
        """Make the folder, and see that it can be written.

        Raises:
            StoreError: It cannot.
        """
        with self._failing("made"):
            self._parts.mkdir(parents=True, exist_ok=True)
            probe = self._parts / f".writable-{os.getpid()}"
            probe.touch()
            probe.unlink()

    def add_part(self, part: Part) -> None:
        """Write a part: into a folder of another name first, which is then renamed."""
        keys = "".join(part.trials["trial"]) + str(part.trials["epochs"].iloc[0])
        if METRICS in part.trials:  # Others of the same trials are no reason to throw a part away.
            keys += str(part.trials[METRICS].iloc[0])
        name = hashlib.sha256(keys.encode()).hexdigest()[:16]
        temporary = self._parts / f".{name}-{os.getpid()}"
        with self._failing("written"):
            shutil.rmtree(temporary, ignore_errors=True)
            temporary.mkdir(parents=True)
            for table, columns in _TABLES.items():
                frame: pd.DataFrame = getattr(part, table)
                further = [column for column in frame.columns if column not in columns]
                text = to_csv(frame.reindex(columns=[*columns, *further]))
                _write_synced(temporary / f"{table}.csv", text)
            if part.weights:
                write_weights(temporary / _WEIGHTS, part.weights)
            if (self._parts / name).exists():
                self._set_aside(self._parts / name)
            os.rename(temporary, self._parts / name)
            _sync(self._parts)

    def parts(self) -> tuple[list[StoredPart], list[str]]:
        """Read all parts.

        Returns:
            The parts, ordered by name, and a line for each one that could not be read. Those are moved to
            `rejected/`, so that their trials are trained again.
        """
        found: list[StoredPart] = []
        rejected: list[str] = []
        with self._failing("read"):
            folders = sorted(self._parts.iterdir()) if self._parts.exists() else []
        for folder in folders:
            if folder.name.startswith("."):
                continue
            try:
                found.append(stored_part(folder, _TABLES))
            except (OSError, ValueError, KeyError) as error:
                with self._failing("moved"):
                    moved = self._set_aside(folder)
                rejected.append(
                    f"{folder}: not a part that can be used ({error}); moved to {moved}."
                )
        return found, rejected

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
        paths = tuple(sorted(self._parts.glob(f"[!.]*/{_WEIGHTS}")))
        if paths != self._indexed:
            found: dict[tuple[str, int], Path] = {}
            for path in paths:
                with _reading_weights(path):
                    keys = weighed_trials(path)
                    trials = read_csv(path.with_name("trials.csv"))
                    own = trials.loc[trials["trial"].isin(keys), ["trial", "epochs"]]
                for key, epochs in own.itertuples(index=False):
                    found.setdefault((key, int(epochs)), path)
            self._indexed, self._index = paths, found
        return self._index

    def write(self, files: Mapping[str, str | Iterable[bytes]]) -> None:
        """Replace files, each at once: a reader sees the old one or the new one, never a half.

        Args:
            files: Contents by name, in pieces where they are large.

        Raises:
            StoreError: One cannot be written.
        """
        with self._failing("written"):
            self.path.mkdir(parents=True, exist_ok=True)
            for name, text in files.items():
                temporary = self.path / f".{name}-{os.getpid()}"
                _write_synced(temporary, text)
                os.replace(temporary, self.path / name)
            _sync(self.path)

    def read_table(self, name: str) -> pd.DataFrame:
        """Read one of the merged tables, such as `trials`.

        Raises:
            StoreError: It is not there or is no table.
        """
        path = self.path / f"{name}.csv"
        try:
            table = read_csv(path)
        except FileNotFoundError as error:
            raise StoreError(
                f"{path}: not there; run the study first, with 'dlsuite run'."
            ) from error
        except (OSError, ValueError) as error:
            raise StoreError(f"{path}: cannot be read as a table ({error}).") from error
        if "task" not in table.columns:
            raise StoreError(
                f"{path}: expected a column 'task'; it begins with {', '.join(table.columns[:3])!r}. "
                "Delete it and run the study again: nothing is trained twice."
            )
        return table

    def _set_aside(self, folder: Path) -> Path:
        rejected = self.path / "rejected"
        rejected.mkdir(exist_ok=True)
        target = rejected / folder.name
        number = 1
        while target.exists():
            number += 1
            target = rejected / f"{folder.name}-{number}"
        os.rename(folder, target)
        return target

    @contextlib.contextmanager
    def _failing(self, verb: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            reason = error.strerror or str(error)
            raise StoreError(
                f"{error.filename or self.path}: cannot be {verb} ({reason}). Give another place with --out."
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


def to_csv(frame: pd.DataFrame, *, exact: Iterable[str] = ()) -> str:
    """Write a table as CSV.

    Args:
        frame: The table. Measured numbers are written with seven significant digits, as many as float32
            can be trusted with.
        exact: Columns of settings, which are written as a study would, with all their digits.
    """
    written = {column: frame[column].map(_as_setting) for column in exact if column in frame}
    frame = frame.assign(**written)
    text = frame.to_csv(index=False, float_format="%.7g", lineterminator="\n")
    assert isinstance(text, str)
    return text


def _as_setting(value: object) -> object:
    """A number or list as a study writes it; a text, a truth value or nothing as it is."""
    return display(value) if isinstance(value, float | tuple) and value == value else value


def read_csv(source: Path | IO[bytes]) -> pd.DataFrame:
    """Read a table that `to_csv` wrote. Keys and conditions stay texts.

    Raises:
        OSError: The file cannot be read.
        ValueError: It is not a table.
    """
    texts = {"trial": str, "condition": str, "task": str, METRICS: str}
    return pd.read_csv(source, dtype=texts, keep_default_na=False, na_values=[""])


def _write_synced(path: Path, content: str | Iterable[bytes]) -> None:
    with path.open("wb") as file:
        for piece in (content.encode(),) if isinstance(content, str) else content:
            file.write(piece)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    """Make renames in a folder last through a power cut, where the system can."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
