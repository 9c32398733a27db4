"""The papers that a builder's docstring names, read from its section `References:`."""

import re
from typing import NamedTuple

_PAPER = re.compile(
    r"(?P<authors>[^()]+?) \((?P<year>\d{4}[a-z]?)\), (?P<title>.+?)\."
    r"(?=\s*$|\s+[^()]+ \(\d{4}[a-z]?\), )"
)


class Paper(NamedTuple):
    """A paper.

    Attributes:
        authors: Who wrote it, as in `Cho et al.`; empty where a reference is not written as the suite does.
        year: When it appeared.
        title: Its title, without the full stop.
    """

    authors: str
    year: str
    title: str

    @property
    def citation(self) -> str:
        """How a text calls it, as in `Cho et al. (2014)`."""
        return f"{self.authors} ({self.year})" if self.authors else self.title

    def __str__(self) -> str:
        """In full, as in `Kim (2014), Convolutional neural networks for sentence classification`."""
        return f"{self.citation}, {self.title}" if self.authors else self.title


def papers_in(docstring: str) -> tuple[Paper, ...]:
    """Read the section `References:` of a Google-style docstring.

    Papers stand one behind another, as `Authors (year), Title.`; what is written otherwise is kept as one.

    Args:
        docstring: With its margin taken off, as `inspect.getdoc` gives it.
    """
    section = re.search(
        r"^References:\n((?:[ \t]+\S.*(?:\n|$)|[ \t]*\n)+)", docstring, re.MULTILINE
    )
    text = " ".join(section.group(1).split()) if section else ""
    found = list(_PAPER.finditer(text))
    if text and (not found or found[0].start() > 0):
        return (Paper("", "", text.rstrip(".")),)
    return tuple(Paper(match["authors"].strip(), match["year"], match["title"]) for match in found)
