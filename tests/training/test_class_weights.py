"""Class weights: what they are, that they reach the step, and that what is reported stays unweighted."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import keras
import numpy as np
import pytest
from sklearn.utils.class_weight import compute_class_weight

from dlsuite.data import Dataset, Split
from dlsuite.models import create_model
from dlsuite.training.class_weights import class_weights
from dlsuite.training.settings import TrainingSettings
from dlsuite.training.trainer import Trainer, TrialSetup

Make = Callable[..., Dataset]
BALANCED = TrainingSettings(class_weight="balanced")


def imbalanced(data: Dataset, *, keep: int, label: int = 0) -> Dataset:
    """Leave so many training examples of a class."""
    places = np.flatnonzero(data.train.y == label)[keep:]
    kept = np.delete(np.arange(len(data.train)), places)
    return replace(data, train=Split(data.train.x[kept], data.train.y[kept]))


def setup(data: Dataset, **settings: Any) -> TrialSetup:
    model = create_model("mlp", input_shape=data.input_shape, outputs=data.outputs, units=[6])
    return TrialSetup(model, TrainingSettings(batch_size=16, **settings), seed=0)


def test_balanced_weights_are_scikit_learns(dataset: Make) -> None:
    data = imbalanced(dataset(train=60), keep=3)
    y = data.train.y
    expected = compute_class_weight("balanced", classes=np.unique(y), y=y)
    np.testing.assert_allclose(class_weights(BALANCED, data), expected)
    n, classes = len(y), 3
    assert expected[0] == pytest.approx(n / (classes * 3))


def test_a_class_that_training_lacks_has_weight_one(dataset: Make) -> None:
    data = imbalanced(dataset(train=60), keep=0)
    weights = class_weights(BALANCED, data)
    assert weights is not None and weights[0] == 1
    assert weights[1:] @ np.bincount(data.train.y)[1:] == pytest.approx(len(data.train))


def test_without_weights_nothing_is_handed_to_the_graph(dataset: Make) -> None:
    assert class_weights(TrainingSettings(), dataset()) is None


def test_one_graph_serves_data_sets_with_other_weights(dataset: Make) -> None:
    trainer = Trainer()
    for seed in (0, 1):
        data = dataset(seed=seed)
        trainer.train([setup(data, class_weight="balanced")], data, epochs=1)
    [graph] = trainer.graphs
    assert graph.compilations == 2


def test_a_rare_class_is_told_more_often_and_the_reported_loss_stays_unweighted(
    dataset: Make, trainer: Trainer
) -> None:
    data = imbalanced(dataset(train=300, validation=90), keep=6)
    recalls = {}
    for how in ("none", "balanced"):
        one = setup(data, class_weight=how, learning_rate=0.02)
        [result] = trainer.train([one], data, epochs=15)
        model = keras.models.clone_model(one.model)
        model.set_weights(result.last_weights)
        logits = np.asarray(model(data.validation.x))
        rare = data.validation.y == 0
        recalls[how] = (logits[rare].argmax(axis=1) == 0).mean()
        loss = keras.losses.sparse_categorical_crossentropy(
            data.validation.y, logits, from_logits=True
        )
        assert result.curves[-1]["val_loss"] == pytest.approx(float(np.mean(loss)), rel=1e-4)
    assert recalls["balanced"] > recalls["none"]
