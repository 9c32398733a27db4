"""Columns that say how the rows of a table are split: by name of the split, by group, or in time."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from dlsuite.data.columns import ColumnRules, describe_column
from dlsuite.data.dataset import Array
from dlsuite.data.inputs import category_texts, raw_columns, row_place
from dlsuite.data.rows import FREE, TEST, TRAIN, VALIDATION, SplitRules
from dlsuite.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

SPLITS = {
    **dict.fromkeys(("train", "training"), TRAIN),
    **dict.fromkeys(("validation", "valid", "val", "dev"), VALIDATION),
    **dict.fromkeys(("test", "testing"), TEST),
}
"""What splits may be called, in columns and as folders, in lower case."""


def split_rules(
    frames: Sequence["pd.DataFrame"],
    sources: Sequence[str],
    *,
    rules: ColumnRules,
    split_column: str | None,
    group_column: str | None,
    time_column: str | None,
) -> SplitRules:
    """Read off the columns that say it how rows are split.

    Args:
        frames: The table, and the test rows if they come by themselves.
        sources: What to call each of them in messages.
        rules: How columns are read.
        split_column: The column that gives the splits, if there is one.
        group_column: The column whose equal values stay in one split.
        time_column: The column to split in order of.

    Raises:
        DataError: A row has no value there, or one that means nothing; or the test rows given do not go
            with the column.
    """
    import pandas as pd

    missing = rules.missing
    given: Array | None = None
    if len(frames) == 2:
        given = np.repeat([FREE, TEST], [len(frame) for frame in frames])
    if split_column is not None:
        own = _given(frames[0][split_column], sources[0], missing)
        if given is None and not (own == TEST).any():
            raise DataError(
                f"{sources[0]}: split_column {split_column!r} gives no row to test; say test_path if they "
                "are in a file of their own."
            )
        if given is not None and (own == TEST).any():
            raise DataError(
                f"{sources[0]}: both split_column {split_column!r} and test_path give test rows; choose one."
            )
        # With validation rows given, the rest is for training; else they are taken from it.
        own = np.where((own == TRAIN) & ~(own == VALIDATION).any(), FREE, own)
        given = own if given is None else np.concatenate([own, given[len(own) :]])
    groups = times = None
    if group_column is not None:
        texts = [
            _present(_column(frame, group_column, source), "group_column", source, missing)
            for frame, source in zip(frames, sources, strict=True)
        ]
        groups = pd.factorize(np.concatenate(texts))[0]
        if given is not None:
            _check_groups(groups, given, group_column, sources)
    if time_column is not None:
        times = np.concatenate(
            [
                _times(_column(frame, time_column, source), source, rules)
                for frame, source in zip(frames, sources, strict=True)
            ]
        )
    return SplitRules(given=given, groups=groups, times=times, test_source=(*sources, "")[1])


def _column(frame: "pd.DataFrame", name: str, source: str) -> "pd.Series[Any]":
    if name not in frame.columns:
        raise DataError(
            f"{source}: expected a column {name!r} in the test rows too; there is none."
        )
    return frame[name]


def _given(column: "pd.Series[Any]", source: str, missing: Sequence[str]) -> Array:
    texts = _present(column, "split_column", source, missing)
    splits = np.array([SPLITS.get(text.lower(), FREE) for text in texts])
    if (splits == FREE).any():
        position = int(np.argmax(splits == FREE))
        raise DataError(
            f"{source}, column {column.name!r}, {row_place(column, position)}: split_column: expected "
            f"train, validation or test; got {texts[position]!r}."
        )
    return splits


def _present(column: "pd.Series[Any]", setting: str, source: str, missing: Sequence[str]) -> Array:
    texts = category_texts(column, missing=missing)
    absent = texts == ""
    if absent.any():
        position = int(np.argmax(absent))
        raise DataError(
            f"{source}, column {column.name!r}, {row_place(column, position)}: {setting}: expected a value "
            f"in every row; it is missing in {int(absent.sum())}."
        )
    return texts


def _check_groups(groups: Array, given: Array, name: str, sources: Sequence[str]) -> None:
    shared = np.intersect1d(groups[given == FREE], groups[given == TEST])
    if len(shared):
        raise DataError(
            f"{sources[-1]}: group_column {name!r}: {len(shared)} groups are in {sources[0]} too; no "
            "group may be in two splits."
        )


def _times(column: "pd.Series[Any]", source: str, rules: ColumnRules) -> Array:
    found = describe_column(column, rules, source=source)
    if found.problem:
        raise DataError(found.problem)
    if found.kind not in ("number", "date"):
        raise DataError(
            f"{source}: time_column {column.name!r}: expected dates or numbers; got {found.example}. Choose "
            "another column, or mend the file."
        )
    wanted = found.input_column
    times = raw_columns(column.to_frame(), (wanted,), source=source, missing=rules.missing)[
        wanted.name
    ]
    if np.isnan(times).any():
        position = int(np.argmax(np.isnan(times)))
        raise DataError(
            f"{source}, column {column.name!r}, {row_place(column, position)}: time_column: expected a "
            f"value in every row; it is missing in {int(np.isnan(times).sum())}."
        )
    return times
