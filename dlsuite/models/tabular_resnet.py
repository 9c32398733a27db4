"""A residual network for tables: every block learns what to add to the features so far."""

from typing import TYPE_CHECKING, Any

from dlsuite.models.blocks import Activation, batch_normalization, l2_penalty, model_input
from dlsuite.models.catalog import register_model
from dlsuite.spec import Count, DropoutRate, Positive, WeightPenalty

if TYPE_CHECKING:
    import keras


@register_model(
    "tabular_resnet",
    kinds=["table"],
    purpose="tables, where depth should pay: gradients pass straight through all blocks",
)
def tabular_resnet(
    *,
    input_shape: tuple[int, ...],
    outputs: int,
    width: Count = 64,
    depth: Count = 2,
    hidden_factor: Positive = 2.0,
    activation: Activation = "relu",
    dropout: DropoutRate = 0.0,
    residual_dropout: DropoutRate = 0.0,
    batch_norm: bool = True,
    l2: WeightPenalty = 0.0,
) -> "keras.Model":
    """Residual network for tables: dense blocks that add to what a first layer made of the features.

    A block is `x + dropout(linear(dropout(activation(linear(norm(x))))))`, and the logits are
    `linear(activation(norm(x)))`. No activation stands on the way from the first layer to the last, so
    gradients reach every block unchanged. Batch normalization is on unless switched off. Unlike in the
    paper's code, what is added up has no bias where it is on: all that reads the sum normalizes it, which
    would take a bias out again.

    Args:
        input_shape: `(features,)`.
        outputs: Number of logits or values.
        width: Features that the blocks hand on.
        depth: How many blocks there are.
        hidden_factor: Units inside a block, as a multiple of `width`.
        activation: Activation inside each block and before the output.
        dropout: Rate of dropout inside each block, after its activation.
        residual_dropout: Rate of dropout on what each block adds.
        batch_norm: Whether batch normalization stands at the beginning of each block and before the last
            activation.
        l2: Weight of the sum of squares of every kernel, added to the loss.

    References:
        Gorishniy, Rubachev, Khrulkov and Babenko (2021), Revisiting deep learning models for tabular data.
        He et al. (2016), Identity mappings in deep residual networks.
    """
    import keras

    def dense(x: Any, units: int, *, name: str, use_bias: bool) -> Any:
        return keras.layers.Dense(
            units, use_bias=use_bias, kernel_regularizer=l2_penalty(l2), name=f"dense_{name}"
        )(x)

    def normalized(x: Any, *, name: str) -> Any:
        return batch_normalization(x, name=name) if batch_norm else x

    inputs = model_input(input_shape, None)
    x = dense(inputs, width, name="stem", use_bias=not batch_norm)
    for block in range(1, depth + 1):
        name = str(block)
        inner = normalized(x, name=name)
        hidden = max(1, round(width * hidden_factor))
        inner = dense(inner, hidden, name=f"{name}_first", use_bias=True)
        inner = keras.layers.Activation(activation, name=f"activation_{name}")(inner)
        inner = keras.layers.Dropout(dropout, name=f"dropout_{name}")(inner)
        inner = dense(inner, width, name=f"{name}_second", use_bias=not batch_norm)
        inner = keras.layers.Dropout(residual_dropout, name=f"residual_dropout_{name}")(inner)
        x = keras.layers.Add(name=f"add_{name}")([x, inner])
    x = normalized(x, name="last")
    x = keras.layers.Activation(activation, name="activation_last")(x)
    logits = keras.layers.Dense(outputs, kernel_regularizer=l2_penalty(l2), name="output")(x)
    return keras.Model(inputs, logits, name="tabular_resnet")
