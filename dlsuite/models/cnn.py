"""Convolutional neural networks for images: a plain one and a small residual one."""

from typing import TYPE_CHECKING, Annotated, Any

from dlsuite.errors import SpecError
from dlsuite.models.augmentation import Crop, Shift, augment
from dlsuite.models.blocks import (
    Activation,
    DropoutPlacement,
    batch_normalization,
    hidden_layers,
    l2_penalty,
    model_input,
)
from dlsuite.models.catalog import register_model
from dlsuite.spec import Count, DropoutRate, Later, Sizes, WeightPenalty

if TYPE_CHECKING:
    import keras


@register_model(
    "cnn", kinds=["image"], purpose="images, small ones in particular; the first network to try"
)
def cnn(
    *,
    input_shape: tuple[int, ...],
    outputs: int,
    filters: Sizes = (16, 32),
    depth: Count = 1,
    units: Sizes = (64,),
    activation: Activation = "relu",
    dropout: DropoutRate = 0.0,
    batch_norm: bool = False,
    dropout_placement: DropoutPlacement = "after",
    l2: WeightPenalty = 0.0,
    flip: Annotated[bool, Later()] = False,
    shift: Annotated[Shift, Later()] = 0.0,
    crop: Annotated[Crop, Later()] = 1.0,
) -> "keras.Model":
    """Convolutional network: convolve, normalize, activate, pool, drop; then dense layers.

    Each stage halves the image and, by default, ends in dropout. Batch normalization stands between a
    convolution and its activation, one mean and variance a filter over batch, height and width (Ioffe and
    Szegedy, 2015).

    Args:
        input_shape: `(height, width, channels)`.
        outputs: Number of logits or values.
        filters: Filters of the 3x3 convolutions in each stage; as many stages as numbers.
        depth: Convolutions in each stage.
        units: Units of each dense layer after the last stage.
        activation: Activation after each convolution and the dense layer.
        dropout: Rate of dropout, once in each stage and once in each dense layer.
        batch_norm: Whether batch normalization stands before each activation.
        dropout_placement: Whether dropout stands after a stage's pooling and a dense layer's activation, or
            before the batch normalization and activation of the stage's last convolution and of the dense
            layer, where it shifts the variance between training and inference.
        l2: Weight of the sum of squares of every kernel, added to the loss.
        flip: Whether half of the images are mirrored left to right, other ones in each step; in training
            alone, as with `shift` and `crop`. Not for what has a left and a right, such as digits.
        shift: Largest share of height and width by which an image is shifted in a step, either way, in whole
            pixels; what that leaves empty is filled by reflection.
        crop: Smallest share of height and width that is kept of an image in a step, and enlarged to the full
            size; 1 keeps all. The middle is kept, which `shift` moves about.

    Raises:
        SpecError: The image is too small to be halved in every stage.

    References:
        LeCun et al. (1998), Gradient-based learning applied to document recognition. Simonyan and
        Zisserman (2015), Very deep convolutional networks for large-scale image recognition. Li, Chen, Hu
        and Yang (2019), Understanding the disharmony between dropout and batch normalization by variance
        shift.
    """
    import keras

    _check_halvings(input_shape, stages=len(filters), model="cnn")
    inputs = model_input(input_shape, None)
    x = augment(inputs, flip=flip, shift=shift, crop=crop)
    for stage, width in enumerate(filters, start=1):
        drop = keras.layers.Dropout(dropout, name=f"dropout_{stage}")
        for number in range(1, depth + 1):
            name = f"{stage}_{number}"
            x = _convolve(x, width, name=name, use_bias=not batch_norm, l2=l2)
            if dropout_placement == "before" and number == depth:
                x = drop(x)
            if batch_norm:
                x = batch_normalization(x, name=name)
            x = keras.layers.Activation(activation, name=f"activation_{name}")(x)
        x = keras.layers.MaxPooling2D(2, name=f"pool_{stage}")(x)
        if dropout_placement == "after":
            x = drop(x)
    x = keras.layers.Flatten(name="flatten")(x)
    x = hidden_layers(
        x,
        units,
        activation=activation,
        batch_norm=batch_norm,
        dropout=dropout,
        dropout_placement=dropout_placement,
        l2=l2,
        prefix="dense_",
    )
    logits = keras.layers.Dense(outputs, kernel_regularizer=l2_penalty(l2), name="output")(x)
    return keras.Model(inputs, logits, name="cnn")


@register_model(
    "resnet",
    kinds=["image"],
    purpose="images, where depth should pay: gradients pass straight through all blocks",
)
def resnet(
    *,
    input_shape: tuple[int, ...],
    outputs: int,
    filters: Sizes = (16, 32),
    depth: Count = 1,
    activation: Activation = "relu",
    dropout: DropoutRate = 0.0,
    batch_norm: bool = True,
    l2: WeightPenalty = 0.0,
) -> "keras.Model":
    """Small residual network: blocks learn what to add to their input, so gradients pass straight through.

    A block is `activation(shortcut(x) + norm(conv(dropout(activation(norm(conv(x)))))))`. Dropout stands
    between a block's two convolutions, where it leaves the identity path alone (Zagoruyko and Komodakis,
    2016). Every stage but the first halves the image. Batch normalization is on unless switched off.

    Args:
        input_shape: `(height, width, channels)`.
        outputs: Number of logits or values.
        filters: Filters of each stage; as many stages as numbers.
        depth: Residual blocks in each stage.
        activation: Activation after each convolution and each addition.
        dropout: Rate of dropout inside each block.
        batch_norm: Whether batch normalization follows each convolution.
        l2: Weight of the sum of squares of every kernel, added to the loss.

    Raises:
        SpecError: The image is too small to be halved in every stage but the first.

    References:
        He et al. (2016), Deep residual learning for image recognition. Zagoruyko and Komodakis (2016),
        Wide residual networks.
    """
    import keras

    _check_halvings(input_shape, stages=len(filters) - 1, model="resnet")

    def convolution(x: Any, width: int, *, name: str, size: int = 3, strides: int = 1) -> Any:
        x = _convolve(
            x, width, name=name, use_bias=not batch_norm, l2=l2, size=size, strides=strides
        )
        if batch_norm:
            x = batch_normalization(x, name=name)
        return x

    inputs = model_input(input_shape, None)
    x = convolution(inputs, filters[0], name="stem")
    x = keras.layers.Activation(activation, name="activation_stem")(x)
    for stage, width in enumerate(filters, start=1):
        for block in range(1, depth + 1):
            name = f"{stage}_{block}"
            strides = 2 if stage > 1 and block == 1 else 1
            shortcut = x
            if strides > 1 or x.shape[-1] != width:
                shortcut = convolution(x, width, name=f"{name}_shortcut", size=1, strides=strides)
            x = convolution(x, width, name=f"{name}_first", strides=strides)
            x = keras.layers.Activation(activation, name=f"activation_{name}_first")(x)
            x = keras.layers.Dropout(dropout, name=f"dropout_{name}")(x)
            x = convolution(x, width, name=f"{name}_second")
            x = keras.layers.Add(name=f"add_{name}")([shortcut, x])
            x = keras.layers.Activation(activation, name=f"activation_{name}")(x)
    x = keras.layers.GlobalAveragePooling2D(name="pool")(x)
    logits = keras.layers.Dense(outputs, kernel_regularizer=l2_penalty(l2), name="output")(x)
    return keras.Model(inputs, logits, name="resnet")


def _convolve(
    x: Any, width: int, *, name: str, use_bias: bool, l2: float, size: int = 3, strides: int = 1
) -> Any:
    import keras

    return keras.layers.Conv2D(
        width,
        size,
        strides=strides,
        padding="same",
        use_bias=use_bias,
        kernel_regularizer=l2_penalty(l2),
        name=f"conv_{name}",
    )(x)


def _check_halvings(input_shape: tuple[int, ...], *, stages: int, model: str) -> None:
    if len(input_shape) != 3:
        raise SpecError(
            f"model {model!r}: expected images of shape (height, width, channels); got {input_shape}."
        )
    smallest = min(input_shape[:2])
    if smallest < 2**stages:
        raise SpecError(
            f"model {model!r}: an image of {input_shape[0]}x{input_shape[1]} cannot be halved {stages} "
            "times; give fewer filters or larger images."
        )
