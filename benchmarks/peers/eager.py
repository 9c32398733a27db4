"""PyTorch eager: `torch.nn` modules, one model after another, with torch's defaults.

Images lie channels first here, as torch has them. The moving variance is unbiased in torch and biased in
Keras; it enters no training step.
"""

import time
from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

from benchmarks.cases import (
    ADAM,
    BATCH,
    BATCH_NORM_EPSILON,
    BATCH_NORM_MOMENTUM,
    DROPOUT,
    Case,
    FloatArray,
)
from benchmarks.peers.measured import Measured


def run(case: Case, *, models: int, epochs: int) -> Measured:
    """Train models one after another.

    Args:
        case: What is trained.
        models: How many models.
        epochs: Epochs of each; the first is not counted.
    """
    training, _ = case.data()
    x, y = inputs_of(case, training.x), torch.from_numpy(training.y.astype(np.int64))
    trains, trainings = [], []
    for member in range(models):
        began = time.perf_counter()
        torch.manual_seed(case.seed(member))
        model = Model(case)
        model.load(case, case.initial_weights(case.seed(member)))
        optimizer = torch.optim.Adam(
            model.parameters(),
            lr=case.learning_rate(member),
            betas=(ADAM["beta_1"], ADAM["beta_2"]),
            eps=ADAM["epsilon"],
        )
        seconds = []
        for epoch in range(epochs):
            batches = torch.from_numpy(case.rows(case.seed(member), epoch))
            assert batches.shape == (case.steps, BATCH)
            start = time.perf_counter()
            _epoch(model.train(), optimizer, x, y, batches)
            seconds.append(time.perf_counter() - start)
        trains.append(seconds)
        trainings.append(time.perf_counter() - began)
    return Measured(
        parameters=sum(weight.numel() for weight in model.parameters()),
        train=trains,
        trainings=trainings,
    )


def logits_of(case: Case, weights: Sequence[FloatArray], x: FloatArray) -> FloatArray:
    """Compute logits in inference mode, `[n, outputs]`, with weights in Keras's order."""
    model = Model(case)
    model.load(case, weights)
    with torch.no_grad():
        return model.eval()(inputs_of(case, x)).numpy()


def inputs_of(case: Case, x: FloatArray) -> torch.Tensor:
    """Lay inputs out as the model takes them."""
    return torch.from_numpy(np.ascontiguousarray(np.moveaxis(x, -1, 1)) if case.filters else x)


def _epoch(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    x: torch.Tensor,
    y: torch.Tensor,
    batches: torch.Tensor,
) -> None:
    for rows in batches:
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(x[rows]), y[rows])
        loss.backward()
        optimizer.step()


class Model(nn.Module):
    """The case's architecture: hidden layers, then an output layer."""

    def __init__(self, case: Case) -> None:
        super().__init__()
        self.recurrent = case.family == "gru"
        if self.recurrent:
            [width] = case.units
            self.hidden: nn.Module = nn.GRU(case.input_shape[-1], width, batch_first=True)
        else:
            layers: list[nn.Module] = []
            width = case.input_shape[-1]
            for filters in case.filters:
                convolution = nn.Conv2d(width, filters, 3, padding=1, bias=False)
                normalization = _normalization(nn.BatchNorm2d, filters)
                layers += [convolution, normalization, nn.ReLU(), nn.MaxPool2d(2)]
                layers.append(nn.Dropout(DROPOUT))
                width = filters
            if case.filters:
                layers.append(nn.Flatten())
                width = case.weight_shapes[5 * len(case.filters)][0]
            for units in case.units:
                dense = nn.Linear(width, units, bias=False)
                layers += [dense, _normalization(nn.BatchNorm1d, units), nn.ReLU()]
                layers.append(nn.Dropout(DROPOUT))
                width = units
            self.hidden = nn.Sequential(*layers)
        self.output = nn.Linear(width, case.outputs)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Compute logits, `[batch, outputs]`."""
        if self.recurrent:
            _, state = self.hidden(x)
            return self.output(state[0])
        return self.output(self.hidden(x))

    def load(self, case: Case, weights: Sequence[FloatArray]) -> None:
        """Take over weights in Keras's order and layout."""
        *hidden, kernel, bias = weights
        values = [_gru_values(hidden)] if self.recurrent else _layer_values(case, hidden)
        values += [[kernel.T, bias]]
        targets = [v for k, v in self.state_dict().items() if "num_batches" not in k]
        for target, value in zip(targets, [v for layer in values for v in layer], strict=True):
            assert target.dtype == torch.float32 and tuple(target.shape) == value.shape
            target.copy_(torch.from_numpy(np.array(value)))


def _normalization(kind: type[nn.Module], width: int) -> nn.Module:
    return kind(width, eps=BATCH_NORM_EPSILON, momentum=1 - BATCH_NORM_MOMENTUM)


def _layer_values(case: Case, hidden: Sequence[FloatArray]) -> list[list[FloatArray]]:
    layers = [list(hidden[start : start + 5]) for start in range(0, len(hidden), 5)]
    for place, layer in enumerate(layers):
        kernel = layer[0]
        if kernel.ndim == 4:
            layer[0] = kernel.transpose(3, 2, 0, 1)
        elif case.filters and place == len(case.filters):
            # Torch flattens an image channel by channel, Keras pixel by pixel.
            side = [size // 2 ** len(case.filters) for size in case.input_shape[:2]]
            layer[0] = kernel.reshape(*side, -1, kernel.shape[1]).transpose(3, 2, 0, 1)
            layer[0] = layer[0].reshape(kernel.shape[1], -1)
        else:
            layer[0] = kernel.T
    return layers


def _gru_values(hidden: Sequence[FloatArray]) -> list[FloatArray]:
    """Keras's gates are update, reset, candidate; torch's reset, update, candidate."""
    kernel, recurrent_kernel, biases = hidden

    def reorder(array: FloatArray) -> FloatArray:
        update, reset, candidate = np.split(array, 3)
        return np.concatenate([reset, update, candidate])

    return [reorder(array) for array in (kernel.T, recurrent_kernel.T, biases[0], biases[1])]
