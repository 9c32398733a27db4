"""What the data sets hold that Keras downloads, on small files of the same formats."""

import json

import numpy as np
import pytest
from keras_cache import RANKS, WORDS, Y_TEST, Y, gray_images

from dlsuite.data import data_entry, data_settings, load_data
from dlsuite.data.downloads import DOWNLOADS
from dlsuite.data.rows import FREE, TEST
from dlsuite.errors import DataError


def read(name):
    return data_entry(name).read({})


@pytest.mark.parametrize("name", DOWNLOADS)
def test_keeps_the_test_part_and_leaves_the_rest_to_lots(name, cache):
    cache.trust()
    cache.fill(name)
    raw = read(name)
    given = raw.rules.given
    assert data_entry(name).drawn and raw.rules.drawn
    assert len(given) == len(raw.labels if data_entry(name).kind == "text" else raw.y)
    tests = int((given == TEST).sum())
    assert (given[:-tests] == FREE).all() and (given[-tests:] == TEST).all()
    assert tests == {"cifar10": 1, "imdb": 2, "reuters": 4}.get(name, 20)


def test_a_number_without_a_word_is_refused(cache):
    cache.trust()
    cache.fill("imdb")
    DOWNLOADS["imdb"][1].path.write_text(json.dumps({"the": 1}))
    with pytest.raises(DataError, match=r"for every number in imdb.npz; there is none for [2-6]\."):
        load_data("imdb")


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist"])
def test_gray_images_stay_as_they_come_until_they_are_scaled(cache, name):
    cache.trust()
    cache.fill(name)
    raw = read(name)
    assert [(x.shape, x.dtype) for x in raw.xs] == [
        ((80, 28, 28, 1), np.uint8),
        ((20, 28, 28, 1), np.uint8),
    ]
    np.testing.assert_array_equal(raw.xs[0][..., 0], gray_images(80, 0))
    np.testing.assert_array_equal(raw.y, np.concatenate([Y, Y_TEST]))
    data = load_data(name, input_scaling="none")
    assert (len(data.train), len(data.validation), len(data.test)) == (60, 20, 20)
    np.testing.assert_array_equal(np.asarray(data.test.x)[..., 0], gray_images(20, 1))
    assert data.kind == "image" and data.outputs == 10
    other = load_data(name, input_scaling="none", split_seed=1)
    np.testing.assert_array_equal(np.asarray(other.test.x), np.asarray(data.test.x))
    assert not np.array_equal(np.asarray(other.validation.x), np.asarray(data.validation.x))


def test_color_images_have_channels_last_and_their_labels(cache):
    cache.trust()
    cache.fill("cifar10")
    raw = read("cifar10")
    assert raw.xs[0].shape == (50_000, 32, 32, 3) and raw.xs[0].dtype == np.uint8
    for label in range(5):
        at = 10_000 * label
        assert set(raw.y[at : at + 10_000]) == {label}
        assert raw.xs[0][at, 5, 5].tolist() == [10 * label + 1, 10 * label, 10 * label]
    assert raw.xs[1].shape == (1, 32, 32, 3) and raw.y[-1] == 5
    assert raw.class_names[3] == "cat" and len(raw.class_names) == 10


def test_clothes_have_their_names(cache):
    cache.trust()
    cache.fill("fashion_mnist")
    assert read("fashion_mnist").class_names[::9] == ("T-shirt/top", "Ankle boot")


def test_houses_keep_their_columns_and_their_price(cache):
    cache.trust()
    cache.fill("california_housing")
    data = load_data("california_housing", input_scaling="none")
    assert data.feature_names[:2] == ("longitude", "latitude") and len(data.feature_names) == 8
    for split, size in ((data.train, 60), (data.validation, 20), (data.test, 20)):
        assert len(split) == size
        np.testing.assert_array_equal(split.x[:, 0], 8 * split.y)


@pytest.mark.parametrize("name", ["imdb", "reuters"])
def test_numbers_become_the_words_that_they_stand_for(cache, name):
    cache.trust()
    cache.fill(name)
    raw = read(name)
    words = list(WORDS)
    texts = [" ".join(words[rank - 1] for rank in ranks) for ranks in RANKS]
    assert texts[2] == "it's good and good"
    # Keras shuffles; a text keeps its label.
    expected = {("imdb", i): 1 - i % 2 for i in range(4)} | {("reuters", i): i for i in range(4)}
    assert all(
        label == expected[name, texts.index(text)]
        for text, label in zip(raw.texts, raw.labels, strict=True)
    )
    assert set(raw.texts) == set(texts)
    assert (raw.tokens, raw.max_tokens) == ("words", 10_000)
    assert (
        raw.class_names[:2]
        == {"imdb": ("negative", "positive"), "reuters": ("cocoa", "grain")}[name]
    )
    assert len(raw.class_names) == {"imdb": 2, "reuters": 46}[name]


def test_texts_take_a_length_and_a_number_of_words(cache):
    assert [data_settings(name)["length"].default for name in ("imdb", "reuters")] == [200, 100]
    cache.trust()
    cache.fill("imdb")
    raw = data_entry("imdb").read({"length": 3, "max_tokens": None})
    assert (raw.length, raw.max_tokens, len(raw.texts[0].split()) > 1) == (3, None, True)
