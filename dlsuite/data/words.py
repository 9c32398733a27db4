"""Words to token ids, by a vocabulary of those that the training texts hold most often.

What a word is follows Keras's `TextVectorization`, so that a saved model reads as the suite did: ASCII
capitals become small, ASCII punctuation goes, and ASCII white space parts. Other capitals, punctuation and
spaces stay as they are: to Keras, `"É"` and `"é"` are two letters.
"""

import string
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from dlsuite.data.characters import PADDING, UNKNOWN, left_padded
from dlsuite.data.dataset import Array

LONGEST_WORD = 100
"""Longer words, in characters, are not known: Keras would hold all words in as many places as the longest."""
_SMALL = bytes.maketrans(string.ascii_uppercase.encode(), string.ascii_lowercase.encode())
_PUNCTUATION = string.punctuation.encode()


@dataclass(frozen=True)
class WordEncoder:
    """Turns texts into rows of token ids of one length.

    Rows are padded on the left, so that a recurrent network, which reads from left to right, ends on text and
    not on padding. Longer texts lose their end.

    Attributes:
        vocabulary: Words by token id, the most frequent first; id 0 is padding, id 1 any other word.
        length: Number of token ids in a row.
    """

    vocabulary: tuple[str, ...]
    length: int
    tokens: ClassVar[str] = "words"

    @classmethod
    def fit(
        cls, texts: Iterable[str], *, length: int, max_tokens: int | None = None
    ) -> "WordEncoder":
        """Make a vocabulary of the most frequent words among the first `length` of the texts.

        Words that are as frequent come in the order of their characters.

        Args:
            texts: The texts.
            length: Number of token ids in a row.
            max_tokens: How many words to know; all if None.
        """
        counts: Counter[bytes] = Counter()
        for text in texts:
            counts.update(words_of(text, length))
        # Keras's table of words cannot hold a NUL, and the replacement character is what stands for others.
        known = [
            (-count, word)
            for key, count in counts.items()
            if len(word := key.decode("utf-8", "surrogatepass")) <= LONGEST_WORD
            and word != UNKNOWN
            and "\0" not in word
        ]
        kept = [word for _, word in sorted(known)[:max_tokens]]
        return cls((PADDING, UNKNOWN, *kept), length)

    @staticmethod
    def lengths(texts: Iterable[str]) -> Array:
        """Count the words of each text."""
        return np.fromiter((len(words_of(text)) for text in texts), dtype=np.int64)

    def encode(self, texts: Array) -> Array:
        """Return token ids, int32 `[n, length]`."""
        find, length = self._token_ids.get, self.length
        lengths: list[int] = []

        def found() -> Iterable[int]:
            for text in texts:
                words = words_of(text, length)
                lengths.append(len(words))
                for word in words:
                    yield find(word, 1)

        token_ids = np.fromiter(found(), dtype=np.int32)
        return left_padded(token_ids, np.array(lengths, dtype=np.int64), length)

    @cached_property
    def _token_ids(self) -> dict[bytes, int]:
        return {
            word.encode("utf-8", "surrogatepass"): token_id
            for token_id, word in enumerate(self.vocabulary)
        }


def words_of(text: str, most: int = -1) -> list[bytes]:
    """Cut a text into words as Keras's `TextVectorization` does, in UTF-8.

    Args:
        text: The text.
        most: How many words to take from its beginning; all if negative.
    """
    words = text.encode("utf-8", "surrogatepass").translate(_SMALL, _PUNCTUATION).split(None, most)
    return words if most < 0 else words[:most]
