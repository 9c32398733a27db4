"""Recurrent layers: a loop over the steps, all members at once, a product for each gate.

Gates are computed apart, each with its own part of the kernels: under XLA on a CPU, cutting one wide
product into gates and putting their gradients together again costs more than the products do. The loop is
not unrolled: across its border XLA cannot fuse, and where it can, it computes the gradients of late steps
again for every earlier one.
"""

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from dlsuite.training.forms.fusion import Form, Fusion
from dlsuite.training.members import Members

State = tuple[tf.Tensor, ...]
Step = Callable[[tf.Tensor, State], State]


def is_plain(layer: keras.layers.Layer) -> bool:
    """Whether a recurrent layer has nothing but what the form knows."""
    return not (layer.return_state or layer.stateful)


def recurrent(layer: Any, fusion: Fusion, path: str) -> Form:
    """A simple recurrent, GRU or LSTM layer."""

    def form(x: Members, *, training: bool) -> Members:
        value = x.value
        _, batch, length, features = value.shape
        if training and layer.dropout > 0:
            site = fusion.site(f"{path}/inputs")
            value *= site.mask((batch, features), value.dtype)[:, :, None]
        mask = None
        if training:
            site = fusion.site(f"{path}/recurrent")
            mask = site.mask((batch, layer.units), value.dtype)
        step, states = _CELLS[type(layer)](layer.cell, fusion, mask)
        zeros = tf.zeros([fusion.members, batch, layer.units], value.dtype)
        steps = tf.TensorArray(value.dtype, length).unstack(tf.transpose(value, [2, 0, 1, 3]))
        counted = None if x.mask is None else tf.transpose(x.mask, [2, 0, 1])

        def body(index: tf.Tensor, outputs: tuple[Any, ...], state: State) -> Any:
            place = length - 1 - index if layer.go_backwards else index
            new = step(steps.read(place), state)
            if counted is not None:  # A step that does not count leaves the state as it was.
                counts = counted[place][..., None]
                new = tuple(tf.where(counts, n, o) for n, o in zip(new, state, strict=True))
            return index + 1, tuple(a.write(index, shown(new[0], place)) for a in outputs), new

        def shown(output: tf.Tensor, place: tf.Tensor | int) -> tf.Tensor:
            """What a step hands on: nothing where it does not count, if the layer says so."""
            if counted is None or not layer.zero_output_for_mask:
                return output
            return tf.where(counted[place][..., None], output, tf.zeros([], output.dtype))

        outputs: tuple[Any, ...] = ()
        if layer.return_sequences:
            outputs = (tf.TensorArray(value.dtype, length, element_shape=zeros.shape),)
        _, outputs, state = tf.while_loop(
            lambda index, *_: index < length,
            body,
            (tf.constant(0), outputs, (zeros,) * states),
            maximum_iterations=length,
        )
        if layer.return_sequences:
            return Members(tf.transpose(outputs[0].stack(), [1, 2, 0, 3]), x.mask)
        return Members(shown(state[0], 0 if layer.go_backwards else length - 1))

    return form


def _dropped(h: tf.Tensor, mask: tf.Tensor | None) -> tf.Tensor:
    return h if mask is None else h * mask


def _biases(bias: tf.Tensor, gates: int) -> list[tf.Tensor]:
    """A bias for each gate, `[members, 1, units]`, from one of all of them, `[members, gates * units]`."""
    return list(tf.split(bias[:, None], gates, axis=-1))


def _simple(cell: Any, fusion: Fusion, mask: tf.Tensor | None) -> tuple[Step, int]:
    """`h' = activation(x W + h U + b)`."""
    kernel, recurrent_kernel = fusion.weight(cell.kernel), fusion.weight(cell.recurrent_kernel)
    bias = fusion.weight(cell.bias)[:, None] if cell.use_bias else 0.0

    def step(x: tf.Tensor, state: State) -> State:
        sums = tf.matmul(x, kernel) + tf.matmul(_dropped(state[0], mask), recurrent_kernel)
        return (cell.activation(sums + bias),)

    return step, 1


def _gru(cell: Any, fusion: Fusion, mask: tf.Tensor | None) -> tuple[Step, int]:
    """`h' = z h + (1 - z) c`, gates in Keras's order: update z, reset r, candidate c."""
    kernels = tf.split(fusion.weight(cell.kernel), 3, axis=-1)
    recurrent_kernels = tf.split(fusion.weight(cell.recurrent_kernel), 3, axis=-1)
    outer: list[Any] = [0.0] * 3
    inner: list[Any] = [0.0] * 3
    if cell.use_bias and cell.reset_after:
        bias = fusion.weight(cell.bias)
        outer, inner = _biases(bias[:, 0], 3), _biases(bias[:, 1], 3)
    elif cell.use_bias:
        outer = _biases(fusion.weight(cell.bias), 3)

    def step(x: tf.Tensor, state: State) -> State:
        (h,) = state
        dropped = _dropped(h, mask)
        given = [tf.matmul(x, kernel) + bias for kernel, bias in zip(kernels, outer, strict=True)]

        def kept(gate: int, h: tf.Tensor) -> tf.Tensor:
            return tf.matmul(h, recurrent_kernels[gate]) + inner[gate]

        update = cell.recurrent_activation(given[0] + kept(0, dropped))
        reset = cell.recurrent_activation(given[1] + kept(1, dropped))
        past = reset * kept(2, dropped) if cell.reset_after else kept(2, reset * dropped)
        return (update * h + (1.0 - update) * cell.activation(given[2] + past),)

    return step, 1


def _lstm(cell: Any, fusion: Fusion, mask: tf.Tensor | None) -> tuple[Step, int]:
    """`c' = f c + i g`, `h' = o activation(c')`, gates in Keras's order: input i, forget f, g, output o."""
    kernels = tf.split(fusion.weight(cell.kernel), 4, axis=-1)
    recurrent_kernels = tf.split(fusion.weight(cell.recurrent_kernel), 4, axis=-1)
    biases: list[Any] = _biases(fusion.weight(cell.bias), 4) if cell.use_bias else [0.0] * 4

    def step(x: tf.Tensor, state: State) -> State:
        h, c = state
        dropped = _dropped(h, mask)
        i, f, g, o = (
            tf.matmul(x, kernel) + tf.matmul(dropped, recurrent_kernel) + bias
            for kernel, recurrent_kernel, bias in zip(
                kernels, recurrent_kernels, biases, strict=True
            )
        )
        c = cell.recurrent_activation(f) * c + cell.recurrent_activation(i) * cell.activation(g)
        return cell.recurrent_activation(o) * cell.activation(c), c

    return step, 2


_CELLS: dict[type, Callable[[Any, Fusion, tf.Tensor | None], tuple[Step, int]]] = {
    keras.layers.SimpleRNN: _simple,
    keras.layers.GRU: _gru,
    keras.layers.LSTM: _lstm,
}


def bidirectional(layer: keras.layers.Bidirectional, fusion: Fusion, path: str) -> Form:
    """Two recurrent layers, one of them backwards in time."""
    forward = recurrent(layer.forward_layer, fusion, f"{path}/forward")
    backward = recurrent(layer.backward_layer, fusion, f"{path}/backward")

    def form(x: Members, *, training: bool) -> Any:
        ahead, back = forward(x, training=training), backward(x, training=training)
        behind = tf.reverse(back.value, [2]) if layer.return_sequences else back.value
        if layer.merge_mode is None:
            return ahead, Members(behind, ahead.mask)
        if layer.merge_mode == "concat":
            joined = tf.concat([ahead.value, behind], axis=-1)
        elif layer.merge_mode == "mul":
            joined = ahead.value * behind
        else:
            joined = (ahead.value + behind) / (2.0 if layer.merge_mode == "ave" else 1.0)
        return Members(joined, ahead.mask)

    return form
