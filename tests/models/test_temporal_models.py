"""Models of sequences by convolution and in both directions: what they see of a window."""

from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlsuite.models import create_model
from dlsuite.models.tcn import dilations_for, receptive_field


def create(name: str, steps: int, **settings: Any) -> keras.Model:
    return create_model(name, input_shape=(steps, 1), outputs=1, **settings)


@given(st.integers(1, 3000), st.integers(2, 9))
def test_the_fewest_blocks_cover_the_window(steps: int, kernel_size: int) -> None:
    dilations = dilations_for(steps, kernel_size)
    assert dilations == [2**i for i in range(len(dilations))]
    assert receptive_field(kernel_size, dilations) >= steps
    assert len(dilations) == 1 or receptive_field(kernel_size, dilations[:-1]) < steps


@pytest.mark.parametrize(("kernel_size", "dilations"), [(2, [1, 2]), (3, [1]), (3, [1, 2, 4])])
def test_the_receptive_field_is_what_the_last_step_sees(
    kernel_size: int, dilations: list[int]
) -> None:
    field = receptive_field(kernel_size, dilations)
    # A window just wider than the blocks see would get one more of them: so build for the field.
    model = create("tcn", field, kernel_size=kernel_size, activation="linear")
    assert [
        layer.dilation_rate[0]
        for layer in model.layers
        if layer.name.endswith("_first") and isinstance(layer, keras.layers.Conv1D)
    ] == dilations
    longer = keras.Input((field + 3, 1))
    x = longer
    for layer in model.layers[1:]:
        if isinstance(layer, keras.layers.Conv1D) and not layer.name.endswith("shortcut"):
            x = layer(x)
    seen = keras.Model(longer, x[:, -1])
    start = np.zeros((1, field + 3, 1), np.float32)
    before = seen(start)
    for step in range(field + 3):
        moved = start.copy()
        moved[0, step] = 1.0
        assert bool(np.any(seen(moved) != before)) == (step >= 3), step


def test_no_step_of_a_tcn_sees_a_later_one() -> None:
    model = create("tcn", 9, depth=2, batch_norm=True)
    steps = keras.Model(model.input, model.get_layer("last_step").input)
    x = np.random.default_rng(0).normal(size=(1, 9, 1)).astype(np.float32)
    before = np.asarray(steps(x))
    x[0, 6] += 1.0
    after = np.asarray(steps(x))
    np.testing.assert_array_equal(before[0, :6], after[0, :6])
    assert np.all(np.any(before[0, 6:] != after[0, 6:], axis=1))


def test_dropout_of_a_tcn_drops_whole_channels() -> None:
    model = create("tcn", 9, dropout=0.5)
    drops = [layer for layer in model.layers if isinstance(layer, keras.layers.Dropout)]
    assert {layer.noise_shape for layer in drops} == {(None, 1, None)}
    dropped = np.asarray(drops[0](np.ones((4, 9, 16), np.float32), training=True))
    assert np.all(dropped == dropped[:, :1])
    assert 0 < np.mean(dropped == 0) < 1


def test_a_text_cnn_finds_a_run_wherever_it_stands() -> None:
    model = create_model("text_cnn", input_shape=(12,), outputs=2, vocabulary=9, widths=[3])
    texts = np.zeros((2, 12), np.int32)
    texts[0, 2:5] = texts[1, 7:10] = [4, 5, 6]
    early, late = np.asarray(model(texts))
    np.testing.assert_allclose(early, late, rtol=1e-5)
    texts[1, 7:10] = [6, 5, 4]
    assert not np.allclose(early, np.asarray(model(texts))[1])


def test_a_bilstm_reads_both_ways() -> None:
    model = create("bilstm", 6, units=[3, 2])
    first, second = model.get_layer("bilstm_1"), model.get_layer("bilstm_2")
    assert first.output.shape == (None, 6, 6)
    assert second.output.shape == (None, 4)
    assert second.backward_layer.go_backwards and not second.forward_layer.go_backwards
    states = keras.Model(model.input, first.output)
    x = np.zeros((1, 6, 1), np.float32)
    before = np.asarray(states(x))
    x[0, 3] = 1.0
    moved = np.any(np.asarray(states(x))[0].reshape(6, 2, 3) != before[0].reshape(6, 2, 3), axis=2)
    assert moved[:, 0].tolist() == [False, False, False, True, True, True]
    assert moved[:, 1].tolist() == [True, True, True, True, False, False]


def test_the_blocks_of_a_tabular_resnet_add_to_what_comes_in() -> None:
    settings: dict[str, Any] = {"width": 4, "hidden_factor": 1.5, "batch_norm": False}
    model = create_model("tabular_resnet", input_shape=(3,), outputs=2, depth=3, **settings)
    assert model.get_layer("dense_2_first").units == 6
    for block in (1, 2, 3):
        layer = model.get_layer(f"dense_{block}_second")
        layer.set_weights([np.zeros_like(weight) for weight in layer.get_weights()])
    x = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
    stem = keras.Model(model.input, model.get_layer("dense_stem").output)
    last = keras.Model(model.input, model.get_layer("add_3").output)
    np.testing.assert_allclose(np.asarray(last(x)), np.asarray(stem(x)), rtol=1e-6)
