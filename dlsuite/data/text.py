"""Text: short phrases in 18 languages, from the tables that come with Babel."""

from collections import Counter
from functools import cache

import numpy as np

from dlsuite.data.catalog import register_data
from dlsuite.data.raw import Phrases
from dlsuite.spec import Count

LANGUAGES = {
    "cs": "Czech",
    "da": "Danish",
    "nl": "Dutch",
    "en": "English",
    "et": "Estonian",
    "fi": "Finnish",
    "fr": "French",
    "de": "German",
    "hu": "Hungarian",
    "it": "Italian",
    "nb": "Norwegian",
    "pl": "Polish",
    "pt": "Portuguese",
    "ro": "Romanian",
    "es": "Spanish",
    "sv": "Swedish",
    "tr": "Turkish",
    "vi": "Vietnamese",
}
"""The languages by code, in the order of their labels. All are written in Latin letters, so that a
model must learn spelling and not just tell scripts apart."""


@register_data(
    "languages",
    kind="text",
    task_type="classification",
    source="Unicode CLDR: names of territories, languages and currencies; with Babel",
    license="Unicode-3.0",
    description="Names of territories, languages and currencies, in lower case; which of 18 "
    "languages written in Latin letters each is in.",
)
def languages(*, length: Count = 30) -> Phrases:
    """Read languages, about 12,800 phrases.

    Args:
        length: Number of characters that a model reads; 30 hold 96 % of the phrases in full. Longer
            phrases lose their end, shorter ones are padded on the left.
    """
    texts, labels = _phrases()
    return Phrases(
        texts=texts,
        labels=np.array(labels),
        class_names=tuple(LANGUAGES.values()),
        length=length,
        notes=(
            "Phrases are in lower case, so that spelling and not the rules of capital letters "
            "tells.",
            "Phrases that occur in more than one of the languages are left out.",
            "Phrases of a language share words (as in names of currencies), so that some words of "
            "validation and test phrases occur in training too.",
        ),
    )


@cache
def _phrases() -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Return the phrases that occur in one language only, sorted within each, and their labels."""
    from babel import Locale

    found: list[list[str]] = []
    for code in LANGUAGES:
        locale = Locale.parse(code)
        tables = (locale.territories, locale.languages, locale.currencies)
        # A set has no order that lasts from one process to the next.
        found.append(
            sorted({_normalized(name, code) for table in tables for name in table.values()})
        )
    occurrences = Counter(phrase for phrases in found for phrase in phrases)
    pairs = [
        (phrase, label)
        for label, phrases in enumerate(found)
        for phrase in phrases
        if occurrences[phrase] == 1
    ]
    texts, labels = zip(*pairs, strict=True)
    return texts, labels


def _normalized(phrase: str, code: str) -> str:
    """Return the phrase in lower case, with single spaces."""
    if code == "tr":
        # Python's lower() follows no language: in Turkish, I is the capital of a dotless i.
        phrase = phrase.replace("I", "\N{LATIN SMALL LETTER DOTLESS I}").replace(
            "\N{LATIN CAPITAL LETTER I WITH DOT ABOVE}", "i"
        )
    return " ".join(phrase.lower().split())
