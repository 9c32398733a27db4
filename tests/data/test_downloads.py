"""Data sets that Keras downloads, by its own loaders, on small files of the same format."""

import gc
import gzip
import http.client
import io
import json
import pickle
import re
import shutil
import socket
import tarfile
import urllib.error
from pathlib import Path

import keras
import numpy as np
import pytest
from keras.src.backend import config as keras_config
from keras.src.utils import file_utils

from dlsuite.data import classics, data_entry, data_settings, list_data, load_data
from dlsuite.data.downloads import DOWNLOADS, download_size, fetch, keras_folder
from dlsuite.data.rows import FREE, TEST
from dlsuite.errors import DataError
from dlsuite.study.listings import listing

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


class Keras:
    """Keras's cache in a folder of the test's own, and a network that is off."""

    def __init__(self, monkeypatch):
        self.asked = []
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


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr(keras_config, "_KERAS_DIR", str(tmp_path))
    forget()
    yield Keras(monkeypatch)
    forget()


def read(name):
    return data_entry(name).read({})


@pytest.mark.parametrize("name", DOWNLOADS)
class TestEveryDownload:
    def test_is_listed_with_its_size_source_and_license(self, name):
        assert name in list_data()
        (row,) = listing("data", pattern=name)
        assert row["source"].endswith(f"; by Keras, {download_size(name)} downloaded on first use")
        assert row["license"] and row["what it is"]
        assert data_entry(name).download

    def test_asks_for_the_files_that_are_known(self, name, cache):
        cache.trust()
        cache.answer()
        read(name)
        assert cache.asked == [(file.url, str(file.path)) for file in DOWNLOADS[name]]

    def test_is_downloaded_once_with_one_line_that_says_so(self, name, cache, capfd):
        cache.trust()
        cache.answer()
        read(name)
        out, err = capfd.readouterr()
        assert (out, err) == ("", f"Downloading {name} ({download_size(name)}) ...\n")
        cache.answer(URL_ERROR)
        cache.asked.clear()
        forget()
        read(name)
        assert not cache.asked
        assert capfd.readouterr() == ("", "")

    def test_keeps_the_test_part_and_leaves_the_rest_to_lots(self, name, cache):
        cache.trust()
        cache.fill(name)
        raw = read(name)
        given = raw.rules.given
        assert data_entry(name).drawn and raw.rules.drawn
        assert len(given) == len(raw.labels if data_entry(name).kind == "text" else raw.y)
        tests = int((given == TEST).sum())
        assert (given[:-tests] == FREE).all() and (given[-tests:] == TEST).all()
        assert tests == {"cifar10": 1, "imdb": 2, "reuters": 4}.get(name, 20)

    def test_without_a_network_one_line_says_what_to_put_where(self, name, cache, tmp_path):
        with pytest.raises(DataError) as raised:
            load_data(name)
        said, files = str(raised.value), DOWNLOADS[name]
        assert said.startswith(
            f"data set {name!r}: {files[0].url} cannot be downloaded ([Errno -2]"
        )
        assert f"put what is fetched elsewhere into {files[0].path.parent}: " in said
        assert tmp_path in files[0].path.parents
        for file in files:
            assert f"{file.name} from {file.url}" in said
            assert not file.path.exists()
        assert "\n" not in said


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (
            urllib.error.HTTPError("a url", 404, "Not Found", None, None),
            "HTTP Error 404: Not Found",
        ),
        (
            urllib.error.ContentTooShortError("got only 5 out of 9 bytes", None),
            "got only 5 out of 9",
        ),
        (TimeoutError("The read operation timed out"), "The read operation timed out"),
        (http.client.RemoteDisconnected("closed without response"), "closed without response"),
        (OSError(28, "No space left on device"), "[Errno 28] No space left on device"),
    ],
)
def test_a_download_that_ends_early_says_why_and_leaves_nothing(cache, error, reason):
    cache.answer(error)
    with pytest.raises(DataError, match=rf"cannot be downloaded \({re.escape(reason)}"):
        load_data("mnist")
    assert not DOWNLOADS["mnist"][0].path.exists()


def test_only_what_is_missing_is_asked_for(cache):
    cache.trust()
    cache.fill("reuters")
    DOWNLOADS["reuters"][1].path.unlink()
    with pytest.raises(DataError) as raised:
        load_data("reuters")
    assert "reuters_word_index.json from " in str(raised.value)
    assert "reuters.npz" not in str(raised.value)


def test_a_damaged_file_is_downloaded_again(cache, capfd):
    path = DOWNLOADS["mnist"][0].path
    path.parent.mkdir()
    path.write_bytes(b"half a file")
    cache.answer()
    with pytest.raises(DataError) as raised:  # The small one has not the checksum either.
        load_data("mnist")
    assert [url for url, _ in cache.asked] == [DOWNLOADS["mnist"][0].url]
    said = str(raised.value)
    assert said.startswith(
        f"data set 'mnist': {path}: cannot be read (Incomplete or corrupted file"
    )
    assert said.endswith("Delete it, and it is downloaded again.")
    assert capfd.readouterr().out == ""


def test_a_damaged_file_that_cannot_be_downloaded_again_is_named(cache):
    path = DOWNLOADS["mnist"][0].path
    path.parent.mkdir()
    path.write_bytes(b"half a file")
    with pytest.raises(DataError) as raised:
        load_data("mnist")
    assert f"{path} was damaged, and is removed; https://" in str(raised.value)


@pytest.mark.parametrize(
    ("name", "number"), [("fashion_mnist", 1), ("fashion_mnist", 2), ("imdb", 1), ("mnist", 0)]
)
@pytest.mark.filterwarnings("ignore::ResourceWarning")  # NumPy leaves a broken archive open.
def test_a_file_cut_short_is_named_alone(cache, name, number):
    cache.trust()
    cache.fill(name)
    path = DOWNLOADS[name][number].path
    path.write_bytes(path.read_bytes()[:30])
    with pytest.raises(DataError) as raised:
        load_data(name)
    said = str(raised.value)
    del raised
    gc.collect()
    assert said.startswith(f"data set {name!r}: {path}: cannot be read (")
    assert said.endswith("). Delete it, and it is downloaded again.")
    others = [file.name for file in DOWNLOADS[name] if file.path != path]
    assert "\n" not in said and not any(other in said for other in others)


def test_files_that_do_not_belong_together_are_all_named(cache):
    cache.trust()
    cache.fill("fashion_mnist")
    DOWNLOADS["fashion_mnist"][0].path.write_bytes(idx(Y_TEST, 8))
    with pytest.raises(DataError, match=r"t10k-images-idx3-ubyte.gz: cannot be read \(cannot resh"):
        load_data("fashion_mnist")


def test_a_folder_in_place_of_a_file_is_said(cache):
    cache.trust()
    DOWNLOADS["mnist"][0].path.mkdir(parents=True)
    with pytest.raises(DataError, match=r"mnist.npz: Is a directory\.$"):
        load_data("mnist")


def test_what_is_no_matter_of_files_is_not_explained_away(cache, monkeypatch):
    def broken():
        raise RuntimeError("something else")

    cache.fill("mnist")
    monkeypatch.setattr(keras.datasets.mnist, "load_data", broken)
    with pytest.raises(RuntimeError, match="something else"):
        load_data("mnist")


def test_a_number_without_a_word_is_refused(cache):
    cache.trust()
    cache.fill("imdb")
    DOWNLOADS["imdb"][1].path.write_text(json.dumps({"the": 1}))
    with pytest.raises(DataError, match=r"for every number in imdb.npz; there is none for [2-6]\."):
        load_data("imdb")


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist"])
def test_gray_images_stay_as_they_come_until_they_are_scaled(cache, name):
    cache.trust()
    cache.fill(name)
    raw = read(name)
    assert [(x.shape, x.dtype) for x in raw.xs] == [
        ((80, 28, 28, 1), np.uint8),
        ((20, 28, 28, 1), np.uint8),
    ]
    np.testing.assert_array_equal(raw.xs[0][..., 0], gray_images(80, 0))
    np.testing.assert_array_equal(raw.y, np.concatenate([Y, Y_TEST]))
    data = load_data(name, input_scaling="none")
    assert (len(data.train), len(data.validation), len(data.test)) == (60, 20, 20)
    np.testing.assert_array_equal(np.asarray(data.test.x)[..., 0], gray_images(20, 1))
    assert data.kind == "image" and data.outputs == 10
    other = load_data(name, input_scaling="none", split_seed=1)
    np.testing.assert_array_equal(np.asarray(other.test.x), np.asarray(data.test.x))
    assert not np.array_equal(np.asarray(other.validation.x), np.asarray(data.validation.x))


def test_color_images_have_channels_last_and_their_labels(cache):
    cache.trust()
    cache.fill("cifar10")
    raw = read("cifar10")
    assert raw.xs[0].shape == (50_000, 32, 32, 3) and raw.xs[0].dtype == np.uint8
    for label in range(5):
        at = 10_000 * label
        assert set(raw.y[at : at + 10_000]) == {label}
        assert raw.xs[0][at, 5, 5].tolist() == [10 * label + 1, 10 * label, 10 * label]
    assert raw.xs[1].shape == (1, 32, 32, 3) and raw.y[-1] == 5
    assert raw.class_names[3] == "cat" and len(raw.class_names) == 10


def test_clothes_have_their_names(cache):
    cache.trust()
    cache.fill("fashion_mnist")
    assert read("fashion_mnist").class_names[::9] == ("T-shirt/top", "Ankle boot")


def test_houses_keep_their_columns_and_their_price(cache):
    cache.trust()
    cache.fill("california_housing")
    data = load_data("california_housing", input_scaling="none")
    assert data.feature_names[:2] == ("longitude", "latitude") and len(data.feature_names) == 8
    for split, size in ((data.train, 60), (data.validation, 20), (data.test, 20)):
        assert len(split) == size
        np.testing.assert_array_equal(split.x[:, 0], 8 * split.y)


@pytest.mark.parametrize("name", ["imdb", "reuters"])
def test_numbers_become_the_words_that_they_stand_for(cache, name):
    cache.trust()
    cache.fill(name)
    raw = read(name)
    words = list(WORDS)
    texts = [" ".join(words[rank - 1] for rank in ranks) for ranks in RANKS]
    assert texts[2] == "it's good and good"
    # Keras shuffles; a text keeps its label.
    expected = {("imdb", i): 1 - i % 2 for i in range(4)} | {("reuters", i): i for i in range(4)}
    assert all(
        label == expected[name, texts.index(text)]
        for text, label in zip(raw.texts, raw.labels, strict=True)
    )
    assert set(raw.texts) == set(texts)
    assert (raw.tokens, raw.max_tokens) == ("words", 10_000)
    assert (
        raw.class_names[:2]
        == {"imdb": ("negative", "positive"), "reuters": ("cocoa", "grain")}[name]
    )
    assert len(raw.class_names) == {"imdb": 2, "reuters": 46}[name]


def test_texts_take_a_length_and_a_number_of_words(cache):
    assert [data_settings(name)["length"].default for name in ("imdb", "reuters")] == [200, 100]
    cache.trust()
    cache.fill("imdb")
    data = load_data("imdb", length=3, max_tokens=2)
    assert data.train.x.shape == (15, 3) and len(data.test) == 2
    assert data.class_names == ("negative", "positive")


def test_keras_is_left_as_it_was(cache):
    cache.trust()
    cache.answer()
    assert keras.config.is_interactive_logging_enabled()
    fetch("mnist")
    assert keras.config.is_interactive_logging_enabled() and socket.getdefaulttimeout() is None


def test_the_folder_is_that_of_keras(monkeypatch, tmp_path):
    monkeypatch.delenv("KERAS_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".keras").mkdir()
    assert keras_folder() == tmp_path / ".keras"
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "none"))
    assert keras_folder().name == ".keras" and tmp_path not in keras_folder().parents
    shutil.copytree(tmp_path / ".keras", tmp_path / "none")
    assert keras_folder() == tmp_path / "none"
