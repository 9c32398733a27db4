"""Random initial weights: an ordinary Keras model for each seed, drawn by Keras's own initializers."""

import hashlib
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from dlsuite.errors import SpecError
from dlsuite.training.devices import on_host
from dlsuite.training.memory import litter, weight_bytes
from dlsuite.training.streams import initializer_seed


def initial_weights(model: keras.Model, seed: int) -> list[np.ndarray]:
    """Draw the initial weights that a model has for a seed.

    Each weight is drawn by its own layer's initializer, seeded by (seed, layer path, weight): the same seed
    gives the same weights to every layer that two models share, whatever stands between.

    Args:
        model: A functional or sequential model. It is not changed.
        seed: The trial's seed.

    Returns:
        One array for each of `model.weights`, in that order.
    """
    with on_host():
        weights = [np.asarray(weight) for weight in seeded_copy(model, seed).get_weights()]
    litter.add(weight_bytes(model))
    return weights


def seeded_copy(model: keras.Model, seed: int) -> keras.Model:
    """Build a model anew, of the same layers under the same names, with the initial weights of a seed."""
    return clone_layers(model, lambda layer, path: _with_seeded_initializers(layer, seed, path))


def check_seeded(model: keras.Model) -> None:
    """Refuse a model whose initial weights a seed does not govern.

    Raises:
        SpecError: A layer draws weights without an initializer in its configuration, which would differ
            from run to run, or several kernels from one initializer, which would all be alike.
    """
    for of_layer in zip(*(_digests(model, seed) for seed in (0, 0, 1)), strict=True):
        (name, drawn), (_, again), (_, differently) = of_layer
        for (path, digest), other in zip(drawn, again, strict=True):
            if (path, digest) != other:
                raise SpecError(
                    f"weight {path!r}: it is drawn by no initializer in its layer's configuration, so "
                    "that a seed cannot govern it; give the layer an argument that ends in '_initializer'."
                )
        seeded = [digest for (path, digest) in drawn if (path, digest) not in differently]
        if len(set(seeded)) < len(seeded):
            raise SpecError(
                f"layer {name!r}: several of its weights come from one initializer and would begin "
                "equal under a seed; build it from layers with an initializer each."
            )


def _digests(model: keras.Model, seed: int) -> list[tuple[str, list[tuple[str, bytes]]]]:
    """What tells the weights of a seeded copy from others, by layer and path: large copies need not stay."""
    digests = [
        (layer.name, [(weight.path, _digest(np.asarray(weight))) for weight in layer.weights])
        for layer in seeded_copy(model, seed).layers
    ]
    litter.add(weight_bytes(model))
    return digests


def _digest(weight: np.ndarray) -> bytes:
    return hashlib.sha256(f"{weight.dtype} {weight.shape}".encode() + weight.tobytes()).digest()


def clone_layers(model: keras.Model, clone: Any, *, prefix: str = "") -> keras.Model:
    """Build a functional or sequential model anew, layer by layer, nested models included.

    Args:
        model: The model.
        clone: Called with a layer and its path (its name, after those of the models it is nested in);
            returns the layer that takes its place.
        prefix: Path of the model itself.

    Returns:
        The new model.
    """

    def clone_function(layer: keras.Layer) -> keras.Layer:
        path = prefix + layer.name
        if isinstance(layer, keras.Model):
            return clone_layers(layer, clone, prefix=path + "/")
        return clone(layer, path)

    return keras.models.clone_model(model, clone_function=clone_function)


def _with_seeded_initializers(layer: keras.Layer, seed: int, path: str) -> keras.Layer:
    return type(layer).from_config(_seed_in_config(layer.get_config(), seed, path))


def _seed_in_config(config: Any, seed: int, path: str) -> Any:
    """Give every initializer in a layer's configuration the seed of its own path."""
    if isinstance(config, Mapping):
        seeded = {
            key: _seed_in_config(value, seed, f"{path}/{key}") for key, value in config.items()
        }
        if path.endswith("_initializer/config") and "seed" in seeded:
            seeded["seed"] = initializer_seed(seed, path.removesuffix("/config"))
        return seeded
    if isinstance(config, list | tuple):
        return [_seed_in_config(item, seed, f"{path}/{i}") for i, item in enumerate(config)]
    return config
