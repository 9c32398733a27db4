"""The cases: which architecture, how many models of it, on which data, and how much arithmetic that is.

What a peer builds is the peer's own business; here stands what all of them must agree on. Needs numpy only,
so that a peer's memory and start-up are its own.
"""

import itertools
import math
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

BATCH = 32
"""Examples in a training step."""
DROPOUT = 0.2
"""Rate of dropout after each hidden activation of the dense and the convolutional cases."""
BATCH_NORM_MOMENTUM = 0.9
"""Share of the moving statistics that a step leaves as they are."""
BATCH_NORM_EPSILON = 1e-3
"""Added to the variance."""
ADAM = {"beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7}
"""Adam's constants, Keras's defaults."""

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int32]


class Examples(NamedTuple):
    """A split: inputs `[n, ...]`, float32, and labels `[n]`, int32."""

    x: FloatArray
    y: IntArray


@dataclass(frozen=True, kw_only=True)
class Case:
    """An architecture and what is trained of it.

    Attributes:
        name: Its name on the command line and in the tables.
        title: What a figure calls it.
        family: Dense layers, convolutions before one dense layer, or a GRU.
        input_shape: The shape of one example.
        outputs: Number of logits.
        filters: Filters of the 3x3 convolutions, each followed by pooling.
        units: Units of the dense layers, or of the GRU.
        members: How many models are trained.
        steps: Training steps in an epoch.
    """

    name: str
    title: str
    family: Literal["mlp", "cnn", "gru"]
    input_shape: tuple[int, ...]
    outputs: int
    filters: tuple[int, ...] = ()
    units: tuple[int, ...]
    members: int
    steps: int

    @property
    def settings(self) -> dict[str, Any]:
        """The hyperparameters of `dlsuite.create_model`."""
        if self.family == "gru":
            return {"units": list(self.units)}
        shared = {"units": list(self.units), "batch_norm": True, "dropout": DROPOUT}
        return shared | ({"filters": list(self.filters)} if self.filters else {})

    @property
    def weight_shapes(self) -> list[tuple[int, ...]]:
        """The shape of every weight, in the order in which Keras lists them."""
        return [shape for shapes in _layer_shapes(self) for shape in shapes]

    @property
    def parameters(self) -> int:
        """How many numbers are trained: all weights but the moving statistics."""
        moving = 2 * sum(self.filters + self.units) if self.family != "gru" else 0
        return sum(math.prod(shape) for shape in self.weight_shapes) - moving

    @property
    def multiply_adds(self) -> int:
        """Multiply-adds of one example's forward pass, in convolutions and matrix products only.

        Convolutions count as if the padding were multiplied too.
        """
        if self.family == "gru":
            length, channels = self.input_shape
            [units] = self.units
            return 3 * length * units * (channels + units) + units * self.outputs
        height, width, channels = self.input_shape if self.filters else (1, 1, *self.input_shape)
        total = 0
        for filters in self.filters:
            total += height * width * 9 * channels * filters
            height, width, channels = height // 2, width // 2, filters
        sizes = (height * width * channels, *self.units, self.outputs)
        return total + sum(a * b for a, b in itertools.pairwise(sizes))

    @property
    def step_flops(self) -> int:
        """Floating-point operations of a training step: two a multiply-add, backwards twice as many."""
        return 6 * BATCH * self.multiply_adds

    def shortened(self, steps: int | None) -> "Case":
        """The same case with another number of steps in an epoch, if one is given."""
        return self if steps is None else replace(self, steps=steps)

    def learning_rate(self, member: int) -> float:
        """A member's learning rate: neighbors differ."""
        return 1e-3 * (1 + member % 4)

    def seed(self, member: int) -> int:
        """A member's seed: as in a study, every seed meets every learning rate."""
        return member // 4

    def rows(self, seed: int, epoch: int) -> IntArray:
        """The batches of an epoch as rows of the training split, `[steps, BATCH]`."""
        order = np.random.default_rng([seed, epoch]).permutation(self.steps * BATCH)
        return order.reshape(self.steps, BATCH).astype(np.int32)

    def data(self) -> tuple[Examples, Examples]:
        """Draw the training and the validation split, a fifth of its size; always the same."""
        rng = np.random.default_rng(0)
        sizes = (self.steps * BATCH, max(self.steps // 5, 1) * BATCH)
        training, validation = (
            Examples(
                rng.normal(size=(size, *self.input_shape)).astype(np.float32),
                rng.integers(self.outputs, size=size).astype(np.int32),
            )
            for size in sizes
        )
        return training, validation

    def initial_weights(self, seed: int) -> list[FloatArray]:
        """Draw weights in the order of `weight_shapes`: matrices by Glorot, vectors alternately 1 and 0.

        So the scale and the variance of a batch normalization begin as 1, its shift and mean as 0.
        """
        rng = np.random.default_rng(seed)
        weights = []
        for layer in _layer_shapes(self):
            vectors = 0
            for shape in layer:
                if len(shape) > 1 and shape[0] > 2:
                    limit = math.sqrt(6 / (math.prod(shape[:-1]) + shape[-1]))
                    weights.append(rng.uniform(-limit, limit, shape).astype(np.float32))
                else:
                    fill = 1.0 if len(layer) == 5 and vectors in (0, 3) else 0.0
                    weights.append(np.full(shape, fill, np.float32))
                    vectors += 1
        return weights


CASES = {
    case.name: case
    for case in (
        Case(
            name="dense",
            title="Dense 30-64-32-2, 64 models",
            family="mlp",
            input_shape=(30,),
            outputs=2,
            units=(64, 32),
            members=64,
            steps=200,
        ),
        Case(
            name="cnn8",
            title="Convolutional 8x8, 16 models",
            family="cnn",
            input_shape=(8, 8, 1),
            outputs=10,
            filters=(16, 32),
            units=(64,),
            members=16,
            steps=50,
        ),
        Case(
            name="cnn28",
            title="Convolutional 28x28, 8 models",
            family="cnn",
            input_shape=(28, 28, 1),
            outputs=10,
            filters=(16, 32),
            units=(64,),
            members=8,
            steps=10,
        ),
        Case(
            name="gru",
            title="GRU 32, 24 steps of 8, 16 models",
            family="gru",
            input_shape=(24, 8),
            outputs=2,
            units=(32,),
            members=16,
            steps=50,
        ),
    )
}
"""The cases by name."""


def _layer_shapes(case: Case) -> list[list[tuple[int, ...]]]:
    """The weights' shapes, layer by layer; a batch normalization belongs to the layer before it."""
    layers: list[list[tuple[int, ...]]] = []
    if case.family == "gru":
        [units] = case.units
        channels = case.input_shape[-1]
        layers.append([(channels, 3 * units), (units, 3 * units), (2, 3 * units)])
        width = units
    else:
        width = case.input_shape[-1]
        for filters in case.filters:
            layers.append([(3, 3, width, filters), *[(filters,)] * 4])
            width = filters
        if case.filters:
            halved = 2 ** len(case.filters)
            width *= (case.input_shape[0] // halved) * (case.input_shape[1] // halved)
        for units in case.units:
            layers.append([(width, units), *[(units,)] * 4])
            width = units
    layers.append([(width, case.outputs), (case.outputs,)])
    return layers
