"""The images of a folder as one array: found in the cache by their content, or decoded into it."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from math import floor
from typing import Any

import numpy as np

from dlsuite.data.class_folders import ClassFolders
from dlsuite.data.folder_walk import listed
from dlsuite.data.image_cache import ImageCache
from dlsuite.data.image_files import Fit, Header, ImageShape
from dlsuite.data.image_reading import (
    Bad,
    Color,
    ImageFile,
    chosen_shape,
    decoded,
    path_of,
    read_files,
    read_headers,
    sample,
)
from dlsuite.data.row_file import Array, RowFile
from dlsuite.data.rows import TRAIN
from dlsuite.errors import DataError

DECODER = 1
"""Raised when the same files are decoded to other pixels than before."""
_NAMED = 3

Skipped = list[tuple[int, str]]
"""Places of files that are no images which can be decoded, with reasons."""


@dataclass(frozen=True, kw_only=True)
class ImageSettings:
    """How images are read.

    Attributes:
        size: Height and width; found out if None.
        color: What they are read as; found out if None.
        fit: How they are brought to the size.
        max_corrupt: The share of files that may be left out.
    """

    size: tuple[int, int] | None
    color: Color | None
    fit: Fit
    max_corrupt: float

    @property
    def pixels(self) -> list[object]:
        """Those that pixels depend on, for JSON."""
        return [DECODER, self.size, self.color, self.fit]


@dataclass(frozen=True, eq=False, kw_only=True)
class DecodedImages:
    """Images, decoded.

    Attributes:
        images: uint8 `[n, height, width, channels]`, mapped into memory.
        skipped: Which files are not among them, and why.
        notes: What a reader should know.
        content: What tells the images from any other.
    """

    images: Array
    skipped: Skipped
    notes: tuple[str, ...]
    content: str


def decoded_images(
    cache: ImageCache, classes: ClassFolders, state: str, settings: ImageSettings
) -> DecodedImages:
    """Decode the images of a folder, if they are not decoded yet.

    Args:
        cache: Where they are kept.
        classes: Their files.
        state: What tells the listing from any other.
        settings: How they are read.

    Raises:
        DataError: Too many cannot be decoded, or there is no room for them.
    """
    key = hash_of([state, settings.pixels])
    known = cache.read_listing(key)
    found = None if known is None else _read(cache, known)
    if found is None:
        known = _make(cache, classes, settings)
        cache.keep_listing(key, known)
        found = _read(cache, known)
    if found is None:
        raise DataError(
            f"{cache.folder}: decoded images were written and cannot be read. Look after the disk, or let "
            "XDG_CACHE_HOME name a folder on another one."
        )
    check_skipped(classes, found.skipped, settings.max_corrupt)
    return found


def hash_of(content: object) -> str:
    """What tells something that JSON can hold from anything else."""
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def check_skipped(classes: ClassFolders, skipped: Skipped, most: float) -> None:
    """Refuse a folder of which too much cannot be decoded.

    Raises:
        DataError: It is more than the share that may be left out.
    """
    if len(skipped) > floor(most * len(classes) + 1e-9):
        allowed = f"at most {most:.2%} may be left out" if most else "none may be left out"
        raise DataError(
            f"{classes.source}: {len(skipped)} or more of {len(classes)} files are no images that can be "
            f"decoded, and {allowed}: {reasons(classes, skipped)}. Mend or remove them, or allow more by "
            "max_corrupt."
        )


def reasons(classes: ClassFolders, skipped: Skipped) -> str:
    """Name the first files that were left out, and say why."""
    told = [f"{classes.files[place].name!r} {reason}" for place, reason in skipped[:_NAMED]]
    more = len(skipped) - _NAMED
    return "; ".join([*told, *([f"and {more} more"] if more > 0 else [])])


def _read(cache: ImageCache, known: Mapping[str, Any]) -> DecodedImages | None:
    """Map the array that a listing leads to; None if it is gone or damaged."""
    try:
        found = cache.read_array(known["content"])
        if found is None:
            return None
        images, told = found
        return DecodedImages(
            images=images,
            skipped=[(int(place), str(reason)) for place, reason in told["skipped"]],
            notes=(*told["notes"], *known["notes"]),
            content=known["content"],
        )
    except (KeyError, TypeError, ValueError):  # Somebody wrote something else.
        return None


def _make(cache: ImageCache, classes: ClassFolders, settings: ImageSettings) -> dict[str, Any]:
    """Read all files, and decode them unless the same content is decoded already.

    Returns:
        What to remember of the listing: `content` and `notes`.
    """
    listed_files = [ImageFile(path_of(classes.folder, f.name), f.size) for f in classes.files]
    files, digests = read_files(listed_files)
    content = hash_of([settings.pixels, digests])
    if cache.read_array(content) is None:
        guess = _guessed_shape(files, classes, settings)
        cache.write_array(
            content,
            len(files) * guess.bytes,
            lambda rows: _decode(rows, files, guess, classes, settings),
        )
    return {"content": content, "notes": _copy_notes(classes, digests)}


def _guessed_shape(
    files: Sequence[ImageFile], classes: ClassFolders, settings: ImageSettings
) -> ImageShape:
    """The shape that images will probably have: a look at a few is enough where these are alike."""
    headers = _good(read_headers(sample(files)))
    if len(set(headers)) != 1 and (settings.size is None or settings.color is None):
        told = read_headers(files)
        check_skipped(classes, _bad(told), settings.max_corrupt)
        headers = _good(told)
    elif not headers:
        headers = [Header(1, 1, True)]
    return chosen_shape(headers, size=settings.size, color=settings.color)


def _decode(
    rows: RowFile,
    files: Sequence[ImageFile],
    guess: ImageShape,
    classes: ClassFolders,
    settings: ImageSettings,
) -> dict[str, Any]:
    """Decode all images; once more if the guess was wrong."""
    told: list[Header | Bad] = []
    shape = guess
    for _ in range(2):
        told = []
        rows.begin(shape.sizes)
        with closing(decoded(files, shape, settings.fit)) as batches:
            for images, headers in batches:
                told += headers
                if any(isinstance(header, str) for header in headers):
                    check_skipped(classes, _bad(told), settings.max_corrupt)
                rows.append(images)
        chosen = chosen_shape(_good(told), size=settings.size, color=settings.color)
        if chosen == shape:
            break
        shape = chosen
    return {"skipped": _bad(told), "notes": _shape_notes(_good(told), shape, settings)}


def _good(told: Sequence[Header | Bad]) -> list[Header]:
    return [header for header in told if not isinstance(header, str)]


def _bad(told: Sequence[Header | Bad]) -> Skipped:
    return [(place, reason) for place, reason in enumerate(told) if isinstance(reason, str)]


def _shape_notes(
    headers: Sequence[Header], shape: ImageShape, settings: ImageSettings
) -> list[str]:
    """Say what images are brought to, and what was chosen for the user."""
    other = sum((h.height, h.width) != (shape.height, shape.width) for h in headers)
    notes = []
    if other:
        how = {"stretch": "stretched", "crop": "cropped", "pad": "padded"}[settings.fit]
        chosen = "" if settings.size else ", the size chosen for them (size = ... sets another)"
        notes.append(
            f"{other} of {len(headers)} images have another size than {shape.height} x {shape.width}{chosen}"
            f"; they are resized, and {how} where their aspect ratio is another."
        )
    grays = sum(header.gray for header in headers)
    if 0 < grays < len(headers) and shape.channels == 3:
        notes.append(f"{grays} of {len(headers)} images are gray, and read as colored.")
    if grays < len(headers) and shape.channels == 1:
        colored = len(headers) - grays
        notes.append(f"{colored} of {len(headers)} images are colored, and read as gray.")
    return notes


def _copy_notes(classes: ClassFolders, digests: Sequence[str]) -> list[str]:
    """Say how many images are there twice, and how many held-out ones are trained on."""
    different, which, counts = np.unique(digests, return_inverse=True, return_counts=True)
    if len(different) == len(digests):
        return []
    twice = np.flatnonzero(counts[which] > 1)
    first = np.unique(which[twice], return_index=True)[1]
    more = np.delete(twice, first)
    notes = [f"Images that are exact copies of others: {_named(classes, more)}."]
    if classes.splits is not None:
        trained = np.isin(which, which[classes.splits == TRAIN])
        leaks = np.flatnonzero(trained & (classes.splits != TRAIN))
        if len(leaks):
            notes.append(
                "Images held out that are in training too, which flatters the scores: "
                f"{_named(classes, leaks)}."
            )
    labels = classes.labels[twice]
    if len(np.unique(np.stack([which[twice], labels]), axis=1).T) > len(first):
        notes.append("Some copies are in different classes.")
    return notes


def _named(classes: ClassFolders, places: Array) -> str:
    return listed([classes.files[int(place)].name for place in places])
