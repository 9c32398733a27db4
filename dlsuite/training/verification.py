"""The certificate that fusing changes nothing: a small population against each member trained alone."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import keras
import numpy as np

from dlsuite.data import Dataset
from dlsuite.errors import SpecError
from dlsuite.models.adapt import with_logits
from dlsuite.training.alone import LonelyTrial
from dlsuite.training.class_weights import class_weights
from dlsuite.training.initialize import clone_layers
from dlsuite.training.objective import Objective
from dlsuite.training.population import copy_of
from dlsuite.training.trainer import Trainer, TrialSetup, steps_per_epoch


class MemberDifference(NamedTuple):
    """How far a member of a population is from the plain Keras model trained alone.

    Attributes:
        precision: `float64` or `float32`.
        member: Its place in the population, from 0.
        steps: How many steps were taken.
        loss: The largest difference of a loss, train or validation, after any epoch.
        weights: The largest difference of a weight or moving statistic at the end.
        predictions: The largest difference of an output on the validation split at the end.
        moved: How far the plain model's training loss moved, for comparison.
    """

    precision: str
    member: int
    steps: int
    loss: float
    weights: float
    predictions: float
    moved: float


def compare_with_plain(
    setups: Sequence[TrialSetup], data: Dataset, *, steps: int, precision: str
) -> list[MemberDifference]:
    """Train setups as one population, and each of them alone, on the same batches and draws.

    Args:
        setups: Trials of one structure.
        data: The data set.
        steps: Steps to take; rounded up to whole epochs.
        precision: `float64` or `float32`.

    Returns:
        The differences of each member.

    Raises:
        SpecError: The model cannot be trained by the suite.
    """
    setups = [replace(setup, model=in_precision(setup.model, precision)) for setup in setups]
    of_epoch = steps_per_epoch(setups[0], data)
    epochs = -(-steps // of_epoch)
    trainer = Trainer(members=len(setups))
    results = trainer.train(setups, data, epochs=epochs)
    differences = []
    for member, (setup, result) in enumerate(zip(setups, results, strict=True)):
        alone = LonelyTrial(
            setup.model,
            setup.settings,
            seed=setup.seed,
            objective=Objective.of(data, loss=setup.settings.loss),
            class_weights=class_weights(setup.settings, data),
            total_steps=epochs * of_epoch,
        )
        curve = [_losses(alone, data)]
        for epoch in range(1, epochs + 1):
            alone.epoch(data, epoch)
            curve.append(_losses(alone, data))
        fused = [[row["train_loss"], row["val_loss"]] for row in result.curves]
        model = copy_of(setup.model)
        model.set_weights(result.last_weights)
        pairs = zip(model.get_weights(), alone.model.get_weights(), strict=True)
        x = np.asarray(data.validation.x)
        differences.append(
            MemberDifference(
                precision=precision,
                member=member,
                steps=epochs * of_epoch,
                loss=_largest(np.asarray(fused), np.asarray(curve)),
                weights=float(np.max([_largest(*pair) for pair in pairs])),
                predictions=_largest(model(x, training=False), alone.model(x, training=False)),
                moved=abs(curve[-1][0] - curve[0][0]),
            )
        )
    return differences


def finished_model(model: Any, data: Dataset) -> keras.Model:
    """A model that its user built, made to end in logits.

    Raises:
        SpecError: It is no model, or does not fit the data.
    """
    if not isinstance(model, keras.Model):
        raise SpecError(
            f"model: expected a model's name, a '.keras' file or a keras.Model; got {model!r}."
        )
    model = with_logits(model, outputs=data.outputs)
    expected = (None, *data.input_shape), (None, data.outputs)
    if (tuple(model.input_shape), tuple(model.output_shape)) != expected:
        raise SpecError(
            f"model: {data.name!r} needs a model from {expected[0]} to {expected[1]}; got one from "
            f"{model.input_shape} to {model.output_shape}."
        )
    return model


def in_precision(model: keras.Model, dtype: str) -> keras.Model:
    """Build a model anew, of layers that compute in another precision."""
    return clone_layers(
        model,
        lambda layer, path: type(layer).from_config(_in_precision(layer.get_config(), dtype)),
    )


def _in_precision(config: Any, dtype: str) -> Any:
    if isinstance(config, dict):
        return {
            key: dtype if key == "dtype" else _in_precision(value, dtype)
            for key, value in config.items()
        }
    if isinstance(config, list | tuple):
        return [_in_precision(item, dtype) for item in config]
    return config


def _losses(alone: LonelyTrial, data: Dataset) -> list[float]:
    return [alone.loss(np.asarray(split.x), split.y) for split in (data.train, data.validation)]


def _largest(first: Any, second: Any) -> float:
    """The largest absolute difference; infinite where one curve ended before the other."""
    first, second = np.asarray(first), np.asarray(second)
    return float(np.max(np.abs(first - second))) if first.shape == second.shape else float("inf")
