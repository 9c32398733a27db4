"""The learning rate of a step against the values of Keras's own schedules."""

from typing import Any

import keras
import numpy as np
import pytest

from dlsuite.training.optimizers import Schedule
from dlsuite.training.settings import TrainingSettings

schedules = keras.optimizers.schedules


def rates(total: int, **settings: Any) -> np.ndarray:
    chosen = TrainingSettings(**settings)
    schedule = Schedule(chosen, total_steps=total)
    factors = [float(schedule(step, "float64")) for step in range(total)]
    return chosen.learning_rate * np.array(factors)


def test_a_constant_rate_stays() -> None:
    assert rates(5, learning_rate=0.3) == pytest.approx([0.3] * 5)


@pytest.mark.parametrize("total", [4, 7, 12, 40])
def test_the_step_schedule_falls_to_a_tenth_after_half_and_again_after_three_quarters(
    total: int,
) -> None:
    half, rest = total // 2, total * 3 // 4
    expected = [0.3] * half + [0.03] * (rest - half) + [0.003] * (total - rest)
    assert rates(total, learning_rate=0.3, schedule="step") == pytest.approx(expected)


def test_a_single_step_is_taken_at_the_full_rate() -> None:
    assert rates(1, learning_rate=0.3, schedule="step") == pytest.approx([0.3])


def test_a_rate_is_as_exact_as_the_weights() -> None:
    assert rates(10, learning_rate=0.3, warmup=0.5)[1] == 0.3 * (2 / 6)


@pytest.mark.parametrize("total", [1, 10])
def test_the_cosine_schedule_is_keras_cosine_decay(total: int) -> None:
    keras_own = schedules.CosineDecay(0.3, decay_steps=total)
    expected = [float(keras_own(step)) for step in range(total)]
    assert rates(total, learning_rate=0.3, schedule="cosine") == pytest.approx(expected)


def test_a_cosine_after_a_warm_up_is_keras_own() -> None:
    keras_own = schedules.CosineDecay(0.3 / 5, decay_steps=16, warmup_target=0.3, warmup_steps=4)
    expected = [float(keras_own(step)) for step in range(20)]
    got = rates(20, learning_rate=0.3, schedule="cosine", warmup=0.2)
    assert got == pytest.approx(expected)
    assert got.argmax() == 4


def test_a_warm_up_rises_evenly_to_the_full_rate_and_stays() -> None:
    got = rates(10, learning_rate=0.5, warmup=0.4)
    assert got == pytest.approx([0.1, 0.2, 0.3, 0.4, *[0.5] * 6])


def test_the_step_schedule_counts_from_the_end_of_the_warm_up() -> None:
    got = rates(20, learning_rate=1.0, schedule="step", warmup=0.2)
    plain = rates(16, learning_rate=1.0, schedule="step")
    assert got[4:] == pytest.approx(plain)
