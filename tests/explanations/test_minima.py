"""Minima, from tiny real trainings."""

from collections.abc import Callable
from itertools import combinations

import keras
import numpy as np
import pandas as pd
import pytest

from dlsuite.errors import SpecError
from dlsuite.explanations import Explanation, explain
from dlsuite.explanations.minima import SEEDS
from dlsuite.explanations.minima_tables import POINTS, barriers
from dlsuite.explanations.subject import Subject, read_subject
from dlsuite.training.result import TrialResult

Recorded = tuple[Explanation, list[TrialResult]]
SETTINGS = {"units": (8, 6), "batch_norm": True, "learning_rate": 0.01}
EPOCHS = 3


@pytest.fixture(scope="module")
def recorded(record: Callable[..., Recorded]) -> Recorded:
    return record("minima", settings=SETTINGS, epochs=EPOCHS)


@pytest.fixture(scope="module")
def wine(recorded: Recorded) -> Explanation:
    return recorded[0]


@pytest.fixture(scope="module")
def trained(recorded: Recorded) -> list[TrialResult]:
    return recorded[1]


@pytest.fixture(scope="module")
def subject() -> Subject:
    return read_subject("mlp", "wine", SETTINGS, seed=0, epochs=EPOCHS, watcher=None)


def plain_loss(
    model: keras.Model, subject: Subject, weights: list[np.ndarray], split: str
) -> float:
    model.set_weights(weights)
    part = getattr(subject.data, split)
    outputs = model(part.x, training=False)
    losses = keras.losses.sparse_categorical_crossentropy(part.y, outputs, from_logits=True)
    return float(np.mean(losses))


def test_lines_are_the_losses_of_weights_between(
    wine: Explanation, subject: Subject, trained: list[TrialResult]
) -> None:
    lines, model = wine.tables["lines"], subject.build()
    line = lines.query("seed_a == 1 and seed_b == 3 and not aligned")
    assert len(line) == POINTS
    for t in (0.0, 0.25, 0.5, 1.0):
        row = line[np.isclose(line["t"], t)].iloc[0]
        between = [
            (1 - t) * a + t * b
            for a, b in zip(trained[1].last_weights, trained[3].last_weights, strict=True)
        ]
        for column, split in (("train_loss", "train"), ("val_loss", "validation")):
            expected = plain_loss(model, subject, between, split)
            np.testing.assert_allclose(row[column], expected, rtol=1e-4)


def test_alignment_leaves_the_ends_where_they_are_and_brings_them_closer(wine: Explanation) -> None:
    lines, pairs = wine.tables["lines"], wine.tables["pairs"]
    ends = lines[lines["t"].isin([0.0, 1.0])]
    before, after = (ends[ends["aligned"] == flag] for flag in (False, True))
    for column in ("train_loss", "val_loss"):
        np.testing.assert_allclose(before[column], after[column], rtol=1e-4, atol=1e-6)
    assert (pairs["aligned_distance"] < pairs["distance"]).all()


def test_every_pair_is_there(wine: Explanation) -> None:
    expected = list(combinations(range(SEEDS), 2))
    pairs = wine.tables["pairs"]
    assert list(zip(pairs["seed_a"], pairs["seed_b"], strict=True)) == expected
    assert len(wine.tables["lines"]) == 2 * len(expected) * POINTS
    assert len(wine.tables["barriers"]) == 2 * len(expected)


def test_ends_and_distances_are_those_of_the_trainings(
    wine: Explanation, subject: Subject, trained: list[TrialResult]
) -> None:
    import tensorflow as tf

    ends, pairs, model = wine.tables["ends"], wine.tables["pairs"], subject.build()
    own = [v.trainable for v in model.weights]

    def vector(weights: list[np.ndarray]) -> np.ndarray:
        return np.concatenate([w.ravel() for w, t in zip(weights, own, strict=True) if t])

    stops = [vector(one.last_weights) for one in trained]
    for row in pairs.itertuples():
        np.testing.assert_allclose(
            row.distance, np.linalg.norm(stops[row.seed_a] - stops[row.seed_b]), rtol=1e-4
        )
    model.set_weights(trained[2].last_weights)
    with tf.GradientTape() as tape:
        outputs = model(subject.data.train.x, training=False)
        losses = keras.losses.sparse_categorical_crossentropy(
            subject.data.train.y, outputs, from_logits=True
        )
        loss = tf.reduce_mean(losses)
    gradients = tape.gradient(loss, [v.value for v in model.trainable_variables])
    norm = np.sqrt(sum(float(tf.reduce_sum(g**2)) for g in gradients))
    np.testing.assert_allclose(ends["gradient_norm"][2], norm, rtol=1e-3)
    np.testing.assert_allclose(ends["train_loss"][2], float(loss), rtol=1e-4)
    assert list(ends["seed"]) == list(range(SEEDS))


def test_disagreement_is_the_share_of_different_answers(
    wine: Explanation, subject: Subject, trained: list[TrialResult]
) -> None:
    model, said = subject.build(), []
    for seed in (0, 4):
        model.set_weights(trained[seed].last_weights)
        said.append(np.argmax(model(subject.data.validation.x, training=False), axis=1))
    row = wine.tables["pairs"].query("seed_a == 0 and seed_b == 4").iloc[0]
    assert row["disagreement"] == pytest.approx(np.mean(said[0] != said[1]))


def test_barrier_is_what_rises_above_the_straight_line() -> None:
    t = np.array([0.0, 0.25, 0.5, 0.75, 1.0])
    lines = pd.DataFrame(
        {
            "seed_a": 0,
            "seed_b": 1,
            "aligned": False,
            "t": t,
            "train_loss": [1.0, 2.0, 4.0, 3.0, 2.0],
            "val_loss": [1.0, 0.5, 0.2, 0.5, 1.0],
        }
    )
    (row,) = barriers(lines).to_dict("records")
    assert row["train_barrier"] == pytest.approx(2.5) and row["train_at"] == 0.5
    assert row["val_barrier"] == 0.0


def test_line_that_explodes_has_an_infinite_barrier() -> None:
    losses = [1.0, np.nan, 1.0]
    lines = pd.DataFrame(
        {
            "seed_a": 0,
            "seed_b": 1,
            "aligned": False,
            "t": [0.0, 0.5, 1.0],
            "train_loss": losses,
            "val_loss": losses,
        }
    )
    assert np.isinf(barriers(lines)["train_barrier"][0])


def test_sentences_speak_of_alignment_and_moving_statistics(wine: Explanation) -> None:
    said = " ".join(wine.sentences)
    assert 3 <= len(wine.sentences) <= 6
    assert "moving statistics are interpolated" in said
    assert "validation examples" in said


def test_regression_tells_how_far_predictions_are_apart() -> None:
    settings = {"units": (4,), "train_size": 64}
    explained = explain("minima", "gru", "sunspots", settings=settings, epochs=1)
    assert (explained.tables["pairs"]["prediction_distance"] >= 0).all()
    assert "disagreement" not in explained.tables["pairs"]
    assert "in the target's units" in explained.sentences[-1]
    assert bool(explained.tables["about"]["aligned"].iloc[0])
    assert not explained.tables["about"]["moving_statistics"].iloc[0]


def test_unknown_layer_is_shown_without_alignment() -> None:
    layers = [keras.Input((13,)), keras.layers.Dense(4), keras.layers.Reshape((2, 2), name="odd")]
    layers += [keras.layers.Flatten(), keras.layers.Dense(3)]
    model = keras.Sequential(layers, name="mine")
    explained = explain("minima", model, "wine", epochs=1)
    assert set(explained.tables["lines"]["aligned"]) == {False}
    assert explained.tables["pairs"]["aligned_distance"].isna().all()
    assert any("layer 'odd'" in sentence for sentence in explained.sentences)
    assert set(explained.figures) == {"lines", "ends", "distances"}


def test_diverging_trainings_are_refused_with_their_rate() -> None:
    settings = {"units": (4,), "optimizer": "sgd", "learning_rate": 1e30}
    with pytest.raises(SpecError, match="5 of 5 trainings diverged at learning rate 1e\\+30"):
        explain("minima", "mlp", "wine", settings=settings, epochs=1)
