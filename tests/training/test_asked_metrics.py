"""Metrics computed of predictions: what they are of, and that asking for them changes nothing else."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import keras
import numpy as np
import pytest
from scipy.special import softmax
from sklearn import metrics as sk

from dlsuite.data import Dataset, Split
from dlsuite.models import create_model
from dlsuite.spec.metrics import Metric, metric_entry
from dlsuite.training import examples as examples_module
from dlsuite.training.settings import TrainingSettings
from dlsuite.training.trainer import Trainer, TrialSetup

Make = Callable[..., Dataset]


def asked(*names: str, task_type: str = "classification") -> list[Metric]:
    found = [metric_entry(name, task_type=task_type) for name in names]
    return [metric for metric in found if metric is not None]


def setups(data: Dataset, *seeds: int, **settings: Any) -> list[TrialSetup]:
    model = create_model("mlp", input_shape=data.input_shape, outputs=data.outputs, units=[5])
    chosen = TrainingSettings(**{"learning_rate": 0.02, "batch_size": 8} | settings)
    return [TrialSetup(model, chosen, seed) for seed in seeds]


def outputs_of(setup: TrialSetup, weights: list[np.ndarray], split: Split) -> np.ndarray:
    model = keras.models.clone_model(setup.model)
    model.set_weights(weights)
    return np.asarray(model(split.x), np.float64)


def as_two_classes(data: Dataset) -> Dataset:
    def part(split: Split) -> Split:
        return Split(split.x, (split.y > 0).astype(np.int32))

    return replace(
        data,
        class_names=("no", "yes"),
        train=part(data.train),
        validation=part(data.validation),
        test=part(data.test),
    )


def of_class(split: Split, *labels: int) -> Split:
    kept = np.isin(split.y, labels)
    return Split(split.x[kept], split.y[kept])


@pytest.mark.parametrize("window", [1, 2, 64])
def test_they_are_of_the_plain_models_predictions_on_every_split(
    window: int, dataset: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(examples_module, "_WINDOW", window)
    data = dataset(train=70, validation=40, test=35)
    one = setups(data, 0, 1)
    results = Trainer().train(
        one, data, epochs=2, metrics=asked("f1", "auc", "balanced_accuracy"), keep_weights=True
    )
    for setup, result in zip(one, results, strict=True):
        for epoch, weights in enumerate(result.path):
            for name, split in (("train", data.train), ("val", data.validation)):
                told = outputs_of(setup, weights, split).argmax(axis=1)
                expected = sk.f1_score(split.y, told, average="macro")
                assert result.curves[epoch][f"{name}_f1"] == pytest.approx(expected)
        p = softmax(outputs_of(setup, result.weights, data.test), axis=1)
        area = sk.roc_auc_score(data.test.y, p, multi_class="ovr")
        assert result.scores["test_auc"] == pytest.approx(area, rel=1e-6)
        right = sk.balanced_accuracy_score(data.test.y, p.argmax(axis=1))
        assert result.scores["test_balanced_accuracy"] == pytest.approx(right)
        gap = result.scores["train_f1_last"] - result.scores["val_f1_last"]
        assert result.scores["gap_f1_last"] == pytest.approx(gap)
        assert result.notes == ()


def test_of_two_classes_the_area_is_the_second_ones(dataset: Make, trainer: Trainer) -> None:
    data = as_two_classes(dataset(train=40))
    one = setups(data, 0)
    [result] = trainer.train(one, data, epochs=2, metrics=asked("auc"))
    logits = outputs_of(one[0], result.weights, data.test)
    area = sk.roc_auc_score(data.test.y, logits[:, 1] - logits[:, 0])
    assert result.scores["test_auc"] == pytest.approx(area)


def test_of_values_they_are_in_the_targets_own_units(dataset: Make, trainer: Trainer) -> None:
    data = dataset("regression", train=40)
    seen: list[tuple[np.ndarray, np.ndarray]] = []

    def largest(targets: np.ndarray, values: np.ndarray) -> float:
        seen.append((targets, values))
        return float(np.abs(targets - values).max())

    own = Metric("largest", "largest error", "regression", False, function=largest)
    metrics = [*asked("r2", task_type="regression"), own]
    one = setups(data, 0)
    [result] = trainer.train(one, data, epochs=2, metrics=metrics)
    outputs = outputs_of(one[0], result.weights, data.test)[:, 0]
    values = outputs * data.target_scale + data.target_mean
    assert result.scores["test_r2"] == pytest.approx(sk.r2_score(data.test.y, values), rel=1e-5)
    targets, told = seen[-1]
    np.testing.assert_array_equal(targets, data.test.y)
    np.testing.assert_allclose(told, values, rtol=1e-5)


def test_asking_changes_no_other_bit_and_costs_one_compilation(
    dataset: Make, reference: Any
) -> None:
    data = dataset()
    plain, with_more = Trainer(), Trainer()
    [first] = plain.train(setups(data, 0), data, epochs=3)
    [second] = with_more.train(setups(data, 0), data, epochs=3, metrics=asked("f1", "auc"))
    assert (plain.graphs[0].compilations, with_more.graphs[0].compilations) == (2, 3)
    known = set(first.curves[0])
    curves = [{key: row[key] for key in row if key in known} for row in second.curves]
    scores = {key: value for key, value in second.scores.items() if key in first.scores}
    assert reference.same_bits(first, replace(second, curves=curves, scores=scores))


def test_a_split_that_lacks_classes_is_scored_on_the_others_and_noted(
    dataset: Make, trainer: Trainer
) -> None:
    data = dataset(train=40, validation=30, test=30)
    data = replace(data, validation=of_class(data.validation, 0, 1), test=of_class(data.test, 2))
    [result] = trainer.train(
        setups(data, 0), data, epochs=2, metrics=asked("f1", "auc", "balanced_accuracy")
    )
    assert 0 <= result.scores["val_auc_best"] <= 1
    assert np.isnan(result.scores["test_auc"])
    assert 0 <= result.scores["test_f1"] <= 1
    assert result.notes == (
        "the validation split lacks 1 of 3 classes, which count for nothing in F1, AUC, balanced accuracy "
        "there",
        "the test split lacks 2 of 3 classes, which count for nothing in F1, AUC, balanced accuracy there",
        "AUC is not defined on the test split",
    )


def test_a_member_that_diverged_is_asked_for_nothing(dataset: Make, trainer: Trainer) -> None:
    data = dataset("regression")
    both = [
        *setups(data, 0, optimizer="sgd", learning_rate=1e30),
        *setups(data, 1, optimizer="sgd"),
    ]
    gone, stays = trainer.train(both, data, epochs=3, metrics=asked("r2", task_type="regression"))
    assert gone.status == "diverged" and gone.scores == {}
    assert stays.status == "completed" and np.isfinite(stays.scores["test_r2"])


def test_predictions_are_probabilities(dataset: Make, trainer: Trainer) -> None:
    data = dataset()
    seen: list[np.ndarray] = []
    own = Metric("n", "n", "classification", True, function=lambda y, p: seen.append(p) or 1.0)
    trainer.train(setups(data, 0), data, epochs=1, metrics=[own])
    assert all(p.shape == (len(p), 3) and p.dtype == np.float64 for p in seen)
    assert {len(p) for p in seen} == {len(data.train), len(data.validation), len(data.test)}
    np.testing.assert_allclose(np.concatenate(seen).sum(axis=1), 1)
