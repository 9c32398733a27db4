"""What a study found, in a sentence a task and factor.

The sentences state means and intervals. They do not say whether a difference could be chance, and
the value that scores best on the test split is not thereby chosen: paired effects are for that.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from dlsuite.analysis.factor_values import (
    distinct_values,
    factor_label,
    format_value,
    same_value,
)
from dlsuite.analysis.frames import require_columns, task_row
from dlsuite.analysis.measures import higher_is_better, metric_label
from dlsuite.errors import DlsuiteError

GAP = "gap_loss_last"


@dataclass(frozen=True)
class _Point:
    """What came out at one value of a factor, the other factors at their baseline."""

    value: str
    is_baseline: bool
    n: int
    n_diverged: int
    mean: float
    ci_low: float
    ci_high: float
    gap: float

    @property
    def place(self) -> str:
        return f"at the baseline {self.value}" if self.is_baseline else f"at {self.value}"


def findings(
    summary: pd.DataFrame,
    tasks: pd.DataFrame,
    *,
    factors: Sequence[str],
    baseline: Mapping[str, object],
) -> list[str]:
    """Say what was found, with numbers.

    Each task and factor has its own sentences; where a study has several factors, values of one
    are compared with the others at their baseline.

    Args:
        summary: As `summarize` returns it.
        tasks: A row a task, with `task`, `metric` and `guess`.
        factors: Names of the factors.
        baseline: The baseline's value of every factor.

    Returns:
        A line on how to read the numbers, then a line a task and factor; nothing for an empty
        summary.

    Raises:
        DlsuiteError: A factor has no baseline, or a column or a task is missing.
    """
    require_columns(summary, ["task", "measure", "n", "mean", *factors], name="summary")
    missing = [factor for factor in factors if factor not in baseline]
    if missing:
        raise DlsuiteError(
            f"baseline: expected a value for every factor; got none for {', '.join(missing)}."
        )
    if summary.empty:
        return []
    lines = [_reading_line(summary)]
    for task in summary["task"].drop_duplicates():
        about = task_row(tasks, str(task))
        of_task = summary.loc[summary["task"] == task]
        for factor in factors:
            points = _points_along(of_task, factor, str(about["metric"]), factors, baseline)
            others = [f"{o}={format_value(baseline[o])}" for o in factors if o != factor]
            at = f" (at {', '.join(others)})" if others else ""
            name = f"{task}, {factor_label(factor)}{at}: "
            lines.append(name + _sentences(points, about, of_task))
    return lines


def _reading_line(summary: pd.DataFrame) -> str:
    counts = summary["n"] + summary["n_diverged"]
    most = int(counts.max())
    over = "one trial" if most == 1 else f"up to {most} trials"
    brackets = ", 95 % t intervals in brackets" if most > 1 else ""
    return (
        f"Means over {over} of a condition{brackets}. Test scores are those of the epoch with the "
        "lowest validation loss; the loss gap is validation minus train loss at the last epoch, above "
        "0 where the model overfits. Diverged trials are counted apart."
    )


def _points_along(
    of_task: pd.DataFrame,
    factor: str,
    metric: str,
    factors: Sequence[str],
    baseline: Mapping[str, object],
) -> list[_Point]:
    """Collect the values of one factor, the others at their baseline, in the values' order."""
    along = np.ones(len(of_task), dtype=bool)
    for other in factors:
        if other != factor:
            along &= np.array([same_value(value, baseline[other]) for value in of_task[other]])
    rows = of_task.loc[along]
    scores = rows.loc[rows["measure"] == f"test_{metric}"]
    gaps = rows.loc[rows["measure"] == GAP]
    points = []
    for value in distinct_values(scores[factor]):
        score = scores.loc[[same_value(value, found) for found in scores[factor]]].iloc[0]
        gap = gaps.loc[[same_value(value, found) for found in gaps[factor]], "mean"]
        points.append(
            _Point(
                value=format_value(value),
                is_baseline=same_value(value, baseline[factor]),
                n=int(score["n"]),
                n_diverged=int(score["n_diverged"]),
                mean=float(score["mean"]),
                ci_low=float(score["ci_low"]),
                ci_high=float(score["ci_high"]),
                gap=float(gap.iloc[0]) if len(gap) else float("nan"),
            )
        )
    return points


def _sentences(points: Sequence[_Point], about: Mapping[str, Any], of_task: pd.DataFrame) -> str:
    if len(points) < 2:
        return "no two conditions differ in it alone, the others at the baseline."
    measured = [point for point in points if point.n]
    if not measured:
        return "no trial completed. " + _divergence(points)
    parts = [_comparison(points, measured, str(about["metric"]))]
    gaps = _gaps(measured, _best(measured, str(about["metric"])))
    text = "; ".join(part for part in [*parts, gaps] if part) + "."
    guess = of_task.loc[of_task["measure"] == f"test_{about['metric']}", "guess"]
    rest = [_guessing(measured, about, float(guess.iloc[0])), _divergence(points)]
    return " ".join([text, *filter(None, rest)])


def _best(measured: Sequence[_Point], metric: str) -> _Point:
    """The best mean; of equals the baseline, else the first."""
    sign = -1 if higher_is_better(metric) else 1
    return min(measured, key=lambda point: (sign * point.mean, not point.is_baseline))


def _comparison(points: Sequence[_Point], measured: Sequence[_Point], metric: str) -> str:
    best = _best(measured, metric)
    end, other_end = ("highest", "lowest") if higher_is_better(metric) else ("lowest", "highest")
    text = f"test {metric_label(metric)} {_with_interval(best, metric)} {best.place}"
    if len(measured) == 1:
        return text
    if all(point.mean == best.mean for point in measured):
        return f"{text} and at every other value"
    text += f" is the {end} of {len(measured)} means" if len(measured) > 2 else f" is the {end}"
    if not best.is_baseline:
        base = next((point for point in points if point.is_baseline), None)
        if base is None:
            return text
        if not base.n:
            return f"{text}; no trial {base.place} completed"
        return f"{text}, {_with_interval(base, metric)} {base.place}"
    sign = 1 if higher_is_better(metric) else -1
    worst = min(measured, key=lambda point: sign * point.mean)
    return f"{text}, {_with_interval(worst, metric)} {worst.place} the {other_end}"


def _gaps(measured: Sequence[_Point], best: _Point) -> str:
    known = [point for point in measured if np.isfinite(point.gap)]
    base = next((point for point in known if point.is_baseline), None)
    if not known or not np.isfinite(best.gap):
        return ""
    lowest = min(known, key=lambda point: (point.gap, point is not best))
    if base is None or base is best:
        text = f"the loss gap is {_number(best.gap)} at {best.value}"
    elif _number(base.gap) == _number(best.gap):
        text = f"the loss gap is {_number(best.gap)} at both"
    else:
        shrinks, grows = (
            ("narrows", "widens") if min(base.gap, best.gap) >= 0 else ("falls", "rises")
        )
        verb = shrinks if best.gap < base.gap else grows
        text = (
            f"the loss gap {verb} from {_number(base.gap)} at {base.value} to {_number(best.gap)}"
        )
        text += f" at {best.value}"
    if lowest is not best and lowest is not base:
        text += f" and is lowest, {_number(lowest.gap)}, at {lowest.value}"
    return text


def _guessing(measured: Sequence[_Point], about: Mapping[str, Any], guess: float) -> str:
    if not np.isfinite(guess):
        return ""
    metric = str(about["metric"])
    sign = 1 if higher_is_better(metric) else -1
    behind = [point.value for point in measured if not sign * point.mean > sign * guess]
    if not behind:
        return ""
    what = f"better than guessing the {about['guess']} ({_score(guess, metric)})"
    if len(behind) == len(measured):
        return f"Nowhere {what}."
    return f"Not {what} at {', '.join(behind)}."


def _divergence(points: Sequence[_Point]) -> str:
    counts = [
        f"{point.n_diverged} of {point.n + point.n_diverged}{{}} at {point.value}"
        for point in points
        if point.n_diverged
    ]
    if not counts:
        return ""
    first, *rest = counts
    return ", ".join([first.format(" trials diverged"), *(c.format("") for c in rest)]) + "."


def _with_interval(point: _Point, metric: str) -> str:
    mean = _score(point.mean, metric)
    if not np.isfinite(point.ci_low):
        return mean
    return f"{mean} [{_score(point.ci_low, metric)}, {_score(point.ci_high, metric)}]"


def _score(value: float, metric: str) -> str:
    return f"{value:.3f}" if metric == "accuracy" else _number(value)


def _number(value: float) -> str:
    """Three significant digits, without an exponent up to a million."""
    return f"{value:.0f}" if 1000 <= abs(value) < 1e6 else f"{value:.3g}"
