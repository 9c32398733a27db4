"""The page over all studies of a results folder."""

from collections.abc import Sequence
from dataclasses import dataclass

from dlsuite.report.page.document import render


@dataclass(frozen=True, kw_only=True)
class IndexEntry:
    """A study, as the index lists it.

    Attributes:
        name: The study's name.
        question: What it asks; may be empty.
        trials: How many trials are done.
        findings: As `dlsuite.analysis.findings` gives them.
        answers: What to use, a short sentence a task, as `short_answers` gives them. Where there are some,
            the findings are folded up below.
        planned: How many trials it has when it is finished; None if that is not known.
        diverged: How many trials diverged.
        failed: How many trials failed.
        link: Where its page is, relative to the index: `dropout/report.html`; None if it has none.
    """

    name: str
    question: str
    trials: int
    findings: Sequence[str] = ()
    answers: Sequence[str] = ()
    planned: int | None = None
    diverged: int = 0
    failed: int = 0
    link: str | None = None

    @property
    def finished(self) -> bool:
        """Whether nothing more is to come."""
        return self.planned is None or self.trials >= self.planned


def index_page(studies: Sequence[IndexEntry]) -> str:
    """Write `index.html`: each study with its question, its answers and a link to its page.

    Args:
        studies: In the order in which they are listed.

    Returns:
        HTML, which opens from a disk, without a server or the network.
    """
    return render("index", studies=studies)
