"""Text files: lines, encodings, and what is refused; the parser against a plain one, over any text."""

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dlsuite.data import text_lines
from dlsuite.data.text_lines import check_encoding, lines_of, whole_text
from dlsuite.errors import DataError, SpecError

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
ON_ONE_FILE = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


def lines(path: Path, **given: str) -> list[str]:
    return list(lines_of(path, source="pos.txt", **given))


@given(text=TEXTS, block=st.integers(1, 7))
@ON_ONE_FILE
def test_lines_are_those_of_a_plain_split_whatever_the_blocks(
    tmp_path_factory: pytest.TempPathFactory, text: str, block: int
) -> None:
    path = tmp_path_factory.mktemp("lines") / "pos.txt"
    path.write_bytes(text.encode())
    expected = [line.strip() for line in re.split("\r\n|\r|\n", text.removeprefix("\ufeff"))]
    if re.search("(\r|\n|^)\ufeff?$", text):
        expected.pop()  # After the last line's end there is no other line.

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text_lines, "_BLOCK", block)
        assert lines(path) == expected


@given(text=TEXTS, encoding=st.sampled_from(["utf-8", "utf-16", "utf-8-sig"]))
@ON_ONE_FILE
def test_a_whole_text_is_the_file_without_space_around_it(
    tmp_path_factory: pytest.TempPathFactory, text: str, encoding: str
) -> None:
    path = tmp_path_factory.mktemp("whole") / "1.txt"
    path.write_bytes(text.encode(encoding))
    expected = text if encoding != "utf-8" else text.removeprefix("\ufeff")
    if encoding == "utf-8-sig" or encoding == "utf-16":
        expected = text

    found, cut = whole_text(path, source="1.txt", encoding=encoding)

    assert found == re.sub("\r\n|\r", "\n", expected).strip()
    assert not cut


def test_a_byte_that_is_no_utf_8_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "pos.txt"
    path.write_bytes(b"good\r\rfine\r\ncaf\xe9\n")

    with pytest.raises(
        DataError,
        match=r'^pos\.txt, line 4: expected UTF-8; got byte 0xe9\. Say encoding = "latin-1" if',
    ):
        lines(path)
    assert lines(path, encoding="latin-1") == ["good", "", "fine", "caf\xe9"]


def test_a_byte_among_lines_that_are_utf_8_is_to_be_mended(tmp_path: Path) -> None:
    path = tmp_path / "pos.txt"
    path.write_bytes("caf\xe9\n".encode() + b"caf\xe9\n")

    with pytest.raises(DataError, match=r"line 2: .* Lines before it are written so; write this"):
        lines(path)


def test_other_encodings_are_told_by_their_mark(tmp_path: Path) -> None:
    path = tmp_path / "pos.txt"
    for encoding in ("utf-16", "utf-32"):
        path.write_bytes("gut\nschön\n".encode(encoding))
        with pytest.raises(DataError, match=f'say encoding = "{encoding}"'):
            lines(path)
        assert lines(path, encoding=encoding) == ["gut", "schön"]


def test_bytes_that_another_encoding_does_not_know(tmp_path: Path) -> None:
    path = tmp_path / "pos.txt"
    path.write_bytes(b"abc")

    with pytest.raises(DataError, match=r"is not written in UTF-16\. Say how it is written"):
        lines(path, encoding="utf-16")


def test_binary_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "pos.txt"
    path.write_bytes(b"text\nPK\x03\x04\0\0")

    with pytest.raises(DataError, match=r"pos\.txt, line 2: .* NUL character, as binary files do"):
        lines(path)
    with pytest.raises(DataError, match=r"pos\.txt: .* NUL character, as binary files do"):
        whole_text(path, source="pos.txt")


def test_a_line_that_never_ends_is_refused_before_all_of_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "pos.txt"
    with path.open("wb") as file:
        file.write(b"short\n")
        file.write(b"x" * (3 * text_lines.MOST_BYTES))
        file.truncate(2**33)  # A sparse file: 8 GB that nobody could read in time.

    with pytest.raises(DataError, match=r"pos\.txt, line 2: .* longer than 1048576 characters"):
        lines(path)


def test_only_the_beginning_of_a_huge_text_is_read(tmp_path: Path) -> None:
    path = tmp_path / "1.txt"
    # A character that the border cuts in two.
    path.write_bytes(b"x" * (text_lines.MOST_BYTES - 1) + "é".encode() + b"y" * 100)

    text, cut = whole_text(path, source="1.txt")

    assert (len(text), cut) == (text_lines.MOST_BYTES - 1, True)


def test_a_file_that_cannot_be_read_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    for read in (lines_of, whole_text):
        with pytest.raises(DataError, match=r"pos\.txt: cannot be read \(Permission denied\)"):
            list(read(tmp_path / "pos.txt", source="pos.txt"))  # type: ignore[operator]


@pytest.mark.parametrize("encoding", ["klingon", "base64", "a\0b"])
def test_an_encoding_that_is_none_is_refused(encoding: str) -> None:
    with pytest.raises(SpecError, match='reviews: encoding: expected "utf-8", "latin-1" or'):
        check_encoding("reviews", encoding)
