from typing import Any

import keras
import numpy as np
import pytest

from dlsuite.data import Dataset
from dlsuite.errors import SpecError
from dlsuite.explanations import Explanation, explain
from dlsuite.explanations.dropout_sentences import compared
from dlsuite.explanations.dropout_tables import closest_partners, correlation_matrix
from dlsuite.models import create_model
from dlsuite.training.alone import LonelyTrial
from dlsuite.training.draws import dropout_draws, dropped_columns, with_dropout, without_dropout
from dlsuite.training.initialize import initial_weights
from dlsuite.training.objective import Objective
from dlsuite.training.settings import TrainingSettings
from dlsuite.training.trainer import TrialSetup
from dlsuite.training.unit_weights import unit_weights

SMALL: dict[str, Any] = {"units": (6, 5)}


@pytest.fixture(scope="module")
def wine(wine_data: Dataset) -> Dataset:
    return wine_data


@pytest.fixture(scope="module")
def explained(wine: Dataset) -> Explanation:
    return explain("dropout", "mlp", wine, settings=SMALL, epochs=2)


def mlp(data: Dataset, **settings: Any) -> keras.Model:
    return create_model("mlp", input_shape=data.input_shape, outputs=data.outputs, **settings)


def test_draws_are_the_masks_of_the_plain_training(wine: Dataset) -> None:
    model = mlp(wine, **SMALL, dropout=0.4)
    settings = TrainingSettings(batch_size=50)
    trial = LonelyTrial(
        model, settings, seed=3, objective=Objective("classification"), total_steps=9
    )
    draws = dropout_draws(TrialSetup(model, settings, 3), wine, steps=3)
    assert [draw.epoch for draw in draws] == [1] * 6  # 106 examples: two batches of 50, one of 6.
    rows = {draw.step: draw.example for draw in draws}
    sites = [trial.model.get_layer(name).output for name in ("dropout_1", "dropout_2")]
    inner = keras.Model(trial.model.input, sites)
    # All units on, so that a zero is a dropped one.
    weights = [np.full(w.shape, 0.0 if w.ndim == 2 else 1.0) for w in trial.model.get_weights()]
    trial.model.set_weights(weights)
    for step, size in ((1, 50), (2, 50), (3, 6)):
        trial._taken.assign(step - 1)
        x = np.repeat(wine.train.x[rows[step]][None], size, axis=0)
        seen = [np.asarray(value)[0] for value in inner(x, training=True)]
        drawn = [draw.kept for draw in draws if draw.step == step]
        for activation, kept in zip(seen, drawn, strict=True):
            np.testing.assert_array_equal(activation > 0, kept == 1)


def test_a_model_at_rate_zero_is_shown_at_a_half(explained: Explanation) -> None:
    draws = explained.tables["draws"]
    assert set(draws["rate"]) == {0.5}
    assert list(draws["step"].unique()) == [1, 2, 3, 4]
    assert set(draws["kept"]) == {0.0, 1.0}
    assert "the model's own rate is 0, so 0.5 is shown" in explained.sentences[0]


def test_a_model_with_a_rate_keeps_it(wine: Dataset) -> None:
    own = mlp(wine, **SMALL, dropout=0.2)
    assert with_dropout(own) is own
    rates = [layer.rate for layer in without_dropout(own).layers if hasattr(layer, "rate")]
    assert rates == [0.0, 0.0]


def test_both_sides_begin_with_the_same_network(explained: Explanation) -> None:
    curves = explained.tables["curves"]
    start = curves[curves["epoch"].eq(0)].drop(columns="side")
    assert len(start) == 2
    np.testing.assert_array_equal(start["train_loss"].iloc[0], start["train_loss"].iloc[1])
    last = curves[curves["epoch"].eq(2)]["train_loss"]
    assert last.iloc[0] != last.iloc[1]


def test_units_have_a_row_a_side_with_what_they_have_become(explained: Explanation) -> None:
    units = explained.tables["units"]
    assert len(units) == 2 * 11
    assert units["active"].between(0, 1).all()
    assert units[["weights_in", "weights_out", "loss_change"]].notna().all(axis=None)
    assert units["partner_correlation"].abs().max() <= 1


def test_sentences_and_figures_are_told(explained: Explanation) -> None:
    assert len(explained.sentences) == 4
    assert set(explained.figures) == {"draws", "reliance", "correlation", "curves"}


def test_recurrent_dropout_is_drawn_inside_the_layer() -> None:
    explained = explain(
        "dropout",
        "gru",
        "sunspots",
        settings={"units": (4,), "recurrent_dropout": 0.3, "train_size": 40},
        epochs=1,
    )
    assert set(explained.tables["draws"]["layer"]) == {"gru_1/recurrent"}
    assert list(explained.tables["network"]["layer"]) == ["gru_1/recurrent", "output"]
    assert set(explained.figures) == {"draws", "reliance", "correlation", "curves"}


def test_a_model_that_drops_nothing_is_refused(wine: Dataset) -> None:
    model = keras.Sequential(
        [
            keras.Input((13,)),
            keras.layers.Dense(4, "relu", name="a"),
            keras.layers.Dense(3, name="b"),
        ],
        name="bare",
    )
    with pytest.raises(SpecError, match="explain: dropout: model 'bare' has no dropout layer"):
        explain("dropout", model, wine, epochs=1)


def test_a_diverging_training_is_told_not_raised(wine: Dataset) -> None:
    settings = SMALL | {"optimizer": "sgd", "learning_rate": 1e30}
    explained = explain("dropout", "mlp", wine, settings=settings, epochs=2)
    assert any("diverged in epoch 1" in sentence for sentence in explained.sentences)
    assert "draws" in explained.figures


def test_columns_of_dropped_channels_are_not_linked() -> None:
    model = create_model(
        "cnn", input_shape=(8, 8, 1), outputs=3, filters=(2,), units=(4,), dropout=0.5
    )
    columns = dropped_columns(model)
    assert [(column.path, column.units) for column in columns] == [
        ("dropout_1", 2),
        ("dropout_dense_1", 4),
        ("output", 3),
    ]
    assert [column.link is not None for column in columns] == [False, False, True]


def test_weights_of_a_channel_are_counted_over_positions() -> None:
    model = create_model("cnn", input_shape=(4, 4, 1), outputs=3, filters=(2,), units=(5,))
    weights = initial_weights(model, 0)
    kernels = [weight for weight in weights if weight.ndim > 1]
    found = unit_weights(model, weights, "activation_1_1", 2)
    np.testing.assert_allclose(
        found.incoming, np.sqrt((kernels[0].astype(float) ** 2).sum((0, 1, 2)))
    )
    by_channel = kernels[1].astype(float).reshape(2, 2, 2, 5)  # Height, width, channel, unit.
    np.testing.assert_allclose(found.outgoing, np.sqrt((by_channel**2).sum((0, 1, 3))))


def test_correlations_are_pearsons_and_unknown_for_constant_units() -> None:
    values = np.random.default_rng(0).normal(size=(50, 3))
    values[:, 2] = 0.1
    matrix = correlation_matrix(values)
    np.testing.assert_allclose(matrix[:2, :2], np.corrcoef(values[:, :2].T))
    assert np.isnan(matrix[2]).all()
    partner, correlation = closest_partners(values)
    assert list(partner) == [1, 0, -1]
    assert np.isnan(correlation[2])


def test_amounts_within_a_tenth_are_called_about_the_same() -> None:
    assert [compared(1.0, other) for other in (0.5, 0.95, 1.5)] == [
        "lower",
        "about the same",
        "higher",
    ]
    assert compared(0.0, 0.0) == "about the same"
