"""Images from folders of classes: the settings they take, and what becomes of them.

Which files are of which class is told by `dlsuite.data.class_folders`, how one is decoded by
`dlsuite.data.image_files`, and how decoded ones are kept by `dlsuite.data.image_cache`.
"""

import hashlib
import json
import time
from collections.abc import Hashable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from math import floor
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import BeforeValidator, Field

from dlsuite.data.class_folders import ClassFolders, list_class_folders
from dlsuite.data.folder_walk import listed
from dlsuite.data.folders import IMAGE_SUFFIXES
from dlsuite.data.image_cache import Array, ImageCache, image_cache
from dlsuite.data.image_files import Fit, ImageShape
from dlsuite.data.image_reading import Color, Look, chosen_shape, decoded, look, path_of
from dlsuite.data.raw import Arrays
from dlsuite.data.recent import Recent
from dlsuite.data.rows import TRAIN
from dlsuite.data.table_files import Names
from dlsuite.data.targets import imbalance_note
from dlsuite.errors import DataError
from dlsuite.spec import Rate

_Side = Annotated[int, Field(ge=1, le=2048)]
ImageSize = Annotated[
    tuple[_Side, _Side],
    BeforeValidator(
        lambda raw: tuple(raw) if isinstance(raw, list | tuple) else (raw, raw),
        json_schema_input_type=_Side | Annotated[list[_Side], Field(min_length=2, max_length=2)],
    ),
]
"""Height and width in pixels; a single number stands for both."""

_DECODER = 1
"""Raised when the same files are decoded to other pixels than before."""
_NAMED = 3
_LONG_LISTING = 0.1
_kept: Recent[Arrays] = Recent(lambda arrays: int(arrays.y.nbytes))
_listings: dict[tuple[str, tuple[str, ...]], "_Listing"] = {}


@dataclass(frozen=True, eq=False)
class _Listing:
    """A listing, what tells it from another, and until when it need not be made again."""

    classes: ClassFolders
    state: str
    until: float


@dataclass(frozen=True, kw_only=True)
class _Settings:
    size: tuple[int, int] | None
    color: Color | None
    fit: Fit
    max_corrupt: float


def images_from_folder(
    path: str | Path,
    *,
    size: ImageSize | None = None,
    color: Color | None = None,
    fit: Fit = "stretch",
    max_corrupt: Rate = 0.01,
    drop: Names = (),
) -> Arrays:
    """Read images, once: decoded, they are kept in the user's cache folder.

    Args:
        path: A folder with a folder of images (PNG, JPEG, BMP, GIF) for each class; above these may be
            `train`, `test` and `validation`.
        size: Height and width that all images are brought to, or one number for both. If absent, those that
            half of the images have, or else the median ones, made smaller alike until none is above 64.
        color: `gray` or `rgb`; if absent, `gray` where no file has colors.
        fit: How an image of another aspect ratio is brought to the size: `stretch`, `crop` (its middle) or
            `pad` (black beside it).
        max_corrupt: The share of files that are left out, named, if they cannot be decoded; with more, none
            is read.
        drop: Class folders to leave out.

    Returns:
        Images, uint8 `[n, height, width, channels]`, mapped into memory from the cache: they take none until
        they are read. What is written to them reaches nobody.

    Raises:
        DataError: The folder holds no images of two classes or more, or too many that cannot be decoded.
    """
    # A single number or a list comes from Python; a study's are checked before.
    sides = (size, size) if isinstance(size, int) else None if size is None else tuple(size)
    settings = _Settings(size=sides, color=color, fit=fit, max_corrupt=max_corrupt)  # type: ignore[arg-type]
    listing = _listing(str(path), _names(drop))
    return _kept.get((listing.state, settings), lambda: _arrays(listing, settings))


def image_state(path: str, settings: Mapping[str, Any]) -> Hashable:
    """What tells a folder from what it was before a file changed; no file is opened."""
    try:
        return _listing(path, _names(settings.get("drop", ()))).state
    except DataError:  # Reading it will say so.
        return None


def _names(drop: Sequence[str] | str) -> tuple[str, ...]:
    return (drop,) if isinstance(drop, str) else tuple(drop)


def _listing(path: str, drop: tuple[str, ...]) -> _Listing:
    """List a folder; what took long holds for twenty times as long, since it is asked for often."""
    began = time.monotonic()
    known = _listings.get((path, drop))
    if known is not None and began < known.until:
        return known
    classes = list_class_folders(path, suffixes=IMAGE_SUFFIXES, what="images", drop=drop)
    # A copy of the folder is another listing: times can be copied along with other content.
    facts = [f"{classes.folder}\0{drop}"]
    facts += [f"{f.name}\0{f.size}\0{f.modified}\0{f.changed}" for f in classes.files]
    state = hashlib.sha256("\0\0".join(facts).encode("utf-8", "surrogateescape")).hexdigest()
    now = time.monotonic()
    took = now - began
    until = now + 20 * took if took > _LONG_LISTING else 0.0
    _listings[path, drop] = _Listing(classes, state, until)
    return _listings[path, drop]


def _arrays(listing: _Listing, settings: _Settings) -> Arrays:
    classes = listing.classes
    classes.check(what="images")
    cache = image_cache()
    key = _hash([_DECODER, listing.state, settings.size, settings.color, settings.fit])
    known = cache.read_listing(key)
    found = None if known is None else _read(cache, known)
    if known is None or found is None:
        known = _make(cache, classes, settings)
        cache.keep_listing(key, known)
        found = _read(cache, known)
        if found is None:
            raise DataError(
                f"{cache.folder}: decoded images were written and cannot be read. Look after the disk, or "
                "let XDG_CACHE_HOME name a folder on another one."
            )
    images, skipped = found
    _check_skipped(classes, skipped, settings.max_corrupt)
    kept = classes.without(place for place, _ in skipped)
    kept.check(what="images")
    return Arrays(
        kind="image",
        xs=(images,),
        y=kept.labels,
        class_names=kept.class_names,
        rules=kept.rules,
        notes=(
            *cache.notes,
            *classes.notes,
            *known["notes"],
            *_skipped_notes(classes, skipped),
            *imbalance_note(kept.labels, kept.class_names),
        ),
        digest=known["content"],
    )


Skipped = list[tuple[int, str]]
"""Places of files that are no images, with reasons."""


def _read(cache: ImageCache, known: Mapping[str, Any]) -> tuple[Array, Skipped] | None:
    """Map the array that a listing leads to; None if it is gone or damaged."""
    try:
        found = cache.read_array(known["content"], tuple(known["sizes"]))
        if found is None:
            return None
        images, told = found
        return images, [(int(place), str(reason)) for place, reason in told["skipped"]]
    except (KeyError, TypeError, ValueError):  # Somebody wrote something else.
        return None


def _make(cache: ImageCache, classes: ClassFolders, settings: _Settings) -> dict[str, Any]:
    """Look at all files and decode them, unless the same content is decoded already.

    Returns:
        What to remember of the listing: `content`, the shape of an image as `sizes`, and `notes`.

    Raises:
        DataError: Too many cannot be decoded.
    """
    paths = [path_of(classes.folder, file.name) for file in classes.files]
    looks = look(paths)
    bad = [(place, found.reason) for place, found in enumerate(looks) if found.header is None]
    _check_skipped(classes, bad, settings.max_corrupt)
    headers = [found.header for found in looks if found.header is not None]
    shape = chosen_shape(headers, size=settings.size, color=settings.color)
    content = _hash(
        [
            [_DECODER, *shape.sizes, settings.fit],
            [found.digest.hex() or found.reason for found in looks],
        ]
    )
    good = [place for place, found in enumerate(looks) if found.header is not None]

    def write(append: Any) -> dict[str, Any]:
        skipped = list(bad)
        with closing(decoded([paths[place] for place in good], shape, settings.fit)) as batches:
            for images, failed in batches:
                skipped += [(good[at], reason) for at, reason in failed]
                _check_skipped(classes, skipped, settings.max_corrupt)
                append(images)
        return {"skipped": sorted(skipped)}

    if cache.read_array(content, shape.sizes) is None:
        cache.write_array(content, shape.sizes, len(good), write)
    return {
        "content": content,
        "sizes": shape.sizes,
        "notes": [*_shape_notes(headers, shape, settings), *_copy_notes(classes, looks)],
    }


def _hash(content: object) -> str:
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def _check_skipped(classes: ClassFolders, skipped: Skipped, most: float) -> None:
    """Refuse a folder of which too much cannot be decoded."""
    if len(skipped) > floor(most * len(classes) + 1e-9):
        allowed = f"at most {most:.2%} may be left out" if most else "none may be left out"
        raise DataError(
            f"{classes.source}: {len(skipped)} or more of {len(classes)} files are no images that can be "
            f"decoded, and {allowed}: {_reasons(classes, skipped)}. Mend or remove them, or allow more by "
            "max_corrupt."
        )


def _reasons(classes: ClassFolders, skipped: Skipped) -> str:
    told = [f"{classes.files[place].name!r} {reason}" for place, reason in skipped[:_NAMED]]
    return "; ".join(told) + ("; ..." if len(skipped) > _NAMED else "")


def _skipped_notes(classes: ClassFolders, skipped: Skipped) -> tuple[str, ...]:
    if not skipped:
        return ()
    return (
        f"{len(skipped)} of {len(classes)} files cannot be decoded and are left out: "
        f"{_reasons(classes, skipped)}.",
    )


def _shape_notes(headers: Sequence[Any], shape: ImageShape, settings: _Settings) -> list[str]:
    """Say what images are brought to, and what was chosen for the user."""
    other = sum((h.height, h.width) != (shape.height, shape.width) for h in headers)
    notes = []
    if other:
        how = {"stretch": "stretched", "crop": "cropped", "pad": "padded"}[settings.fit]
        chosen = "" if settings.size else ", the size chosen for them (say size = ... for another)"
        notes.append(
            f"{other} of {len(headers)} images have another size than {shape.height} x {shape.width}{chosen}"
            f"; they are resized, and {how} where their aspect ratio is another."
        )
    grays = sum(header.gray for header in headers)
    if 0 < grays < len(headers) and shape.channels == 3:
        notes.append(f"{grays} of {len(headers)} images are gray, and read as colored.")
    if grays < len(headers) and shape.channels == 1:
        notes.append(
            f"{len(headers) - grays} of {len(headers)} images are colored, and read as gray."
        )
    return notes


def _copy_notes(classes: ClassFolders, looks: Sequence[Look]) -> list[str]:
    """Say how many images are there twice, and how many held-out ones are trained on."""
    places: dict[bytes, list[int]] = {}
    for place, found in enumerate(looks):
        if found.header is not None:
            places.setdefault(found.digest, []).append(place)
    copies = [same for same in places.values() if len(same) > 1]
    if not copies:
        return []
    notes = [
        f"Images that are exact copies of another: {listed([classes.files[s[1]].name for s in copies])}."
    ]
    splits = classes.splits
    if splits is None:
        return notes
    leaks = [
        at
        for same in copies
        for at in same
        if (splits[same] == TRAIN).any() and splits[at] != TRAIN
    ]
    if leaks:
        names = listed([classes.files[at].name for at in leaks])
        notes.append(
            f"Images held out that are in training too, which flatters the scores: {names}."
        )
    if any(len(np.unique(classes.labels[same])) > 1 for same in copies):
        notes.append("Some of these copies are in different classes.")
    return notes
