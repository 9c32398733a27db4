"""Training on inputs that are gathered batch by batch: the same bits as on an array, without a copy of it."""

from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest

from dlsuite.data import ChannelScaler, Dataset, Gathered, Split
from dlsuite.models import create_model_for
from dlsuite.training.examples import place
from dlsuite.training.objective import Objective
from dlsuite.training.settings import TrainingSettings
from dlsuite.training.trainer import Trainer, TrialSetup

SPLITS = ("train", "validation", "test")


def as_arrays(data: Dataset) -> Dataset:
    """The same data set, with all inputs gathered beforehand."""
    splits = {name: getattr(data, name) for name in SPLITS}
    return replace(
        data, **{name: Split(np.asarray(split.x), split.y) for name, split in splits.items()}
    )


def images() -> Dataset:
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (75, 6, 6, 2), dtype=np.uint8)
    return Dataset.from_arrays(x, np.arange(75) % 3)


def windows() -> Dataset:
    """A series of two channels, of whose store each example is a window."""
    rng = np.random.default_rng(0)
    store = rng.normal(size=(120, 2)).astype(np.float32)
    at = np.arange(110)
    whole = Dataset.from_arrays(np.stack([store[a : a + 7] for a in at]), store[7:117, 0])
    cuts = {"train": at[:70], "validation": at[70:90], "test": at[90:]}
    return replace(
        whole,
        encoder=None,
        **{
            name: Split(Gathered(store, places, window=7), store[places + 7, 0])
            for name, places in cuts.items()
        },
    )


@pytest.mark.parametrize(("data", "model"), [(images(), "cnn"), (windows(), "gru")])
def test_training_on_gathered_inputs_is_that_on_arrays_to_the_bit(
    data: Dataset, model: str, reference: Any
) -> None:
    settings = {"filters": [3], "units": [4]} if model == "cnn" else {"units": [4]}
    plain = create_model_for(model, data, **settings)
    setups = [TrialSetup(plain, TrainingSettings(batch_size=16), seed) for seed in (0, 1)]

    lazy, eager = (
        Trainer(members=2).train(setups, given, epochs=2) for given in (data, as_arrays(data))
    )

    for first, second in zip(lazy, eager, strict=True):
        assert reference.same_bits(first, second)


def images_of_a_file(path: Path, mode: Literal["c", "r"]) -> tuple[Dataset, np.ndarray]:
    """Images whose store is mapped from a file, and the store."""
    data = images()
    assert isinstance(data.train.x, Gathered)
    np.save(path, data.train.x.store)
    store = np.load(path, mmap_mode=mode)
    splits = {
        name: replace(getattr(data, name), x=replace(getattr(data, name).x, store=store))
        for name in SPLITS
    }
    return replace(data, **splits), store


def test_a_mapped_file_is_not_copied(tmp_path: Path) -> None:
    mapped, store = images_of_a_file(tmp_path / "store.npy", "c")

    examples = place(mapped, Objective("classification"))
    store[:] = 9  # A private mapping: the file stays as it is, and a copy would not see it.

    assert (examples.store.numpy() == 9).all()
    assert mapped.nbytes < images().nbytes


def test_an_array_that_is_not_aligned_is_copied() -> None:
    room = np.zeros(75 * 72 + 1, np.uint8)
    odd = room[room.ctypes.data % 2 == 0 :][: 75 * 72].reshape(75, 6, 6, 2)
    data = images()

    def moved(name: str) -> Any:
        split = getattr(data, name)
        return replace(split, x=replace(split.x, store=odd))

    examples = place(
        replace(data, **{name: moved(name) for name in SPLITS}), Objective("classification")
    )

    odd[:] = 9
    assert (examples.store.numpy() == 0).all()


def test_inputs_are_scaled_on_the_device_as_in_the_data_set() -> None:
    data = images()
    examples = place(data, Objective("classification"))

    np.testing.assert_array_equal(examples.inputs(np.arange(45)), data.train.x[:])
    assert isinstance(data.encoder, ChannelScaler)


def test_a_prepared_data_set_is_not_copied() -> None:
    data = Dataset.from_arrays(np.random.default_rng(0).normal(size=(75, 3)), np.arange(75) % 3)
    examples = place(data, Objective("classification"))
    before = examples.inputs(np.arange(45)).numpy()
    np.testing.assert_array_equal(before, data.train.x)

    assert data.store is not None
    data.store[:] = 9

    assert (examples.store.numpy() == 9).all()


def test_arrays_of_ones_own_are_copied() -> None:
    x = np.zeros((96, 3), np.float32)
    splits = {name: Split(x[at : at + 32], np.arange(32) % 3) for name, at in AT.items()}
    data = replace(Dataset.from_arrays(x, np.arange(96) % 3), **splits)
    examples = place(data, Objective("classification"))

    x[:] = 9

    assert (examples.store.numpy() == 0).all()


AT = {"train": 0, "validation": 32, "test": 64}


def test_an_array_that_cannot_be_written_to_is_not_copied(tmp_path: Path) -> None:
    mapped, _ = images_of_a_file(tmp_path / "store.npy", "r")
    examples = place(mapped, Objective("classification"))

    np.load(tmp_path / "store.npy", mmap_mode="r+")[:] = 9

    assert (examples.store.numpy() == 9).all()
