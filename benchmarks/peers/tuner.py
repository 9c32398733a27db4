"""KerasTuner's GridSearch over learning rates: a trial a model, `model.fit` inside."""

import tempfile
import time

import keras
import keras_tuner

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
    """Search the grid of members; a trial is a member, with its learning rate and seed.

    Args:
        case: What is trained.
        models: How many trials.
        epochs: Epochs of each; the first, which compiles, is not counted.
    """
    training, validation = case.data()
    clock = EpochClock()
    parameters = 0

    def build(choices: keras_tuner.HyperParameters) -> keras.Model:
        nonlocal parameters
        member = choices.Choice("member", list(range(models)))
        keras.utils.set_random_seed(case.seed(member))
        model = keras_model(case)
        parameters = trainable_parameters(model)
        model.compile(
            optimizer=adam(case.learning_rate(member)), loss=cross_entropy(), metrics=["accuracy"]
        )
        return model

    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        search = keras_tuner.GridSearch(
            build, objective="val_loss", max_trials=models, directory=folder, overwrite=True
        )
        search.search(
            *training,
            batch_size=BATCH,
            epochs=epochs,
            validation_data=validation,
            verbose=0,
            callbacks=[clock],
        )
    assert len(clock.train) == models, f"expected {models} trials; got {len(clock.train)}."
    return Measured(
        parameters=parameters,
        train=clock.train,
        whole=clock.whole,
        trainings=[(time.perf_counter() - began) / models] * models,
    )
