"""Losses beside the default ones: what they compute, how a user's is checked, and that rmse stays exact."""

from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from dlsuite.data import Dataset
from dlsuite.errors import SpecError
from dlsuite.models import create_model
from dlsuite.spec.losses import Loss, loss_entry, register_loss, unregister_loss
from dlsuite.training.losses import check_loss, losses_by
from dlsuite.training.objective import Objective
from dlsuite.training.settings import TrainingSettings
from dlsuite.training.trainer import Trainer, TrialSetup
from dlsuite.training.verification import compare_with_plain

Make = Callable[..., Dataset]


def setup(data: Dataset, seed: int = 0, **settings: Any) -> TrialSetup:
    model = create_model("mlp", input_shape=data.input_shape, outputs=data.outputs, units=[5])
    return TrialSetup(model, TrainingSettings(learning_rate=0.02, batch_size=8, **settings), seed)


@pytest.fixture
def log_cosh() -> Iterator[None]:
    @register_loss("log_cosh", task_type="regression")
    def log_cosh(targets: Any, values: Any) -> Any:
        assert len(targets.shape) == len(values.shape) == 1
        return ops.log(ops.cosh(values - targets))

    yield
    unregister_loss("log_cosh")


def test_the_focal_loss_is_the_cross_entropy_where_little_is_known_and_less_elsewhere() -> None:
    logits = tf.constant([[[0.0, 9.0], [0.0, -9.0], [0.0, 0.0]]])
    labels = tf.constant([[1, 1, 1]])
    p = 1 / (1 + np.exp([-9.0, 9.0, 0.0]))
    focal = losses_by(loss_entry("focal"), labels, logits).numpy()
    np.testing.assert_allclose(focal[0], -((1 - p) ** 2) * np.log(p), rtol=2e-3)


def test_the_focal_loss_has_a_gradient_where_an_answer_is_certain() -> None:
    logits = tf.constant([[0.0, 200.0]])
    with tf.GradientTape() as tape:
        tape.watch(logits)
        loss = losses_by(loss_entry("focal"), tf.constant([1]), logits)
    assert np.isfinite(tape.gradient(loss, logits)).all()


def test_errors_of_values_are_kerass() -> None:
    targets, values = np.float32([[0.0, 1.0, -4.0]]), np.float32([[0.5, 3.0, 4.0]])
    outputs = tf.constant(values[..., None])
    np.testing.assert_allclose(losses_by(loss_entry("mae"), targets, outputs), [[0.5, 2.0, 8.0]])
    huber = keras.losses.Huber(reduction=None)(targets[0][:, None], values[0][:, None])
    np.testing.assert_allclose(losses_by(loss_entry("huber"), targets, outputs)[0], huber)


@pytest.mark.parametrize("loss", ["huber", "mae", "log_cosh"])
def test_rmse_and_mae_stay_exact_whatever_is_minimized(
    loss: str, dataset: Make, trainer: Trainer, log_cosh: None
) -> None:
    data = dataset("regression")
    [result] = trainer.train([setup(data, loss=loss)], data, epochs=3)
    model = keras.models.clone_model(setup(data).model)
    model.set_weights(result.weights)
    values = np.asarray(model(data.test.x))[:, 0] * data.target_scale + data.target_mean
    error = values - data.test.y
    assert result.scores["test_rmse"] == pytest.approx(np.sqrt(np.mean(error**2)), rel=1e-5)
    assert result.scores["test_mae"] == pytest.approx(np.mean(np.abs(error)), rel=1e-5)
    assert result.curves[-1]["train_loss"] < result.curves[0]["train_loss"]


def test_the_default_loss_by_its_name_gives_the_same_bits(
    dataset: Make, trainer: Trainer, reference: Any
) -> None:
    data = dataset()
    named = trainer.train([setup(data, loss="cross_entropy")], data, epochs=2)
    unnamed = trainer.train([setup(data)], data, epochs=2)
    assert reference.same_bits(named[0], unnamed[0])


@pytest.mark.parametrize(
    ("task_type", "settings"),
    [
        ("classification", {"loss": "focal"}),
        ("classification", {"class_weight": "balanced"}),
        ("classification", {"loss": "focal", "class_weight": "balanced"}),
        ("regression", {"loss": "huber"}),
        ("regression", {"loss": "log_cosh"}),
    ],
)
def test_a_member_is_the_plain_model_trained_alone(
    task_type: str, settings: dict[str, Any], dataset: Make, log_cosh: None
) -> None:
    data = dataset(task_type)
    setups = [setup(data, seed, **settings) for seed in (0, 1)]
    for difference in compare_with_plain(setups, data, steps=9, precision="float64"):
        assert difference.loss < 1e-10 and difference.weights < 1e-10
        assert difference.moved > 1e-3


def test_a_loss_registered_anew_is_compiled_anew(dataset: Make) -> None:
    data, trainer, ends = dataset("regression"), Trainer(), []
    for scale in (1.0, 100.0):

        def scaled(targets: Any, values: Any, scale: float = scale) -> Any:
            return scale * (targets - values) ** 2

        register_loss("scaled", task_type="regression")(scaled)
        [result] = trainer.train([setup(data, loss="scaled")], data, epochs=1)
        ends.append(result.curves[0]["train_loss"])
        unregister_loss("scaled")
    assert ends[1] == pytest.approx(100 * ends[0], rel=1e-5)


@pytest.mark.parametrize(
    ("task_type", "function", "message"),
    [
        ("regression", lambda y, z: y.no_such, r"test_losses\.py, line \d+\): it raised Attribute"),
        ("regression", lambda y, z: ops.mean((y - z) ** 2), r"a loss for each example, of shape"),
        ("classification", lambda y, z: z * 1.0, r"of shape \[5\]; got one of \(5, 3\)"),
        ("regression", lambda y, z: ops.log(-ops.abs(z - y)), r"finite losses of ordinary out"),
        ("regression", lambda y, z: ops.zeros_like(y) + y, r"differentiated by the outputs"),
        ("regression", lambda y, z: ops.sqrt(ops.abs(z - z)), r"a finite gradient at ordinary"),
        ("regression", lambda y, z: (z - ops.mean(z)) ** 2, r"it mixes the examples of a batch"),
    ],
)
def test_a_loss_that_training_cannot_use_is_refused_with_its_place(
    task_type: str, function: Any, message: str
) -> None:
    with pytest.raises(SpecError, match=r"loss 'mine' \(.*" + message):
        check_loss(Loss("mine", task_type, function=function), outputs=3)


def test_a_loss_is_checked_before_anything_is_trained(dataset: Make) -> None:
    data = dataset("regression")
    register_loss("whole", task_type="regression")(lambda y, z: ops.mean((y - z) ** 2))
    try:
        for use in (
            lambda: Trainer().check(setup(data, loss="whole"), data),
            lambda: Trainer().train([setup(data, loss="whole")], data, epochs=1),
        ):
            with pytest.raises(SpecError, match=r"loss 'whole'.*expected a loss for each example"):
                use()
    finally:
        unregister_loss("whole")


def test_what_does_not_fit_the_type_of_task_is_refused(dataset: Make) -> None:
    with pytest.raises(SpecError, match="loss: 'focal' is for classification; regression takes"):
        Objective.of(dataset("regression"), loss="focal")
    with pytest.raises(SpecError, match="class_weight: 'tiny' is regression and has no classes"):
        data = dataset("regression")
        Trainer().train([setup(data, class_weight="balanced")], data, epochs=1)
