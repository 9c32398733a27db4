"""Characters to token ids, by a vocabulary that the training texts make."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from dlsuite.data.dataset import Array

PADDING = ""
UNKNOWN = "\N{REPLACEMENT CHARACTER}"
_POINTS = 0x110000
"""Number of code points that Unicode has."""
_BLOCK = 8192
"""Texts that are turned at once."""


@dataclass(frozen=True)
class CharacterEncoder:
    """Turns texts into rows of token ids of one length.

    A character is a code point. Rows are padded on the left, so that a recurrent network, which reads from
    left to right, ends on text and not on padding. Longer texts lose their end.

    Attributes:
        vocabulary: Characters by token id; id 0 is padding, id 1 stands for any other character.
        length: Number of token ids in a row.
    """

    vocabulary: tuple[str, ...]
    length: int
    tokens: ClassVar[str] = "characters"

    @classmethod
    def fit(
        cls, texts: Iterable[str], *, length: int, max_tokens: int | None = None
    ) -> "CharacterEncoder":
        """Make a vocabulary of the characters within `length` of the texts, sorted by code point.

        Args:
            texts: The texts.
            length: Number of token ids in a row.
            max_tokens: How many characters to know, the most frequent; all if None.
        """
        counts = np.zeros(_POINTS, dtype=np.int64)
        for points, _ in _code_points(texts, length):
            found, times = np.unique(points, return_counts=True)
            counts[found] += times
        # Keras's table of tokens cannot hold a NUL.
        counts[[0, ord(UNKNOWN)]] = 0
        known = np.flatnonzero(counts)
        if max_tokens is not None:
            known = np.sort(known[np.argsort(-counts[known], kind="stable")[:max_tokens]])
        return cls((PADDING, UNKNOWN, *map(chr, known.tolist())), length)

    @staticmethod
    def lengths(texts: Iterable[str]) -> Array:
        """Count the characters of each text."""
        return np.fromiter(map(len, texts), dtype=np.int64)

    def encode(self, texts: Array) -> Array:
        """Return token ids, int32 `[n, length]`."""
        rows = [
            left_padded(self._token_ids[points], lengths, self.length)
            for points, lengths in _code_points(texts, self.length)
        ]
        return np.concatenate(rows) if rows else np.zeros((0, self.length), dtype=np.int32)

    @cached_property
    def _token_ids(self) -> Array:
        """The token id of every code point."""
        token_ids = np.full(_POINTS, 1, dtype=np.int32)
        for token_id, character in enumerate(self.vocabulary[2:], start=2):
            token_ids[ord(character)] = token_id
        return token_ids


def left_padded(token_ids: Array, lengths: Array, length: int) -> Array:
    """Lay token ids of many texts, one after another, into rows that end with a text's last one.

    Args:
        token_ids: int32, all texts' on end.
        lengths: How many each text has, int64 `[n]`, `length` at most.
        length: Number of token ids in a row.

    Returns:
        int32 `[n, length]`, 0 where there is no text.
    """
    rows = np.zeros((len(lengths), length), dtype=np.int32)
    rows[np.arange(length) >= (length - lengths)[:, None]] = token_ids
    return rows


def _code_points(texts: Iterable[str], length: int) -> Iterator[tuple[Array, Array]]:
    """Yield the code points of many texts on end, none longer than `length`, and how many each has."""
    kept: list[str] = []
    for text in texts:
        kept.append(text[:length])
        if len(kept) == _BLOCK:
            yield _points_of(kept)
            kept = []
    if kept:
        yield _points_of(kept)


def _points_of(texts: list[str]) -> tuple[Array, Array]:
    points = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), dtype="<u4")
    return points, np.fromiter(map(len, texts), dtype=np.int64, count=len(texts))
