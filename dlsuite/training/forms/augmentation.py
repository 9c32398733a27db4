"""Random image layers: the images of a seed are changed once, for all of its members."""

from typing import Any

import tensorflow as tf

from dlsuite.training.augmentation import image_size, transform, transformation
from dlsuite.training.forms.fusion import Form, Fusion
from dlsuite.training.members import Members, for_variants, split


def augmentation(layer: Any, fusion: Fusion, path: str) -> Form:
    """Change each image by its seed's draws in training; leave it as it is at inference."""
    site = fusion.augmentation(path)

    def form(x: Members, *, training: bool) -> Members:
        if not training:
            images = layer.transform_images(x.value, None, training=False)
            return Members(images, repeats=x.repeats)
        if x.repeats != fusion.variants:
            x = x.spread()
        groups, images = x.value.shape[:2]
        fractions = site.draw(layer, images)
        if x.repeats == 1:
            fractions = for_variants(fractions, fusion.variants)
        change = transformation(
            layer,
            tf.reshape(fractions, [groups * images, -1]),
            image_size(layer, x.value),
        )
        changed = split(transform(layer, x.merged(), change), groups)
        return Members(changed.value, repeats=x.repeats)

    return form
