from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest

import dlsuite
from dlsuite.data import Dataset
from dlsuite.errors import SpecError
from dlsuite.explanations import Explanation, explain
from dlsuite.explanations.backward_sentences import first_wrong_step
from dlsuite.explanations.backward_tables import rank_agreement, spearman
from dlsuite.models import create_model
from dlsuite.training.initialize import seeded_copy

SMALL: dict[str, Any] = {"units": (6, 5)}


@pytest.fixture(scope="module")
def wine(wine_data: Dataset) -> Dataset:
    return wine_data


@pytest.fixture(scope="module")
def explained(wine: Dataset) -> Explanation:
    return explain("backward", "mlp", wine, settings=SMALL, epochs=2)


@pytest.fixture(scope="module")
def untrained(wine: Dataset) -> keras.Model:
    """The plain Keras model before its first step."""
    plain = create_model("mlp", input_shape=wine.input_shape, outputs=wine.outputs, **SMALL)
    return seeded_copy(plain, 0)


def loss_of(logits: np.ndarray, labels: np.ndarray) -> float:
    """The mean cross-entropy, by NumPy."""
    logits = logits.astype(np.float64)
    total = np.log(np.exp(logits).sum(axis=1))
    return float(np.mean(total - logits[np.arange(len(labels)), labels]))


def forward(
    weights: list[np.ndarray], x: np.ndarray, lost: tuple[int, int] | None = None
) -> tuple[list[np.ndarray], np.ndarray]:
    """A network of dense layers with ReLU, by NumPy, without one unit of a layer."""
    x = x.astype(np.float64)
    handed_on = []
    *hidden, (kernel, bias) = zip(weights[::2], weights[1::2], strict=True)
    for index, (w, b) in enumerate(hidden):
        x = np.maximum(x @ w + b, 0.0)
        if lost is not None and lost[0] == index:
            x[:, lost[1]] = 0.0
        handed_on.append(x)
    return handed_on, x @ kernel + bias


def test_measured_change_is_that_of_the_plain_network_without_the_node(
    explained: Explanation, untrained: keras.Model, wine: Dataset
) -> None:
    nodes = explained.tables["nodes"]
    weights = untrained.get_weights()
    _, intact = forward(weights, wine.train.x)
    for index, layer in enumerate(["activation_1", "activation_2"]):
        rows = nodes[nodes["epoch"].eq(0) & nodes["layer"].eq(layer)]
        for row in rows.itertuples():
            _, without = forward(weights, wine.train.x, (index, row.unit))
            change = loss_of(without, wine.train.y) - loss_of(intact, wine.train.y)
            assert row.measured_change == pytest.approx(change, abs=1e-9)


def test_estimated_change_is_minus_activation_times_gradient(
    explained: Explanation, untrained: keras.Model, wine: Dataset
) -> None:
    weights = untrained.get_weights()
    (_, second), logits = forward(weights, wine.train.x)
    share = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    share[np.arange(len(share)), wine.train.y] -= 1.0
    slope = share @ weights[-2].T
    nodes = explained.tables["nodes"]
    rows = nodes[nodes["epoch"].eq(0) & nodes["layer"].eq("activation_2")]
    effect = second * slope
    np.testing.assert_allclose(rows["estimated_change"], -effect.mean(axis=0), atol=1e-9)
    np.testing.assert_allclose(rows["contribution"], np.abs(effect).mean(axis=0), atol=1e-9)
    np.testing.assert_allclose(rows["activation_gradient"], np.abs(slope).mean(axis=0), atol=1e-9)


def test_edges_hold_the_gradient_of_their_weights(
    explained: Explanation, untrained: keras.Model, wine: Dataset
) -> None:
    weights = untrained.get_weights()
    (_, second), logits = forward(weights, wine.train.x)
    share = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    share[np.arange(len(share)), wine.train.y] -= 1.0
    gradient = second.T @ share / len(share)
    edges = explained.tables["edges"]
    own = edges[edges["epoch"].eq(0) & edges["target_layer"].eq("output")]
    assert len(own) == gradient.size
    for row in own.itertuples():
        assert row.weight_gradient == pytest.approx(gradient[row.source, row.target], abs=1e-9)
        assert row.weight == pytest.approx(weights[-2][row.source, row.target])


def test_shares_of_a_layer_add_up_to_one(explained: Explanation) -> None:
    sums = explained.tables["nodes"].groupby(["epoch", "layer"])["share"].sum()
    np.testing.assert_allclose(sums, 1.0)


def test_small_steps_are_predicted_and_large_ones_are_not(explained: Explanation) -> None:
    for _, own in explained.tables["steps"].groupby("epoch"):
        np.testing.assert_allclose(
            own["predicted_change"], -own["step_size"] * own["gradient_norm"] ** 2
        )
        assert own["relative_error"].iloc[0] < 1e-2
        assert own["relative_error"].iloc[-1] > 0.1
        assert np.isfinite(first_wrong_step(own))


def test_layers_have_a_gradient_in_every_epoch_from_input_to_output(explained: Explanation) -> None:
    layers = explained.tables["layer_gradients"]
    assert list(layers["epoch"]) == [1, 1, 1, 2, 2, 2]
    assert list(layers["layer"]) == ["dense_1", "dense_2", "output"] * 2
    assert (layers["gradient_norm"] > 0).all()


def test_sentences_and_figures_are_told(explained: Explanation) -> None:
    assert len(explained.sentences) == 4
    assert set(explained.figures) == {"layer_gradients", "network", "estimates", "steps"}


def test_convolutions_have_channels_as_nodes_and_edges_only_between_dense_layers() -> None:
    explained = explain(
        "backward",
        "cnn",
        "digits",
        settings={"filters": (3,), "units": (5,), "train_size": 32},
        epochs=1,
    )
    nodes, edges = explained.tables["nodes"], explained.tables["edges"]
    count = nodes[nodes["epoch"].eq(0)].groupby("layer", sort=False)["unit"].size()
    assert dict(count) == {
        "activation_1_1": 3,
        "activation_dense_1": 5,
        "output": 10,
    }
    assert set(edges["source_layer"]) == {"activation_dense_1"}
    assert "network" in explained.figures


def test_a_network_without_a_hidden_layer_still_has_steps(wine: Dataset) -> None:
    model = keras.Sequential([keras.Input((13,)), keras.layers.Dense(3, name="only")], name="flat")
    explained = explain("backward", model, wine, epochs=1)
    assert set(explained.tables["nodes"]["layer"]) == {"input", "output"}
    assert "The network has no hidden nodes." in explained.sentences
    assert "network" not in explained.figures and "steps" in explained.figures


def test_a_diverging_training_is_told_not_raised(wine: Dataset) -> None:
    settings = {"units": (6,), "optimizer": "sgd", "learning_rate": 1e30}
    explained = dlsuite.explain("backward", "mlp", wine, settings=settings, epochs=2)
    assert explained.sentences[0].startswith("Training diverged in epoch 1")
    assert set(explained.tables["nodes"]["epoch"]) == {0}
    assert explained.tables["layer_gradients"].empty
    assert "layer_gradients" not in explained.figures


def test_a_loss_that_is_no_number_before_the_first_step_is_refused(wine: Dataset) -> None:
    model = keras.Sequential(
        [
            keras.Input((13,)),
            keras.layers.Dense(3, kernel_initializer=keras.initializers.Constant(1e38), name="d"),
            keras.layers.Dense(3, kernel_initializer=keras.initializers.Constant(1e38), name="e"),
        ],
        name="huge",
    )
    with pytest.raises(SpecError, match="explain: backward: the loss of huge/wine is no finite"):
        explain("backward", model, wine, epochs=1)


def test_spearman_is_that_of_ranks_and_unknown_for_constants() -> None:
    rising = pd.Series([1.0, 2.0, 3.0, np.nan])
    assert spearman(rising, rising**3) == pytest.approx(1.0)
    assert spearman(rising, -rising) == pytest.approx(-1.0)
    assert np.isnan(spearman(rising, 0 * rising))
    assert rank_agreement(pd.DataFrame(columns=["kind", "epoch"])).empty
