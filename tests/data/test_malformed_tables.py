"""Any bytes in a table, an image, a text or a series end in data or in one line that names the file."""

import gzip
import io
import os
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dlsuite import load_data
from dlsuite.data.files import read_table
from dlsuite.data.image_files import BadImage, ImageShape, decode, read_header
from dlsuite.errors import DataError, DlsuiteError, SpecError

relaxed = settings(
    deadline=None,
    max_examples=40,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
ROWS = "when,text,a,y\n" + "".join(
    f"2020-01-{n % 28 + 1:02},word {n % 5},{n * 0.5},{n % 2}\n" for n in range(40)
)
cells = st.sampled_from(
    [
        *(
            "",
            "?",
            "x",
            "1e400",
            "-1e308",
            "1e300",
            "nan",
            "inf",
            "9" * 400,
            "0x1",
            "1,2",
            '"',
            '""',
        ),
        *("\0", "\r", "\n", "\t", "é", "‮", "2020-13-01", "9999-12-31", "0001-01-01", "true", "1.5"),
        *("\x0b", "\x85", "\u2028", "\ufeff", "12:30", "=1+1", "a" * 1000),
    ]
)


@st.composite
def damaged(draw: st.DrawFn, data: bytes) -> bytes:
    """A file with some bytes changed, left out or put in."""
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(0, len(data)))
        end = min(len(data), place + draw(st.integers(0, 12)))
        data = data[:place] + draw(st.binary(max_size=6)) + data[end:]
    return data


def with_cells(changes: list[tuple[int, int, str]]) -> bytes:
    """The rows with other cells."""
    lines = [line.split(",") for line in ROWS.splitlines()]
    for row, column, cell in changes:
        lines[row][column] = cell
    return "\n".join(",".join(line) for line in lines).encode()


def loaded(path: Path, **given: object) -> None:
    """Load what is behind a path; it is finite, or one line says why it cannot be used."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            data = load_data(str(path), **given)
    except DlsuiteError as error:
        assert str(error)
        return
    for split in (data.train, data.validation, data.test):
        assert len(split.x) == len(split.y) > 0
        assert np.isfinite(np.asarray(split.x, dtype=np.float64)).all()


places = st.tuples(st.integers(0, 40), st.integers(0, 3), cells)
tables = st.lists(places, max_size=6).map(with_cells) | damaged(ROWS.encode())


@relaxed
@given(data=tables, target=st.sampled_from(["y", "a", "text", "nobody"]))
def test_any_table_is_data_or_one_line(data: bytes, target: str, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(data)

    loaded(path, target=target)


@relaxed
@given(data=tables, target=st.sampled_from(["y", "a", "when"]))
def test_any_table_is_a_series_or_one_line(data: bytes, target: str, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(data)

    loaded(path, target=target, window=3)


@relaxed
@given(data=tables)
def test_any_table_is_texts_or_one_line(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(data)

    loaded(path, target="y", text_column="text")


@relaxed
@given(first=damaged(ROWS.encode()), second=st.binary(max_size=100))
def test_any_class_files_are_texts_or_one_line(first: bytes, second: bytes, tmp_path: Path) -> None:
    folder = tmp_path / "texts"
    folder.mkdir(exist_ok=True)
    (folder / "a.txt").write_bytes(first)
    (folder / "b.txt").write_bytes(second)

    loaded(folder)


def packed(suffix: str) -> bytes:
    """The rows as another file holds them."""
    frame = pd.DataFrame({"a": np.arange(20.0), "b": list("xy" * 10), "y": [0, 1] * 10})
    held = io.BytesIO()
    if suffix == "csv.gz":
        return gzip.compress(ROWS.encode())
    getattr(frame, f"to_{suffix}")(held)
    return held.getvalue()


@pytest.mark.parametrize("suffix", ["parquet", "feather", "csv.gz"])
def test_a_damaged_binary_table_is_read_or_named(suffix: str, tmp_path: Path) -> None:
    path, whole = tmp_path / f"rows.{suffix}", packed(suffix)

    @relaxed
    @given(data=damaged(whole) | st.binary(max_size=60))
    def check(data: bytes) -> None:
        path.write_bytes(data)
        try:
            read_table(path, keep=False)
        except DataError as error:
            assert str(path) in str(error)

    check()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP", "GIF"])
def test_a_damaged_image_is_decoded_or_bad(kind: str) -> None:
    from PIL import Image

    held = io.BytesIO()
    pixels = np.random.default_rng(0).integers(0, 256, (9, 7, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(held, kind)

    @relaxed
    @given(data=damaged(held.getvalue()))
    def check(data: bytes) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                read_header(data)
                decode(data, ImageShape(4, 4, 3), "stretch")
            except BadImage as error:
                assert str(error)

    check()


def test_little_that_unpacks_to_much_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dlsuite.data.delimited._MUCH", 2**20)
    path = tmp_path / "rows.csv.gz"
    path.write_bytes(gzip.compress(b"a,y\n" + b"1,1\n" * 2**21))

    with pytest.raises(DataError, match=r"rows\.csv\.gz: unpacked, .* times as large"):
        read_table(path)


def test_a_line_without_an_end_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(b"a,y\n" + b"x" * 2**25)

    with pytest.raises(DataError, match=r"rows\.csv, line 2: .* longer than 16,777,216 characters"):
        read_table(path)


def test_a_hundred_thousand_columns_are_refused_at_once(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    names = ",".join(f"c{n}" for n in range(10**5))
    path.write_text(f"{names}\n{'1,' * (10**5 - 1)}1\n")

    with pytest.raises(DataError, match=r"rows\.csv: expected 20,000 columns or fewer"):
        read_table(path)


@pytest.mark.parametrize("separator", ['"', "\n", "\r", "\0", "é", "", "::"])
def test_what_separates_nothing_is_no_separator(separator: str, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(ROWS)

    with pytest.raises(SpecError, match=r"rows\.csv: separator: expected one ASCII character"):
        read_table(path, separator=separator)


@pytest.mark.parametrize("encoding", ["rot13", "base64", "zlib", "undefined", "\0"])
def test_what_encodes_no_text_is_no_encoding(encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(ROWS)

    with pytest.raises(SpecError, match=r"rows\.csv: encoding: expected"):
        read_table(path, encoding=encoding)


def test_a_format_that_writes_no_dates_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(ROWS)

    with pytest.raises(SpecError, match=r"date_format: expected how dates are written, .*'%Q'"):
        load_data(str(path), target="y", dates=["when"], date_format="%Q")


def test_numbers_beyond_counting_are_named(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("a,y\n" + "".join(f"{n}e300,{n * 0.5}\n" for n in range(1, 60)))

    with pytest.raises(DataError, match=r"input 'a': its numbers are too large"):
        load_data(str(path), target="y", window=3, drop=[])


def test_bytes_of_a_class_folder_that_are_no_utf_8_are_written_out(tmp_path: Path) -> None:
    for name in (b"a", b"\xff"):
        place = os.fsencode(tmp_path) + b"/texts/" + name
        os.makedirs(place)
        for number in range(6):
            Path(os.fsdecode(place), f"{number}.txt").write_text(f"text {number}")

    assert load_data(str(tmp_path / "texts")).class_names == ("\\xff", "a")


@pytest.mark.parametrize("categories", [["a", None], ["a", "a"]])
def test_categories_that_are_missing_or_doubled_are_values_like_others(
    categories: list[str | None], tmp_path: Path
) -> None:
    """Arrow allows them, pandas does not."""
    pa, feather = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.feather")
    column = pa.DictionaryArray.from_arrays(pa.array([0, 1, 0]), pa.array(categories))
    feather.write_feather(pa.table({"c": column, "x": [1, 2, 3]}), tmp_path / "table.feather")
    table = read_table(tmp_path / "table.feather")
    read = [None if pd.isna(value) else value for value in table["c"]]
    assert read == ["a", categories[1], "a"]
