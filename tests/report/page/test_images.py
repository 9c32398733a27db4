import io
from pathlib import Path

import pytest
from matplotlib.figure import Figure
from PIL import Image

from dlsuite.errors import DlsuiteError
from dlsuite.report import StudyFigure
from dlsuite.report.page import PageFigure, page_figure
from dlsuite.report.style import figure_style, save_figure


def drawn() -> StudyFigure:
    with figure_style():
        figure = Figure(figsize=(4, 3))
        figure.add_subplot().plot([1, 3, 2], color="#D55E00", linewidth=6)
    return StudyFigure("line", "A line", "It rises.", ("curves",), figure)


def embed(folder: Path) -> PageFigure:
    one = drawn()
    png, _ = save_figure(one.figure, folder, one.name)
    return page_figure(one, png.read_bytes())


def test_a_figure_is_small_sharp_and_on_white(tmp_path: Path) -> None:
    embedded = embed(tmp_path)
    with Image.open(io.BytesIO(embedded.image)) as image:
        colors = image.convert("RGB")
    assert embedded.size == (800, 600)
    assert colors.getpixel((0, 0)) == (255, 255, 255)
    assert max(color[0] - color[2] for _, color in colors.getcolors(10**6)) > 180
    assert len(embedded.image) < 20_000


def test_the_same_figure_gives_the_same_bytes(tmp_path: Path) -> None:
    assert embed(tmp_path).image == embed(tmp_path).image


def test_what_is_no_image_is_refused() -> None:
    with pytest.raises(DlsuiteError, match="expected a PNG, WebP or SVG for the figure 'x'"):
        _ = PageFigure("x", "X", "", (), b"GIF89a").kind
