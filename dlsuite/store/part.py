"""A part: a folder of three CSVs with the rows of one population, the weights of its best trials, a manifest.

It knows its trials by key alone, so it stays good when a study is renamed or extended.
"""

import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from dlsuite.store.manifest import MANIFEST, DamagedError, Manifest
from dlsuite.store.schema import METRICS, PART_CURVES, PART_LAYERS, PART_TRIALS
from dlsuite.store.tables import check_columns, read_csv, to_csv
from dlsuite.store.weights import Weights, write_weights

WEIGHTS = "weights.npz"
"""The name of the file of weights in a part."""

_TABLES = {"trials": PART_TRIALS, "curves": PART_CURVES, "layers": PART_LAYERS}
_TEXTS = ("trial", "status", "layer")


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

    @property
    def name(self) -> str:
        """Its folder's name, a hash of what it holds: the trials, their epochs, the metrics asked for."""
        keys = "".join(self.trials["trial"]) + str(self.trials["epochs"].iloc[0])
        if METRICS in self.trials:  # Others of the same trials are no reason to throw a part away.
            keys += str(self.trials[METRICS].iloc[0])
        return hashlib.sha256(keys.encode()).hexdigest()[:16]


def fill_part(folder: Path, part: Part) -> None:
    """Write a part's files. The same rows and weights give the same bytes.

    Args:
        folder: An empty folder, which is renamed when all is written.
        part: The rows, and weights.

    Raises:
        OSError: They cannot be written.
    """
    for table, columns in _TABLES.items():
        frame: pd.DataFrame = getattr(part, table)
        further = [column for column in frame.columns if column not in columns]
        text = to_csv(frame.reindex(columns=[*columns, *further]))
        (folder / f"{table}.csv").write_bytes(text.encode())
    if part.weights:
        write_weights(folder / WEIGHTS, part.weights)
    trials = part.trials["trial"], part.trials["epochs"]
    listed = {str(key): int(epochs) for key, epochs in zip(*trials, strict=True)}
    manifest = Manifest.of(folder, listed, weighed=part.weights)
    (folder / MANIFEST).write_bytes(manifest.text().encode())


def open_part(folder: Path) -> Manifest:
    """Read what a part consists of, and see that its weights, if they are there, have their size.

    Raises:
        DamagedError: It is no part, or not as it was written.
        OSError: It cannot be read.
    """
    if not folder.is_dir():
        raise DamagedError("it is no folder")
    manifest = Manifest.read(folder)
    if WEIGHTS in manifest.files and (folder / WEIGHTS).exists():
        manifest.verify_size(folder / WEIGHTS)
    return manifest


def read_part(folder: Path) -> Part:
    """Read a part's rows, and see that they are what was written.

    Of its weights, which are large, only the size is looked at; `ResultsFolder.weights` verifies what it
    reads. They may be missing: whoever shares results can leave them out. (On two busy cores, 150 to 200 MB
    are hashed in a second: a thirtieth of the time that reading the tables takes, but a second or more for
    weights that nobody may ask for.)

    Raises:
        DamagedError: It is no part, or not as it was written.
        OSError: It cannot be read.
    """
    manifest = open_part(folder)
    frames: dict[str, pd.DataFrame] = {}
    for table, columns in _TABLES.items():
        path = folder / f"{table}.csv"
        content = manifest.verified(path)
        try:
            frame = read_csv(io.BytesIO(content))
            check_columns(frame, columns, texts=_TEXTS)
            _check_trials(frame, manifest)
        except ValueError as error:
            raise DamagedError(f"{path.name} {error}") from error
        frames[table] = frame
    trials = frames["trials"]
    if dict(zip(trials["trial"], trials["epochs"], strict=True)) != dict(manifest.trials):
        raise DamagedError(f"trials.csv has other trials or epochs than {MANIFEST}")
    if trials["trial"].duplicated().any():
        raise DamagedError("trials.csv has a trial twice")
    return Part(trials=trials, curves=frames["curves"], layers=frames["layers"])


def stamp_of(folder: Path) -> tuple[tuple[str, int, int, int], ...]:
    """What changes when a file of a part is written, replaced or removed; nothing is read.

    Raises:
        OSError: The folder cannot be looked at.
    """
    stamps = []
    for path in sorted(folder.iterdir()):
        found = path.stat()
        stamps.append((path.name, found.st_ino, found.st_size, found.st_mtime_ns))
    return tuple(stamps)


def _check_trials(frame: pd.DataFrame, manifest: Manifest) -> None:
    strange = sorted(set(frame["trial"].unique()) - set(manifest.trials))
    if strange:
        raise ValueError(f"has rows of {strange[0]}, which {MANIFEST} does not list")
