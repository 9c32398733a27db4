"""How columns of units are linked: by a dense layer that stands alone between, every unit to every other."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import keras

from dlsuite.training.checks import graph_of
from dlsuite.training.units import hidden_layers, layers_of

INPUT = "input"
"""The column of numbers that the first dense layer takes in."""
OUTPUT = "output"
"""The column of the model's outputs."""

_NORMALIZATIONS = (keras.layers.BatchNormalization, keras.layers.LayerNormalization)


class Column(NamedTuple):
    """Units that stand side by side in a network.

    Attributes:
        path: The layer that hands them on; `input` and `output` for the network's ends.
        kind: `input`, `hidden` or `output`.
        units: How many there are: of an image the channels, of a sequence the features of a step.
        link: The dense layer that links each of them to each unit of the column before; None where there
            is no such, or more than it stands between.
    """

    path: str
    kind: str
    units: int
    link: keras.layers.Dense | None


def unit_layers(model: keras.Model) -> list[str]:
    """Paths of the layers whose units are looked at.

    They are the hidden layers; in a network without a nonlinearity, the dense layers before the output.
    """
    hidden = hidden_layers(model)
    if hidden:
        return hidden
    outputs = {tensor._keras_history.operation.name for tensor in graph_of(model).outputs}
    return [
        path
        for path, layer in layers_of(model)
        if isinstance(layer, keras.layers.Dense) and path not in outputs
    ]


def columns_of(model: keras.Model, paths: Sequence[str]) -> list[Column]:
    """Lay a network out as columns of units.

    The first column is what the first dense layer takes in, if nothing with weights but an embedding
    stands before it; the last one is the output.

    Args:
        model: A functional or sequential model.
        paths: The layers whose units make a column each.

    Returns:
        The columns from the input to the output.
    """
    widths = {
        path: int(layer._inbound_nodes[0].outputs[0].shape[-1]) for path, layer in layers_of(model)
    }
    between = _weights_between(model, paths)
    inner = [(path, "hidden", widths[path]) for path in paths]
    ends = [*inner, (OUTPUT, "output", int(model.output_shape[-1]))]
    columns = []
    first = _only_dense(between[0], None)
    if first is not None:
        columns.append(Column(INPUT, "input", int(first.kernel.shape[0]), None))
    width: int | None = None
    for (path, kind, units), layers in zip(ends, between, strict=True):
        columns.append(Column(path, kind, units, _only_dense(layers, width)))
        width = units
    return columns


def _weights_between(model: keras.Model, paths: Sequence[str]) -> list[list[Any]]:
    """Layers with weights before each of the columns and the output.

    Of a network that branches or is nested, no links are told: each list holds None.
    """
    found: list[list[Any]] = [[]]
    before: Any = None
    for operation in graph_of(model).operations:
        nodes = operation._inbound_nodes
        if isinstance(operation, keras.layers.InputLayer):
            before = operation
            continue
        given = nodes[0].input_tensors
        straight = len(nodes) == 1 and len(given) == 1
        if not straight or given[0]._keras_history.operation is not before:
            return [[None]] * (len(paths) + 1)
        before = operation
        if getattr(operation, "weights", ()) and not isinstance(operation, _NORMALIZATIONS):
            found[-1].append(operation)
        if operation.name in paths:
            found.append([])
    return found if len(found) == len(paths) + 1 else [[None]] * (len(paths) + 1)


def _only_dense(layers: Sequence[Any], width: int | None) -> keras.layers.Dense | None:
    """The dense layer that stands alone among layers, of so many inputs; any number for the first one."""
    own = [
        layer for layer in layers if width is not None or type(layer) is not keras.layers.Embedding
    ]
    if len(own) != 1 or type(own[0]) is not keras.layers.Dense:
        return None
    return own[0] if width is None or own[0].kernel.shape[0] == width else None
