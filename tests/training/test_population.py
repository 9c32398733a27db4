"""A population: members are plain models, whatever their layers and whoever their neighbors are."""

import dataclasses
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from dlsuite.models import create_model, list_models, model_entry
from dlsuite.training.initialize import initial_weights
from dlsuite.training.population import Population, layers_apart
from dlsuite.training.result import TrialResult
from dlsuite.training.settings import TrainingSettings
from dlsuite.training.trainer import Trainer, TrialSetup

layers = keras.layers
Build = Callable[[Any], Any]

# Stacks that are walked through, by the shape of what they take.
STACKS: dict[str, tuple[tuple[int, ...], Build]] = {
    "dense": ((4,), lambda x: layers.Dense(3, activation="tanh")(x)),
    "dense on steps": ((5, 4), lambda x: layers.Dense(3, use_bias=False)(x)),
    "conv1d": ((6, 2), lambda x: layers.Conv1D(3, 3, padding="causal", dilation_rate=2)(x)),
    "conv1d strides": ((7, 2), lambda x: layers.Conv1D(3, 4, strides=3, padding="same")(x)),
    "conv2d": ((5, 6, 2), lambda x: layers.Conv2D(3, (3, 2), strides=2, padding="same")(x)),
    "conv2d valid": ((5, 6, 2), lambda x: layers.Conv2D(3, 2, dilation_rate=(2, 1))(x)),
    "conv2d groups": ((5, 5, 4), lambda x: layers.Conv2D(4, 3, groups=2, activation="relu")(x)),
    "conv1d softmax": ((6, 2), lambda x: layers.Conv1D(3, 2, activation="softmax")(x)),
    "conv2d by a constant": (
        (5, 5, 2),
        lambda x: layers.Conv2D(3, 2)(x) * np.arange(3, dtype=np.float32).reshape(1, 1, 1, 3),
    ),
    "conv1d then gru": ((7, 2), lambda x: layers.GRU(3)(layers.Conv1D(3, 2)(x))),
    "dense with a layer as activation": (
        (4,),
        lambda x: layers.Dense(3, activation=layers.PReLU())(x),
    ),
    "one relu at two widths": ((4,), lambda x: _narrowed(layers.ReLU(), x)),
    "masked bidirectional": (
        (5, 3),
        lambda x: layers.Bidirectional(layers.GRU(2, return_sequences=True))(
            layers.Masking(0.0)(x)
        ),
    ),
    "masked backwards with zeros": (
        (5, 3),
        lambda x: layers.GRU(3, go_backwards=True, zero_output_for_mask=True)(
            layers.Masking(0.0)(x)
        ),
    ),
    "depthwise": ((5, 5, 2), lambda x: layers.DepthwiseConv2D(3)(x)),
    "max pool": ((6, 5, 2), lambda x: layers.MaxPooling2D(2)(x)),
    "max pool that overlaps": ((6, 5, 2), lambda x: layers.MaxPooling2D(3, 1, padding="same")(x)),
    "average pool": ((7, 2), lambda x: layers.AveragePooling1D(3)(x)),
    "global max pool": ((6, 2), lambda x: layers.GlobalMaxPooling1D()(layers.Conv1D(3, 2)(x))),
    "global max pool of an image": (
        (5, 4, 2),
        lambda x: layers.GlobalMaxPooling2D(keepdims=True)(layers.Conv2D(3, 2)(x)),
    ),
    "global max pool of what comes in": ((6, 2), lambda x: layers.GlobalMaxPooling1D()(x)),
    "batch norm": ((5, 3), lambda x: layers.BatchNormalization(momentum=0.7)(x)),
    "batch norm of an inner axis": ((5, 3), lambda x: layers.BatchNormalization(axis=1)(x)),
    "frozen batch norm": ((3,), lambda x: layers.BatchNormalization(trainable=False)(x)),
    "layer norm": ((5, 3), lambda x: layers.LayerNormalization(axis=[1, 2])(x)),
    "group norm": ((5, 4), lambda x: layers.GroupNormalization(2)(x)),
    "simple rnn": ((5, 3), lambda x: layers.SimpleRNN(4, return_sequences=True)(x)),
    "gru": ((5, 3), lambda x: layers.GRU(4, go_backwards=True)(x)),
    "gru reset before": ((5, 3), lambda x: layers.GRU(4, reset_after=False)(x)),
    "lstm": ((5, 3), lambda x: layers.LSTM(4, use_bias=False, return_sequences=True)(x)),
    "rnn of a cell": ((5, 3), lambda x: layers.RNN(layers.GRUCell(4))(x)),
    "bidirectional": (
        (5, 3),
        lambda x: layers.Bidirectional(layers.GRU(4, return_sequences=True), merge_mode="ave")(x),
    ),
    "bidirectional last": ((5, 3), lambda x: layers.Bidirectional(layers.LSTM(2))(x)),
    "time distributed": ((5, 3), lambda x: layers.TimeDistributed(layers.Dense(2))(x)),
    "masked steps": ((5, 3), lambda x: layers.LSTM(4)(layers.Masking(0.0)(x))),
    "masked pooling": ((5, 3), lambda x: layers.GlobalAveragePooling1D()(layers.Masking(0.0)(x))),
    "prelu": ((4,), lambda x: layers.PReLU()(x)),
    "a shared layer": ((4,), lambda x: _twice(layers.Dense(4, activation="tanh"), x)),
    "a nested model": ((4,), lambda x: _twice(_inner(), x)),
    "residual": ((4,), lambda x: layers.Concatenate()([layers.Dense(4)(x) + x, x * 2.0])),
    "attention without weights": ((5, 3), lambda x: layers.Attention()([x, x])),
}
FALL_BACK = {
    "conv2d groups",
    "depthwise",
    "group norm",
    "rnn of a cell",
    "time distributed",
    "prelu",
    "dense with a layer as activation",
}


def _twice(layer: Any, x: Any) -> Any:
    return layer(layer(x))


def _narrowed(layer: Any, x: Any) -> Any:
    return layer(layers.Dense(2)(layer(layers.Dense(3)(x))))


def _inner() -> keras.Model:
    stack = [keras.Input((4,)), layers.BatchNormalization(), layers.Dense(4, activation="relu")]
    return keras.Sequential(stack)


def stacked(name: str) -> keras.Model:
    shape, build = STACKS[name]
    inputs = keras.Input(shape, name="input")
    x = layers.Flatten()(build(inputs))
    return keras.Model(inputs, layers.Dense(2)(x), name="stack")


@pytest.mark.filterwarnings("ignore:Layer 'flatten:UserWarning")  # A mask ends there, as it should.
@pytest.mark.parametrize("name", STACKS)
def test_a_member_computes_what_the_plain_model_does(name: str) -> None:
    plain = stacked(name)
    population = Population(plain, members=3)
    weights = [initial_weights(plain, seed) for seed in range(3)]
    population.load([plain] * 3, weights, seeds=range(3))
    x = np.random.default_rng(0).normal(size=(3, 7, *STACKS[name][0])).astype(np.float32)
    x[:, :, 1:3] *= np.arange(7)[:, None, None] % 2 if "masked" in name else 1
    with tf.GradientTape() as tape:
        outputs = population(tf.constant(x), training=True)
        total = tf.reduce_sum(tf.square(outputs))
    gradients = tape.gradient(total, [v.value for v in population.trainable])
    for member in range(3):
        alone = population.member(member)
        alone.set_weights(weights[member])
        with tf.GradientTape() as tape:
            expected = alone(x[member], training=True)
            total = tf.reduce_sum(tf.square(expected))
        alone_gradients = tape.gradient(total, [v.value for v in alone.trainable_variables])
        np.testing.assert_allclose(outputs[member], expected, rtol=1e-4, atol=1e-5)
        for got, want in zip(gradients, alone_gradients, strict=True):
            np.testing.assert_allclose(got[member], want, rtol=2e-3, atol=2e-4)
        # Moving statistics have followed the batch alike, and inference reads them.
        for got, want in zip(population.weights, alone.weights, strict=True):
            np.testing.assert_allclose(got.numpy()[member], want.numpy(), rtol=1e-4, atol=1e-5)
        inference = population(tf.constant(x))
        np.testing.assert_allclose(inference[member], alone(x[member]), rtol=1e-4, atol=1e-5)


@pytest.mark.filterwarnings("ignore:Layer 'flatten:UserWarning")  # A mask ends there, as it should.
@pytest.mark.parametrize("name", STACKS)
def test_only_layers_without_a_form_are_called_member_by_member(name: str) -> None:
    assert len(layers_apart(stacked(name))) == (name in FALL_BACK)


@pytest.mark.parametrize("name", list_models())
def test_no_layer_of_a_registered_model_is_called_member_by_member(name: str) -> None:
    shapes = {"table": (4,), "text": (12,), "series": (16, 2), "image": (8, 8, 1)}
    for kind in model_entry(name).kinds:
        vocabulary = 7 if kind == "text" else None
        model = create_model(
            name, input_shape=shapes[kind], outputs=3, vocabulary=vocabulary, batch_norm=True
        )
        assert layers_apart(model) == []


def test_token_ids_and_their_mask_are_looked_up() -> None:
    inputs = keras.Input((5,), dtype="int32")
    for size, mask_zero in ((6, True), (2000, False)):
        x = layers.Embedding(size, 3, mask_zero=mask_zero)(inputs)
        plain = keras.Model(inputs, layers.GRU(4)(x))
        population = Population(plain, members=2)
        weights = [initial_weights(plain, seed) for seed in range(2)]
        population.load([plain] * 2, weights, seeds=range(2))
        tokens = np.array([[0, 0, 1, 2, 5], [3, 0, 0, 0, 0]])
        with tf.GradientTape() as tape:
            outputs = population(tf.constant([tokens, tokens]))
        gradient = tape.gradient(outputs, population.trainable[0].value)
        alone = population.member(1)
        with tf.GradientTape() as tape:
            expected = alone(tokens)
        want = tape.gradient(expected, alone.trainable_variables[0].value)
        np.testing.assert_allclose(outputs[1], expected, rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(
            tf.convert_to_tensor(gradient)[1], tf.convert_to_tensor(want), rtol=1e-3, atol=1e-6
        )


def test_the_gradient_of_a_maximum_goes_to_the_first_of_equals() -> None:
    inputs = keras.Input((4, 1))
    x = layers.MaxPooling1D(2, name="pool")(layers.Dense(1, kernel_initializer="ones")(inputs))
    population = Population(keras.Model(inputs, layers.Flatten()(x)), members=1)
    value = tf.ones([1, 1, 4, 1])
    with tf.GradientTape() as tape:
        tape.watch(value)
        outputs = population(value)
    gradient = tape.gradient(outputs, value).numpy().ravel()
    assert gradient[0] == gradient[2] != 0
    assert gradient[1] == gradient[3] == 0


def test_a_constraint_holds_for_each_member() -> None:
    inputs = keras.Input((4,))
    limit = keras.constraints.MaxNorm(0.5, axis=0)
    plain = keras.Model(inputs, layers.Dense(3, kernel_constraint=limit)(inputs))
    population = Population(plain, members=2)
    population.constrain()
    norms = np.linalg.norm(population.trainable[0].numpy(), axis=1)
    assert np.all(norms <= 0.5 + 1e-6)


@pytest.fixture(scope="module")
def mixed(dataset: Any) -> tuple[Any, list[TrialSetup], list[TrialResult]]:
    """Members that differ in everything that members may differ in."""
    data = dataset()
    setups = [
        TrialSetup(
            create_model("mlp", input_shape=(4,), outputs=3, units=[6], batch_norm=True, **own),
            TrainingSettings(batch_size=8, **training),
            seed,
        )
        for seed, own, training in (
            (0, {"dropout": 0.3}, {"learning_rate": 0.01}),
            (0, {"dropout": 0.3}, {"learning_rate": 0.05, "weight_decay": 0.1}),
            (1, {"l2": 0.1}, {"clip_norm": 0.1}),
            (2, {"dropout": 0.5}, {"learning_rate": 0.02, "weight_decay": 0.01}),
        )
    ]
    return data, setups, Trainer(members=4).train(setups, data, epochs=5)


def test_members_permuted_are_results_permuted_to_the_bit(mixed: Any, reference: Any) -> None:
    data, setups, results = mixed
    order = [2, 0, 3, 1]
    permuted = Trainer(members=4).train([setups[i] for i in order], data, epochs=5)
    for place, index in enumerate(order):
        assert reference.same_bits(permuted[place], results[index])


def test_a_member_is_unchanged_by_a_diverging_neighbor(mixed: Any, reference: Any) -> None:
    data, setups, results = mixed
    wild = dataclasses.replace(setups[1].settings, learning_rate=1e30)
    neighbors = [setups[0], dataclasses.replace(setups[1], settings=wild), *setups[2:]]
    again = Trainer(members=4).train(neighbors, data, epochs=5)
    assert again[1].status == "diverged"
    assert all(np.isfinite(weight).all() for weight in again[1].last_weights)
    for index in (0, 2, 3):
        assert reference.same_bits(again[index], results[index])


def test_empty_places_change_nothing(mixed: Any, reference: Any) -> None:
    data, setups, results = mixed
    alone = Trainer(members=4).train(setups[:1], data, epochs=5)
    assert reference.same_bits(alone[0], results[0])


def test_another_size_changes_no_more_than_the_last_bits(mixed: Any) -> None:
    data, setups, results = mixed
    for setup, result in zip(setups, results, strict=True):
        [alone] = Trainer(members=1).train([setup], data, epochs=5)
        for row, expected in zip(alone.curves, result.curves, strict=True):
            assert row["val_loss"] == pytest.approx(expected["val_loss"], rel=1e-5)


def test_populations_of_a_shape_share_two_compilations(dataset: Any) -> None:
    data, trainer = dataset(), Trainer(members=2)
    plain = create_model("mlp", input_shape=(4,), outputs=3, units=[6])
    for start in range(0, 6, 2):
        setups = [
            TrialSetup(plain, TrainingSettings(learning_rate=0.01 * (1 + s), batch_size=8), s)
            for s in range(start, start + 2)
        ]
        trainer.train(setups, data, epochs=2)
    assert [graph.compilations for graph in trainer.graphs] == [2]
