"""Early stopping as a what-if: what it would have saved and cost, from curves trained in full."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from dlsuite.analysis.frames import require_columns, task_row
from dlsuite.analysis.intervals import mean_interval
from dlsuite.analysis.measures import higher_is_better
from dlsuite.analysis.overfitting import FloatArray, trial_curves
from dlsuite.errors import DlsuiteError

MEASURES = ("stop_epoch", "epochs_saved", "val_loss_cost", "val_metric_cost")
"""What is averaged over trials; each has its `_low` and `_high`."""

STATISTICS = ("n", "share_stopped", *(m + end for m in MEASURES for end in ("", "_low", "_high")))
"""The columns that hold numbers, in order."""


def early_stopping(
    curves: pd.DataFrame,
    *,
    factors: Sequence[str],
    tuned: Sequence[str],
    tasks: pd.DataFrame,
    patiences: Sequence[int] = (3, 5, 10),
) -> pd.DataFrame:
    """Say what early stopping would have saved and cost, for each task, condition and patience.

    Args:
        curves: A row a trial and epoch, in any order: `task`, `condition`, the factors, the tuned
            values, `seed`, `split_seed`, `epoch` (0 is before the first step), `val_loss` and, for
            each task, `val_<metric>` of its metric. Hand over the selected trials only: every
            tuned value in it gets rows of its own.
        factors: Names of the factor columns.
        tuned: Names of the tuned columns.
        tasks: A row a task, with `task` and `metric`.
        patiences: In epochs, as `stopping_epoch` takes it.

    Returns:
        A row a task, condition with its tuned values (both in order of appearance) and patience:
        `task`, `condition`, the factors, the tuned values, `patience`, and

        - `n`, the trials that have a finite validation loss after epoch 0; a trial that diverged
          counts with the epochs it has;
        - `share_stopped`, the share of them that would have stopped before their last epoch;
        - `stop_epoch`, the last epoch that would have been trained;
        - `epochs_saved`, the share of the trial's epochs that come after it;
        - `val_loss_cost`, the validation loss at the epoch kept minus the lowest of all epochs from
          1, in the loss's unit; never below 0;
        - `val_metric_cost`, how much worse the task's metric is on validation at the epoch kept
          than at the epoch of that lowest loss, in the metric's unit; below 0 where it is better.

        The last four are means over the n trials, with the 95 % t interval as `<name>_low` and
        `<name>_high` (empty below two trials). Trials without the metric are left out of its mean.

    Raises:
        DlsuiteError: A column or a task is missing, its metric is unknown, `seed` and `split_seed`
            do not tell the trials of a condition apart, or a patience is no whole number from 0.
    """
    keys = ["task", "condition", *factors, *tuned]
    by = [*keys, "seed", "split_seed"]
    require_columns(curves, [*by, "epoch", "val_loss"], name="curves")
    rows: list[dict[str, object]] = []
    for task, of_task in curves.groupby("task", sort=False, observed=True):
        metric = str(task_row(tasks, str(task))["metric"])
        sign = -1.0 if higher_is_better(metric) else 1.0
        found = list(trial_curves(of_task, by=by, columns=["val_loss", f"val_{metric}"]))
        trials = [(losses, sign * scores) for _, (losses, scores) in found]
        firsts = of_task.iloc[[first for first, _ in found]].reset_index(drop=True)
        settings = ["condition", *factors, *tuned]
        groups = firsts.groupby(settings, sort=False, dropna=False, observed=True)
        for _, group in groups:
            condition = {key: group[key].iloc[0] for key in keys}
            of_group = [trials[at] for at in group.index]
            effects = [_effects(losses, errors, patiences) for losses, errors in of_group]
            for place, patience in enumerate(patiences):
                of_patience = [of_trial[place] for of_trial in effects]
                rows.append({**condition, "patience": patience, **_statistics(of_patience)})
    table = pd.DataFrame(rows, columns=[*keys, "patience", *STATISTICS])
    return table.astype({**{key: curves[key].dtype for key in keys}, "patience": int, "n": int})


def stopping_epoch(val_loss: npt.ArrayLike, patience: int) -> tuple[int, int]:
    """Find where early stopping would have stopped a training, and which epoch it would have kept.

    It stops after `patience` epochs in a row without a new lowest validation loss, and goes back to
    the epoch of the lowest. These are the semantics of `keras.callbacks.EarlyStopping` with
    `monitor="val_loss"`, `min_delta=0` and `restore_best_weights=True`: an equal loss is no new
    lowest, the first epoch always is one, and a patience of 0 is one of 1. A loss that is not
    finite is never the lowest; Keras would take a first one that is NaN for the best and never
    improve on it, while here the watch begins at the first finite loss. Prechelt compares such
    rules; his UP counts strips of five epochs in which the loss rose.

    Source: Prechelt 1998, Early stopping - but when?

    Args:
        val_loss: Shape `[E + 1]`, epoch 0 before the first step. Epoch 0 is not watched, as no
            callback sees it.
        patience: In epochs, from 0.

    Returns:
        The last epoch that would have been trained, `E` if it does not stop before, and the epoch
        whose weights would have been kept.

    Raises:
        DlsuiteError: No loss after epoch 0 is finite, or the patience is no whole number from 0.
    """
    _check_patience(patience)
    losses = np.asarray(val_loss, dtype=float)
    if losses.ndim != 1 or not np.isfinite(losses[1:]).any():
        raise DlsuiteError(
            "val_loss: expected a loss an epoch, finite at least once after epoch 0; "
            f"got shape {list(losses.shape)}."
        )
    return _stop(_best_so_far(losses), patience)


def _check_patience(patience: int) -> None:
    if not (patience >= 0 and float(patience).is_integer()):
        raise DlsuiteError(f"patience: expected a whole number of epochs from 0; got {patience!r}.")


def _best_so_far(losses: FloatArray) -> npt.NDArray[np.int_]:
    """For each epoch from 1, the epoch with the lowest loss up to it; 0 before there is one."""
    watched = np.where(np.isfinite(losses[1:]), losses[1:], np.inf)
    best_before = np.minimum.accumulate(np.concatenate([[np.inf], watched[:-1]]))
    epochs = np.arange(1, watched.size + 1)
    return np.maximum.accumulate(np.where(watched < best_before, epochs, 0))


def _stop(best: npt.NDArray[np.int_], patience: int) -> tuple[int, int]:
    epochs = np.arange(1, best.size + 1)
    out_of_patience = np.flatnonzero((best > 0) & (epochs - best >= max(patience, 1)))
    stop = int(epochs[out_of_patience[0]]) if out_of_patience.size else best.size
    return stop, int(best[stop - 1])


def _effects(
    losses: FloatArray, errors: FloatArray, patiences: Sequence[int]
) -> list[dict[str, float] | None]:
    """Compare a trial stopped early with itself trained in full; lower errors are better."""
    if not np.isfinite(losses[1:]).any():
        return [None] * len(patiences)
    last = losses.size - 1
    so_far = _best_so_far(losses)
    best = int(so_far[-1])
    found: list[dict[str, float] | None] = []
    for patience in patiences:
        _check_patience(patience)
        stop, kept = _stop(so_far, patience)
        found.append(
            {
                "stop_epoch": float(stop),
                "epochs_saved": (last - stop) / last,
                "val_loss_cost": float(losses[kept] - losses[best]),
                "val_metric_cost": float(errors[kept] - errors[best]),
            }
        )
    return found


def _statistics(effects: Sequence[dict[str, float] | None]) -> dict[str, float]:
    known = [effect for effect in effects if effect is not None]
    stopped = [effect["epochs_saved"] > 0 for effect in known]
    found: dict[str, float] = {
        "n": len(known),
        "share_stopped": float(np.mean(stopped)) if known else float("nan"),
    }
    for measure in MEASURES:
        interval = mean_interval([effect[measure] for effect in known])
        found[measure] = interval.mean
        found[f"{measure}_low"] = interval.low
        found[f"{measure}_high"] = interval.high
    return found
