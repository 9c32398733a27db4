"""Characters to token ids, by a vocabulary that the training texts make."""

from dataclasses import dataclass

import numpy as np

from dlsuite.data.dataset import Array

PADDING = ""
UNKNOWN = "\N{REPLACEMENT CHARACTER}"


@dataclass(frozen=True)
class CharacterEncoder:
    """Turns texts into rows of token ids of one length.

    Rows are padded on the left, so that a recurrent network, which reads from left to right, ends
    on text and not on padding. Longer texts lose their end.

    Attributes:
        vocabulary: Characters by token id; id 0 is padding, id 1 stands for any other character.
        length: Number of token ids in a row.
    """

    vocabulary: tuple[str, ...]
    length: int

    @classmethod
    def fit(cls, texts: Array, *, length: int) -> "CharacterEncoder":
        """Make a vocabulary of the characters within `length` of the texts."""
        characters = {character for text in texts for character in text[:length]}
        return cls((PADDING, UNKNOWN, *sorted(characters - {UNKNOWN})), length)

    def encode(self, texts: Array) -> Array:
        """Return token ids, int32 `[n, length]`."""
        token_ids = {character: index for index, character in enumerate(self.vocabulary)}
        unknown = token_ids[UNKNOWN]
        rows = np.zeros((len(texts), self.length), dtype=np.int32)
        for row, text in zip(rows, texts, strict=True):
            kept = text[: self.length]
            if kept:
                row[-len(kept) :] = [token_ids.get(character, unknown) for character in kept]
        return rows
