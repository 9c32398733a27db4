"""Models that know nothing of the suite, made to end as its models do: in logits, or in values.

Most Keras programs end a classifier in softmax, or in one unit with a sigmoid. Here softmax is part of the
loss, where it loses no digits, and two classes have two logits.
"""

from typing import Any

import numpy as np

from dlsuite.errors import SpecError


def with_logits(model: Any, *, outputs: int) -> Any:
    """Make a classifier end in logits.

    A softmax at the end is taken off. A single unit for two classes, with a sigmoid or without, becomes the
    logit `z` of the second class beside a 0 for the first: softmax of `[0, z]` is `[1 - s(z), s(z)]`.

    Args:
        model: A functional or sequential `keras.Model`, built; anything else is given back as it is.
        outputs: Number of classes, or 1 for regression, of which nothing is changed.

    Returns:
        The model itself if it ends in logits, else another one of the same layers under the same names.

    Raises:
        SpecError: It ends in several sigmoids, in a relu, in probabilities that cannot be taken off, or for
            regression in probabilities; or it holds a Lambda.
    """
    import keras

    if not _is_listable(model):
        return model
    _refuse_lambdas(model)
    if len(model.outputs) != 1:
        return model
    last = model.outputs[0]._keras_history.operation
    ending = _activation(last)
    if outputs < 2:
        if ending in ("softmax", "sigmoid"):
            raise SpecError(
                f"model {model.name!r}: ends in a {ending}, which stays between 0 and 1; regression learns "
                "standardized targets, which do not. End it in one unit without an activation."
            )
        return model
    width = model.output_shape[-1] if len(model.output_shape) == 2 else None
    if ending == "sigmoid" and width != 1:
        raise SpecError(
            f"model {model.name!r}: ends in {width} sigmoids: {width} yes-or-no answers. For one of "
            f"{outputs} classes end it in {outputs} units with softmax, or without an activation."
        )
    if ending == "softmax" and width == 1:
        raise SpecError(
            f"model {model.name!r}: ends in a softmax over one unit, which is always 1. Give it "
            f"{outputs} units, or a sigmoid."
        )
    if ending == "relu":
        raise SpecError(
            f"model {model.name!r}: ends in a relu, so that no class can get a negative logit. End it in "
            "softmax, or without an activation."
        )
    if ending in ("softmax", "sigmoid"):
        model = _without_activation(model, last)
    elif _gives_probabilities(model):
        raise SpecError(
            f"model {model.name!r}: its outputs are probabilities, from {last.name!r}; end it in a layer "
            "with softmax or sigmoid as its activation, or in logits."
        )
    if outputs == 2 and width == 1:
        logit = model.outputs[0]
        both = keras.layers.Concatenate(name="two_classes")([keras.ops.zeros_like(logit), logit])
        model = keras.Model(_inputs_of(model), both, name=model.name)
    return model


def _is_listable(model: Any) -> bool:
    import keras
    from keras.src.models.functional import Functional  # What keras.Model(inputs, outputs) makes.

    return isinstance(model, keras.Sequential | Functional) and bool(model.built)


def _refuse_lambdas(model: Any) -> None:
    """Refuse a layer that cannot be built anew, as each seed and each saved file need it."""
    import keras

    for layer in model._flatten_layers(include_self=False):
        if isinstance(layer, keras.layers.Lambda):
            raise SpecError(
                f"model {model.name!r}: layer {layer.name!r} is a Lambda, Python code that can neither be "
                "built anew for each seed nor saved. Build it of Keras's own layers and keras.ops."
            )


def _activation(layer: Any) -> str:
    import keras

    if isinstance(layer, keras.layers.Softmax):
        return "softmax"
    activation = getattr(layer, "activation", None)
    known = {
        keras.activations.softmax: "softmax",
        keras.activations.sigmoid: "sigmoid",
        keras.activations.relu: "relu",
    }
    return next((name for function, name in known.items() if activation is function), "")


def _without_activation(model: Any, last: Any) -> Any:
    import keras

    if not last.weights:  # A layer of its own: what goes into it are the logits.
        return keras.Model(_inputs_of(model), last.input, name=model.name)

    def clone(layer: Any) -> Any:
        config = layer.get_config()
        return type(layer).from_config(
            config | {"activation": "linear"} if layer is last else config
        )

    return keras.models.clone_model(model, clone_function=clone)


def _inputs_of(model: Any) -> Any:
    """A single input alone: Keras warns where a list of one is called without the list."""
    return model.inputs[0] if len(model.inputs) == 1 else model.inputs


def _gives_probabilities(model: Any) -> bool:
    """Whether outputs for inputs drawn at random are all between 0 and 1 and add up to 1."""
    given = model.inputs[0]
    generator = np.random.default_rng(0)
    shape = [8, *(size or 1 for size in given.shape[1:])]
    x = generator.normal(size=shape).astype("float32")
    if "int" in str(given.dtype):
        x = generator.integers(0, 2, shape).astype("int32")
    values = np.asarray(model(x, training=False))
    return bool((values >= 0).all() and np.allclose(values.sum(axis=-1), 1, atol=1e-4))
