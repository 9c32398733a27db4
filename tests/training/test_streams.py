"""The streams that all draws come from."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dlsuite.training.streams import batch_order, initializer_seed, stream_key

seeds = st.integers(0, 2**31 - 1)
epochs = st.integers(1, 100_000)


def test_stream_keys_are_what_stored_results_were_drawn_with() -> None:
    assert stream_key(0, "dropout", "dropout_1").tolist() == [-1218150899, 1718608036]
    assert stream_key(7, "batches").tolist() == [-238090454, 1966591467]
    assert initializer_seed(0, "dense_1/kernel_initializer") == 458353381


def test_batch_orders_are_what_stored_results_were_drawn_with() -> None:
    assert batch_order(0, 1, 8).tolist() == [7, 2, 0, 1, 3, 6, 5, 4]


@given(seed=seeds, epoch=epochs, examples=st.integers(1, 200))
def test_a_batch_order_is_a_permutation(seed: int, epoch: int, examples: int) -> None:
    order = batch_order(seed, epoch, examples)
    assert order.dtype == np.int32
    assert sorted(order.tolist()) == list(range(examples))


@given(seed=seeds, other_seed=seeds, epoch=epochs, other_epoch=epochs)
def test_a_batch_order_depends_on_seed_and_epoch_only(
    seed: int, other_seed: int, epoch: int, other_epoch: int
) -> None:
    order = batch_order(seed, epoch, 50).tolist()
    other = batch_order(other_seed, other_epoch, 50).tolist()
    np.random.seed(seed % 1000)
    assert batch_order(seed, epoch, 50).tolist() == order
    assert (order == other) == ((seed, epoch) == (other_seed, other_epoch))


@given(
    first=st.tuples(seeds, st.sampled_from(["dropout", "batches"]), st.text(max_size=5)),
    second=st.tuples(seeds, st.sampled_from(["dropout", "batches"]), st.text(max_size=5)),
)
def test_different_streams_have_different_keys(
    first: tuple[int, str, str], second: tuple[int, str, str]
) -> None:
    same_key = stream_key(*first).tolist() == stream_key(*second).tolist()
    assert same_key == (first == second)


@given(seed=seeds, path=st.text(max_size=20))
def test_an_initializer_seed_is_one_that_keras_takes(seed: int, path: str) -> None:
    assert 0 <= initializer_seed(seed, path) < 2**31
