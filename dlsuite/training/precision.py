"""Mixed precision: layers compute in 16 bits, by Keras's dtype policies, and weights stay in 32.

What a GPU's matrix units compute several times faster, a CPU computes no faster or slower: XLA turns each
number into 32 bits and back. There it is good for trying out what a GPU will give.
"""

import contextlib
from typing import Any
from weakref import WeakKeyDictionary

import keras

from dlsuite.training.augmentation import augments
from dlsuite.training.initialize import clone_layers
from dlsuite.training.lanes import BUILDING

_AS_BUILT = "float32"


def with_precision(model: keras.Model, precision: str) -> keras.Model:
    """Give a model whose layers compute in another precision.

    Layers of the policy `float32` take the policy, as if it had been Keras's global one when they were made.
    Those of another policy keep theirs. So does the layer that gives the outputs, as Keras advises: logits of
    16 bits have three digits. So do random image layers, whose coordinates need more.

    Args:
        model: A functional or sequential model. It is not changed.
        precision: `mixed_bfloat16` or `mixed_float16`; `float32` gives the model itself, as it was built.

    Returns:
        The same for the same model, as long as that lives: models that are shared stay so.
    """
    if precision == _AS_BUILT:
        return model
    with BUILDING:
        made = _made.setdefault(model, {})
        if precision not in made:
            made[precision] = _with_policy(model, precision)
        return made[precision]


_made: WeakKeyDictionary[keras.Model, dict[str, keras.Model]] = WeakKeyDictionary()


def in_full(model: keras.Model) -> keras.Model:
    """Give a model whose layers all compute in the type of their weights; itself if they do."""
    return model if not is_mixed(model) else clone_layers(model, lambda layer, _: _whole(layer))


def is_mixed(model: keras.Model) -> bool:
    """Whether a layer computes in another type than its weights have."""
    return any(
        layer.compute_dtype != layer.variable_dtype
        for layer in model._flatten_layers(include_self=False)
    )


def overflows_early(model: keras.Model) -> bool:
    """Whether gradients go through float16, whose numbers end at 65,504 and begin at 6e-8."""
    return any(
        layer.compute_dtype == "float16" and layer.variable_dtype == "float32"
        for layer in model._flatten_layers(include_self=False)
    )


def types_in_layers(model: keras.Model) -> dict[int, str]:
    """In which type a layer reads a variable of its own, by the variable's id, where it is another."""
    return {
        id(variable): layer.compute_dtype
        for layer in model._flatten_layers(include_self=False)
        if layer.compute_dtype != layer.variable_dtype
        for variable in [*layer._trainable_variables, *layer._non_trainable_variables]
        if variable._autocast and "float" in str(variable.dtype)
    }


def _with_policy(model: keras.Model, precision: str) -> keras.Model:
    last = _last_layer(model)

    def clone(layer: keras.Layer, path: str) -> keras.Layer:
        config = layer.get_config()
        kept = layer is last or augments(layer)
        return type(layer).from_config(config if kept else _replaced(config, precision))

    return clone_layers(model, clone)


def _last_layer(model: keras.Model) -> Any:
    """The layer that gives a model's outputs."""
    operation = model.outputs[0]._keras_history.operation
    return _last_layer(operation) if isinstance(operation, keras.Model) else operation


def _whole(layer: keras.Layer) -> keras.Layer:
    config = layer.get_config()
    mixed = layer.compute_dtype != layer.variable_dtype
    return type(layer).from_config(_replaced(config, layer.variable_dtype) if mixed else config)


def _replaced(config: Any, policy: str) -> Any:
    """A layer's configuration, that of layers inside it included, with another policy for some of its own."""
    if isinstance(config, dict):
        return {
            key: policy if key == "dtype" and _takes(value, policy) else _replaced(value, policy)
            for key, value in config.items()
        }
    if isinstance(config, list | tuple):
        return [_replaced(item, policy) for item in config]
    return config


def _takes(given: Any, policy: str) -> bool:
    """Whether a policy is to be replaced: float32 by a mixed one, and a mixed one by float32."""
    with contextlib.suppress(TypeError, ValueError):
        name = keras.dtype_policies.get(given).name
        return name.startswith("mixed_") if policy == _AS_BUILT else bool(name == _AS_BUILT)
    return False
