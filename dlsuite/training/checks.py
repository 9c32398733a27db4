"""Which models can be trained as a population, and which can share one."""

import json
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras.src.models.functional import Functional  # What keras.Model(inputs, outputs) makes.

from dlsuite.errors import SpecError
from dlsuite.training.augmentation import augments
from dlsuite.training.dropout import dropout_rates
from dlsuite.training.precision import in_full


def check_trainable(plain: keras.Model) -> None:
    """Refuse a model that cannot be rebuilt layer by layer for all members at once.

    Raises:
        SpecError: It, or a model nested in it, is subclassed or has no input shape; it has several inputs
            or outputs; a layer has an activity penalty, adds a loss, draws numbers that a seed cannot
            govern, computes in a type that is none of Keras's mixed precision, or mixes the examples of a
            batch; nothing can be trained.
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
        if layer.compute_dtype != layer.variable_dtype:
            _check_mixed(layer)
    rates_of(plain)
    if not plain.trainable_variables:
        raise SpecError(f"model {plain.name!r}: it has no weights to train.")
    _check_losses(plain)
    _check_apart(in_full(plain), _probe(plain), "")  # Rounding to 16 bits is no mixing.


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

    Models with the same text can be members of one population.

    Raises:
        SpecError: The model is subclassed or has no input shape.
    """
    _check_listable(model)
    return json.dumps(_structure(model.get_config()), sort_keys=True, default=str)


def dtype_of(model: keras.Model) -> str:
    """The type of a model's weights, `float32` or `float64`."""
    types = {str(v.dtype) for v in model.trainable_variables}
    return types.pop() if len(types) == 1 else str(model.variable_dtype)


def graph_of(model: keras.Model) -> Functional:
    """The functional graph of a functional or sequential model."""
    return model._functional if isinstance(model, keras.Sequential) else model


def _check_mixed(layer: keras.Layer) -> None:
    if augments(layer) or layer.dtype_policy.name not in ("mixed_bfloat16", "mixed_float16"):
        allowed = "in float32" if augments(layer) else 'by "mixed_bfloat16" or "mixed_float16"'
        raise SpecError(
            f"layer {layer.name!r}: expected a layer that computes {allowed}; got a {layer.compute_dtype} "
            f"layer with {layer.variable_dtype} weights."
        )


def _check_losses(plain: keras.Model) -> None:
    """Refuse losses that a layer adds by itself: the step would not see them."""
    plain(_probe(plain), training=False)
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


def _probe(plain: keras.Model) -> np.ndarray:
    """Three examples of what a model takes."""
    (given,) = plain.inputs
    dtype = keras.backend.standardize_dtype(given.dtype)
    shape = [3, *(size or 1 for size in given.shape[1:])]
    generator = np.random.default_rng(0)
    if "int" in dtype:
        return generator.integers(0, 2, shape).astype(dtype)
    return generator.normal(size=shape).astype(dtype)


def _check_apart(plain: keras.Model, examples: Any, prefix: str) -> None:
    """Refuse what mixes the examples of a batch: members are merged into one, and padding is added.

    Each operation is called with three examples and with the first two of them.
    """

    def watched(operation: Any) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            kwargs.pop("training", None)
            if isinstance(operation, keras.Model):
                _check_apart(operation, args[0], f"{prefix}{operation.name}/")
                return operation(*args, **kwargs)
            for training in [False] if getattr(operation, "weights", ()) else [False, True]:
                _check_call(operation, prefix + operation.name, args, kwargs, training)
            return operation(*args, **kwargs)

        return call

    graph_of(plain)._run_through_graph(
        keras.tree.map_structure(tf.convert_to_tensor, examples), operation_fn=watched
    )


def _check_call(operation: Any, path: str, args: Any, kwargs: Any, training: bool) -> None:
    if training and (isinstance(operation, keras.layers.Dropout) or augments(operation)):
        return
    takes_mode = getattr(operation, "_call_has_training_arg", False)
    mode = {"training": training} if takes_mode else {}

    def first_two(leaf: Any) -> Any:
        batched = tf.is_tensor(leaf) and leaf.shape.rank and leaf.shape[0] == 3
        return leaf[:2] if batched else leaf

    try:
        whole = operation(*args, **kwargs, **mode)
        args, kwargs = keras.tree.map_structure(first_two, (args, kwargs))
        part = operation(*args, **kwargs, **mode)
        alone = all(
            len(both) == 3 and np.allclose(both[:2], two, rtol=1e-3, atol=1e-5, equal_nan=True)
            for both, two in zip(keras.tree.flatten(whole), keras.tree.flatten(part), strict=True)
        )
    except (ValueError, tf.errors.InvalidArgumentError):  # It needs a certain number of examples.
        alone = False
    if not alone:
        raise SpecError(
            f"layer {path!r}: it mixes the examples of a batch, so an example's output would depend on its "
            "neighbors (and on padding); let it leave the first axis alone."
        )


_VARIED = {
    ("keras.layers", "Dropout"): ("rate",),
    ("keras.layers", "SimpleRNN"): ("recurrent_dropout",),
    ("keras.layers", "GRU"): ("recurrent_dropout",),
    ("keras.layers", "LSTM"): ("recurrent_dropout",),
    ("keras.regularizers", "L2"): ("l2",),
}
"""What `Population.load` sets for each member, by module and class."""


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
