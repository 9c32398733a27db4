"""Merged tables whose columns are not what they should be are named when they are read."""

from pathlib import Path

import pytest

from dlsuite.errors import StoreError
from dlsuite.store import ResultsFolder

HEADER = "task,check,status,finding\n"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("task,check,finding\nt,c,f\n", "the column 'status' is missing"),
        (HEADER + "t,c,maybe,f\n", "column 'status', row 1: expected one of ok, look; got 'maybe'"),
        (
            HEADER + "t,c,ok,f\nt,,ok,f\n",
            "column 'check', row 2: expected a text; got an empty cell",
        ),
        (HEADER + 't,"c\n', "cannot be read as a table"),
    ],
)
def test_a_damaged_table_is_named_with_its_row(text: str, reason: str, tmp_path: Path) -> None:
    (tmp_path / "checklist.csv").write_text(text)

    with pytest.raises(StoreError, match=r"checklist\.csv: .*Delete it and run") as caught:
        ResultsFolder(tmp_path).read_table("checklist")
    assert reason in str(caught.value)


def test_a_table_with_all_columns_is_read(tmp_path: Path) -> None:
    (tmp_path / "checklist.csv").write_text(HEADER + "t,c,look,f\n")

    assert len(ResultsFolder(tmp_path).read_table("checklist")) == 1
