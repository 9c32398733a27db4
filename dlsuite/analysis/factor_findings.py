"""What was found of one factor in one task, the other factors at their baseline: a few sentences."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from dlsuite.analysis.factor_values import distinct_values, format_value, same_value
from dlsuite.analysis.frames import measure_row
from dlsuite.analysis.measures import GAP, ONSET, metric_label
from dlsuite.analysis.task_trials import is_baseline
from dlsuite.analysis.verdicts import LEVEL
from dlsuite.analysis.wording import (
    amount_text,
    best_of,
    difference_text,
    interval_text,
    number_text,
    p_text,
    score_text,
)

_ASIDES = {
    "dropout": {
        "unit_correlation": "The mean correlation of hidden units",
        "lesion_loss": "What losing a quarter of the hidden units adds to the loss",
    },
    "batch_norm": {"step_loss_spread": "The spread of the loss from step to step"},
}
"""What a factor is said to change beside scores and gaps, and is told of where it clearly does."""


@dataclass(frozen=True)
class Point:
    """What came out at one value of a factor.

    Attributes:
        value: The value, as text.
        is_baseline: Whether it is the baseline's.
        metric: The metric that decides.
        rows: The rows of the summary, by measure.
        effects: The rows of the effects, by measure; none for the baseline.
    """

    value: str
    is_baseline: bool
    metric: str
    rows: Mapping[str, Mapping[str, Any]]
    effects: Mapping[str, Mapping[str, Any]]

    @property
    def score(self) -> Mapping[str, Any]:
        """The row of the summary for the metric on test."""
        return self.row(f"test_{self.metric}")

    def row(self, measure: str) -> Mapping[str, Any]:
        """The row of the summary for a measure.

        Raises:
            DlsuiteError: There is none.
        """
        return measure_row(self.rows, measure)

    @property
    def effect(self) -> Mapping[str, Any]:
        """The row of the effects for it; empty without one."""
        return self.effects.get(f"test_{self.metric}", {})

    @property
    def n(self) -> int:
        """Completed trials."""
        return int(self.score["n"])

    @property
    def place(self) -> str:
        """Where it lies, in words."""
        return f"at the baseline {self.value}" if self.is_baseline else f"at {self.value}"


def points_along(
    summary: pd.DataFrame,
    effects: pd.DataFrame,
    *,
    factor: str,
    metric: str,
    baseline: Mapping[str, object],
) -> list[Point]:
    """Collect the values of one factor, the others at their baseline, in the values' order.

    Args:
        summary: A task's rows of the summary.
        effects: Its rows of the effects.
        factor: The factor.
        metric: The metric that decides.
        baseline: The baseline's value of every factor.
    """
    others = {other: value for other, value in baseline.items() if other != factor}
    along = summary.loc[is_baseline(summary, others)]
    compared = effects.loc[is_baseline(effects, others)]

    def rows_at(frame: pd.DataFrame, value: object) -> dict[str, Mapping[str, Any]]:
        rows = frame.loc[is_baseline(frame, {factor: value})].to_dict("records")
        return {str(row["measure"]): {str(k): v for k, v in row.items()} for row in rows}

    return [
        Point(
            value=format_value(value),
            is_baseline=same_value(value, baseline[factor]),
            metric=metric,
            rows=rows_at(along, value),
            effects=rows_at(compared, value),
        )
        for value in distinct_values(along[factor])
    ]


def factor_sentences(factor: str, points: Sequence[Point], about: Mapping[str, Any]) -> str:
    """Say what a factor does.

    Args:
        factor: Its name.
        points: Its values, two or more, as `points_along` gives them.
        about: The task's row.
    """
    metric = str(about["metric"])
    measured = [point for point in points if point.n]
    if not measured:
        return "no trial completed. " + _divergence(points)
    base = next((point for point in points if point.is_baseline), None)
    sentences = [
        _scores(points, base, metric),
        _gap(points, base),
        _changed(points, base, ONSET, "Overfitting sets in at epoch", "later", "earlier"),
        *(
            _changed(points, base, measure, f"{said} is", "more", "less")
            for measure, said in _ASIDES.get(factor, {}).items()
        ),
        _spread(points, metric),
        _guessing(measured, about),
        _divergence(points),
    ]
    return " ".join(filter(None, sentences))


def _scores(points: Sequence[Point], base: Point | None, metric: str) -> str:
    """The differences in the metric on test."""
    what = f"test {metric_label(metric)}"
    if base is None or not base.n:
        best = max(
            (point for point in points if point.n),
            key=lambda point: best_of(metric) * point.score["mean"],
        )
        without = "no trial at the baseline completed" if base else "there is no baseline"
        return f"{without}; {what} is {_mean(best, metric)} {best.place}, the best mean."
    compared = [point for point in points if point.effect and point.effect["n_pairs"]]
    clear = [point for point in compared if point.effect["verdict"] in ("better", "worse")]
    if not compared:
        return f"{what} is {_mean(base, metric)} {base.place}; nothing can be compared with it."
    if not clear:
        return _nothing_clear(compared, base, metric)
    order = sorted(clear, key=lambda point: -best_of(metric) * point.effect["difference"])
    parts = [
        f"{point.value} is {point.effect['verdict']} by {_amount(point.effect, metric)}"
        f" ({p_text(point.effect['p_adjusted'])})"
        for point in order
    ]
    parts[0] = (
        f"{order[0].value} is {order[0].effect['verdict']} than {base.value} in {what} by "
        f"{_amount(order[0].effect, metric)} (adjusted {p_text(order[0].effect['p_adjusted'])}), "
        f"{score_text(order[0].score['mean'], metric)} against {score_text(base.score['mean'], metric)}"
    )
    unclear = [point.value for point in compared if point not in clear]
    if unclear:
        parts.append(f"no clear difference at {', '.join(unclear)}")
    return "; ".join(parts) + "."


def _nothing_clear(compared: Sequence[Point], base: Point, metric: str) -> str:
    what = f"test {metric_label(metric)}"
    largest = max(compared, key=lambda point: abs(point.effect["difference"]))
    effect = largest.effect
    only = len(compared) == 1
    difference = difference_text(effect["difference"], effect["ci_low"], effect["ci_high"], metric)
    text = (
        f"{what} {_mean(base, metric)} {base.place}; no clear difference "
        + (f"{largest.place}: {difference}" if only else "at any other value, at most ")
        + ("" if only else f"{difference} {largest.place}")
    )
    if np.isfinite(effect["detectable"]) and effect["detectable"] > 0:
        text += (
            f". {int(effect['n_pairs'])} pairs would show a difference of "
            f"{number_text(effect['detectable'])} in four of five studies"
        )
    return text + "."


def _gap(points: Sequence[Point], base: Point | None) -> str:
    """What the factor does to overfitting: the largest clear change of the loss gap."""
    there = base.rows.get(GAP) if base is not None else None
    best, compared = _clearest(points, GAP)
    if there is None or not there["n"] or not compared:
        return ""
    gap = interval_text(there["mean"], there["ci_low"], there["ci_high"])
    if best is None:
        return f"The loss gap, {gap}, does not clearly change."
    effect = best.effects[GAP]
    both_overfit = min(there["mean"], best.row(GAP)["mean"]) >= 0
    shrinks, grows = ("narrows", "widens") if both_overfit else ("falls", "rises")
    verb = shrinks if effect["difference"] < 0 else grows
    by = amount_text(effect["difference"], effect["ci_low"], effect["ci_high"])
    where = f" most at {best.value}" if compared > 1 else ""
    return f"The loss gap {verb}{where}, from {gap} by {by}."


def _changed(
    points: Sequence[Point], base: Point | None, measure: str, said: str, more: str, less: str
) -> str:
    """Where another measure clearly changes, and most; nothing where it does not."""
    best, compared = _clearest(points, measure)
    if base is None or best is None:
        return ""
    there, effect = base.row(measure), best.effects[measure]
    at_base = interval_text(there["mean"], there["ci_low"], there["ci_high"])
    by = amount_text(effect["difference"], effect["ci_low"], effect["ci_high"])
    where = f" at {best.value}" if compared > 1 else ""
    return f"{said} {at_base}, {by} {more if effect['difference'] > 0 else less}{where}."


def _clearest(points: Sequence[Point], measure: str) -> tuple[Point | None, int]:
    """The point with the largest clear difference in a measure, if any, and how many were compared."""
    compared = [
        point
        for point in points
        if point.effects.get(measure) and point.effects[measure]["n_pairs"] > 1
    ]
    clear = [
        point for point in compared if point.effects[measure]["verdict"] in ("lower", "higher")
    ]
    largest = max(clear, key=lambda point: abs(point.effects[measure]["difference"]), default=None)
    return largest, len(compared)


def _spread(points: Sequence[Point], metric: str) -> str:
    """Where the spread over seeds clearly differs from the baseline's."""
    clear = [
        f"{number_text(point.effect['sd_ratio'])} "
        f"[{number_text(point.effect['sd_ratio_low'])}, {number_text(point.effect['sd_ratio_high'])}] times "
        f"the baseline's {point.place}"
        for point in points
        if point.effect and point.effect["sd_ratio_p"] < LEVEL
    ]
    return f"The spread of test {metric_label(metric)} is {', '.join(clear)}." if clear else ""


def _guessing(measured: Sequence[Point], about: Mapping[str, Any]) -> str:
    metric = str(about["metric"])
    guess = float(measured[0].score["guess"])
    if not np.isfinite(guess):
        return ""
    behind = [
        point.value
        for point in measured
        if not best_of(metric) * point.score["mean"] > best_of(metric) * guess
    ]
    what = f"better than guessing the {about['guess']} ({score_text(guess, metric)})"
    if not behind:
        return ""
    if len(behind) == len(measured):
        return f"Nowhere {what}."
    return f"Not {what} at {', '.join(behind)}."


def _divergence(points: Sequence[Point]) -> str:
    counts = [
        f"{int(row['n_diverged'])} of {int(row['n'] + row['n_diverged'])}{{}} at {point.value}"
        for point in points
        if (row := point.score)["n_diverged"]
    ]
    if not counts:
        return ""
    first, *rest = counts
    return ", ".join([first.format(" trials diverged"), *(c.format("") for c in rest)]) + "."


def _mean(point: Point, metric: str) -> str:
    row = point.score
    return interval_text(row["mean"], row["ci_low"], row["ci_high"], metric)


def _amount(effect: Mapping[str, Any], metric: str) -> str:
    return amount_text(effect["difference"], effect["ci_low"], effect["ci_high"], metric)
