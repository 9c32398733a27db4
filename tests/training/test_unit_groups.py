"""Which units may trade places, and that a model computes the same after they did."""

import keras
import numpy as np
import pytest

from dlsuite.errors import SpecError
from dlsuite.explanations.alignment import match, permuted
from dlsuite.models import create_model
from dlsuite.training.unit_groups import unit_groups

CASES = {
    "mlp": ("mlp", (4,), None, {"units": (6, 5), "batch_norm": True}),
    "mlp on text": ("mlp", (5,), 7, {"units": (6,), "embedding": 3}),
    "mlp on images": ("mlp", (4, 4, 2), None, {"units": (6,)}),
    "cnn": ("cnn", (8, 8, 2), None, {"filters": (4, 6), "units": (5,)}),
    "cnn with batch norm": (
        "cnn",
        (8, 8, 1),
        None,
        {"filters": (4, 6), "units": (5,), "batch_norm": True},
    ),
    "resnet": ("resnet", (8, 8, 1), None, {"filters": (4, 6)}),
    "simple rnn": ("simple_rnn", (5, 2), None, {"units": (4, 6)}),
    "gru": ("gru", (5, 2), None, {"units": (4, 6), "batch_norm": True}),
    "lstm on text": ("lstm", (5,), 7, {"units": (6, 4), "embedding": 3}),
    "bilstm": ("bilstm", (5, 2), None, {"units": (6, 4)}),
    "tabular_resnet": ("tabular_resnet", (4,), None, {"width": 5}),
    "tcn": ("tcn", (5, 2), None, {"filters": 4, "kernel_size": 2}),
    "text_cnn": ("text_cnn", (5,), 7, {"filters": 3, "widths": (2, 3), "embedding": 3}),
}


def perturbed(model: keras.Model, seed: int) -> keras.Model:
    """All weights drawn anew, those too that begin at 0 or 1."""
    generator = np.random.default_rng(seed)
    model.set_weights(
        [generator.uniform(0.1, 0.9, w.shape) - 0.4 * (w.ndim > 1) for w in model.get_weights()]
    )
    return model


def built(case: str) -> tuple[keras.Model, np.ndarray]:
    name, shape, vocabulary, settings = CASES[case]
    model = create_model(name, input_shape=shape, outputs=3, vocabulary=vocabulary, **settings)
    generator = np.random.default_rng(0)
    if vocabulary:
        return model, generator.integers(0, vocabulary, (9, *shape)).astype("int32")
    return model, generator.normal(size=(9, *shape)).astype("float32")


def bidirectional() -> tuple[keras.Model, np.ndarray]:
    model = keras.Sequential(
        [
            keras.Input((5, 2)),
            keras.layers.Bidirectional(keras.layers.LSTM(4, return_sequences=True)),
            keras.layers.LayerNormalization(),
            keras.layers.Bidirectional(keras.layers.GRU(3)),
            keras.layers.Dense(2),
        ]
    )
    return model, np.random.default_rng(0).normal(size=(9, 5, 2)).astype("float32")


@pytest.mark.parametrize("case", [*CASES, "bidirectional"])
def test_permuted_model_computes_the_same_function(case: str) -> None:
    model, x = bidirectional() if case == "bidirectional" else built(case)
    perturbed(model, 1)
    groups = unit_groups(model)
    generator = np.random.default_rng(2)
    orders = {group: generator.permutation(size) for group, size in groups.sizes.items()}
    assert groups.sizes
    before, weights = np.asarray(model(x, training=False)), model.get_weights()
    after = permuted(weights, groups, orders)
    assert any(not np.array_equal(a, b) for a, b in zip(weights, after, strict=True))
    model.set_weights(after)
    np.testing.assert_allclose(np.asarray(model(x, training=False)), before, rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize("case", ["mlp", "cnn with batch norm", "gru", "resnet"])
def test_a_network_is_found_again_whose_units_traded_places(case: str) -> None:
    model, _ = built(case)
    weights = perturbed(model, 3).get_weights()
    groups = unit_groups(model)
    generator = np.random.default_rng(4)
    orders = {group: generator.permutation(size) for group, size in groups.sizes.items()}
    moved = permuted(weights, groups, orders)
    trained = {id(v) for v in model.trainable_variables}
    found = match(weights, moved, groups, trained=[id(v) in trained for v in model.weights])
    for back, weight in zip(permuted(moved, groups, found), weights, strict=True):
        np.testing.assert_array_equal(back, weight)


def test_every_hidden_layer_of_a_dense_stack_has_a_group_and_the_output_none() -> None:
    model, _ = built("mlp")
    groups = unit_groups(model)
    assert sorted(groups.sizes.values()) == [5, 6]
    by_name = dict(zip([w.path for w in model.weights], groups.axes, strict=True))
    (first,) = [axes for path, axes in by_name.items() if "dense_1/kernel" in path]
    assert first[0] == () and first[1][0][1] == 6
    (bias,) = [axes for path, axes in by_name.items() if "output/bias" in path]
    assert bias == [()]


def test_layers_that_are_added_up_share_a_group() -> None:
    model, _ = built("resnet")
    assert sorted(unit_groups(model).sizes.values()) == [4, 4, 6, 6]


def test_unknown_layer_is_named() -> None:
    model = keras.Sequential(
        [keras.Input((4,)), keras.layers.Dense(3), keras.layers.PReLU(name="odd")]
    )
    with pytest.raises(
        SpecError, match="layer 'odd': which of its units may trade places is not known"
    ):
        unit_groups(model)
