"""Directions in the space of a model's weights: random ones of the size of its filters, and principal ones.

References:
    Li, Xu, Taylor, Studer and Goldstein (2018), Visualizing the loss landscape of neural nets.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from dlsuite.explanations.weight_space import Vector, WeightSpace

_TINY = 1e-12


def filter_normalized(
    model: Any, space: WeightSpace, center: Vector, *, seed: int, count: int = 2
) -> Vector:
    """Draw random directions in which each filter is as long as the model's own.

    A filter is what one unit takes in: a column of a dense kernel, all of a convolution's kernel that makes
    one channel, a token's vector in an embedding. Biases and what scales and shifts a normalization have no
    part in the directions (they are 0), as in the paper.

    Args:
        model: The model whose weights are meant.
        space: Its weight space.
        center: Its weights, `[dimensions]`.
        seed: Of the draws.
        count: How many directions.

    Returns:
        `[count, dimensions]`.
    """
    generator = np.random.default_rng(seed)
    trained = {id(variable) for variable in model.trainable_variables}
    drawn = []
    for _ in range(count):
        parts, start = [], 0
        for variable in model.weights:
            if id(variable) not in trained:
                continue
            shape = tuple(variable.shape)
            size = int(np.prod(shape))
            own = center[start : start + size].reshape(shape)
            parts.append(_like_filters(variable.name, own, generator).ravel())
            start += size
        drawn.append(np.concatenate(parts))
    return np.array(drawn).reshape(count, space.dimensions)


def _like_filters(name: str, own: Vector, generator: np.random.Generator) -> Vector:
    direction = generator.normal(size=own.shape)
    # A GRU's bias has two axes.
    if own.ndim < 2 or "bias" in name:
        return np.zeros(own.shape)
    axes = (1,) if name == "embeddings" else tuple(range(own.ndim - 1))
    lengths = [np.sqrt(np.sum(a**2, axis=axes, keepdims=True)) for a in (own, direction)]
    return np.asarray(direction * (lengths[0] / np.maximum(lengths[1], _TINY)))


class Plane(NamedTuple):
    """A plane in weight space.

    Attributes:
        origin: A place in it, `[dimensions]`.
        axes: Two orthogonal directions of length 1, `[2, dimensions]`.
        shares: The share of the path's variance along each of them, `[2]`.
    """

    origin: Vector
    axes: Vector
    shares: Vector

    def project(self, vectors: Vector) -> tuple[Vector, npt.NDArray[np.float64]]:
        """Coordinates in the plane, `[places, 2]`, and distances from it, `[places]`."""
        away = vectors - self.origin
        coordinates = away @ self.axes.T
        return coordinates, np.linalg.norm(away - coordinates @ self.axes, axis=1)

    def place(self, coordinates: Vector) -> Vector:
        """From coordinates, `[places, 2]`, to vectors, `[places, dimensions]`."""
        return np.asarray(self.origin + coordinates @ self.axes)


def principal_plane(path: Vector, others: Vector) -> Plane:
    """The plane along the first two principal components of a path, through its end.

    Args:
        path: Places one after another, `[places, dimensions]`, not all the same.
        others: Further places. Where the path is straight, the second direction is the one in which these
            are farthest from it.

    Returns:
        The plane. Its first axis points from the path's start to its end, its second one to the side where
        the path's middle lies.
    """
    centered = path - path.mean(axis=0)
    _, sizes, components = np.linalg.svd(centered, full_matrices=False)
    variances = sizes**2
    shares = np.zeros(2)
    known = variances[:2] / variances.sum()
    shares[: len(known)] = known
    first = components[0]
    if shares[1] > _TINY:
        second = components[1]
    else:
        aside = np.concatenate([others, path]) - path[-1]
        aside -= np.outer(aside @ first, first)
        second = aside[np.argmax(np.linalg.norm(aside, axis=1))]
        if np.linalg.norm(second) < _TINY:  # All in a line: any direction across will do.
            second = np.eye(1, len(first), int(np.argmin(np.abs(first))))[0]
        second = second - (second @ first) * first
        second /= np.linalg.norm(second)
    axes = np.stack([first, second])
    axes[0] *= np.sign((path[-1] - path[0]) @ axes[0]) or 1.0
    axes[1] *= np.sign((path[len(path) // 2] - path[-1]) @ axes[1]) or 1.0
    return Plane(path[-1], axes, shares)
