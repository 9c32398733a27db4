"""A figure of a study, with the words that stand around it."""

from dataclasses import dataclass

from matplotlib.figure import Figure


@dataclass(frozen=True)
class StudyFigure:
    """A figure that answers one question about a study.

    Attributes:
        name: Its files' name without suffix, such as `effects`.
        title: What it shows, in a few words.
        caption: What a reader should know to read it: a sentence or two, no numbers.
        sources: The tables that its numbers are from, such as `("effects",)`.
        figure: The matplotlib figure.
    """

    name: str
    title: str
    caption: str
    sources: tuple[str, ...]
    figure: Figure
