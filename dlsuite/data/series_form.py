"""How rows of a table become the steps that a model reads, in training and in prediction."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from dlsuite.data.dataset import Array
from dlsuite.data.inputs import InputColumn, raw_columns, row_place
from dlsuite.data.steps import Step, as_moments, find_step, place_times
from dlsuite.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

LONGEST_GAP = 100
"""A gap of more steps than these is not filled with missing rows, but ends a stretch."""
_FEWEST_TO_FIND_A_STEP = 3


@dataclass(frozen=True)
class ChannelColumn:
    """A column that a model reads, step by step.

    Attributes:
        name: Its name.
        type: `number` (true and false are 1 and 0) or `category`.
        categories: Of a category, those that have a channel of their own; in others all of these are 0.
        state: Whether it is a state, such as a category, of which no differences are taken.
    """

    name: str
    type: Literal["number", "category"]
    categories: tuple[str, ...] = ()
    state: bool = False

    @property
    def channels(self) -> tuple[str, ...]:
        """The names of its channels."""
        if self.type == "number":
            return (self.name,)
        return tuple(f"{self.name}={category}" for category in self.categories)


@dataclass(frozen=True, kw_only=True)
class SeriesForm:
    """How a file's rows are read as a series; all of it can be written as JSON.

    Attributes:
        columns: The columns that a model reads, in order.
        target: The column that is told; the name of the classes where folders name them.
        horizon: How many steps after the last one read the value is that is predicted; 0 where something
            is told of a whole series.
        difference: Whether a model reads and predicts changes.
        fill: Whether a missing value is filled by the last one before it.
        time: The column that says when a row was; None where rows are in order.
        step: What is between two rows.
        id_column: The column that says which series a row belongs to, where a file holds several.
        missing: Texts that stand for a missing value, beside those that reading a file knows.
    """

    columns: tuple[ChannelColumn, ...]
    target: str
    horizon: int = 0
    difference: bool = False
    fill: bool = False
    time: InputColumn | None = None
    step: Step | None = None
    id_column: str | None = None
    missing: tuple[str, ...] = ()

    @property
    def channels(self) -> tuple[str, ...]:
        """The names of all channels."""
        return tuple(channel for column in self.columns for channel in column.channels)

    @property
    def states(self) -> tuple[int, ...]:
        """The channels of which no differences are taken."""
        states = [column.state for column in self.columns for _ in column.channels]
        return tuple(place for place, state in enumerate(states) if state)

    @classmethod
    def of_json(cls, written: dict[str, Any]) -> "SeriesForm":
        """Read what `dataclasses.asdict` and JSON made of a form."""
        columns = tuple(
            ChannelColumn(**{**column, "categories": tuple(column["categories"])})
            for column in written["columns"]
        )
        time, step = written["time"], written["step"]
        return cls(
            **{
                **written,
                "columns": columns,
                "missing": tuple(written["missing"]),
                "time": None if time is None else InputColumn(**time),
                "step": None if step is None else Step(**step),
            }
        )


@dataclass(frozen=True, eq=False)
class Grid:
    """Where a file's rows are in a series of regular steps.

    Attributes:
        places: int64 `[rows]`, by row of the file.
        steps: How many steps there are; those without a row are missing.
        breaks: Steps at which another stretch begins.
        step: What is between two steps; None where rows are in order.
        notes: What a reader should know.
    """

    places: Array
    steps: int
    breaks: tuple[int, ...] = ()
    step: Step | None = None
    notes: tuple[str, ...] = ()


def read_channels(
    frame: "pd.DataFrame",
    columns: Sequence[ChannelColumn],
    *,
    source: str,
    missing: Sequence[str],
    grid: Grid | None = None,
) -> Array:
    """Read what a model reads, float64 `[steps, channels]`, NaN where missing.

    Args:
        frame: Rows as they were read.
        columns: Which columns.
        source: What to call the frame in messages.
        missing: Texts that stand for a missing value.
        grid: Where the rows are; in order if None.

    Raises:
        DataError: A column is not there, or a value does not fit it.
    """
    places = np.arange(len(frame)) if grid is None else grid.places
    steps = len(frame) if grid is None else grid.steps
    values = np.full((steps, sum(len(column.channels) for column in columns)), np.nan)
    at = 0
    for column in columns:
        wanted = InputColumn(column.name, column.type)
        found = raw_columns(frame, (wanted,), source=source, missing=missing)[column.name]
        if column.type == "number":
            values[places, at] = found
        else:
            for place, category in enumerate(column.categories):
                told = (found == category).astype(np.float64)
                told[found == ""] = np.nan
                values[places, at + place] = told
        at += len(column.channels)
    return values


def carry_forward(values: Array, breaks: Sequence[int] = ()) -> Array:
    """Fill each missing value with the last one before it in its stretch, `[steps, channels]`; in place.

    What is missing at the beginning stays so.
    """
    steps = np.arange(len(values))
    for channel in values.T:
        known = np.where(np.isfinite(channel), steps, -1)
        known[list(breaks)] = [at for at in breaks]  # Nothing is carried over a break.
        known = np.maximum.accumulate(known)
        channel[known >= 0] = channel[known[known >= 0]]
    return values


def place_rows(
    frame: "pd.DataFrame",
    time: InputColumn | None,
    *,
    source: str,
    missing: Sequence[str],
    step: Step | None = None,
) -> Grid:
    """Put a file's rows on a regular grid.

    Args:
        frame: The rows.
        time: The column that says when a row was; None where rows are in order.
        source: What to call the frame in messages.
        missing: Texts that stand for a missing value.
        step: What is between two rows; found out if None.

    Raises:
        DataError: Times are missing, double, out of order, or not regular.
    """
    if time is None or len(frame) < 2:
        return Grid(np.arange(len(frame)), len(frame), step=step)
    times, backwards = rising_times(frame, time, source=source, missing=missing)
    dates = time.type == "date"
    column = frame[time.name]
    if step is None:
        if len(times) < _FEWEST_TO_FIND_A_STEP:
            raise DataError(
                f"{source}: expected {_FEWEST_TO_FIND_A_STEP} rows or more, to find the step between times."
            )
        step = find_step(times, dates=dates)
    found = place_times(times, step)

    def row(position: int) -> str:
        return row_place(column, len(times) - 1 - position if backwards else position)

    if found.wrong is not None:
        before, after = (shown(times[at], dates=dates) for at in (found.wrong - 1, found.wrong))
        raise DataError(
            f"{source}, column {time.name!r}, {row(found.wrong)}: expected regular steps, here of {step}, as "
            f"most are; after {before} comes {after}. Resample the series, as by pandas' resample, or say "
            f'drop = ["{time.name}"] to take the rows as steps in their order.'
        )
    apart = np.diff(found.places)
    most = LONGEST_GAP + 1 if found.places[-1] < 2 * len(times) else 1
    ends = np.flatnonzero(apart > most)
    beyond = np.zeros(len(times), dtype=np.int64)
    beyond[ends + 1] = apart[ends] - 1
    places = found.places - np.cumsum(beyond)
    notes = [f"A step is {step}."]
    if backwards:
        notes.append("The file's last row is the first in time.")
    if found.uneven:
        notes.append(
            f"{counted(found.uneven, 'time is', 'times are')} off by less than a tenth of a step."
        )
    absent = int(places[-1]) + 1 - len(times)
    if absent:
        first = int(np.flatnonzero((apart > 1) & (apart <= most))[0])
        notes.append(
            f"{counted(absent, 'step has', 'steps have')} no row, the first after {row(first)}, "
            f"{shown(times[first], dates=dates)}; its values are missing."
        )
    if len(ends):
        first = int(ends[0])
        notes.append(
            f"{counted(len(ends), 'gap ends', 'gaps end')} a stretch, the first after {row(first)}, "
            f"{shown(times[first], dates=dates)}; no window reaches over it."
        )
    return Grid(
        places[::-1] if backwards else places,
        int(places[-1]) + 1,
        tuple((places[ends + 1]).tolist()),
        step,
        tuple(notes),
    )


def rising_times(
    frame: "pd.DataFrame", time: InputColumn, *, source: str, missing: Sequence[str]
) -> tuple[Array, bool]:
    """Read times that rise, or fall from row to row and are turned round.

    Returns:
        int64 microseconds since 1970-01-01, or float64 numbers, rising; and whether they were turned round.

    Raises:
        DataError: A time is missing, stands there twice or is out of order.
    """
    column = frame[time.name]
    times = raw_columns(frame, (time,), source=source, missing=missing)[time.name]
    absent = np.isnan(times)
    if absent.any():
        raise DataError(
            f"{source}, column {time.name!r}, {row_place(column, int(np.argmax(absent)))}: expected a time "
            f"in every row; it is missing in {int(absent.sum())}. Leave these rows out of the file, or fill "
            "them in."
        )
    dates = time.type == "date"
    if dates:
        times = as_moments(times)
    apart = np.diff(times)
    backwards = len(apart) > 0 and bool((apart <= 0).all())
    wrong = np.flatnonzero(apart >= 0 if backwards else apart <= 0)
    if len(wrong):
        first_of_each = np.unique(times, return_index=True)[1]
        if len(first_of_each) < len(times):
            again = np.setdiff1d(np.arange(len(times)), first_of_each)
            at = int(again[0])
            raise DataError(
                f"{source}, column {time.name!r}, {row_place(column, at)}: the time "
                f"{shown(times[at], dates=dates)} stands there a second time. Leave one of the rows out; of "
                "several series in one file, write each into a file of its own."
            )
        at = int(wrong[0]) + 1
        before, here = (shown(times[row], dates=dates) for row in (at - 1, at))
        raise DataError(
            f"{source}, column {time.name!r}, {row_place(column, at)}: the time {here} comes after {before}, "
            f"which is later. Sort the file by {time.name!r}."
        )
    return (times[::-1] if backwards else times), backwards


def shown(time: Any, *, dates: bool) -> str:
    """Write a time as messages do, without a time of day where there is none."""
    if not dates:
        return f"{time:.10g}"
    written = str(np.datetime64(int(time), "us").astype("datetime64[ms]")).replace("T", " ")
    return written.removesuffix(".000").removesuffix(":00").removesuffix(" 00:00")


def counted(number: int, one: str, more: str) -> str:
    """Write a number with its noun."""
    return f"{number} {one if number == 1 else more}"
