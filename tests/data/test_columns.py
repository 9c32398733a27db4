"""Kinds of columns: found out where they can be, asked for where they cannot."""

import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlsuite.data import describe_columns
from dlsuite.errors import SpecError

quickly = settings(max_examples=30, deadline=None)
N = 40


def described(values, name="a", **rules):
    frame = pd.DataFrame({name: values, "other": np.arange(len(values)) % 7})
    return describe_columns(frame, **rules)[0]


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1, 2, 2, 5] * 10, "number"),
        ([1.5, None, 2.5, 2.5] * 10, "number"),
        (["1", "2.5", " -3e2 ", "?"] * 10, "number"),
        ([True, False] * 20, "boolean"),
        (["True", "false", None, "true"] * 10, "boolean"),
        (["x", "y", None, "x"] * 10, "category"),
        (["2020-01-01", "2020-01-02"] * 20, "date"),
        (["2020-01-01T10:00:00Z", "2020-01-02T10:00:00+02:00"] * 20, "date"),
        (["31.12.2020", "01.02.2020"] * 20, "date"),
        (["12/31/2020", "01/02/2020"] * 20, "date"),
        (["3 May 2020", "21 Dec 1999"] * 20, "date"),
        (["12:30", "13:00"] * 20, "category"),
        (["cat_1", "cat_2"] * 20, "category"),
        (["2020", "2021"] * 20, "number"),
        (pd.Categorical([1, 2] * 20), "category"),
        (pd.Categorical(["1", "2"] * 20), "number"),
    ],
)
def test_kinds_are_found_out(values, kind):
    found = described(values)
    assert (found.kind, found.used, found.problem) == (kind, True, "")


def test_what_is_said_about_a_column_goes_first():
    assert described([1, 2] * 20, categorical=["a"]).kind == "category"
    assert described(["1", "-"] * 20, missing=["-"], keep=["a"]).kind == "number"
    found = described([20200101, 20200102] * 20, dates=["a"], date_format="%Y%m%d")
    assert (found.kind, found.format, found.problem) == ("date", "%Y%m%d", "")
    assert described(["01/02/2020", "03/04/2020"] * 20, date_format="%d/%m/%Y").kind == "date"
    assert not described([1, 2] * 20, drop=["a"]).used


@pytest.mark.parametrize(
    ("name", "values", "reason"),
    [
        ("a", [7] * N, "holds one value, 7"),
        ("a", ["x"] * N, "holds one value, 'x'"),
        ("a", [f"p{i}" for i in range(N)], "names the rows: 40 different texts in 40 rows"),
        ("a", list(range(5, 5 + N)), "numbers the rows"),
        ("Unnamed: 0", list(range(N)), "numbers the rows, by its name"),
        ("customer_id", [i * 37 % 1009 for i in range(N)], "numbers the rows, by its name"),
        ("customerId", [i * 37 % 1009 for i in range(N)], "numbers the rows, by its name"),
    ],
)
def test_what_tells_nothing_is_left_out_unless_it_is_kept(name, values, reason):
    found = described(values, name)
    assert (found.used, found.reason) == (False, reason)
    assert described(values, name, keep=[name]).used


def test_what_tells_something_is_used():
    assert described([i * 37 % 1009 for i in range(N)]).used
    assert described([7.0, None] * 20).used
    assert described([i % 5 for i in range(N)], "group_id").used
    assert described(["x", "y", "z"]).used


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ([None] * N, r"the table, column 'a': every value is missing.* drop = \[\"a\"\]"),
        (
            [*["1"] * 30, *["old"] * 10],
            r"row 31: expected a number, as in 30 of 40 rows; got 'old'. Say missing = \[\"old\"\]",
        ),
        ([f"{i + 1},{i:03d}" for i in range(N)], "row 1: expected a number, .* got '1,000'"),
        ([1.0, np.inf] * 20, "column 'a', row 2: expected a finite number; got inf"),
        (
            ["01/02/2020", "03/04/2020"] * 20,
            r"dates such as '01/02/2020' can be read in more than one way. .*%d/%m/%Y\" or \"%m/%d/%Y",
        ),
        (["2020-01-01", "2020-01-02", "soon"] * 20, "expected a date, as in most rows; got 'soon'"),
    ],
)
def test_what_cannot_be_read_without_guessing_is_a_problem(values, problem):
    assert re.search(problem, described(values).problem)


def test_days_that_are_the_same_either_way_are_no_problem():
    assert described(["01/01/2020", "02/02/2020"] * 20).problem == ""


def test_a_column_without_name_and_value_is_left_out():
    found = described([None] * N, "Unnamed: 3")
    assert (found.used, found.problem) == (False, "")


def test_descriptions_say_range_share_and_format():
    found = described([1.5, None, 9.25, 2.0] * 10)
    assert (found.missing, found.distinct, found.example) == (0.25, 3, "1.5 to 9.25")
    assert described(["b", "a", "b", "c"] * 10).example == "'b', 'a', 'c'"
    assert described(["31.12.2020", "1.2.2020"] * 20).format == "%d.%m.%Y"


@quickly
@given(
    days=st.lists(st.dates(), min_size=10, max_size=30, unique=True),
    written=st.sampled_from(["%Y-%m-%d", "%d.%m.%Y", "%m/%d/%Y", "%d %B %Y"]),
)
def test_dates_are_never_read_in_a_wrong_way(days, written):
    texts = [f"{day:{written}}".rjust(10, "0") if day.year > 999 else None for day in days]
    if not any(texts):
        return
    found = described(texts, keep=["a"])
    if found.kind == "date" and not found.problem:
        parsed = pd.to_datetime(pd.Series(texts), format=found.format or "ISO8601")
        right = [
            pd.Timestamp(day) if text else pd.NaT for day, text in zip(days, texts, strict=True)
        ]
        assert parsed.equals(pd.Series(right, dtype=parsed.dtype))


def test_settings_that_contradict_or_name_nothing_are_refused():
    with pytest.raises(SpecError, match=r"drop: there is no column 'othr'. Did you mean 'other'"):
        described([1, 2], drop=["othr"])
    with pytest.raises(SpecError, match="'a' stands in both numeric and categorical"):
        described([1, 2], numeric=["a"], categorical=["a"])
    with pytest.raises(SpecError, match="'a' stands in both drop and keep"):
        described([1, 2], drop=["a"], keep=["a"])


def test_a_file_is_described_too(tmp_path):
    path = tmp_path / "p.csv"
    path.write_text("a;b\n1;x\n2;y\n")
    assert [(c.name, c.kind) for c in describe_columns(path)] == [
        ("a", "number"),
        ("b", "category"),
    ]
