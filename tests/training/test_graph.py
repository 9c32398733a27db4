"""The compiled graph: several populations at once, and members given back as ordinary models."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from dlsuite.models import create_model
from dlsuite.training.batches import epoch_batches
from dlsuite.training.epoch_report import EpochReport
from dlsuite.training.examples import Examples, place
from dlsuite.training.graph import TrainingGraph
from dlsuite.training.objective import Objective
from dlsuite.training.population_training import Member, PopulationTraining
from dlsuite.training.settings import TrainingSettings

SETTINGS = TrainingSettings(learning_rate=0.01, batch_size=8)


@pytest.fixture(scope="module")
def shared(dataset: Any) -> tuple[TrainingGraph, keras.Model, Examples]:
    data = dataset(kind="image")
    plain = create_model(
        "cnn", input_shape=(6, 6, 1), outputs=3, filters=[3], units=[4], batch_norm=True
    )
    objective = Objective("classification")
    graph = TrainingGraph(plain, SETTINGS, objective, members=2, variants=2, total_steps=9)
    return graph, plain, place(data, objective)


def begin(shared: Any, seed: int) -> PopulationTraining:
    graph, plain, _ = shared
    return graph.begin([Member(plain, SETTINGS, seed)] * 2)


def train(shared: Any, training: PopulationTraining, seed: int) -> list[EpochReport]:
    _, plain, examples = shared
    reports = []
    for epoch in range(1, 4):
        batches = epoch_batches(plain, seed=seed, epoch=epoch, examples=19, batch_size=8)
        rows = tf.constant(batches.whole[:, None]), tf.constant(batches.last[None])
        reports.append(training.epoch(examples, *rows))
    return reports


def test_populations_trained_at_once_are_the_same_as_one_after_another(shared: Any) -> None:
    alone = [train(shared, begin(shared, seed), seed) for seed in range(4)]
    trainings = [begin(shared, seed) for seed in range(4)]
    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(lambda seed: train(shared, trainings[seed], seed), range(4)))
    for first, second in zip(alone, together, strict=True):
        for one, other in zip(first, second, strict=True):
            assert all(map(np.array_equal, one, other))
    assert not np.array_equal(alone[0][-1].train, alone[1][-1].train)


def test_a_trained_member_is_an_ordinary_model(shared: Any, reference: Any, dataset: Any) -> None:
    training = begin(shared, 5)
    untrained = training.member(0).get_weights()
    report = train(shared, training, 5)[-1]
    model = training.member(1)
    assert type(model) is type(shared[1])
    for weight, before, of_all in zip(
        model.get_weights(), untrained, training.last_weights(), strict=True
    ):
        assert np.array_equal(weight, of_all[1])
        assert not np.array_equal(weight, before)
    loss = reference.mean_loss(model, dataset(kind="image"), "validation")
    assert loss == pytest.approx(report.validation[1, 0], rel=1e-5)


def test_units_measured_at_once_are_the_same_as_one_after_another(shared: Any) -> None:
    trainings = [begin(shared, seed) for seed in range(4)] * 5
    alone = [training.dependence(shared[2]) for training in trainings[:4]] * 5
    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(lambda training: training.dependence(shared[2]), trainings))
    for one, other in zip(alone, together, strict=True):
        assert np.isfinite(one).all()
        assert all(map(np.array_equal, one, other))
    assert not np.array_equal(alone[0].lesion_loss, alone[1].lesion_loss)
