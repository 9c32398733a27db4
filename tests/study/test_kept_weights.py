"""Which weights the parts of a study keep."""

from collections.abc import Callable

import numpy as np

from dlsuite.spec import Study
from dlsuite.store import ResultsFolder
from dlsuite.study import Results

Make = Callable[..., Study]
Train = Callable[..., Results]


def test_the_best_seed_of_each_condition_and_tuned_value_is_kept(small: Make, train: Train) -> None:
    results = train(small(tune={"learning_rate": [0.01, 0.1]}, seeds=3))
    folder = ResultsFolder(results.folder)

    for _, trials in results.trials.groupby(["condition", "learning_rate"]):
        best = trials.loc[trials["val_loss_best"].idxmin()]
        kept = [key for key in trials["trial"] if folder.weights(key, epochs=2) is not None]
        assert kept == [best["trial"]]


def test_more_seeds_keep_the_best_of_the_new_ones_beside_the_old(small: Make, train: Train) -> None:
    train(small(seeds=2))
    results = train(small(seeds=5))
    folder = ResultsFolder(results.folder)

    for _, trials in results.trials.groupby("condition"):
        best = trials.loc[trials["val_loss_best"].idxmin()]
        assert folder.weights(best["trial"], epochs=2) is not None


def test_more_epochs_keep_weights_of_their_own(small: Make, train: Train) -> None:
    train(small(epochs=1, seeds=1))
    results = train(small(epochs=3, seeds=1))
    folder = ResultsFolder(results.folder)

    key = results.trials["trial"].iloc[0]
    short, long = (folder.weights(key, epochs=epochs) for epochs in (1, 3))
    assert short is not None and long is not None
    assert all(a.shape == b.shape for a, b in zip(short, long, strict=True))
    assert not np.array_equal(short[0], long[0])


def test_a_diverged_trial_keeps_none(small: Make, train: Train) -> None:
    results = train(small(fixed={"optimizer": "sgd", "learning_rate": 1e30}, seeds=1))
    folder = ResultsFolder(results.folder)

    assert set(results.trials["status"]) == {"diverged"}
    assert all(folder.weights(key, epochs=2) is None for key in results.trials["trial"])
