"""A temporal convolutional network, for series and text: it looks back by convolutions with gaps."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from dlsuite.models.blocks import Activation, batch_normalization, embed, l2_penalty, model_input
from dlsuite.models.catalog import register_model
from dlsuite.spec import Count, DropoutRate, WeightPenalty

if TYPE_CHECKING:
    import keras

KernelSize = Annotated[int, Field(ge=2)]
"""How many steps a convolution sees at once, 2 or more: with one it would never look back."""


@register_model(
    "tcn",
    kinds=["text", "series"],
    purpose="long windows: it looks as far back as the window reaches, all steps at once",
)
def tcn(
    *,
    input_shape: tuple[int, ...],
    outputs: int,
    vocabulary: int | None = None,
    filters: Count = 16,
    kernel_size: KernelSize = 3,
    depth: Count = 1,
    activation: Activation = "relu",
    dropout: DropoutRate = 0.0,
    batch_norm: bool = False,
    l2: WeightPenalty = 0.0,
    embedding: Count = 16,
) -> "keras.Model":
    """Temporal convolutional network: dilated causal convolutions in residual blocks.

    A block is `activation(shortcut(x) + F(x))`, where `F` is twice a convolution that sees no later step,
    normalization, activation and dropout; the shortcut is `x`, or a convolution of width 1 where the number
    of channels changes. The blocks' dilations are 1, 2, 4, ..., as many as it takes for the last step, which
    gives the logits, to see the whole window (`receptive_field`). Dropout drops whole channels, all steps of
    one alike, since neighboring steps would tell what was dropped. The paper normalizes weights, which
    Keras does not know; here batch normalization takes that place, and is off unless switched on.

    Args:
        input_shape: `(length,)` for text, `(steps, channels)` for series.
        outputs: Number of logits or values.
        vocabulary: Number of token ids, for text.
        filters: Filters of every convolution.
        kernel_size: How many steps a convolution sees, a dilation apart.
        depth: How often the stack of blocks, which sees the whole window, is repeated.
        activation: Activation after each convolution and each addition.
        dropout: Rate of dropout of channels, after both convolutions of each block.
        batch_norm: Whether batch normalization stands between each convolution and its activation.
        l2: Weight of the sum of squares of every kernel, added to the loss.
        embedding: For text, the size of a token's vector.

    References:
        Bai, Kolter and Koltun (2018), An empirical evaluation of generic convolutional and recurrent
        networks for sequence modeling. van den Oord et al. (2016), WaveNet: a generative model for raw
        audio. Tompson et al. (2015), Efficient object localization using convolutional networks.
    """
    import keras

    inputs = model_input(input_shape, vocabulary)
    x = embed(inputs, vocabulary=vocabulary, size=embedding)

    def convolve(x: Any, *, name: str, width: int, dilation: int = 1, use_bias: bool = True) -> Any:
        return keras.layers.Conv1D(
            filters,
            width,
            padding="causal",
            dilation_rate=dilation,
            use_bias=use_bias,
            kernel_regularizer=l2_penalty(l2),
            name=f"conv_{name}",
        )(x)

    steps = input_shape[0]
    for block, dilation in enumerate(dilations_for(steps, kernel_size) * depth, start=1):
        shortcut = x
        if x.shape[-1] != filters:
            shortcut = convolve(x, name=f"{block}_shortcut", width=1)
        for half in ("first", "second"):
            name = f"{block}_{half}"
            x = convolve(
                x, name=name, width=kernel_size, dilation=dilation, use_bias=not batch_norm
            )
            if batch_norm:
                x = batch_normalization(x, name=name)
            x = keras.layers.Activation(activation, name=f"activation_{name}")(x)
            channels = (None, 1, None)
            x = keras.layers.Dropout(dropout, noise_shape=channels, name=f"dropout_{name}")(x)
        x = keras.layers.Add(name=f"add_{block}")([shortcut, x])
        x = keras.layers.Activation(activation, name=f"activation_{block}")(x)
    x = keras.layers.Cropping1D((steps - 1, 0), name="last_step")(x)
    x = keras.layers.Flatten(name="flatten")(x)
    logits = keras.layers.Dense(outputs, kernel_regularizer=l2_penalty(l2), name="output")(x)
    return keras.Model(inputs, logits, name="tcn")


def receptive_field(kernel_size: int, dilations: Sequence[int]) -> int:
    """How many steps the last one sees, itself included: `1 + 2 (kernel_size - 1) sum(dilations)`.

    Each of a block's two convolutions reaches `(kernel_size - 1) dilation` steps further back.
    """
    return 1 + 2 * (kernel_size - 1) * sum(dilations)


def dilations_for(steps: int, kernel_size: int) -> list[int]:
    """The dilations 1, 2, 4, ... of the fewest blocks whose receptive field covers so many steps."""
    dilations = [1]
    while receptive_field(kernel_size, dilations) < steps:
        dilations.append(2 * dilations[-1])
    return dilations
