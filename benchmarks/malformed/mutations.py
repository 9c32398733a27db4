"""Damage done to bytes, whatever they hold: each mutation takes bytes and a random generator."""

import codecs
import re
from collections.abc import Callable, Sequence
from random import Random

Mutation = Callable[[bytes, Random], bytes]

NUMBERS = (
    *(
        b"0",
        b"-0",
        b"-1",
        b"1e400",
        b"-1e400",
        b"1e308",
        b"1e-400",
        b"nan",
        b"inf",
        b"-inf",
        b"NaN",
    ),
    *(b"9223372036854775808", b"-9223372036854775809", b"18446744073709551616", b"2147483648"),
    *(b"1" * 400, b"9" * 5000, b"0x10", b"1_000", b"1,5", b"1.", b".", b"+", b"1e", b"\xd9\xa1"),
)
"""Numbers that are hard to read, or none."""
WORDS = (
    *(b"\0", b"\r", b"\n", b"\r\n", b"\t", b'"', b"'", b",", b";", b"\\", b"\xff", b"\xc3\x28"),
    *("‮".encode(), "\u2028".encode(), "\U0001f9ea".encode(), b"\xed\xa0\x80", b"\xef\xbb\xbf"),
    *(b"1970-02-30", b"9999-12-31", b"-0001-01-01", b"99999-01-01T00:00:00Z", b"12:00", b"true"),
    *(b"../../etc/passwd", b"%s%n", b"{}", b"=1+1", b"\x1b[31m", b"\x7f", b"\x85", b"\x1a"),
)
"""Short pieces that mean something to one parser or another."""
_COUNTS = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)


def _place(data: bytes, rng: Random) -> int:
    return rng.randrange(len(data) + 1)


def _span(data: bytes, rng: Random) -> tuple[int, int]:
    start = _place(data, rng)
    longest = max(1, min(len(data) - start, 2 ** rng.randrange(1, 12)))
    return start, start + rng.randrange(1, longest + 1)


def flip_bits(data: bytes, rng: Random) -> bytes:
    """Turn some bits round."""
    damaged = bytearray(data)
    for _ in range(2 ** rng.randrange(5) if damaged else 0):
        damaged[rng.randrange(len(damaged))] ^= 1 << rng.randrange(8)
    return bytes(damaged)


def truncate(data: bytes, rng: Random) -> bytes:
    """Cut the end off, or the beginning."""
    return data[: _place(data, rng)] if rng.random() < 0.8 else data[_place(data, rng) :]


def delete(data: bytes, rng: Random) -> bytes:
    """Leave a piece out."""
    start, end = _span(data, rng)
    return data[:start] + data[end:]


def repeat(data: bytes, rng: Random) -> bytes:
    """Write a piece again, some times or very often."""
    start, end = _span(data, rng)
    times = rng.choice((2, 3, 10, 1000))
    return data[:start] + data[start:end] * times + data[end:]


def swap(data: bytes, rng: Random) -> bytes:
    """Let two pieces change places."""
    first, second = sorted((_span(data, rng), _span(data, rng)))
    middle = data[first[1] : second[0]]
    return (
        data[: first[0]]
        + data[second[0] : second[1]]
        + middle
        + data[first[0] : first[1]]
        + data[second[1] :]
    )


def insert(data: bytes, rng: Random) -> bytes:
    """Put something in: a sign with a meaning, a number, noise, NULs, or a very long line."""
    place = _place(data, rng)
    pieces = (
        lambda: rng.choice(WORDS),
        lambda: rng.choice(NUMBERS),
        lambda: rng.randbytes(rng.randrange(1, 64)),
        lambda: b"\0" * rng.choice((1, 2, 512)),
        lambda: rng.choice((b"a", b"[", b"{", b"(", b'"', b"9", b"\xc3\xa9", b",")) * 100_000,
    )
    return data[:place] + rng.choices(pieces, (4, 2, 2, 1, 0.3))[0]() + data[place:]


def change_number(data: bytes, rng: Random) -> bytes:
    """Write another number in place of one that stands there in digits."""
    found = list(re.finditer(rb"\d+(\.\d+)?(e-?\d+)?", data[:100_000]))
    if not found:
        return insert(data, rng)
    match = rng.choice(found)
    return data[: match.start()] + rng.choice(NUMBERS) + data[match.end() :]


def change_count(data: bytes, rng: Random) -> bytes:
    """Write another count in place of some bytes, in either order, as headers hold them."""
    width = rng.choice((1, 2, 4, 8))
    place = rng.randrange(max(1, min(len(data), rng.choice((64, 1024, len(data) + 1)))))
    count = rng.choice(_COUNTS) & (2 ** (8 * width) - 1)
    return (
        data[:place] + count.to_bytes(width, rng.choice(("big", "little"))) + data[place + width :]
    )


def encode_otherwise(data: bytes, rng: Random) -> bytes:
    """Write a text in another encoding, or put a mark of one before it."""
    if rng.random() < 0.4:
        mark = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_LE)
        return rng.choice(mark) + data
    text = data.decode("utf-8", "replace")
    encoding = rng.choice(
        ("utf-16", "utf-32", "utf-16-le", "latin-1", "cp1252", "utf-7", "shift_jis")
    )
    return text.encode(encoding, "replace")


def change_line_ends(data: bytes, rng: Random) -> bytes:
    """End lines in another way, or in a mixture of them."""
    ends = (b"\n", b"\r\n", b"\r", b"\n\n", b"\x0b", b"")
    if rng.random() < 0.5:
        return data.replace(b"\n", rng.choice(ends))
    return b"".join(line + rng.choice(ends) for line in data.splitlines())


BYTES: tuple[Mutation, ...] = (
    *(flip_bits, truncate, delete, repeat, swap, insert, change_number, change_count),
)
"""What can be done to any file."""
TEXT: tuple[Mutation, ...] = (*BYTES, insert, change_number, encode_otherwise, change_line_ends)
"""What can be done to a text."""


def damaged(data: bytes, rng: Random, mutations: Sequence[Mutation]) -> bytes:
    """Do one to four of the mutations, one after another; now and then, noise instead of it all.

    Args:
        data: A valid file.
        rng: Where all choices come from.
        mutations: What may be done.
    """
    if rng.random() < 0.04:
        return rng.randbytes(rng.choice((0, 1, 3, 20, 200, 5000)))
    for _ in range(rng.choices((1, 2, 3, 4), (5, 3, 2, 1))[0]):
        data = rng.choice(mutations)(data, rng)
    return data
