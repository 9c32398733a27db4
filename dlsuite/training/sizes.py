"""How many members a population has, and what memory they take.

Both follow from structural values alone (the layers, the batch size), so that a trial is trained in a
population of the same size, to the same bits, whatever study it belongs to. How many members it has also
follows from what it trains on, the CPU or GPUs of some size; each trial's row says how many they were.
"""

import math
from typing import NamedTuple

import keras

from dlsuite.training.checks import dtype_of, graph_of
from dlsuite.training.devices import gpu_memory
from dlsuite.training.examples import EVALUATION_BATCH
from dlsuite.training.memory import KEPT, weight_bytes

_SIZES = (20, 10, 5, 2)
"""Studies have 5, 10 or 20 seeds more often than not: these sizes leave few places empty."""

_STEP_BYTES = 12 * 2**20
"""What a step should touch at most: beyond the caches more members make each of them slower.

Measured with a core a population, microseconds a step and member: convolutions on 8x8 images 418 with 5
members (12 MB), 503 with 10, 523 with 20; a GRU 535, 573 and 623; dense layers 26, 26 and 25 with 10, 20
and 60.
"""

_COPIES = 9
"""How often weights are held beside what a step touches: the graph's own variables, what a step gives, the
models that trials are described by, and the last and the best epoch's for the part."""

_SIZES_ON_GPU = (100, 50, *_SIZES)
_SHARE_OF_GPU = 0.25
"""The share of a GPU's memory that a population may take, by an estimate that is rough. Not measured."""


class Footprint(NamedTuple):
    """What one member of a population takes.

    Attributes:
        parameters: Its weights, trainable or not.
        activations: Numbers that a training step computes for one example, patches included.
        step_bytes: What a training step touches: weights, gradients, optimizer and activations.
    """

    parameters: int
    activations: int
    step_bytes: int


def footprint(model: keras.Model, batch_size: int) -> Footprint:
    """Estimate what one member takes.

    Args:
        model: Its plain model.
        batch_size: Examples in a step.
    """
    parameters = sum(math.prod(weight.shape) for weight in model.weights)
    activations = _activations(model)
    width = 8 if dtype_of(model) == "float64" else 4
    # Weights, gradients, two moments and the best epoch's; activations forwards and backwards.
    return Footprint(
        parameters=parameters,
        activations=activations,
        step_bytes=width * (5 * parameters + 2 * batch_size * activations),
    )


def population_size(model: keras.Model, batch_size: int) -> int:
    """How many members a population of a model has: small models many, large ones few.

    On a CPU what a step touches must stay in the caches; on a GPU, which small populations leave idle, it
    must fit into a share of the memory.

    Args:
        model: The plain model.
        batch_size: Examples in a step.
    """
    memory = gpu_memory()
    if memory is not None:
        most = _SHARE_OF_GPU * memory / population_bytes(model, batch_size, 1)
        return next((size for size in _SIZES_ON_GPU if size <= most), 1)
    step_bytes = footprint(model, batch_size).step_bytes
    return next((size for size in _SIZES if size * step_bytes <= _STEP_BYTES), 1)


def population_bytes(model: keras.Model, batch_size: int, members: int) -> int:
    """Estimate the memory that a population takes while it trains and evaluates."""
    return members * footprint(model, max(batch_size, EVALUATION_BATCH)).step_bytes


def held_bytes(model: keras.Model, batch_size: int, members: int) -> int:
    """Estimate the memory that a process takes for a population, all copies of its weights counted.

    Measured of dense networks of 9 and 25 million weights, in a worker: 14 times the weights while the first
    trains, and what the process keeps for the next ones.

    Args:
        model: The plain model.
        batch_size: Examples in a step.
        members: How many members it has.
    """
    weights = weight_bytes(model)
    kept = min(KEPT, 4 * weights)
    return population_bytes(model, batch_size, members) + _COPIES * members * weights + kept


def _activations(model: keras.Model) -> int:
    """Numbers computed for one example, layer by layer."""
    total = 0
    for operation in graph_of(model).operations:
        if isinstance(operation, keras.layers.InputLayer):
            continue
        if isinstance(operation, keras.Model):
            total += _activations(operation)
            continue
        for node in operation._inbound_nodes:
            sizes = [math.prod(size or 1 for size in out.shape[1:]) for out in node.outputs]
            total += sum(sizes)
            if isinstance(operation, keras.layers.Conv1D | keras.layers.Conv2D):
                positions = math.prod(size or 1 for size in node.outputs[0].shape[1:-1])
                total += positions * math.prod(operation.kernel.shape[:-1])
            for layer in operation._flatten_layers() if isinstance(operation, keras.Layer) else ():
                if isinstance(layer, keras.layers.RNN) and hasattr(layer.cell, "recurrent_kernel"):
                    steps = node.input_tensors[0].shape[1] or 1
                    total += steps * layer.cell.recurrent_kernel.shape[-1] * 2
    return total
