"""Columns to features: what scikit-learn's transformers learned from the training rows, written plainly.

The fitted numbers are kept in small records, so that anything else (a saved Keras model, a reader) can
repeat the arithmetic. All of it is done in float64 and rounded to float32 once, at the end.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np

from dlsuite.data.dataset import Array
from dlsuite.data.inputs import MISSING, InputColumn, raw_columns, row_place
from dlsuite.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

DatePart = Literal["year", "week", "day"]
PERIODS: dict[DatePart, float] = {"year": 365.2425, "week": 7.0, "day": 1.0}
"""How many days each circle of a date lasts."""
_LARGEST_SCALED = 1e150
"""Squares of larger numbers overflow."""
CHUNK = 65536
"""Rows that are encoded at once; what they need in float64 is all that is held beside the features."""


@dataclass(frozen=True, kw_only=True)
class NumberEncoding:
    """`float32(((x or fill) - mean) / scale)`, and 1 or 0 for missing if training had missing values.

    Attributes:
        name: The column.
        fill: The median of the training rows, which stands in for a missing value.
        mean: What is subtracted; 0 without scaling.
        scale: What is divided by; 1 without scaling, or if the training rows hold one value.
        missing_flag: Whether a second feature says that the value is missing.
    """

    name: str
    fill: float
    mean: float
    scale: float
    missing_flag: bool

    @property
    def input_column(self) -> InputColumn:
        """The column that is asked for."""
        return InputColumn(self.name, "number")

    @property
    def feature_names(self) -> tuple[str, ...]:
        """What the features are called."""
        return (self.name, f"{self.name} missing")[: 1 + self.missing_flag]

    def features(self, values: Array) -> Iterator[Array]:
        """Yield the features of float64 values `[n]`, each `[n]`."""
        absent = np.isnan(values)
        yield (np.where(absent, self.fill, values) - self.mean) / self.scale
        if self.missing_flag:
            yield absent


@dataclass(frozen=True, kw_only=True)
class DateEncoding:
    """Days since 1970-01-01 as a number, then `sin` and `cos` of `2 pi days / period` for each part.

    Attributes:
        name: The column.
        fill: The median day of the training rows, which stands in for a missing date.
        mean: What is subtracted from the days; 0 without scaling.
        scale: What they are divided by; 1 without scaling, or if the training rows hold one date.
        missing_flag: Whether the last feature says that the date is missing.
        parts: `year`, `week` and, where training rows have times of day, `day`; see `PERIODS`.
        format: How dates that are texts are written; ISO 8601 if None.
    """

    name: str
    fill: float
    mean: float
    scale: float
    missing_flag: bool
    parts: tuple[DatePart, ...]
    format: str | None = None

    @property
    def input_column(self) -> InputColumn:
        """The column that is asked for."""
        return InputColumn(self.name, "date", self.format)

    @property
    def feature_names(self) -> tuple[str, ...]:
        """What the features are called."""
        circles = (f"{self.name} {part} {wave}" for part in self.parts for wave in ("sin", "cos"))
        flag = (f"{self.name} missing",) if self.missing_flag else ()
        return (self.name, *circles, *flag)

    def features(self, values: Array) -> Iterator[Array]:
        """Yield the features of float64 days `[n]`, each `[n]`."""
        absent = np.isnan(values)
        days = np.where(absent, self.fill, values)
        yield (days - self.mean) / self.scale
        for part in self.parts:
            turns = days / PERIODS[part]
            # Of the fraction of a turn only: sines of large angles differ from one library to another.
            angle = 2 * math.pi * (turns - np.floor(turns))
            yield np.sin(angle)
            yield np.cos(angle)
        if self.missing_flag:
            yield absent


@dataclass(frozen=True, kw_only=True)
class CategoryEncoding:
    """1 for the category that a row has, 0 for all others.

    Attributes:
        name: The column.
        kept: The categories that have a feature of their own, sorted.
        other: Whether a feature stands for all other categories, as training had ones too rare to keep.
            Without it, a category that training never saw is 0 throughout.
        missing: Whether the last feature stands for missing values, as training had some. Without it,
            a missing value is 0 throughout.
    """

    name: str
    kept: tuple[str, ...]
    other: bool
    missing: bool

    @property
    def input_column(self) -> InputColumn:
        """The column that is asked for."""
        return InputColumn(self.name, "category")

    @property
    def feature_names(self) -> tuple[str, ...]:
        """What the features are called."""
        kept = tuple(f"{self.name}={category}" for category in self.kept)
        other = (f"{self.name} other",) if self.other else ()
        missing = (f"{self.name} missing",) if self.missing else ()
        return kept + other + missing

    def features(self, values: Array) -> Iterator[Array]:
        """Yield the features of an object array `[n]` of str, each `[n]`."""
        import pandas as pd

        places = pd.Index(self.kept, dtype=object).get_indexer(pd.Index(values, dtype=object))
        for place in range(len(self.kept)):
            yield places == place
        absent = values == MISSING
        if self.other:
            yield (places < 0) & ~absent
        if self.missing:
            yield absent


ColumnEncoding = NumberEncoding | DateEncoding | CategoryEncoding


@dataclass(frozen=True)
class TableEncoder:
    """Turns rows of a table into features.

    Attributes:
        columns: How each column is encoded, in the order of the features.
        missing: Texts that stand for a missing value, beside those that reading a file knows.
    """

    columns: tuple[ColumnEncoding, ...]
    missing: tuple[str, ...] = ()

    @property
    def input_columns(self) -> tuple[InputColumn, ...]:
        """The columns that a frame must have."""
        return tuple(column.input_column for column in self.columns)

    @cached_property
    def feature_names(self) -> tuple[str, ...]:
        """What the features are called, in order."""
        return tuple(name for column in self.columns for name in column.feature_names)

    @classmethod
    def fit(
        cls,
        frame: "pd.DataFrame",
        input_columns: Sequence[InputColumn],
        *,
        rows: Array | slice = slice(None),
        max_categories: int = 20,
        scale: bool = True,
        missing: Sequence[str] = (),
        source: str = "the table",
    ) -> "TableEncoder":
        """Learn from the training rows what encoding needs.

        A column is fitted at a time, by scikit-learn's `SimpleImputer` (median), `StandardScaler` and
        `OneHotEncoder`.

        Args:
            frame: The table.
            input_columns: The columns to encode.
            rows: The places of the training rows.
            max_categories: The most features that a column's categories may have, the one for all others
                included; missing values come on top.
            scale: Whether numbers and days get mean 0 and standard deviation 1.
            missing: Texts that stand for a missing value.
            source: What to call the frame in messages.

        Raises:
            DataError: A column is not there, or holds a value that does not fit its type.
        """
        fitted: list[ColumnEncoding] = []
        for column in input_columns:
            known = column.name in frame.columns  # Else it is said below that it is not.
            part = frame[column.name].iloc[rows].to_frame() if known else frame
            values = raw_columns(part, (column,), source=source, missing=missing)[column.name]
            if column.type == "category":
                fitted.append(_fit_category(column.name, values, max_categories))
                continue
            number = _fit_number(column.name, values, scale=scale, source=source)
            fitted.append(_as_date(number, column, values) if column.type == "date" else number)
        return cls(tuple(fitted), tuple(missing))

    def transform(
        self,
        frame: "pd.DataFrame",
        *,
        rows: Array | None = None,
        source: str = "the table",
    ) -> Array:
        """Encode rows of a frame.

        Args:
            frame: A table with at least the columns of `input_columns`.
            rows: The places of the rows, in the order wanted; all if None.
            source: What to call the frame in messages.

        Returns:
            float32 `[n, features]`.

        Raises:
            DataError: A column is not there, or holds a value that does not fit its type.
        """
        names = [column.name for column in self.columns]
        if set(names) <= set(frame.columns):  # Else it is said below which is not there.
            frame = frame[names]
        length = len(frame) if rows is None else len(rows)
        features = np.empty((length, len(self.feature_names)), np.float32)
        for start in range(0, length, CHUNK):
            chunk = slice(start, min(start + CHUNK, length))
            part = frame.iloc[chunk if rows is None else rows[chunk]]
            values = raw_columns(part, self.input_columns, source=source, missing=self.missing)
            self._fill(features[chunk], values)
            self._check(features[chunk], part, source=source)
        return features

    def encode(self, values: dict[str, Array]) -> Array:
        """Encode what `raw_columns` returned; float32 `[n, features]`."""
        length = len(values[self.columns[0].name])
        features = np.empty((length, len(self.feature_names)), np.float32)
        self._fill(features, values)
        return features

    def _fill(self, features: Array, values: dict[str, Array]) -> None:
        place = 0
        for column in self.columns:
            for feature in column.features(values[column.name]):
                with np.errstate(over="ignore"):
                    features[:, place] = feature
                place += 1

    def _check(self, features: Array, frame: "pd.DataFrame", *, source: str) -> None:
        """Refuse numbers that are infinite once they are scaled and float32."""
        finite = np.isfinite(features)
        if not finite.all():
            row, place = (int(index[0]) for index in np.nonzero(~finite))
            raise DataError(
                f"{source}, {row_place(frame, row)}: {self.feature_names[place]!r} is too far from the "
                "training rows' values to be counted with."
            )


def _fit_number(name: str, values: Array, *, scale: bool, source: str) -> NumberEncoding:
    from sklearn import config_context
    from sklearn.impute import SimpleImputer
    from sklearn.preprocessing import StandardScaler

    column = values[:, None]
    largest = float(np.nanmax(np.abs(values), initial=0))
    if largest > (_LARGEST_SCALED if scale else float(np.finfo(np.float32).max)):
        raise DataError(
            f"{source}, column {name!r}: its numbers, up to {largest:g}, are too large to be counted "
            f'with; leave it out with drop = ["{name}"].'
        )
    mean, deviation = 0.0, 1.0
    # What is checked of every column here, scikit-learn need not check again: tables can be wide.
    with config_context(assume_finite=True, skip_parameter_validation=True):
        # With no value at all among the training rows used, 0 stands in.
        imputer = SimpleImputer(strategy="median", keep_empty_features=True).fit(column)
        fill = float(imputer.statistics_[0])
        if scale:
            scaler = StandardScaler().fit(np.where(np.isnan(column), fill, column))
            mean, deviation = float(scaler.mean_[0]), float(scaler.scale_[0])
    return NumberEncoding(
        name=name,
        fill=fill,
        mean=mean,
        scale=deviation,
        missing_flag=bool(np.isnan(values).any()),
    )


def _as_date(number: NumberEncoding, column: InputColumn, days: Array) -> DateEncoding:
    with_times = bool((days[~np.isnan(days)] % 1).any())
    return DateEncoding(
        name=number.name,
        fill=number.fill,
        mean=number.mean,
        scale=number.scale,
        missing_flag=number.missing_flag,
        parts=("year", "week", "day") if with_times else ("year", "week"),
        format=column.format,
    )


def _fit_category(name: str, values: Array, max_categories: int) -> CategoryEncoding:
    import pandas as pd
    from sklearn.preprocessing import OneHotEncoder

    present = values[values != MISSING]
    missing = len(present) < len(values)
    if not len(present):
        return CategoryEncoding(name=name, kept=(), other=False, missing=missing)
    # scikit-learn counts numbers many times faster than texts; in the order of the texts, to the same end.
    places, found = pd.factorize(present, sort=True)
    encoder = OneHotEncoder(
        max_categories=max_categories, handle_unknown="infrequent_if_exist", dtype=np.float32
    ).fit(places[:, None])
    rare = encoder.infrequent_categories_[0]
    kept = tuple(np.delete(found, [] if rare is None else rare).tolist())
    return CategoryEncoding(name=name, kept=kept, other=rare is not None, missing=missing)
