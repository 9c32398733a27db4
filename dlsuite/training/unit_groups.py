"""Which axes of a model's weights are its units, and so may be permuted together.

A hidden unit has no place of its own: if the units of a layer trade places, and the weights behind the layer
trade theirs alike, the model computes the same function. Which axes belong together follows from the graph.
"""

import math
from dataclasses import dataclass
from typing import Any

import keras

from dlsuite.errors import SpecError
from dlsuite.training.checks import graph_of

Block = tuple[int | None, int]
"""A group, or None for what stays in its place, and how many units stand side by side."""

_layers = keras.layers
_ELEMENTWISE = (
    _layers.Activation,
    _layers.ReLU,
    _layers.LeakyReLU,
    _layers.ELU,
    _layers.Softmax,
    _layers.Dropout,
    _layers.GaussianNoise,
    _layers.MaxPooling1D,
    _layers.MaxPooling2D,
    _layers.AveragePooling1D,
    _layers.AveragePooling2D,
    _layers.GlobalAveragePooling1D,
    _layers.GlobalAveragePooling2D,
    _layers.GlobalMaxPooling1D,
    _layers.GlobalMaxPooling2D,
    _layers.Cropping1D,
    _layers.ZeroPadding2D,
    _layers.UpSampling2D,
)
_SAME = (_layers.Add, _layers.Average, _layers.Maximum, _layers.Multiply, _layers.Subtract)
_GATES = {_layers.SimpleRNN: 1, _layers.GRU: 3, _layers.LSTM: 4}
_Groups = tuple[int, ...]


@dataclass(frozen=True)
class UnitGroups:
    """The groups of a model's units.

    Attributes:
        sizes: How many units each group has that may be permuted, by group.
        axes: For each of `model.weights` and each of its axes the blocks that it is made of, one behind
            another: the gates of an LSTM are four blocks of one group, a flattened image has one for each
            position. Empty for an axis that stays.
    """

    sizes: dict[int, int]
    axes: list[list[tuple[Block, ...]]]


def unit_groups(model: keras.Model) -> UnitGroups:
    """Find the groups of a model's hidden units.

    Dense and convolutional layers, embeddings, simple RNN, GRU and LSTM each have a group; layers that are
    added up share one, as in a residual network. What is put in and what comes out stays as it is.

    Raises:
        SpecError: A layer's kind is not known here, so that it is not known what may be permuted.
    """
    return _Walk(model).groups()


class _Walk:
    """Walks through a model's graph, and writes down what each axis is made of."""

    def __init__(self, model: keras.Model) -> None:
        self._model = model
        self._sizes: list[int] = []
        self._same: list[int] = []
        self._fixed = self._new(1)
        self._weights: dict[int, list[_Groups]] = {}
        self._outputs: dict[int, _Groups] = {}

    def groups(self) -> UnitGroups:
        graph = graph_of(self._model)
        for tensor in graph.inputs:
            self._outputs[id(tensor)] = (self._fixed,) * (tensor.shape[-1] or 1)
        nodes = [
            node
            for depth in sorted(graph._nodes_by_depth, reverse=True)
            for node in graph._nodes_by_depth[depth]
        ]
        for node in nodes:
            if isinstance(node.operation, _layers.InputLayer):
                continue
            given = [self._outputs[id(tensor)] for tensor in node.input_tensors]
            if len(node.outputs) != 1:
                raise self._unknown(node.operation)
            self._outputs[id(node.outputs[0])] = self._handed_on(node.operation, given, node)
        for tensor in graph.outputs:
            for group in self._outputs[id(tensor)]:
                self._unite(group, self._fixed)
        return self._summed_up()

    def _handed_on(self, layer: Any, given: list[_Groups], node: Any) -> _Groups:
        """Write a layer's weights down, and tell what the last axis of its output is made of."""
        kind, first = type(layer), given[0]
        if kind in _SAME:
            for other in given[1:]:
                self._unite_all(first, other, layer)
            return first
        if kind is _layers.Concatenate and layer.axis in (-1, len(node.outputs[0].shape) - 1):
            return tuple(group for blocks in given for group in blocks)
        if len(given) > 1:
            raise self._unknown(layer)
        if kind is _layers.Flatten:
            shape = node.input_tensors[0].shape
            return first * int(math.prod(shape[1:-1]))
        if kind in _ELEMENTWISE:
            return first
        return self._weighted(layer, first)

    def _weighted(self, layer: Any, given: _Groups) -> _Groups:
        kind = type(layer)
        if kind in (_layers.Dense, _layers.Conv1D, _layers.Conv2D):
            if getattr(layer, "groups", 1) != 1:
                raise self._unknown(layer)
            units = self._units_of(layer)
            between = [()] * (len(layer.kernel.shape) - 2)
            self._note(layer.kernel, [*between, given, units], layer)
            self._note(layer.bias, [units], layer)
            return units
        if kind is _layers.Embedding:
            units = self._units_of(layer)
            self._note(layer.embeddings, [(), units], layer)
            return units
        if kind in (_layers.BatchNormalization, _layers.LayerNormalization):
            width = sum(self._sizes[group] for group in given)
            if any(tuple(weight.shape) != (width,) for weight in layer.weights):
                raise self._unknown(layer)
            for weight in layer.weights:
                self._note(weight, [given], layer)
            return given
        if kind in _GATES and not layer.return_state:
            units = self._units_of(layer)
            gates = units * _GATES[kind]
            cell = layer.cell
            self._note(cell.kernel, [given, gates], layer)
            self._note(cell.recurrent_kernel, [units, gates], layer)
            if cell.bias is not None:
                self._note(cell.bias, [*[()] * (len(cell.bias.shape) - 1), gates], layer)
            return units
        if kind is _layers.Bidirectional and layer.merge_mode == "concat":
            return self._weighted(layer.forward_layer, given) + self._weighted(
                layer.backward_layer, given
            )
        raise self._unknown(layer)

    def _units_of(self, layer: Any) -> _Groups:
        """A layer's own group; the one it had where it is called again."""
        if id(layer) not in self._outputs:
            width = getattr(layer, "units", None) or getattr(layer, "filters", None)
            self._outputs[id(layer)] = (self._new(width or layer.output_dim),)
        return self._outputs[id(layer)]

    def _note(self, weight: Any, axes: list[_Groups], layer: Any) -> None:
        if weight is None:
            return
        known = self._weights.setdefault(id(weight), axes)
        for before, now in zip(known, axes, strict=True):
            self._unite_all(before, now, layer)

    def _new(self, size: int) -> int:
        self._sizes.append(size)
        self._same.append(len(self._same))
        return len(self._same) - 1

    def _root(self, group: int) -> int:
        while self._same[group] != group:
            group = self._same[group]
        return group

    def _unite(self, one: int, other: int) -> None:
        # The fixed group is the first, and stays the root of all that is united with it.
        low, high = sorted((self._root(one), self._root(other)))
        self._same[high] = low

    def _unite_all(self, one: _Groups, other: _Groups, layer: Any) -> None:
        if len(one) != len(other):
            raise self._unknown(layer)
        for first, second in zip(one, other, strict=True):
            self._unite(first, second)

    def _summed_up(self) -> UnitGroups:
        fixed = self._root(self._fixed)
        sizes = {
            group: size
            for group, size in enumerate(self._sizes)
            if self._root(group) == group and group != fixed
        }
        axes = []
        for weight in self._model.weights:
            noted = self._weights.get(id(weight), [()] * len(weight.shape))
            axes.append([self._permuted(blocks) for blocks in noted])
        return UnitGroups(sizes, axes)

    def _permuted(self, groups: _Groups) -> tuple[Block, ...]:
        roots = [self._root(group) for group in groups]
        fixed = self._root(self._fixed)
        if all(root == fixed for root in roots):
            return ()
        sizes = [self._sizes[group] for group in groups]
        return tuple(
            (None if root == fixed else root, size) for root, size in zip(roots, sizes, strict=True)
        )

    def _unknown(self, layer: Any) -> SpecError:
        return SpecError(
            f"layer {layer.name!r}: which of its units may trade places is not known for a "
            f"{type(layer).__name__}."
        )
