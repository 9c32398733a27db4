"""The card in a saved model: what goes in, what comes out, and where the model is from.

It is JSON inside the `.keras` file, which is a zip archive. Keras does not look at it, and reading it needs
neither Keras nor TensorFlow.
"""

import json
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from dlsuite.data import Dataset
from dlsuite.data.encoding import TableEncoder
from dlsuite.data.inputs import InputColumn
from dlsuite.data.series_form import SeriesForm
from dlsuite.data.texts import TextEncoder
from dlsuite.errors import SpecError
from dlsuite.spec import found_path
from dlsuite.spec.kinds import KINDS, TASK_TYPES

CARD = "dlsuite.json"
"""The card's name in the archive."""
_MOST_BYTES = 2**26
"""A card that is larger is none."""
_UNREADABLE = (
    *(zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, RecursionError),
    *(
        RuntimeError,
        NotImplementedError,
    ),  # Encrypted, or packed in a way that Python does not know.
)
"""What comes of an archive, or of JSON, that is damaged."""
_FORMAT = 1
"""Raised when an older suite could misread what a newer one writes."""


@dataclass(frozen=True, kw_only=True)
class ModelCard:
    """What a saved model takes and gives.

    Attributes:
        kind: `table`, `text`, `series` or `image`.
        task_type: `classification` or `regression`.
        class_names: What each probability is of; empty for regression.
        target: The column that is predicted, where the data is a file's.
        input_columns: For tables from files, the columns to give, each as an array of its own.
        input_names: What the model calls them, in the same order: Keras allows no slash in a name.
        input_shape: Otherwise the shape of one example; `()` for a raw text.
        feature_names: Otherwise the table's columns, the column of texts or the series' channels, in order.
        missing: Texts that stand for a missing value, beside those that reading a file knows.
        series: For series from files, how a file's rows become what the model reads; with `difference` it
            reads changes, and its value is the change from the last step read.
        about: Where it is from: study, task, condition, seed, scores, and the like.
    """

    kind: str
    task_type: str
    class_names: tuple[str, ...] = ()
    target: str | None = None
    input_columns: tuple[InputColumn, ...] = ()
    input_names: tuple[str, ...] = ()
    input_shape: tuple[int, ...] = ()
    feature_names: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    series: SeriesForm | None = None
    about: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, data: Dataset, about: Mapping[str, Any]) -> "ModelCard":
        """The card of a portable model that was trained on a data set.

        Args:
            data: The data set.
            about: What else a reader should know, in words and numbers.
        """
        encoder = data.encoder
        table = isinstance(encoder, TableEncoder)
        return cls(
            kind=data.kind,
            task_type=data.task_type,
            class_names=data.class_names,
            target=data.target,
            input_columns=encoder.input_columns if isinstance(encoder, TableEncoder) else (),
            input_names=input_names(encoder) if isinstance(encoder, TableEncoder) else (),
            input_shape=() if isinstance(encoder, TextEncoder) else data.input_shape,
            feature_names=() if table else data.feature_names,
            missing=encoder.missing if isinstance(encoder, TableEncoder) else (),
            series=data.form,
            about=about,
        )

    def check(self) -> None:
        """See that a card that was read holds what cards hold.

        Raises:
            ValueError: It does not.
        """
        texts = ("class_names", "input_names", "feature_names", "missing")
        columns = self.input_columns
        wrong = [
            *(name for name in texts if not _are(getattr(self, name), str)),
            *(["kind"] if self.kind not in KINDS else []),
            *(["task_type"] if self.task_type not in TASK_TYPES else []),
            *(["target"] if not isinstance(self.target, str | None) else []),
            *(["input_shape"] if not _are(self.input_shape, int) else []),
            *(["about"] if not isinstance(self.about, Mapping) else []),
            *(["input_names"] if len(self.input_names) != len(columns) else []),
            *(
                ["class_names"]
                if (self.task_type == TASK_TYPES[0]) != (len(self.class_names) > 1)
                else []
            ),
        ]
        if not all(
            isinstance(c.name, str) and c.type in ("number", "date", "category") for c in columns
        ):
            wrong.append("input_columns")
        if wrong:
            raise ValueError(f"{wrong[0]} is not what it should be")

    def to_json(self) -> str:
        """Write the card."""
        written = {"format": _FORMAT, **asdict(self)}
        # Settings may be what JSON does not know, as a path.
        return json.dumps(written, indent=2, ensure_ascii=False, default=str)


def _are(values: object, kind: type) -> bool:
    return isinstance(values, tuple) and all(type(value) is kind for value in values)


def input_names(encoder: TableEncoder) -> tuple[str, ...]:
    """What a portable model calls its inputs: the columns' names, without slashes and none twice."""
    names: list[str] = []
    taken = {column.name for column in encoder.input_columns}
    for column in encoder.input_columns:
        name = column.name
        if "/" in name or not name:
            name = name.replace("/", "_") or "_"
            while name in taken:
                name += "_"
            taken.add(name)
        names.append(name)
    return tuple(names)


def read_card(path: str | Path) -> ModelCard | None:
    """Read the card of a saved model, without Keras or TensorFlow.

    Args:
        path: A `.keras` file.

    Returns:
        The card; None for a `.keras` file that the suite did not save.

    Raises:
        SpecError: There is no such file, it is no `.keras` file, or its card cannot be read.
    """
    path = Path(path)
    if not found_path(path).is_file():
        raise SpecError(f"model: there is no file {path}.")
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            written = json.loads(_member(archive, CARD)) if CARD in names else None
    except _UNREADABLE as error:
        raise SpecError(
            f"{path}: expected a .keras file, which is a zip archive; it is none ({error})."
        ) from error
    if "config.json" not in names:
        raise SpecError(f"{path}: expected a .keras file; it holds no config.json.")
    return None if written is None else _card(written, path)


def _member(archive: zipfile.ZipFile, name: str) -> bytes:
    if archive.getinfo(name).file_size > _MOST_BYTES:
        raise ValueError(f"{name} holds more than {_MOST_BYTES >> 20} MiB")
    return archive.read(name)


def _card(written: Any, path: Path) -> ModelCard:
    try:
        if written.pop("format") > _FORMAT:
            raise SpecError(
                f"{path}: its card was written by a later version of the suite; install that one."
            )
        form = written.pop("series", None)
        series = None if form is None else SeriesForm.of_json(form)
        columns = tuple(InputColumn(**column) for column in written.pop("input_columns"))
        values: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value
            for key, value in written.items()
        }
        card = ModelCard(**values, input_columns=columns, series=series)
        card.check()
        return card
    except (TypeError, KeyError, AttributeError, ValueError) as error:
        raise SpecError(f"{path}: its card, {CARD}, cannot be read ({error}).") from error
