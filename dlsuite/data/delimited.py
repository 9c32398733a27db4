"""Texts with a separator between values (CSV, TSV), read by Arrow; how they are written is found out here."""

import codecs
import csv
import gzip
import io
import itertools
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NoReturn, cast

from dlsuite.data.frames import MARKERS, as_frame, check_names
from dlsuite.data.inputs import NUMBER
from dlsuite.data.packed import MOST_PACKED, most_unpacked
from dlsuite.data.text_lines import check_encoding
from dlsuite.errors import DataError, SpecError

if TYPE_CHECKING:
    import pandas as pd

SEPARATORS = {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "a bar"}
"""What may stand between two values, and what to call it."""
_SAMPLE = 200
"""Rows that are looked at to find out how numbers are written."""
_LONGEST_LINE = 2**24
"""Characters of a line; of 20,000 columns they are 800 each."""
_MUCH = 2**28
"""Packed files of so many bytes and more are looked at for what they make of little."""


def read_text(path: Path, separator: str | None, encoding: str) -> "pd.DataFrame":
    """Read a text with a separator; see `dlsuite.data.files.read_table`.

    Args:
        path: The file, packed by gzip or not.
        separator: What stands between two values; found from the first line if None.
        encoding: How characters are written.

    Raises:
        SpecError: The separator or the encoding is none.
        DataError: The text cannot be read without guessing.
    """
    import pandas as pd

    check_encoding(str(path), encoding)
    if separator is not None and not _can_separate(separator):
        raise SpecError(
            f"{path}: separator: expected one ASCII character that is no quotation mark and ends no line; "
            f"got {separator!r}."
        )
    sample = list(itertools.islice(_rows(path, separator, encoding), _SAMPLE))
    if not sample:
        raise DataError(f"{path}: the file holds nothing but empty lines.")
    _, head = sample[0]
    names = [name.strip() or f"Unnamed: {place}" for place, name in enumerate(head)]
    check_names(path, names)
    if all(re.match(NUMBER, name) for name in names):
        raise DataError(
            f"{path}, line {sample[0][0]}: expected the names of the columns; got numbers: "
            f"{', '.join(names[:3])}. Put a line with names above them."
        )
    if len(sample) == 1:
        raise DataError(f"{path}: has a line of column names but no rows.")
    separator = separator or _separator(path, encoding)
    lines, quotes = _lines_and_quotes(path)
    # Without a name here, so that Arrow's own columns are gone as soon as they are turned.
    frame = as_frame(_parsed(path, separator, encoding, sample), names)
    if lines == len(frame) + 1:
        frame.index = pd.RangeIndex(2, len(frame) + 2, name="line")
    elif quotes % 2 and any("\n" in str(value) for value in frame.iloc[-1]):
        *_, (line, _) = _rows(path, separator, encoding)
        raise DataError(
            f"{path}, line {line}: a quotation mark is opened here that is never closed. Mend the line."
        )
    return frame


def _parsed(path: Path, separator: str, encoding: str, sample: list[tuple[int, list[str]]]) -> Any:
    """Read the whole text, as an Arrow table."""
    import pyarrow as pa
    from pyarrow import csv as arrow

    try:
        table = arrow.read_csv(
            path,
            read_options=arrow.ReadOptions(encoding="utf8" if encoding == "utf-8" else encoding),
            parse_options=arrow.ParseOptions(delimiter=separator, newlines_in_values=True),
            convert_options=arrow.ConvertOptions(
                null_values=list(MARKERS),
                strings_can_be_null=True,
                decimal_point="," if _decimal_comma(sample, separator) else ".",
                # Texts are held once each; a column of more texts is told apart later.
                auto_dict_encode=True,
                auto_dict_max_cardinality=100_000,
            ),
        )
    except UnicodeError:
        _refuse_encoding(path, encoding)
    except (pa.ArrowException, OSError) as error:  # An OSError: it cannot be unpacked.
        _refuse_rows(path, separator, encoding, len(sample[0][1]), error)
    if any("binary" in str(field.type) for field in table.schema):
        _refuse_encoding(path, encoding)
    return table


def _can_separate(separator: str) -> bool:
    return len(separator) == 1 and separator.isascii() and separator not in '"\r\n\0'


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    """The file's bytes, unpacked."""
    if not path.name.lower().endswith(".gz"):
        with path.open("rb") as file:
            yield file
        return
    try:
        with gzip.open(path, "rb") as packed:
            yield cast(IO[bytes], packed)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DataError(f"{path}: cannot be unpacked: {error}.") from error


def _text_lines(path: Path, encoding: str) -> Iterator[str]:
    """Yield a text's lines, without a byte order mark."""
    known = "utf-8-sig" if encoding == "utf-8" else encoding
    with _opened(path) as file, io.TextIOWrapper(file, encoding=known, newline="") as text:
        number = 0
        while line := text.readline(_LONGEST_LINE):
            number += 1
            if len(line) == _LONGEST_LINE:
                raise DataError(
                    f"{path}, line {number}: expected a row in each line; this one is longer than "
                    f"{_LONGEST_LINE:,} characters. Is the file a table?"
                )
            yield line


def _rows(path: Path, separator: str | None, encoding: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that are not empty, each with the line on which it begins.

    Raises:
        DataError: A row cannot be read.
    """
    line = 1
    try:
        lines = _text_lines(path, encoding)
        reader = csv.reader(lines, delimiter=separator or _separator(path, encoding))
        for row in reader:
            if row:
                yield line, row
            line = reader.line_num + 1
    except UnicodeError:
        _refuse_encoding(path, encoding)
    except csv.Error as error:
        raise DataError(f"{path}, line {line}: cannot be read as a row: {error}.") from error


def _separator(path: Path, encoding: str) -> str:
    """Take the separator that stands most often in the first line, quoted names left out."""
    head = next((line for line in _text_lines(path, encoding) if line.strip()), "")
    unquoted = re.sub(r'"[^"]*"', "", head)
    if ".tsv" in path.name.lower() and "\t" in unquoted:
        return "\t"
    return max(SEPARATORS, key=unquoted.count)


def _decimal_comma(sample: list[tuple[int, list[str]]], separator: str) -> bool:
    if separator == ",":
        return False
    values = [value.strip() for _, row in sample[1:] for value in row]
    commas = any(re.fullmatch(r"[+-]?\d+,\d+", value) for value in values)
    return commas and not any(re.fullmatch(r"[+-]?\d+\.\d+", value) for value in values)


def _lines_and_quotes(path: Path) -> tuple[int, int]:
    """Count the lines, empty ones at the end left out, and the quotation marks.

    Raises:
        DataError: It is packed, and much comes out of little.
    """
    lines, tail, quotes, size = 1, 0, 0, 0
    most = most_unpacked(path, _MUCH)
    with _opened(path) as file:
        while block := file.read(2**20):
            size += len(block)
            if size > most:
                raise DataError(
                    f"{path}: unpacked, it is more than {MOST_PACKED} times as large, {size >> 20} MiB and "
                    "more. If that is right, unpack it and give the unpacked file."
                )
            quotes += block.count(b'"')
            kept = block.rstrip(b"\r\n")
            if kept:
                lines += tail + kept.count(b"\n")
                tail = 0
            tail += block[len(kept) :].count(b"\n")
    return lines, quotes


def _refuse_encoding(path: Path, encoding: str) -> NoReturn:
    """Name the line and the byte that the encoding does not know."""
    advice = 'say how it is written, as in encoding = "latin-1"'
    with _opened(path) as file:
        start = file.read(2)
        if start in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            raise DataError(f'{path}: is written in UTF-16; say encoding = "utf-16".')
        file.seek(0)
        mixed = False
        for number, line in enumerate(file, start=1):
            try:
                mixed |= not line.isascii() and bool(line.decode(encoding))
            except UnicodeError as error:
                place = getattr(error, "start", 0)
                if mixed:
                    advice = f"lines before it are {encoding.upper()}; write this one so too"
                raise DataError(
                    f"{path}, line {number}, byte {place + 1}: expected {encoding.upper()}; got "
                    f"0x{line[place]:02x}; {advice}."
                ) from error
    raise DataError(f"{path}: is not written in {encoding.upper()}; {advice}.")


def _refuse_rows(
    path: Path, separator: str, encoding: str, columns: int, error: Exception
) -> NoReturn:
    """Name the first line that has more or fewer values than there are columns."""
    for line, row in _rows(path, separator, encoding):
        if len(row) != columns:
            raise DataError(
                f"{path}, line {line}: expected {columns} values, as there are columns, with "
                f"{SEPARATORS.get(separator, repr(separator))} between them; got {len(row)}. Mend the "
                "line, or say what stands between values with separator."
            ) from error
    raise DataError(f"{path}: cannot be read as a table: {error}.") from error
