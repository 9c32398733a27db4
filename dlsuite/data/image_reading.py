"""All images of a folder: looked at, brought to one shape, decoded side by side.

Threads do it: Pillow lets go of Python while it decodes, and processes would have to be started. Of small
files most of the time is Python's, which two threads only wait for: they are decoded by processes where they
are many, else by one thread. Some images are handed to a thread at once, and a bounded number of these are
under way, so that memory stays bounded however many images there are.
"""

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np

from dlsuite.data.image_files import (
    BadImage,
    Fit,
    Header,
    ImageShape,
    digest_of,
    quiet,
    read_content,
    read_header,
)
from dlsuite.data.image_processes import Decoded, DecodingProcesses, Given, decode_files
from dlsuite.progress import working

Color = Literal["gray", "rgb"]
"""What images are read as."""
LONGEST_SIDE = 64
"""Where no size is given, images are made no larger, so that a convolutional network trains on a CPU."""
SHORTEST_SIDE = 8
"""Nor are they made smaller."""
Array = np.ndarray[Any, Any]
Made = TypeVar("Made")

_MOST_THREADS = 16
_TOGETHER = 64
"""Images that a thread is handed at once."""
_SMALL = 2**13
"""Files of fewer bytes, on average, are left to one thread, or to processes."""
_MANY = 8000
"""Of so many small files and more, processes are worth their start: about a second each."""
_MOST_KEPT = 2**28
"""Files of no more bytes on the whole are read once, and held in memory until they are decoded."""
_SAMPLE = 100
"""Images that are looked at to guess the shape of all."""


@dataclass(frozen=True, slots=True)
class ImageFile:
    """A file to read.

    Attributes:
        path: Where it is.
        size: How many bytes it had when it was listed.
        content: Its bytes, where they are at hand.
    """

    path: str
    size: int
    content: bytes = b""

    def read(self) -> bytes:
        """Its bytes.

        Raises:
            BadImage: They cannot be read.
        """
        return self.content or read_content(self.path, self.size)


Bad = str
"""Why a file is no image that can be decoded."""


def read_files(files: Sequence[ImageFile]) -> tuple[list[ImageFile], list[str]]:
    """Read all files.

    Returns:
        The files, with their contents if all of them are few bytes; and what tells the content of each from
        any other: why it cannot be read, where that is so.
    """
    keep = sum(file.size for file in files) <= _MOST_KEPT

    def read(file: ImageFile) -> tuple[ImageFile, str]:
        try:
            content = file.read()
        except BadImage as error:
            return file, f"{error}"
        return replace(file, content=content) if keep else file, digest_of(content)

    found = list(_one_thread_each(read, files, "Reading images"))
    return [file for file, _ in found], [digest for _, digest in found]


def read_headers(files: Sequence[ImageFile]) -> list[Header | Bad]:
    """Read what all files say of their images."""

    def read(file: ImageFile) -> Header | Bad:
        try:
            return read_header(file.read())
        except BadImage as error:
            return str(error)

    return list(_one_thread_each(read, files, "Looking at images"))


def decoded(
    files: Sequence[ImageFile], shape: ImageShape, fit: Fit
) -> Generator[tuple[Array, list[Header | Bad]]]:
    """Decode images, a few at a time.

    Args:
        files: Their files.
        shape: What they are brought to.
        fit: How.

    Yields:
        Those that can be decoded, uint8 `[n, height, width, channels]` in the order of the files; and for
        each of the files what it says of its image, or why it cannot be decoded.
    """
    many = max(1, min(_TOGETHER, 2**24 // shape.bytes))
    with (
        _decoders(files, shape, fit) as (decode_some, threads),
        closing(
            _side_by_side(decode_some, files, "Decoding images", many, threads=threads)
        ) as one_by_one,
    ):
        for found in _batches(one_by_one, many):
            good = [image for _, image in found if image is not None]
            images = np.stack(good) if good else np.empty((0, *shape.sizes), np.uint8)
            yield images, [told for told, _ in found]


@contextmanager
def _decoders(
    files: Sequence[ImageFile], shape: ImageShape, fit: Fit
) -> Iterator[tuple[Callable[[Sequence[ImageFile]], list[Decoded]], int]]:
    """Say who decodes some files, the thread that is handed them or a process for it; and the threads."""

    def given(some: Sequence[ImageFile]) -> list[Given]:
        return [(file.path, file.size, file.content) for file in some]

    threads = _threads()
    if _are_small(files) and len(files) >= _MANY and threads > 1:
        with DecodingProcesses(threads, shape, fit) as processes:
            yield lambda some: processes.decode(given(some)), threads
    else:
        alone = 1 if _are_small(files) else threads
        yield lambda some: decode_files(given(some), shape, fit), alone


def _are_small(files: Sequence[ImageFile]) -> bool:
    return sum(file.size for file in files) < _SMALL * len(files)


def sample(files: Sequence[ImageFile]) -> Sequence[ImageFile]:
    """A few of the files, evenly spread."""
    return files[:: max(1, len(files) // _SAMPLE)]


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


def _one_thread_each(
    do: Callable[[ImageFile], Made], files: Sequence[ImageFile], what: str
) -> Generator[Made]:
    """Do the same with many files in threads, file by file; what comes of them, in their order."""
    threads = 1 if _are_small(files) else _threads()
    return _side_by_side(lambda some: [do(file) for file in some], files, what, threads=threads)


def _side_by_side(
    do: Callable[[Sequence[ImageFile]], list[Made]],
    files: Sequence[ImageFile],
    what: str,
    many: int = _TOGETHER,
    *,
    threads: int,
) -> Generator[Made]:
    """Do the same with many files in threads, some at once; what comes of them, in their order."""
    under_way: deque[Future[list[Made]]] = deque()
    with quiet(), working(what, len(files)) as advance, ThreadPoolExecutor(threads) as pool:
        try:
            for some in _slices(files, many):
                under_way.append(pool.submit(do, some))
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


def _slices(given: Sequence[ImageFile], size: int) -> Iterator[Sequence[ImageFile]]:
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
