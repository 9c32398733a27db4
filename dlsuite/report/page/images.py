"""A study's figures as the page embeds them: sharp on any screen, and few bytes."""

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass, field

from PIL import Image

from dlsuite.errors import DlsuiteError
from dlsuite.report import StudyFigure

_SHADES = 256


@dataclass(frozen=True)
class PageFigure:
    """A figure of the page.

    Attributes:
        name: Its files' name without suffix; anchors and links are made from it.
        title: What it shows, in a few words.
        caption: What a reader should know to read it.
        sources: The tables that its numbers are from.
        image: A PNG, WebP or SVG file's content.
    """

    name: str
    title: str
    caption: str
    sources: Sequence[str]
    image: bytes = field(repr=False)

    @property
    def kind(self) -> str:
        """The image's media type.

        Raises:
            DlsuiteError: It is none of the three.
        """
        if self.image.startswith(b"\x89PNG"):
            return "image/png"
        if self.image[:4] == b"RIFF" and self.image[8:12] == b"WEBP":
            return "image/webp"
        if b"<svg" in self.image[:1000]:
            return "image/svg+xml"
        raise DlsuiteError(f"image: expected a PNG, WebP or SVG for the figure {self.name!r}.")

    @property
    def url(self) -> str:
        """The image as a `data:` URL. What an SVG would run, an image element does not."""
        return f"data:{self.kind};base64,{base64.b64encode(self.image).decode('ascii')}"

    @property
    def size(self) -> tuple[int, int] | None:
        """Width and height in pixels, so that nothing moves while a page is read; None for an SVG."""
        if self.kind == "image/svg+xml":
            return None
        with Image.open(io.BytesIO(self.image)) as opened:
            return opened.size


def page_figure(drawn: StudyFigure, png: bytes) -> PageFigure:
    """Make a figure of a study ready for the page, in so few bytes that ten of them may be shipped.

    Args:
        drawn: One of `study_figures`.
        png: The figure as `dlsuite.report.style.save_figure` wrote it; drawn once, it serves for both.
    """
    return PageFigure(
        name=drawn.name,
        title=drawn.title,
        caption=drawn.caption,
        sources=drawn.sources,
        image=compact(png),
    )


def compact(png: bytes) -> bytes:
    """Write a plot with 256 shades, as lossless WebP or as PNG, whichever is smaller.

    A plot's thousands of shades are edges of lines, smoothed; a reader does not tell them from 256.

    Args:
        png: Any PNG; what is transparent becomes white.
    """
    with Image.open(io.BytesIO(png)) as opened:
        drawn = opened.convert("RGBA")
    paper = Image.new("RGB", drawn.size, "white")
    paper.paste(drawn, mask=drawn.getchannel("A"))
    shades = paper.quantize(_SHADES)
    candidates = []
    for image, settings in (
        (shades.convert("RGB"), {"format": "WEBP", "lossless": True, "method": 4}),
        (shades, {"format": "PNG", "optimize": True}),
    ):
        buffer = io.BytesIO()
        image.save(buffer, **settings)  # type: ignore[arg-type]
        candidates.append(buffer.getvalue())
    return min(candidates, key=len)
