"""A convolutional network for text: short runs of tokens, wherever they stand."""

from typing import TYPE_CHECKING

from dlsuite.errors import SpecError
from dlsuite.models.blocks import Activation, batch_normalization, embed, l2_penalty, model_input
from dlsuite.models.catalog import register_model
from dlsuite.spec import Count, DropoutRate, Sizes, WeightPenalty

if TYPE_CHECKING:
    import keras


@register_model(
    "text_cnn",
    kinds=["text"],
    purpose="texts told by short runs of tokens, wherever they stand; no memory, so it is quick",
)
def text_cnn(
    *,
    input_shape: tuple[int, ...],
    outputs: int,
    vocabulary: int | None = None,
    filters: Count = 32,
    widths: Sizes = (3, 4, 5),
    activation: Activation = "relu",
    dropout: DropoutRate = 0.0,
    batch_norm: bool = False,
    l2: WeightPenalty = 0.0,
    embedding: Count = 16,
) -> "keras.Model":
    """Convolutional network for text: filters of several widths, each of which keeps its best match.

    A filter of width `k` sees every run of `k` tokens; of what it finds, the greatest goes on:
    `m = max over t of activation(norm(x[t : t + k] W))`. All widths' `m`, side by side, are dropped and
    become logits. Runs do not reach beyond the text; its padding, on the left, is a token like any other.
    The paper drops at 0.5 and limits the norm of the output layer's weights; here `dropout` is 0 and `l2`
    takes the limit's place.

    Args:
        input_shape: `(length,)`.
        outputs: Number of logits or values.
        vocabulary: Number of token ids.
        filters: Filters of each width.
        widths: How many tokens the filters of each branch see.
        activation: Activation after each convolution.
        dropout: Rate of dropout on what all filters found.
        batch_norm: Whether batch normalization stands between each convolution and its activation.
        l2: Weight of the sum of squares of every kernel, added to the loss.
        embedding: The size of a token's vector.

    Raises:
        SpecError: The text is shorter than a filter is wide.

    References:
        Kim (2014), Convolutional neural networks for sentence classification. Collobert et al. (2011),
        Natural language processing (almost) from scratch.
    """
    import keras

    if len(input_shape) == 1 and input_shape[0] < max(widths):
        raise SpecError(
            f"model 'text_cnn': a filter {max(widths)} tokens wide does not fit into a text of "
            f"{input_shape[0]}; give smaller widths or longer texts."
        )
    inputs = model_input(input_shape, vocabulary)
    tokens = embed(inputs, vocabulary=vocabulary, size=embedding)
    found = []
    for number, width in enumerate(widths, start=1):
        x = keras.layers.Conv1D(
            filters,
            width,
            use_bias=not batch_norm,
            kernel_regularizer=l2_penalty(l2),
            name=f"conv_{number}",
        )(tokens)
        if batch_norm:
            x = batch_normalization(x, name=str(number))
        x = keras.layers.Activation(activation, name=f"activation_{number}")(x)
        found.append(keras.layers.GlobalMaxPooling1D(name=f"pool_{number}")(x))
    x = keras.layers.Concatenate(name="found")(found) if len(found) > 1 else found[0]
    x = keras.layers.Dropout(dropout, name="dropout_1")(x)
    logits = keras.layers.Dense(outputs, kernel_regularizer=l2_penalty(l2), name="output")(x)
    return keras.Model(inputs, logits, name="text_cnn")
