"""Malformed images in class folders, and damage done to what is kept of them on disk."""

import io
import os
import random
import struct
import zlib
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.malformed.kinds import InputKind, importing
from benchmarks.malformed.mutations import BYTES, damaged
from benchmarks.malformed.tables import check_data

_MODES = ("1", "L", "LA", "P", "RGB", "RGBA", "I;16", "I", "CMYK", "YCbCr", "PA")
_FORMATS = ("PNG", "JPEG", "BMP", "GIF")


def valid_image(rng: Random) -> tuple[bytes, str]:
    """Write a small image in any of the formats and modes.

    Returns:
        The file's bytes, and its suffix.
    """
    from PIL import Image

    size = (rng.choice((1, 2, 8, 17, 40)), rng.choice((1, 3, 8, 16)))
    kind = rng.choice(_FORMATS)
    mode = rng.choice(_MODES)
    image = Image.new(mode, size)
    if mode in ("L", "RGB", "RGBA"):
        image.frombytes(rng.randbytes(len(image.tobytes())))
    more: dict[str, Any] = {}
    if kind == "JPEG" and rng.random() < 0.3:
        exif = Image.Exif()
        exif[0x0112] = rng.choice((0, 1, 3, 6, 8, 9, 65535))
        more["exif"] = exif.tobytes()
    if kind == "PNG" and rng.random() < 0.2:
        more["transparency"] = rng.choice((0, 255, b"\0\x80"))
    if kind in ("GIF", "PNG") and rng.random() < 0.2:
        more |= {"save_all": True, "append_images": [image.copy() for _ in range(3)]}
    held = io.BytesIO()
    try:
        image.save(held, kind, **more)
    except (OSError, ValueError, TypeError, KeyError, struct.error):  # There is no such mode in it.
        held = io.BytesIO()
        image.convert("RGB").save(held, kind)
    return held.getvalue(), f".{kind.lower()}"


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def _bomb(rng: Random) -> tuple[bytes, str]:
    """A small file that says that it is a large image, or unpacks to one."""
    width, height = rng.choice(
        ((2**31 - 1, 1), (1, 2**31 - 1), (65535, 65535), (8192, 8191), (0, 0))
    )
    kind = rng.randrange(4)
    if kind == 0:
        header = _chunk(
            b"IHDR", struct.pack(">IIBBBBB", width, height, 8, rng.choice((0, 2, 3, 6)), 0, 0, 0)
        )
        packed = zlib.compress(b"\0" * rng.choice((10, 10**6, 5 * 10**7)), 9)
        more = _chunk(b"zTXt", b"a\0\0" + zlib.compress(b"\0" * rng.choice((10, 10**8)), 9))
        picked = (
            [_chunk(b"IDAT", packed), more]
            if rng.random() < 0.5
            else [more, _chunk(b"IDAT", packed)]
        )
        return b"\x89PNG\r\n\x1a\n" + header + b"".join(picked) + _chunk(b"IEND", b""), ".png"
    if kind == 1:
        size = struct.pack("<HH", width & 0xFFFF, height & 0xFFFF)
        frame = b"\x2c\0\0\0\0" + size + b"\0\x02" + b"\x02\x4c\x01\0"
        return b"GIF89a" + size + b"\x80\0\0\0\0\0\xff\xff\xff" + frame * rng.choice(
            (1, 5000)
        ) + b";", ".gif"
    if kind == 2:
        info = struct.pack(
            "<IiiHHIIiiII", 40, width, -height, 1, 24, rng.choice((0, 1, 3, 4)), 0, 0, 0, 0, 0
        )
        return b"BM" + struct.pack("<IHHI", 100, 0, 0, 54) + info + b"\0" * 46, ".bmp"
    data, suffix = valid_image(rng)
    at = data.find(b"\xff\xc0")
    if at < 0:
        return damaged(data, rng, BYTES), suffix
    size = struct.pack(">HH", height & 0xFFFF, width & 0xFFFF)
    return data[: at + 5] + size + data[at + 9 :], suffix


def _make_images(folder: Path, rng: Random) -> dict[str, Any]:
    root = folder / "pets"
    classes: list[Any] = ["cat", "dog"]
    if rng.random() < 0.1:
        classes.append(
            rng.choice((b"\xff\xfe", "é".encode(), b" ", b"a\nb", b"1", b"\xed\xa0\x80"))
        )
    for name in classes:
        place = os.path.join(os.fsencode(root), os.fsencode(name))
        os.makedirs(place)
        for number in range(rng.choice((1, 5, 6))):
            data, suffix = valid_image(rng)
            damage = rng.random()
            if damage < 0.35:
                data = damaged(data, rng, BYTES)
            elif damage < 0.4:
                data, suffix = _bomb(rng)
            if rng.random() < 0.05:
                suffix = rng.choice((".png", ".JPG", ".gif", ".bmp", ".jpeg"))
            Path(os.fsdecode(os.path.join(place, f"{number}{suffix}".encode()))).write_bytes(data)
    choices: dict[str, Any] = {
        "size": rng.choice((8, [4, 9], 0, 10**6, 10**9, [1, 10**7], [1, 2, 3])),
        "color": rng.choice(("gray", "rgb")),
        "fit": rng.choice(("stretch", "crop", "pad")),
        "drop": ["dog"],
    }
    settings = {key: value for key, value in choices.items() if rng.random() < 0.12}
    settings["max_corrupt"] = rng.choice((0.0, 0.9, 0.99, 0.99))
    return {"settings": settings, "again": rng.random()}


def feed_images(folder: Path, call: Any) -> None:
    """Load a folder of images, damage what was kept of it, and load it again."""
    from dlsuite import load_data

    os.environ["XDG_CACHE_HOME"] = str(folder / "cache")
    check_data(load_data(str(folder / "pets"), **call["settings"]))
    _damage_kept(folder / "cache", random.Random(call["again"]))
    check_data(load_data(str(folder / "pets"), **call["settings"]))


def _damage_kept(cache: Path, rng: Random) -> None:
    """Damage the files of the cache, as a full disk does, or another program."""
    from dlsuite.data import image_folders

    for path in sorted(cache.rglob("*")):
        if path.is_file() and rng.random() < 0.5:
            path.write_bytes(damaged(path.read_bytes(), rng, BYTES))
    for name in vars(image_folders).values():  # Nothing is known any more but what is on disk.
        kept = getattr(name, "_kept", None)
        if isinstance(kept, dict):
            kept.clear()


_PREPARE = importing(
    *("PIL.Image", "PIL.PngImagePlugin", "PIL.JpegImagePlugin", "PIL.BmpImagePlugin"),
    *("PIL.GifImagePlugin", "sklearn.model_selection", "dlsuite.data.path_kinds"),
)
IMAGE = InputKind("image", _make_images, feed_images, _PREPARE)
