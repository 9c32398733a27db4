"""How dates that are texts are written: found out where only one reading fits."""

from dataclasses import dataclass
from datetime import datetime
from itertools import product

import numpy as np

from dlsuite.data.dataset import Array
from dlsuite.data.inputs import text_dates

_DAYS = (
    *(
        "%Y/%m/%d",
        "%Y.%m.%d",
        "%d/%m/%Y",
        "%m/%d/%Y",
        "%d-%m-%Y",
        "%m-%d-%Y",
        "%d.%m.%Y",
        "%m.%d.%Y",
    ),
    *("%d/%m/%y", "%m/%d/%y", "%d.%m.%y", "%m.%d.%y", "%d-%m-%y", "%m-%d-%y"),
    *("%d %b %Y", "%d %B %Y", "%d-%b-%Y", "%d-%b-%y", "%b %d, %Y", "%B %d, %Y", "%b %d %Y"),
)
_TIMES = ("", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f", " %I:%M %p", " %I:%M:%S %p")
_SAMPLE = 100
_MOSTLY = 0.5


@dataclass(frozen=True)
class DateFormat:
    """What was found out.

    Attributes:
        dates: Whether the texts are dates.
        format: How they are written; None for ISO 8601, and where more than one reading fits.
        problem: Why they cannot be read, in a sentence without an end; empty where they can.
    """

    dates: bool
    format: str | None = None
    problem: str = ""


def find_format(texts: Array, given: str | None) -> DateFormat:
    """Find out how texts are written as dates.

    Args:
        texts: Different texts, object `[n]`.
        given: How dates are written, if somebody says so.
    """
    sample = texts[:_SAMPLE]
    if given is not None and _fits(sample, given) and _fits(texts, given):
        return DateFormat(True, given)
    iso = np.array([_looks_iso(text) for text in texts])
    if iso.mean() > _MOSTLY and _fits(texts[iso], None):
        if iso.all():
            return DateFormat(True)
        wrong = texts[~iso][0]
        return DateFormat(
            True,
            problem=f'expected a date, as in most rows; got {wrong!r}. Say missing = ["{wrong}"] if it '
            "stands for a missing value, or mend the file.",
        )
    wrong = next(iter(texts[np.isnat(text_dates(texts, given))]), texts[0])
    nothing = DateFormat(
        False,
        problem=f"expected dates; got {wrong!r}. Say how they are written, as in "
        'date_format = "%d/%m/%Y", or take the column out of dates.',
    )
    if not all(any(character.isdigit() for character in text) for text in sample):
        return nothing
    fitting = [
        written
        for written in map("".join, product(_DAYS, _TIMES))
        if _fits_one(sample[0], written) and _fits(sample, written) and _fits(texts, written)
    ]
    if not fitting:
        return nothing
    if len({text_dates(texts, written).tobytes() for written in fitting}) == 1:
        return DateFormat(True, fitting[0])
    both = " or ".join(f'"{written}"' for written in fitting[:2])
    return DateFormat(
        True,
        problem=f"dates such as {texts[0]!r} can be read in more than one way. Say which, as in "
        f"date_format = {both}.",
    )


def _looks_iso(text: str) -> bool:
    """Whether there is more to a text than a year, which is a number first."""
    return len(text) >= 7 and text[:4].isdecimal() and text[4] == "-"


def _fits_one(text: str, written: str) -> bool:
    """Try one text first: most formats end here."""
    try:
        datetime.strptime(text, written)
    except ValueError:
        return False
    return True


def _fits(texts: Array, written: str | None) -> bool:
    return not np.isnat(text_dates(texts, written)).any()
