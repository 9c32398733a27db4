"""What was found of one factor in one task, the other factors at their baseline: a few sentences."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from dlsuite.analysis.effects import is_baseline
from dlsuite.analysis.factor_values import distinct_values, format_value, same_value
from dlsuite.analysis.measures import GAP, metric_label
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


@dataclass(frozen=True)
class Point:
    """What came out at one value of a factor.

    Attributes:
        value: The value, as text.
        is_baseline: Whether it is the baseline's.
        score: The row of the summary for the metric on test.
        effect: The row of the effects for it; empty for the baseline, and without a comparison.
        gap: The row of the summary for the loss gap; empty without one.
        gap_effect: The row of the effects for it.
    """

    value: str
    is_baseline: bool
    score: Mapping[str, Any]
    effect: Mapping[str, Any]
    gap: Mapping[str, Any]
    gap_effect: Mapping[str, Any]

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

    def row(frame: pd.DataFrame, measure: str, value: object) -> Mapping[str, Any]:
        rows = frame.loc[frame["measure"] == measure]
        rows = rows.loc[[same_value(value, found) for found in rows[factor]]]
        return {} if rows.empty else {str(k): v for k, v in rows.iloc[0].items()}

    primary = f"test_{metric}"
    return [
        Point(
            value=format_value(value),
            is_baseline=same_value(value, baseline[factor]),
            score=row(along, primary, value),
            effect=row(compared, primary, value),
            gap=row(along, GAP, value),
            gap_effect=row(compared, GAP, value),
        )
        for value in distinct_values(along.loc[along["measure"] == primary, factor])
    ]


def factor_sentences(points: Sequence[Point], about: Mapping[str, Any]) -> str:
    """Say what a factor does.

    Args:
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
    if base is None or not base.gap or not base.gap["n"]:
        return ""
    there = f"from {interval_text(base.gap['mean'], base.gap['ci_low'], base.gap['ci_high'])}"
    compared = [point for point in points if point.gap_effect and point.gap_effect["n_pairs"] > 1]
    clear = [p for p in compared if p.gap_effect["verdict"] in ("lower", "higher")]
    if not compared:
        return ""
    if not clear:
        return f"The loss gap, {there.removeprefix('from ')}, does not clearly change."
    best = min(clear, key=lambda point: point.gap_effect["difference"])
    effect = best.gap_effect
    shrinks, grows = (
        ("narrows", "widens")
        if min(base.gap["mean"], best.gap["mean"]) >= 0
        else ("falls", "rises")
    )
    least = " most" if len(compared) > 1 and effect["difference"] < 0 else ""
    least = " least" if len(compared) > 1 and effect["difference"] > 0 else least
    verb = shrinks if effect["difference"] < 0 else grows
    by = amount_text(effect["difference"], effect["ci_low"], effect["ci_high"])
    where = f" at {best.value}" if len(compared) > 1 else ""
    return f"The loss gap {verb}{least}{where}, {there} by {by}."


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
