"""The space in which a model's training moves: all its trainable weights, side by side in one vector."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[np.float64]


class WeightSpace:
    """Turns lists of weights into vectors and back.

    What is not trained, such as the moving statistics of batch normalization, has no axis in it.

    Args:
        model: A built `keras.Model`.

    Attributes:
        dimensions: How many trainable weights there are.
    """

    def __init__(self, model: Any) -> None:
        trained = {id(variable) for variable in model.trainable_variables}
        self._trained = [id(variable) in trained for variable in model.weights]
        self._shapes = [tuple(variable.shape) for variable in model.weights]
        self.dimensions = sum(
            int(np.prod(shape))
            for shape, own in zip(self._shapes, self._trained, strict=True)
            if own
        )

    def vectors(self, places: Sequence[Sequence[npt.NDArray[Any]]]) -> Vector:
        """Places as vectors, `[places, dimensions]`.

        Args:
            places: For each place an array for each of `model.weights`, in that order.
        """
        found = np.empty([len(places), self.dimensions])
        for row, weights in zip(found, places, strict=True):
            own = [
                np.ravel(w) for w, trained in zip(weights, self._trained, strict=True) if trained
            ]
            row[:] = np.concatenate(own)
        return found

    def stacked(self, vectors: Vector, rest: Sequence[npt.NDArray[Any]]) -> list[npt.NDArray[Any]]:
        """Vectors as `LossLandscape` takes them: for each of `model.weights` an array `[places, ...]`.

        Args:
            vectors: `[places, dimensions]`.
            rest: An array for each of `model.weights`; what is not trained is taken from it.
        """
        found: list[npt.NDArray[Any]] = []
        start = 0
        for shape, trained, fixed in zip(self._shapes, self._trained, rest, strict=True):
            if trained:
                size = int(np.prod(shape))
                found.append(vectors[:, start : start + size].reshape(-1, *shape))
                start += size
            else:
                found.append(np.broadcast_to(fixed, [len(vectors), *shape]))
        return found


def stack_places(places: Sequence[Sequence[npt.NDArray[Any]]]) -> list[npt.NDArray[Any]]:
    """Whole lists of weights, side by side as `LossLandscape` takes them."""
    return [np.stack(values) for values in zip(*places, strict=True)]
