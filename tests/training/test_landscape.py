"""The loss at many places, compared with the plain Keras model at each of them."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from dlsuite.data import Dataset
from dlsuite.models import create_model
from dlsuite.training.initialize import initial_weights
from dlsuite.training.landscape import LossLandscape

CASES = {
    "dense": ("table", "classification", "mlp", {"units": (5,), "batch_norm": True}),
    "dense regression": ("table", "regression", "mlp", {"units": (5,), "dropout": 0.5}),
    "convolution": ("image", "classification", "cnn", {"filters": (3,), "units": (4,)}),
    "gru": ("series", "regression", "gru", {"units": (4,)}),
    "text": ("text", "classification", "mlp", {"units": (4,), "embedding": 3}),
}


class Case:
    """A model, a data set and a few places."""

    def __init__(self, data: Dataset, name: str, settings: dict[str, Any], places: int) -> None:
        self.data = data
        self.model = create_model(
            name,
            input_shape=data.input_shape,
            outputs=data.outputs,
            vocabulary=len(data.vocabulary) if data.vocabulary else None,
            **settings,
        )
        generator = np.random.default_rng(5)
        self.places = [
            [
                weight + generator.uniform(0.05, 0.3, weight.shape).astype(weight.dtype)
                for weight in initial_weights(self.model, seed)
            ]
            for seed in range(places)
        ]
        self.stacked = [np.stack(values) for values in zip(*self.places, strict=True)]

    def plainly(self, place: int, losses_of: Any) -> tuple[np.ndarray, float]:
        """Outputs and the gradient's length, by the plain model and a tape."""
        self.model.set_weights(self.places[place])
        with tf.GradientTape() as tape:
            outputs = self.model(self.data.train.x, training=False)
            loss = tf.reduce_mean(losses_of(self.data, self.data.train.y, outputs))
        variables = self.model.trainable_variables
        gradients = tape.gradient(loss, [v.value for v in variables])
        squares = [np.sum(np.square(tf.convert_to_tensor(g).numpy())) for g in gradients]
        return outputs.numpy(), float(np.sqrt(sum(squares)))


@pytest.fixture(scope="module", params=list(CASES))
def case(request: pytest.FixtureRequest, dataset: Callable[..., Dataset]) -> Case:
    kind, task_type, name, settings = CASES[request.param]
    return Case(dataset(task_type, kind=kind), name, settings, places=5)


def test_places_are_what_the_plain_model_gives_there(case: Case, reference: Any) -> None:
    # Three at once: the second pass is filled up.
    landscape = LossLandscape(case.model, case.data, members=3)
    losses, norms = landscape.losses(case.stacked), landscape.gradient_norms(case.stacked)
    outputs, each = landscape.outputs(case.stacked), landscape.example_losses(case.stacked)
    assert losses.shape == norms.shape == (5,)
    assert each.shape == (5, len(case.data.train))
    for place in range(5):
        expected, norm = case.plainly(place, reference.losses)
        np.testing.assert_allclose(outputs[place], expected, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(norms[place], norm, rtol=1e-4)
        alone = reference.losses(case.data, case.data.train.y, case.model(case.data.train.x))
        np.testing.assert_allclose(each[place], np.asarray(alone), rtol=1e-4, atol=1e-5)
        expected_loss = reference.mean_loss(case.model, case.data, "train")
        np.testing.assert_allclose(losses[place], expected_loss, rtol=1e-5)


def test_other_examples_can_be_meant(dataset: Callable[..., Dataset], reference: Any) -> None:
    case = Case(dataset(), "mlp", {"units": (4,)}, places=1)
    landscape = LossLandscape(case.model, case.data, examples=case.data.validation)
    case.model.set_weights(case.places[0])
    expected = reference.mean_loss(case.model, case.data, "validation")
    np.testing.assert_allclose(landscape.losses(case.stacked), [expected], rtol=1e-5)


def test_exploding_place_leaves_its_neighbors_alone(dataset: Callable[..., Dataset]) -> None:
    case = Case(dataset("regression"), "mlp", {"units": (4,)}, places=3)
    landscape = LossLandscape(case.model, case.data)
    before = landscape.losses(case.stacked)
    for values in case.stacked:
        values[1] = 1e30
    after = landscape.losses(case.stacked)
    assert not np.isfinite(after[1])
    assert not np.isfinite(landscape.gradient_norms(case.stacked)[1])
    np.testing.assert_array_equal(after[[0, 2]], before[[0, 2]])


def test_no_places_have_no_losses(dataset: Callable[..., Dataset]) -> None:
    case = Case(dataset(), "mlp", {"units": (4,)}, places=1)
    landscape = LossLandscape(case.model, case.data)
    nothing = [values[:0] for values in case.stacked]
    assert landscape.losses(nothing).shape == landscape.gradient_norms(nothing).shape == (0,)


def test_model_is_left_as_it_is(dataset: Callable[..., Dataset]) -> None:
    case = Case(dataset(), "mlp", {"units": (4,)}, places=2)
    before = case.model.get_weights()
    LossLandscape(case.model, case.data).gradient_norms(case.stacked)
    assert all(map(np.array_equal, before, case.model.get_weights()))
    assert isinstance(case.model, keras.Model)
