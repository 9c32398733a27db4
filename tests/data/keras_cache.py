"""Keras's cache of downloads, in a test's own folder, with small files in the formats that it has."""

import gzip
import io
import json
import pickle
import tarfile
import urllib.error
from pathlib import Path

import numpy as np
from keras.src.backend import config
from keras.src.utils import file_utils

from dlsuite.data import classics
from dlsuite.data.downloads import DOWNLOADS

URL_ERROR = urllib.error.URLError("[Errno -2] Name or service not known")
WORDS = {"the": 1, "and": 2, "film": 3, "it's": 4, "good": 5, "bad": 6}
RANKS = [[1, 3, 5], [6, 3], [4, 5, 2, 5], [1, 6]]


def archive(**arrays):
    written = io.BytesIO()
    np.savez(written, **arrays)
    return written.getvalue()


def lists(of):
    held = np.empty(len(of), dtype=object)
    held[:] = of
    return held


def gray_images(number, seed):
    return np.random.default_rng(seed).integers(256, size=(number, 28, 28)).astype(np.uint8)


def cifar_batches():
    """One image a batch; Keras's loader repeats it to the number that it expects."""
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w:gz") as tar:
        for label, name in enumerate([*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]):
            pixels = np.full((1, 3072), 10 * label, dtype=np.uint8)
            pixels[:, :1024] += 1
            batch = pickle.dumps({b"data": pixels, b"labels": [label]}, protocol=3)
            member = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            member.size = len(batch)
            tar.addfile(member, io.BytesIO(batch))
    return written.getvalue()


def idx(array, header):
    return gzip.compress(bytes(header) + array.tobytes())


Y, Y_TEST = np.arange(80, dtype=np.uint8) % 10, np.arange(20, dtype=np.uint8) % 10
SMALL = {
    "mnist.npz": lambda: archive(
        x_train=gray_images(80, 0), y_train=Y, x_test=gray_images(20, 1), y_test=Y_TEST
    ),
    "train-labels-idx1-ubyte.gz": lambda: idx(Y, 8),
    "train-images-idx3-ubyte.gz": lambda: idx(gray_images(80, 0), 16),
    "t10k-labels-idx1-ubyte.gz": lambda: idx(Y_TEST, 8),
    "t10k-images-idx3-ubyte.gz": lambda: idx(gray_images(20, 1), 16),
    "cifar-10-batches-py-target_archive": cifar_batches,
    "california_housing.npz": lambda: archive(
        x=np.arange(800, dtype=np.float32).reshape(100, 8), y=np.arange(100, dtype=np.float32)
    ),
    "imdb.npz": lambda: archive(
        x_train=lists(RANKS * 5),
        y_train=np.array([1, 0, 1, 0] * 5),
        x_test=lists(RANKS[:2]),
        y_test=np.array([1, 0]),
    ),
    "imdb_word_index.json": lambda: json.dumps(WORDS).encode(),
    "reuters.npz": lambda: archive(x=lists(RANKS * 5), y=np.arange(20) % 4),
    "reuters_word_index.json": lambda: json.dumps(WORDS).encode(),
}


class KerasCache:
    """Keras's cache in a folder of the test's own, and a network that is off."""

    def __init__(self, folder, monkeypatch):
        self.asked = []
        monkeypatch.setenv("KERAS_HOME", str(folder))
        monkeypatch.setattr(config, "_KERAS_DIR", str(folder))
        self._monkeypatch = monkeypatch
        self.answer(URL_ERROR)

    def answer(self, error=None, write=lambda file: SMALL[file.name]()):
        """Let downloads fail, or write small files."""
        by_url = {file.url: file for files in DOWNLOADS.values() for file in files}

        def urlretrieve(url, target, report):
            self.asked.append((url, target))
            content = write(by_url[url]) if error is None else b"half a"
            Path(target).write_bytes(content)
            for block in range(3):
                report(block, len(content) // 2 + 1, len(content))
            if error is not None:
                raise error

        self._monkeypatch.setattr(file_utils, "urlretrieve", urlretrieve)

    def fill(self, name):
        """Have the files of a data set in the cache."""
        for file in DOWNLOADS[name]:
            file.path.parent.mkdir(parents=True, exist_ok=True)
            file.path.write_bytes(SMALL[file.name]())

    def trust(self):
        """Take small files for those that the checksums are of."""
        self._monkeypatch.setattr(file_utils, "validate_file", lambda *_, **__: True)


def forget():
    classics._images.cache_clear()
    classics._texts.cache_clear()
