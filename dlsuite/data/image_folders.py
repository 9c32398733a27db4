"""Images from folders of classes: the settings they take, and what becomes of them.

Which files are of which class is told by `dlsuite.data.class_folders`, how one is decoded by
`dlsuite.data.image_files`, and how decoded ones are kept by `dlsuite.data.image_cache`.
"""

import hashlib
import os
import time
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from dlsuite.data.class_folders import ClassFolders, list_class_folders
from dlsuite.data.folders import IMAGE_SUFFIXES
from dlsuite.data.image_arrays import ImageSettings, decoded_images, reasons
from dlsuite.data.image_cache import image_cache
from dlsuite.data.image_files import Fit
from dlsuite.data.image_reading import Color
from dlsuite.data.raw import Arrays
from dlsuite.data.recent import Recent
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

_LONG_LISTING = 0.1
"""Seconds."""
_kept: Recent[Arrays] = Recent(lambda arrays: int(arrays.y.nbytes))
_listings: dict[tuple[str, str, tuple[str, ...]], "_Listing"] = {}


@dataclass(frozen=True, eq=False)
class _Listing:
    """A listing, what tells it from another, and until when it need not be made again."""

    classes: ClassFolders
    state: str
    until: float


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
        they are read. They cannot be written to.

    Raises:
        DataError: The folder holds no images of two classes or more, or too many that cannot be decoded.
    """
    # A single number or a list comes from Python; a study's are checked before.
    sides = (size, size) if isinstance(size, int) else None if size is None else tuple(size)
    settings = ImageSettings(size=sides, color=color, fit=fit, max_corrupt=max_corrupt)  # type: ignore[arg-type]
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
    asked = (path, os.path.abspath(path), drop)
    known = _listings.get(asked)
    if known is not None and began < known.until:
        return known
    classes = list_class_folders(path, suffixes=IMAGE_SUFFIXES, what="images", drop=drop)
    # A copy of the folder is another listing: times can be copied along with other content.
    facts = [f"{classes.folder}\0{drop}"]
    facts += [f"{f.name}\0{f.size}\0{f.modified}\0{f.changed}" for f in classes.files]
    state = hashlib.sha256("\0\0".join(facts).encode("utf-8", "surrogateescape")).hexdigest()
    now = time.monotonic()
    listing = _Listing(classes, state, until=now + 20 * (now - began))
    _listings.clear()
    if now - began > _LONG_LISTING:
        _listings[asked] = listing
    return listing


def _arrays(listing: _Listing, settings: ImageSettings) -> Arrays:
    classes = listing.classes
    classes.check(what="images")
    cache = image_cache()
    found = decoded_images(cache, classes, listing.state, settings)
    kept = classes.without(place for place, _ in found.skipped) if found.skipped else classes
    kept.check(what="images")
    left_out: tuple[str, ...] = ()
    if found.skipped:
        left_out = (
            f"{len(found.skipped)} of {len(classes)} files cannot be decoded and are left out: "
            f"{reasons(classes, found.skipped)}.",
        )
    return Arrays(
        kind="image",
        xs=(found.images,),
        y=kept.labels,
        class_names=kept.class_names,
        rules=kept.rules,
        notes=(
            *cache.notes,
            *classes.notes,
            *left_out,
            *found.notes,
            *imbalance_note(kept.labels, kept.class_names, rows="images"),
        ),
        digest=found.content,
    )
