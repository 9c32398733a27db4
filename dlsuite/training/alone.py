"""A trial trained alone: the plain Keras model, Keras's own optimizer, a tape and a loop, no XLA.

What anybody would write. The suite's populations are compared with it. Its dropout and random image layers
are fed from the trial's streams, so that both drop the same units and see the same images.
"""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from dlsuite.data import Dataset
from dlsuite.training.augmentation import (
    AugmentationSite,
    augments,
    image_size,
    rounds,
    transform,
    transformation,
)
from dlsuite.training.batches import epoch_batches
from dlsuite.training.checks import rates_of
from dlsuite.training.dropout import RECURRENT, DropoutSite
from dlsuite.training.initialize import clone_layers, initial_weights
from dlsuite.training.objective import Objective
from dlsuite.training.optimizers import Schedule
from dlsuite.training.precision import overflows_early
from dlsuite.training.settings import TrainingSettings

_SWITCHED_ON = 0.5
"""Keras leaves a recurrent layer's masks out where a rate is 0 when the layer is made."""


class LonelyTrial:
    """One model, trained by the loop that anybody would write.

    Args:
        model: The plain model. It is not changed.
        settings: How it is trained.
        seed: Governs initial weights, batch order and dropout.
        objective: What is minimized.
        total_steps: Steps in the whole training, for schedules.
        class_weights: What an example's loss is multiplied by in a step, for each class, `[classes]`.

    Attributes:
        model: The model that is trained, built anew.
    """

    def __init__(
        self,
        model: keras.Model,
        settings: TrainingSettings,
        *,
        seed: int,
        objective: Objective,
        total_steps: int,
        class_weights: np.ndarray | None = None,
    ) -> None:
        self._settings, self._seed, self._objective = settings, seed, objective
        self._taken = keras.Variable(0, trainable=False, dtype="int64")
        self.model = _with_streams(model, seed, self._taken)
        self.model.set_weights(initial_weights(model, seed))
        schedule = Schedule(settings, total_steps=total_steps)
        self._dtype = dtype = self.model.trainable_variables[0].dtype
        self._weights = None if class_weights is None else tf.constant(class_weights, dtype)
        base = tf.cast(tf.constant(settings.learning_rate, tf.float32), dtype)
        self._optimizer: Any = _optimizer(
            settings, lambda: base * schedule(self._optimizer.iterations.value, dtype)
        )
        if overflows_early(model):
            self._optimizer = keras.optimizers.LossScaleOptimizer(self._optimizer)
        self._optimizer.build(self.model.trainable_variables)
        self._step = tf.function(self._take_step)

    def epoch(self, data: Dataset, number: int) -> list[float]:
        """Train for an epoch, counted from 1.

        Returns:
            The loss of each step, without penalties on weights, weighted by class where it is; the last,
            smaller batch included.
        """
        batches = epoch_batches(
            self.model,
            seed=self._seed,
            epoch=number,
            examples=len(data.train),
            batch_size=self._settings.batch_size,
        )
        targets = self._objective.standardize(data.train.y, self._dtype)
        return [
            float(self._step(tf.constant(data.train.x[rows]), tf.constant(targets[rows])))
            for rows in [*batches.whole, *([batches.last] if len(batches.last) else [])]
        ]

    def loss(self, x: np.ndarray, y: np.ndarray) -> float:
        """The mean loss of examples by an inference pass."""
        targets = self._objective.standardize(y, self._dtype)
        outputs = tf.cast(self.model(x, training=False), self._dtype)
        return float(np.mean(self._objective.losses(targets, outputs)))

    def _take_step(self, x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            outputs = tf.cast(self.model(x, training=True), self._dtype)
            losses = self._objective.losses(y, outputs)
            if self._weights is not None:
                losses *= tf.gather(self._weights, y)
            data_loss = tf.reduce_mean(losses)
            loss = data_loss
            for variable in self.model.trainable_variables:
                if variable.regularizer is not None:
                    loss += variable.regularizer(variable.value)
            loss = self._optimizer.scale_loss(loss)
        variables = self.model.trainable_variables
        gradients = tape.gradient(
            loss, [v.value for v in variables], unconnected_gradients=tf.UnconnectedGradients.ZERO
        )
        self._optimizer.apply([tf.convert_to_tensor(g) for g in gradients], variables)
        self._taken.assign_add(1)
        return data_loss


def _optimizer(settings: TrainingSettings, learning_rate: Any) -> keras.optimizers.Optimizer:
    options: dict[str, Any] = {
        "learning_rate": learning_rate,
        "weight_decay": settings.weight_decay or None,
        "global_clipnorm": settings.clip_norm,
    }
    if settings.optimizer == "sgd":
        options |= {"momentum": settings.momentum, "nesterov": settings.nesterov}
        return keras.optimizers.SGD(**options)
    if settings.optimizer == "rmsprop":
        return keras.optimizers.RMSprop(momentum=settings.momentum, **options)
    if settings.optimizer == "adamw":
        return keras.optimizers.AdamW(**options | {"weight_decay": settings.weight_decay})
    return keras.optimizers.Adam(**options)


class _StreamDropout(keras.layers.Layer):
    """Stands in for `keras.layers.Dropout`."""

    def __init__(self, site: DropoutSite, *, noise_shape: Any, **options: Any) -> None:
        super().__init__(**options)
        self.supports_masking = True
        self._site, self._noise_shape = site, noise_shape

    def call(self, inputs: Any, training: bool = False) -> Any:
        if not training:
            return inputs
        given: Sequence[Any] = self._noise_shape or [None] * len(inputs.shape)
        shape = [
            size if chosen is None else chosen
            for size, chosen in zip(inputs.shape, given, strict=True)
        ]
        return inputs * self._site.mask(tuple(shape), inputs.dtype)[0]

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape


class _StreamAugmentation(keras.layers.Layer):
    """Stands in for a random image layer, and changes images by that layer's own `transform_images`.

    Where that would compute in 32 bits what has 64, images are changed as populations change them: rounding
    is not what a comparison in 64 bits is after.
    """

    def __init__(self, site: AugmentationSite, plain: keras.layers.Layer, **options: Any) -> None:
        super().__init__(**options)
        # Behind a function, or Keras would take the layer for a part of this one and want it built.
        self._site = site
        self._plain: Callable[[], Any] = lambda: plain

    def call(self, inputs: Any, training: bool = False) -> Any:
        layer = self._plain()
        if not training:
            return layer.transform_images(inputs, None, training=False)
        [fractions] = tf.unstack(self._site.draw(layer, inputs.shape[0]))
        change = transformation(layer, fractions, image_size(layer, inputs))
        if rounds(layer):
            return transform(layer, inputs, change)
        return layer.transform_images(inputs, change, training=True)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape


def _with_streams(model: keras.Model, seed: int, step: keras.Variable) -> keras.Model:
    """Build a model anew, with its draws from a seed's streams."""
    sites = {path: DropoutSite(path, step, members=1) for path in rates_of(model)}
    for path, rate in rates_of(model).items():
        sites[path].assign(rates=[rate], seeds=[seed])

    def clone(layer: keras.Layer, path: str) -> keras.Layer:
        if type(layer) is keras.layers.Dropout:
            return _StreamDropout(
                sites[path],
                noise_shape=layer.noise_shape,
                name=layer.name,
                dtype=layer.dtype_policy,
            )
        config = layer.get_config()
        if augments(layer):
            site = AugmentationSite(path, step, seeds=1)
            site.assign([seed])
            copy = type(layer).from_config(config)
            return _StreamAugmentation(site, copy, name=layer.name, dtype=layer.dtype_policy)
        if type(layer) in RECURRENT:
            copy = type(layer).from_config(_switched_on(config))
            _draw_at(copy.cell, sites, path)
            return copy
        if isinstance(layer, keras.layers.Bidirectional) and f"{path}/forward/inputs" in sites:
            for inner in (config["layer"], config.get("backward_layer")):
                if inner is not None:
                    inner["config"] = _switched_on(inner["config"])
            copy = type(layer).from_config(config)
            _draw_at(copy.forward_layer.cell, sites, f"{path}/forward")
            _draw_at(copy.backward_layer.cell, sites, f"{path}/backward")
            return copy
        return type(layer).from_config(config)

    return clone_layers(model, clone)


def _switched_on(config: dict[str, Any]) -> dict[str, Any]:
    """A recurrent layer's configuration with its masks on, whose rates are the sites' own."""
    changes = {"recurrent_dropout": _SWITCHED_ON, "seed": None}
    changes["dropout"] = _SWITCHED_ON if config["dropout"] > 0 else 0.0
    if "use_cudnn" in config:
        changes["use_cudnn"] = False
    return config | changes


def _draw_at(cell: Any, sites: dict[str, DropoutSite], path: str) -> None:
    """Let a recurrent cell draw its masks, one of each for all steps of a sequence, at the sites.

    A gated cell with recurrent dropout reads a mask for each gate. They are the same: the state that all
    gates see is dropped once.
    """
    inputs, recurrent = sites[f"{path}/inputs"], sites[f"{path}/recurrent"]

    def of_gates(mask: tf.Tensor) -> Any:
        return [mask] * cell.dropout_mask_count if hasattr(cell, "dropout_mask_count") else mask

    def input_mask(step_input: Any) -> Any:
        if cell.dropout and getattr(cell, "_dropout_mask", None) is None:
            mask = inputs.mask(tuple(step_input.shape), step_input.dtype)[0]
            cell._dropout_mask = of_gates(mask)
        return getattr(cell, "_dropout_mask", None)

    def recurrent_mask(state: Any) -> Any:
        if getattr(cell, "_recurrent_dropout_mask", None) is None:
            mask = recurrent.mask(tuple(state.shape), state.dtype)[0]
            cell._recurrent_dropout_mask = of_gates(mask)
        return cell._recurrent_dropout_mask

    cell.get_dropout_mask = input_mask
    cell.get_recurrent_dropout_mask = recurrent_mask
