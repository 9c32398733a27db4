"""How hidden units depend on one another, against NumPy and each member's own Keras model."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import pytest

from dlsuite.data import Dataset
from dlsuite.models import create_model
from dlsuite.training.dependence import (
    EXAMPLES,
    LESIONS,
    Dependence,
    lesions,
    measure_dependence,
)
from dlsuite.training.examples import place
from dlsuite.training.initialize import initial_weights
from dlsuite.training.objective import Objective
from dlsuite.training.population import Population
from dlsuite.training.settings import TrainingSettings
from dlsuite.training.trainer import Trainer, TrialSetup

layers = keras.layers
CLASSES = Objective("classification")


def measure(
    plain: keras.Model,
    weights: Sequence[Any],
    data: Dataset,
    *,
    seeds: Sequence[int],
    activations: int = 100,
) -> Dependence:
    population = Population(plain, members=len(weights))
    population.load([plain] * len(weights), weights, seeds)
    examples = place(data, CLASSES)
    return measure_dependence(population, CLASSES, examples, seeds=seeds, activations=activations)


def expected_correlation(model: keras.Model, hidden: list[str], x: np.ndarray) -> float:
    of_layers = []
    for name in hidden:
        units = np.asarray(
            keras.Model(model.inputs[0], model.get_layer(name).output)(x), np.float64
        )
        units = units.reshape(-1, units.shape[-1])
        units = units[:, units.std(axis=0) > 1e-6]
        if units.shape[1] > 1:
            pairs = np.triu_indices(units.shape[1], 1)
            of_layers.append(np.abs(np.corrcoef(units, rowvar=False))[pairs].mean())
    return float(np.mean(of_layers)) if of_layers else np.nan


def expected_rise(
    model: keras.Model, hidden: list[str], seed: int, data: Dataset, reference: Any
) -> float:
    losses = []
    for draw in range(LESIONS):

        def call(layer: Any, *args: Any, lost: int = draw, **kwargs: Any) -> Any:
            outputs = layer(*args, **kwargs)
            if layer.name in hidden:
                kept = lesions(seed, layer.name, outputs.shape[-1])[lost]
                outputs = outputs * kept.astype(np.float32)
            return outputs

        hurt = keras.models.clone_model(model, call_function=call)
        hurt.set_weights(model.get_weights())
        losses.append(reference.mean_loss(hurt, data, "validation"))
    return float(np.mean(losses) - reference.mean_loss(model, data, "validation"))


def registered(name: str, kind: str, **settings: Any) -> Callable[[], keras.Model]:
    shapes = {"table": (4,), "series": (5, 2), "image": (6, 6, 1), "text": (5,)}
    words = {"vocabulary": 7} if kind == "text" else {}
    return lambda: create_model(name, input_shape=shapes[kind], outputs=3, **words, **settings)


def wide_and_deep() -> keras.Model:
    inputs = keras.Input((4,), name="input")
    hidden = layers.Dense(5, activation="tanh", name="hidden")(inputs)
    both = layers.Concatenate(name="both")([inputs, hidden])
    return keras.Model(inputs, layers.Dense(3, name="output")(both))


MODELS: dict[str, tuple[str, list[str], Callable[[], keras.Model]]] = {
    "mlp": (
        "table",
        ["activation_1", "activation_2"],
        registered("mlp", "table", units=[6, 5], batch_norm=True, dropout=0.5),
    ),
    "cnn": (
        "image",
        ["activation_1_1", "activation_dense_1"],
        registered("cnn", "image", filters=[3], units=[5], batch_norm=True),
    ),
    "resnet": (
        "image",
        ["activation_stem", "activation_1_1_first", "activation_1_1"],
        registered("resnet", "image", filters=[3]),
    ),
    "gru": ("text", ["gru_1", "gru_2"], registered("gru", "text", units=[4, 3])),
    "lstm": ("series", ["lstm_1"], registered("lstm", "series", units=[5])),
    "wide and deep": ("table", ["hidden"], wide_and_deep),
}


@pytest.mark.parametrize("name", MODELS)
def test_a_member_has_what_its_plain_model_has(name: str, dataset: Any, reference: Any) -> None:
    kind, hidden, build = MODELS[name]
    data = dataset(kind=kind, validation=70)
    plain = build()
    seeds = [3, 3, 4]
    weights = [initial_weights(plain, seed) for seed in (0, 1, 2)]
    got = measure(plain, weights, data, seeds=seeds)
    # Few at once: the numbers are added up over passes.
    in_parts = measure(plain, weights, data, seeds=seeds, activations=2**30)
    for member, seed in enumerate(seeds):
        plain.set_weights(weights[member])
        correlation = expected_correlation(plain, hidden, data.validation.x)
        rise = expected_rise(plain, hidden, seed, data, reference)
        assert abs(rise) > 1e-4
        for one in (got, in_parts):
            assert one.unit_correlation[member] == pytest.approx(correlation, rel=1e-4)
            assert one.lesion_loss[member] == pytest.approx(rise, rel=1e-4, abs=1e-6)


@pytest.mark.parametrize("name", ["mlp", "cnn", "gru"])
def test_members_permuted_are_numbers_permuted_to_the_bit(name: str, dataset: Any) -> None:
    kind, _, build = MODELS[name]
    data, plain = dataset(kind=kind, validation=43), build()
    weights = [initial_weights(plain, seed) for seed in range(3)]
    first = measure(plain, weights, data, seeds=[0, 1, 2])
    order = [2, 0, 1]
    permuted = measure(plain, [weights[i] for i in order], data, seeds=order)
    again = measure(plain, weights, data, seeds=[0, 1, 2])
    for one, other, repeated in zip(first, permuted, again, strict=True):
        assert np.array_equal(one[order], other)
        assert np.array_equal(one, repeated)


def test_no_more_than_the_first_examples_are_looked_at(dataset: Any, reference: Any) -> None:
    kind, hidden, build = MODELS["mlp"]
    data = dataset(kind=kind, validation=EXAMPLES + 50)
    plain = build()
    got = measure(plain, [plain.get_weights()], data, seeds=[0])
    expected = expected_correlation(plain, hidden, data.validation.x[:EXAMPLES])
    assert got.unit_correlation == pytest.approx([expected], rel=1e-4)


def test_steps_that_do_not_count_are_left_out(dataset: Any) -> None:
    inputs = keras.Input((5,), dtype="int32", name="input")
    tokens = layers.Embedding(7, 3, mask_zero=True, name="embedding")(inputs)
    steps = layers.GRU(3, return_sequences=True, name="gru")(tokens)
    outputs = layers.Dense(3, name="output")(layers.LSTM(1, name="lstm")(steps))
    plain = keras.Model(inputs, outputs)
    data = dataset(kind="text", validation=40)
    got = measure(plain, [plain.get_weights()], data, seeds=[0])
    units = np.asarray(keras.Model(inputs, steps)(data.validation.x))[data.validation.x > 0]
    expected = np.abs(np.corrcoef(units, rowvar=False))[np.triu_indices(3, 1)].mean()
    assert got.unit_correlation == pytest.approx([expected], rel=1e-4)


def dense(units: int, activation: str = "tanh") -> keras.Model:
    inputs = keras.Input((4,), name="input")
    hidden = layers.Dense(units, activation=activation, name="hidden")(inputs)
    return keras.Model(inputs, layers.Dense(3, name="output")(hidden))


def with_kernel(kernel: np.ndarray, bias: Any = 0.0) -> list[np.ndarray]:
    """Weights of `dense`, of which the hidden ones are given."""
    units = kernel.shape[1]
    last = np.random.default_rng(0).normal(size=(units, 3))
    return [kernel, np.zeros(units) + bias, last, np.zeros(3)]


@pytest.mark.parametrize("factor", [1.0, -1.0])
def test_units_that_are_alike_or_opposite_correlate_fully(factor: float, dataset: Any) -> None:
    column = np.random.default_rng(1).normal(size=(4, 1))
    alike = with_kernel(np.concatenate([column, factor * column], axis=1))
    got = measure(dense(2), [alike], dataset(), seeds=[0])
    assert got.unit_correlation == pytest.approx([1.0], abs=1e-9)


def test_units_that_see_different_inputs_correlate_as_these_do(dataset: Any) -> None:
    data = dataset(validation=400)
    got = measure(dense(2), [with_kernel(np.eye(4)[:, :2])], data, seeds=[0])
    expected = np.corrcoef(np.tanh(data.validation.x[:, :2]), rowvar=False)[0, 1]
    assert got.unit_correlation == pytest.approx([abs(expected)], rel=1e-4)
    assert got.unit_correlation[0] < 0.1


def test_units_that_are_constant_have_no_correlation(dataset: Any) -> None:
    data = dataset()
    # Dead, saturated, and of what is left two units, or one.
    of_member = [[-1e3, 1e3, 0.0, 0.0], [-1e3, -1e3, -1e3, 0.0]]
    kernel = np.eye(4) * [1.0, 0.0, 1.0, 1.0]
    weights = [with_kernel(kernel, np.array(bias)) for bias in of_member]
    two, one = measure(dense(4, "relu"), weights, data, seeds=[0, 0]).unit_correlation
    seen = np.maximum(data.validation.x[:, 2:], 0.0)
    assert two == pytest.approx(abs(np.corrcoef(seen, rowvar=False)[0, 1]), rel=1e-4)
    assert np.isnan(one)


def test_a_unit_that_all_others_need_costs_what_it_gives(dataset: Any, reference: Any) -> None:
    data, model = dataset(), dense(8)
    weights = with_kernel(np.random.default_rng(1).normal(size=(4, 8)))
    weights[2][1:] = 0.0  # Only the first unit is heard.
    model.set_weights(weights)
    intact = reference.mean_loss(model, data, "validation")
    got = measure(model, [weights] * 6, data, seeds=range(6)).lesion_loss
    lost = np.array([np.mean(lesions(seed, "hidden", 8)[:, 0] == 0) for seed in range(6)])
    assert 0 < lost.mean() < 1
    np.testing.assert_allclose(got, lost * (np.log(3) - intact), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(("units", "lost"), [(1, 1), (2, 1), (5, 1), (7, 2), (64, 16)])
def test_a_quarter_of_the_units_is_lost_and_one_at_least(units: int, lost: int) -> None:
    drawn = lesions(0, "hidden", units)
    assert drawn.shape == (LESIONS, units)
    assert np.all(np.sum(drawn == 0.0, axis=1) == lost)
    assert np.array_equal(drawn, lesions(0, "hidden", units))
    if units > 5:
        assert len({draw.tobytes() for draw in drawn}) > 1
        assert not np.array_equal(drawn, lesions(1, "hidden", units))
        assert not np.array_equal(drawn, lesions(0, "another", units))


def test_a_model_without_hidden_layers_has_neither(dataset: Any) -> None:
    inputs = keras.Input((4,), name="input")
    plain = keras.Model(inputs, layers.Dense(3, name="output")(inputs))
    assert np.isnan(measure(plain, [plain.get_weights()] * 2, dataset(), seeds=[0, 1])).all()


def test_a_trial_is_measured_at_its_best_epoch_and_not_where_it_diverged(
    dataset: Any, trainer: Trainer, reference: Any
) -> None:
    data, hidden = dataset(validation=40), ["activation_1"]
    model = create_model("mlp", input_shape=(4,), outputs=3, units=[6], dropout=0.3)
    setups = [
        TrialSetup(model, TrainingSettings(learning_rate=rate, batch_size=8), seed=2)
        for rate in (0.1, 1e30)
    ]
    result, wild = trainer.train(setups, data, epochs=12)
    assert result.best_epoch is not None and result.best_epoch < 12
    model.set_weights(result.weights)
    correlation = expected_correlation(model, hidden, data.validation.x)
    assert result.unit_correlation == pytest.approx(correlation, rel=1e-4)
    rise = expected_rise(model, hidden, 2, data, reference)
    assert result.lesion_loss == pytest.approx(rise, rel=1e-4)
    assert wild.status == "diverged"
    assert np.isnan([wild.unit_correlation, wild.lesion_loss]).all()
