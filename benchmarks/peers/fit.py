"""`model.fit`, one model after another, with Keras's defaults but for the batch size."""

import time

import keras

from benchmarks.cases import BATCH, Case
from benchmarks.peers.keras_model import (
    EpochClock,
    adam,
    cross_entropy,
    keras_model,
    trainable_parameters,
)
from benchmarks.peers.measured import Measured


def run(case: Case, *, models: int, epochs: int) -> Measured:
    """Fit models with validation after each epoch.

    Args:
        case: What is trained.
        models: How many models.
        epochs: Epochs of each; the first, which compiles, is not counted.
    """
    training, validation = case.data()
    clock = EpochClock()
    trainings = []
    for member in range(models):
        began = time.perf_counter()
        keras.utils.set_random_seed(case.seed(member))
        model = keras_model(case)
        model.compile(
            optimizer=adam(case.learning_rate(member)), loss=cross_entropy(), metrics=["accuracy"]
        )
        model.fit(
            *training,
            batch_size=BATCH,
            epochs=epochs,
            validation_data=validation,
            verbose=0,
            callbacks=[clock],
        )
        trainings.append(time.perf_counter() - began)
    return Measured(
        parameters=trainable_parameters(model),
        train=clock.train,
        whole=clock.whole,
        trainings=trainings,
    )
