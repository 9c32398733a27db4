"""What a trainer gives back for a list of trials."""

import dataclasses
import math
from typing import Any

import keras
import numpy as np
import pytest

from dlsuite.data import Dataset, Split
from dlsuite.errors import SpecError
from dlsuite.models import create_model
from dlsuite.training.result import TrialResult
from dlsuite.training.settings import TrainingSettings
from dlsuite.training.trainer import Trainer, TrialSetup

EPOCHS = 6


def make(
    seed: int = 0, *, learning_rate: float = 0.05, outputs: int = 3, **settings: Any
) -> TrialSetup:
    """A trial of one structural group: only what is vectorized differs."""
    model = create_model("mlp", input_shape=(4,), outputs=outputs, units=[6], **settings)
    return TrialSetup(model, TrainingSettings(learning_rate=learning_rate, batch_size=8), seed)


SETUPS = {
    "plain": lambda: make(0),
    "dropout": lambda: make(0, dropout=0.5),
    "diverging": lambda: make(1, learning_rate=1e30, dropout=0.2),
    "penalized": lambda: make(2, l2=3.0),
}


@pytest.fixture(scope="module")
def data(dataset: Any) -> Dataset:
    made: Dataset = dataset()
    return made


@pytest.fixture(scope="module")
def results(data: Dataset, trainer: Trainer) -> dict[str, TrialResult]:
    given = [setup() for setup in SETUPS.values()]
    return dict(zip(SETUPS, trainer.train(given, data, epochs=EPOCHS), strict=True))


@pytest.fixture(scope="module")
def regression(dataset: Any, trainer: Trainer) -> tuple[Dataset, TrialSetup, TrialResult]:
    data = dataset("regression")
    setup = make(outputs=1)
    return data, setup, trainer.train([setup], data, epochs=EPOCHS)[0]


def best_model(setup: TrialSetup, result: TrialResult) -> keras.Model:
    setup.model.set_weights(result.weights)
    return setup.model


@pytest.mark.parametrize("name", ["plain", "dropout", "penalized"])
def test_the_test_split_is_read_at_the_epoch_best_on_validation(
    name: str, data: Dataset, results: dict[str, TrialResult], reference: Any
) -> None:
    result = results[name]
    losses = [row["val_loss"] for row in result.curves]
    assert result.best_epoch == int(np.argmin(losses))
    model = best_model(SETUPS[name](), result)
    for split in ("train", "validation", "test"):
        column = {"train": "train_loss_best", "validation": "val_loss_best", "test": "test_loss"}
        expected = reference.mean_loss(model, data, split)
        assert result.scores[column[split]] == pytest.approx(expected, rel=1e-5)
    guesses = np.argmax(model(data.test.x), axis=1)
    assert result.scores["test_accuracy"] == pytest.approx(np.mean(guesses == data.test.y))


def test_a_best_epoch_can_lie_before_the_last(
    data: Dataset, trainer: Trainer, reference: Any
) -> None:
    # Labels that contradict the training ones: the better these are learned, the worse it gets.
    wrong = Split(data.validation.x, (data.validation.y + 1) % 3)
    contrary = dataclasses.replace(data, validation=wrong)
    [result] = trainer.train([make()], contrary, epochs=EPOCHS)
    losses = [row["val_loss"] for row in result.curves]
    assert min(losses) == losses[0]
    assert result.best_epoch == 1 + int(np.argmin(losses[1:])) < EPOCHS
    assert result.scores["val_loss_last"] == losses[-1] > losses[result.best_epoch]
    assert result.scores["val_loss_best"] == losses[result.best_epoch]
    expected = reference.mean_loss(best_model(make(), result), data, "test")
    assert result.scores["test_loss"] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("when", ["best", "last"])
def test_a_positive_gap_means_overfitting(when: str, results: dict[str, TrialResult]) -> None:
    scores = results["plain"].scores
    loss_gap = scores[f"val_loss_{when}"] - scores[f"train_loss_{when}"]
    accuracy_gap = scores[f"train_accuracy_{when}"] - scores[f"val_accuracy_{when}"]
    assert scores[f"gap_loss_{when}"] == loss_gap != 0
    assert scores[f"gap_accuracy_{when}"] == accuracy_gap


def test_a_result_has_every_score_and_no_other(results: dict[str, TrialResult]) -> None:
    expected = {
        f"{split}_{score}_{when}"
        for split in ("train", "val", "gap")
        for score in ("loss", "accuracy")
        for when in ("best", "last")
    } | {"test_loss", "test_accuracy"}
    assert set(results["plain"].scores) == expected
    assert results["plain"].parameters == 4 * 6 + 6 + 6 * 3 + 3
    assert results["plain"].notes == ()


def test_regression_metrics_are_in_the_targets_own_units(
    regression: tuple[Dataset, TrialSetup, TrialResult],
) -> None:
    data, setup, result = regression
    outputs = np.asarray(best_model(setup, result)(data.test.x))[:, 0]
    values = outputs * data.target_scale + data.target_mean
    errors = values - data.test.y
    assert data.target_mean > 40
    assert result.scores["test_rmse"] == pytest.approx(np.sqrt(np.mean(errors**2)), rel=1e-4)
    assert result.scores["test_mae"] == pytest.approx(np.mean(np.abs(errors)), rel=1e-4)
    standardized = np.mean(errors**2) / data.target_scale**2
    assert result.scores["test_loss"] == pytest.approx(standardized, rel=1e-4)
    assert result.scores["gap_rmse_last"] == pytest.approx(
        result.scores["val_rmse_last"] - result.scores["train_rmse_last"]
    )


def test_penalties_are_not_in_reported_losses(
    results: dict[str, TrialResult], data: Dataset, reference: Any
) -> None:
    # The same seed gives the same first weights, whose penalty would show before the first step.
    model = make(2, l2=3.0).model
    penalized = results["penalized"]
    model.set_weights(penalized.weights)
    assert float(sum(model.losses)) > 0
    loss = reference.mean_loss(model, data, "train")
    assert penalized.scores["train_loss_best"] == pytest.approx(loss, rel=1e-5)
    assert penalized.curves[-1]["train_loss"] < 1.2


def test_penalties_shrink_weights(results: dict[str, TrialResult]) -> None:
    def last_norm(name: str) -> float:
        rows = [row for row in results[name].layers if row["layer"] == "dense_1"]
        return float(rows[-1]["weight_norm"])

    assert last_norm("penalized") < 0.7 * last_norm("plain")


def test_trials_that_differ_in_dropout_begin_alike(results: dict[str, TrialResult]) -> None:
    plain, dropout = results["plain"].curves, results["dropout"].curves
    assert plain[0]["train_loss"] == dropout[0]["train_loss"]
    assert plain[1]["train_loss"] != dropout[1]["train_loss"]


def test_the_same_trial_twice_gives_the_same_bits(
    results: dict[str, TrialResult], data: Dataset, trainer: Trainer, reference: Any
) -> None:
    for name in SETUPS:
        [again] = trainer.train([SETUPS[name]()], data, epochs=EPOCHS)
        assert reference.same_bits(again, results[name]), name
    assert not reference.same_bits(results["plain"], results["dropout"])


@pytest.mark.parametrize("order", [[2, 3, 1, 0], [1, 0, 2, 3], [0, 2, 0, 2]])
def test_a_result_does_not_depend_on_what_was_trained_before(
    order: list[int],
    results: dict[str, TrialResult],
    data: Dataset,
    trainer: Trainer,
    reference: Any,
) -> None:
    names = [list(SETUPS)[place] for place in order]
    permuted = trainer.train([SETUPS[name]() for name in names], data, epochs=EPOCHS)
    for name, result in zip(names, permuted, strict=True):
        assert reference.same_bits(result, results[name]), name


def test_a_fresh_trainer_gives_the_same_bits(
    results: dict[str, TrialResult], data: Dataset, reference: Any
) -> None:
    [result] = Trainer().train([SETUPS["dropout"]()], data, epochs=EPOCHS)
    assert reference.same_bits(result, results["dropout"])


def test_fewer_epochs_are_the_beginning_of_more(
    results: dict[str, TrialResult], data: Dataset, trainer: Trainer
) -> None:
    [short] = trainer.train([SETUPS["dropout"]()], data, epochs=2)
    assert repr(short.curves) == repr(results["dropout"].curves[:3])


def test_data_of_the_same_shape_are_not_mistaken_for_each_other(
    results: dict[str, TrialResult], data: Dataset, dataset: Any, trainer: Trainer, reference: Any
) -> None:
    [other] = trainer.train([SETUPS["plain"]()], dataset(seed=1), epochs=EPOCHS)
    assert not reference.same_bits(other, results["plain"])
    [again] = trainer.train([SETUPS["plain"]()], data, epochs=EPOCHS)
    assert reference.same_bits(again, results["plain"])


def test_a_trial_that_explodes_at_once_is_recorded_with_its_first_epoch(
    results: dict[str, TrialResult],
) -> None:
    result = results["diverging"]
    assert result.status == "diverged"
    assert result.diverged_epoch == 1
    assert result.best_epoch is None
    assert result.scores == {}
    assert result.weights == []
    assert [row["epoch"] for row in result.curves] == [0]


def test_a_trial_that_explodes_slowly_keeps_its_finite_epochs(
    dataset: Any, trainer: Trainer
) -> None:
    data = dataset("regression")
    inputs = keras.Input((4,), name="input")
    model = keras.Model(inputs, keras.layers.Dense(1, name="output")(inputs), name="linear")
    settings = TrainingSettings(optimizer="sgd", learning_rate=3.0, batch_size=8)
    [result] = trainer.train([TrialSetup(model, settings, seed=0)], data, epochs=60)
    assert result.status == "diverged"
    assert result.diverged_epoch is not None
    assert result.diverged_epoch > 1
    assert [row["epoch"] for row in result.curves] == list(range(result.diverged_epoch))
    for row in result.curves:
        assert all(math.isfinite(row[key]) for key in ("train_loss", "val_loss", "val_rmse"))
        assert math.isfinite(row["gradient_norm"]) == (row["epoch"] > 0)


def test_curves_and_layers_have_a_row_for_every_epoch(results: dict[str, TrialResult]) -> None:
    result = results["plain"]
    assert [row["epoch"] for row in result.curves] == list(range(EPOCHS + 1))
    assert math.isnan(result.curves[0]["gradient_norm"])
    assert all(row["gradient_norm"] > 0 for row in result.curves[1:])
    weighted = [row for row in result.layers if "weight_norm" in row]
    assert {(row["epoch"], row["layer"]) for row in weighted} == {
        (epoch, layer) for epoch in range(EPOCHS + 1) for layer in ("dense_1", "output")
    }
    assert all(row["weight_norm"] > 0 for row in weighted)
    assert all(0 < row["update_ratio"] < 1 for row in weighted if row["epoch"] > 0)


def test_a_layers_norm_is_the_length_of_its_weights(results: dict[str, TrialResult]) -> None:
    result = results["plain"]
    kernel, bias = result.weights[:2]
    length = np.sqrt(np.sum(kernel.astype(float) ** 2) + np.sum(bias.astype(float) ** 2))
    [row] = [
        row
        for row in result.layers
        if row["layer"] == "dense_1" and row["epoch"] == result.best_epoch
    ]
    assert row["weight_norm"] == pytest.approx(length, rel=1e-5)


def test_units_that_are_zero_for_every_training_example_are_dead(
    data: Dataset, trainer: Trainer
) -> None:
    inputs = keras.Input((4,), name="input")
    bias = keras.initializers.Constant([-1e3, 1e3, -1e3, -1e3])
    x = keras.layers.Dense(4, activation="relu", bias_initializer=bias, name="hidden")(inputs)
    model = keras.Model(inputs, keras.layers.Dense(3, name="output")(x), name="bleak")
    setup = TrialSetup(model, TrainingSettings(learning_rate=1e-3, batch_size=8), seed=0)
    [result] = trainer.train([setup], data, epochs=1)
    shares = {(row["epoch"], row["layer"]): row["dead_units"] for row in result.layers}
    assert shares[0, "hidden"] == shares[1, "hidden"] == 0.75
    assert math.isnan(shares[1, "output"])


def test_a_last_batch_of_one_is_skipped_before_batch_normalization(
    dataset: Any, trainer: Trainer, reference: Any
) -> None:
    data = dataset(train=17)
    model = create_model("mlp", input_shape=(4,), outputs=3, units=[6], batch_norm=True)
    setup = TrialSetup(model, TrainingSettings(learning_rate=0.05, batch_size=8), seed=0)
    [result] = trainer.train([setup], data, epochs=3)
    assert result.notes == (
        "the last batch, of a single example, is skipped: it has no variance to normalize by",
    )
    expected = reference.train(
        model,
        keras.optimizers.Adam(0.05),
        data,
        seed=0,
        batch_size=8,
        epochs=3,
        skip_single=True,
    )
    np.testing.assert_allclose(
        [row["val_loss"] for row in result.curves], [row["val_loss"] for row in expected], rtol=1e-4
    )


def test_batches_of_a_single_example_cannot_be_normalized(trainer: Trainer, dataset: Any) -> None:
    model = create_model("mlp", input_shape=(4,), outputs=3, units=[6], batch_norm=True)
    setup = TrialSetup(model, TrainingSettings(batch_size=1), seed=0)
    with pytest.raises(SpecError, match=r"batch_size: .* needs at least 2 examples .*; got 1\."):
        trainer.train([setup], dataset(train=17), epochs=1)


def test_a_last_batch_of_one_counts_without_batch_normalization(
    dataset: Any, trainer: Trainer, reference: Any
) -> None:
    data = dataset(train=17)
    [result] = trainer.train([make()], data, epochs=3)
    assert result.notes == ()
    expected = reference.train(
        make().model, keras.optimizers.Adam(0.05), data, seed=0, batch_size=8, epochs=3
    )
    np.testing.assert_allclose(
        [row["val_loss"] for row in result.curves], [row["val_loss"] for row in expected], rtol=1e-4
    )


class Told:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.events: list[tuple[float, float]] = []

    def epoch(self, loss: float, trials: float) -> None:
        self.events.append((loss, trials))


def test_a_watcher_is_told_of_every_epoch(data: Dataset, trainer: Trainer) -> None:
    watcher = Told()
    setups = [SETUPS["plain"](), SETUPS["dropout"](), SETUPS["penalized"]()]
    results = trainer.train(setups, data, epochs=2, watcher=watcher)
    losses = [[row["train_loss"] for row in result.curves[1:]] for result in results]
    assert [loss for loss, _ in watcher.events] == pytest.approx(np.median(losses, axis=0))
    assert [trials for _, trials in watcher.events] == [1.5, 1.5]


def test_what_diverges_early_counts_as_done(data: Dataset, trainer: Trainer) -> None:
    watcher = Told()
    trainer.train([SETUPS["diverging"]()], data, epochs=5, watcher=watcher)
    assert [trials for _, trials in watcher.events] == [1]


def test_no_trials_give_no_results(data: Dataset, trainer: Trainer) -> None:
    assert trainer.train([], data, epochs=2) == []


def test_the_models_given_are_not_trained(data: Dataset, trainer: Trainer) -> None:
    setup = SETUPS["plain"]()
    before = setup.model.get_weights()
    trainer.train([setup], data, epochs=1)
    assert all(map(np.array_equal, before, setup.model.get_weights()))
