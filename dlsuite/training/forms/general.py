"""Forms for whatever has none of its own."""

from dataclasses import replace
from functools import partial
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras.src.backend.common.masking import get_keras_mask

from dlsuite.training.forms.fusion import Form, Fusion
from dlsuite.training.members import Members, count_in, map_members, split, stack

ELEMENTWISE = {
    getattr(keras.activations, name)
    for name in ("relu", "tanh", "sigmoid", "elu", "selu", "gelu", "silu", "leaky_relu", "linear")
}
"""Activation functions that treat every number alike."""


def weightless(operation: Any, fusion: Fusion, path: str) -> Form:
    """A layer or operation without weights: member and batch axis in one, as one large batch."""

    def form(*args: Any, training: bool, **kwargs: Any) -> Any:
        members = count_in((args, kwargs))
        args, kwargs = map_members(Members.merged, (args, kwargs))
        outputs = operation(*args, **kwargs, **_training(operation, training))
        return keras.tree.map_structure(lambda output: split(output, members), outputs)

    return form


def elementwise(operation: Any, fusion: Fusion, path: str) -> Form:
    """A layer that treats every number alike: its axes are left as they are.

    Merging them would cost nothing by itself, but XLA cannot vectorize what it fuses across two shapes.
    """

    def form(*args: Any, training: bool, **kwargs: Any) -> Any:
        leaves = keras.tree.flatten((args, kwargs))
        given = [leaf for leaf in leaves if isinstance(leaf, Members)]
        arrays = [leaf for leaf in leaves if not isinstance(leaf, Members) and np.ndim(leaf)]
        layouts = {(tuple(one.value.shape), one.batch_last) for one in given}
        if arrays or len(layouts) > 1:
            args, kwargs = map_members(Members.with_batch_first, (args, kwargs))
            return weightless(operation, fusion, path)(*args, training=training, **kwargs)
        args, kwargs = map_members(Members.marked, (args, kwargs))
        outputs = operation(*args, **kwargs, **_training(operation, training))
        return replace(given[0], value=outputs, mask=get_keras_mask(outputs))

    return form


def apart(layer: keras.Layer, fusion: Fusion, path: str) -> Form:
    """A layer with weights that has no form of its own: one call a member. Slower, never wrong."""

    def form(*args: Any, training: bool, **kwargs: Any) -> Any:
        trainable = [fusion.stored(variable) for variable in layer.trainable_variables]
        # Besides weights these are the states of generators, which draw nothing here.
        states = layer.non_trainable_variables
        weights = {id(variable) for variable in layer.non_trainable_weights}
        others = [
            fusion.stored(v) if id(v) in weights else tf.stack([v.value] * fusion.members)
            for v in states
        ]
        outputs, changes = [], []
        for member in range(fusion.members):
            its_args, its_kwargs = map_members(
                partial(Members.member, index=member), (args, kwargs)
            )
            output, change = layer.stateless_call(
                [weight[member] for weight in trainable],
                [weight[member] for weight in others],
                *its_args,
                **its_kwargs,
                **_training(layer, training),
            )
            outputs.append(output)
            changes.append(change)
        if training:
            for variable, *values in zip(states, *changes, strict=True):
                if id(variable) in weights:
                    fusion.assign(variable, tf.stack(values))
        return keras.tree.map_structure(lambda *values: stack(list(values)), *outputs)

    return form


def dropout(layer: keras.layers.Dropout, fusion: Fusion, path: str) -> Form:
    """Drop each member's units at its own rate, by its own seed's draws."""
    site = fusion.site(path)

    def form(x: Members, *, training: bool) -> Members:
        if not training:
            return x
        shape: list[Any] = list(x.example_axes)
        if layer.noise_shape is not None:
            shape = [
                size if given is None else given
                for size, given in zip(shape, layer.noise_shape, strict=True)
            ]
        mask = site.mask(tuple(shape), x.value.dtype, batch_last=x.batch_last)
        return replace(x, value=x.value * mask)

    return form


def _training(operation: Any, training: bool) -> dict[str, bool]:
    return {"training": training} if getattr(operation, "_call_has_training_arg", False) else {}
