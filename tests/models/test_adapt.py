"""Models that know nothing of the suite end in logits, and mean the same."""

from collections.abc import Callable

import keras
import numpy as np
import pytest

from dlsuite.errors import SpecError
from dlsuite.models.adapt import with_logits

layers = keras.layers
Layers = Callable[[], list[keras.layers.Layer]]
X = np.random.default_rng(0).normal(size=(5, 4)).astype("float32")


@pytest.fixture(autouse=True)
def drawn_alike() -> None:
    """Of unlucky weights, all five logits may lie between 0 and 1, as probabilities do.

    An initializer draws its seed when its layer is made, so layers are made in the tests.
    """
    keras.utils.set_random_seed(0)


def ending_in(*last: keras.layers.Layer) -> keras.Model:
    return keras.Sequential([keras.Input((4,)), layers.Dense(6, "relu"), *last])


def probabilities_after(model: keras.Model, outputs: int) -> tuple[np.ndarray, np.ndarray]:
    weights = model.get_weights()
    adapted = with_logits(model, outputs=outputs)
    adapted.set_weights(weights)
    logits = np.asarray(adapted(X))
    assert logits.shape == (5, outputs)
    assert logits.min() < 0 or logits.max() > 1
    return np.asarray(model(X)), np.asarray(keras.ops.softmax(logits * 1.0))


@pytest.mark.parametrize(
    "last",
    [
        lambda: [layers.Dense(3, "softmax")],
        lambda: [layers.Dense(3), layers.Softmax()],
        lambda: [layers.Dense(3), layers.Activation("softmax")],
    ],
    ids=["of the last layer", "a layer of its own", "an activation layer"],
)
def test_a_softmax_at_the_end_is_taken_off(last: Layers) -> None:
    before, after = probabilities_after(ending_in(*last()), 3)
    np.testing.assert_allclose(after, before, atol=1e-6)


@pytest.mark.parametrize(
    "last",
    [
        lambda: [layers.Dense(1, "sigmoid")],
        lambda: [layers.Dense(1), layers.Activation("sigmoid")],
    ],
    ids=["of the last layer", "a layer of its own"],
)
def test_a_sigmoid_for_two_classes_becomes_two_logits(last: Layers) -> None:
    before, after = probabilities_after(ending_in(*last()), 2)
    np.testing.assert_allclose(after[:, 1], before[:, 0], atol=1e-6)


def test_one_unit_without_activation_is_the_logit_of_the_second_class() -> None:
    before, after = probabilities_after(ending_in(layers.Dense(1)), 2)
    np.testing.assert_allclose(after[:, 1], 1 / (1 + np.exp(-before[:, 0])), atol=1e-6)


def test_what_ends_in_logits_or_values_is_itself() -> None:
    for model, outputs in (
        (ending_in(layers.Dense(3)), 3),
        (ending_in(layers.Dense(1)), 1),
    ):
        assert with_logits(model, outputs=outputs) is model


def test_the_same_builder_gives_the_same_names_each_time() -> None:
    from dlsuite.models import add_model, create_model, unregister_model
    from dlsuite.training.checks import structure_of

    def build(*, input_shape: tuple[int, ...], outputs: int, rate: float = 0.0) -> keras.Model:
        """One layer."""
        units = 1 if outputs == 2 else outputs
        inner = [layers.Dropout(rate), layers.Dense(units, activation="sigmoid")]
        return keras.Sequential([keras.Input(input_shape), *inner])

    add_model("sigmoid_for_test", build)
    try:
        built = [
            create_model("sigmoid_for_test", input_shape=(4,), outputs=2, rate=rate)
            for rate in (0.1, 0.5)
        ]
    finally:
        unregister_model("sigmoid_for_test")
    assert structure_of(built[0]) == structure_of(built[1])


@pytest.mark.parametrize(
    ("last", "outputs", "words"),
    [
        (lambda: [layers.Dense(3, "sigmoid")], 3, "ends in 3 sigmoids"),
        (
            lambda: [layers.Dense(1, "sigmoid")],
            1,
            "a sigmoid, .* regression learns standardized targets",
        ),
        (
            lambda: [layers.Lambda(lambda x: x * 2, name="twice"), layers.Dense(3, "softmax")],
            3,
            "layer 'twice' is a Lambda, .* Build it of Keras's own layers and keras.ops",
        ),
        (
            lambda: [layers.Dense(3, "relu")],
            3,
            "ends in a relu, so that no class can get a negative logit",
        ),
        (lambda: [layers.Dense(1, "softmax")], 2, "a softmax over one unit, which is always 1"),
        (
            lambda: [layers.Dense(3), layers.Softmax(), layers.Reshape((3,))],
            3,
            "its outputs are probabilities, from 'reshape.*'; end it in",
        ),
    ],
)
def test_an_end_that_makes_no_sense_is_refused(last: Layers, outputs: int, words: str) -> None:
    with pytest.raises(SpecError, match=words):
        with_logits(ending_in(*last()), outputs=outputs)
