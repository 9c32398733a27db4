"""Reading tables: what is in the file, or one line that says where and what to do."""

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import feather, parquet

from dlsuite.data import arrow_files, read_table
from dlsuite.errors import DataError, SpecError

quickly = settings(max_examples=40, deadline=None)


def written(folder: Path, text: str | bytes, name: str = "people.csv") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_separator_is_found_from_the_first_line(tmp_path, separator):
    text = "\n".join(separator.join(row) for row in (["age", '"a, b; c"'], ["1", "x"], ["2", "y"]))
    frame = read_table(written(tmp_path, text))
    assert list(frame.columns) == ["age", "a, b; c"]
    assert frame["age"].tolist() == [1, 2]


def test_a_given_separator_and_encoding_are_used(tmp_path):
    path = written(tmp_path, "a:b,c\n1:k\xf6ln\n".encode("latin-1"))
    frame = read_table(path, separator=":", encoding="latin-1")
    assert frame.to_dict("list") == {"a": [1], "b,c": ["köln"]}


def test_columns_are_numbers_truths_dates_or_categories(tmp_path):
    text = (
        "n,t,d,m,c\n1,true,2020-01-01,2020-01-01 10:00,x\n2,false,2020-01-02,2020-01-02 11:30,y\n"
    )
    frame = read_table(written(tmp_path, text))
    kinds = [dtype.kind for dtype in frame.dtypes[:-1]]
    assert kinds == ["i", "b", "M", "M"]
    assert frame["c"].dtype == "category"


@pytest.mark.parametrize("marker", ["", "?", " ?", "NA", "n/a", "NaN", "null"])
def test_markers_of_missing_values_are_missing_in_every_column(tmp_path, marker):
    frame = read_table(written(tmp_path, f"a,b,c,d\n1,x,true,k\n{marker},{marker},{marker},k\n"))
    assert pd.to_numeric(frame["a"]).isna().tolist() == [False, True]
    assert frame[["b", "c"]].isna().to_numpy().tolist() == [[False, False], [True, True]]


@quickly
@given(values=st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=20))
def test_numbers_are_read_exactly(tmp_path_factory, values):
    path = written(tmp_path_factory.mktemp("t"), "a\n" + "\n".join(map(repr, values)))
    np.testing.assert_array_equal(read_table(path)["a"].to_numpy(dtype=float), values)


def test_a_decimal_comma_is_understood_where_it_separates_nothing(tmp_path):
    assert read_table(written(tmp_path, "a;b\n1,5;2\n-0,25;3\n"))["a"].tolist() == [1.5, -0.25]


@pytest.mark.parametrize("form", ["csv", "csv.gz", "tsv", "parquet", "feather"])
def test_every_format_holds_the_same(tmp_path, form):
    frame = pd.DataFrame(
        {
            "a": [1.5, np.nan, 3.0],
            "b": ["x", " y", None],
            "d": pd.date_range("2020-01-01", periods=3),
        }
    )
    path = tmp_path / f"people.{form}"
    if form in ("parquet", "feather"):
        getattr(frame, f"to_{form}")(path)
    else:
        frame.to_csv(path, index=False, sep="\t" if form == "tsv" else ",")
    found = read_table(path)
    np.testing.assert_array_equal(found["a"], frame["a"])
    assert found["b"].astype(object).tolist()[:2] == ["x", "y"] and found["b"].isna().iloc[2]
    assert (found["d"].to_numpy() == frame["d"].to_numpy()).all()


def test_rows_know_their_line_where_each_has_one(tmp_path):
    assert read_table(written(tmp_path, "a,b\n1,x\n2,y\n\n")).index.tolist() == [2, 3]
    over_two = read_table(written(tmp_path, 'a,b\n1,"x\ny"\n2,y\n', "two.csv"))
    assert over_two.index.name is None and len(over_two) == 2


def test_a_byte_order_mark_is_no_part_of_a_name(tmp_path):
    assert list(read_table(written(tmp_path, b"\xef\xbb\xbfa,b\n1,2\n")).columns) == ["a", "b"]


def test_a_column_without_a_name_is_called_by_its_place(tmp_path):
    assert list(read_table(written(tmp_path, ",b\n0,1\n")).columns) == ["Unnamed: 0", "b"]


def test_a_file_is_read_again_only_if_it_changed(tmp_path):
    path = written(tmp_path, "a,b\n1,2\n")
    first = read_table(path)
    assert read_table(path) is first
    written(tmp_path, "a,b\n1,2\n3,4\n")
    assert len(read_table(path)) == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "people.csv: the file is empty"),
        ("\n\n", "holds nothing but empty lines"),
        ("a,b\n", "has a line of column names but no rows"),
        ("a,b,a\n1,2,3\n", "columns 1 and 3 are both called 'a'. Rename one"),
        ("1,2\n3,4\n", "line 1: expected the names of the columns; got numbers: 1, 2"),
        ("a,b\n1,2\n1,2,3\n", "line 3: expected 2 values, .* a comma between them; got 3. Mend"),
        ("a;b\n1;2\n\n1\n", "line 4: expected 2 values, .* a semicolon between them; got 1"),
        (b"a,b\n1,x\n1,k\xf6ln\n", 'line 3, byte 4: expected UTF-8; got 0xf6; .* "latin-1"'),
        ("a,b\n1,é\n1,k".encode() + b"\xf6ln\n", "got 0xf6; lines before it are UTF-8; write this"),
        ('a,b\n1,"x"\n2,"y\n3,z\n4,z\n', "line 3: a quotation mark is opened here that is never"),
        (b"\xff\xfea\x00\n\x00", 'is written in UTF-16; say encoding = "utf-16"'),
    ],
)
def test_a_text_that_cannot_be_read_is_refused_where_it_is_wrong(tmp_path, text, message):
    with pytest.raises(DataError, match=message):
        read_table(written(tmp_path, text))


def test_what_is_no_table_is_refused(tmp_path):
    path = written(tmp_path, "a,b\n1,2\n")
    with pytest.raises(
        DataError, match=r"peopel\.csv: there is no such file. Did you mean 'people"
    ):
        read_table(tmp_path / "peopel.csv")
    with pytest.raises(DataError, match="there is no such file, nor a folder"):
        read_table(tmp_path / "data" / "people.csv")
    with pytest.raises(SpecError, match=r"expected a file that ends in \.csv, .*; got 'p\.xlsx'"):
        read_table(tmp_path / "p.xlsx")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(DataError, match="expected a file; it is a folder"):
        read_table(tmp_path / "folder.csv")
    with pytest.raises(SpecError, match=r"encoding: expected \"utf-8\", .* got 'klingon'"):
        read_table(path, encoding="klingon")
    with pytest.raises(SpecError, match=r"separator: expected one ASCII character .*; got '::'"):
        read_table(path, separator="::")
    for name, kind in (("a.parquet", "Parquet"), ("a.feather", "Feather")):
        with pytest.raises(DataError, match=f"cannot be read as a {kind} file"):
            read_table(written(tmp_path, "nothing of the kind", name))
    with pytest.raises(DataError, match="cannot be unpacked"):
        read_table(written(tmp_path, "a,b\n1,2\n", "a.csv.gz"))


def test_a_torn_archive_is_refused(tmp_path):
    whole = gzip.compress(b"a,b\n" + b"1,2\n" * 1000)
    with pytest.raises(DataError, match=r"cannot be unpacked|cannot be read as a table"):
        read_table(written(tmp_path, whole[: len(whole) // 2], "a.csv.gz"))


def test_columns_of_lists_are_refused(tmp_path):
    pd.DataFrame({"a": [[1, 2], [3]]}).to_parquet(tmp_path / "lists.parquet")
    with pytest.raises(DataError, match="column 'a': expected numbers, texts or dates; got list"):
        read_table(tmp_path / "lists.parquet")


@pytest.mark.parametrize("form", ["parquet", "feather"])
def test_types_with_a_meaning_of_their_own_are_what_they_are_written_as(tmp_path, form):
    truths = pa.ExtensionArray.from_storage(pa.bool8(), pa.array([0, 1], pa.int8()))
    names = pa.ExtensionArray.from_storage(pa.uuid(), pa.array([b"0" * 16] * 2, pa.binary(16)))
    write = {"parquet": parquet.write_table, "feather": feather.write_feather}[form]
    write(pa.table({"truth": truths, "b": [1.5, 2.5]}), tmp_path / f"some.{form}")
    found = read_table(tmp_path / f"some.{form}")
    assert found["truth"].tolist() == [0, 1] and found["b"].tolist() == [1.5, 2.5]
    write(pa.table({"name": names, "b": [1.5, 2.5]}), tmp_path / f"other.{form}")
    with pytest.raises(DataError, match="column 'name': expected numbers, texts or dates; got fix"):
        read_table(tmp_path / f"other.{form}")


@pytest.mark.parametrize("form", ["parquet", "feather"])
def test_much_that_comes_of_little_is_refused(tmp_path, form, monkeypatch):
    monkeypatch.setattr(arrow_files, "_MUCH", 2**20)  # Of 1 GiB it is some seconds of writing.
    frame = pd.DataFrame({"a": np.zeros(500_000), "b": np.ones(500_000)})
    getattr(frame, f"to_{form}")(tmp_path / f"zeros.{form}", compression="zstd")
    with pytest.raises(DataError, match=r"unpacked, it is more than 200 times as large, \d+ MiB"):
        read_table(tmp_path / f"zeros.{form}")
    frame["a"] = np.random.default_rng(0).normal(size=len(frame))
    getattr(frame, f"to_{form}")(tmp_path / f"some.{form}", compression="zstd")
    assert len(read_table(tmp_path / f"some.{form}")) == len(frame)


def test_a_text_that_every_row_repeats_is_held_once(tmp_path):
    once = pa.array([0] * 300_000, pa.int32())
    repeated = pa.DictionaryArray.from_arrays(once, pa.array(["x" * 10**6]))
    table = pa.table({"a": repeated, "b": once})
    parquet.write_table(table, tmp_path / "long.parquet", store_schema=False)
    found = read_table(tmp_path / "long.parquet", keep=False)  # 300 GB, a text a row.
    assert found["a"].cat.categories.str.len().tolist() == [10**6] and len(found) == 300_000
