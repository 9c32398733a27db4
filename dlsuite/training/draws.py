"""Which units dropout takes away in a training's steps, drawn again from the streams it used."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import keras
import numpy as np

from dlsuite.data import Dataset
from dlsuite.errors import SpecError
from dlsuite.training.batches import epoch_batches
from dlsuite.training.checks import rates_of
from dlsuite.training.dropout import RECURRENT, DropoutSite
from dlsuite.training.initialize import clone_layers
from dlsuite.training.links import Column, columns_of
from dlsuite.training.trainer import TrialSetup
from dlsuite.training.units import layers_of

RATE = 0.5
"""The rate where a model's own is 0: what Hinton et al. (2012) used for hidden units."""


class Draw(NamedTuple):
    """What one place in the network dropped, for one example of a step.

    Attributes:
        step: From 1.
        epoch: From 1.
        example: The example's row in the training split; the first of the step's batch.
        path: The place.
        rate: The probability of being dropped.
        kept: 1 where a unit stays and 0 where it is dropped, `[units]`; where positions or steps are drawn
            for apart, the share of them that stay.
    """

    step: int
    epoch: int
    example: int
    path: str
    rate: float
    kept: np.ndarray


def with_dropout(model: keras.Model) -> keras.Model:
    """The model if it drops units; else a copy whose dropout layers do, at a rate of 0.5.

    Raises:
        SpecError: It has no dropout layer and drops nothing in its recurrent layers.
    """
    if any(rates_of(model).values()):
        return model
    if not any(type(layer) is keras.layers.Dropout for _, layer in layers_of(model)):
        raise SpecError(
            f"explain: dropout: model {model.name!r} has no dropout layer and no recurrent dropout, so there "
            "is nothing to drop; add keras.layers.Dropout, or take a model that has it."
        )
    return _with_rate(model, RATE)


def without_dropout(model: keras.Model) -> keras.Model:
    """A copy of a model that drops nothing, of the same layers under the same names."""
    return _with_rate(model, 0.0)


def dropped_columns(model: keras.Model) -> list[Column]:
    """The network as columns of the units that are dropped, between its input and its output."""
    sites = [path for path, rate in rates_of(model).items() if rate > 0]
    layers = {path for path, _ in layers_of(model)}
    columns = columns_of(model, [path for path in sites if path in layers])
    for index, path in enumerate(sites):
        if path not in layers:  # Inside a recurrent layer: nothing else leads there.
            units = _mask_shape(model, path, 1)[-1]
            begin = columns[0].kind == "input"
            columns.insert(begin + index, Column(path, "hidden", units, None))
    return columns


def dropout_draws(setup: TrialSetup, data: Dataset, *, steps: int) -> list[Draw]:
    """Draw again what a training's first steps dropped.

    Args:
        setup: The trial.
        data: What it is trained on.
        steps: How many steps.

    Returns:
        A draw a step and place where the rate is not 0, of the first example of the step's batch.
    """
    counter = keras.Variable(0, trainable=False, dtype="int64")
    sites = {}
    for path, rate in rates_of(setup.model).items():
        if rate > 0:
            sites[path] = DropoutSite(path, counter, members=1), rate
            sites[path][0].assign(rates=[rate], seeds=[setup.seed])
    draws = []
    for step, (epoch, rows) in zip(range(1, steps + 1), _batches(setup, data), strict=False):
        counter.assign(step - 1)  # A step draws before it is counted.
        for path, (site, rate) in sites.items():
            shape = _mask_shape(setup.model, path, len(rows))
            mask = site.mask(shape, "float32").numpy()[0, 0] > 0
            kept = mask.reshape(-1, mask.shape[-1]).mean(axis=0)
            draws.append(Draw(step, epoch, int(rows[0]), path, rate, kept))
    return draws


def _batches(setup: TrialSetup, data: Dataset) -> Iterator[tuple[int, np.ndarray]]:
    """Batches without end, with their epochs."""
    epoch = 1
    while True:
        batches = epoch_batches(
            setup.model,
            seed=setup.seed,
            epoch=epoch,
            examples=len(data.train),
            batch_size=setup.settings.batch_size,
        )
        for rows in [*batches.whole, *([batches.last] if len(batches.last) else [])]:
            yield epoch, rows
        epoch += 1


def _mask_shape(model: keras.Model, path: str, batch: int) -> tuple[int, ...]:
    """The shape of what is drawn at a place."""
    layers = dict(layers_of(model))
    if path in layers:
        layer: Any = layers[path]
        shape = (batch, *layer.output.shape[1:])
        given = layer.noise_shape or (None,) * len(shape)
        return tuple(size if own is None else own for size, own in zip(shape, given, strict=True))
    owner, _, what = path.rpartition("/")
    layer = layers.get(owner) or layers[owner.rpartition("/")[0]]
    inner = getattr(layer, "forward_layer", layer)
    features = inner.units if what == "recurrent" else layer.input.shape[-1]
    return batch, int(features)


def _with_rate(model: keras.Model, rate: float) -> keras.Model:
    """A copy of a model whose dropout layers have a rate, and whose recurrent layers drop nothing."""

    def clone(layer: keras.Layer, path: str) -> keras.Layer:
        config = layer.get_config()
        if type(layer) is keras.layers.Dropout:
            config["rate"] = rate
        elif isinstance(layer, (*RECURRENT, keras.layers.Bidirectional)):
            config = _dropping_nothing(config)
        return type(layer).from_config(config)

    return clone_layers(model, clone)


def _dropping_nothing(config: Any) -> Any:
    if isinstance(config, dict):
        return {
            key: 0.0 if key in ("dropout", "recurrent_dropout") else _dropping_nothing(value)
            for key, value in config.items()
        }
    return config
