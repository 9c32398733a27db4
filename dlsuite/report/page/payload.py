"""Data inside the page: compressed, encoded, and harmless wherever HTML would read it."""

import base64
import gzip
import json

import numpy as np
import numpy.typing as npt
from markupsafe import Markup


def packed(data: bytes) -> Markup:
    """Compress bytes and write them as base64; the same bytes always give the same text.

    Args:
        data: Anything. `scripts/unpack.js` gives it back.
    """
    # The letters of base64 mean nothing to HTML.
    return Markup(base64.b64encode(gzip.compress(data, 9, mtime=0)).decode("ascii"))


def packed_json(value: object) -> Markup:
    """Write a value as JSON and pack it.

    Args:
        value: What JSON can write; a number that is not finite is refused.
    """
    return packed(json.dumps(value, separators=(",", ":"), allow_nan=False).encode("ascii"))


def packed_floats(values: npt.NDArray[np.float32]) -> Markup:
    """Pack numbers of single precision, which is all that measured numbers have.

    All first bytes come first, then all second ones, and so on: signs and exponents of neighbors are alike
    and compress well side by side.

    Args:
        values: Shape `[n]`.
    """
    return packed(values.astype("<f4").view(np.uint8).reshape(-1, 4).T.tobytes())


def inline_script(code: str) -> Markup:
    """Write a program between script tags.

    Args:
        code: JavaScript of this package's own or of plotly.

    Raises:
        ValueError: It would end the script element.
    """
    if "</script" in code.lower() or "<!--" in code:
        raise ValueError("code: expected a program that does not end its script element.")
    return Markup(code)
