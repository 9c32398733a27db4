"""Data sets that everybody knows, by Keras's own loaders: downloaded when they are first used.

Their test examples are those that their authors, or else Keras, set apart; validation is drawn from the rest.
"""

from functools import lru_cache
from sys import maxsize
from typing import Any

import numpy as np

from dlsuite.data.catalog import register_data
from dlsuite.data.dataset import Array
from dlsuite.data.downloads import DOWNLOADS, download_size, fetch
from dlsuite.data.raw import Arrays, Phrases
from dlsuite.data.rows import FREE, TEST, SplitRules
from dlsuite.errors import DataError
from dlsuite.spec import Count

_HOUSING_COLUMNS = (
    *("longitude", "latitude", "housing_median_age", "total_rooms", "total_bedrooms"),
    *("population", "households", "median_income"),
)
"""In the order of StatLib's file, which is that of Keras's; its documentation lists others (keras issue
21886)."""


@register_data(
    "mnist",
    kind="image",
    task_type="classification",
    source="LeCun, Cortes, Burges (1998), The MNIST database; by Keras",
    license="CC BY-SA 3.0",
    description="Handwritten digits, 28 x 28 gray pixels; which digit it is.",
    download=download_size("mnist"),
)
def mnist() -> Arrays:
    """Read mnist, 60,000 images and 10,000 for test of shape [28, 28, 1]."""
    return _images("mnist", tuple("0123456789"))


@register_data(
    "fashion_mnist",
    kind="image",
    task_type="classification",
    source="Xiao, Rasul, Vollgraf (2017), Fashion-MNIST, Zalando Research; by Keras",
    license="MIT",
    description="Articles of clothing, 28 x 28 gray pixels; which of ten kinds it is.",
    download=download_size("fashion_mnist"),
)
def fashion_mnist() -> Arrays:
    """Read fashion_mnist, 60,000 images and 10,000 for test of shape [28, 28, 1]."""
    names = ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat")
    return _images("fashion_mnist", (*names, "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"))


@register_data(
    "cifar10",
    kind="image",
    task_type="classification",
    source="Krizhevsky (2009), Learning Multiple Layers of Features from Tiny Images; by Keras",
    license="none stated by its authors",
    description="Photographs, 32 x 32 color pixels; which of ten kinds of animal or vehicle it shows.",
    download=download_size("cifar10"),
)
def cifar10() -> Arrays:
    """Read cifar10, 50,000 images and 10,000 for test of shape [32, 32, 3]."""
    names = (
        "airplane",
        "automobile",
        "bird",
        "cat",
        "deer",
        "dog",
        "frog",
        "horse",
        "ship",
        "truck",
    )
    return _images("cifar10", names)


@register_data(
    "california_housing",
    kind="table",
    task_type="regression",
    source="Pace, Barry (1997), Sparse Spatial Autoregressions, StatLib; by Keras",
    license="none stated by its authors",
    description="Place, age, rooms, people and income of a block group in the census of 1990; the median "
    "value of its houses, in dollars.",
    download=download_size("california_housing"),
)
def california_housing() -> Arrays:
    """Read california_housing, 16,512 rows and 4,128 for test, a fixed fifth."""
    (x, y), (x_test, y_test) = fetch("california_housing")
    return Arrays(
        kind="table",
        xs=(x, x_test),
        y=np.concatenate([y, y_test]).astype(np.float64),
        feature_names=_HOUSING_COLUMNS,
        rules=_last_are_test(len(x), len(x_test)),
    )


@register_data(
    "imdb",
    kind="text",
    task_type="classification",
    source="Maas et al. (2011), Learning Word Vectors for Sentiment Analysis; by Keras",
    license="none stated by its authors",
    description="Reviews of films, in lower case and without punctuation; whether the review is positive.",
    download=download_size("imdb"),
)
def imdb(*, length: Count = 200, max_tokens: Count | None = 10_000) -> Phrases:
    """Read imdb, 25,000 reviews and 25,000 for test.

    Args:
        length: Number of words that a model reads; 200 hold more than half of the reviews in full, and a
            recurrent network's time grows with them. Longer reviews lose their end.
        max_tokens: How many different words a model knows, the most frequent in training; all if absent.
    """
    texts, labels, rules = _texts("imdb")
    return Phrases(
        texts=texts,
        labels=labels,
        class_names=("negative", "positive"),
        length=length,
        tokens="words",
        max_tokens=max_tokens,
        rules=rules,
        notes=(
            "Validation is drawn from the training reviews and may hold a review of a film that training "
            "holds others of; test holds other films.",
        ),
    )


@register_data(
    "reuters",
    kind="text",
    task_type="classification",
    source="Reuters-21578, Lewis (1997); by Keras",
    license="copyright Reuters Ltd.; for research purposes only",
    description="Newswires of 1987, in lower case and without punctuation; which of 46 topics each is on.",
    download=download_size("reuters"),
)
def reuters(*, length: Count = 100, max_tokens: Count | None = 10_000) -> Phrases:
    """Read reuters, 8,982 newswires and 2,246 for test, a fixed fifth.

    Args:
        length: Number of words that a model reads; 100 hold more than half of the newswires in full, and a
            recurrent network's time grows with them. Longer newswires lose their end.
        max_tokens: How many different words a model knows, the most frequent in training; all if absent.
    """
    texts, labels, rules = _texts("reuters")
    return Phrases(
        texts=texts,
        labels=labels,
        class_names=tuple(fetch("reuters", "get_label_names")),
        length=length,
        tokens="words",
        max_tokens=max_tokens,
        rules=rules,
    )


@lru_cache(maxsize=1)
def _images(name: str, class_names: tuple[str, ...]) -> Arrays:
    """Images as they come, with whole numbers from 0 to 255. Those read last are kept."""
    (x, y), (x_test, y_test) = fetch(name)
    return Arrays(
        kind="image",
        xs=tuple(images if images.ndim == 4 else images[..., None] for images in (x, x_test)),
        y=np.concatenate([y, y_test]).ravel().astype(np.int64),
        class_names=class_names,
        rules=_last_are_test(len(x), len(x_test)),
    )


@lru_cache(maxsize=1)
def _texts(name: str) -> tuple[tuple[str, ...], Array, SplitRules]:
    """Texts with single spaces between their words, and their labels. Those read last are kept.

    Raises:
        DataError: A word is not in the index.
    """
    # Ranks of words as they are, which the index has: no mark at the start, none for rare words.
    plain: dict[str, Any] = {
        "start_char": None,
        "oov_char": None,
        "index_from": 0,
        "num_words": maxsize,
    }
    (x, y), (x_test, y_test) = fetch(name, **plain)
    words = {rank: word for word, rank in fetch(name, "get_word_index").items()}
    try:
        texts = tuple(" ".join(map(words.__getitem__, ranks)) for xs in (x, x_test) for ranks in xs)
    except KeyError as error:
        data, index = (file.path for file in DOWNLOADS[name])
        raise DataError(
            f"{index}: expected a word for every number in {data.name}; there is none for {error}. "
            "Delete both, and they are downloaded again."
        ) from error
    labels = np.concatenate([y, y_test]).astype(np.int64)
    return texts, labels, _last_are_test(len(x), len(x_test))


def _last_are_test(rest: int, test: int) -> SplitRules:
    given = np.concatenate([np.full(rest, FREE), np.full(test, TEST)])
    return SplitRules(given=given)
