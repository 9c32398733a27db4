"""Processes that decode small images, of which most of the time is Python's, so that threads do not help.

They are started by their own command and not by `multiprocessing`, which would run the user's script again in
each of them. Whatever goes wrong with one is done by the caller instead.
"""

import contextlib
import os
import pickle
import subprocess
import sys
from collections.abc import Sequence
from queue import SimpleQueue
from types import TracebackType
from typing import IO, Any, Self

import numpy as np

from dlsuite.data.image_files import BadImage, Fit, Header, ImageShape, decode, quiet, read_content

Array = np.ndarray[Any, Any]
Decoded = tuple[Header | str, Array | None]
"""What a file says of its image, or why it cannot be decoded; and its pixels."""
Given = tuple[str, int, bytes]
"""A file's path, how many bytes it had when it was listed, and its bytes where they are at hand."""

_COMMAND = "from dlsuite.data.image_processes import work; work()"


class DecodingProcesses:
    """A few processes that decode images for as many threads.

    Args:
        count: How many.
        shape: What images are brought to.
        fit: How.
    """

    def __init__(self, count: int, shape: ImageShape, fit: Fit) -> None:
        self._order = (shape, fit)
        self._free: SimpleQueue[subprocess.Popen[bytes] | None] = SimpleQueue()
        self._all = [_started() for _ in range(count)]
        for process in self._all:
            self._free.put(process)

    def __enter__(self) -> Self:
        """Return the processes, which are started."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End them: at once, if something went wrong."""
        for process in self._all:
            if process is None:
                continue
            if error is not None:
                process.kill()
            for pipe in (process.stdin, process.stdout):
                assert pipe is not None
                with contextlib.suppress(OSError):  # It has ended with something unsaid.
                    pipe.close()
            process.wait()

    def decode(self, files: Sequence[Given]) -> list[Decoded]:
        """Decode images, in a process that is free, or here if it has ended."""
        process = self._free.get()
        try:
            if process is None:
                return decode_files(files, *self._order)
            assert process.stdin is not None
            assert process.stdout is not None
            pickle.dump((files, *self._order), process.stdin)
            process.stdin.flush()
            found: list[Decoded] = pickle.load(process.stdout)
        except (OSError, EOFError, pickle.PickleError, ValueError):
            process = None
            return decode_files(files, *self._order)
        else:
            return found
        finally:
            self._free.put(process)


def decode_files(files: Sequence[Given], shape: ImageShape, fit: Fit) -> list[Decoded]:
    """Decode images one after another; in the place of one that cannot be stands the reason."""
    return [_decode_file(*file, shape, fit) for file in files]


def work() -> None:
    """Decode whatever comes in, until nothing comes."""
    with quiet():
        _answer(sys.stdin.buffer, sys.stdout.buffer)


def _answer(asked: IO[bytes], told: IO[bytes]) -> None:
    while True:
        try:
            files, shape, fit = pickle.load(asked)
        except (EOFError, KeyboardInterrupt):
            return
        pickle.dump(decode_files(files, shape, fit), told)
        told.flush()


def _decode_file(path: str, size: int, content: bytes, shape: ImageShape, fit: Fit) -> Decoded:
    try:
        return decode(content or read_content(path, size), shape, fit)
    except BadImage as error:
        return str(error), None


def _started() -> subprocess.Popen[bytes] | None:
    """A process that waits for work; None where none can be started."""
    try:
        return subprocess.Popen(
            [sys.executable, "-c", _COMMAND],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
    except OSError:
        return None
