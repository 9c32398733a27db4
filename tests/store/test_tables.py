"""Tables as CSV: the cells are those that pandas would write."""

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dlsuite.store import to_csv

TEXTS = st.text(st.characters(codec="utf-8"), max_size=8) | st.sampled_from(
    ["nan", "", " a", "1e5"]
)
NUMBERS = st.floats() | st.sampled_from([0.1, 1e-5, 123456.75, 9999999.5, math.inf])
INTEGERS = st.integers(-(2**63), 2**63 - 1)
COLUMNS: dict[str, tuple[str, st.SearchStrategy[Any]]] = {
    "numbers": ("float64", NUMBERS),
    "short numbers": ("float32", st.floats(width=32)),
    "counts": ("int64", INTEGERS),
    "truths": ("bool", st.booleans()),
    "texts": ("str", TEXTS | st.none()),
    "anything": ("object", NUMBERS | INTEGERS | TEXTS | st.booleans() | st.none()),
    "lists": ("object", st.tuples(st.integers(), st.integers())),
    "counts or nothing": ("Int64", INTEGERS | st.none()),
    "truths or nothing": ("boolean", st.booleans() | st.none()),
    "numbers or nothing": ("Float64", NUMBERS | st.none()),
    "groups": ("category", st.sampled_from([0.123456789, 2.0, None])),
    "times": ("datetime64[ns]", st.datetimes(pd.Timestamp(1700, 1, 1), pd.Timestamp(2200, 1, 1))),
}


@st.composite
def frames(draw: st.DrawFn) -> pd.DataFrame:
    rows = draw(st.integers(0, 5))
    named = draw(st.lists(st.tuples(TEXTS, st.sampled_from(list(COLUMNS))), min_size=1, max_size=6))
    columns = []
    for _, form in named:
        dtype, cells = COLUMNS[form]
        drawn = draw(st.lists(cells, min_size=rows, max_size=rows))
        values = np.empty(rows, dtype=object)
        values[:] = drawn
        columns.append(pd.Series(values if dtype == "object" else drawn, dtype=dtype))
    frame = pd.concat(columns, axis=1)
    frame.columns = pd.Index([name for name, _ in named], dtype=object)
    return frame


@given(frames())
@example(pd.DataFrame({"nan": [math.nan, -math.nan, math.inf, -math.inf, -0.0, 5e-324, 1e308]}))
def test_a_table_is_written_as_pandas_writes_it(frame: pd.DataFrame) -> None:
    assert to_csv(frame) == frame.to_csv(index=False, float_format="%.7g", lineterminator="\n")


@pytest.mark.parametrize("rows", [0, 1, 2])
def test_a_table_without_rows_or_with_empty_cells_alone_is_written_as_pandas_does(
    rows: int,
) -> None:
    for cell in (None, math.nan, ""):
        frame = pd.DataFrame({"only": [cell] * rows})
        assert to_csv(frame) == frame.to_csv(index=False, float_format="%.7g", lineterminator="\n")
