"""How many members populations have: many of small models, few of large ones, by structure alone."""

from typing import Any

import keras

from dlsuite.models import create_model
from dlsuite.training.sizes import footprint, held_bytes, population_bytes, population_size


def cnn(size: int, **settings: Any) -> keras.Model:
    return create_model("cnn", input_shape=(size, size, 1), outputs=10, **settings)


def test_small_models_train_in_larger_populations() -> None:
    mlp = create_model("mlp", input_shape=(30,), outputs=2)
    sizes = [population_size(model, 32) for model in (mlp, cnn(8), cnn(28), cnn(256))]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] > sizes[1] > sizes[2] >= sizes[3] == 1


def test_what_is_vectorized_leaves_the_size_alone() -> None:
    assert footprint(cnn(8), 32) == footprint(cnn(8, dropout=0.5, l2=0.1), 32)


def test_larger_batches_and_nested_models_take_more() -> None:
    assert footprint(cnn(8), 64).step_bytes > footprint(cnn(8), 32).step_bytes
    inner = cnn(8)
    inputs = keras.Input((8, 8, 1))
    outer = keras.Model(inputs, inner(inputs))
    assert footprint(outer, 32).activations == footprint(inner, 32).activations
    assert footprint(outer, 32).parameters == sum(w.numpy().size for w in inner.weights)


def test_memory_grows_with_the_members() -> None:
    one = population_bytes(cnn(8), 32, members=1)
    assert population_bytes(cnn(8), 32, members=10) == 10 * one > 0


def test_a_process_holds_more_of_large_models_than_a_step_touches() -> None:
    small, large = cnn(8), create_model("mlp", input_shape=(13,), outputs=3, units=3000, depth=2)
    weights = 4 * footprint(large, 32).parameters
    assert held_bytes(small, 32, 1) < 2**25
    assert 14 * weights < held_bytes(large, 32, 1) < 20 * weights
    assert held_bytes(large, 32, 2) > held_bytes(large, 32, 1) + 10 * weights
