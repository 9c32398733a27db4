"""How long the weights are that lead into a unit, and those that lead out of it."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import keras
import numpy as np

from dlsuite.training.checks import graph_of
from dlsuite.training.dropout import RECURRENT

_KERNELS = (keras.layers.Dense, keras.layers.Conv1D, keras.layers.Conv2D)


class UnitWeights(NamedTuple):
    """Lengths of weights, `[units]` each; not numbers where no layer with a plain kernel is next.

    Attributes:
        incoming: Of the kernel of the layer that computes the units, over all gates.
        outgoing: Of the kernels of the layers that take the units in.
    """

    incoming: np.ndarray
    outgoing: np.ndarray


def unit_weights(
    model: keras.Model, weights: Sequence[np.ndarray], path: str, units: int
) -> UnitWeights:
    """Measure the weights that lead into the units of a layer, and out of them.

    What stands between and has no kernel (an activation, pooling, normalization, dropout, flattening) is
    passed through; additions of branches are not. Biases and what a recurrent layer hands to its own next
    step do not count.

    Args:
        model: The model.
        weights: In the order of `model.weights`.
        path: The layer that hands the units on.
        units: How many there are.
    """
    values = {
        id(v): np.asarray(value, np.float64)
        for v, value in zip(model.weights, weights, strict=True)
    }
    named = {operation.name: operation for operation in graph_of(model).operations}
    missing = np.full(units, np.nan)
    if path not in named:  # In a nested model.
        return UnitWeights(missing, missing)
    kernel = _kernel(_computing(named[path]))
    incoming = missing
    if kernel is not None and kernel.shape[-1] % units == 0:
        parts = values[id(kernel)].reshape(-1, kernel.shape[-1] // units, units)
        incoming = _length(parts, axes=(0, 1))
    squares: list[np.ndarray] = []
    for layer in _taking(named[path]):
        kernel = _kernel(layer)
        if kernel is None:
            continue
        value = values[id(kernel)]
        # A flattened image has its positions first, then the channels.
        if value.shape[-2] % units == 0:
            squares.append(_length(value.reshape(-1, units, value.shape[-1]), axes=(0, 2)) ** 2)
    return UnitWeights(incoming, np.sqrt(np.sum(squares, axis=0)) if squares else missing)


def _length(value: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    return np.asarray(np.sqrt(np.sum(value**2, axis=axes)))


def _kernel(layer: Any) -> Any:
    if type(layer) in _KERNELS:
        return layer.kernel
    return layer.cell.kernel if type(layer) in RECURRENT else None


def _computing(operation: Any) -> Any:
    """The layer with weights that a value comes from; None where branches meet on the way."""
    while _kernel(operation) is None:
        given = operation._inbound_nodes[0].input_tensors if operation._inbound_nodes else []
        if len(given) != 1:
            return None
        operation = given[0]._keras_history.operation
    return operation


def _taking(operation: Any) -> list[Any]:
    """The layers with weights that a value goes to."""
    found = []
    for node in operation._outbound_nodes:
        following = node.operation
        if _kernel(following) is not None:
            found.append(following)
        elif len(node.input_tensors) == 1 and not isinstance(following, keras.Model):
            found += _taking(following)
    return found
