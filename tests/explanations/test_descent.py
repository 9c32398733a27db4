"""Descent, from tiny real trainings."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest

from dlsuite.errors import SpecError
from dlsuite.explanations import Explanation, explain
from dlsuite.explanations.descent_rates import FACTORS, _high, overshoots, rises
from dlsuite.explanations.subject import Subject, read_subject
from dlsuite.explanations.weight_space import WeightSpace
from dlsuite.training.result import TrialResult

Recorded = tuple[Explanation, list[TrialResult]]
EPOCHS = 3
SETTINGS = {"units": (8,)}


@pytest.fixture(scope="module")
def recorded(record: Callable[..., Recorded]) -> Recorded:
    return record("descent", settings=SETTINGS, epochs=EPOCHS)


@pytest.fixture(scope="module")
def wine(recorded: Recorded) -> Explanation:
    return recorded[0]


@pytest.fixture(scope="module")
def subject() -> Subject:
    return read_subject("mlp", "wine", SETTINGS, seed=0, epochs=EPOCHS, watcher=None)


def rate_of(tables: Any, role: str) -> float:
    paths = tables["paths"]
    return float(paths.loc[paths["role"] == role, "learning_rate"].iloc[0])


def plain_loss(model: keras.Model, subject: Subject, weights: list[np.ndarray]) -> float:
    model.set_weights(weights)
    outputs = model(subject.data.train.x, training=False)
    losses = keras.losses.sparse_categorical_crossentropy(
        subject.data.train.y, outputs, from_logits=True
    )
    return float(np.mean(losses))


def test_paths_are_those_of_trainings_with_each_rate(recorded: Recorded, subject: Subject) -> None:
    (wine, results), model = recorded, subject.build()
    paths, tried = wine.tables["paths"], list(wine.tables["rates"]["learning_rate"])
    space = WeightSpace(model)
    for role in ("low", "good", "high"):
        result = results[tried.index(rate_of(wine.tables, role))]
        rows = paths[paths["role"] == role]
        assert list(rows["epoch"]) == list(range(EPOCHS + 1))
        expected = [plain_loss(model, subject, weights) for weights in result.path]
        np.testing.assert_allclose(rows["loss"], expected, rtol=1e-4)
        np.testing.assert_allclose(rows["train_loss"], expected, rtol=1e-4)
        vectors = space.vectors(result.path)
        steps = np.linalg.norm(np.diff(vectors, axis=0), axis=1)
        np.testing.assert_allclose(rows["step_length"][1:], steps, rtol=1e-3)
        np.testing.assert_allclose(
            rows["distance"].iloc[-1], np.linalg.norm(vectors[-1] - vectors[0]), rtol=1e-3
        )


def test_all_paths_begin_at_one_place(wine: Explanation) -> None:
    starts = wine.tables["paths"].query("epoch == 0")
    assert len(starts) == 3
    for column in ("train_loss", "loss", "component_1", "component_2", "off_plane"):
        assert starts[column].nunique() == 1


def test_both_planes_have_the_good_rates_end_in_the_middle_or_at_the_origin(
    wine: Explanation,
) -> None:
    tables = wine.tables
    end = tables["paths"].query("role == 'good'").iloc[-1]
    surface = tables["surface"]
    middle = surface[(surface["a"].abs() < 1e-9) & (surface["b"].abs() < 1e-9)]
    np.testing.assert_allclose(middle["loss"], end["loss"], rtol=1e-5)
    assert end["component_1"] == pytest.approx(0, abs=1e-9)
    assert end["off_plane"] == pytest.approx(0, abs=1e-6)
    assert end["loss_in_plane"] == pytest.approx(end["loss"], rel=1e-5)
    assert len(surface) == len(tables["path_plane"]) == 25**2


def test_shares_of_variance_are_shares(wine: Explanation) -> None:
    about = wine.tables["about"].iloc[0]
    assert 0 < about["variance_share_2"] <= about["variance_share_1"] <= 1
    assert about["variance_share_1"] + about["variance_share_2"] <= 1 + 1e-9
    assert about["examples"] == 106


def test_drawn_part_of_the_plane_holds_the_low_and_the_good_path(wine: Explanation) -> None:
    plane, paths = wine.tables["path_plane"], wine.tables["paths"]
    near = paths[paths["role"] != "high"]
    for column in ("component_1", "component_2"):
        assert near[column].between(plane[column].min(), plane[column].max()).all()


def test_rates_are_a_ladder_around_the_subjects_own(wine: Explanation) -> None:
    rates = wine.tables["rates"]
    np.testing.assert_allclose(rates["learning_rate"], [1e-3 * f for f in FACTORS], rtol=1e-3)
    assert sorted(rates["role"]) == [*[""] * 6, "good", "high", "low"]
    good = rates.query("role == 'good'").iloc[0]
    low = rates.query("role == 'low'").iloc[0]
    assert good["learning_rate"] / low["learning_rate"] == pytest.approx(30, rel=0.2)
    done = rates[(rates["status"] == "completed") & (rates["learning_rate"] >= 1e-3)]
    assert good["val_loss"] == done["val_loss"].min()


def test_sentences_tell_the_rates_and_the_losses(wine: Explanation) -> None:
    said = " ".join(wine.sentences)
    assert 3 <= len(wine.sentences) <= 6
    assert f"{rate_of(wine.tables, 'good'):g} is called good" in said
    assert "nats (106 training examples)" in said
    assert "In one variable, of 56 starts" in said


def test_the_same_call_gives_the_same_numbers(wine: Explanation) -> None:
    again = explain("descent", "mlp", "wine", settings=SETTINGS, epochs=EPOCHS)
    for name, table in wine.tables.items():
        pd.testing.assert_frame_equal(table, again.tables[name], check_exact=True)


def test_regression_is_explained_in_its_units() -> None:
    settings = {"units": (4,), "train_size": 64, "batch_norm": True}
    explained = explain("descent", "mlp", "sunspots", settings=settings, epochs=1)
    assert "MSE of the standardized target" in " ".join(explained.sentences)
    assert np.isfinite(explained.tables["surface"]["loss"]).all()


def test_a_rate_that_was_asked_for_is_the_good_one_even_where_it_explodes() -> None:
    settings = {"units": (4,), "learning_rate": 1000.0}
    explained = explain("descent", "mlp", "wine", settings=settings, epochs=1)
    assert rate_of(explained.tables, "good") == 1000.0
    assert "as the one that was asked for" in explained.sentences[0]
    assert set(explained.figures) == {"surface", "paths", "one_variable"}


def test_nothing_is_shown_where_every_rate_diverges() -> None:
    settings = {"units": (4,), "optimizer": "sgd", "learning_rate": 1e30}
    with pytest.raises(SpecError, match="learning_rate: training diverged at 1e\\+30"):
        explain("descent", "mlp", "wine", settings=settings, epochs=1)


def result(losses: list[float], status: str = "completed") -> Any:
    curves = [{"epoch": i, "train_loss": loss} for i, loss in enumerate(losses)]
    return SimpleNamespace(curves=curves, status=status, path=losses)


def test_overshooting_is_rising_and_ending_higher() -> None:
    good = result([2.0, 1.0, 0.5, 0.4, 0.3])
    assert rises(result([2.0, 3.0, 1.0, 1.5])) == 2
    assert overshoots(result([2.0, 3.0, 1.0, 1.5, 1.0]), good)
    assert not overshoots(result([2.0, 1.9, 1.8, 1.7, 1.6]), good)  # It crawls.
    assert not overshoots(result([2.0, 3.0, 0.5, 0.4, 0.3]), good)  # It arrives after all.
    assert overshoots(result([2.0], "diverged"), good)


def test_high_rate_is_the_lowest_that_overshoots_and_stays_finite() -> None:
    good, jumps = result([2.0, 1.0, 0.5]), result([2.0, 3.0, 4.0])
    lost, arrives = result([2.0], "diverged"), result([2.0, 0.9, 0.4])
    assert _high([good, arrives, jumps, jumps], 0) == 2
    assert _high([good, lost, jumps], 0) == 2
    assert _high([good, lost], 0) == 1
    assert _high([good, arrives], 0) == 1
    assert _high([arrives, good], 1) == 1
