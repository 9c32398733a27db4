"""What a loader returns: data as it was read, before any split, draw or scaling."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

from dlsuite.data.dataset import Array
from dlsuite.data.inputs import InputColumn
from dlsuite.data.rows import SplitRules
from dlsuite.errors import DataError, SpecError
from dlsuite.spec.kinds import Kind

if TYPE_CHECKING:
    import pandas as pd

    from dlsuite.data.series_form import SeriesForm

Tokens = Literal["characters", "words"]


@dataclass(frozen=True, eq=False)
class Examples:
    """Examples of a table or images, independent of each other.

    Attributes:
        x: Inputs: `[n, columns]`, or `[n, height, width, channels]`.
        y: `[n]`: whole-number labels from 0, or targets in their own units.
        feature_names: Names of the columns; empty for images.
        class_names: By label; empty for regression.
        notes: What was done to the data that a reader should know.

    Raises:
        DataError: `x` and `y` differ in length, or hold NaN or infinity.
    """

    x: Array
    y: Array
    feature_names: tuple[str, ...] = ()
    class_names: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check the lengths and that all is finite."""
        _check_lengths("x", len(self.x), len(self.y))
        for name, array in (("x", self.x), ("y", self.y)):
            missing = int((~np.isfinite(array)).sum())
            if missing:
                raise DataError(
                    f"{name}: expected finite numbers; got NaN or infinity in {missing} places."
                )


@dataclass(frozen=True, eq=False)
class Phrases:
    """Texts, independent of each other, each of one class or with a number to tell.

    Attributes:
        texts: The texts.
        labels: `[n]`: whole-number labels from 0, or targets in their own units.
        class_names: By label; empty for regression.
        length: Number of tokens that a model reads: longer texts lose their end. None for as many as most of
            the training texts have.
        notes: What was done to the data that a reader should know.
        tokens: What texts are read by: `characters` or `words`.
        max_tokens: How many different tokens a model knows, the most frequent in training; all if None.
        rules: How the texts are split.
        feature_names: The table's column that the texts stand in; empty where it is none.
        target: The table's column that is told; None where it is none.

    Raises:
        DataError: `texts` and `labels` differ in length.
    """

    texts: tuple[str, ...]
    labels: Array
    class_names: tuple[str, ...]
    length: int | None = None
    notes: tuple[str, ...] = ()
    tokens: Tokens = "characters"
    max_tokens: int | None = None
    rules: SplitRules = field(default_factory=SplitRules)
    feature_names: tuple[str, ...] = ()
    target: str | None = None

    def __post_init__(self) -> None:
        """Check the lengths."""
        _check_lengths("texts", len(self.texts), len(self.labels))


@dataclass(frozen=True, eq=False)
class TimeSeries:
    """A series at regular steps, of which windows are taken to predict a later value.

    Attributes:
        values: `[time, channels]`, NaN where missing.
        feature_names: Names of the channels.
        window: Number of steps that a model reads.
        target: The channel to predict.
        difference: Whether a model reads and predicts changes, not levels: from step to step, and from the
            window's last step to the one that is predicted.
        notes: What was done to the data that a reader should know.
        horizon: How many steps after a window's last the value to predict is.
        stride: How many steps after a window the next one begins.
        season: After how many steps things repeat, for the seasonal forecast to compare with; None for no
            such forecast.
        breaks: Steps at which another stretch begins: what is before has nothing to do with what is after.
        states: Channels that `difference` leaves as they are.
        told: `[time]`, the values that may be predicted, NaN where there is none; the target's channel
            itself if None.
        form: How new rows of the file's columns are read, for series from files.

    Raises:
        DataError: There is not one name for each channel.
        SpecError: A number of steps is less than one.
    """

    values: Array
    feature_names: tuple[str, ...]
    window: int
    target: int = 0
    difference: bool = False
    notes: tuple[str, ...] = ()
    horizon: int = 1
    stride: int = 1
    season: int | None = None
    breaks: tuple[int, ...] = ()
    states: tuple[int, ...] = ()
    told: Array | None = None
    form: "SeriesForm | None" = None

    def __post_init__(self) -> None:
        """Check the shape and the numbers of steps."""
        if self.values.ndim != 2 or self.values.shape[1] != len(self.feature_names):
            raise DataError(
                f"values: expected shape (time, {len(self.feature_names)}), one channel for each "
                f"of feature_names; got {self.values.shape}."
            )
        for name in ("window", "horizon", "stride", "season"):
            number = getattr(self, name)
            if number is not None and number < 1:
                raise SpecError(f"{name}: expected 1 step or more; got {number}.")


@dataclass(frozen=True, eq=False, kw_only=True)
class Table:
    """A table of numbers, categories and dates, to be encoded by what its training rows hold.

    Attributes:
        frames: The table, and the test rows if they come by themselves. Rows are counted through.
        sources: What to call each of them in messages.
        columns: The columns that a model is given.
        target: The column that is told.
        y: `[n]`: whole-number labels from 0, or targets in their own units.
        class_names: By label; empty for regression.
        rules: How the rows are split.
        max_categories: The most features that a column's categories may have.
        missing: Texts that stand for a missing value.
        notes: What was done to the data that a reader should know.
    """

    frames: tuple["pd.DataFrame", ...]
    sources: tuple[str, ...]
    columns: tuple[InputColumn, ...]
    target: str
    y: Array
    class_names: tuple[str, ...] = ()
    rules: SplitRules = field(default_factory=SplitRules)
    max_categories: int = 20
    missing: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def piece(self, places: Array) -> tuple[int, Array]:
        """Say in which frame rows are, all in one, and where in it."""
        return _piece([len(frame) for frame in self.frames], places)


@dataclass(frozen=True, eq=False, kw_only=True)
class Arrays:
    """Inputs of one shape with their targets, held in memory.

    Attributes:
        kind: `table`, `series` or `image`.
        xs: Inputs `[n, ...]`: of the examples to split, then those of validation and test if they come
            by themselves. Examples are counted through.
        y: `[n]`: whole-number labels from 0, or targets in their own units.
        class_names: By label; empty for regression.
        feature_names: Names of columns or channels.
        rules: How the examples are split.
        notes: What was done to the data that a reader should know.
        digest: What tells the content of `xs` from any other, where it is known: large files need not be
            read for it.
        form: How new rows of the file's columns are read, for series from files.

    Raises:
        DataError: An input is NaN or infinite, or the examples differ in shape.
    """

    kind: Kind
    xs: tuple[Array, ...]
    y: Array
    class_names: tuple[str, ...] = ()
    feature_names: tuple[str, ...] = ()
    rules: SplitRules = field(default_factory=SplitRules)
    notes: tuple[str, ...] = ()
    digest: str = ""
    form: "SeriesForm | None" = None

    def __post_init__(self) -> None:
        """Check the shapes and that all is finite."""
        for x in self.xs:
            if x.shape[1:] != self.xs[0].shape[1:]:
                raise DataError(
                    f"x: expected examples of shape {self.xs[0].shape[1:]}, as in training; "
                    f"got {x.shape[1:]}."
                )
            if x.dtype.kind != "f":
                continue
            wrong = sum(
                int((~np.isfinite(x[at : at + 4096])).sum()) for at in range(0, len(x), 4096)
            )
            if wrong:
                raise DataError(
                    f"x: expected finite numbers; got NaN or infinity in {wrong} places. Fill them in, or "
                    "leave these examples out."
                )

    @property
    def of_bytes(self) -> bool:
        """Whether they are images of a byte a color, which stay so until they are trained on."""
        return self.kind == "image" and all(x.dtype == np.uint8 for x in self.xs)

    def take(self, places: Array) -> Array:
        """Return the inputs of examples, all from one of `xs`."""
        number, inside = _piece([len(x) for x in self.xs], places)
        return self.xs[number][inside]


Raw = Examples | Phrases | TimeSeries | Table | Arrays


def _piece(lengths: list[int], places: Array) -> tuple[int, Array]:
    ends = np.cumsum(lengths)
    number = int(np.searchsorted(ends, places[0], side="right"))
    return number, places - (ends[number] - lengths[number])


def _check_lengths(name: str, inputs: int, targets: int) -> None:
    if inputs != targets:
        raise DataError(f"{name}: expected as many as there are targets, {targets}; got {inputs}.")
