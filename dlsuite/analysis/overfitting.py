"""When a trial begins to overfit, and what it loses by going on: curves in, a row a trial out."""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from dlsuite.analysis.frames import require_columns
from dlsuite.errors import DlsuiteError

FloatArray = npt.NDArray[np.float64]

WINDOW_SHARE = 15
"""The running median looks this share of the epochs, rounded up, to either side."""

LEAST_RISE = 0.01
"""A validation loss has risen if it did so by more than this share of its fall, ..."""

NOISE_MULTIPLE = 3.0
"""... and by more than this many standard deviations of its noise."""

GAP_SHARE = 0.5
"""It overfits if at least this share of the rise is a rise of validation over train loss."""

_TOGETHER = 512
"""How many trials are looked at together: all windows of their epochs stand in memory at once."""


def measure_overfitting(curves: pd.DataFrame, *, by: Sequence[str]) -> pd.DataFrame:
    """Measure each trial's overfitting from its learning curves.

    Args:
        curves: A row a trial and epoch, in any order: the columns of `by`, `epoch` (0 is before the
            first step), `train_loss` and `val_loss`.
        by: The columns that tell the trials apart; a missing value is a value like any other.

    Returns:
        A row a trial, in order of appearance: the columns of `by`, and

        - `onset_epoch`, where the validation loss turns for good, as `onset_epoch` finds it; empty
          where it does not up to the last epoch;
        - `rise_after_onset`, the validation loss at the last epoch minus the smoothed one at the
          onset, in the loss's unit; 0 without an onset, empty where no epoch after epoch 0 has
          finite losses;
        - `epochs_to_90`, the first epoch at which the validation loss, not smoothed, has gone 90 %
          of the way from epoch 0 to its lowest; empty where it never falls below epoch 0, and where
          fewer than two epochs were trained. Losses that are not finite are skipped.

    Raises:
        DlsuiteError: A column is missing, `by` does not tell the trials apart, or an epoch is no
            whole number from 0.
    """
    found = list(trial_curves(curves, by=by, columns=["train_loss", "val_loss"]))
    turns = _turns([(losses[0], losses[1]) for _, losses in found])
    firsts: list[int] = []
    onsets: list[int | None] = []
    rises: list[float] = []
    to_90: list[int | None] = []
    for (first, (train, val)), turn in zip(found, turns, strict=True):
        last = val[1:][_usable(train, val)[1:]][-1:]
        firsts.append(first)
        onsets.append(None if turn is None else turn[0])
        rises.append(
            float("nan") if not last.size else 0.0 if turn is None else float(last[0]) - turn[1]
        )
        to_90.append(_epochs_to_90(val))
    return (
        curves.iloc[firsts]
        .loc[:, list(by)]
        .reset_index(drop=True)
        .assign(
            onset_epoch=pd.array(onsets, dtype="Int64"),
            rise_after_onset=np.array(rises, dtype=float),
            epochs_to_90=pd.array(to_90, dtype="Int64"),
        )
    )


def onset_epoch(train_loss: npt.ArrayLike, val_loss: npt.ArrayLike) -> int | None:
    r"""Find the epoch at which a validation loss turns and stays up because of overfitting.

    Let $s_e$ be the running median of the validation loss of the epochs 1 to $E$ over
    $h = \lceil E / 15 \rceil$ epochs to either side (fewer at the ends), $m$ its minimum, and $t$
    the larger of 1 % of the fall from epoch 0 to $m$ and three standard deviations of the noise.
    The loss is up where $s_e > m + t$. It has turned if it is up at each of the last $h + 1$
    epochs. The valley before them reaches back to where the loss was up for more than the
    $2 h + 1$ epochs of a window, so that noise does not cut it in pieces; the onset is the epoch of
    the lowest $s_e$ in it, the middle one of equals.

    A training that explodes or collapses does not overfit. From the onset to the last epoch, the
    smoothed gap, validation minus train, has to grow by at least half of what $s$ does; and the
    median train loss of the last $h + 1$ epochs may not be above that of epoch 0.

    The noise is the median absolute second difference of the raw loss, scaled to the standard
    deviation of normal noise, $1.4826 / \sqrt 6$ (Gasser, Sroka and Jennen-Steinmetz 1986, Residual
    variance and residual pattern in nonlinear regression). A trend does not enter it, and unlike
    residuals from the running median, a third or more of which are 0 in short windows, it does not
    come out too low.

    The constants are from simulations. Of curves that fall onto a plateau with independent noise,
    normal or heavy-tailed, of 1 to 3 % of the fall, at most 3 % have an onset, from 3 epochs to
    100. Noise that is correlated from epoch to epoch looks like a rise: with a correlation of 0.3
    it is 7 % at most; with 0.5 it is 14 % at 15 epochs and 1 % at 100. Curves that turn and rise by
    30 % of the fall with noise of 3 % are found, nine of ten at 10 epochs and all from 15, and the
    onset is off by 7 % of the epochs at most (root mean square). A rise of no more than three times
    the noise is missed more often than not. A fall that ends abruptly in a slow rise sets the onset
    late, by $h / 2$ at most.

    Args:
        train_loss: Shape `[E + 1]`, epoch 0 before the first step; an inference pass, without
            dropout and penalties, so that it compares with the validation loss.
        val_loss: Shape `[E + 1]`, in the same unit. An epoch at which either loss is not finite is
            skipped as if it were not there: a curve that ends so is judged on its beginning.

    Returns:
        The epoch, from 1; None if the loss does not turn up to the last epoch, or if fewer than
        three are left to judge by.

    Raises:
        DlsuiteError: The losses are not two arrays of one length.
    """
    train, val = np.asarray(train_loss, dtype=float), np.asarray(val_loss, dtype=float)
    if train.ndim != 1 or train.shape != val.shape:
        raise DlsuiteError(
            "train_loss, val_loss: expected two arrays of one length, a loss an epoch; "
            f"got shapes {list(train.shape)} and {list(val.shape)}."
        )
    (turn,) = _turns([(train, val)])
    return None if turn is None else turn[0]


def restricted_onset(onset: npt.ArrayLike, horizon: int) -> FloatArray:
    r"""Count a trial's epochs free of overfitting, up to a horizon: $\min(\text{onset}, H)$.

    Trials that do not overfit within $H$ epochs have no onset to average; theirs is censored. The
    mean over trials of $\min(\text{onset}, H)$ is defined all the same, and estimates the
    restricted mean survival time $\int_0^H S(t) \, dt$, where $S(t)$ is the probability that the
    onset comes later than $t$. That is so because all censoring is at the horizon: every trial is
    watched until its onset or until $H$, so that the lesser of the two is known. The Kaplan-Meier
    estimate of $S$ is then the plain share of trials without an onset up to $t$, and the area under
    it the mean. Of a trial censored before $H$, as by diverging, it is not known: leave such out,
    and count them apart.

    Source: Royston and Parmar 2013, Restricted mean survival time: an alternative to the hazard
    ratio for the design and analysis of randomized trials with a time-to-event outcome.

    Args:
        onset: Shape `[n]`, the epoch of onset from 1, a trial; missing where it did not come.
        horizon: The number of epochs that every trial was trained for, or fewer.

    Returns:
        Shape `[n]`, in epochs.

    Raises:
        DlsuiteError: The horizon is below 1.
    """
    if horizon < 1:
        raise DlsuiteError(f"horizon: expected a number of epochs from 1; got {horizon!r}.")
    epochs = np.asarray(onset, dtype=float)
    return np.where(np.isnan(epochs), float(horizon), np.minimum(epochs, horizon))


def trial_curves(
    curves: pd.DataFrame, *, by: Sequence[str], columns: Sequence[str]
) -> Iterator[tuple[int, FloatArray]]:
    """Cut a frame of curves into trials, in order of appearance.

    Args:
        curves: A row a trial and epoch, in any order.
        by: The columns that tell the trials apart.
        columns: The columns wanted, all numbers.

    Yields:
        The position of the trial's first row, and its values, of shape `[columns, E + 1]` with
        `E` its last epoch; NaN for an epoch without a row.

    Raises:
        DlsuiteError: A column is missing, `by` does not tell the trials apart, or an epoch is no
            whole number from 0.
    """
    if not by:
        raise DlsuiteError("by: expected the columns that tell the trials apart; got none.")
    require_columns(curves, [*by, "epoch", *columns], name="curves")
    if curves.empty:
        return
    epochs = curves["epoch"].to_numpy(dtype=float, na_value=float("nan"))
    odd = ~((epochs >= 0) & (epochs == np.floor(epochs)))
    if odd.any():
        raise DlsuiteError(
            f"curves: expected whole numbers from 0 as epochs; got {epochs[odd][0]:g}."
        )
    trial = curves.groupby(list(by), sort=False, dropna=False, observed=True).ngroup().to_numpy()
    values = [curves[name].to_numpy(dtype=float, na_value=float("nan")) for name in columns]
    order = np.lexsort((np.arange(len(curves)), trial))
    bounds = np.flatnonzero(np.diff(trial[order])) + 1
    for rows in np.split(order, bounds):
        at = epochs[rows].astype(int)
        taken = np.bincount(at)
        if taken.max() > 1:
            named = ", ".join(f"{name}={curves[name].iloc[rows[0]]}" for name in by)
            raise DlsuiteError(
                f"by: expected columns that tell the trials apart; epoch {taken.argmax()} comes "
                f"{taken.max()} times for {named}."
            )
        found = np.full((len(values), taken.size), np.nan)
        for row, column in zip(found, values, strict=True):
            row[at] = column[rows]
        yield int(rows[0]), found


def _turns(trials: Sequence[tuple[FloatArray, FloatArray]]) -> list[tuple[int, float] | None]:
    """For each trial's train and validation loss, the onset and the smoothed validation loss there.

    Trials with as many usable epochs are looked at together, since each call of NumPy has its price.
    """
    used = [np.flatnonzero(_usable(train, val)[1:]) + 1 for train, val in trials]
    alike: dict[int, list[int]] = {}
    for place, epochs in enumerate(used):
        alike.setdefault(epochs.size, []).append(place)
    found: list[tuple[int, float] | None] = [None] * len(trials)
    for n, places in alike.items():
        for first in range(0, len(places) if n >= 3 else 0, _TOGETHER):
            some = places[first : first + _TOGETHER]
            starts = np.array([[side[0] for side in trials[place]] for place in some])
            losses = np.array([[side[used[place]] for side in trials[place]] for place in some])
            for place, turn in zip(some, _turns_of(starts, losses), strict=True):
                if turn is not None:
                    found[place] = int(used[place][turn[0]]), turn[1]
    return found


def _turns_of(starts: FloatArray, losses: FloatArray) -> list[tuple[int, float] | None]:
    """Find onsets, by place among the usable epochs, of `[trials, 2]` and `[trials, 2, n]` losses."""
    n = losses.shape[2]
    half = -(-n // WINDOW_SHARE)
    # A trial may explode and stay finite; differences of its losses need not.
    with np.errstate(over="ignore", invalid="ignore"):
        train, raw = losses[:, 0], losses[:, 1]
        smooth, gaps = _running_median(raw, half), _running_median(raw - train, half)
        lowest = smooth.min(axis=1)
        falls = np.where(np.isfinite(starts[:, 1]), starts[:, 1] - lowest, 0.0)
        least, noise = LEAST_RISE * falls, NOISE_MULTIPLE * _noise(raw)
        tolerance = np.where(noise > least, noise, least)
        low = smooth - lowest[:, None] <= tolerance[:, None]
        turned = low.any(axis=1) & ~low[:, n - 1 - half :].any(axis=1)
        collapsed = np.median(train[:, -half - 1 :], axis=1) > starts[:, 0]
        return [
            _onset(row, gap, np.flatnonzero(at), half) if may else None
            for row, gap, at, may in zip(smooth, gaps, low, turned & ~collapsed, strict=True)
        ]


def _onset(
    smooth: FloatArray, gap: FloatArray, low: npt.NDArray[np.int_], half: int
) -> tuple[int, float] | None:
    """The place of the lowest loss in the last valley, if the gap widens from there on."""
    breaks = np.flatnonzero(np.diff(low) > 2 * half + 1)
    start = low[breaks[-1] + 1] if breaks.size else low[0]
    valley = smooth[start : low[-1] + 1]
    equals = np.flatnonzero(valley == valley.min())
    onset = int(start + equals[(equals.size - 1) // 2])
    widened = gap[-1] - gap[onset] >= GAP_SHARE * (smooth[-1] - smooth[onset])
    return (onset, float(smooth[onset])) if widened else None


def _running_median(values: FloatArray, half: int) -> FloatArray:
    """Smooth each row of `[rows, n]` by the median of the values up to `half` away."""
    n = values.shape[1]
    padded = np.pad(values, ((0, 0), (half, half)), constant_values=np.inf)
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * half + 1, axis=1)
    # What is padded sorts behind the window's own values, whatever these are.
    windows = np.sort(windows, axis=2)
    place = np.arange(n)
    size = 1 + np.minimum(place, half) + np.minimum(place[::-1], half)
    lower, upper = windows[:, place, (size - 1) // 2], windows[:, place, size // 2]
    return np.asarray(0.5 * (lower + upper))


def _noise(values: FloatArray) -> FloatArray:
    """Estimate the standard deviation of what is not a trend in each row of `[rows, n]`, `n` from 3."""
    return np.asarray(1.4826 / np.sqrt(6) * np.median(np.abs(np.diff(values, 2, axis=1)), axis=1))


def _epochs_to_90(val: FloatArray) -> int | None:
    after = np.where(np.isfinite(val[1:]), val[1:], np.inf)
    if np.isfinite(after).sum() < 2 or not after.min() < val[0] < np.inf:
        return None
    return int(np.argmax(val[0] - after >= 0.9 * (val[0] - after.min()))) + 1


def _usable(train: FloatArray, val: FloatArray) -> npt.NDArray[np.bool_]:
    return np.isfinite(train) & np.isfinite(val)
