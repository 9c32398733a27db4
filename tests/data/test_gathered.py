"""Gathered inputs: like the array that they stand for, without being it."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlsuite.data import ChannelScaler, Dataset, Gathered
from dlsuite.data.gathered import aligned_empty, is_aligned


@st.composite
def gathered_inputs(draw: st.DrawFn) -> tuple[Gathered, np.ndarray[Any, Any]]:
    """Gathered inputs, and the array of the same examples."""
    seed = draw(st.integers(0, 99))
    rng = np.random.default_rng(seed)
    rows, channels = draw(st.integers(4, 30)), draw(st.integers(1, 3))
    window = draw(st.integers(0, 4))
    shape = (rows, channels) if window else (rows, 2, 3, channels)
    bytes_ = draw(st.booleans())
    store = (
        rng.integers(0, 256, shape, dtype=np.uint8)
        if bytes_
        else rng.normal(size=shape).astype("f4")
    )
    places = rng.integers(0, rows - window + 1 if window else rows, draw(st.integers(1, 12)))
    scaler = None
    if draw(st.booleans()):
        scaler = ChannelScaler(rng.normal(size=channels), rng.uniform(0.5, 2, channels))
    array = np.stack([store[at : at + window] if window else store[at] for at in places])
    array = array.astype(np.float32) if scaler is None else scaler.transform(array)
    return Gathered(store, places, window=window, scaler=scaler), array


@given(inputs=gathered_inputs(), data=st.data())
def test_gathered_inputs_are_indexed_like_the_array(
    inputs: tuple[Gathered, np.ndarray[Any, Any]], data: st.DataObject
) -> None:
    gathered, array = inputs
    chosen = np.array(data.draw(st.lists(st.integers(0, len(array) - 1), max_size=8)), dtype=int)
    first = data.draw(st.integers(0, len(array) - 1))

    assert (gathered.shape, gathered.ndim, gathered.dtype) == (array.shape, array.ndim, array.dtype)
    assert len(gathered) == len(array)
    for index in (first, slice(first, None), chosen, chosen.reshape(1, -1)):
        np.testing.assert_array_equal(gathered[index], array[index])
    np.testing.assert_array_equal(np.asarray(gathered), array)
    np.testing.assert_array_equal(gathered.take(chosen)[:], array[chosen])
    np.testing.assert_array_equal(np.concatenate(list(gathered.pieces())), array)


def test_bytes_scaled_batch_by_batch_are_the_array_scaled_at_once() -> None:
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (50, 5, 4, 3), dtype=np.uint8)
    y = np.arange(50) % 2

    lazy = Dataset.from_arrays(x, y)
    eager = Dataset.from_arrays(x.astype(np.float64), y)

    assert isinstance(lazy.train.x, Gathered)
    assert isinstance(eager.train.x, np.ndarray)
    assert lazy.nbytes < eager.nbytes
    np.testing.assert_allclose(np.asarray(lazy.train.x), eager.train.x, rtol=1e-6, atol=1e-6)
    with pytest.raises(AttributeError):
        lazy.train.x.store = x  # type: ignore[misc]


@given(
    shape=st.tuples(st.integers(2, 20), st.integers(1, 4), st.integers(1, 4), st.integers(1, 3)),
    seed=st.integers(0, 99),
)
def test_mean_and_deviation_of_bytes_are_those_of_the_standard_scaler(
    shape: tuple[int, ...], seed: int
) -> None:
    rng = np.random.default_rng(seed)
    store = rng.integers(0, 256, shape, dtype=np.uint8)
    places = np.flatnonzero(rng.integers(0, 2, shape[0]) | (np.arange(shape[0]) == 0))

    scaler, expected = ChannelScaler.fit_bytes(store, places), ChannelScaler.fit(store[places])

    np.testing.assert_allclose(scaler.mean, expected.mean, rtol=1e-12)
    np.testing.assert_allclose(scaler.scale, expected.scale, rtol=1e-12)


def test_a_constant_channel_of_bytes_is_not_divided_by_nothing() -> None:
    store = np.full((4, 2, 2, 2), 7, np.uint8)
    store[..., 1] = np.arange(16).reshape(4, 2, 2)

    scaler = ChannelScaler.fit_bytes(store, np.arange(4))

    assert scaler.scale[0] == 1.0
    np.testing.assert_array_equal(scaler.transform(store)[..., 0], 0)


def test_the_fingerprint_is_that_of_the_array() -> None:
    rng = np.random.default_rng(0)
    lazy = Dataset.from_arrays(
        rng.integers(0, 256, (40, 3, 3, 1), dtype=np.uint8), np.arange(40) % 2
    )
    splits = {
        name: replace(getattr(lazy, name), x=np.asarray(getattr(lazy, name).x))
        for name in ("train", "validation", "test")
    }

    assert replace(lazy, **splits).fingerprint == lazy.fingerprint


def test_with_a_digest_the_fingerprint_needs_no_reading_but_tells_the_choice_of_examples() -> None:
    class Unread(np.ndarray[Any, Any]):
        def __getitem__(self, index: Any) -> Any:
            raise AssertionError("the store was read")

    store = np.zeros((40, 3, 3, 1), np.uint8)
    data = Dataset.from_arrays(store, np.arange(40) % 2)

    def fingerprint(digest: str, **changes: Any) -> str:
        splits = {
            name: replace(
                getattr(data, name),
                x=replace(
                    getattr(data, name).x, store=store.view(Unread), digest=digest, **changes
                ),
            )
            for name in ("train", "validation", "test")
        }
        return replace(data, **splits).fingerprint

    found = [
        fingerprint("a"),
        fingerprint("b"),
        fingerprint("a", scaler=None),
        fingerprint("a", scaler=ChannelScaler(np.ones(1), np.ones(1))),
    ]

    assert len(set(found)) == len(found)
    assert fingerprint("a") == found[0]


def test_room_is_made_where_tensorflow_takes_it_without_a_copy() -> None:
    for shape in ((1,), (3, 5), (100, 7, 2)):
        array = aligned_empty(shape, np.float32)
        assert array.shape == shape
        assert array.dtype == np.float32
        assert is_aligned(array)
