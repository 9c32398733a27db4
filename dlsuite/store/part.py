"""A part: a folder of three CSVs with the rows of one population, the weights of its best trials, a manifest.

It knows its trials by key alone, so it stays good when a study is renamed or extended.
"""

import csv
import hashlib
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from dlsuite.store.manifest import MANIFEST, DamagedError, Manifest
from dlsuite.store.schema import FAILED, METRICS, PART_CURVES, PART_LAYERS, PART_TRIALS
from dlsuite.store.stored_part import StoredPart, columns_of, contiguous_blocks
from dlsuite.store.tables import check_columns, check_header, read_csv, to_csv
from dlsuite.store.weights import Weights, weights_file

WEIGHTS = "weights.npz"
"""The name of the file of weights in a part."""

ERROR = "error.txt"
"""The name of the file, in a part whose trials failed, that says where the error was raised."""

_TABLES = {"trials": PART_TRIALS, "curves": PART_CURVES, "layers": PART_LAYERS}
_TEXTS = ("trial", "status")
_OF_NUMBERS = b"0123456789abcdef.+-,\n"
"""What numbers and keys are written with, and what parts them."""
_FIRST_CELLS = re.compile(rb"^([^,\n]*),", re.MULTILINE)


@dataclass(frozen=True)
class Part:
    """The rows of one population, as the bytes that lie on the disk.

    They are made where the population was trained, by `Part.of`; whoever keeps them only writes.

    Attributes:
        name: Its folder's name, a hash of what it holds: the trials, their epochs, the metrics asked for.
        trials: The epochs that each of its trials was trained, by the trial's key.
        files: What its files hold, by name, but for the manifest.
        weighed: The keys of the trials whose weights are among them.
    """

    name: str
    trials: Mapping[str, int]
    files: Mapping[str, bytes]
    weighed: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        trials: pd.DataFrame,
        curves: pd.DataFrame,
        layers: pd.DataFrame,
        *,
        weights: Mapping[str, Weights] | None = None,
        error: str = "",
    ) -> "Part":
        """Write the rows of a population. The same rows and weights give the same bytes.

        Args:
            trials: A row a trial, with `trial`, its key, and `epochs`. `store.schema` lists the further
                columns of all three tables; one that is not there is written empty.
            curves: A row a trial and epoch.
            layers: A row a trial, epoch and layer.
            weights: Weights of some of the trials, by key. Who reads parts does not get them, but asks
                `ResultsFolder.weights` for a trial's.
            error: Where the trials failed, the traceback. It is written, not read.
        """
        files = {}
        for frame, (table, columns) in zip((trials, curves, layers), _TABLES.items(), strict=True):
            further = [column for column in frame.columns if column not in columns]
            text = to_csv(frame.reindex(columns=[*columns, *further]))
            files[f"{table}.csv"] = text.encode()
        if weights:
            files[WEIGHTS] = weights_file(weights)
        if error:
            files[ERROR] = error.encode()
        listed = {
            str(key): int(epochs)
            for key, epochs in zip(trials["trial"], trials["epochs"], strict=True)
        }
        return cls(_name_of(trials), listed, files, tuple(weights or ()))


def _name_of(trials: pd.DataFrame) -> str:
    keys = "".join(trials["trial"]) + str(trials["epochs"].iloc[0])
    if METRICS in trials:  # Others of the same trials are no reason to throw a part away.
        keys += str(trials[METRICS].iloc[0])
    return hashlib.sha256(keys.encode()).hexdigest()[:16]


def fill_part(folder: Path, part: Part) -> None:
    """Write a part's files, and the manifest that seals them.

    Args:
        folder: An empty folder, which is renamed when all is written.
        part: The part.

    Raises:
        OSError: They cannot be written.
    """
    manifest = Manifest.of(part.files, part.trials, weighed=part.weighed)
    for name, content in {**part.files, MANIFEST: manifest.text().encode()}.items():
        (folder / name).write_bytes(content)


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


def read_part(folder: Path) -> StoredPart:
    """Read a part's trials, and see that all of its rows are what was written.

    Of its weights, which are large, only the size is looked at; `ResultsFolder.weights` verifies what it
    reads. They may be missing: whoever shares results can leave them out. (On two busy cores, 150 to 200 MB
    are hashed in a second: a thirtieth of the time that reading the tables takes, but a second or more for
    weights that nobody may ask for.)

    Raises:
        DamagedError: It is no part, or not as it was written.
        OSError: It cannot be read.
    """
    manifest = open_part(folder)
    content = {table: manifest.verified(folder / f"{table}.csv") for table in _TABLES}
    columns: dict[str, tuple[str, ...]] = {}
    for table, needed in _TABLES.items():
        try:
            columns[table] = columns_of(content[table])
            check_header(columns[table], needed)
            _check_keys(folder, content[table], manifest)
        except ValueError as error:
            raise DamagedError(f"{table}.csv {error}") from error
    rows = list(csv.DictReader(io.StringIO(content["trials"].decode(), newline="")))
    # Layers are handed on as they are.
    for table, plain in (
        ("trials", _are_numbers(rows)),
        ("curves", not _rows_of(content["curves"]).translate(None, _OF_NUMBERS)),
    ):
        try:
            if not plain:  # A parser knows what else is a number.
                frame = read_csv(io.BytesIO(content[table]))
                check_columns(frame, _TABLES[table], texts=_TEXTS)
        except ValueError as error:
            raise DamagedError(f"{table}.csv {error}") from error
    trained = [
        (row["trial"], int(row["epochs"]), frozenset((row.get(METRICS) or "").split()))
        for row in rows
    ]
    if {key: epochs for key, epochs, _ in trained} != dict(manifest.trials):
        raise DamagedError(f"trials.csv has other trials or epochs than {MANIFEST}")
    if len(trained) > len(manifest.trials):
        raise DamagedError("trials.csv has a trial twice")
    failed = any(row["status"] == FAILED for row in rows)
    return StoredPart(folder, trained, columns, failed=failed)


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


def _check_keys(folder: Path, content: bytes, manifest: Manifest) -> None:
    """See that every row begins with a trial's key."""
    if contiguous_blocks(folder, content, manifest.trials) is not None:
        return
    if b'"' in content:  # Only a parser can tell where a row begins.
        found = {row[0] for row in list(csv.reader(io.StringIO(content.decode(), newline="")))[1:]}
    else:
        cells = _FIRST_CELLS.findall(content, content.find(b"\n") + 1)
        found = {key.decode(errors="replace") for key in set(cells)}
    if "" in found:
        raise ValueError("has an empty cell in the column trial")
    if strange := sorted(found - set(manifest.trials)):
        raise ValueError(f"has rows of {strange[0]}, which {MANIFEST} does not list")


def _rows_of(content: bytes) -> bytes:
    return content[content.find(b"\n") + 1 :]


def _are_numbers(rows: Sequence[Mapping[str, str]]) -> bool:
    """Whether the cells of trials are written as numbers or empty, and their texts are not empty."""
    return all(
        bool(row[column]) if column in _TEXTS else not row[column].strip(_OF_NUMBERS.decode())
        for row in rows
        for column in PART_TRIALS
    )
