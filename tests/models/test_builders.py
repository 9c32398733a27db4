"""What every registered builder gives: a plain Keras model that its user can take away."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from dlsuite.models import create_model, list_models, model_entry
from dlsuite.training.initialize import initial_weights

SHAPES = {"table": (4,), "series": (5, 2), "image": (8, 8, 1), "text": (5,)}
SMALL: dict[str, dict[str, Any]] = {
    "cnn": {"filters": [2, 3], "units": 4},
    "resnet": {"filters": [2, 3]},
    "tabular_resnet": {"width": 4},
    "tcn": {"filters": 4, "kernel_size": 2},
    "text_cnn": {"filters": 2, "widths": [2, 3]},
}
CASES = [(name, kind) for name in list_models() for kind in model_entry(name).kinds]
FIRST = [(name, model_entry(name).kinds[0]) for name in list_models()]
STACKED = [(name, kind) for name, kind in FIRST if "depth" in model_entry(name).hyperparameters]
PLACED = [(name, kind) for name, kind in FIRST if name in ("cnn", "mlp")]
WITH_KERNELS = (keras.layers.Dense, keras.layers.Conv1D, keras.layers.Conv2D)
RECURRENT = ["simple_rnn", "gru", "lstm"]


def build(name: str, kind: str, **settings: Any) -> keras.Model:
    return create_model(
        name,
        input_shape=SHAPES[kind],
        outputs=3,
        vocabulary=7 if kind == "text" else None,
        **(SMALL.get(name, {"units": [4]}) | settings),
    )


def examples(kind: str) -> np.ndarray:
    generator = np.random.default_rng(0)
    if kind == "text":
        return generator.integers(0, 7, (6, 5)).astype(np.int32)
    return generator.normal(size=(6, *SHAPES[kind])).astype(np.float32)


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_a_model_takes_every_kind_it_declares_and_gives_logits(name: str, kind: str) -> None:
    model = build(name, kind, dropout=0.2, batch_norm=True)
    assert isinstance(model, keras.Model)
    assert type(model).__module__.startswith("keras.")
    assert model(examples(kind)).shape == (6, 3)
    assert model.layers[-1].activation is keras.activations.linear


# Keras 3.15 itself calls `np.array` on a variable when it saves, which NumPy 2 deprecates.
@pytest.mark.parametrize(("name", "kind"), FIRST)
def test_a_model_fits_saves_and_loads(name: str, kind: str, tmp_path: Path) -> None:
    model = build(name, kind, dropout=0.2, batch_norm=True, l2=0.01)
    model.compile(
        optimizer=keras.optimizers.Adam(0.01),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        run_eagerly=True,  # Compiling would take longer than the two steps.
    )
    x, y = examples(kind), np.arange(6) % 3
    before = [weight.copy() for weight in model.get_weights()]
    model.fit(x, y, batch_size=3, epochs=1, verbose=0)
    assert not all(map(np.array_equal, before, model.get_weights()))
    path = tmp_path / "model.keras"
    model.save(path)
    loaded = keras.models.load_model(path)
    np.testing.assert_array_equal(np.asarray(loaded(x)), np.asarray(model(x)))


@pytest.mark.parametrize(("name", "kind"), FIRST)
def test_layer_names_do_not_shift(name: str, kind: str) -> None:
    names = {
        (dropout, batch_norm): [
            layer.name for layer in build(name, kind, dropout=dropout, batch_norm=batch_norm).layers
        ]
        for dropout in (0.0, 0.3)
        for batch_norm in (False, True)
    }
    assert names[0.0, False] == names[0.3, False]
    assert names[0.0, True] == names[0.3, True]
    added = [layer for layer in names[0.0, True] if layer not in names[0.0, False]]
    assert added
    assert all(layer.startswith("batch_norm_") for layer in added)
    assert [layer for layer in names[0.0, True] if layer not in added] == names[0.0, False]


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_there_is_no_bias_before_batch_normalization(name: str, kind: str) -> None:
    for batch_norm in (False, True):
        model = build(name, kind, batch_norm=batch_norm)
        norms = [x for x in model.layers if isinstance(x, keras.layers.BatchNormalization)]
        assert bool(norms) == batch_norm
        normalized = {layer.name for norm in norms for layer in summands(norm.input)}
        for layer in model.layers:
            if isinstance(layer, WITH_KERNELS):
                assert layer.use_bias == (layer.name not in normalized), layer.name


def summands(tensor: Any) -> list[Any]:
    """The layers with weights whose outputs, dropped and added up, are a tensor."""
    layer = tensor._keras_history.operation
    if not isinstance(layer, keras.layers.Add | keras.layers.Dropout):
        return [layer]
    return [found for given in keras.tree.flatten(layer.input) for found in summands(given)]


@pytest.mark.parametrize(("name", "kind"), STACKED)
def test_depth_repeats_the_stack(name: str, kind: str) -> None:
    once, twice = build(name, kind, depth=1), build(name, kind, depth=2)
    assert set(layer.name for layer in once.layers) < set(layer.name for layer in twice.layers)


@pytest.mark.parametrize(("name", "kind"), FIRST)
def test_rates_reach_every_dropout_layer(name: str, kind: str) -> None:
    taken = {"dropout", "residual_dropout"} & set(model_entry(name).hyperparameters)
    model = build(name, kind, **dict.fromkeys(taken, 0.3))
    rates = [layer.rate for layer in model.layers if isinstance(layer, keras.layers.Dropout)]
    assert rates
    assert set(rates) == {0.3}


def order(name: str, kind: str, **settings: Any) -> list[str]:
    """The layers' names, without their numbers, from the first layer with weights on."""
    model = build(name, kind, **settings)
    names = [layer.name.rstrip("_0123456789") for layer in model.layers]
    return names[names.index("conv" if name == "cnn" else "dense") :]


@pytest.mark.parametrize("batch_norm", [False, True])
def test_dropout_stands_where_it_is_placed(batch_norm: bool) -> None:
    norm = ["batch_norm"] * batch_norm
    settings: dict[str, Any] = {"units": [4, 4], "dropout": 0.3, "batch_norm": batch_norm}
    after = ["dense", *norm, "activation", "dropout"]
    before = ["dense", "dropout", *norm, "activation"]
    assert order("mlp", "table", **settings) == [*after, *after, "output"]
    assert order("mlp", "table", dropout_placement="before", **settings) == [
        *before,
        *before,
        "output",
    ]


@pytest.mark.parametrize("batch_norm", [False, True])
def test_dropout_of_a_stage_stands_where_it_is_placed(batch_norm: bool) -> None:
    norm = ["batch_norm"] * batch_norm
    settings: dict[str, Any] = {"filters": [2], "depth": 2, "batch_norm": batch_norm}
    first = ["conv", *norm, "activation"]
    dense_norm = ["batch_norm_dense"] * batch_norm
    assert order("cnn", "image", **settings) == [
        *first,
        *["conv", *norm, "activation", "pool", "dropout", "flatten"],
        *["dense", *dense_norm, "activation_dense", "dropout_dense", "output"],
    ]
    assert order("cnn", "image", dropout_placement="before", **settings) == [
        *first,
        *["conv", "dropout", *norm, "activation", "pool", "flatten"],
        *["dense", "dropout_dense", *dense_norm, "activation_dense", "output"],
    ]


@pytest.mark.parametrize("batch_norm", [False, True])
@pytest.mark.parametrize(("name", "kind"), PLACED)
def test_the_placement_of_dropout_changes_neither_names_nor_initial_weights(
    name: str, kind: str, batch_norm: bool
) -> None:
    models = [
        build(name, kind, dropout=0.3, batch_norm=batch_norm, dropout_placement=placement)
        for placement in ("after", "before")
    ]
    after, before = ({layer.name for layer in model.layers} for model in models)
    assert after == before
    paths = [[weight.path for weight in model.weights] for model in models]
    assert paths[0] == paths[1]
    for one, other in zip(*(initial_weights(model, 3) for model in models), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(("name", "kind"), PLACED)
def test_dropout_before_batch_normalization_raises_the_variance_that_it_learns(
    name: str, kind: str
) -> None:
    def learned(**settings: Any) -> np.ndarray:
        keras.utils.set_random_seed(0)
        model = build(name, kind, batch_norm=True, **settings)
        model.set_weights(initial_weights(model, 3))
        model(np.tile(examples(kind), (20, *[1] * len(SHAPES[kind]))), training=True)
        first = next(x for x in model.layers if isinstance(x, keras.layers.BatchNormalization))
        moved = np.asarray(first.moving_variance) - first.momentum  # It begins at 1.
        return np.asarray(moved / (1 - first.momentum))

    without = learned()
    np.testing.assert_array_equal(learned(dropout=0.5), without)
    before = learned(dropout=0.5, dropout_placement="before")
    assert np.all(before > 1.5 * without)


def test_without_batch_normalization_either_placement_drops_the_same_relus() -> None:
    outputs = {}
    for placement in ("after", "before"):
        keras.utils.set_random_seed(0)  # Keras's own dropout draws from it.
        model = build("mlp", "table", dropout=0.5, dropout_placement=placement)
        outputs[placement] = np.asarray(model(examples("table"), training=True))
    np.testing.assert_array_equal(outputs["after"], outputs["before"])


@pytest.mark.parametrize("name", RECURRENT)
def test_recurrent_dropout_stands_inside_and_dropout_outside_the_recurrence(name: str) -> None:
    model = build(name, "series", dropout=0.3, recurrent_dropout=0.4, units=[4, 5])
    layers = [model.get_layer(f"{name}_{number}") for number in (1, 2)]
    assert [layer.recurrent_dropout for layer in layers] == [0.4, 0.4]
    assert [layer.dropout for layer in layers] == [0.0, 0.0]
    assert [layer.return_sequences for layer in layers] == [True, False]


@pytest.mark.parametrize(("name", "kind"), FIRST)
def test_the_penalty_is_on_every_kernel_and_nothing_else(name: str, kind: str) -> None:
    model = build(name, kind, l2=0.5, batch_norm=True)
    penalized = {variable.path for variable in model.trainable_variables if variable.regularizer}
    kernels = {
        variable.path
        for variable in model.trainable_variables
        if variable.name in ("kernel", "recurrent_kernel")
    }
    assert penalized == kernels
    squares = sum(
        float(np.sum(np.asarray(variable) ** 2))
        for variable in model.trainable_variables
        if variable.path in kernels
    )
    assert float(sum(model.losses)) == pytest.approx(0.5 * squares, rel=1e-5)


@pytest.mark.parametrize(("name", "kind"), FIRST)
def test_the_activation_is_the_one_asked_for(name: str, kind: str) -> None:
    model = build(name, kind, activation="elu")
    layers = model._flatten_layers()  # With those that a bidirectional layer wraps.
    used = [layer.activation for layer in layers if hasattr(layer, "activation")]
    assert keras.activations.elu in used
    assert all(each in (keras.activations.elu, keras.activations.linear) for each in used)
