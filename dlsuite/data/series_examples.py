"""Many series, of each of which something is told: rows of one table with ids, brought to one length.

An example is a whole series, read at one length, so that none is in two splits.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from dlsuite.data.columns import ColumnRules, check_column
from dlsuite.data.dataset import Array
from dlsuite.data.inputs import category_texts, row_place
from dlsuite.data.raw import Arrays
from dlsuite.data.series_columns import category_columns, channel_columns, find_columns
from dlsuite.data.series_form import (
    SeriesForm,
    carry_forward,
    read_channels,
    rising_times,
)
from dlsuite.data.targets import read_target
from dlsuite.errors import DataError, SpecError

if TYPE_CHECKING:
    import pandas as pd

Settings = Mapping[str, Any]
FEWEST_STEPS = 2
"""With fewer, a series is none."""
_NINE_OF_TEN = 0.9


def series_of_ids(
    frame: "pd.DataFrame", path: str, settings: Settings, rules: ColumnRules
) -> Arrays:
    """Take a table with a column of ids as many series; see `series_from_path`.

    Raises:
        SpecError: A setting names a column that is not there, or two of them do not go together.
        DataError: A series is too short or has two targets, or a column or the target cannot be used.
    """
    target, id_column, missing = settings["target"], settings["id_column"], settings["missing"]
    names = [str(name) for name in frame.columns]
    for setting, name in (("target", target), ("id_column", id_column)):
        check_column(name, names, setting=setting, source=path)
        if name in rules.drop:
            raise SpecError(f"{path}: {name!r} cannot be both {setting} and drop.")
    if target == id_column:
        raise SpecError(f"{path}: {target!r} cannot be both target and id_column.")
    columns = find_columns(
        frame,
        source=path,
        target=None,
        aside=(target, id_column),
        time_column=settings["time_column"],
        rules=rules,
        ordered=False,
    )
    rows = list(rows_of_ids(frame, id_column, source=path, missing=missing).items())
    for name, own in rows:
        if len(own) < FEWEST_STEPS:
            raise DataError(
                f"{path}, {row_place(frame, int(own[0]))}: expected {FEWEST_STEPS} rows or more of each "
                f"series; {id_column} {name!r} has {len(own)}. Leave it out of the file."
            )
    of_target = cast("pd.Series[Any]", frame[target])
    told = category_texts(of_target, missing=missing)
    for name, own in rows:
        other = np.flatnonzero(told[own] != told[own[0]])
        if len(other):
            raise DataError(
                f"{path}, column {target!r}, {row_place(frame, int(own[other[0]]))}: expected one {target!r} "
                f"for each series; {id_column} {name!r} has both {told[own[0]]!r} and "
                f"{told[own[other[0]]]!r}. Mend the file; without id_column, it is a series to forecast."
            )
    firsts = np.array([own[0] for _, own in rows])
    column = of_target.iloc[firsts]
    found = read_target([column], sources=[path], task_type=settings["task_type"], missing=missing)
    channels, notes = channel_columns(columns.used, category_columns(frame, columns.used, missing))
    form = SeriesForm(
        columns=channels,
        target=target,
        fill=settings["fill"] == "previous",
        time=columns.time,
        id_column=id_column,
        missing=tuple(missing),
    )
    series = [one for _, one in series_in(frame, form, source=path)]
    return make_examples(
        series,
        found.y,
        found.class_names,
        form,
        settings,
        path,
        (*columns.notes, *notes, *found.notes),
    )


def series_in(
    frame: "pd.DataFrame", form: SeriesForm, *, source: str
) -> Iterator[tuple[str, Array]]:
    """Yield each series of a table with its id, `[steps, channels]`; all rows where there are no ids.

    Raises:
        DataError: A value does not fit its column, or times are out of order.
    """
    values = read_channels(frame, form.columns, source=source, missing=form.missing)
    rows = {"": np.arange(len(frame))}
    if form.id_column is not None:
        rows = rows_of_ids(frame, form.id_column, source=source, missing=form.missing)
    for name, own in rows.items():
        one = values[own]
        if form.time is not None:
            _, backwards = rising_times(
                frame.iloc[own], form.time, source=source, missing=form.missing
            )
            one = one[::-1] if backwards else one
        yield name, carry_forward(one) if form.fill else one


def rows_of_ids(
    frame: "pd.DataFrame", id_column: str, *, source: str, missing: Sequence[str]
) -> dict[str, Array]:
    """The rows of each id, in the order in which they come first.

    Raises:
        DataError: A row has no id.
    """
    import pandas as pd

    texts = category_texts(frame[id_column], missing=missing)
    absent = texts == ""
    if absent.any():
        raise DataError(
            f"{source}, column {id_column!r}, {row_place(frame, int(np.argmax(absent)))}: id_column: "
            f"expected an id in every row; it is missing in {int(absent.sum())}."
        )
    codes, names = pd.factorize(texts)
    order = np.argsort(codes, kind="stable")
    ends = np.cumsum(np.bincount(codes))[:-1]
    return dict(zip(map(str, names), np.split(order, ends), strict=True))


def at_length(series: Array, length: int) -> Array:
    """Cut a series' beginning off, or repeat its first step before it."""
    return series[np.maximum(np.arange(len(series) - length, len(series)), 0)]


def make_examples(
    series: Sequence[Array],
    y: Array,
    class_names: tuple[str, ...],
    form: SeriesForm,
    settings: Settings,
    source: str,
    notes: tuple[str, ...],
) -> Arrays:
    """Bring all series to one length, and leave those with missing values out.

    Args:
        series: Each `[steps, channels]`.
        y: What is told of each, as labels or numbers.
        class_names: By label; empty for regression.
        form: How they were read.
        settings: Of these, `length`.
        source: Where they come from, for messages.
        notes: What else was done.

    Raises:
        DataError: No series, or none of a class, is complete.
    """
    lengths = np.array([len(one) for one in series])
    length = settings["length"] or int(
        np.sort(lengths)[max(0, int(np.ceil(_NINE_OF_TEN * len(lengths))) - 1)]
    )
    x = np.stack([at_length(one, length) for one in series])
    longer, shorter = int((lengths > length).sum()), int((lengths < length).sum())
    said = [f"The last {length} steps of each series are read."]
    if longer:
        said.append(f"{longer} of {len(series)} series are longer and lose their beginning.")
    if shorter:
        said.append(
            f"{shorter} of {len(series)} series are shorter and begin with their first step repeated."
        )
    complete = np.isfinite(x).all(axis=(1, 2))
    if not complete.all():
        kept = int(complete.sum())
        if not kept:
            raise DataError(
                f'{source}: every series holds a missing value. Say fill = "previous", or leave the column '
                "out with drop."
            )
        said.append(
            f"{len(series) - kept} of {len(series)} series hold a missing value and are left out."
        )
        x, y = x[complete], y[complete]
        counts = np.bincount(y, minlength=len(class_names)) if class_names else np.array([kept])
        if counts.min() == 0:
            raise DataError(
                f"{source}: every series of class {class_names[int(counts.argmin())]!r} holds a missing "
                'value. Say fill = "previous", or leave the column out with drop.'
            )
    return Arrays(
        kind="series",
        xs=(x,),
        y=y,
        class_names=class_names,
        feature_names=form.channels,
        notes=(*notes, *said),
        form=form,
    )
