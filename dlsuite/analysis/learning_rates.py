"""What each learning rate of a study does: crawl, arrive, jump over the minimum or diverge.

A rate is judged by the curves of its trials, against the best rate of the same task and the same other
settings. It is judged within the epochs trained: what is too slow for 30 may be good for 300.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from dlsuite.analysis.factor_values import format_value
from dlsuite.analysis.frames import require_columns, task_row
from dlsuite.analysis.loss_curves import Array, LossCurves, curves_by_trial, trial_name
from dlsuite.errors import DlsuiteError

RATE = "learning_rate"
CLASSES = ("too slow", "good", "overshoots", "diverges")
"""What a rate can be, in the order in which they come as it rises."""

USABLE_PROGRESS = 0.9
"""The share of the best rate's drop that makes a rate usable, and that `epochs_to_target` waits for."""
OVERSHOOTING = 0.25
"""From this oscillation on a rate overshoots: its rises add up to a quarter of all there is to fall."""
EXPLOSION = 0.1
"""A loss has exploded if it ends above its start by this share of all there is to fall."""
BLOWN_UP = 10.0
"""A validation loss so many times its start has exploded too, though batches may be fitted again since."""
STILL_FALLING = 0.5
"""From this pace on training is far from over: half as fast at the end as on average."""
LEAST_LEARNED = 0.01
"""The best rate must lower the validation loss by this share of its start, or none has trained at all."""

_LEAST_HEIGHT = 0.1
"""The train loss is taken to have at least this share of its start to fall, should no rate train."""

EVIDENCE = ("progress", "rise_share", "oscillation", "still_falling", "epochs_to_target")
_JUDGED = ("n", "n_diverged", *EVIDENCE, "class", "usable")
_WIDTH = ("decades", "n_usable", "lowest", "highest", "best", "touches_edge")
_NAN = float("nan")


class _Trial(NamedTuple):
    rate: float
    completed: bool
    curves: LossCurves

    @property
    def measured(self) -> bool:
        return self.completed and len(self.curves) > 0


def learning_rates(
    trials: pd.DataFrame,
    curves: pd.DataFrame,
    tasks: pd.DataFrame,
    *,
    factors: Sequence[str],
    tuned: Sequence[str],
) -> pd.DataFrame:
    """Give each learning rate a class, with its evidence.

    A rate is compared with the best of its *combination*: the same task, other factors and tuned values.
    The best is the rate, of those that do not diverge, whose validation loss falls furthest. Validation
    losses are smoothed by running medians of three first, so that no lucky epoch counts.

    Args:
        trials: A row a trial: `task`, the factors and tuned values, `seed`, `split_seed`, `status`.
        curves: A row a trial and epoch, from epoch 0: the same columns but the status, `epoch`, and
            `train_loss` and `val_loss` in nats or standardized squared error.
        tasks: A row a task; its order is that of the result.
        factors: Names of the factors.
        tuned: Names of the tuned hyperparameters.

    Returns:
        A row a task, combination and rate, rates rising; none where the rate is neither a factor nor
        tuned. Beside the settings, as medians over the completed trials and NaN where there are none:

        - `n` and `n_diverged`, trials that completed and that diverged;
        - `progress`, how far the validation loss fell at the most, as a share of the best rate's: 0 to 1; NaN
          for all if even the best fell by less than `LEAST_LEARNED` of its start;
        - `rise_share`, the share of epochs in which the train loss rose;
        - `oscillation`, the sum of the train loss's rises from epoch to epoch, of those alone that exceed
          `NOTICEABLE_RISE`, in units of all there is to fall: the largest median drop of the train loss of
          a rate in the combination, or a tenth of the start should none train;
        - `still_falling`, the pace of the validation loss over the last fifth of the epochs, over its whole
          drop by all epochs: 1 is a straight line, 0 flat, negative a rise. On validation, since the train
          loss of a classifier falls for as long as it is trained. NaN under 5 epochs;
        - `epochs_to_target`, epochs until the validation loss had fallen by `USABLE_PROGRESS` of the best
          rate's drop: the median over all trials, NaN where that is one that diverged or never got there;
        - `class`. `diverges`: at least half of the trials diverged, or exploded and stayed finite: their
          train loss ended above its start by `EXPLOSION` of all there is to fall, or their validation
          loss is `BLOWN_UP` times its start, and the rate is not below the best. Else `overshoots`: the
          oscillation is `OVERSHOOTING` or more, or the rate is above the
          best and its progress below `USABLE_PROGRESS`. Else `too slow`: the progress is below
          `USABLE_PROGRESS`; or no higher rate than the best was tried, and this one still falls at
          `STILL_FALLING` or more. Else `good`;
        - `usable`, whether it does not diverge and its progress is `USABLE_PROGRESS` or more. A rate that
          overshoots and arrives all the same is usable.

    Raises:
        DlsuiteError: A column, a task, or the curves of a completed trial are missing.
    """
    keys = ["task", *factors, *tuned]
    if RATE not in keys:
        return pd.DataFrame(columns=[*keys, *_JUDGED])
    others = [key for key in keys if key != RATE]
    rows = [
        {**settings, **judged}
        for settings, found in _combinations(trials, curves, tasks, keys, others)
        for judged in _judge(found)
    ]
    return _frame(rows, [*keys, *_JUDGED], trials, keys)


def usable_decades(
    trials: pd.DataFrame,
    curves: pd.DataFrame,
    tasks: pd.DataFrame,
    *,
    factors: Sequence[str],
    tuned: Sequence[str],
) -> pd.DataFrame:
    """Measure how wide the range of usable learning rates is, seed by seed, in decades.

    Each seed's rates are judged as by `learning_rates`, against its own best, so that the widths of two
    conditions can be paired by seed. The range is the block of usable rates around the best without a gap.
    A rate stands for the part of the grid that is nearer to it than to another, in the logarithm: a single
    usable rate of a grid of three a decade is a third of a decade wide. The first and the last rate reach
    as far outwards as inwards.

    Args:
        trials: As `learning_rates` takes them.
        curves: As `learning_rates` takes them.
        tasks: As `learning_rates` takes them.
        factors: Names of the factors.
        tuned: Names of the tuned hyperparameters.

    Returns:
        A row a task, combination of the other settings, seed and split seed; none where the rate is neither
        a factor nor tuned. `decades` is the width: 0 where no rate is usable, NaN where only one was tried.
        `n_usable`, `lowest`, `highest` and `best` are of the rates in the block. Where `touches_edge`, the
        block ends with the grid: the width is censored, and the range may be wider.

    Raises:
        DlsuiteError: A column, a task, or the curves of a completed trial are missing.
    """
    keys = ["task", *factors, *tuned]
    by = [*(key for key in keys if key != RATE), "seed", "split_seed"]
    if RATE not in keys:
        return pd.DataFrame(columns=[*by, *_WIDTH])
    rows = [
        {**settings, **_width(_judge(found))}
        for settings, found in _combinations(trials, curves, tasks, keys, by)
    ]
    return _frame(rows, [*by, *_WIDTH], trials, by)


def _combinations(
    trials: pd.DataFrame,
    curves: pd.DataFrame,
    tasks: pd.DataFrame,
    keys: Sequence[str],
    by: Sequence[str],
) -> Iterator[tuple[dict[str, Any], list[_Trial]]]:
    """The trials that are judged together, in an order that does not depend on that of the rows."""
    identity = [*keys, "seed", "split_seed"]
    require_columns(trials, [*identity, "status"], name="trials")
    require_columns(curves, [*identity, "epoch", "train_loss", "val_loss"], name="curves")
    for task in trials["task"].unique():
        task_row(tasks, str(task))
    places = {str(task): place for place, task in enumerate(tasks["task"])}
    curves_of = curves_by_trial(curves, identity)
    nothing = LossCurves(np.empty(0), np.empty(0))
    found: dict[tuple[Any, ...], tuple[dict[str, Any], list[_Trial]]] = {}
    for row in trials[[*identity, "status"]].to_dict("records"):
        if row["status"] not in ("completed", "diverged"):
            continue
        name = trial_name(row[key] for key in identity)
        completed = row["status"] == "completed"
        if completed and name not in curves_of:
            said = ", ".join(f"{key}={text}" for key, text in zip(identity, name, strict=True))
            raise DlsuiteError(
                f"curves: expected epochs of every completed trial; got none of {said}."
            )
        settings = {str(key): row[key] for key in by}
        order = places[str(row["task"])], *(_order(settings[key]) for key in by[1:])
        trial = _Trial(float(row[RATE]), completed, curves_of.get(name, nothing))
        found.setdefault(order, (settings, []))[1].append(trial)
    for order in sorted(found):
        yield found[order]


def _judge(trials: Sequence[_Trial]) -> list[dict[str, Any]]:
    """A row for each rate of a combination."""
    rates = sorted({trial.rate for trial in trials})
    of_rate = {rate: [trial for trial in trials if trial.rate == rate] for rate in rates}
    measured = {rate: [t.curves for t in of_rate[rate] if t.measured] for rate in rates}
    height = _height(measured.values())
    diverging = {rate for rate in rates if _diverges(of_rate[rate], explosion=EXPLOSION * height)}
    drops = {
        rate: _median(curves.drop for curves in measured[rate])
        for rate in rates
        if rate not in diverging
    }
    best = max(drops, key=lambda rate: (drops[rate], -rate), default=None)
    best_drop = _NAN
    if best is not None:
        # Below a rate that trains, none is too high: moving averages of batch normalization let the loss of a
        # network that hardly moves rise at first.
        diverging -= {rate for rate in rates if rate < best and not _diverges(of_rate[rate])}
        start = _median(abs(float(curves.validation[0])) for curves in measured[best])
        best_drop = drops[best] if drops[best] > LEAST_LEARNED * start else _NAN
    rows = []
    for rate in rates:
        # A rate that exploded in the end may have been further down than the best.
        progress = float(np.minimum(_median(c.drop / best_drop for c in measured[rate]), 1.0))
        row: dict[str, Any] = {
            RATE: rate,
            "n": sum(trial.completed for trial in of_rate[rate]),
            "n_diverged": sum(not trial.completed for trial in of_rate[rate]),
            "progress": progress,
            "rise_share": _median(curves.rise_share for curves in measured[rate]),
            "oscillation": _median(curves.oscillation(height) for curves in measured[rate]),
            "still_falling": _median(curves.pace for curves in measured[rate]),
            "epochs_to_target": _median_time(_time(trial, best_drop) for trial in of_rate[rate]),
        }
        row["class"] = "diverges" if rate in diverging else _class(row, best, rates[-1])
        row["usable"] = rate not in diverging and progress >= USABLE_PROGRESS
        rows.append(row)
    return rows


def _class(row: dict[str, Any], best: float | None, highest: float) -> str:
    """The class of a rate that does not diverge; `best` and `highest` are the combination's rates."""
    too_high = best is not None and row[RATE] > best and row["progress"] < USABLE_PROGRESS
    if row["oscillation"] >= OVERSHOOTING or too_high:
        return "overshoots"
    # Where a higher rate than the best got less far, it is epochs that are missing, not a higher rate.
    unfinished = best == highest and row["still_falling"] >= STILL_FALLING
    return "good" if row["progress"] >= USABLE_PROGRESS and not unfinished else "too slow"


def _height(measured: Iterable[Sequence[LossCurves]]) -> float:
    """How far the train loss can fall: as far as at the rate at which it fell furthest."""
    heights = [
        max(
            _median(float(curve.train[0] - curve.train.min()) for curve in curves),
            _LEAST_HEIGHT * _median(abs(float(curve.train[0])) for curve in curves),
        )
        for curves in measured
        if curves
    ]
    return max(heights, default=_NAN)


def _diverges(trials: Sequence[_Trial], explosion: float = np.inf) -> bool:
    """Whether at least half of a rate's trials diverged, or exploded and stayed finite."""
    lost = [
        not trial.measured or (explosion < np.inf and _exploded(trial.curves, explosion))
        for trial in trials
    ]
    return 2 * sum(lost) >= len(lost)


def _exploded(curves: LossCurves, explosion: float) -> bool:
    start, end = curves.validation[0], curves.validation[-1]
    # Overflow and 0 times infinity: what has no bound has not been passed.
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(curves.risen > explosion or end > BLOWN_UP * abs(start) + explosion)


def _time(trial: _Trial, best_drop: float) -> float:
    """Epochs until a trial has gone most of the best rate's way; infinite if it never has."""
    return trial.curves.epochs_to(USABLE_PROGRESS * best_drop) if trial.completed else float("inf")


def _width(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The block of usable rates around the best, of one seed's judged rates."""
    usable = [place for place, row in enumerate(rows) if row["usable"]]
    if not usable:
        width = 0.0 if len(rows) > 1 else _NAN
        return dict(zip(_WIDTH, (width, 0, _NAN, _NAN, _NAN, False), strict=True))
    best = max(usable, key=lambda place: (rows[place]["progress"], -place))
    first = last = best
    while first - 1 in usable:
        first -= 1
    while last + 1 in usable:
        last += 1
    cells = _cells(np.log10([row[RATE] for row in rows]))
    return {
        "decades": float(np.sum(cells[first : last + 1])),
        "n_usable": last + 1 - first,
        "lowest": rows[first][RATE],
        "highest": rows[last][RATE],
        "best": rows[best][RATE],
        "touches_edge": first == 0 or last == len(rows) - 1,
    }


def _cells(places: Array) -> Array:
    """How much of a line each place stands for: half-way to its neighbors, at the ends the same outwards."""
    if len(places) < 2:
        return np.full(len(places), np.nan)
    steps = np.diff(places)
    inwards, outwards = np.concatenate([steps[:1], steps]), np.concatenate([steps, steps[-1:]])
    cells: Array = (inwards + outwards) / 2
    return cells


def _median(values: Iterable[float]) -> float:
    """The median of the numbers among values; NaN if there are none."""
    # Of a few numbers NumPy's median takes ten times as long; a study of many seeds asks for a great many.
    numbers = sorted(float(value) for value in values if value == value)
    half = len(numbers) // 2
    if len(numbers) % 2:
        return numbers[half]
    return (numbers[half - 1] + numbers[half]) / 2 if numbers else _NAN


def _median_time(times: Iterable[float]) -> float:
    """The median of times of which some are infinite; NaN if it is."""
    median = _median(times)
    return median if np.isfinite(median) else _NAN


def _order(value: Any) -> tuple[int, float, str]:
    """Numbers and flags by size, then everything else by its text."""
    if isinstance(value, int | float | np.number | np.bool_) and value == value:
        return 0, float(value), ""
    return 1, 0.0, format_value(value)


def _frame(
    rows: list[dict[str, Any]], columns: Sequence[str], trials: pd.DataFrame, keys: Sequence[str]
) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=list(columns))
    return frame.astype({key: trials[key].dtype for key in keys}) if rows else frame
