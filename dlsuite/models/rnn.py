"""Recurrent neural networks for text and series: simple, gated (GRU), LSTM and both ways (BiLSTM)."""

from typing import TYPE_CHECKING, Any

from dlsuite.models.blocks import (
    Activation,
    batch_normalization,
    embed,
    l2_penalty,
    model_input,
    stacked,
)
from dlsuite.models.catalog import register_model
from dlsuite.spec import Count, DropoutRate, Sizes, WeightPenalty

if TYPE_CHECKING:
    import keras

_KINDS = ("text", "series")


@register_model(
    "simple_rnn",
    kinds=_KINDS,
    purpose="the baseline that gates are measured against: it forgets quickly",
)
def simple_rnn(
    *,
    input_shape: tuple[int, ...],
    outputs: int,
    vocabulary: int | None = None,
    units: Sizes = (32,),
    depth: Count = 1,
    activation: Activation = "tanh",
    dropout: DropoutRate = 0.0,
    recurrent_dropout: DropoutRate = 0.0,
    batch_norm: bool = False,
    l2: WeightPenalty = 0.0,
    embedding: Count = 16,
) -> "keras.Model":
    """Simple recurrent network: `h[t] = activation(x[t] W + h[t-1] U + b)`.

    Gradients pass through every step and shrink or grow on the way, so it forgets quickly: the baseline
    that gates are measured against. See `gru` for where dropout and batch normalization stand.

    Args:
        input_shape: `(length,)` for text, `(steps, channels)` for series.
        outputs: Number of logits or values.
        vocabulary: Number of token ids, for text.
        units: Units of each recurrent layer.
        depth: How often the stack of recurrent layers is repeated.
        activation: Activation of the state.
        dropout: Rate of dropout on what each recurrent layer hands on.
        recurrent_dropout: Rate of dropout on the state that a layer hands to its own next step.
        batch_norm: Whether what each recurrent layer takes in is batch normalized.
        l2: Weight of the sum of squares of every kernel, recurrent ones included, added to the loss.
        embedding: For text, the size of a token's vector.

    References:
        Elman (1990), Finding structure in time. Bengio et al. (1994), Learning long-term dependencies
        with gradient descent is difficult.
    """
    return _recurrent(
        "simple_rnn",
        layer="SimpleRNN",
        input_shape=input_shape,
        outputs=outputs,
        vocabulary=vocabulary,
        widths=stacked(units, depth),
        activation=activation,
        dropout=dropout,
        recurrent_dropout=recurrent_dropout,
        batch_norm=batch_norm,
        l2=l2,
        embedding=embedding,
    )


@register_model(
    "gru",
    kinds=_KINDS,
    purpose="text and series in which order matters; the first recurrent network to try",
)
def gru(
    *,
    input_shape: tuple[int, ...],
    outputs: int,
    vocabulary: int | None = None,
    units: Sizes = (32,),
    depth: Count = 1,
    activation: Activation = "tanh",
    dropout: DropoutRate = 0.0,
    recurrent_dropout: DropoutRate = 0.0,
    batch_norm: bool = False,
    l2: WeightPenalty = 0.0,
    embedding: Count = 16,
) -> "keras.Model":
    """Gated recurrent unit: an update and a reset gate decide what a state keeps and forgets.

    `dropout` acts on what a layer hands on to the next, never inside the recurrence, where noise at every
    step would wipe the memory (Zaremba et al., 2014). `recurrent_dropout` does act there, with one mask
    for all steps of a sequence (Gal and Ghahramani, 2016). Batch normalization stands on what a layer takes
    in, one mean and variance a feature over batch and steps (Laurent et al., 2016). Inside the recurrence
    it would need statistics for every step; on the final state it is unstable: the states of different
    texts lie so close together that their mean moves by many of their standard deviations in a few steps,
    and the moving statistics that inference uses cannot follow.

    Args:
        input_shape: `(length,)` for text, `(steps, channels)` for series.
        outputs: Number of logits or values.
        vocabulary: Number of token ids, for text.
        units: Units of each recurrent layer.
        depth: How often the stack of recurrent layers is repeated.
        activation: Activation of the candidate state.
        dropout: Rate of dropout on what each recurrent layer hands on.
        recurrent_dropout: Rate of dropout on the state that a layer hands to its own next step.
        batch_norm: Whether what each recurrent layer takes in is batch normalized.
        l2: Weight of the sum of squares of every kernel, recurrent ones included, added to the loss.
        embedding: For text, the size of a token's vector.

    References:
        Cho et al. (2014), Learning phrase representations using RNN encoder-decoder. Zaremba, Sutskever
        and Vinyals (2014), Recurrent neural network regularization. Gal and Ghahramani (2016), A
        theoretically grounded application of dropout in recurrent neural networks. Laurent et al.
        (2016), Batch normalized recurrent neural networks.
    """
    return _recurrent(
        "gru",
        layer="GRU",
        input_shape=input_shape,
        outputs=outputs,
        vocabulary=vocabulary,
        widths=stacked(units, depth),
        activation=activation,
        dropout=dropout,
        recurrent_dropout=recurrent_dropout,
        batch_norm=batch_norm,
        l2=l2,
        embedding=embedding,
    )


@register_model(
    "lstm",
    kinds=_KINDS,
    purpose="like gru, with a cell apart from the state, which keeps what is long past",
)
def lstm(
    *,
    input_shape: tuple[int, ...],
    outputs: int,
    vocabulary: int | None = None,
    units: Sizes = (32,),
    depth: Count = 1,
    activation: Activation = "tanh",
    dropout: DropoutRate = 0.0,
    recurrent_dropout: DropoutRate = 0.0,
    batch_norm: bool = False,
    l2: WeightPenalty = 0.0,
    embedding: Count = 16,
) -> "keras.Model":
    """Long short-term memory: a cell that gates write to, read from and clear.

    The forget gate's bias begins at 1, so that a cell remembers until it learns not to (Jozefowicz et
    al., 2015). See `gru` for where dropout and batch normalization stand.

    Args:
        input_shape: `(length,)` for text, `(steps, channels)` for series.
        outputs: Number of logits or values.
        vocabulary: Number of token ids, for text.
        units: Units of each recurrent layer.
        depth: How often the stack of recurrent layers is repeated.
        activation: Activation of the candidate and of the cell as it is read.
        dropout: Rate of dropout on what each recurrent layer hands on.
        recurrent_dropout: Rate of dropout on the state that a layer hands to its own next step.
        batch_norm: Whether what each recurrent layer takes in is batch normalized.
        l2: Weight of the sum of squares of every kernel, recurrent ones included, added to the loss.
        embedding: For text, the size of a token's vector.

    References:
        Hochreiter and Schmidhuber (1997), Long short-term memory. Jozefowicz, Zaremba and Sutskever
        (2015), An empirical exploration of recurrent network architectures.
    """
    return _recurrent(
        "lstm",
        layer="LSTM",
        input_shape=input_shape,
        outputs=outputs,
        vocabulary=vocabulary,
        widths=stacked(units, depth),
        activation=activation,
        dropout=dropout,
        recurrent_dropout=recurrent_dropout,
        batch_norm=batch_norm,
        l2=l2,
        embedding=embedding,
    )


@register_model(
    "bilstm",
    kinds=_KINDS,
    purpose="whole texts or windows in which what comes later explains what came before",
)
def bilstm(
    *,
    input_shape: tuple[int, ...],
    outputs: int,
    vocabulary: int | None = None,
    units: Sizes = (32,),
    depth: Count = 1,
    activation: Activation = "tanh",
    dropout: DropoutRate = 0.0,
    batch_norm: bool = False,
    l2: WeightPenalty = 0.0,
    embedding: Count = 16,
) -> "keras.Model":
    """Bidirectional long short-term memory: one LSTM reads forwards, another backwards.

    What both hand on stands side by side, so that a layer of 32 units hands on 64: every step to the next
    layer, and at the end the state of each direction after its own last step. Text is padded on the left,
    so the backward direction ends on padding, and learns to keep its state there. See `gru` for where
    dropout and batch normalization stand, and `lstm` for the forget gate.

    Args:
        input_shape: `(length,)` for text, `(steps, channels)` for series.
        outputs: Number of logits or values.
        vocabulary: Number of token ids, for text.
        units: Units of each recurrent layer, in each direction.
        depth: How often the stack of recurrent layers is repeated.
        activation: Activation of the candidate and of the cell as it is read.
        dropout: Rate of dropout on what each recurrent layer hands on.
        batch_norm: Whether what each recurrent layer takes in is batch normalized.
        l2: Weight of the sum of squares of every kernel, recurrent ones included, added to the loss.
        embedding: For text, the size of a token's vector.

    References:
        Schuster and Paliwal (1997), Bidirectional recurrent neural networks. Graves and Schmidhuber
        (2005), Framewise phoneme classification with bidirectional LSTM and other neural network
        architectures.
    """
    return _recurrent(
        "bilstm",
        layer="LSTM",
        both_ways=True,
        input_shape=input_shape,
        outputs=outputs,
        vocabulary=vocabulary,
        widths=stacked(units, depth),
        activation=activation,
        dropout=dropout,
        recurrent_dropout=0.0,
        batch_norm=batch_norm,
        l2=l2,
        embedding=embedding,
    )


def _recurrent(
    name: str,
    *,
    layer: str,
    input_shape: tuple[int, ...],
    outputs: int,
    vocabulary: int | None,
    widths: list[int],
    activation: str,
    dropout: float,
    recurrent_dropout: float,
    batch_norm: bool,
    l2: float,
    embedding: int,
    both_ways: bool = False,
) -> Any:
    """Stack recurrent layers; all but the last hand on every step, the last its final state."""
    import keras

    recurrent_layer = getattr(keras.layers, layer)
    inputs = model_input(input_shape, vocabulary)
    x = embed(inputs, vocabulary=vocabulary, size=embedding)
    for number, width in enumerate(widths, start=1):
        if batch_norm:
            x = batch_normalization(x, name=str(number))
        reader = recurrent_layer(
            width,
            activation=activation,
            recurrent_dropout=recurrent_dropout,
            return_sequences=number < len(widths),
            kernel_regularizer=l2_penalty(l2),
            recurrent_regularizer=l2_penalty(l2),
            name=f"{name}_{number}",
        )
        if both_ways:
            reader = keras.layers.Bidirectional(reader, name=reader.name)
        x = reader(x)
        x = keras.layers.Dropout(dropout, name=f"dropout_{number}")(x)
    logits = keras.layers.Dense(outputs, kernel_regularizer=l2_penalty(l2), name="output")(x)
    return keras.Model(inputs, logits, name=name)
