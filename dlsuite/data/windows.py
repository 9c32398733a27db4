"""The windows of a series: split in time order, taken as views, scaled once for all splits.

A window is a place in the series, not a copy of its steps: a million of them take what a million numbers do.
"""

import itertools
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from dlsuite.data.dataset import Array
from dlsuite.data.gathered import Gathered, aligned
from dlsuite.data.parts import SHARE_HELD_OUT, Part, Parts
from dlsuite.data.scaling import ChannelScaler
from dlsuite.errors import DataError

if TYPE_CHECKING:
    from dlsuite.data.raw import TimeSeries

_SMALL = 2**25
"""Bytes up to which the windows of all splits are gathered at once, so that `Split.x` is a plain array."""
_AT_ONCE = 2**26
"""Bytes of windows up to which mean and deviation are those of the windows themselves, to the bit."""
_CHUNK = 2**19
"""Numbers that are averaged at once, of a series whose windows are not."""
_NAMES = ("training", "validation", "test")


def split_in_time(series: "TimeSeries") -> tuple[Parts, tuple[str, ...]]:
    """Split a series 60/20/20 in time order, then take windows from each part by itself.

    No window crosses a border, so validation and test windows hold nothing that was trained on; nor does
    one cross a break. Windows with a missing value are left out rather than filled: a value interpolated
    from both sides would tell a model the future.

    Returns:
        The parts, windows `[n, window, channels]` of the values in float64, in time order, and notes on
        what was left out. `Gathered` rounds what it gathers to float32; see `scaled_windows`.

    Raises:
        DataError: The window is too long for a part, or no window of a part is complete.
    """
    steps = len(series.values)
    borders = [
        0,
        round((1 - 2 * SHARE_HELD_OUT) * steps),
        round((1 - SHARE_HELD_OUT) * steps),
        steps,
    ]
    parts = itertools.pairwise(borders)
    stretches = [_stretches(series, *part) for part in parts]
    _check_fits(series, stretches)
    read = _read(series)
    missing = np.zeros(steps + 1, dtype=np.int64)
    np.cumsum(~np.isfinite(read).all(axis=1), out=missing[1:])
    told = series.values[:, series.target] if series.told is None else series.told
    found = [_windows(series, read, told, missing, part) for part in stretches]
    for name, (part, _) in zip(_NAMES, found, strict=True):
        if not len(part):
            raise DataError(
                f"window: expected complete windows in the {name} part; each of {series.window} "
                "steps holds a missing value. Choose a shorter window."
            )
    left_out = sum(dropped for _, dropped in found)
    notes: tuple[str, ...] = ()
    if left_out:
        total = left_out + sum(len(part) for part, _ in found)
        notes = (f"{left_out} of {total} windows hold a missing value and are left out.",)
    return Parts(*(part for part, _ in found)), notes


def complete_windows(series: "TimeSeries") -> tuple[Array, Array]:
    """Find every window that can be read, whether or not anything is known of what comes after it.

    Returns:
        What a model reads, float64 `[time, channels]`, and the steps at which windows end, int64 `[n]`.
    """
    read = _read(series)
    missing = np.concatenate([[0], np.cumsum(~np.isfinite(read).all(axis=1))])
    ends = [
        np.arange(first + series.difference + series.window - 1, end)
        for first, end in _stretches(series, 0, len(read))
    ]
    last = np.concatenate(ends)
    return read, last[missing[last + 1] == missing[last + 1 - series.window]]


def scaled_windows(parts: Parts, *, scale: bool) -> tuple[Parts, ChannelScaler | None]:
    """Scale the series once, as float32, for all splits; small ones become plain arrays.

    Mean and deviation are of the training windows, each value counted as often as windows hold it.

    Args:
        parts: As `split_in_time` gives them.
        scale: Whether to scale at all.
    """
    train: Gathered = parts.train.x
    scaler = _fitted(train) if scale else None
    source = train.store
    store = aligned(source.astype(np.float32) if scaler is None else scaler.transform(source))
    each = [part.x for part in (parts.train, parts.validation, parts.test)]
    small = sum(4 * int(np.prod(x.shape)) for x in each) <= _SMALL

    def change(x: Gathered) -> Array | Gathered:
        gathered = replace(x, store=store, places=x.places.astype(np.int32))
        return np.asarray(gathered) if small else gathered

    return parts.map_x(change), scaler


def _fitted(x: Gathered) -> ChannelScaler:
    """What scikit-learn's `StandardScaler` learns from the windows themselves, in float64."""
    if 8 * int(np.prod(x.shape)) <= _AT_ONCE:
        return ChannelScaler.fit(x.store[x.places[:, None] + np.arange(x.window)])
    from sklearn.preprocessing import StandardScaler

    # Begun windows less ended ones: how many hold a step.
    ends = np.zeros(len(x.store) + 1, dtype=np.int64)
    ends[x.places] += 1
    ends[x.places + x.window] -= 1
    held = np.cumsum(ends[:-1])
    scaler = StandardScaler()
    size = max(1, _CHUNK // x.store.shape[1])
    for at in range(0, len(held), size):
        chunk = slice(at, at + size)
        inside = held[chunk] > 0
        if inside.any():
            scaler.partial_fit(x.store[chunk][inside], sample_weight=held[chunk][inside])
    return ChannelScaler(scaler.mean_.astype(np.float64), scaler.scale_.astype(np.float64))


def _stretches(series: "TimeSeries", first: int, end: int) -> list[tuple[int, int]]:
    """Cut a part at the breaks in it."""
    ends = [first, *(at for at in series.breaks if first < at < end), end]
    return list(itertools.pairwise(ends))


def _check_fits(series: "TimeSeries", parts: list[list[tuple[int, int]]]) -> None:
    """Refuse a window or a horizon that a part has no room for."""
    longest = min(max(end - first for first, end in part) for part in parts) - series.difference
    steps = f"the series' {len(series.values)} steps (60/20/20)"
    if series.breaks:
        steps += f", in {len(series.breaks) + 1} stretches,"
    if series.season is not None and series.season >= len(series.values):
        raise DataError(
            f"season: expected fewer steps than {steps}; got {series.season}. Leave it out, or mend it."
        )
    if series.horizon >= longest:
        raise DataError(
            f"horizon: expected at most {longest - 1} steps, so that each part of {steps} holds a value that "
            f"far after another; got {series.horizon}."
        )
    longest -= series.horizon
    after = "after it" if series.horizon == 1 else f"{series.horizon} steps after it"
    if series.window > longest:
        raise DataError(
            f"window: expected at most {longest} steps, so that each part of {steps} holds a window and the "
            f"value {after}; got {series.window}."
        )


def _read(series: "TimeSeries") -> Array:
    """What a model reads, `[time, channels]`: the values, or each one's change from the one before."""
    if not series.difference:
        return series.values
    changes = np.empty_like(series.values, dtype=np.float64)
    changes[:1] = np.nan
    np.subtract(series.values[1:], series.values[:-1], out=changes[1:])
    for state in series.states:
        changes[:, state] = series.values[:, state]
    return changes


def _windows(
    series: "TimeSeries",
    read: Array,
    told: Array,
    missing: Array,
    stretches: list[tuple[int, int]],
) -> tuple[Part, int]:
    """Take every complete window, and count the others."""
    beyond = series.window + series.horizon - 1
    places = np.concatenate(
        [
            # A change needs the value before.
            np.arange(first + series.difference, max(end - beyond, first), series.stride)
            for first, end in stretches
        ]
    )
    last = places + (series.window - 1)
    complete = missing[last + 1] == missing[places]
    complete &= np.isfinite(told[last + series.horizon])
    whole = places[complete]
    last = last[complete]
    target = series.values[:, series.target]
    if series.difference:
        y = told[last + series.horizon] - target[last]
        last_value = np.zeros_like(y)
    else:
        y, last_value = told[last + series.horizon], target[last]
    part = Part(
        Gathered(read, whole, window=series.window),
        y,
        last_value,
        _a_season_ago(series, last, last_value),
    )
    return part, int((~complete).sum())


def _a_season_ago(series: "TimeSeries", last: Array, last_value: Array) -> Array | None:
    """What was to be predicted whole seasons earlier; the last value where that is not known."""
    if series.season is None:
        return None
    target = series.values[:, series.target]
    back = series.season * -(-series.horizon // series.season)
    then = last + series.horizon - back
    first = last - back if series.difference else then
    known = first >= 0
    if series.breaks:
        breaks = np.array(series.breaks)
        known &= np.searchsorted(breaks, first, "right") == np.searchsorted(breaks, last, "right")
    values = target[np.maximum(then, 0)]
    if series.difference:
        values = values - target[np.maximum(first, 0)]
    return np.where(known & np.isfinite(values), values, last_value)
