"""Texts in a saved model: Keras's own `TextVectorization` makes the token ids that training made."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from dlsuite.data import CharacterEncoder, Dataset, Phrases, WordEncoder, load_data
from dlsuite.data.catalog import add_data, unregister_data
from dlsuite.data.words import words_of
from dlsuite.models.portable import portable_model, predict, save_model
from dlsuite.models.preprocessing import array_preprocessing

UTF_8 = st.characters(exclude_categories=["Cs"])
CHOSEN = st.sampled_from(
    "aAbB.,'[]_ \t\n\r\v\f\x1c\x85\u00a0\u2028\u3000Àà\u0130\u0131ßẞ\u03a3\u03c3\u03c2é\u0301\ufffd👩\u200d"
)
TEXTS = st.lists(st.text(UTF_8 | CHOSEN, max_size=40), min_size=1, max_size=12)
WITHOUT_NUL = TEXTS.map(lambda texts: [text.replace("\0", "") for text in texts])
SLOW = settings(deadline=None, max_examples=100)


def of_keras(texts: list[str], **given: Any) -> keras.layers.TextVectorization:
    return keras.layers.TextVectorization(
        standardize="lower_and_strip_punctuation", split="whitespace", **given
    )


@given(texts=WITHOUT_NUL)
@SLOW
def test_words_are_those_that_keras_finds(texts: list[str]) -> None:
    layer = of_keras(texts)
    if not any(map(words_of, texts)):
        return

    layer.adapt(tf.constant(texts))

    counts: dict[str, int] = {}
    for text in texts:
        for word in words_of(text):
            counts[word.decode()] = counts.get(word.decode(), 0) + 1
    found = layer.get_vocabulary(include_special_tokens=False)
    assert set(found) == set(counts)
    assert [counts[word] for word in found] == sorted(counts.values(), reverse=True)


@pytest.fixture(scope="module", params=["words", "characters"])
def encoded(request: pytest.FixtureRequest) -> Any:
    """An encoder and the Keras model that stands for it."""
    texts = [
        "the cat's hat is a fine hat, the best",
        "Été à la plage: ÉTÉ!",
        "日本語 です 👩\u200d👧 e\u0301",
        "שלום a\x85b \u00a0 c\u3000d",
    ]
    reader = WordEncoder if request.param == "words" else CharacterEncoder
    encoder = reader.fit(texts, length=6, max_tokens=30)
    data: Any = type("Data", (), {"encoder": encoder})
    return encoder, array_preprocessing(data, name="preprocessing")


@given(
    texts=TEXTS.map(lambda texts: [*texts, *(f"The{text} fine hat" for text in texts)]),
)
@SLOW
def test_token_ids_are_the_encoders_for_any_text(encoded: Any, texts: list[str]) -> None:
    encoder, model = encoded

    token_ids = np.asarray(model(tf.constant(texts)[:, None]))

    np.testing.assert_array_equal(token_ids, encoder.encode(np.array(texts, dtype=object)))


def test_a_saved_model_reads_words_in_plain_keras(tmp_path: Path) -> None:
    texts = tuple(f"The {'good' if n % 2 else 'bad'} film, No. {n}: ÉTÉ naïve" for n in range(60))
    add_data("films", Phrases(texts, np.arange(60) % 2, ("bad", "good"), tokens="words"))
    try:
        data = load_data("films")
    finally:
        unregister_data("films")
    model = counting(data)
    raw = np.array([*texts[:5], "", "!!", "unknown \ufffd", "\0 a\0", "x " * 99], dtype=object)

    save_model(model, data, tmp_path / "films.keras", {})

    loaded = keras.models.load_model(tmp_path / "films.keras")
    encoder: Any = data.encoder
    expected = np.asarray(keras.ops.softmax(model(encoder.encode(raw))))
    np.testing.assert_array_equal(predict(loaded, raw), predict(portable_model(model, data), raw))
    np.testing.assert_allclose(predict(loaded, raw), expected, rtol=1e-6)
    token_ids = loaded.get_layer("preprocessing")(tf.constant(raw.tolist())[:, None])
    np.testing.assert_array_equal(np.asarray(token_ids), encoder.encode(raw))


def counting(data: Dataset) -> keras.Model:
    """A small network on token ids."""
    inputs = keras.Input(data.input_shape, dtype="int32")
    vectors = keras.layers.Embedding(len(data.vocabulary or ()), 2)(inputs)
    return keras.Model(inputs, keras.layers.Dense(data.outputs)(keras.layers.Flatten()(vectors)))
