"""The page's template, styles and programs, and how they become one file."""

import base64
import hashlib
from functools import cache
from importlib import resources

import plotly.offline
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from dlsuite.report.page.payload import inline_script, packed

_THEME = ("theme",)
_STUDY = ("numbers", "unpack", "theme", "tables", "figures", "trials", "curves", "traces")
_SCRIPTS = {"study": (*_STUDY, "controls", "explorer", "main"), "index": (*_THEME, "index")}
"""The files of each page's program, in order: together they are one module, so that they share names with
each other and with nothing else."""


def render(page: str, **context: object) -> str:
    """Fill a template.

    Everything in `context` is escaped, unless it is Markup. The page's policy lets no program run but its own
    and plotly's, by their hashes, and nothing be loaded from anywhere.

    Args:
        page: `study` or `index`.
        **context: What the template shows.

    Returns:
        HTML.
    """
    program = inline_script("\n".join(_read(f"scripts/{name}.js") for name in _SCRIPTS[page]))
    allowed = [program, *([plotly_code()] if page == "study" else [])]
    text = (
        _environment()
        .get_template(f"{page}.html")
        .render(
            style=Markup(_read("styles/page.css")),
            program=program,
            hashes=" ".join(f"'sha256-{_hash(code)}'" for code in allowed),
            **context,
        )
    )
    return text if text.endswith("\n") else f"{text}\n"


@cache
def packed_plotly() -> Markup:
    """Plotly's program, packed: it is unpacked when the explorer is first seen."""
    return packed(plotly_code().encode("utf-8"))


@cache
def plotly_code() -> str:
    """Plotly's program, as the Python package brings it."""
    return str(plotly.offline.get_plotlyjs())


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("dlsuite.report.page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def _read(name: str) -> str:
    return resources.files("dlsuite.report.page").joinpath(name).read_text(encoding="utf-8")


def _hash(code: str) -> str:
    return base64.b64encode(hashlib.sha256(code.encode("utf-8")).digest()).decode("ascii")
