"""Data sets of a study: loaded once, held while there is room, and known by their fingerprints."""

from dataclasses import replace

import numpy as np
import pytest

from dlsuite.data import Recent, add_data, make_arrays, unregister_data
from dlsuite.spec import Study
from dlsuite.study import make_plan
from dlsuite.study import setups as cache
from dlsuite.study.setups import fingerprint_of, load


@pytest.fixture
def trials():
    draws = np.random.default_rng(0)
    add_data("mine", make_arrays(draws.normal(size=(200, 8)), np.arange(200) % 2))
    study = Study(
        name="sizes",
        tasks=[{"model": "mlp", "data": "mine"}],
        factors={"train_size": [20, 60, 100]},
        seeds=1,
        epochs=1,
    )
    yield make_plan(study).trials
    unregister_data("mine")


def test_a_data_set_is_loaded_once_and_let_go_for_want_of_room(trials, monkeypatch):
    monkeypatch.setattr(cache, "_data", Recent(lambda data: data.train.x.nbytes, 80 * 8 * 4))
    first, second, third = (load(trial) for trial in trials)
    assert [len(data.train) for data in (first, second, third)] == [20, 60, 100]
    assert load(trials[2]) is third
    assert load(trials[0]) is not first


def test_a_fingerprint_outlives_its_data(trials, monkeypatch):
    known = [fingerprint_of(trial) for trial in trials]
    assert known == [load(trial).fingerprint for trial in trials]
    monkeypatch.setattr(cache, "load_data", None)
    monkeypatch.setattr(cache, "_data", Recent(lambda data: 1))
    assert [fingerprint_of(trial) for trial in trials] == known


def test_another_data_set_of_the_same_name_is_another(trials):
    before = fingerprint_of(trials[0])
    unregister_data("mine")
    add_data("mine", make_arrays(np.ones((200, 8)) * np.arange(200)[:, None], np.arange(200) % 2))
    assert fingerprint_of(replace(trials[0])) != before


def test_a_file_that_changes_is_another_data_set(tmp_path):
    path = tmp_path / "people.csv"
    prints = []
    for scale in (1, 2):
        rows = "".join(f"{(i * 7 % 50) * scale},{i / 3}\n" for i in range(50))
        path.write_text("x,y\n" + rows)
        settings = {
            "target": "y",
            "train_size": None,
            "label_noise": 0.0,
            "input_scaling": "none",
            "split_seed": 0,
        }
        trial = on_file(str(path), settings)
        prints.append(fingerprint_of(trial))
    assert prints[0] != prints[1]


def on_file(path, settings):
    """A trial on a file."""
    plain = make_plan(
        Study(
            name="wine",
            tasks=[{"model": "mlp", "data": "wine"}],
            factors={"dropout": [0.1]},
            seeds=1,
        )
    ).trials[0]
    return replace(plain, data=path, data_settings=settings)


def test_the_newest_thing_is_kept_however_large():
    kept = Recent(len, 10)
    made = []

    def make(size):
        made.append(size)
        return "x" * size

    for size in (4, 5, 4, 30, 30, 4):
        kept.get(size, lambda size=size: make(size))
    assert made == [4, 5, 30, 4] and len(kept) == 1


def test_what_is_too_large_is_made_anew_each_time_and_pushes_nothing_out() -> None:
    kept = Recent(len, 10, largest=4)
    made: list[str] = []

    def make(text: str) -> str:
        made.append(text)
        return text

    for text in ("abc", "abcde", "abc", "abcde"):
        assert kept.get(text, lambda text=text: make(text)) == text  # type: ignore[misc]

    assert made == ["abc", "abcde", "abcde"]
    assert len(kept) == 1


def test_no_more_are_kept_than_a_number() -> None:
    kept = Recent(lambda text: len(text), 8, number=2)
    for text in ("a", "b", "a", "c"):
        kept.get(text, lambda text=text: text)
    assert kept.things == ["a", "c"]
    kept.get("long", lambda: "long" * 2)
    assert kept.things == ["long" * 2]
    kept.clear()
    assert kept.things == []
