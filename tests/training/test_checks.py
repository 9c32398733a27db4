"""Which models can be trained, and which can share a population."""

from typing import Any

import keras
import pytest

from dlsuite.errors import SpecError
from dlsuite.models import create_model
from dlsuite.training.checks import structure_of
from dlsuite.training.population import Population
from dlsuite.training.settings import TrainingSettings
from dlsuite.training.trainer import Trainer, TrialSetup

layers = keras.layers


def gru(**settings: Any) -> keras.Model:
    return create_model("gru", input_shape=(5, 2), outputs=2, **settings)


def sequential(*stack: keras.layers.Layer, shape: tuple[int, ...] = (4, 2)) -> keras.Model:
    return keras.Sequential([keras.Input(shape), *stack], name="stack")


class Subclassed(keras.Model):
    """A model whose layers nobody can list, of a layer that its configuration cannot hold."""

    def __init__(self, layer: keras.layers.Layer) -> None:
        super().__init__(name="own")
        self.layer = layer

    def call(self, inputs: Any) -> Any:
        return self.layer(inputs)


def subclassed() -> keras.Model:
    model = Subclassed(layers.Dense(3))
    model(keras.ops.zeros((1, 4)))
    return model


STATEFUL_DROPOUT = (
    "dropout inside a recurrent layer that keeps, returns or is handed a state is drawn"
)
NOT_SEEDED = "draws random numbers that a trial's seed cannot govern yet; use keras.layers.Dropout"
NO_ACTIVITY = "activity regularizers are not supported; penalize its weights"


def several_outputs() -> keras.Model:
    inputs = keras.Input((4,))
    return keras.Model(inputs, [layers.Dense(1)(inputs), layers.Dense(1)(inputs)], name="two")


class AddsLoss(layers.Layer):
    """Adds a loss of its own."""

    def call(self, inputs: Any) -> Any:
        self.add_loss(keras.ops.mean(inputs))
        return inputs


class DrawsItsOwn(layers.Layer):
    """Draws a weight by an initializer that its configuration does not name."""

    def build(self, input_shape: tuple[int, ...]) -> None:
        self.own = self.add_weight(shape=input_shape[1:], initializer="random_normal", name="own")

    def call(self, inputs: Any) -> Any:
        return inputs * self.own


def attention() -> keras.Model:
    inputs = keras.Input((4, 2))
    attended = layers.MultiHeadAttention(1, 2, name="attention")(inputs, inputs)
    return keras.Model(inputs, layers.Dense(1)(layers.Flatten()(attended)))


def dropout_called_twice() -> keras.Model:
    inputs = keras.Input((4,))
    drop = layers.Dropout(0.5, name="twice")
    return keras.Model(inputs, layers.Dense(1)(drop(layers.Dense(4)(drop(inputs)))))


def augmented_twice() -> keras.Model:
    inputs = keras.Input((4, 4, 1))
    flip = layers.RandomFlip(name="flip")
    return keras.Model(inputs, layers.Dense(1)(layers.Flatten()(flip(flip(inputs)))))


def mixing(operation: Any) -> keras.Model:
    inputs = keras.Input((4,), name="input")
    return keras.Model(inputs, layers.Dense(1)(operation(inputs)), name="mixed")


class SubtractsTheBatchMean(layers.Layer):
    """Mixes examples in training only, and has no weights by which to know it."""

    def call(self, inputs: Any, training: bool = False) -> Any:
        return inputs - keras.ops.mean(inputs, axis=0) if training else inputs


REFUSED = {
    "a reshape across examples": (
        lambda: mixing(lambda x: keras.ops.reshape(keras.ops.reshape(x, (-1, 2)), (-1, 4))),
        "layer 'reshape",
    ),
    "a softmax over examples": (
        lambda: mixing(layers.Softmax(axis=0, name="over_examples")),
        "layer 'over_examples': it mixes the examples of a batch",
    ),
    "a mean over examples": (
        lambda: mixing(layers.Lambda(lambda x: x - keras.ops.mean(x, axis=0), name="centered")),
        "layer 'centered': it mixes the examples of a batch",
    ),
    "a mean over examples in training": (
        lambda: mixing(SubtractsTheBatchMean(name="in_training")),
        "layer 'in_training': it mixes the examples of a batch",
    ),
    "mixing in a nested model": (
        lambda: sequential(mixing(layers.Softmax(axis=0, name="deep")), shape=(4,)),
        "layer 'mixed/deep': it mixes the examples of a batch",
    ),
    "mixed precision": (
        lambda: sequential(
            layers.RandomFlip(dtype="mixed_bfloat16", name="flip"),
            layers.Flatten(),
            layers.Dense(2),
            shape=(4, 4, 1),
        ),
        "layer 'flip': expected a layer that computes in float32; got a bfloat16 layer with float32 weights",
    ),
    "nothing to train": (
        lambda: sequential(layers.Flatten(), shape=(4,)),
        "model 'stack': it has no weights to train",
    ),
    "a loss of a layer's own": (
        lambda: sequential(AddsLoss(), layers.Flatten(), layers.Dense(1)),
        "model 'stack': a layer adds a loss of its own",
    ),
    "a weight that no seed governs": (
        lambda: sequential(DrawsItsOwn(name="free"), layers.Flatten(), layers.Dense(1)),
        "weight 'stack/free/own': it is drawn by no initializer in its layer's configuration",
    ),
    "weights that would begin alike": (
        attention,
        "layer 'attention': several of its weights come from one initializer",
    ),
    "dropout called twice": (
        dropout_called_twice,
        "layer 'twice': it draws random numbers and is called more than once",
    ),
    "subclassed": (
        subclassed,
        "model 'own': expected a functional or sequential keras.Model; got a Subclassed",
    ),
    "nested subclassed": (
        lambda: sequential(subclassed(), shape=(4,)),
        "model 'own': expected a functional or sequential keras.Model; got a Subclassed",
    ),
    "no input shape": (
        lambda: keras.Sequential([layers.Dense(3)], name="stack"),
        "model 'stack': it has no input shape; begin it with keras.Input",
    ),
    "two outputs": (
        several_outputs,
        "model 'two': expected one input and one output; got 1 and 2",
    ),
    "noise": (
        lambda: sequential(layers.GaussianNoise(0.1, name="noise")),
        f"layer 'noise': a GaussianNoise layer {NOT_SEEDED}",
    ),
    "a crop that only training sees": (
        lambda: sequential(layers.RandomCrop(2, 2, name="crop"), shape=(4, 4, 1)),
        "layer 'crop': a RandomCrop layer draws random numbers that a trial's seed cannot govern yet; of "
        "Keras's random image layers, use RandomBrightness, RandomContrast, RandomFlip, RandomRotation, "
        "RandomTranslation and RandomZoom",
    ),
    "augmentation of what is no image": (
        lambda: sequential(layers.RandomFlip(name="flip")),
        "layer 'flip': a RandomFlip layer needs images of shape (height, width, channels), all known; "
        "got (4, 2)",
    ),
    "augmentation called twice": (
        augmented_twice,
        "layer 'flip': it draws random numbers and is called more than once",
    ),
    "wrapped dropout": (
        lambda: sequential(layers.TimeDistributed(layers.Dropout(0.5), name="steps")),
        f"layer 'steps': a TimeDistributed layer {NOT_SEEDED}",
    ),
    "dropout in both directions of cells": (
        lambda: sequential(
            layers.Bidirectional(layers.RNN(layers.LSTMCell(2, recurrent_dropout=0.5)), name="two")
        ),
        f"layer 'two': a Bidirectional layer {NOT_SEEDED}",
    ),
    "dropout in a cell": (
        lambda: sequential(layers.RNN(layers.GRUCell(2, dropout=0.5), name="rnn")),
        f"layer 'rnn': a RNN layer {NOT_SEEDED}",
    ),
    "dropout of a returned state": (
        lambda: with_state(layers.LSTM(2, dropout=0.5, return_state=True, name="lstm")),
        f"layer 'lstm': {STATEFUL_DROPOUT}",
    ),
    "dropout of a state handed in": (
        lambda: with_state(layers.GRU(2, recurrent_dropout=0.5, name="gru"), handed=True),
        f"layer 'gru': {STATEFUL_DROPOUT}",
    ),
    "dropout of attention in a nested model": (
        lambda: sequential(sequential(layers.SpatialDropout1D(0.5, name="rows"))),
        f"layer 'stack/rows': a SpatialDropout1D layer {NOT_SEEDED}",
    ),
    "activity": (
        lambda: sequential(layers.Dense(2, activity_regularizer="l2", name="active")),
        f"layer 'active': {NO_ACTIVITY}",
    ),
    "activity in a nested model": (
        lambda: sequential(sequential(layers.Dense(2, activity_regularizer="l1", name="deep"))),
        f"layer 'deep': {NO_ACTIVITY}",
    ),
}


def with_state(layer: Any, *, handed: bool = False) -> keras.Model:
    inputs = keras.Input((4,), name="input")
    steps = layers.Reshape((2, 2))(inputs)
    outputs = layer(steps, initial_state=layers.Dense(2)(inputs)) if handed else layer(steps)
    last = outputs[1] if isinstance(outputs, list | tuple) else outputs
    return keras.Model(inputs, layers.Dense(3)(last), name="stack")


@pytest.mark.parametrize("case", REFUSED)
def test_a_model_that_cannot_be_trained_is_refused(case: str, dataset: Any) -> None:
    build, message = REFUSED[case]
    with pytest.raises(SpecError) as caught:
        Population(build(), members=2)
    assert str(caught.value).startswith(message)
    with pytest.raises(SpecError) as caught:
        Trainer().train([TrialSetup(build(), TrainingSettings(), 0)], dataset(), epochs=1)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    "layer",
    [
        layers.Bidirectional(layers.LSTM(2)),
        layers.RNN(layers.GRUCell(2)),
        layers.TimeDistributed(layers.Dense(2)),
        layers.GaussianNoise(0.0),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_a_layer_that_draws_nothing_is_taken(layer: keras.layers.Layer) -> None:
    model = sequential(layer, layers.Dense(2))
    population = Population(model, members=3)
    assert [v.shape for v in population.weights] == [(3, *v.shape) for v in model.weights]


def test_rates_penalties_and_seeds_do_not_separate_populations() -> None:
    assert structure_of(gru()) == structure_of(gru(dropout=0.3, recurrent_dropout=0.4, l2=0.1))

    def seeded(seed: int) -> keras.Model:
        inputs = keras.Input((4,), name="input")
        initializer = keras.initializers.GlorotUniform(seed)
        x = layers.Dense(2, kernel_initializer=initializer, name="dense")(inputs)
        return keras.Model(inputs, layers.Dropout(0.1, seed=seed, name="drop")(x), name="model")

    assert structure_of(seeded(1)) == structure_of(seeded(2))


@pytest.mark.parametrize(
    "other",
    [{"units": [8]}, {"batch_norm": True}, {"depth": 2}, {"activation": "relu"}],
    ids=str,
)
def test_what_changes_the_graph_separates_populations(other: dict[str, Any]) -> None:
    assert structure_of(gru()) != structure_of(gru(**other))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (
            layers.Dense(2, kernel_regularizer=keras.regularizers.L1L2(0.1, 0.1), name="x"),
            layers.Dense(2, kernel_regularizer=keras.regularizers.L1L2(0.1, 0.2), name="x"),
        ),
        (layers.GaussianNoise(0.0, name="x"), layers.GaussianNoise(0.1, name="x")),
        (layers.AlphaDropout(0.0, name="x"), layers.AlphaDropout(0.1, name="x")),
        (layers.GRU(2, dropout=0.1, name="x"), layers.GRU(2, dropout=0.2, name="x")),
    ],
    ids=["L1L2", "GaussianNoise", "AlphaDropout", "GRU"],
)
def test_a_rate_that_is_built_into_the_graph_separates_populations(first: Any, second: Any) -> None:
    def model(layer: keras.layers.Layer) -> keras.Model:
        inputs = keras.Input((4, 2), name="input")
        return keras.Model(inputs, layer(inputs), name="model")

    assert structure_of(model(first)) != structure_of(model(second))


def test_penalties_are_weighted_as_in_keras() -> None:
    plains = [gru(l2=0.3, units=[3]), gru(l2=0.1, units=[3])]
    population = Population(gru(l2=0.7, units=[3]), members=2)
    for plain in plains:
        plain.set_weights([w + plain.layers[1].kernel_regularizer.l2 for w in plain.get_weights()])
    population.load(plains, [plain.get_weights() for plain in plains], seeds=[0, 0])
    expected = [float(sum(plain.losses)) for plain in plains]
    assert min(expected) > 0
    assert population.penalty().numpy() == pytest.approx(expected, rel=1e-5)
