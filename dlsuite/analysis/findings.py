"""What a study found, in sentences: a few for each task and factor, then what they are together."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from dlsuite.analysis.factor_findings import factor_sentences, points_along
from dlsuite.analysis.factor_values import (
    factor_label,
    format_value,
    same_value,
)
from dlsuite.analysis.frames import measure_row, require_columns, task_row
from dlsuite.analysis.measures import metric_label
from dlsuite.analysis.task_trials import check_baseline, is_baseline
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

_CLASSES = ("too slow", "good", "overshoots", "diverges")


def findings(
    tables: Mapping[str, pd.DataFrame],
    tasks: pd.DataFrame,
    *,
    factors: Sequence[str],
    baseline: Mapping[str, object],
) -> list[str]:
    """Say what was found, with numbers.

    Args:
        tables: As `analyze` gives them, by name.
        tasks: A row a task, with `task`, `metric` and `guess`.
        factors: Names of the factors.
        baseline: The baseline's value of every factor.

    Returns:
        A line on how to read the numbers; a line a task and factor, the other factors at their baseline;
        a line a pair of factors on how they interact; a line a pair of tasks on the same data; nothing for an
        empty summary.

    Raises:
        DlsuiteError: A factor has no baseline, or a column or a task is missing.
    """
    summary = tables["summary"]
    require_columns(summary, ["task", "measure", "n", "mean", *factors], name="summary")
    check_baseline(baseline, factors)
    if summary.empty:
        return []
    lines = [_reading_line(summary, tasks)]
    for task in summary["task"].drop_duplicates():
        about = task_row(tasks, str(task))
        own = {
            name: table.loc[table["task"] == task]
            for name, table in tables.items()
            if "task" in table
        }
        if own["summary"]["condition"].nunique() == 1:
            lines.append(f"{task}: {_one_condition(own['summary'], about)}")
            continue
        for factor in factors:
            others = [f"{o}={format_value(baseline[o])}" for o in factors if o != factor]
            at = f" (at {', '.join(others)})" if others else ""
            points = points_along(
                own["summary"],
                own["effects"],
                factor=factor,
                metric=str(about["metric"]),
                baseline=baseline,
            )
            if len(points) > 1:
                said = factor_sentences(factor, points, about)
                if factor == "learning_rate":
                    said = " ".join(filter(None, [said, _rates(own, baseline)]))
            else:
                at, said = "", _marginal(own["marginal_effects"], factor, about)
            lines.append(f"{task}, {factor_label(factor)}{at}: {said}")
        lines += [f"{task}, {line}" for line in _interactions(own["interactions"], about)]
        lines += [
            f"{task}, {line}" for line in _widths(own["learning_rate_widths"], factors, baseline)
        ]
    return [*lines, *_comparisons(tables["comparisons"], tasks)]


def _reading_line(summary: pd.DataFrame, tasks: pd.DataFrame) -> str:
    most = int((summary["n"] + summary["n_diverged"]).max())
    over = "one trial" if most == 1 else f"up to {most} trials"
    brackets = ", with 95 % intervals in brackets" if most > 1 else ""
    sizes = sorted({int(n) for n in tasks["n_test"]}) if "n_test" in tasks else []
    held_out = f" ({' to '.join(map(str, {sizes[0]: 0, sizes[-1]: 0}))} examples)" if sizes else ""
    return (
        f"Means over {over} of a condition, differences paired by seed{brackets}: they cover seeds (and "
        "splits, where they vary), not the "
        f"choice of the test examples{held_out}. Clear is what has an adjusted p below {LEVEL:g} among its "
        "task's comparisons. Test scores are those of the epoch with the lowest validation loss; the loss "
        "gap is validation minus train loss at the last epoch, above 0 where the model overfits. An "
        "onset of overfitting that never comes counts as the last epoch. Diverged trials are counted apart."
    )


def _one_condition(summary: pd.DataFrame, about: Mapping[str, Any]) -> str:
    """A study of restarts: how far seeds alone lead apart."""
    metric = str(about["metric"])
    rows = {str(row["measure"]): row for row in summary.to_dict("records")}
    score = measure_row(rows, f"test_{metric}")
    if not score["n"]:
        return "no trial completed."
    text = (
        f"{int(score['n'])} trials of one condition, with test {metric_label(metric)} "
        f"{interval_text(score['mean'], score['ci_low'], score['ci_high'], metric)}, from "
        f"{score_text(score['min'], metric)} to {score_text(score['max'], metric)}"
    )
    train = rows.get("train_loss_last")
    if train is not None:
        text += (
            f"; the train loss at the end is from {number_text(train['min'])} to "
            f"{number_text(train['max'])}"
        )
    return text + "."


def _rates(own: Mapping[str, pd.DataFrame], baseline: Mapping[str, object]) -> str:
    """Which learning rates are too slow, good, overshoot or diverge, the other factors at the baseline."""
    table = own["learning_rates"]
    others = {
        name: value for name, value in baseline.items() if name != "learning_rate" and name in table
    }
    rows = table.loc[is_baseline(table, others)]
    parts = []
    for name in _CLASSES:
        rates = [format_value(rate) for rate in rows.loc[rows["class"] == name, "learning_rate"]]
        if rates:
            parts.append(f"{name} {', '.join(rates)}")
    return f"Learning rates: {'; '.join(parts)}." if parts else ""


def _marginal(marginal: pd.DataFrame, factor: str, about: Mapping[str, Any]) -> str:
    metric = str(about["metric"])
    rows = marginal.loc[(marginal["factor"] == factor) & (marginal["measure"] == f"test_{metric}")]
    if rows.empty:
        return "no two conditions differ in it alone, the others at the baseline."
    said = [
        f"{format_value(row['value'])} "
        + difference_text(row["difference"], row["ci_low"], row["ci_high"], metric)
        for row in rows.to_dict("records")
    ]
    n = int(rows["n"].iloc[0])
    return (
        f"on average over the other factors (a linear model of {n} trials), test {metric_label(metric)} "
        f"against the baseline's value: {', '.join(said)}."
    )


def _interactions(table: pd.DataFrame, about: Mapping[str, Any]) -> Iterator[str]:
    """For each pair of factors, the interaction that is least likely chance."""
    metric = str(about["metric"])
    rows = table.loc[(table["measure"] == f"test_{metric}") & (table["method"] == "differences")]
    for (a, b), pair in rows.groupby(["factor_a", "factor_b"], sort=False):
        known = pair.loc[pair["p"].notna()].to_dict("records")
        if not known:
            continue
        row = min(known, key=lambda interaction: interaction["p"])
        name = f"{factor_label(str(a))} x {factor_label(str(b))}: "
        numbers = row["interaction"], row["ci_low"], row["ci_high"]
        values = f"{a}={format_value(row['value_a'])} with {b}={format_value(row['value_b'])}"
        among = f", the smallest of {len(known)}" if len(known) > 1 else ""
        if row["p"] * len(known) >= LEVEL:
            yield (
                f"{name}no clear interaction in test {metric_label(metric)}; {values} differs from the sum "
                f"of both effects by {difference_text(*numbers, metric)} ({p_text(row['p'])}{among})."
            )
            continue
        better = best_of(metric) * row["interaction"] > 0
        yield (
            f"{name}{values} is {'better' if better else 'worse'} in test {metric_label(metric)} than the "
            f"sum of both effects by {amount_text(*numbers, metric)} ({p_text(row['p'])}{among})."
        )


def _widths(
    table: pd.DataFrame, factors: Sequence[str], baseline: Mapping[str, object]
) -> Iterator[str]:
    """How many decades of learning rates are usable, and which factor changes that."""
    others = [factor for factor in factors if factor != "learning_rate" and factor in table]
    base = table.loc[is_baseline(table, {name: baseline[name] for name in others})]
    if base.empty or not others:
        return
    there = base.iloc[0]
    said = []
    for row in table.to_dict("records"):
        changed = [name for name in others if not same_value(row[name], baseline[name])]
        if len(changed) == 1 and pd.notna(row["difference_low"]):
            numbers = row["difference"], row["difference_low"], row["difference_high"]
            setting = f"{changed[0]}={format_value(row[changed[0]])}"
            clear = " (clear)" if row["p"] < LEVEL else ""
            said.append(f"{difference_text(*numbers)} at {setting}{clear}")
    width = interval_text(there["decades"], there["decades_low"], there["decades_high"])
    changes = f"; {', '.join(said)}" if said else ""
    yield f"width of the usable learning rates: {width} decades at the baseline{changes}."


def _comparisons(table: pd.DataFrame, tasks: pd.DataFrame) -> Iterator[str]:
    """For each pair of tasks on the same data, the metric on test, condition by condition."""
    for (one, other), pair in table.groupby(["task", "other_task"], sort=False):
        metric = str(task_row(tasks, str(one))["metric"])
        rows = pair.loc[pair["measure"] == f"test_{metric}"].to_dict("records")
        said = []
        for row in rows:
            numbers = row["difference"], row["ci_low"], row["ci_high"]
            if row["verdict"] in ("better", "worse"):
                said.append(
                    f"{row['verdict']} by {amount_text(*numbers, metric)} at {row['condition']}"
                )
            else:
                known = pd.notna(row["difference"])
                text = f" ({difference_text(*numbers, metric)})" if known else ""
                said.append(f"{row['verdict']} at {row['condition']}{text}")
        if said:
            yield f"{one} against {other}, test {metric_label(metric)}: {'; '.join(said)}."
