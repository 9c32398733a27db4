"""Every registered model's gradient from the tape against central differences, in float64."""

from collections.abc import Iterator

import keras
import numpy as np
import pytest
import tensorflow as tf

from dlsuite.models import create_model, list_models, model_entry
from dlsuite.training.initialize import initial_weights
from dlsuite.training.objective import Objective
from dlsuite.training.population import Population
from dlsuite.training.step import BackwardPass, loss_and_gradients

EPSILON = 1e-6
SIZES = {
    "mlp": {"units": [5, 4]},
    "cnn": {"filters": [2, 3], "units": 4},
    "resnet": {"filters": [2, 3]},
    "simple_rnn": {"units": [3, 3]},
    "gru": {"units": [3, 3]},
    "lstm": {"units": [3, 3]},
    "bilstm": {"units": [3, 3]},
    "tabular_resnet": {"width": 4, "residual_dropout": 0.2},
    "tcn": {"filters": 3, "kernel_size": 2},
    "text_cnn": {"filters": 3, "widths": [2, 3]},
}
SHAPES = {"table": (4,), "series": (4, 2), "image": (4, 4, 2), "text": (4,)}
# Each model on two kinds of data where it takes several, one kind an objective.
CASES = [
    (name, kinds[0 if task_type == "classification" else -1], task_type)
    for name in list_models()
    for kinds in [model_entry(name).kinds]
    for task_type in ("classification", "regression")
]


@pytest.fixture(scope="module", autouse=True)
def float64() -> Iterator[None]:
    # Keras asks the policy once it has one, and the default type until then.
    before = keras.config.floatx(), keras.config.dtype_policy()
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    yield
    keras.config.set_floatx(before[0])
    keras.config.set_dtype_policy(before[1])


@pytest.mark.parametrize(("name", "kind", "task_type"), CASES)
def test_the_tape_agrees_with_finite_differences(name: str, kind: str, task_type: str) -> None:
    generator = np.random.default_rng(0)
    recurrent = {"recurrent_dropout": 0.3} if name in ("simple_rnn", "gru", "lstm") else {}
    text = kind == "text"
    plain = create_model(
        name,
        input_shape=SHAPES[kind],
        outputs=3 if task_type == "classification" else 1,
        **({"vocabulary": 6, "embedding": 2} if text else {}),
        **SIZES[name],
        **recurrent,
        activation="tanh",  # No kinks, where differences and derivatives need not agree.
        dropout=0.3,
        batch_norm=True,
        l2=0.02,
    )
    seeds = [3, 4]
    population = Population(plain, members=2)
    population.load([plain] * 2, [initial_weights(plain, seed) for seed in seeds], seeds)
    objective = Objective(task_type, 0.0, 1.0)  # type: ignore[arg-type]
    shape = (2, 7, *SHAPES[kind])
    x = tf.constant(generator.integers(0, 6, shape) if text else generator.normal(size=shape))
    y = tf.constant(
        generator.integers(0, 3, (2, 7)).astype(np.int32)
        if task_type == "classification"
        else generator.normal(size=(2, 7))
    )
    assert {v.dtype for v in population.weights} == {"float64"}

    @tf.function(jit_compile=True)
    def forward_and_back() -> BackwardPass:
        return loss_and_gradients(population, objective, x, y)

    losses, gradients, _ = forward_and_back()
    slopes = []
    for variable, gradient in zip(population.trainable, gradients, strict=True):
        start = variable.numpy()
        for _ in range(2):
            direction = generator.normal(size=start.shape)
            direction /= np.linalg.norm(direction)
            variable.assign(start + EPSILON * direction)
            above = forward_and_back()[0].numpy().sum()
            variable.assign(start - EPSILON * direction)
            below = forward_and_back()[0].numpy().sum()
            variable.assign(start)
            slope = (above - below) / (2 * EPSILON)
            assert np.vdot(gradient.numpy(), direction) == pytest.approx(
                slope, rel=1e-3, abs=1e-8
            ), variable.path
            slopes.append(abs(slope))
    # Else differences of nothing would agree with a gradient of nothing.
    assert max(slopes) > 1e-2
    assert np.median(slopes) > 1e-4
    population.step.assign(1)
    assert np.all(forward_and_back()[0].numpy() != losses.numpy()), "dropout drew nothing"
