"""Artificial neural networks: dense layers, for tables and, flattened, for every other kind."""

from typing import TYPE_CHECKING

from dlsuite.models.blocks import (
    Activation,
    DropoutPlacement,
    embed,
    hidden_layers,
    l2_penalty,
    model_input,
    stacked,
)
from dlsuite.models.catalog import register_model
from dlsuite.spec import Count, DropoutRate, Sizes, WeightPenalty
from dlsuite.spec.kinds import KINDS

if TYPE_CHECKING:
    import keras


@register_model(
    "mlp",
    kinds=KINDS,
    purpose="tables; on every other kind the baseline that knows nothing of order or place",
)
def mlp(
    *,
    input_shape: tuple[int, ...],
    outputs: int,
    vocabulary: int | None = None,
    units: Sizes = (64, 32),
    depth: Count = 1,
    activation: Activation = "relu",
    dropout: DropoutRate = 0.0,
    batch_norm: bool = False,
    dropout_placement: DropoutPlacement = "after",
    l2: WeightPenalty = 0.0,
    embedding: Count = 16,
) -> "keras.Model":
    """Multilayer perceptron: dense layers, one after another; any input, flattened.

    Each hidden layer computes `dropout(activation(norm(x W)))` by default. It takes every kind of data, so
    that the families can be compared: a text's token vectors, a series' window and an image's pixels are
    laid side by side.

    Args:
        input_shape: The shape of one example.
        outputs: Number of logits or values.
        vocabulary: Number of token ids, for text.
        units: Units of each hidden layer.
        depth: How often the stack of hidden layers is repeated.
        activation: The hidden layers' activation.
        dropout: Rate of dropout in each hidden layer.
        batch_norm: Whether batch normalization stands between each hidden layer and its activation.
        dropout_placement: Whether dropout stands after batch normalization and activation, or before
            both, where it shifts the variance between training and inference.
        l2: Weight of the sum of squares of every kernel, added to the loss.
        embedding: For text, the size of a token's vector.

    References:
        Rumelhart, Hinton and Williams (1986), Learning representations by back-propagating errors.
        Srivastava et al. (2014), Dropout. Ioffe and Szegedy (2015), Batch normalization. Li, Chen, Hu and
        Yang (2019), Understanding the disharmony between dropout and batch normalization by variance shift.
    """
    import keras

    inputs = model_input(input_shape, vocabulary)
    x = embed(inputs, vocabulary=vocabulary, size=embedding)
    x = keras.layers.Flatten(name="flatten")(x)
    x = hidden_layers(
        x,
        stacked(units, depth),
        activation=activation,
        batch_norm=batch_norm,
        dropout=dropout,
        dropout_placement=dropout_placement,
        l2=l2,
    )
    logits = keras.layers.Dense(outputs, kernel_regularizer=l2_penalty(l2), name="output")(x)
    return keras.Model(inputs, logits, name="mlp")
