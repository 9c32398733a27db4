"""How much there is to compute for an example: what the time of a training step is estimated from."""

import math
from typing import NamedTuple

import keras

from dlsuite.training.checks import graph_of


class Work(NamedTuple):
    """What a model computes for one example, forwards.

    Attributes:
        multiplications: Numbers multiplied by a weight.
        sequential: Steps that wait for one another: those of recurrent layers, one layer after another.
        operations: Layers and other operations, each of which is compiled and begun.
    """

    multiplications: int
    sequential: int
    operations: int


def work_of(model: keras.Model) -> Work:
    """Count what a model computes for one example.

    Args:
        model: A functional or sequential model.
    """
    total = Work(0, 0, 0)
    for operation in graph_of(model).operations:
        if isinstance(operation, keras.layers.InputLayer):
            continue
        for node in operation._inbound_nodes:
            own = work_of(operation) if isinstance(operation, keras.Model) else _of(operation, node)
            total = Work(*(sum(pair) for pair in zip(total, own, strict=True)))
    return total


def _of(operation: keras.Operation, node: object) -> Work:
    """What one call of an operation computes."""
    if not isinstance(operation, keras.Layer) or isinstance(operation, keras.layers.Embedding):
        return Work(0, 0, 1)
    recurrent = [one for one in operation._flatten_layers() if isinstance(one, keras.layers.RNN)]
    weights = sum(math.prod(weight.shape) for weight in operation.weights)
    if recurrent:
        steps = node.input_tensors[0].shape[1] or 1  # type: ignore[attr-defined]
        return Work(steps * weights, steps * len(recurrent), 1)
    positions = math.prod(size or 1 for size in node.outputs[0].shape[1:-1])  # type: ignore[attr-defined]
    return Work(positions * weights, 0, 1)
