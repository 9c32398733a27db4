"""What stands in a text file: its lines, or all of it, decoded strictly and in bounded memory.

A line ends with a line feed, a carriage return or both; what other characters Unicode would end lines with
are characters like any other.
"""

import codecs
import io
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

from dlsuite.errors import DataError, SpecError

MOST_BYTES = 2**20
"""The most that is read of one text; no model reads a hundredth of it."""
_BLOCK = 2**20
_MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


def check_encoding(source: str, encoding: str) -> None:
    """Refuse an encoding that Python does not know.

    Raises:
        SpecError: It is none.
    """
    try:
        "x".encode(encoding)
    except (LookupError, UnicodeError, ValueError) as error:
        raise SpecError(
            f'{source}: encoding: expected "utf-8", "latin-1" or another that Python knows; '
            f"got {encoding!r}."
        ) from error


def lines_of(path: Path, *, source: str, encoding: str = "utf-8") -> Iterator[str]:
    """Yield every line of a text file, without space around it; empty ones too.

    Args:
        path: The file.
        source: What to call it in messages.
        encoding: How characters are written. A byte order mark is no part of the text.

    Raises:
        DataError: The file cannot be read, is not written so, holds a NUL character, as binary files do, or a
            line of more than `MOST_BYTES` characters.
    """
    number = 0
    try:
        for number, line in enumerate(_split(_decoded(path, encoding, "strict")), start=1):
            if "\0" in line:
                _refuse_binary(path, f"{source}, line {number}")
            if len(line) > MOST_BYTES:
                raise DataError(
                    f"{source}, line {number}: expected a text in each line; this one is longer than "
                    f"{MOST_BYTES} characters. Break it into lines, or write each text into a file of its "
                    "own, in a folder for each class."
                )
            yield line.strip()
    except UnicodeError:
        _refuse_bytes(path, source, encoding)
    except OSError as error:
        _refuse_file(source, error)


def whole_text(path: Path, *, source: str, encoding: str = "utf-8") -> tuple[str, bool]:
    """Read a text file as one text, without space around it.

    Args:
        path: The file.
        source: What to call it in messages.
        encoding: How characters are written.

    Returns:
        The text, every line ending with a line feed, and whether it is but the file's first `MOST_BYTES`.

    Raises:
        DataError: The file cannot be read, is not written so, or holds a NUL character, as binary files do.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
        cut = len(content) > MOST_BYTES
        text = _decoder(encoding, "strict").decode(content[:MOST_BYTES], final=not cut)
    except UnicodeError:
        _refuse_bytes(path, source, encoding)
    except OSError as error:
        _refuse_file(source, error)
    if "\0" in text:
        _refuse_binary(path, source)
    return text.strip(), cut


def _decoder(encoding: str, errors: str) -> io.IncrementalNewlineDecoder:
    known = "utf-8-sig" if codecs.lookup(encoding).name == "utf-8" else encoding
    return io.IncrementalNewlineDecoder(codecs.getincrementaldecoder(known)(errors), translate=True)


def _decoded(path: Path, encoding: str, errors: str) -> Iterator[str]:
    decoder = _decoder(encoding, errors)
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            yield decoder.decode(block)
    yield decoder.decode(b"", final=True)


def _split(blocks: Iterator[str]) -> Iterator[str]:
    """Cut decoded text into lines; of one that is far too long, no more than is needed to know it."""
    rest = ""
    for block in blocks:
        *lines, rest = (rest + block).split("\n")
        yield from lines
        if len(rest) > MOST_BYTES:
            break
    if rest:
        yield rest


def _refuse_bytes(path: Path, source: str, encoding: str) -> NoReturn:
    """Name the line and the byte that the encoding does not know."""
    _refuse_marked(path, source)
    wanted = encoding.upper()
    utf_8 = codecs.lookup(encoding).name == "utf-8"
    advice = (
        'Say encoding = "latin-1" if it is written so, or write it anew in UTF-8.'
        if utf_8
        else "Say how it is written with encoding; without, it is read as UTF-8."
    )
    mixed = False
    try:
        for number, line in enumerate(_split(_decoded(path, encoding, "surrogateescape")), start=1):
            wrong = next((c for c in line if "\udc80" <= c <= "\udcff"), None)
            if wrong is not None:
                if mixed and utf_8:
                    advice = "Lines before it are written so; write this one so too."
                raise DataError(
                    f"{source}, line {number}: expected {wanted}; got byte 0x{ord(wrong) - 0xDC00:02x}. "
                    f"{advice}"
                )
            mixed |= not line.isascii()
    except UnicodeError:
        pass
    raise DataError(f"{source}: is not written in {wanted}. {advice}")


def _refuse_binary(path: Path, where: str) -> NoReturn:
    _refuse_marked(path, where)
    raise DataError(
        f"{where}: expected a text; it holds a NUL character, as binary files do. Take the file out, or say "
        'how it is written, as in encoding = "utf-16".'
    )


def _refuse_marked(path: Path, where: str) -> None:
    """Name the encoding that a byte order mark tells."""
    with path.open("rb") as file:
        start = file.read(4)
    for mark, encoding in _MARKS.items():
        if start.startswith(mark):
            raise DataError(
                f'{where}: is written in {encoding.upper()}; say encoding = "{encoding}".'
            )


def _refuse_file(source: str, error: OSError) -> NoReturn:
    raise DataError(
        f"{source}: cannot be read ({error.strerror or error}). Make it readable, or take it out."
    ) from error
