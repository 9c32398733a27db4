"""A plain model, rebuilt as it is trained: draws from streams, penalties apart, layers measurable.

One instrumented model serves every trial whose graph has the same shape. `load` puts a trial's initial
weights, dropout rates, penalties and seed into its variables.
"""

import json
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras.src.models.functional import Functional  # What keras.Model(inputs, outputs) makes.

from dlsuite.errors import SpecError
from dlsuite.training.dropout import DropoutSite, dropout_rates, with_streams
from dlsuite.training.initialize import check_seeded, clone_layers


class InstrumentedModel:
    """A model as it is trained.

    Args:
        plain: A functional or sequential model. Neither it nor its weights are touched.

    Attributes:
        model: The rebuilt model: inputs to outputs.
        measured: The same, with the outputs of all ReLU activations behind the first output.
        active_layers: Names of the layers whose activations `measured` gives: the model's own, not those
            inside a nested model.
        step: The number of steps taken; an integer variable.

    Raises:
        SpecError: The model is subclassed, has a layer whose draws cannot be seeded, penalizes activations
            or adds a loss of its own.
    """

    def __init__(self, plain: keras.Model) -> None:
        check_trainable(plain)
        self.step = tf.Variable(0, trainable=False, dtype=tf.int64)
        self._sites = {path: DropoutSite(path, self.step) for path in rates_of(plain)}
        check_seeded(plain)
        self.model = clone_layers(plain, lambda layer, path: with_streams(layer, self._sites, path))
        relus = [layer for layer in self.model.layers if _is_relu(layer)]
        self.active_layers = [layer.name for layer in relus]
        self.measured = keras.Model(
            self.model.inputs, [*self.model.outputs, *(layer.output for layer in relus)]
        )
        self._l2_variables = [v for v in self.model.trainable_variables if _has_l2(v)]
        self._other_penalties = [
            v for v in self.model.trainable_variables if v.regularizer and not _has_l2(v)
        ]
        self._l2 = tf.Variable(
            np.zeros(len(self._l2_variables)), trainable=False, dtype=self.model.variable_dtype
        )

    def load(self, plain: keras.Model, weights: Sequence[np.ndarray], seed: int) -> None:
        """Begin a trial: its rates and penalties, its weights, its streams, at step 0.

        Args:
            plain: The trial's own plain model, of the same structure.
            weights: Its initial weights, in the order of `plain.weights`.
            seed: The trial's seed.
        """
        self.model.set_weights(weights)
        self.step.assign(0)
        for path, rate in rates_of(plain).items():
            self._sites[path].assign(rate=rate, seed=seed)
        self._l2.assign([float(v.regularizer.l2) for v in plain.trainable_variables if _has_l2(v)])

    def penalty(self) -> tf.Tensor:
        """The penalties on weights that are added to the loss, a scalar: `sum(l2 * sum(w ** 2))`."""
        total = tf.zeros([], self.model.variable_dtype)
        for index, variable in enumerate(self._l2_variables):
            total += self._l2[index] * tf.reduce_sum(tf.square(variable.value))
        for variable in self._other_penalties:
            total += variable.regularizer(variable.value)
        return total

    def layer_indices(self) -> dict[str, list[int]]:
        """For each layer with trainable weights, their places in `model.trainable_variables`.

        A nested model counts as one layer.
        """
        places = {id(variable): i for i, variable in enumerate(self.model.trainable_variables)}
        return {
            layer.name: [places[id(variable)] for variable in layer.trainable_variables]
            for layer in self.model.layers
            if layer.trainable_variables
        }


def check_trainable(plain: keras.Model) -> None:
    """Refuse a model that cannot be rebuilt layer by layer.

    Raises:
        SpecError: It, or a model nested in it, is subclassed or has no input shape; it has several inputs
            or outputs; a layer has an activity penalty.
    """
    _check_listable(plain)
    if len(plain.inputs) != 1 or len(plain.outputs) != 1:
        raise SpecError(
            f"model {plain.name!r}: expected one input and one output; got {len(plain.inputs)} and "
            f"{len(plain.outputs)}."
        )
    for layer in plain._flatten_layers(include_self=False):
        if getattr(layer, "activity_regularizer", None) is not None:
            raise SpecError(
                f"layer {layer.name!r}: activity regularizers are not supported; penalize its weights."
            )
    _check_losses(plain)


def _check_losses(plain: keras.Model) -> None:
    """Refuse losses that a layer adds by itself: the step would not see them."""
    (given,) = plain.inputs
    plain(
        np.zeros([1, *given.shape[1:]], keras.backend.standardize_dtype(given.dtype)),
        training=False,
    )
    penalties = sum(variable.regularizer is not None for variable in plain.trainable_variables)
    if len(plain.losses) > penalties:
        raise SpecError(
            f"model {plain.name!r}: a layer adds a loss of its own (add_loss), which is not supported; "
            "penalize weights by a regularizer."
        )


def _check_listable(plain: keras.Model) -> None:
    if type(plain) not in (keras.Sequential, Functional):
        raise SpecError(
            f"model {plain.name!r}: expected a functional or sequential keras.Model; got a "
            f"{type(plain).__name__}, whose layers cannot be listed."
        )
    if not plain.built:
        raise SpecError(f"model {plain.name!r}: it has no input shape; begin it with keras.Input.")
    for layer in plain.layers:
        if isinstance(layer, keras.Model):
            _check_listable(layer)


def rates_of(model: keras.Model, prefix: str = "") -> dict[str, float]:
    """The dropout rates of a model by path, in the order of its layers, nested models included.

    Raises:
        SpecError: A layer draws random numbers in a way that the streams do not cover.
    """
    rates: dict[str, float] = {}
    for layer in model.layers:
        path = prefix + layer.name
        if isinstance(layer, keras.Model):
            rates |= rates_of(layer, prefix=path + "/")
        else:
            rates |= dropout_rates(layer, path)
    return rates


def structure_of(model: keras.Model) -> str:
    """What a model's graph is made of, as text: its layers without rates, L2 penalties and seeds.

    Two models with the same text can be trained by one instrumented model.
    """
    check_trainable(model)
    return json.dumps(_structure(model.get_config()), sort_keys=True, default=str)


_VARIED = {
    ("keras.layers", "Dropout"): ("rate",),
    ("keras.layers", "SimpleRNN"): ("recurrent_dropout",),
    ("keras.layers", "GRU"): ("recurrent_dropout",),
    ("keras.layers", "LSTM"): ("recurrent_dropout",),
    ("keras.regularizers", "L2"): ("l2",),
}
"""What `InstrumentedModel.load` sets anew for each trial, by module and class."""


def _structure(config: Any, varied: tuple[str, ...] = ()) -> Any:
    if isinstance(config, dict):
        own = _VARIED.get((config.get("module", ""), config.get("class_name", "")), ())
        return {
            key: _structure(value, own if key == "config" else ())
            for key, value in config.items()
            if key != "seed" and key not in varied
        }
    if isinstance(config, list | tuple):
        return [_structure(item) for item in config]
    return config


def _is_relu(layer: keras.Layer) -> bool:
    return isinstance(layer, keras.layers.ReLU) or (
        getattr(layer, "activation", None) is keras.activations.relu
    )


def _has_l2(variable: Any) -> bool:
    return type(variable.regularizer) is keras.regularizers.L2
