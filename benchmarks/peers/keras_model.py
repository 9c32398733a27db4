"""The Keras model of a case, and a clock that listens to `fit`; several peers train these."""

import math
import time
from typing import Any

import keras

from benchmarks.cases import ADAM, BATCH_NORM_EPSILON, BATCH_NORM_MOMENTUM, DROPOUT, Case
from dlsuite import create_model


def keras_model(case: Case) -> keras.Model:
    """Build the case's model as the suite does, without its penalties of weight 0.

    `fit` would compute them at every step, which no user asks of it who writes the model by hand.

    Raises:
        AssertionError: The suite's model is not the one that the case describes.
    """
    model = create_model(
        case.family, input_shape=case.input_shape, outputs=case.outputs, **case.settings
    )
    for variable in model.trainable_variables:
        variable.regularizer = None
    shapes = [tuple(weight.shape) for weight in model.weights]
    assert shapes == case.weight_shapes, f"expected weights {case.weight_shapes}; got {shapes}."
    assert all(weight.dtype == "float32" for weight in model.trainable_variables)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            assert (layer.momentum, layer.epsilon) == (BATCH_NORM_MOMENTUM, BATCH_NORM_EPSILON)
        if isinstance(layer, keras.layers.Dropout):
            assert layer.rate == (0 if case.family == "gru" else DROPOUT)
        if isinstance(layer, keras.layers.GRU):
            assert layer.reset_after
    return model


def adam(learning_rate: float) -> keras.optimizers.Adam:
    """Adam with the constants that all peers share."""
    return keras.optimizers.Adam(learning_rate, **ADAM)


def cross_entropy() -> keras.losses.Loss:
    """Cross-entropy of integer labels, from logits."""
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def trainable_parameters(model: keras.Model) -> int:
    """How many numbers are trained."""
    return sum(math.prod(variable.shape) for variable in model.trainable_variables)


class EpochClock(keras.callbacks.Callback):
    """Takes the time of each epoch of each training.

    Attributes:
        train: For each training, seconds of each epoch until validation begins.
        whole: For each training, seconds of each epoch with validation.
    """

    def __init__(self) -> None:
        super().__init__()
        self.train: list[list[float]] = []
        self.whole: list[list[float]] = []
        self._begun = 0.0

    def __deepcopy__(self, memo: dict[int, Any]) -> "EpochClock":
        # KerasTuner gives every trial a copy of the callbacks, whose times would be lost.
        return self

    def on_train_begin(self, logs: Any = None) -> None:
        """Open a training."""
        self.train.append([])
        self.whole.append([])

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Start."""
        self._begun = time.perf_counter()

    def on_test_begin(self, logs: Any = None) -> None:
        """Note the end of the epoch's steps."""
        self.train[-1].append(time.perf_counter() - self._begun)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Note the end of the epoch."""
        self.whole[-1].append(time.perf_counter() - self._begun)
