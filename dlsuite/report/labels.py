"""Words on figures: names that are drawn as they are written, and what an axis measures."""

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from dlsuite.analysis.factor_values import factor_label, format_value, same_value
from dlsuite.analysis.measures import GAP, metric_label, metric_unit

BASELINE = "baseline"
"""What the baseline is called beside conditions that are named by how they differ from it."""

_LOSS_UNITS = {"classification": " (nats)", "regression": " (MSE)"}
_ELLIPSIS = "\N{HORIZONTAL ELLIPSIS}"


def plain(text: object) -> str:
    """Write a name so that matplotlib takes it as it is.

    Two dollar signs would be read as mathematics, and a legend passes over what begins with an underscore.
    """
    escaped = str(text).replace("$", r"\$")
    return f"\N{ZERO WIDTH SPACE}{escaped}" if escaped.startswith("_") else escaped


def shortened(text: str, width: int) -> str:
    """Cut a name in its middle, so that it has at most so many letters; its ends tell names apart."""
    if len(text) <= width:
        return text
    head = (width - 1) // 2
    return f"{text[:head]}{_ELLIPSIS}{text[len(text) - (width - 1 - head) :]}"


def wrapped(text: str, width: int, *, lines: int = 2) -> str:
    """Break a name at its spaces into so many lines at most, each shortened to a width."""
    parts = textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False) or [""]
    if len(parts) > lines:
        parts = [*parts[: lines - 1], " ".join(parts[lines - 1 :])]
    return "\n".join(plain(shortened(part, width)) for part in parts)


def value_text(value: object, width: int = 24) -> str:
    """Write a factor's value, shortened, as matplotlib should take it."""
    return plain(shortened(format_value(value), width))


def factor_text(name: str, width: int = 40) -> str:
    """Write a factor's name as prose does, shortened, as matplotlib should take it."""
    return plain(shortened(factor_label(name), width))


def condition_names(
    conditions: pd.DataFrame, factors: Sequence[str], baseline: Mapping[str, object]
) -> dict[str, str]:
    """Name conditions by how they differ from the baseline; those of a single factor by its value.

    Args:
        conditions: Rows with `condition` and the factors.
        factors: Names of the factors.
        baseline: The baseline's value of every factor.

    Returns:
        A name for each condition, in order of appearance, not yet fit for matplotlib.
    """
    names = {}
    for row in conditions.drop_duplicates("condition").to_dict("records"):
        changed = [
            f"{factor}={format_value(row[factor])}"
            for factor in factors
            if len(factors) == 1
            or factor not in baseline
            or not same_value(row[factor], baseline[factor])
        ]
        names[str(row["condition"])] = " ".join(changed) or BASELINE
    return names


def chosen_loss(about: Mapping[str, Any]) -> str | None:
    """What a task minimizes by name, where it is not the default of its type.

    Args:
        about: The task's row.
    """
    chosen = about.get("loss")
    return None if chosen is None or pd.isna(chosen) else str(chosen)


def loss_unit(about: Mapping[str, Any]) -> str:
    """Write what a task's loss is in parentheses, after a space; nothing where it is not known."""
    chosen = chosen_loss(about)
    return f" ({chosen})" if chosen else _LOSS_UNITS.get(str(about.get("task_type")), "")


def with_unit(metric: str) -> str:
    """Write a metric with its unit, if it has one."""
    return f"{metric_label(metric)} {metric_unit(metric)}".rstrip()


def measure_label(measure: str, about: Mapping[str, Any], *, lines: int = 2) -> str:
    """Write a test metric or the loss gap with its unit, for an axis.

    Args:
        measure: `test_<metric>` or `gap_loss_last`.
        about: The task's row, for the unit of its loss.
        lines: 1 to keep it on one line.
    """
    if measure == GAP:
        unit = loss_unit(about)
        text = f"validation \N{MINUS SIGN} train loss\nat the last epoch{unit}"
    else:
        metric = measure.removeprefix("test_")
        unit = loss_unit(about).strip() if metric == "loss" else metric_unit(metric)
        text = f"test {metric_label(metric)}\n{unit}".strip()
    return text if lines > 1 else text.replace("\n", " ")


def gap_label(about: Mapping[str, Any]) -> str:
    """Write the loss gap with its unit, in few words."""
    return f"loss gap, last epoch{loss_unit(about)}"


def gap_difference_label(about: Mapping[str, Any]) -> str:
    """Write a difference of loss gaps with its unit."""
    return f"difference in loss gap{loss_unit(about)}"
