"""How figures show themselves in a notebook."""

import io

from matplotlib.figure import Figure

from dlsuite.report.style import figure_style


def as_svg(figure: Figure) -> str:
    """Write a figure as an SVG element, to stand inside HTML; the same figure gives the same text."""
    buffer = io.StringIO()
    with figure_style():
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    return text[text.index("<svg") :]
