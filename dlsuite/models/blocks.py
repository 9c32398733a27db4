"""The pieces that builders share: what follows a layer with weights, and what stands before the first.

Layers carry names of their own (`dense_1`, `batch_norm_1`, ...). A layer's draws depend on its name, so a
name must not shift when a batch normalization or another optional layer comes or goes.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import keras

Activation = Literal[
    "relu", "tanh", "sigmoid", "elu", "selu", "gelu", "silu", "leaky_relu", "linear"
]
"""Activation functions, by Keras's names."""

DropoutPlacement = Literal["after", "before"]
"""Where dropout stands: after batch normalization and activation, or before both."""


def stacked(widths: Sequence[int], depth: int) -> list[int]:
    """Repeat a stack of layer sizes: `(64,)` three times is three layers of 64."""
    return list(widths) * depth


def l2_penalty(l2: float) -> "keras.regularizers.L2":
    """The penalty `l2 * sum(w ** 2)`, present even where it is 0, so that its weight can be varied."""
    import keras

    return keras.regularizers.L2(l2)


def batch_normalization(x: Any, *, name: str) -> Any:
    """Normalize each feature over the batch, then scale and shift it as learned (Ioffe and Szegedy, 2015).

    At inference the moving mean and variance stand in. They follow the batches with momentum 0.9, not
    Keras's 0.99: a study's trainings are often a few hundred steps long, and after 100 steps Keras's
    statistics would still be a third of what they began as, which shows as a validation loss that lags.

    Args:
        x: `[batch, ..., features]`.
        name: A number or word that ends the layer's name.
    """
    import keras

    return keras.layers.BatchNormalization(momentum=0.9, name=f"batch_norm_{name}")(x)


def hidden_layers(
    x: Any,
    widths: Sequence[int],
    *,
    activation: str,
    batch_norm: bool,
    dropout: float,
    dropout_placement: DropoutPlacement,
    l2: float,
    prefix: str = "",
) -> Any:
    """Dense layers, one after another, each followed by batch normalization, activation and dropout.

    Batch normalization stands before the activation, where Ioffe and Szegedy (2015) put it; dropout after
    it, so that what it drops are the units' outputs (Srivastava et al., 2014) and the moving statistics of
    the same layer's batch normalization never see dropped units. Dropout before batch normalization leaves
    a unit's mean as it is but raises its variance, in training alone: at inference the moving variance is
    too large for what comes in. It can be placed there to see that. The layer after sees some of it either
    way, since its weights mix dropped units (Li et al., 2019). A layer has no bias if batch normalization
    follows: its shift replaces it.

    Args:
        x: `[batch, features]`.
        widths: Units of each layer.
        activation: Name of a Keras activation.
        batch_norm: Whether to normalize.
        dropout: The rate.
        dropout_placement: Whether dropout stands after normalization and activation, or before both.
        l2: Weight of the kernels' sum of squares.
        prefix: Begins the numbers that end the names of what follows a dense layer.

    Returns:
        `[batch, units of the last layer]`.
    """
    import keras

    for number, width in enumerate(widths, start=1):
        name = f"{prefix}{number}"
        x = keras.layers.Dense(
            width,
            use_bias=not batch_norm,
            kernel_regularizer=l2_penalty(l2),
            name=f"dense_{number}",
        )(x)
        drop = keras.layers.Dropout(dropout, name=f"dropout_{name}")
        if dropout_placement == "before":
            x = drop(x)
        if batch_norm:
            x = batch_normalization(x, name=name)
        x = keras.layers.Activation(activation, name=f"activation_{name}")(x)
        if dropout_placement == "after":
            x = drop(x)
    return x


def embed(inputs: Any, *, vocabulary: int | None, size: int) -> Any:
    """Give every token id a vector of its own, learned; leave what is not text as it is.

    No mask goes with it: texts are padded on the left, so that a recurrent layer's last steps are text.
    """
    import keras

    if vocabulary is None:
        return inputs
    return keras.layers.Embedding(vocabulary, size, name="embedding")(inputs)


def model_input(input_shape: tuple[int, ...], vocabulary: int | None) -> Any:
    """A model's input: token ids for text, numbers otherwise."""
    import keras

    dtype = "int32" if vocabulary is not None else None
    return keras.Input(shape=input_shape, dtype=dtype, name="input")
