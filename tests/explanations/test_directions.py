"""Directions in weight space."""

import keras
import numpy as np
import pytest
from sklearn.decomposition import PCA

from dlsuite.explanations.directions import filter_normalized, principal_plane
from dlsuite.explanations.weight_space import WeightSpace, stack_places


@pytest.fixture(scope="module")
def model() -> keras.Model:
    built = keras.Sequential(
        [
            keras.Input((5,), dtype="int32"),
            keras.layers.Embedding(7, 3),
            keras.layers.GRU(4, return_sequences=True),
            keras.layers.Conv1D(2, 3, use_bias=False),
            keras.layers.BatchNormalization(),
            keras.layers.Flatten(),
            keras.layers.Dense(2),
        ]
    )
    generator = np.random.default_rng(0)
    built.set_weights([generator.normal(size=w.shape) for w in built.get_weights()])
    return built


def test_vectors_and_weights_turn_into_one_another(model: keras.Model) -> None:
    space, weights = WeightSpace(model), model.get_weights()
    vectors = space.vectors([weights, [2 * w for w in weights]])
    assert vectors.shape == (2, space.dimensions)
    assert space.dimensions == sum(int(np.prod(v.shape)) for v in model.trainable_variables)
    back = space.stacked(vectors, weights)
    for variable, stacked, weight in zip(model.weights, back, weights, strict=True):
        np.testing.assert_array_equal(stacked[0], weight)
        factor = 2 if variable.trainable else 1
        np.testing.assert_array_equal(stacked[1], factor * weight)


def test_places_are_stacked_weight_by_weight(model: keras.Model) -> None:
    weights = model.get_weights()
    stacked = stack_places([weights, weights, weights])
    assert [s.shape for s in stacked] == [(3, *w.shape) for w in weights]


def test_filters_of_a_direction_are_as_long_as_the_models(model: keras.Model) -> None:
    space, weights = WeightSpace(model), model.get_weights()
    (center,) = space.vectors([weights])
    directions = filter_normalized(model, space, center, seed=1)
    assert directions.shape == (2, space.dimensions)
    stacked = space.stacked(directions, weights)
    for variable, direction, weight in zip(model.weights, stacked, weights, strict=True):
        if not variable.trainable:
            continue
        if variable.name in ("bias", "gamma", "beta"):
            assert not direction.any()
            continue
        axes = (1,) if variable.name == "embeddings" else tuple(range(weight.ndim - 1))
        for one in direction:
            lengths = [np.sqrt(np.sum(a**2, axis=axes)) for a in (one, weight)]
            np.testing.assert_allclose(*lengths, rtol=1e-5)
    assert not np.allclose(directions[0], directions[1])
    again = filter_normalized(model, space, center, seed=1)
    np.testing.assert_array_equal(directions, again)


def test_plane_is_that_of_the_principal_components() -> None:
    path = np.cumsum(np.random.default_rng(3).normal(size=(9, 6)) * [5, 3, 1, 1, 1, 1], axis=0)
    plane = principal_plane(path, path)
    expected = PCA(2).fit(path)
    np.testing.assert_allclose(plane.shares, expected.explained_variance_ratio_)
    np.testing.assert_allclose(np.abs(np.sum(plane.axes * expected.components_, axis=1)), 1.0)
    coordinates, off = plane.project(path)
    np.testing.assert_allclose(coordinates[-1], 0.0, atol=1e-12)
    whole = np.sum(coordinates**2, axis=1) + off**2
    np.testing.assert_allclose(whole, np.sum((path - path[-1]) ** 2, axis=1))
    back, nothing = plane.project(plane.place(coordinates))
    np.testing.assert_allclose(back, coordinates, atol=1e-9)
    np.testing.assert_allclose(nothing, 0.0, atol=1e-9)


def test_straight_path_takes_its_second_direction_from_the_others() -> None:
    path = np.array([[0.0, 0, 0], [2, 0, 0]])
    plane = principal_plane(path, np.array([[1.0, 0, 5]]))
    np.testing.assert_allclose(plane.shares, [1.0, 0.0], atol=1e-9)
    np.testing.assert_allclose(np.abs(plane.axes), [[1, 0, 0], [0, 0, 1]], atol=1e-9)
    assert plane.axes[0, 0] > 0


def test_plane_of_one_line_alone_has_two_directions() -> None:
    path = np.array([[0.0, 0, 0], [2, 0, 0]])
    plane = principal_plane(path, path)
    np.testing.assert_allclose(plane.axes @ plane.axes.T, np.eye(2), atol=1e-9)
