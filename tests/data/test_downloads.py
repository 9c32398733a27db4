"""What Keras downloads, by its own loaders: asked for once, checked, and what is said when it fails."""

import gc
import http.client
import re
import shutil
import socket
import urllib.error

import keras
import pytest
from keras_cache import URL_ERROR, Y_TEST, forget, idx

from dlsuite.data import data_entry, list_data, load_data
from dlsuite.data.downloads import DOWNLOADS, download_size, fetch, keras_folder
from dlsuite.errors import DataError
from dlsuite.study.listings import listing


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
