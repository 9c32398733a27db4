"""Files that Keras's own loaders download: kept where Keras keeps them, checked as Keras checks them.

Keras is imported when one is fetched, not before. What the data are is left to `classics`; here a failure
becomes one line that says which file is missing or damaged, and what to do.
"""

import gzip
import os
import pickle
import socket
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dlsuite.errors import DataError
from dlsuite.quiet import import_tensorflow

_DAMAGED = (
    *(EOFError, LookupError, OSError, ValueError),
    *(pickle.UnpicklingError, zipfile.BadZipFile, zlib.error),
)
_SECONDS = 60.0
"""How long a server may say nothing before a download is given up."""


@dataclass(frozen=True)
class Download:
    """A file.

    Attributes:
        name: What Keras calls it in its cache.
        url: Where it comes from.
        size: Bytes.
        folder: The folder of the cache in which it is.
        function: The function of Keras's module that asks for it.
    """

    name: str
    url: str
    size: int
    folder: str = "datasets"
    function: str = "load_data"

    @property
    def path(self) -> Path:
        """Where it is kept."""
        return keras_folder() / self.folder / self.name


def _google(name: str, size: int, **where: str) -> Download:
    url = f"https://storage.googleapis.com/tensorflow/tf-keras-datasets/{name}"
    return Download(name, url, size, **where)


_FASHION = "datasets/fashion-mnist"
_INDEX = "get_word_index"
DOWNLOADS = {
    "california_housing": (_google("california_housing.npz", 743_530),),
    "cifar10": (
        Download(
            "cifar-10-batches-py-target_archive",
            "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
            170_498_071,
        ),
    ),
    "fashion_mnist": (
        _google("train-labels-idx1-ubyte.gz", 29_515, folder=_FASHION),
        _google("train-images-idx3-ubyte.gz", 26_421_880, folder=_FASHION),
        _google("t10k-labels-idx1-ubyte.gz", 5_148, folder=_FASHION),
        _google("t10k-images-idx3-ubyte.gz", 4_422_102, folder=_FASHION),
    ),
    "imdb": (
        _google("imdb.npz", 17_464_789),
        _google("imdb_word_index.json", 1_641_221, function=_INDEX),
    ),
    "mnist": (_google("mnist.npz", 11_490_434),),
    "reuters": (
        _google("reuters.npz", 2_110_848),
        _google("reuters_word_index.json", 550_378, function=_INDEX),
    ),
}
"""The files of each data set, in the order in which Keras asks for them."""


def download_size(name: str) -> str:
    """Say how large the files of a data set are, as in `11 MB`."""
    megabytes = sum(file.size for file in DOWNLOADS[name]) / 1e6
    return f"{megabytes:.0f} MB" if megabytes >= 10 else f"{megabytes:.1f} MB"


def keras_folder() -> Path:
    """Return the folder below which Keras keeps files: `KERAS_HOME`, else `.keras` in the home folder.

    Where it cannot be written Keras takes one among the temporary files. Right once Keras is imported, which
    makes the folder.
    """
    home = Path.home()
    default = (home if os.access(home, os.W_OK) else Path("/tmp")) / ".keras"
    folder = Path(os.environ.get("KERAS_HOME", default)).expanduser()
    if os.access(folder, os.W_OK):
        return folder
    return Path("/tmp" if Path("/tmp").is_dir() else tempfile.gettempdir()) / ".keras"


def fetch(name: str, function: str = "load_data", **arguments: Any) -> Any:
    """Call a function of `keras.datasets.<name>`, which downloads what is not in the cache.

    What Keras says about it to standard output is left out; one line to standard error says that something
    is downloaded.

    Args:
        name: A data set of `DOWNLOADS`.
        function: A function of its module.
        **arguments: What the function takes.

    Returns:
        What the function returns.

    Raises:
        DataError: A file cannot be downloaded, or what is in the cache cannot be read.
    """
    import_tensorflow()
    from keras import datasets

    before = [file for file in DOWNLOADS[name] if file.path.exists()]
    with _quietly():
        if len(before) < len(DOWNLOADS[name]) and function == "load_data":
            print(f"Downloading {name} ({download_size(name)}) ...", file=sys.stderr, flush=True)
        try:
            return getattr(getattr(datasets, name), function)(**arguments)
        except Exception as error:
            line = _what_to_do(name, function, before, error)
            if line is None:
                raise
            raise DataError(line) from error


@contextmanager
def _quietly() -> Iterator[None]:
    """Keep Keras's messages and progress bars off standard output, and let no download wait for ever."""
    from keras import config

    shown, seconds = config.is_interactive_logging_enabled(), socket.getdefaulttimeout()
    config.disable_interactive_logging()
    socket.setdefaulttimeout(seconds or _SECONDS)
    try:
        yield
    finally:
        socket.setdefaulttimeout(seconds)
        if shown:
            config.enable_interactive_logging()


def _what_to_do(name: str, function: str, before: list[Download], error: Exception) -> str | None:
    """Say what is wrong with which file; None if it is none of them."""
    missing = [file for file in DOWNLOADS[name] if not file.path.exists()]
    asked = [file for file in DOWNLOADS[name] if file.function == function]
    failed = [file for file in asked if file in missing]
    if failed:
        removed = f"{failed[0].path} was damaged, and is removed; " if failed[0] in before else ""
        wanted = ", ".join(f"{file.name} from {file.url}" for file in missing)
        return (
            f"{removed}{failed[0].url} cannot be downloaded ({_reason(error)}). Without a network, put "
            f"what is fetched elsewhere into {failed[0].path.parent}: {wanted}."
        )
    if not asked or not isinstance(error, _DAMAGED):
        return None
    if isinstance(error, OSError) and error.errno is not None:
        return f"{error.filename or asked[0].path}: {error.strerror}."
    damaged = [file for file in asked if not _unzips(file.path)] or asked
    paths = ", ".join(str(file.path) for file in damaged)
    return f"{paths}: cannot be read ({_reason(error)}). Delete it, and it is downloaded again."


def _unzips(path: Path) -> bool:
    """Whether a file with its own checksum is whole; others cannot be told."""
    if path.suffix != ".gz":
        return False
    try:
        with gzip.open(path) as opened:
            while opened.read(2**20):
                pass
    except (EOFError, OSError, zlib.error):
        return False
    return True


def _reason(error: Exception) -> str:
    """Say what went wrong, in the words of whoever noticed it first."""
    # Keras wraps what the server or the network said in a plain Exception.
    first = error.__context__ if type(error) is Exception and error.__context__ else error
    reason = first if hasattr(first, "code") else getattr(first, "reason", first)
    return " ".join(str(reason).split()).rstrip(".") or type(first).__name__
