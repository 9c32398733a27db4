from collections import defaultdict

import numpy as np
import pytest

from dlsuite.data import Phrases, load_data
from dlsuite.errors import DataError


def spelled(data, split):
    return ["".join(data.vocabulary[token] for token in row) for row in split.x]


def test_there_are_about_12700_phrases_in_18_languages():
    data = load_data("languages")
    total = sum(len(split) for split in (data.train, data.validation, data.test))
    assert 12_400 < total < 13_100
    assert len(data.class_names) == 18 and {"English", "Turkish"} <= set(data.class_names)


def test_a_phrase_is_of_one_language_only():
    data = load_data("languages", length=100)
    classes = defaultdict(list)
    for split in (data.train, data.validation, data.test):
        for phrase, label in zip(spelled(data, split), split.y, strict=True):
            classes[phrase].append(label)
    # Characters that training does not hold can make two phrases look alike.
    assert all(
        len(found) == 1
        for phrase, found in classes.items()
        if "\N{REPLACEMENT CHARACTER}" not in phrase
    )


def test_known_names_have_their_language():
    data = load_data("languages", length=100)
    found = {
        phrase: data.class_names[label]
        for split in (data.train, data.validation, data.test)
        for phrase, label in zip(spelled(data, split), split.y, strict=True)
    }
    assert found["germany"] == "English"
    assert found["allemagne"] == "French"
    assert found["ruotsi"] == "Finnish"


def test_phrases_are_in_lower_case_with_single_spaces():
    data = load_data("languages", length=100)
    for phrase in spelled(data, data.train):
        assert phrase == phrase.lower() == " ".join(phrase.split())


def test_capital_i_is_dotless_in_turkish():
    data = load_data("languages", length=100)
    turkish = data.class_names.index("Turkish")
    phrases = [
        p for p, y in zip(spelled(data, data.train), data.train.y, strict=True) if y == turkish
    ]
    assert any("\N{LATIN SMALL LETTER DOTLESS I}" in phrase for phrase in phrases)
    assert not any("\N{COMBINING DOT ABOVE}" in phrase for phrase in phrases)


@pytest.mark.parametrize("train_size", [18, 300, None])
def test_the_vocabulary_is_made_of_the_training_phrases_used(train_size):
    data = load_data("languages", train_size=train_size)
    assert data.vocabulary[:2] == ("", "\N{REPLACEMENT CHARACTER}")
    assert set(np.unique(data.train.x)) == {0, *range(2, len(data.vocabulary))}
    assert data.test.x.max() < len(data.vocabulary)


def test_characters_that_training_does_not_hold_are_unknown():
    data = load_data("languages", train_size=18)
    assert (data.validation.x == 1).any() and (data.test.x == 1).any()


def test_held_out_phrases_are_the_same_for_every_training_size_but_for_unknown_characters():
    small, large = load_data("languages", train_size=50), load_data("languages")
    for one, other in zip(spelled(small, small.test), spelled(large, large.test), strict=True):
        assert len(one) == len(other)
        assert all(a in (b, "\N{REPLACEMENT CHARACTER}") for a, b in zip(one, other, strict=True))


def test_rows_are_padded_on_the_left():
    x = load_data("languages").train.x
    is_text = x > 0
    assert is_text[:, -1].all()
    assert (np.diff(is_text.astype(int), axis=1) >= 0).all()


def test_longer_phrases_lose_their_end():
    short, long = load_data("languages", length=5), load_data("languages", length=100)
    assert short.input_shape == (5,)
    assert spelled(short, short.train) == [phrase[:5] for phrase in spelled(long, long.train)]


def test_the_default_length_holds_most_phrases_in_full():
    data = load_data("languages", length=100)
    lengths = [len(phrase) for phrase in spelled(data, data.train)]
    assert 0.94 < np.mean(np.array(lengths) <= 30) < 0.98
    assert load_data("languages").input_shape == (30,)


def test_the_notes_tell_of_case_of_cut_ends_and_of_unknown_characters():
    notes = " ".join(load_data("languages").notes)
    assert "lower case" in notes and "lose their end" in notes and "training does not" in notes


def test_texts_and_labels_of_different_number_are_refused():
    with pytest.raises(DataError, match=r"texts: expected as many as there are targets, 2; got 1"):
        Phrases(("a",), np.zeros(2, int), ("a", "b"), 5)
