"""What the columns of the merged tables hold, so that a damaged table is named when it is read.

Tables are plain files, which people mend, cut and copy; whatever reads them relies on what is said here.
Columns of scores and hyperparameters differ from study to study and are not listed.
"""

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import pandas as pd

from dlsuite.store.schema import MEASURED

Form = str | Collection[str]
"""`text` without empty cells, `number` or empty, `count` (a whole number, 0 or more), `truth`, or one of some
texts."""

TASK_TYPES = ("classification", "regression")
_INTERVAL = {"ci_low": "number", "ci_high": "number", "p": "number"}
_TRIAL = {"task": "text", "condition": "text", "seed": "count", "split_seed": "count"}
_ANSWER = {"task": "text", "condition": "text", "measure": "text"}

FORMS: Mapping[str, Mapping[str, Form]] = {
    "tasks": {
        **dict.fromkeys(("task", "model", "data", "kind", "metric", "guess"), "text"),
        **dict.fromkeys(("n_train", "n_validation", "n_test"), "count"),
        "task_type": TASK_TYPES,
    },
    "trials": {
        **_TRIAL,
        "status": ("completed", "diverged", "failed"),
        **dict.fromkeys(("selected", "counted"), "truth"),
        "epochs": "count",
        "parameters": "number",
        **dict.fromkeys(("best_epoch", "train_loss_best", "val_loss_best", "test_loss"), "number"),
        **dict.fromkeys(("diverged_epoch", "onset_epoch", "epochs_to_90"), "number"),
    },
    "curves": {
        **_TRIAL,
        "epoch": "count",
        **dict.fromkeys(("train_loss", "val_loss", "gradient_norm", "step_loss_spread"), "number"),
    },
    "layers": {**_TRIAL, "epoch": "count", "layer": "text"},
    "summary": {
        **_ANSWER,
        **dict.fromkeys(("n", "n_diverged"), "count"),
        **dict.fromkeys(("divergence_rate", "divergence_low", "divergence_high"), "number"),
        "conditional": "truth",
        **dict.fromkeys(
            ("mean", "ci_low", "ci_high", "iqm", "sd", "min", "max", "guess"), "number"
        ),
    },
    "effects": {
        **_ANSWER,
        "role": ("primary", "exploratory"),
        "n_pairs": "count",
        **dict.fromkeys(("difference", "iqm", "sd", "p_adjusted", "effect_size"), "number"),
        **dict.fromkeys(("agree", "detectable", "sd_ratio"), "number"),
        **dict.fromkeys(("sd_ratio_low", "sd_ratio_high", "sd_ratio_p"), "number"),
        **_INTERVAL,
        "verdict": "text",
    },
    "interactions": {
        **dict.fromkeys(("task", "factor_a", "factor_b", "measure", "method"), "text"),
        **dict.fromkeys(("value_a", "value_b"), "any"),
        "n_pairs": "count",
        **dict.fromkeys(("interaction", "agree"), "number"),
        **_INTERVAL,
    },
    "marginal_effects": {
        **dict.fromkeys(("task", "factor", "measure"), "text"),
        "value": "any",
        "n": "count",
        "difference": "number",
        **_INTERVAL,
    },
    "comparisons": {
        **dict.fromkeys(("task", "other_task", "condition", "measure", "verdict"), "text"),
        "n_pairs": "count",
        **dict.fromkeys(("mean", "other_mean", "difference", "agree"), "number"),
        **_INTERVAL,
    },
    "learning_rates": {
        "task": "text",
        **dict.fromkeys(("n", "n_diverged"), "count"),
        **dict.fromkeys(("progress", "rise_share", "oscillation", "still_falling"), "number"),
        "epochs_to_target": "number",
        "class": ("diverges", "good", "overshoots", "too slow"),
        "usable": "truth",
    },
    "learning_rate_widths": {
        "task": "text",
        "n": "count",
        **dict.fromkeys(("decades", "decades_low", "decades_high", "touches_edge"), "number"),
        **dict.fromkeys(("n_pairs", "difference", "difference_low", "difference_high"), "number"),
        "p": "number",
    },
    "early_stopping": {
        **dict.fromkeys(("task", "condition"), "text"),
        **dict.fromkeys(("patience", "n"), "count"),
        **dict.fromkeys(("share_stopped", "stop_epoch", "epochs_saved", "val_loss_cost"), "number"),
        "val_metric_cost": "number",
    },
    "variance": {
        **dict.fromkeys(("task", "measure", "component"), "text"),
        "n": "count",
        **dict.fromkeys(("variance", "sd", "share"), "number"),
    },
    "wrong_winner": {
        **_ANSWER,
        **dict.fromkeys(("n", "n_pairs"), "count"),
        "wrong": "number",
    },
    "checklist": {
        **dict.fromkeys(("task", "check", "finding"), "text"),
        "status": ("ok", "look"),
    },
    "naive_forecasts": dict.fromkeys(("task", "forecast"), "text"),
}
"""By table and column, what its cells are."""


def check_table(name: str, table: pd.DataFrame) -> None:
    """See that a merged table has its columns, and that they hold what they should.

    Args:
        name: The table's, as in `trials`; of one that is not known nothing is asked.
        table: The table.

    Raises:
        ValueError: A column is missing, or a cell holds something else.
    """
    forms = FORMS.get(name, {})
    missing = [column for column in forms if column not in table]
    if missing:
        raise ValueError(f"the column {missing[0]!r} is missing")
    measured = {column: "number" for column in table.columns if column in MEASURED}
    for column, form in ({**measured, **forms} if forms else {}).items() if len(table) else ():
        expected, wrong = _wrong(table[column], form)
        if wrong.any():
            row = int(np.argmax(wrong))
            raise ValueError(
                f"column {column!r}, row {row + 1}: expected {expected}; got {_cell(table[column].iloc[row])}"
            )


def _wrong(cells: "pd.Series[Any]", form: Form) -> tuple[str, np.ndarray[Any, Any]]:
    """What a column holds, in words, and which of its cells do not."""
    if not isinstance(form, str):
        return "one of " + ", ".join(form), ~cells.isin(list(form)).to_numpy()
    if form == "text":
        return "a text", cells.isna().to_numpy()
    if form == "truth":
        return "True or False", ~cells.astype(str).isin(["True", "False"]).to_numpy()
    if form == "any":
        return "anything", np.zeros(len(cells), dtype=bool)
    empty = cells.isna().to_numpy()
    if cells.dtype.kind not in "iuf":
        numbers = pd.to_numeric(cells, errors="coerce")
        return "a number", numbers.isna().to_numpy() & ~empty
    values = cells.to_numpy(dtype=np.float64)
    if form == "count":
        whole = np.isfinite(values) & (values >= 0) & (values < 2**53) & (values % 1 == 0)
        return "a whole number, 0 or more", ~whole
    return "a number", np.zeros(len(cells), dtype=bool)


def _cell(value: Any) -> str:
    return "an empty cell" if pd.isna(value) else repr(value)[:60]
