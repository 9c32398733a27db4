"""What a saved model of series says of a file: the value after each window, or something of each series."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from dlsuite.data.raw import TimeSeries
from dlsuite.data.series_examples import at_length, rows_of_ids, series_in
from dlsuite.data.series_form import SeriesForm, carry_forward, place_rows, read_channels
from dlsuite.data.windows import complete_windows
from dlsuite.errors import DataError
from dlsuite.models.card import ModelCard
from dlsuite.spec.metrics import BUILT_IN

if TYPE_CHECKING:
    import pandas as pd

PREDICTED = "predicted"
"""The column of the predicted class or value."""
CHANGE = "predicted change"
"""The column of what a model of changes itself says."""
_AT_ONCE = 65536
_Array = np.ndarray[Any, Any]


@dataclass(frozen=True, eq=False)
class SeriesInputs:
    """What a model is given of a file.

    Attributes:
        card: The model's card.
        table: Where each window, or each series, is in the file.
        read: `[time, channels]` that windows are of, or whole series `[n, length, channels]`.
        ends: Where windows end; None for whole series.
        before: The target at a window's end `[n]`, where the model predicts a change; else 0.
        told: What came after each window, `[n]`, NaN where that is not known.
        last_value: The target at a window's end.
        labels: For whole series, a row of the file for each.
    """

    card: ModelCard
    table: "pd.DataFrame"
    read: _Array
    ends: _Array | None = None
    before: _Array | float = 0.0
    told: _Array = field(default_factory=lambda: np.empty(0))
    last_value: _Array = field(default_factory=lambda: np.empty(0))
    labels: "pd.DataFrame | None" = None

    def predict(self, model: Callable[[_Array], _Array]) -> _Array:
        """Let a model predict all of it, some windows at a time."""
        if self.ends is None:
            return model(self.read)
        window = np.arange(1 - self.card.input_shape[0], 1)
        return np.concatenate(
            [
                model(self.read[self.ends[at : at + _AT_ONCE, None] + window])
                for at in range(0, len(self.ends), _AT_ONCE)
            ]
        )

    def with_answers(self, outputs: _Array) -> "pd.DataFrame":
        """The table with what was predicted."""
        table = self.table
        if self.card.task_type == "classification":
            table[PREDICTED] = [self.card.class_names[place] for place in outputs.argmax(axis=1)]
            for name, values in zip(self.card.class_names, outputs.T, strict=True):
                table[f"p({name})"] = values
            return table
        values = outputs[:, 0].astype(np.float64)
        table[PREDICTED] = values + self.before
        if self.card.series is not None and self.card.series.difference:
            table[CHANGE] = values
        return table

    def scores(self, outputs: _Array) -> tuple[dict[str, float], tuple[str, ...]]:
        """How right forecasts are where the file goes on, and what a reader should know."""
        form = self.card.series
        if form is None or self.ends is None:
            return {}, ()
        said = outputs[:, 0].astype(np.float64) + self.before
        place = self.table.iloc[-1]
        ahead = "1 step" if form.horizon == 1 else f"{form.horizon} steps"
        step = "" if form.step is None else f" of {form.step}"
        notes = [
            f"Each row tells {form.target!r} {ahead}{step} after it; after the last one, "
            f"{self.table.columns[0]} {place.iloc[0]}, {said[-1]:.6g}."
        ]
        known = np.isfinite(self.told)
        if not known.any():
            return {}, tuple(notes)
        truths, answers = self.told[known], said[known]
        error = answers - truths
        found = {"rmse": float(np.sqrt(np.mean(error**2))), "mae": float(abs(error).mean())}
        before = self.before[known] if isinstance(self.before, np.ndarray) else self.before
        for metric in BUILT_IN:
            if metric.function is not None and metric.fits("regression"):
                score = metric.measure(truths - before, answers - before)
                found |= {} if np.isnan(score) else {metric.name: score}
        last = self.last_value[known] - truths
        notes.append(
            f"The file tells what came after {int(known.sum())} of {len(known)} windows; saying the last "
            f"value scores RMSE {np.sqrt(np.mean(last**2)):.4g}."
        )
        return found, tuple(notes)


def read_series(
    card: ModelCard, form: SeriesForm, frame: "pd.DataFrame", *, model: str, source: str
) -> SeriesInputs:
    """Read a file as the model of a series takes it.

    Args:
        card: The model's card.
        form: How rows are read, of the card.
        frame: The file's rows.
        model: What to call the model in messages.
        source: What to call the file.

    Raises:
        DataError: The file lacks a column, a value does not fit it, or no window is complete.
    """
    if not form.horizon:
        return _whole_series(card, form, frame, source=source)
    import pandas as pd

    missing = form.missing
    grid = place_rows(frame, form.time, source=source, missing=missing, step=form.step)
    values = read_channels(frame, form.columns, source=source, missing=missing, grid=grid)
    target = form.channels.index(form.target)
    told = values[:, target].copy()
    if form.fill:
        carry_forward(values, grid.breaks)
    window = card.input_shape[0]
    series = TimeSeries(
        values,
        form.channels,
        window=window,
        target=target,
        difference=form.difference,
        horizon=form.horizon,
        breaks=grid.breaks,
        states=form.states,
    )
    read, ends = complete_windows(series)
    rows = np.full(grid.steps, -1)
    rows[grid.places] = np.arange(len(frame))
    ends = ends[rows[ends] >= 0]
    if not len(ends):
        least = window + form.difference
        raise DataError(
            f"{source}: expected {least} rows one after another without a missing value, as {model} reads "
            f"{window} {'changes' if form.difference else 'steps'}; there are {len(frame)} rows."
        )
    at = rows[ends]
    if frame.index.name == "line":
        table = pd.DataFrame({"line": frame.index.to_numpy()[at]})
    else:
        table = pd.DataFrame({"row": at + 1})
    if form.time is not None and form.time.name not in table:
        times = frame[form.time.name].iloc[at]
        # As texts, which JSON can hold too.
        table[form.time.name] = (
            times.astype(str) if form.time.type == "date" else times
        ).to_numpy()
    stretch = np.searchsorted(np.array(grid.breaks), np.arange(grid.steps), "right")
    after = np.minimum(ends + form.horizon, grid.steps - 1)
    known = (ends + form.horizon < grid.steps) & (stretch[after] == stretch[ends])
    return SeriesInputs(
        card,
        table,
        read,
        ends,
        before=values[ends, target] if form.difference else 0.0,
        told=np.where(known, told[after], np.nan),
        last_value=values[ends, target],
    )


def _whole_series(
    card: ModelCard, form: SeriesForm, frame: "pd.DataFrame", *, source: str
) -> SeriesInputs:
    import pandas as pd

    length = card.input_shape[0]
    names, series = [], []
    for name, one in series_in(frame, form, source=source):
        last = at_length(one, length)
        if not np.isfinite(last).all():
            which = f"{form.id_column} {name!r}" if form.id_column else "the series"
            raise DataError(
                f"{source}: {which} holds a missing value; no prediction comes of it. Fill it in, or leave "
                "the series out."
            )
        names.append(name)
        series.append(last)
    if form.id_column is None:
        return SeriesInputs(card, pd.DataFrame({"rows": [len(frame)]}), np.stack(series))
    rows = rows_of_ids(frame, form.id_column, source=source, missing=form.missing)
    first = np.array([own[0] for own in rows.values()])
    table = pd.DataFrame({form.id_column: names})
    return SeriesInputs(card, table, np.stack(series), labels=frame.iloc[first])
