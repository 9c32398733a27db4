"""Keras's random image layers, whose transformations come from the trials' streams.

A Keras layer draws how it changes each image (whether it flips it, how far it shifts it) by a generator of
its own, then changes the images by that. Here the draws depend on nothing but (seed, layer path, step), as
those of dropout do: members of one seed see the same images. How a draw changes an image is the layer's own
business, but for affine maps, for which XLA lacks what the layer calls.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from dlsuite.errors import SpecError
from dlsuite.training.affine import Reading, move_images
from dlsuite.training.streams import stream_key
from dlsuite.training.threefry import random_fractions

Size = tuple[int, int]
"""An image's height and width."""

_layers = keras.layers


class AugmentationSite:
    """A place in a model where images are changed at random.

    Args:
        path: The layer's path, which names the stream.
        step: The number of steps taken, an integer variable; every step draws anew.
        seeds: How many seeds are drawn for.

    Attributes:
        variables: The keys of the seeds' streams.
    """

    def __init__(self, path: str, step: keras.Variable, seeds: int) -> None:
        self.path = path
        self._step = step
        self._keys = keras.Variable(np.zeros([seeds, 2]), trainable=False, dtype="int32")
        self.variables = [self._keys]

    def assign(self, seeds: Sequence[int]) -> None:
        """Set the seeds."""
        self._keys.assign([stream_key(seed, "augmentation", self.path) for seed in seeds])

    def draw(self, layer: Any, images: int) -> tf.Tensor:
        """Draw what a layer needs for each image.

        Args:
            layer: One of Keras's random image layers.
            images: How many images of each seed there are.

        Returns:
            Multiples of 2**-16 from [0, 1), `[seeds, images, numbers]`, as many numbers as the layer needs.
        """
        shape = (images, _CHANGES[type(layer)].numbers(layer))
        return random_fractions(self._keys.value, self._step.value, shape)


def augments(layer: Any) -> bool:
    """Whether a layer is one of the random image layers whose draws the streams govern."""
    return type(layer) in _CHANGES


def check_augmentation(layer: Any, path: str) -> None:
    """Refuse a random image layer that is called on anything but images of one size.

    Raises:
        SpecError: It is.
    """
    for node in layer._inbound_nodes:
        shape = tuple(node.input_tensors[0].shape)
        if len(shape) != 4 or None in shape[1:]:
            raise SpecError(
                f"layer {path!r}: a {type(layer).__name__} layer needs images of shape (height, width, "
                f"channels), all known; got {shape[1:]}."
            )


def random_image_layers() -> str:
    """The names of the random image layers whose draws the streams govern, for messages."""
    *names, last = sorted(kind.__name__ for kind in RANDOM_IMAGE_LAYERS)
    return f"{', '.join(names)} and {last}"


def transformation(layer: Any, fractions: tf.Tensor, size: Size) -> dict[str, Any]:
    """What a layer's `get_random_transformation` gives, made of given draws.

    Args:
        layer: One of Keras's random image layers.
        fractions: Uniform numbers from [0, 1), `[images, numbers]`.
        size: The images' size.
    """
    # In 64 bits, so that the last of 32 are the same with XLA and without.
    numbers = tf.unstack(tf.cast(fractions, tf.float64)[..., None], axis=1)
    made: dict[str, Any] = _CHANGES[type(layer)].transformation(layer, numbers, size)
    return made


def transform(layer: Any, images: tf.Tensor, change: dict[str, Any]) -> tf.Tensor:
    """Change images as a layer's `transform_images` does in training, in operations that XLA compiles.

    Args:
        layer: One of Keras's random image layers.
        images: `[images, height, width, channels]`, or channels first if the layer says so.
        change: The transformation.
    """
    maps = _CHANGES[type(layer)].maps
    if maps is None:
        return layer.transform_images(images, change, training=True)
    images = tf.cast(images, layer.compute_dtype)
    if _is_channels_first(layer):
        images = tf.transpose(images, [0, 2, 3, 1])
    height, width = images.shape[1:3]
    reading = Reading(layer.interpolation, layer.fill_mode, layer.fill_value)
    moved = move_images(images, maps(layer, change, (height, width)), reading)
    return tf.transpose(moved, [0, 3, 1, 2]) if _is_channels_first(layer) else moved


def rounds(layer: Any) -> bool:
    """Whether the layer's own `transform_images` computes in 32 bits what has 64."""
    moves = _CHANGES[type(layer)].maps is not None
    return moves and layer.interpolation == "bilinear" and layer.compute_dtype == "float64"


def image_size(layer: Any, images: tf.Tensor) -> Size:
    """The size of images that a layer is called on, `[..., height, width, channels]` or channels first."""
    height, width = images.shape[-2:] if _is_channels_first(layer) else images.shape[-3:-1]
    return height, width


class _Change(NamedTuple):
    """How a layer changes images.

    Attributes:
        numbers: How many numbers it draws for an image.
        transformation: Makes its transformation of the layer, the numbers, 64-bit floats `[images, 1]`, and
            the images' size.
        maps: Makes affine maps, as `move_images` takes them, of the layer, its transformation and the images'
            size; absent where XLA compiles the layer's own way.
    """

    numbers: Callable[[Any], int]
    transformation: Callable[[Any, list[tf.Tensor], Size], dict[str, Any]]
    maps: Callable[[Any, dict[str, Any], Size], tf.Tensor] | None = None


def _is_channels_first(layer: Any) -> bool:
    return bool(layer.data_format == "channels_first")


def _between(fraction: tf.Tensor, lower: float, upper: float) -> tf.Tensor:
    return lower + fraction * (upper - lower)


def _for_pixels(number: tf.Tensor, dtype: Any) -> tf.Tensor:
    """`[images, 1, 1, 1]`."""
    return tf.cast(number[:, :, None, None], dtype)


def _flips(layer: Any, numbers: list[tf.Tensor], size: Size) -> dict[str, Any]:
    return {"flips": _for_pixels(numbers[0], tf.float32) < 0.5}


def _translations(layer: Any, numbers: list[tf.Tensor], size: Size) -> dict[str, Any]:
    height, width = size
    down = _between(numbers[0], layer.height_lower, layer.height_upper) * height
    right = _between(numbers[1], layer.width_lower, layer.width_upper) * width
    return {"translations": tf.cast(tf.concat([right, down], axis=1), tf.float32)}


def _translation_maps(layer: Any, change: dict[str, Any], size: Size) -> tf.Tensor:
    right, down = tf.unstack(change["translations"], axis=1)
    same = tf.ones_like(right)
    return tf.stack([same, -right, same, -down], axis=1)


def _zooms(layer: Any, numbers: list[tf.Tensor], size: Size) -> dict[str, Any]:
    height = _between(numbers[0], 1 + layer.height_lower, 1 + layer.height_upper)
    width = height
    if layer.width_factor is not None:
        width = _between(numbers[1], 1 + layer.width_lower, 1 + layer.width_upper)
    return {"height_zoom": tf.cast(height, tf.float32), "width_zoom": tf.cast(width, tf.float32)}


def _zoom_maps(layer: Any, change: dict[str, Any], size: Size) -> tf.Tensor:
    zoomed = change["width_zoom"], change["height_zoom"]
    offsets = [
        (length - 1) / 2 * (1 - zoom) for length, zoom in zip(size[::-1], zoomed, strict=True)
    ]
    return tf.concat([zoomed[0], offsets[0], zoomed[1], offsets[1]], axis=1)


def _rotations(layer: Any, numbers: list[tf.Tensor], size: Size) -> dict[str, Any]:
    height, width = size
    x, y = (width - 1) / 2, (height - 1) / 2
    degrees = _between(numbers[0], layer.factor[0] * 360, layer.factor[1] * 360)
    cos, sin = tf.cos(degrees * np.pi / 180), tf.sin(degrees * np.pi / 180)
    none = tf.zeros_like(cos)
    rows = [cos, -sin, x - x * cos + y * sin, sin, cos, y - x * sin - y * cos, none, none]
    return {"rotation_matrix": tf.cast(tf.concat(rows, axis=1), tf.float32)}


def _rotation_maps(layer: Any, change: dict[str, Any], size: Size) -> tf.Tensor:
    return change["rotation_matrix"][:, :6]


def _contrasts(layer: Any, numbers: list[tf.Tensor], size: Size) -> dict[str, Any]:
    factor = _between(numbers[0], 1 - layer.factor[0], 1 + layer.factor[1])
    return {"contrast_factor": _for_pixels(factor, layer.compute_dtype)}


def _brightnesses(layer: Any, numbers: list[tf.Tensor], size: Size) -> dict[str, Any]:
    span = layer.value_range[1] - layer.value_range[0]
    delta = _between(numbers[0], *layer.factor) * span
    return {"rgb_delta": _for_pixels(delta, tf.float32)}


_CHANGES: dict[type, _Change] = {
    _layers.RandomFlip: _Change(lambda layer: 1, _flips),
    _layers.RandomTranslation: _Change(lambda layer: 2, _translations, _translation_maps),
    _layers.RandomZoom: _Change(
        lambda layer: 1 if layer.width_factor is None else 2, _zooms, _zoom_maps
    ),
    _layers.RandomRotation: _Change(lambda layer: 1, _rotations, _rotation_maps),
    _layers.RandomContrast: _Change(lambda layer: 1, _contrasts),
    _layers.RandomBrightness: _Change(lambda layer: 1, _brightnesses),
}

RANDOM_IMAGE_LAYERS = tuple(_CHANGES)
"""The random image layers whose draws the streams govern."""
