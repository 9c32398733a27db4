"""The study as KerasTuner runs it. Started by `benchmarks.study`; prints how many trials were trained."""

import argparse
import tempfile

import keras
import keras_tuner

from benchmarks.cases import ADAM, BATCH
from benchmarks.study import DATA, MODEL, grid
from dlsuite import load_data


def main() -> None:
    """Search the grid of learning rates and seeds."""
    from dlsuite import create_model

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, required=True)
    parser.add_argument("--epochs", type=int, required=True)
    given = parser.parse_args()
    rates, seeds = grid(given.trials)
    data = load_data(DATA)

    def build(choices: keras_tuner.HyperParameters) -> keras.Model:
        rate = choices.Choice("learning_rate", rates)
        keras.utils.set_random_seed(choices.Choice("seed", list(range(seeds))))
        model = create_model(MODEL, input_shape=data.input_shape, outputs=data.outputs)
        for variable in model.trainable_variables:
            variable.regularizer = None  # Of weight 0, but `fit` would compute it.
        model.compile(
            optimizer=keras.optimizers.Adam(rate, **ADAM),
            loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            metrics=["accuracy"],
        )
        return model

    with tempfile.TemporaryDirectory() as folder:
        search = keras_tuner.GridSearch(
            build, objective="val_loss", max_trials=given.trials, directory=folder, overwrite=True
        )
        search.search(
            data.train.x,
            data.train.y,
            batch_size=BATCH,
            epochs=given.epochs,
            validation_data=(data.validation.x, data.validation.y),
            verbose=0,
        )
        trials = search.oracle.trials.values()
        print(sum(trial.status == "COMPLETED" for trial in trials))


if __name__ == "__main__":
    main()
