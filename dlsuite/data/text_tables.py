"""Texts in a column of a table: what is to be told of them, and how their rows are split."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from dlsuite.data.columns import ColumnRules, check_column
from dlsuite.data.dataset import Array
from dlsuite.data.inputs import MISSING, distinct_texts, is_text
from dlsuite.data.raw import Phrases
from dlsuite.data.split_columns import split_rules
from dlsuite.data.table import FEWEST_ROWS, check_settings
from dlsuite.data.targets import read_target
from dlsuite.data.texts import make_phrases
from dlsuite.errors import DataError, SpecError
from dlsuite.spec.kinds import TaskType

if TYPE_CHECKING:
    import pandas as pd


def texts_of_table(
    frames: Sequence["pd.DataFrame"],
    sources: Sequence[str],
    *,
    text_column: str,
    target: str,
    task_type: TaskType | None,
    split_column: str | None,
    group_column: str | None,
    time_column: str | None,
    date_format: str | None,
    missing: tuple[str, ...],
    how: Mapping[str, Any],
) -> Phrases:
    """Take a column of texts and a target out of a table; rows without a text are left out.

    Args:
        frames: The table, and the test rows if they come by themselves.
        sources: What to call each of them in messages.
        text_column: See `text_from_path`, as for the rest.
        target: The column to tell.
        task_type: Found out from the target if None.
        split_column: The column that gives splits.
        group_column: The column whose equal values stay in one split.
        time_column: The column to split in order of.
        date_format: How dates to split by are written.
        missing: Texts that stand for a missing value.
        how: `tokens`, `max_tokens` and `length`.

    Raises:
        SpecError: A column is not there, or two settings do not go together.
        DataError: A column holds what it must not.
    """
    rules = ColumnRules(date_format=date_format, missing=missing)
    names = [str(name) for name in frames[0].columns]
    check_settings(names, sources[0], target, rules, split_column, group_column, time_column)
    check_column(text_column, names, setting="text_column", source=sources[0])
    if text_column == target:
        raise SpecError(f"{sources[0]}: {target!r} cannot be both target and text_column.")
    for frame, source in zip(frames[1:], sources[1:], strict=True):
        for name, what in ((text_column, "texts"), (target, "target")):
            if name not in frame.columns:
                raise DataError(
                    f"{source}: expected the {what} {name!r} in the test rows too; there is no such column."
                )
    texts = [
        column_texts(frame[text_column], source=source, missing=missing)
        for frame, source in zip(frames, sources, strict=True)
    ]
    present = [each != MISSING for each in texts]
    kept = [frame[here] for frame, here in zip(frames, present, strict=True)]
    if len(kept[0]) < FEWEST_ROWS:
        raise DataError(
            f"{sources[0]}: expected at least {FEWEST_ROWS} rows with a text in {text_column!r}, to split "
            f"and to learn from; got {len(kept[0])}."
        )
    told = read_target(
        [frame[target] for frame in kept], sources=sources, task_type=task_type, missing=missing
    )
    split = split_rules(
        kept,
        sources,
        rules=rules,
        split_column=split_column,
        group_column=group_column,
        time_column=time_column,
    )
    left_out = sum(int((~here).sum()) for here in present)
    notes = told.notes
    if left_out:
        notes += (f"{left_out} rows have no text in {text_column!r} and are left out.",)
    return make_phrases(
        np.concatenate([each[here] for each, here in zip(texts, present, strict=True)]).tolist(),
        told.y,
        told.class_names,
        rules=split,
        notes=notes,
        feature_names=(text_column,),
        target=target,
        **how,
    )


def column_texts(column: "pd.Series[Any]", *, source: str, missing: Sequence[str] = ()) -> Array:
    """Take a column's texts, object `[n]` of str, `""` where missing.

    Args:
        column: The column.
        source: What to call its table in messages.
        missing: Texts that stand for a missing value, beside those that reading a file knows.

    Raises:
        DataError: It holds numbers, truths or dates.
    """
    if not is_text(column):
        held = {"b": "truths", "M": "dates"}.get(column.dtype.kind, "numbers")
        raise DataError(
            f"{source}: text_column {column.name!r}: expected texts; the column holds {held}. Name another."
        )
    codes, texts = distinct_texts(column, missing=missing)
    taken: Array = np.append(texts, MISSING)[codes]
    return taken
