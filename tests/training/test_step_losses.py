"""The spread of the loss from step to step, against the steps of a plain loop."""

import math
from typing import Any

import numpy as np
import pytest

from dlsuite.models import create_model
from dlsuite.training.alone import LonelyTrial
from dlsuite.training.objective import Objective
from dlsuite.training.settings import TrainingSettings
from dlsuite.training.trainer import Trainer, TrialSetup


def make(seed: int = 0, *, batch_size: int = 8, learning_rate: float = 0.05) -> TrialSetup:
    model = create_model("mlp", input_shape=(4,), outputs=3, units=[6], dropout=0.5, l2=0.1)
    settings = TrainingSettings(optimizer="sgd", learning_rate=learning_rate, batch_size=batch_size)
    return TrialSetup(model, settings, seed)


@pytest.mark.parametrize("examples", [32, 35])
def test_the_spread_is_that_of_the_losses_of_a_plain_loop(
    examples: int, dataset: Any, trainer: Trainer
) -> None:
    data = dataset(train=examples)
    setups = [make(0), make(1)]
    for setup, result in zip(setups, trainer.train(setups, data, epochs=3), strict=True):
        alone = LonelyTrial(
            setup.model,
            setup.settings,
            seed=setup.seed,
            objective=Objective("classification"),
            total_steps=15,
        )
        spreads = [row["step_loss_spread"] for row in result.curves]
        assert math.isnan(spreads[0])
        for epoch in (1, 2, 3):
            losses = alone.epoch(data, epoch)
            assert len(losses) == -(-examples // 8)
            a, b, c, d = losses[:4]
            expected = math.sqrt(((b - a) ** 2 + (c - b) ** 2 + (d - c) ** 2) / 3 / 2)
            assert spreads[epoch] == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("batch_size", [10, 64])
def test_fewer_than_two_whole_batches_have_no_spread(
    batch_size: int, dataset: Any, trainer: Trainer
) -> None:
    [result] = trainer.train([make(batch_size=batch_size)], dataset(train=19), epochs=2)
    assert np.isnan([row["step_loss_spread"] for row in result.curves]).all()


def test_equal_losses_have_no_spread_and_epochs_are_apart(dataset: Any, trainer: Trainer) -> None:
    # The rate is too small to move a weight: what differs is the batches and what is dropped.
    data = dataset(train=16)
    [result] = trainer.train([make(learning_rate=1e-12)], data, epochs=30)
    spreads = np.array([row["step_loss_spread"] for row in result.curves[1:]])
    assert np.isfinite(spreads).all() and len(set(spreads)) > 20
