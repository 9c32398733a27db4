"""A study's results as the table that people put into a paper: a row a task and condition."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from dlsuite.analysis import compare_studies, seeds_needed
from dlsuite.analysis.task_trials import is_baseline
from dlsuite.analysis.wording import best_of, p_text
from dlsuite.errors import SpecError
from dlsuite.study.results import Results

TEST = "test"
"""The column of the texts in which the best of a task stands out."""

NO_MODEL = "no model"
"""The verdict of a forecast without a model."""

CONDITIONAL = " †"
"""Behind a mean that is conditional on not diverging: some trials of its condition did."""
FOOTNOTE = "† of the trials that did not diverge"


def answer_rows(results: Results) -> list[dict[str, Any]]:
    """For each task and condition, the metric that decides, its difference and the loss gap, as numbers.

    Args:
        results: A study's results.

    Returns:
        Rows with `task`, `condition`, `metric`; `mean`, `ci_low`, `ci_high` on test; `difference`,
        `difference_low`, `difference_high`, `p_adjusted` and `verdict` against the baseline (`baseline` of
        the baseline itself, `no baseline` where it has no trial); `gap`, `gap_low`, `gap_high`; `n`,
        `n_diverged`; and `best`, whether the mean is the task's best. None stands for what is not known. Of
        series, rows of forecasts without a model follow, with the verdict `no model` and nothing but `mean`.
    """
    baseline = dict(results.study.full_baseline)
    metrics = dict(zip(results.tasks["task"], results.tasks["metric"], strict=True))
    compared = {
        (row["task"], row["condition"]): row
        for row in results.effects.to_dict("records")
        if row["role"] == "primary"
    }
    rows: list[dict[str, Any]] = []
    for (task, condition), group in results.summary.groupby(["task", "condition"], sort=False):
        metric = str(metrics[task])
        by_measure = {str(row["measure"]): row for row in group.to_dict("records")}
        test, gap = by_measure[f"test_{metric}"], by_measure["gap_loss_last"]
        effect = compared.get((task, condition), {})
        alone = "baseline" if is_baseline(group, baseline).all() else "no baseline"
        rows.append(
            {
                "task": str(task),
                "condition": str(condition),
                "metric": metric,
                "mean": _number(test["mean"]),
                "ci_low": _number(test["ci_low"]),
                "ci_high": _number(test["ci_high"]),
                "difference": _number(effect.get("difference")),
                "difference_low": _number(effect.get("ci_low")),
                "difference_high": _number(effect.get("ci_high")),
                "p_adjusted": _number(effect.get("p_adjusted")),
                "verdict": str(effect.get("verdict", alone)),
                "gap": _number(gap["mean"]),
                "gap_low": _number(gap["ci_low"]),
                "gap_high": _number(gap["ci_high"]),
                "n": int(test["n"]),
                "n_diverged": int(test["n_diverged"]),
            }
        )
    for row in rows:
        means = [r["mean"] for r in rows if r["task"] == row["task"] and r["mean"] is not None]
        sign = best_of(row["metric"])
        row["best"] = bool(means) and row["mean"] == sign * max(sign * mean for mean in means)
    naive = results.naive_forecasts
    if naive.empty:
        return rows
    return [
        row
        for task in dict.fromkeys(row["task"] for row in rows)
        for row in (
            *(row for row in rows if row["task"] == task),
            *_naive_rows(naive.loc[naive["task"] == task], str(metrics[task])),
        )
    ]


def _naive_rows(naive: pd.DataFrame, metric: str) -> list[dict[str, Any]]:
    """Rows of forecasts without a model, among those of conditions."""
    nothing = dict.fromkeys(
        ("ci_low", "ci_high", "difference", "difference_low", "difference_high", "p_adjusted")
    )
    return [
        {
            "task": str(row["task"]),
            "condition": str(row["forecast"]),
            "metric": metric,
            "mean": _number(row.get(f"test_{metric}")),
            **nothing,
            "verdict": NO_MODEL,
            **dict.fromkeys(("gap", "gap_low", "gap_high", "n")),
            "n_diverged": 0,
            "best": False,
        }
        for row in naive.to_dict("records")
    ]


def answer_texts(rows: Sequence[Mapping[str, Any]], *, stars: bool = False) -> list[dict[str, str]]:
    """The table as texts, for a terminal; columns that say nothing are left out.

    Args:
        rows: As `answer_rows` gives them.
        stars: Mark the adjusted p by stars behind the difference, instead of writing it.
    """
    shown = []
    for row in rows:
        difference = plus_minus(row["difference"], row["difference_low"], row["difference_high"])
        p = row["p_adjusted"]
        if difference != "-" and row["difference"] > 0:
            difference = f"+{difference}"
        if stars and p is not None:
            difference += "*" * ((p < 0.05) + (p < 0.01) + (p < 0.001))
        shown.append(
            {
                "task": row["task"],
                "condition": row["condition"],
                "metric": row["metric"],
                TEST: plus_minus(row["mean"], row["ci_low"], row["ci_high"])
                + (CONDITIONAL if row["n_diverged"] and row["n"] else ""),
                "difference": difference,
                "adjusted p": "" if p is None else p_text(p).removeprefix("p "),
                "verdict": row["verdict"],
                "loss gap": plus_minus(row["gap"], row["gap_low"], row["gap_high"]),
                "n": "" if row["n"] is None else str(row["n"]),
                "diverged": str(row["n_diverged"]),
            }
        )
    idle = {"adjusted p"} if stars else set()
    if all(row["n_diverged"] == 0 for row in rows):
        idle.add("diverged")
    if all(row["verdict"] in ("baseline", NO_MODEL) for row in rows):
        idle |= {"difference", "adjusted p", "verdict"}
    return [{key: cell for key, cell in line.items() if key not in idle} for line in shown]


def plus_minus(mean: float | None, low: float | None, high: float | None) -> str:
    """A mean and half the width of its interval: `0.967 ± 0.008`; the wider side if it was cut."""
    if mean is None:
        return "-"
    if low is None or high is None or not math.isfinite(half := max(high - mean, mean - low)):
        return f"{mean:.3g}"
    if half == 0:
        return f"{mean:.3g} ± 0"
    # Two digits of the uncertainty where the first is a 1, else one: what a reader can use.
    decimals = max(0, -math.floor(math.log10(half)) + (f"{half:e}"[0] == "1"))
    if decimals > 8 or max(abs(mean), half) >= 1e9:
        return f"{mean:.3g} ± {half:.2g}"
    return f"{mean:z.{decimals}f} ± {half:.{decimals}f}"


def _number(value: Any) -> float | None:
    return None if value is None or pd.isna(value) else float(value)


def compared_rows(first: Results, second: Results) -> list[dict[str, Any]]:
    """Two studies compared, as `dlsuite.analysis.compare_studies` does it; None for what is not known.

    Raises:
        SpecError: They have no condition of a task in common.
    """
    table = compare_studies(first.trials, second.trials, tasks=first.tasks)
    if table.empty:
        raise SpecError(
            f"{first.folder} and {second.folder} have no condition of a task in common, so that there is "
            "nothing to compare."
        )
    return _records(table)


def compared_texts(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Two studies' conditions side by side, as texts.

    Args:
        rows: As `compared_rows` gives them.
    """
    return [
        {
            "task": row["task"],
            "condition": row["condition"],
            "measure": row["measure"],
            "first": _plain(row["first_mean"]),
            "second": _plain(row["second_mean"]),
            "second - first": plus_minus(row["difference"], row["ci_low"], row["ci_high"]),
            "p": "" if row["p"] is None else p_text(row["p"]).removeprefix("p "),
            "pairs": str(row["n_pairs"]),
        }
        for row in rows
    ]


def power_rows(results: Results, *, effect: float) -> list[dict[str, Any]]:
    """How many more seeds a study needs, as `dlsuite.analysis.seeds_needed` says; None for the unknown."""
    return _records(seeds_needed(results.effects, effect=effect))


def power_texts(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """How many seeds a study needs, as texts.

    Args:
        rows: As `power_rows` gives them.
    """
    return [
        {
            "task": row["task"],
            "condition": row["condition"],
            "pairs": str(row["n_pairs"]),
            "spread of differences": _plain(row["sd"]),
            "shows now": _plain(row["detectable"]),
            "pairs needed": "-" if row["pairs_needed"] is None else str(row["pairs_needed"]),
            "more": "-" if row["more"] is None else str(row["more"]),
        }
        for row in rows
    ]


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a table, ready for JSON: None for an empty cell."""
    filled = frame.astype(object).where(frame.notna(), None)
    return [{str(key): value for key, value in row.items()} for row in filled.to_dict("records")]


def power_sentence(rows: Sequence[Mapping[str, Any]], *, effect: float) -> str:
    """What the rows of `power_rows` come to; a pair is a seed on a split."""
    more = [row["more"] for row in rows if row["more"] is not None]
    if not more:
        return "Too few pairs to know how widely their differences are spread; train more seeds."
    shown = f"a difference of {effect:g} in every condition, in four of five studies."
    seeds = "1 more seed shows" if max(more) == 1 else f"{max(more)} more seeds show"
    return f"{seeds} {shown}" if max(more) else f"The seeds there are show {shown}"


def _plain(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"
