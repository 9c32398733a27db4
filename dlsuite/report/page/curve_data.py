"""The curves that the page explores: means of every epoch, and as much of single trials as fits."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from dlsuite.analysis import select_tuned
from dlsuite.analysis.frames import require_columns
from dlsuite.report.study_tables import StudyTables

MOST_VALUES = 1_500_000
"""How many numbers of single trials are embedded at most: about 6 MB of page."""

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class TaskCurves:
    """The curves of a task; NaN stands for an epoch that a trial did not reach.

    Attributes:
        task: Its label.
        metric: The metric that decides.
        columns: The columns of `curves` that the first axis of all arrays follows.
        conditions: The conditions' names.
        epochs: The epochs of the means.
        kept: The places among `epochs` that single trials have.
        n_trials: How many trials the task has.
        trials: Those whose single curves are embedded: rows of the frame of trials.
        condition_of: For each of them, its place among the conditions.
        selected: Which of them have the chosen tuned values; the means are theirs.
        mean: Shape `[columns, conditions, epochs]`.
        low: The lowest trial, likewise.
        high: The highest.
        single: Shape `[columns, trials, kept]`.
        last_epoch: Shape `[trials]`, the last epoch of each; NaN for a trial without any.
        last: Shape `[columns, trials]`, the values there.
    """

    task: str
    metric: str
    columns: Sequence[str]
    conditions: Sequence[str]
    epochs: npt.NDArray[np.int_]
    kept: npt.NDArray[np.int_]
    n_trials: int
    trials: pd.DataFrame = field(repr=False)
    condition_of: npt.NDArray[np.int_] = field(repr=False)
    selected: npt.NDArray[np.bool_] = field(repr=False)
    mean: Floats = field(repr=False)
    low: Floats = field(repr=False)
    high: Floats = field(repr=False)
    single: Floats = field(repr=False)
    last_epoch: Floats = field(repr=False)
    last: Floats = field(repr=False)

    @property
    def arrays(self) -> list[Floats]:
        """The numbers in the order in which `scripts/curves.js` reads them."""
        return [self.mean, self.low, self.high, self.single, self.last, self.last_epoch]


def curve_data(tables: StudyTables, *, most_values: int = MOST_VALUES) -> list[TaskCurves]:
    """Collect the curves of every task.

    Where there are more values of single trials than may be embedded, single trials keep every k-th epoch and
    the last, with the smallest k that fits; where two epochs a trial are still too many, each condition keeps
    its first trials. Means are of all epochs and all trials with the chosen tuned values.

    Args:
        tables: The study's tables.
        most_values: How many values of single trials are kept at most.

    Raises:
        DlsuiteError: A column or a task is missing.
    """
    curves, trials = tables["curves"], tables["trials"]
    if curves.empty or trials.empty:
        return []
    keys = ["task", "condition", *tables.tuned, "seed", "split_seed"]
    require_columns(curves, [*keys, "epoch"], name="curves")
    chosen = select_tuned(trials, tuned=tables.tuned, tasks=tables["tasks"]).to_numpy()
    rows = trials.reset_index(drop=True)
    # Each epoch of the curves learns which row of the trials it belongs to.
    place = rows[keys].assign(_row=np.arange(len(rows)))
    row_of = curves[keys].merge(place, on=keys, how="left")["_row"].to_numpy()
    full = list(_full_curves(tables, rows, row_of))
    sizes = [(len(f.columns) * len(f.trials), len(f.epochs)) for f in full]
    step = 1
    while _total(sizes, step) > most_values and step < max(epochs for _, epochs in sizes):
        step += 1
    share = min(1.0, most_values / max(_total(sizes, step), 1))
    return [_thinned(f, chosen[f.trials.index], step=step, share=share) for f in full]


@dataclass(frozen=True)
class _Full:
    task: str
    metric: str
    columns: Sequence[str]
    epochs: npt.NDArray[np.int_]
    trials: pd.DataFrame
    values: Floats


def _full_curves(
    tables: StudyTables, trials: pd.DataFrame, row_of: npt.NDArray[np.float64]
) -> Iterator[_Full]:
    """For each task all of its curves, shape `[columns, trials, epochs]`."""
    curves = tables["curves"]
    for task in tables.tasks:
        metric = str(tables.task(task)["metric"])
        wanted = ["train_loss", "val_loss", f"train_{metric}", f"val_{metric}", "gradient_norm"]
        columns = [column for column in dict.fromkeys(wanted) if column in curves]
        own_trials = trials.loc[trials["task"] == task]
        own = (curves["task"] == task).to_numpy() & ~np.isnan(row_of)
        at_epoch = curves.loc[own, "epoch"].to_numpy(dtype=int)
        epochs = np.unique(at_epoch)
        if not epochs.size:
            continue
        at_trial = np.searchsorted(own_trials.index.to_numpy(), row_of[own].astype(int))
        values = np.full((len(columns), len(own_trials), len(epochs)), np.nan, np.float32)
        with np.errstate(over="ignore"):
            for place, column in enumerate(columns):
                found = curves.loc[own, column].to_numpy(dtype=float, na_value=float("nan"))
                values[place, at_trial, np.searchsorted(epochs, at_epoch)] = found
        yield _Full(task, metric, columns, epochs, own_trials, values)


def _kept(n_epochs: int, step: int) -> npt.NDArray[np.int_]:
    return np.unique([*range(0, n_epochs, step), n_epochs - 1])


def _total(sizes: Sequence[tuple[int, int]], step: int) -> int:
    return sum(lines * len(_kept(epochs, step)) for lines, epochs in sizes)


def _thinned(
    full: _Full, selected: npt.NDArray[np.bool_], *, step: int, share: float
) -> TaskCurves:
    names = full.trials["condition"].astype(str)
    codes, conditions = pd.factorize(names)
    mean, low, high = _bands(full.values, np.where(selected, codes, -1), len(conditions))
    rank = names.groupby(names.to_numpy()).cumcount().to_numpy()
    n_of = np.bincount(codes)[codes]
    shown = np.flatnonzero(rank < share * n_of)
    kept = _kept(len(full.epochs), step)
    values = full.values[:, shown]
    reached: npt.NDArray[np.bool_] = np.logical_not(np.isnan(values).all(axis=0))
    n_epochs = len(full.epochs)
    ends = np.where(reached.any(axis=-1), n_epochs - 1 - reached[:, ::-1].argmax(axis=-1), -1)
    last = np.where(ends >= 0, values[:, np.arange(len(shown)), ends], np.nan)
    return TaskCurves(
        task=full.task,
        metric=full.metric,
        columns=full.columns,
        conditions=[str(condition) for condition in conditions],
        epochs=full.epochs,
        kept=kept,
        n_trials=len(full.trials),
        trials=full.trials.iloc[shown],
        condition_of=codes[shown],
        selected=selected[shown],
        mean=mean,
        low=low,
        high=high,
        single=values[:, :, kept],
        last_epoch=np.where(ends >= 0, full.epochs[ends], np.nan).astype(np.float32),
        last=last.astype(np.float32),
    )


def _bands(
    values: Floats, codes: npt.NDArray[np.int_], n_conditions: int
) -> tuple[Floats, Floats, Floats]:
    """Mean, lowest and highest of the trials of each condition that reached an epoch."""
    shape = (len(values), n_conditions, values.shape[2])
    mean, low, high = (np.full(shape, np.nan, np.float32) for _ in range(3))
    for condition in range(n_conditions):
        own = values[:, codes == condition].astype(np.float64)
        there = ~np.isnan(own)
        n = there.sum(axis=1)
        with np.errstate(invalid="ignore", over="ignore"):
            total = np.where(there, own, 0.0).sum(axis=1)
            mean[:, condition] = np.where(n > 0, total / np.maximum(n, 1), np.nan)
            if own.shape[1]:
                low[:, condition] = np.where(n > 0, np.where(there, own, np.inf).min(1), np.nan)
                high[:, condition] = np.where(n > 0, np.where(there, own, -np.inf).max(1), np.nan)
    return mean, low, high
