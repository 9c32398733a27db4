"""What a model reads of texts: characters or words, how many, and which of them it knows."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from dlsuite.data.characters import CharacterEncoder
from dlsuite.data.dataset import Array
from dlsuite.data.parts import Parts
from dlsuite.data.raw import Phrases, Tokens
from dlsuite.data.recent import GIGABYTE, Recent
from dlsuite.data.rows import SplitRules
from dlsuite.data.words import WordEncoder
from dlsuite.errors import DataError

TextEncoder = CharacterEncoder | WordEncoder

WORDS_OF_A_TEXT = 8
"""Half of the texts have as many words or more where texts are read by words."""
CHARACTERS_OF_A_WORD = 12
"""The most characters a word has on average, space included, where texts are read by words: scripts that put
no space between words have many more."""
HELD_IN_FULL = 0.95
"""The share of the training texts that is read in full, where nobody says how much is read."""
LENGTHS = (8, 200)
"""The fewest and the most tokens that are read, where nobody says how many: convolutions need some, and what
a step costs grows with them. Recurrent layers loop over them, so compiling does not: four trials of `gru` on
600 texts, compiled and trained for 6 epochs, took 29, 30 and 42 seconds of CPU at 50, 100 and 200 tokens."""


def tokens_of(texts: Sequence[str]) -> Tokens:
    """Say what to read texts by.

    Words, if half of the texts have `WORDS_OF_A_TEXT` or more with space between them, and a word has at most
    `CHARACTERS_OF_A_WORD` on average; else characters, as for names, and for scripts without spaces.
    """
    counts = np.array([len(text.split()) for text in texts])
    characters = sum(map(len, texts))
    enough = np.median(counts) >= WORDS_OF_A_TEXT
    return "words" if enough and characters <= CHARACTERS_OF_A_WORD * counts.sum() else "characters"


def make_phrases(
    texts: Sequence[str],
    labels: Array,
    class_names: tuple[str, ...],
    *,
    tokens: Tokens | None,
    max_tokens: int,
    length: int | None,
    rules: SplitRules,
    notes: tuple[str, ...],
    feature_names: tuple[str, ...] = (),
    target: str | None = None,
) -> Phrases:
    """Take texts from files as they are, with notes on what they are read by and on copies.

    Args:
        texts: The texts.
        labels: Their classes, or targets of a regression.
        class_names: By label; empty for regression.
        tokens: What they are read by; found out if None.
        max_tokens: How many different tokens a model knows.
        length: How many tokens a model reads.
        rules: How they are split.
        notes: What is to be said beside.
        feature_names: Their column in a table.
        target: The table's column that is told.
    """
    found = tokens or tokens_of(texts)
    if tokens is None:
        other = "characters" if found == "words" else "words"
        notes += (f'Texts are read by {found}, as found out; tokens = "{other}" reads {other}.',)
    return Phrases(
        texts=tuple(texts),
        labels=labels,
        class_names=class_names,
        length=length,
        notes=(*notes, *_copies(texts, labels)),
        tokens=found,
        max_tokens=max_tokens,
        rules=rules,
        feature_names=feature_names,
        target=target,
    )


def _copies(texts: Sequence[str], labels: Array) -> tuple[str, ...]:
    """Say how many texts are there more than once, and in more than one class."""
    import pandas as pd

    codes, different = pd.factorize(np.array(texts, dtype=object))
    copies = len(texts) - len(different)
    if not copies:
        return ()
    notes: tuple[str, ...] = (
        f"{copies} texts are copies of others; some may be both in training and in what is held out.",
    )
    pairs = pd.DataFrame({"text": codes, "label": labels}).drop_duplicates()["text"]
    torn = int((np.bincount(pairs) > 1).sum())
    if torn:
        notes += (f"{torn} of the different texts have more than one class or target.",)
    return notes


def length_for(lengths: Array) -> int:
    """Say how many tokens to read: as many as `HELD_IN_FULL` of the texts have, within `LENGTHS`.

    Args:
        lengths: How many tokens each training text has.
    """
    fewest, most = LENGTHS
    held = int(np.quantile(lengths, HELD_IN_FULL, method="inverted_cdf"))
    return min(max(held, fewest), most)


def encode_texts(
    raw: Phrases, parts: Parts, training: Array
) -> tuple[TextEncoder, Parts, tuple[str, ...]]:
    """Encode texts by what the training ones hold; what was encoded last is kept.

    Args:
        raw: The texts.
        parts: Their places; those of training are the ones used.
        training: The places of all training texts. The length is chosen by them, so that it does not change
            with the number that is used.

    Returns:
        The encoder, the parts with token ids, and notes.

    Raises:
        DataError: The training texts hold nothing that can be read.
    """
    splits = (parts.train, parts.validation, parts.test)
    digest = hashlib.sha256()
    for places in (training, *(part.x for part in splits)):
        digest.update(len(places).to_bytes(8, "little") + places.tobytes())
    encoder, token_ids, notes = _encoded.get(
        (raw, digest.digest()), lambda: _encode(raw, parts, training)
    )
    taken = (replace(part, x=x) for part, x in zip(splits, token_ids, strict=True))
    return encoder, Parts(*taken), notes


_Encoded = tuple[TextEncoder, tuple[Array, ...], tuple[str, ...]]

_encoded: Recent[_Encoded] = Recent(
    lambda kept: sum(token_ids.nbytes for token_ids in kept[1]), GIGABYTE // 4
)


def _encode(raw: Phrases, parts: Parts, training: Array) -> _Encoded:
    texts = np.array(raw.texts, dtype=object)
    reader: type[TextEncoder] = WordEncoder if raw.tokens == "words" else CharacterEncoder
    lengths = reader.lengths(raw.texts)
    length = raw.length or length_for(lengths[training])
    encoder = reader.fit(texts[parts.train.x], length=length, max_tokens=raw.max_tokens)
    if len(encoder.vocabulary) == 2:
        raise DataError(f"expected {raw.tokens} in the training texts; they hold none.")
    token_ids = tuple(
        encoder.encode(texts[part.x]) for part in (parts.train, parts.validation, parts.test)
    )
    return encoder, token_ids, _notes(raw, encoder, lengths, token_ids[1:])


def _notes(
    raw: Phrases, encoder: TextEncoder, lengths: Array, held_out: Sequence[Array]
) -> tuple[str, ...]:
    tokens, length = raw.tokens, encoder.length
    notes: tuple[str, ...] = ()
    if raw.length is None:
        why = (
            "more take long to train; length sets another number"
            if length == LENGTHS[1]
            else f"which {HELD_IN_FULL:.0%} of the training texts do not exceed"
        )
        notes += (f"A model reads the first {length} {tokens} of a text, {why}.",)
    notes += (
        f"{int((lengths > length).sum())} of {len(lengths)} texts are longer than {length} {tokens} and lose "
        "their end.",
    )
    bare = int((lengths == 0).sum())
    if bare:
        notes += (f"{bare} texts hold no {tokens} at all: a model sees nothing but padding.",)
    if raw.max_tokens is not None and len(encoder.vocabulary) - 2 == raw.max_tokens:
        notes += (
            f"A model knows the {raw.max_tokens} most frequent {tokens} of training; all others are one.",
        )
    if tokens == "characters":
        unknown = sum(int((x == 1).any(axis=1).sum()) for x in held_out)
        total = sum(map(len, held_out))
        notes += (
            f"{unknown} of {total} validation and test texts hold a character that training does not.",
        )
    else:
        unknown = sum(int((x == 1).sum()) for x in held_out)
        total = sum(int((x != 0).sum()) for x in held_out)
        notes += (
            f"{unknown / max(total, 1):.1%} of the words of validation and test texts are unknown.",
        )
    return notes
