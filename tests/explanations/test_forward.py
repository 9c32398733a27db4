"""What layers hand on, told of small real trainings."""

from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest

import dlsuite
from dlsuite.errors import SpecError
from dlsuite.explanations.forward_words import forward_sentences
from dlsuite.explanations.subject import read_subject

SMALL: dict[str, Any] = {"units": [8, 6], "train_size": 60}


@pytest.fixture(scope="module")
def wine() -> dlsuite.Explanation:
    return dlsuite.explain("forward", "mlp", "wine", settings=SMALL, epochs=3)


@pytest.fixture(scope="module")
def series() -> dlsuite.Explanation:
    settings = {"units": 4, "train_size": 40}
    return dlsuite.explain("forward", "gru", "sunspots", settings=settings, epochs=1)


def test_every_variant_layer_and_epoch_has_a_row(wine: dlsuite.Explanation) -> None:
    layers = wine.tables["layers"]
    assert len(layers) == 2 * 4 * 4
    assert list(layers["layer"].unique()) == ["input", "activation_1", "activation_2", "output"]
    assert layers.groupby("layer")["position"].first().to_dict() == {
        "input": 0,
        "activation_1": 1,
        "activation_2": 2,
        "output": 3,
    }
    assert set(layers["variant"]) == {"batch_norm=false", "batch_norm=true"}
    assert not layers.duplicated(["variant", "layer", "epoch"]).any()


def test_dead_units_are_those_that_training_counts(wine: dlsuite.Explanation) -> None:
    subject = read_subject("mlp", "wine", SMALL, seed=0, epochs=3, watcher=None)
    result = subject.train([subject.setup()])[0]
    counted = pd.DataFrame(result.layers).dropna(subset=["dead_units"])
    own = wine.tables["layers"].query("variant == 'batch_norm=false'").dropna(subset="dead_share")
    both = counted.merge(own, on=["epoch", "layer"])
    assert len(both) == 8
    np.testing.assert_allclose(both["dead_units"], both["dead_share"], atol=1e-6)


def test_batch_normalization_gives_every_layer_the_same_spread_at_the_start(
    wine: dlsuite.Explanation,
) -> None:
    layers = wine.tables["layers"].query("epoch == 0 and role == 'hidden'")
    with_it = layers.query("variant == 'batch_norm=true'")["pre_sd"]
    without = layers.query("variant == 'batch_norm=false'")["pre_sd"]
    np.testing.assert_allclose(with_it, 1.0, atol=0.02)
    assert not np.allclose(without, 1.0, atol=0.02)


def test_before_the_first_batch_normalization_both_compute_the_same(
    wine: dlsuite.Explanation,
) -> None:
    inputs = wine.tables["layers"].query("layer == 'input'")
    assert inputs["sd"].nunique() == 1


def test_histograms_hold_nearly_all_values_on_bins_shared_by_both(
    wine: dlsuite.Explanation,
) -> None:
    histograms = wine.tables["histograms"]
    keys = ["layer", "quantity", "variant", "epoch"]
    total = histograms.groupby(keys)["share"].sum()
    assert total.between(0.99, 1.0 + 1e-9).all()
    assert set(histograms["epoch"]) == {0, 1, 2, 3}
    for _, own in histograms.groupby(["layer", "quantity"]):
        bins = own.groupby(["variant", "epoch"])["bin_low"].apply(tuple)
        assert bins.nunique() == 1


def test_a_relu_hands_on_what_is_positive_of_what_it_takes_in(wine: dlsuite.Explanation) -> None:
    quantiles = wine.tables["activations"].set_index(["variant", "epoch", "layer", "quantity"])
    taken = quantiles.xs("pre-activation", level="quantity")
    given = quantiles.xs("activation", level="quantity")
    np.testing.assert_allclose(given["q95"], taken["q95"].clip(lower=0), rtol=1e-5, atol=1e-6)
    assert (taken["q05"] < taken["q50"]).all() and (given["q05"] == 0).all()


def test_sentences_hold_numbers_of_the_tables(wine: dlsuite.Explanation) -> None:
    said = " ".join(wine.sentences)
    layers = wine.tables["layers"]
    last = layers.query("variant == 'batch_norm=false' and epoch == 3 and role == 'hidden'")
    dead = int((last["dead_share"] * last["units"]).round().sum())
    assert f"{dead} of 14 without batch normalization" in said
    assert "60 training examples were sent forward" in said
    start = layers.query("variant == 'batch_norm=false' and epoch == 0 and layer == 'activation_1'")
    assert f"{start['pre_sd'].iloc[0]:.2g} in activation_1" in said
    assert 3 <= len(wine.sentences) <= 6


def test_all_pictures_are_drawn_and_written(wine: dlsuite.Explanation, tmp_path: Any) -> None:
    names = {path.name for path in wine.write(tmp_path)}
    for figure in ("distributions", "quantiles", "depth", "units"):
        assert {f"{figure}.png", f"{figure}.svg"} <= names


def test_a_recurrent_layer_is_seen_from_outside(series: dlsuite.Explanation) -> None:
    assert set(series.tables["activations"]["quantity"]) == {"activation"}
    hidden = series.tables["layers"].query("role == 'hidden'")
    assert hidden["pre_sd"].isna().all() and hidden["saturated_share"].notna().all()
    assert "saturated" in " ".join(series.sentences)
    assert {"distributions", "quantiles", "depth"} <= set(series.figures)


def test_a_training_that_diverges_is_shown_up_to_there() -> None:
    settings = {**SMALL, "learning_rate": 1e30, "optimizer": "sgd"}
    found = dlsuite.explain("forward", "mlp", "wine", settings=settings, epochs=2)
    assert "diverged in epoch" in " ".join(found.sentences)
    assert set(found.tables["layers"].query("variant == 'batch_norm=false'")["epoch"]) == {0}
    assert found.figures


def test_a_model_of_ones_own_is_shown_as_it_is() -> None:
    inputs = keras.Input((13,))
    x = keras.layers.Dense(5, activation="tanh", name="hidden")(inputs)
    model = keras.Model(inputs, keras.layers.Dense(3)(x), name="own")
    found = dlsuite.explain("forward", model, dlsuite.load_data("wine", train_size=30), epochs=1)
    assert set(found.tables["layers"]["variant"]) == {"as it is"}
    assert "no setting batch_norm" in found.sentences[0]
    assert found.figures


def test_a_model_without_hidden_layers_has_nothing_to_show() -> None:
    inputs = keras.Input((13,))
    model = keras.Model(inputs, keras.layers.Dense(3)(inputs), name="linear")
    with pytest.raises(SpecError, match=r"explain: forward: linear/wine: .* no hidden layer"):
        dlsuite.explain("forward", model, "wine", epochs=1)


def test_where_both_begin_alike_it_is_said(series: dlsuite.Explanation) -> None:
    layers = series.tables["layers"].copy()
    off = layers["variant"] == "batch_norm=false"
    on = layers.loc[off].assign(variant="batch_norm=true")
    same = pd.concat([layers.loc[off], on])
    ends = {"batch_norm=false": None, "batch_norm=true": None}
    said = " ".join(forward_sentences(same, examples=40, ends=ends))
    assert "Batch normalization changes little of that here." in said
