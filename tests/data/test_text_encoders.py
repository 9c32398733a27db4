"""Characters and words to token ids: any text, against plain Python; what is read, and how much of it."""

from collections import Counter
from importlib.metadata import version
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlsuite.data import CharacterEncoder, Phrases, WordEncoder, load_data
from dlsuite.data.catalog import add_data, unregister_data
from dlsuite.data.texts import LENGTHS, length_for, tokens_of
from dlsuite.data.words import LONGEST_WORD, words_of

ANY = st.text(st.one_of(st.characters(), st.sampled_from("ab AB.\n\t\0É\ufffd")))
MANY = st.lists(ANY, min_size=1, max_size=8)
LANGUAGES: dict[str, dict[str, Any]] = {
    "28c371c46581a9af099c92874bb5c0a75a5c9c4bdf36eb38f105c490e30bbf27": {},
    "b009e9b6935c38e5d699702edc685843f7f753d14dcb32c8465f159ac37bb5e2": {"length": 5},
    "3c675e7a5383b7b08e2be62c17a5ba62dea470d35b88c766ff57b831b74bb44e": {
        "length": 100,
        "train_size": 300,
    },
    "3823545347c174a4a4f904c001423d29c28d4e753f5fb711280534eac2567141": {
        "train_size": 18,
        "label_noise": 0.2,
        "split_seed": 3,
    },
}
"""What trial keys of the built-in texts hang on, by the settings."""


@pytest.mark.parametrize("fingerprint", LANGUAGES)
def test_the_built_in_texts_are_what_they_always_were(fingerprint: str) -> None:
    # The phrases change with CLDR's tables, which come with Babel.
    if not version("babel").startswith("2.18."):
        pytest.skip("the fingerprints are of Babel 2.18")
    assert load_data("languages", **LANGUAGES[fingerprint]).fingerprint == fingerprint


@given(texts=MANY, others=MANY, length=st.integers(1, 9), most=st.none() | st.integers(1, 5))
def test_characters_are_encoded_as_one_by_one(
    texts: list[str], others: list[str], length: int, most: int | None
) -> None:
    encoder = CharacterEncoder.fit(texts, length=length, max_tokens=most)

    counts = Counter(c for text in texts for c in text[:length] if c not in "\0\ufffd")
    kept = sorted(sorted(counts), key=lambda c: -counts[c])[:most]
    assert encoder.vocabulary == ("", "\ufffd", *sorted(kept))
    for row, text in zip(encoder.encode(np.array(others, dtype=object)), others, strict=True):
        ids = [encoder.vocabulary.index(c) if c in kept else 1 for c in text[:length]]
        assert row.tolist() == [0] * (length - len(ids)) + ids
    assert CharacterEncoder.lengths(texts).tolist() == [len(text) for text in texts]


@given(texts=MANY, others=MANY, length=st.integers(1, 4), most=st.none() | st.integers(1, 5))
def test_words_are_encoded_as_one_by_one(
    texts: list[str], others: list[str], length: int, most: int | None
) -> None:
    encoder = WordEncoder.fit(texts, length=length, max_tokens=most)

    counts = Counter(
        word
        for text in texts
        for word in plain_words(text)[:length]
        if "\0" not in word and word != "\ufffd"
    )
    kept = sorted(sorted(counts), key=lambda word: -counts[word])[:most]
    assert encoder.vocabulary == ("", "\ufffd", *kept)
    for row, text in zip(encoder.encode(np.array(others, dtype=object)), others, strict=True):
        ids = [encoder.vocabulary.index(w) if w in kept else 1 for w in plain_words(text)[:length]]
        assert row.tolist() == [0] * (length - len(ids)) + ids
    assert WordEncoder.lengths(texts).tolist() == [len(plain_words(text)) for text in texts]


def plain_words(text: str) -> list[str]:
    """Keras's words, character by character."""
    kept = ""
    for character in text:
        if character in " \t\n\v\f\r":
            kept += " "
        elif not character.isascii():
            kept += character
        elif character not in r"""!"#$%&'()*+,-./:;<=>?@[\]^_`{|}~""":
            kept += character.lower()
    return [word for word in kept.split(" ") if word]


def test_the_most_frequent_words_come_first_and_ties_in_order() -> None:
    encoder = WordEncoder.fit(["b a c", "b, a! d", "B é"], length=9, max_tokens=4)

    assert encoder.vocabulary[2:] == ("b", "a", "c", "d")


def test_capitals_beyond_ascii_stay_as_in_keras() -> None:
    assert words_of("ÀB's don't-stop\u00a0now") == ["Àbs".encode(), "dontstop\u00a0now".encode()]


def test_words_that_are_far_too_long_are_not_known() -> None:
    encoder = WordEncoder.fit(["x" * LONGEST_WORD + " " + "y" * (LONGEST_WORD + 1)], length=2)

    assert encoder.vocabulary[2:] == ("x" * LONGEST_WORD,)


def test_many_texts_are_encoded_like_few() -> None:
    texts = np.array([f"text {number} ünd" for number in range(20_000)], dtype=object)
    for encoder in (WordEncoder.fit(texts, length=5), CharacterEncoder.fit(texts, length=5)):
        rows = encoder.encode(texts)
        np.testing.assert_array_equal(rows[-3:], encoder.encode(texts[-3:]))
        assert encoder.encode(texts[:0]).shape == (0, 5)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("One two three four five six seven eight", "words"),
        ("One two three four five six seven", "characters"),
        ("我们昨天看了一部非常好看的电影。" * 5, "characters"),
        ("我们昨天看了一部非常好看的电影 " * 20, "characters"),
        ("", "characters"),
    ],
)
def test_texts_of_many_words_are_read_by_words(text: str, tokens: str) -> None:
    assert tokens_of([text] * 3) == tokens


def test_the_length_holds_most_texts_in_full_within_bounds() -> None:
    assert length_for(np.arange(1, 101)) == 95
    assert length_for(np.array([1, 2])) == LENGTHS[0]
    assert length_for(np.array([10_000] * 5)) == LENGTHS[1]


def test_the_length_does_not_change_with_the_training_size() -> None:
    texts = tuple("x" * (number % 60 + 1) for number in range(300))
    add_data("stairs", Phrases(texts, np.arange(300) % 2, ("a", "b")))
    try:
        whole, few = load_data("stairs"), load_data("stairs", train_size=4)
    finally:
        unregister_data("stairs")

    assert whole.input_shape == few.input_shape
    assert 50 < whole.input_shape[0] <= 60


def test_targets_that_are_numbers_make_a_regression() -> None:
    texts = tuple(f"text {number}" for number in range(50))
    add_data("graded", Phrases(texts, np.linspace(0, 1, 50), ()))
    try:
        data = load_data("graded")
    finally:
        unregister_data("graded")

    assert data.task_type == "regression"
    assert data.outputs == 1
    assert data.target_scale > 0
