"""What experienced tuners look at before they believe a study, computed.

The checks are those of Godbole, Dahl, Gilmer, Shallue and Nado (2023), "Deep learning tuning playbook".
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from dlsuite.analysis.factor_values import factor_label, format_value, is_numeric
from dlsuite.analysis.frames import require_columns, task_row
from dlsuite.analysis.intervals import mean_interval, proportion_interval
from dlsuite.analysis.measures import Measure, higher_is_better, metric_label
from dlsuite.analysis.replicates import REPLICATE
from dlsuite.analysis.selection import select_tuned

CHECKLIST = ("task", "check", "status", "finding")
"""The columns of the checklist, in order."""

_LATE = 0.1
"""The last tenth of the epochs counts as the end."""


@dataclass(frozen=True)
class _Task:
    """What the checks of a task are told.

    Attributes:
        all: All of its trials, whatever their tuned values.
        selected: Those with the chosen tuned values.
        best: The trials of the condition with the best mean on validation.
        curves: The rows of the best condition's selected trials.
        metric: The metric that decides.
    """

    all: pd.DataFrame
    selected: pd.DataFrame
    best: pd.DataFrame
    curves: pd.DataFrame
    metric: str

    @property
    def condition(self) -> str:
        return str(self.best["condition"].iloc[0])


def checklist(
    trials: pd.DataFrame,
    curves: pd.DataFrame,
    *,
    factors: Sequence[str],
    tuned: Sequence[str],
    tasks: pd.DataFrame,
) -> pd.DataFrame:
    """Go through the checklist for every task.

    Args:
        trials: A row a trial, with `overfits`, `onset_epoch` and `best_epoch`.
        curves: A row a trial and epoch.
        factors: Names of the factor columns.
        tuned: Names of the tuned columns.
        tasks: A row a task, with `task` and `metric`.

    Returns:
        A row a task and check: `status` is `ok`, or `look` where somebody should; `finding` says why, in a
        sentence with its numbers. They are of the condition that is best on validation, unless they say
        otherwise. A task without a completed trial has the check of infeasible trials alone.

    Raises:
        DlsuiteError: A column or a task is missing.
    """
    names = ["task", "condition", *factors, *tuned, *REPLICATE]
    require_columns(trials, [*names, "status", "best_epoch", "overfits"], name="trials")
    require_columns(curves, [*names, "epoch", "val_loss"], name="curves")
    chosen = select_tuned(trials, tuned=tuned, tasks=tasks).to_numpy()
    rows: list[dict[str, object]] = []
    for task in trials["task"].drop_duplicates():
        metric = str(task_row(tasks, str(task))["metric"])
        own = trials.loc[trials["task"] == task]
        selected = trials.loc[chosen & (trials["task"] == task).to_numpy()]
        found = [("infeasible trials", *_infeasible(own))]
        best = _best_condition(selected, metric)
        if best is not None:
            of_best = best[names].drop_duplicates()
            about = _Task(own, selected, best, curves.merge(of_best, on=names), metric)
            checks: dict[str, Callable[[_Task], tuple[bool, str]]] = {
                "still improving at the end": _still_improving,
                "validation rising": _rising,
                "variation from epoch to epoch": _variation,
                "best trial rerun": _rerun,
            }
            found += [(name, *check(about)) for name, check in checks.items()]
            for names_of, check in ((factors, _factor_edge), (tuned, _tuned_edge)):
                for name in names_of:
                    edge = check(about, name)
                    if edge is not None:
                        found.append((f"edge of the range: {factor_label(name)}", *edge))
        rows += [
            {"task": task, "check": name, "status": "ok" if fine else "look", "finding": finding}
            for name, fine, finding in found
        ]
    return pd.DataFrame(rows, columns=list(CHECKLIST))


def _best_condition(selected: pd.DataFrame, metric: str) -> pd.DataFrame | None:
    """The completed trials of the condition with the best mean on validation."""
    measure = Measure.parse(f"val_{metric}_best")
    if measure is None or measure.column not in selected:
        return None
    scores = pd.Series(measure.values(selected), selected.index)
    with np.errstate(over="ignore", invalid="ignore"):
        means = scores.groupby(selected["condition"], sort=False).mean().dropna()
    if means.empty:
        return None
    best = means.idxmax() if higher_is_better(metric) else means.idxmin()
    return selected.loc[(selected["condition"] == best) & scores.notna()]


def _infeasible(own: pd.DataFrame) -> tuple[bool, str]:
    count, n = int((own["status"] != "completed").sum()), len(own)
    low, high = proportion_interval(count, n)
    share = f"{count} of {n} trials did not complete"
    if not count:
        return True, f"{share}."
    advice = ["Narrow the range that they are of."] if (own["status"] == "diverged").any() else []
    if (own["status"] == "failed").any():
        advice.append("problems.csv says why trials failed.")
    return False, f"{share}: {count / n:.0%} [{low:.0%}, {high:.0%}]. {' '.join(advice)}"


def _still_improving(task: _Task) -> tuple[bool, str]:
    epochs = int(task.curves["epoch"].max())
    late = task.best["best_epoch"].astype(float) > epochs * (1 - _LATE)
    said = (
        f"{int(late.sum())} of {len(late)} trials at {task.condition} have their lowest validation loss in "
        f"the last tenth of the {epochs} epochs"
    )
    many = late.mean() >= 0.5
    return not many, f"{said}; train longer before you compare." if many else f"{said}."


def _rising(task: _Task) -> tuple[bool, str]:
    rising = task.best["overfits"].astype(bool)
    count = f"{int(rising.sum())} of {len(rising)} trials at {task.condition}"
    said = f"Validation loss turns and rises in {count}"
    if not rising.any():
        return True, f"{said}."
    first = task.best["onset_epoch"].astype("Float64").median()
    many = rising.mean() >= 0.5
    advice = "; stop earlier or regularize more." if many else "."
    return not many, f"{said}, from epoch {first:.0f} on (median){advice}"


def _variation(task: _Task) -> tuple[bool, str]:
    """The playbook's step-to-step variance: does a trial vary as much within itself as trials do?"""
    column = f"val_{task.metric}"
    if column not in task.curves or f"{column}_last" not in task.best:
        return True, "Too few epochs or trials to tell."
    late = task.curves.loc[task.curves["epoch"] > task.curves["epoch"].max() * (1 - 2 * _LATE)]
    trials = late.sort_values("epoch").groupby(REPLICATE)
    with np.errstate(over="ignore", invalid="ignore"):
        swings = np.array([_swing(of_trial[column]) for _, of_trial in trials])
        swings = swings[np.isfinite(swings)]
        between = mean_interval(task.best[f"{column}_last"].astype(float)).sd
        if not swings.size or not np.isfinite(between):
            return True, "Too few epochs or trials to tell."
        within = float(np.sqrt((swings**2).mean()))
    said = (
        f"From epoch to epoch validation {metric_label(task.metric)} varies by {within:.2g} at the end, "
        f"from seed to seed by {between:.2g}"
    )
    much = within > between
    advice = "; a larger batch, a falling learning rate or averaged weights steady it."
    return not much, said + (advice if much else ".")


def _swing(values: "pd.Series[float]") -> float:
    """Standard deviation freed from its trend, by successive differences (von Neumann, 1941)."""
    steps = np.diff(values.to_numpy(dtype=float))
    return float(np.sqrt((steps**2).mean() / 2)) if steps.size else float("nan")


def _rerun(task: _Task) -> tuple[bool, str]:
    """The best of many trials is lucky; the same setting with other seeds shows by how much."""
    measure = Measure.parse(f"test_{task.metric}")
    validation = Measure.parse(f"val_{task.metric}_best")
    assert measure is not None and validation is not None
    sign = 1 if higher_is_better(task.metric) else -1
    place = int(np.nanargmax(sign * validation.values(task.selected)))
    trial = task.selected.iloc[place]
    scores = measure.values(task.selected)
    score = float(scores[place])
    same = (task.selected["condition"] == trial["condition"]).to_numpy() & np.isfinite(scores)
    others = mean_interval(scores[same & (np.arange(scores.size) != place)])
    if not others.n or not np.isfinite(score):
        return False, "The best trial was not repeated with another seed."
    told = (
        f"The trial that is best on validation ({trial['condition']}, seed {trial['seed']}) has test "
        f"{metric_label(task.metric)} {score:.3g}; the same setting with {others.n} other seeds "
        f"{others.mean:.3g}"
    )
    # Another trial of the setting lies so far from the mean of these in one case of 20.
    reach = stats.t.ppf(0.975, others.df) * others.sd * np.sqrt(1 + 1 / others.n)
    lucky = sign * (score - others.mean) > reach
    return not lucky, told + ("; quote the mean." if lucky else ".")


def _factor_edge(task: _Task, name: str) -> tuple[bool, str] | None:
    """Whether the best value of a factor is the first or last of three or more numbers."""
    values = _range(task.all[name])
    if len(values) < 3:
        return None
    chosen = float(task.best[name].iloc[0])
    said = f"The best {factor_label(name)} on validation, {format_value(chosen)}, lies "
    if _at_edge(chosen, values):
        return False, f"{said}at the edge of {_ends(values)}; widen the range."
    where = "at the natural end of" if chosen == 0 else "inside"
    return True, f"{said}{where} {_ends(values)}."


def _tuned_edge(task: _Task, name: str) -> tuple[bool, str] | None:
    """In how many conditions the chosen value is the first or last that was tried."""
    values = _range(task.all[name])
    if len(values) < 2:
        return None
    chosen = task.selected.groupby("condition", sort=False)[name].first().astype(float)
    at_edge = [value for value in chosen if _at_edge(value, values)]
    said = (
        f"The chosen {factor_label(name)} lies at the edge of {_ends(values)} in {len(at_edge)} of "
        f"{len(chosen)} conditions"
    )
    return not at_edge, f"{said}; widen the range." if at_edge else f"{said}."


def _range(column: pd.Series) -> list[float]:
    return sorted({float(value) for value in column}) if is_numeric(column) else []


def _ends(values: Sequence[float]) -> str:
    return f"{format_value(values[0])} to {format_value(values[-1])}"


def _at_edge(value: float, values: Sequence[float]) -> bool:
    """At an end of the range beyond which there is more: nothing lies below a rate of 0."""
    return value in (values[0], values[-1]) and value != 0
