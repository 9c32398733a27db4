"""One image: what its file says of it, and its pixels in a wanted shape.

Only PNG, JPEG, BMP and GIF are ever opened, whatever a file is called, and only by what is in it; nothing of
more pixels or bytes than stated here is decoded. Whatever is wrong with a file becomes a `BadImage` with the
reason in a few words.

- The camera's orientation (EXIF) is followed.
- What is transparent lies on white.
- Of 16 bits the upper 8 are taken.
- Of what moves, the first picture is taken.
- Resizing is bilinear with antialiasing, and a JPEG of four times the size and more is decoded smaller.
"""

import hashlib
import io
import os
import struct
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    from PIL import Image

Fit = Literal["stretch", "crop", "pad"]
"""How an image of another aspect ratio is brought to the size: stretched, cut to its middle, or with black
beside it."""
FORMATS = ("PNG", "JPEG", "BMP", "GIF")
"""What is opened."""
MOST_PIXELS = 2**26
"""Images of more pixels are not decoded: four bytes each are 256 MiB."""
MOST_BYTES = 2**28
"""Larger files are not read."""

_LARGE = 2**23
"""Of images of more pixels, one at a time is decoded."""
_one_large = threading.Lock()
_GRAY = ("1", "L", "LA", "La")
_ORIENTATION = 0x0112
_array = np.ndarray[Any, Any]


class BadImage(Exception):
    """A file that is no image which can be decoded; the reason in a few words."""


@dataclass(frozen=True, slots=True)
class Header:
    """What a file says of its image.

    Attributes:
        height: Pixels, once it is turned as it should be.
        width: Likewise.
        gray: Whether it has no colors.
    """

    height: int
    width: int
    gray: bool


@dataclass(frozen=True, slots=True)
class ImageShape:
    """The shape that every image is brought to.

    Attributes:
        height: Pixels.
        width: Pixels.
        channels: 1 for gray, 3 for red, green and blue.
    """

    height: int
    width: int
    channels: int

    @property
    def sizes(self) -> tuple[int, int, int]:
        """Height, width and channels."""
        return (self.height, self.width, self.channels)

    @property
    def bytes(self) -> int:
        """What an image takes."""
        return self.height * self.width * self.channels


@contextmanager
def quiet() -> Iterator[None]:
    """Let Pillow's warnings be: what they tell of is checked here. Filters are those of all threads."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def read_content(path: str | Path, size: int) -> bytes:
    """Read a file, which may not be larger than `MOST_BYTES`.

    Args:
        path: The file.
        size: How many bytes it had when it was listed.

    Raises:
        BadImage: It cannot be read, is empty or too large.
    """
    if size > MOST_BYTES:
        raise BadImage(f"the file is larger than {MOST_BYTES // 2**20} MiB")
    try:
        # Three calls of the system where a file object takes twice as many, and small files are many.
        file = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        try:
            content = os.read(file, size + 1)
            if len(content) > size:
                content += os.read(file, MOST_BYTES + 1 - len(content))
        finally:
            os.close(file)
    except OSError as error:
        raise BadImage(f"cannot be read: {error.strerror or error}") from error
    if not content:
        raise BadImage("the file is empty")
    return content


def digest_of(content: bytes) -> str:
    """What tells a file's content from any other: SHA-256, in hex."""
    return hashlib.sha256(content).hexdigest()


def read_header(content: bytes) -> Header:
    """Say what a file tells of its image, without decoding it.

    Raises:
        BadImage: It is no image that can be decoded.
    """
    with _opened(content) as image:
        return _header(image)


def decode(content: bytes, shape: ImageShape, fit: Fit) -> tuple[Header, _array]:
    """Decode an image.

    Args:
        content: The file's bytes.
        shape: The shape to bring it to.
        fit: How, where its aspect ratio is another.

    Returns:
        What the file says of the image, and its pixels, uint8 `[height, width, channels]`.

    Raises:
        BadImage: It cannot be decoded.
    """
    with _opened(content) as image:
        header = _header(image)
        with _one_large if image.width * image.height > _LARGE else nullcontext():
            plain = _pixels(image, shape, fit)
        return header, np.asarray(plain).reshape(shape.sizes)


@contextmanager
def _opened(content: bytes) -> "Iterator[Image.Image]":
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as image:
            if image.width * image.height > MOST_PIXELS:
                raise BadImage(_too_large(f"{image.width} x {image.height}"))
            yield image
    except BadImage:
        raise
    except UnidentifiedImageError as error:
        raise BadImage("is no PNG, JPEG, BMP or GIF, or its beginning is damaged") from error
    except Image.DecompressionBombError as error:
        raise BadImage(_too_large("it says that it has far more")) from error
    except Exception as error:
        # Pillow raises whatever comes of what it reads: OSError, SyntaxError, ValueError, struct.error, ...
        reason = " ".join(str(error).split())[:120] or type(error).__name__
        raise BadImage(f"is damaged: {reason}") from error


def _header(image: "Image.Image") -> Header:
    width, height = image.size
    if _orientation(image) > 4:
        height, width = width, height
    return Header(height, width, _is_gray(image))


def _too_large(pixels: str) -> str:
    return f"has more than {MOST_PIXELS / 1e6:.0f} million pixels ({pixels}) and is not decoded"


def _orientation(image: "Image.Image") -> int:
    """How the image is to be turned, 1 to 8; 1 where nothing legible says it."""
    if "exif" not in image.info:
        return 1
    try:
        told = image.getexif().get(_ORIENTATION, 1)
    except (OSError, SyntaxError, ValueError, KeyError, TypeError, struct.error):
        return 1
    return told if isinstance(told, int) and 1 <= told <= 8 else 1


def _turned(image: "Image.Image", orientation: int) -> "Image.Image":
    if orientation == 1:
        return image
    from PIL.Image import Transpose

    ways = {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }
    return image.transpose(ways[orientation])


def _is_gray(image: "Image.Image") -> bool:
    if image.mode in ("P", "PA"):
        colors = np.array(image.getpalette("RGB") or [0, 0, 0]).reshape(-1, 3)
        return bool((colors == colors[:, :1]).all())
    return image.mode in _GRAY or image.mode.startswith(("I", "F"))


def _pixels(image: "Image.Image", shape: ImageShape, fit: Fit) -> "Image.Image":
    """The image, resized, in the mode `L` or `RGB`."""
    from PIL import Image

    orientation = _orientation(image)
    wanted = (shape.width, shape.height)
    if orientation > 4:
        wanted = wanted[::-1]
    if image.width >= 4 * wanted[0] and image.height >= 4 * wanted[1]:
        # Of a JPEG only; twice the size is left for resizing.
        image.draft(None, (2 * wanted[0], 2 * wanted[1]))
    image.load()
    if image.mode.startswith("I"):
        values = np.asarray(image)
        image = Image.fromarray((values.clip(0, 2**16 - 1) >> 8).astype(np.uint8))
    mode = "L" if shape.channels == 1 else "RGB"
    if image.has_transparency_data:
        image = _fitted(image.convert("RGBA"), wanted, fit, "RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    elif image.mode != mode:
        image = image.convert(mode)
    image = _turned(_fitted(image, wanted, fit, image.mode), orientation)
    return image if image.mode == mode else image.convert(mode)


def _fitted(image: "Image.Image", size: tuple[int, int], fit: Fit, mode: str) -> "Image.Image":
    """The image in a size, width and height."""
    from PIL import Image

    if image.size == size:
        return image
    bilinear = Image.Resampling.BILINEAR
    width, height = image.size
    if fit == "crop":
        scale = min(width / size[0], height / size[1])
        cut = (size[0] * scale, size[1] * scale)
        left, top = (width - cut[0]) / 2, (height - cut[1]) / 2
        box = (max(left, 0), max(top, 0), min(left + cut[0], width), min(top + cut[1], height))
        return image.resize(size, bilinear, box=box, reducing_gap=3)
    if fit == "pad":
        scale = min(size[0] / width, size[1] / height)
        inside = (max(1, round(width * scale)), max(1, round(height * scale)))
        whole = Image.new(mode, size, "black")
        place = ((size[0] - inside[0]) // 2, (size[1] - inside[1]) // 2)
        whole.paste(image.resize(inside, bilinear, reducing_gap=3), place)
        return whole
    return image.resize(size, bilinear, reducing_gap=3)
