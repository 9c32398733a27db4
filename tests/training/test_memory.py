"""Models that nobody uses any more give their memory back before it is missed."""

import gc
import weakref

import keras

from dlsuite.training.memory import litter, weight_bytes


def large() -> keras.Model:
    return keras.Sequential([keras.Input((4000,)), keras.layers.Dense(4000, "relu")])


def test_large_models_are_freed_though_python_has_not_looked_for_them() -> None:
    gc.collect()
    gc.disable()  # As it is while few objects are made.
    try:
        model = large()
        size, layer = weight_bytes(model), weakref.ref(model.layers[0])
        assert size == 4 * (4000 * 4000 + 4000)
        del model
        assert layer() is not None
        for _ in range(5):
            litter.add(size)
        assert layer() is None
    finally:
        gc.enable()
