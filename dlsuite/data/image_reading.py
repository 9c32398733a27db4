"""All images of a folder: looked at, brought to one shape, decoded side by side.

Threads do it: Pillow lets go of Python while it decodes, and processes would have to be started. A few dozen
images are handed to a thread at once, and a bounded number of these are under way, so that memory stays
bounded however many images there are.
"""

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np

from dlsuite.data.image_files import (
    BadImage,
    Fit,
    Header,
    ImageShape,
    decode,
    digest_of,
    quiet,
    read_content,
    read_header,
)
from dlsuite.progress import working

Color = Literal["gray", "rgb"]
"""What images are read as."""
LONGEST_SIDE = 64
"""Where no size is given, images are made no larger, so that a convolutional network trains on a CPU."""
SHORTEST_SIDE = 8
"""Nor are they made smaller."""
Array = np.ndarray[Any, Any]
Given = TypeVar("Given")
Made = TypeVar("Made")

_MOST_THREADS = 16
_TOGETHER = 32
"""Images that a thread is handed at once."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a first look at a file tells.

    Attributes:
        digest: What tells its content from any other; empty where it cannot be read.
        header: What it says of its image; None if it is none.
        reason: Why it is none.
    """

    digest: bytes
    header: Header | None
    reason: str = ""


def look(paths: Sequence[str]) -> list[Look]:
    """Read all files, and what they say of their images."""
    return list(_side_by_side(_look, paths, "Looking at images"))


def decoded(
    paths: Sequence[str], shape: ImageShape, fit: Fit
) -> Generator[tuple[Array, list[tuple[int, str]]]]:
    """Decode images, a few at a time.

    Args:
        paths: Their files.
        shape: What they are brought to.
        fit: How.

    Yields:
        Those that can be decoded, uint8 `[n, height, width, channels]` in the order of the paths; and the
        places among the paths of those that cannot, with reasons.
    """

    def decode_one(path: str) -> Array | str:
        try:
            return decode(read_content(path), shape, fit)
        except BadImage as error:
            return str(error)

    begin = 0
    many = max(1, min(_TOGETHER, 2**24 // shape.bytes))
    for found in _batches(_side_by_side(decode_one, paths, "Decoding images", many), many):
        good = [image for image in found if not isinstance(image, str)]
        bad = [(begin + at, why) for at, why in enumerate(found) if isinstance(why, str)]
        yield np.stack(good) if good else np.empty((0, *shape.sizes), np.uint8), bad
        begin += len(found)


def chosen_shape(
    headers: Sequence[Header], *, size: tuple[int, int] | None, color: Color | None
) -> ImageShape:
    """Choose the shape that images are brought to.

    Args:
        headers: What the files say.
        size: Height and width. If None, those that half of the images have, or more; else the median height
            and the median width. Both are made smaller alike until none is above `LONGEST_SIDE`.
        color: `gray` or `rgb`. If None, `gray` where no file has colors.
    """
    gray = all(header.gray for header in headers) if color is None else color == "gray"
    channels = 1 if gray else 3
    if size is not None:
        return ImageShape(*size, channels)
    sizes = np.array([(header.height, header.width) for header in headers])
    different, counts = np.unique(sizes, axis=0, return_counts=True)
    usual = int(np.argmax(counts))
    common = 2 * counts[usual] >= len(sizes)
    height, width = different[usual] if common else np.median(sizes, axis=0)
    smaller = min(1.0, LONGEST_SIDE / max(height, width))
    bounded = [max(SHORTEST_SIDE, round(float(side * smaller))) for side in (height, width)]
    return ImageShape(bounded[0], bounded[1], channels)


def _look(path: str) -> Look:
    digest = b""
    try:
        content = read_content(path)
        digest = digest_of(content)
        return Look(digest, read_header(content))
    except BadImage as error:
        return Look(digest, None, str(error))


def _side_by_side(
    do: Callable[[Given], Made], given: Sequence[Given], what: str, many: int = _TOGETHER
) -> Iterator[Made]:
    """Do the same with many things in threads; what comes of them, in their order."""

    def do_some(some: Sequence[Given]) -> list[Made]:
        return [do(one) for one in some]

    threads = _threads()
    under_way: deque[Future[list[Made]]] = deque()
    with quiet(), working(what, len(given)) as advance, ThreadPoolExecutor(threads) as pool:
        try:
            for some in _slices(given, many):
                under_way.append(pool.submit(do_some, some))
                if len(under_way) >= 3 * threads:
                    yield from _told(under_way.popleft().result(), advance)
            while under_way:
                yield from _told(under_way.popleft().result(), advance)
        finally:
            for future in under_way:
                future.cancel()


def _told(made: list[Made], advance: Callable[[int], None]) -> list[Made]:
    advance(len(made))
    return made


def _slices(given: Sequence[Given], size: int) -> Iterator[Sequence[Given]]:
    for at in range(0, len(given), size):
        yield given[at : at + size]


def _batches(given: Iterable[Made], size: int) -> Iterator[list[Made]]:
    batch: list[Made] = []
    for one in given:
        batch.append(one)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def _threads() -> int:
    """As many as processors may be used."""
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, min(_MOST_THREADS, available or 1))


def path_of(folder: Path, name: str) -> str:
    """The path of a file below a folder."""
    return os.path.join(folder, *name.split("/"))
