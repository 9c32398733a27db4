"""Augmentation: images that differ a little each time they are trained on, and stay as they are otherwise."""

from typing import Annotated, Any

from pydantic import Field

from dlsuite.spec import Rate

Shift = Rate
"""The largest share of height and width by which an image is shifted."""
Crop = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]
"""The smallest share of height and width that is kept of an image, more than 0; 1 keeps all of it."""


def augment(x: Any, *, flip: bool, shift: float, crop: float) -> Any:
    """Change each image at random in training, anew in each step, and leave it alone at inference.

    The layers are Keras's own, so that `model.fit` augments too. One that would change nothing is left out.
    They stand in this order: a crop that is enlarged after a shift shows less of what the shift has filled.
    Keras's `RandomCrop` is none of them: it hands on images of their full size at inference (Keras 3.15), for
    which the layers behind it were not built.

    Args:
        x: Images `[batch, height, width, channels]`.
        flip: Whether half of the images, drawn anew each time, are mirrored left to right.
        shift: Each image is shifted down and right by shares of its height and width, drawn from `-shift` to
            `shift` and rounded to whole pixels, so that none is blurred. What is left empty is filled by
            reflection.
        crop: Of each image the middle is kept, a share of its height and width drawn from `crop` to 1, and
            enlarged to the full size (bilinear).

    Returns:
        Images of the same shape.

    References:
        Krizhevsky, Sutskever and Hinton (2012), ImageNet classification with deep convolutional neural
        networks.
    """
    import keras

    if flip:
        x = keras.layers.RandomFlip("horizontal", name="random_flip")(x)
    if shift:
        x = keras.layers.RandomTranslation(
            shift, shift, fill_mode="reflect", interpolation="nearest", name="random_translation"
        )(x)
    if crop < 1:
        x = keras.layers.RandomZoom((crop - 1, 0.0), name="random_zoom")(x)
    return x
