"""The errors that the suite raises on purpose.

Whatever goes wrong because of what a user wrote, gave or asked for ends in one of these: a single line
that names where, what was expected and what came. The command line prints it and exits with 2. Anything
else that escapes is a bug.
"""

import difflib
from collections.abc import Iterable


class DlsuiteError(Exception):
    """Base of all errors that a user can act on."""


class SpecError(DlsuiteError):
    """A study, a setting or a name in it cannot be used as written."""


class UnknownNameError(SpecError):
    """A name that is not registered; the message lists the closest ones that are."""


class DataError(DlsuiteError):
    """A data set cannot be read, or does not hold what was asked of it."""


class StoreError(DlsuiteError):
    """A results folder cannot be read or written."""


class ClaimedError(StoreError):
    """Another run is at work in a results folder."""


def closest(name: str, known: Iterable[str]) -> str:
    """Say which of the known names was probably meant.

    Args:
        name: What was written.
        known: The names that would have been right.

    Returns:
        A sentence: the closest names if there are any, else all of them.
    """
    names = sorted(known)
    matches = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    if matches:
        return "Did you mean " + " or ".join(repr(match) for match in matches) + "?"
    if not names:
        return "There are none."
    return "Known: " + ", ".join(repr(known_name) for known_name in names) + "."
