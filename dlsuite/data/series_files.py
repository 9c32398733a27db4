"""Series from tables and folders of them: the settings they take, and what becomes of them."""

from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from pydantic import Field

from dlsuite.data.columns import ColumnRules
from dlsuite.data.files import read_table
from dlsuite.data.inputs import row_place
from dlsuite.data.parts import SHARE_HELD_OUT
from dlsuite.data.raw import Arrays, TimeSeries
from dlsuite.data.recent import Recent
from dlsuite.data.series_columns import (
    category_columns,
    channel_columns,
    find_columns,
)
from dlsuite.data.series_examples import series_of_ids
from dlsuite.data.series_folders import folder_state, labels_task_type, series_from_folder
from dlsuite.data.series_form import SeriesForm, carry_forward, counted, place_rows, read_channels
from dlsuite.data.table_files import Names, file_state, file_task_type, need_target
from dlsuite.errors import DataError, SpecError
from dlsuite.spec.kinds import TaskType

if TYPE_CHECKING:
    import pandas as pd

FEWEST_STEPS = 10
"""With fewer steps, validation and test would hold no window."""
_LONG_SEASON = 64
_LEAST_WINDOW, _USUAL_WINDOW = 12, 16
_FORECAST = ("window", "horizon", "stride", "season", "difference")
_WHOLE = ("length", "labels", "id_column", "task_type")

# A long series is held once, as the data set that becomes of it.
StepCount = Annotated[int, Field(ge=1, le=10**9)]
"""A number of steps."""
SeriesLength = Annotated[int, Field(ge=1, le=10**5)]
"""How many steps are read of each series, where the shorter ones are made as long."""

_series: Recent[TimeSeries | Arrays] = Recent(lambda raw: _bytes(raw), largest=2**24)


def series_from_path(
    path: str | Path,
    *,
    target: str | None = None,
    window: StepCount | None = None,
    horizon: StepCount | None = None,
    stride: StepCount | None = None,
    season: Annotated[int, Field(ge=2, le=10**9)] | None = None,
    difference: bool | None = None,
    fill: Literal["none", "previous"] = "none",
    time_column: str | None = None,
    date_format: str | None = None,
    id_column: str | None = None,
    labels: str | None = None,
    length: SeriesLength | None = None,
    task_type: TaskType | None = None,
    drop: Names = (),
    missing: Names = (),
    separator: str | None = None,
    encoding: str | None = None,
) -> TimeSeries | Arrays:
    """Read a series to forecast, or many of which something is told; again only if a file has changed.

    A table without `id_column` is one series, of which the target is forecast; its windows are split in time
    order. A table with `id_column` holds many, of each of which the target is told; in a folder each file is
    one, and its folder or the table `labels` says of which class it is.

    Args:
        path: A table: CSV, TSV, Parquet or Feather; or a folder of them.
        target: The column to forecast, or to tell of each series; not needed where folders are classes.
        window: How many steps a model reads. If absent, the fewest seasons that are 12 steps or more, up to
            64, or 16 steps without a season; at most a tenth of the steps.
        horizon: How many steps after the window's last is forecast; 1 if absent.
        stride: How many steps after a window the next begins; 1 if absent.
        season: After how many steps things repeat, for a forecast to compare with; if absent, found from the
            step: 12 months, 4 quarters, 52 weeks, 7 days, 5 business days, 24 hours, and a day of shorter
            steps down to a minute.
        difference: Whether a model reads changes from step to step, and forecasts the change from the
            window's last step; for series that rise or fall all the time. No if absent.
        fill: `previous` fills a missing value with the last one before it; `none` leaves windows, or series,
            that hold one out. What is forecast is never a filled value.
        time_column: The column that tells the time; if absent, the one that holds dates, or a first column of
            whole numbers that count the steps, or rows are in order.
        date_format: How times that are texts are written, as in `"%d/%m/%Y"`; found out if absent.
        id_column: The column that says which series a row belongs to.
        labels: The table in a folder that says what to tell of each file; `labels.csv` is found.
        length: How many steps a model reads of each series, where something is told of a whole one: longer
            ones lose their beginning, shorter ones begin with their first step repeated. If absent, a length
            that nine of ten series do not exceed.
        task_type: `classification` or `regression`, where something is told of a whole series; found from the
            target if absent.
        drop: Columns to leave out.
        missing: Texts that stand for a missing value, beside `""`, `?`, `NA` and the like.
        separator: What stands between two values; found from the first line if absent.
        encoding: How characters are written; UTF-8 if absent.

    Raises:
        SpecError: A setting names a column that is not there, or two of them do not go together.
        DataError: A file, a column or the target cannot be used.
    """
    settings = {key: value for key, value in locals().items() if key != "path"}
    key = (series_state(str(path), settings), tuple(settings.values()))
    return _series.get(key, lambda: _read(str(path), settings))


def need_series(path: str, settings: Mapping[str, Any]) -> None:
    """Ask for the target of a table.

    Raises:
        SpecError: The settings name none.
    """
    if not Path(path).expanduser().is_dir() and settings.get("target") is None:
        need_target(path, {key: value for key, value in settings.items() if key != "target"})


def series_task_type(path: str, settings: Mapping[str, Any]) -> TaskType:
    """Say what is to be told."""
    if Path(path).expanduser().is_dir():
        return labels_task_type(path, settings)
    return "regression" if settings["id_column"] is None else file_task_type(path, settings)


def series_state(path: str, settings: Mapping[str, Any]) -> Hashable:
    """Tell the content from what it was before a file changed."""
    return folder_state(path) if Path(path).expanduser().is_dir() else file_state(path)


def series_description(path: str, settings: Mapping[str, Any]) -> str:
    """Say what an example is and what is to be told."""
    name, target = Path(path).name, settings["target"]
    if Path(path).expanduser().is_dir():
        return f"A series of {name}; " + (f"its {target!r}." if target else "which class it is of.")
    if settings["id_column"] is not None:
        return f"A series of {name}; its {target!r}."
    ahead = settings["horizon"] or 1
    after = "one step" if ahead == 1 else f"{ahead} steps"
    return f"A stretch of {name}; {target!r} {after} later."


def _read(path: str, settings: Mapping[str, Any]) -> TimeSeries | Arrays:
    is_folder = Path(path).expanduser().is_dir()
    forecast = not is_folder and settings["id_column"] is None
    for name in _WHOLE if forecast else _FORECAST:
        if settings[name] is not None:
            raise SpecError(
                f"{path}: {name} is for what is told of whole series, from a folder or with id_column; leave "
                "it out, or say id_column."
                if forecast
                else f"{path}: {name} is for a series to forecast, one in a table; leave it out."
            )
    rules = ColumnRules(
        drop=settings["drop"], date_format=settings["date_format"], missing=settings["missing"]
    )
    if is_folder:
        return series_from_folder(path, settings, rules)
    frame = read_table(
        path, separator=settings["separator"], encoding=settings["encoding"], keep=not forecast
    )
    if forecast:
        return _forecast(frame, path, settings, rules)
    return series_of_ids(frame, path, settings, rules)


def _forecast(
    frame: "pd.DataFrame", path: str, settings: Mapping[str, Any], rules: ColumnRules
) -> TimeSeries:
    target, missing = settings["target"], settings["missing"]
    if len(frame) < FEWEST_STEPS:
        raise DataError(
            f"{path}: expected at least {FEWEST_STEPS} rows, to split and to learn from; got {len(frame)}."
        )
    columns = find_columns(
        frame,
        source=path,
        target=target,
        aside=(),
        time_column=settings["time_column"],
        rules=rules,
    )
    grid = place_rows(frame, columns.time, source=path, missing=missing)
    trained = grid.places < round((1 - 2 * SHARE_HELD_OUT) * grid.steps)
    texts = category_columns(frame, columns.used, missing)
    channels, notes = channel_columns(
        columns.used, {name: values[trained] for name, values in texts.items()}
    )
    form = SeriesForm(
        columns=channels,
        target=target,
        horizon=settings["horizon"] or 1,
        difference=bool(settings["difference"]),
        fill=settings["fill"] == "previous",
        time=columns.time,
        step=grid.step,
        missing=tuple(missing),
    )
    values = read_channels(frame, channels, source=path, missing=missing, grid=grid)
    notes = (*columns.notes, *grid.notes, *notes, *_missing_notes(frame, form, values, grid.places))
    at = form.channels.index(target)
    told = None
    if form.fill:
        told = values[:, at].copy()
        carry_forward(values, grid.breaks)
        notes += ("Missing values are filled by the last one before; none of them is forecast.",)
    season = settings["season"] or (grid.step.season if grid.step is not None else None)
    window = settings["window"]
    if window is None:
        window = _window(grid.steps, season)
        notes += (f"A window is {window} steps.",)
    if form.difference:
        notes += (
            "Inputs are changes from step to step, and the target is the change from the window's last step.",
        )
    return TimeSeries(
        values,
        form.channels,
        window=window,
        target=at,
        difference=form.difference,
        notes=notes,
        horizon=form.horizon,
        stride=settings["stride"] or 1,
        season=season,
        breaks=grid.breaks,
        states=form.states,
        told=told,
        form=form,
    )


def _window(steps: int, season: int | None) -> int:
    """How many steps a model reads where nobody says it."""
    window = _USUAL_WINDOW
    if season is not None and season <= _LONG_SEASON:
        window = season * -(-_LEAST_WINDOW // season)
    return max(1, min(window, steps // 10))


def _missing_notes(
    frame: "pd.DataFrame", form: SeriesForm, values: np.ndarray[Any, Any], places: Any
) -> tuple[str, ...]:
    """Say in which columns values are missing, how many, and where the first one is."""
    told, at = [], 0
    for column in form.columns:
        absent = np.isnan(values[places, at])
        at += len(column.channels)
        if absent.any():
            first = row_place(frame, int(np.argmax(absent)))
            told.append(
                f"{column.name!r} in {counted(int(absent.sum()), 'row', 'rows')}, first in {first}"
            )
    return (f"Missing values: {'; '.join(told)}.",) if told else ()


def _bytes(raw: TimeSeries | Arrays) -> int:
    return raw.values.nbytes if isinstance(raw, TimeSeries) else sum(x.nbytes for x in raw.xs)
