"""JAX: a model's epoch as a scan over its steps, all members by `vmap`, compiled by `jit`.

Written as somebody would who knows JAX and nothing of this suite: one model's functions, then `vmap`.
"""

import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from benchmarks.cases import (
    ADAM,
    BATCH,
    BATCH_NORM_EPSILON,
    BATCH_NORM_MOMENTUM,
    DROPOUT,
    Case,
    FloatArray,
)
from benchmarks.peers.measured import Measured

Array = jax.Array
Layers = list[list[Array]]


class State(NamedTuple):
    """What a step changes.

    Attributes:
        weights: What is trained, layer by layer.
        moving: Mean and variance of each batch normalization.
        first: Adam's first moments, like `weights`.
        second: Adam's second moments.
        count: Steps taken.
    """

    weights: Layers
    moving: Layers
    first: Layers
    second: Layers
    count: Array


def run(case: Case, *, models: int, epochs: int) -> Measured:
    """Train all of the case's members together.

    Args:
        case: What is trained.
        models: Not read: all members are one computation.
        epochs: Epochs; the first, which compiles, is not counted.
    """
    began = time.perf_counter()
    training, _ = case.data()
    x, y = jnp.asarray(training.x), jnp.asarray(training.y)
    members = range(case.members)
    starts = [state_of(case, case.initial_weights(case.seed(member))) for member in members]
    state = jax.tree.map(lambda *values: jnp.stack(values), *starts)
    parameters = sum(weight[0].size for weight in jax.tree.leaves(state.weights))
    rates = jnp.asarray([case.learning_rate(member) for member in members])
    keys = jax.vmap(jax.random.key)(jnp.arange(case.members))
    one = jax.vmap(epoch_of(case), in_axes=(0, 0, 0, 0, None, None))
    train_epoch = jax.jit(one, donate_argnums=0)
    seconds = []
    for epoch in range(epochs):
        rows = np.stack([case.rows(case.seed(member), epoch) for member in members])
        assert rows.shape == (case.members, case.steps, BATCH)
        batches, now = jnp.asarray(rows), jax.vmap(jax.random.fold_in, (0, None))(keys, epoch)
        start = time.perf_counter()
        state, losses = train_epoch(state, rates, batches, now, x, y)
        losses.block_until_ready()
        seconds.append(time.perf_counter() - start)
    assert losses.dtype == jnp.float32 and bool(jnp.isfinite(losses).all())
    return Measured(
        parameters=parameters,
        together=case.members,
        train=[seconds],
        trainings=[time.perf_counter() - began],
    )


def logits_of(case: Case, weights: Sequence[FloatArray], x: FloatArray) -> FloatArray:
    """Compute logits in inference mode, `[n, outputs]`, with weights in Keras's order."""
    state = state_of(case, weights)
    return np.asarray(forward(case, state.weights, state.moving, jnp.asarray(x), None)[0])


def state_of(case: Case, weights: Sequence[FloatArray]) -> State:
    """Sort weights in Keras's order into what is trained and what follows the batches."""
    *hidden, kernel, bias = map(jnp.asarray, weights)
    moving: Layers = []
    if case.family == "gru":
        layers = [hidden]
    else:
        parts = [hidden[start : start + 5] for start in range(0, len(hidden), 5)]
        layers, moving = [part[:3] for part in parts], [part[3:] for part in parts]
    trained = [*layers, [kernel, bias]]
    zeros = jax.tree.map(jnp.zeros_like, trained)
    return State(trained, moving, zeros, jax.tree.map(jnp.copy, zeros), jnp.zeros([], jnp.int32))


def epoch_of(case: Case) -> Any:
    """One model's epoch: `(state, learning rate, batches, key, x, y)` to state and losses."""

    def loss_of(weights: Layers, moving: Layers, x: Array, y: Array, key: Array) -> Any:
        logits, moving = forward(case, weights, moving, x, key)
        chosen = jnp.take_along_axis(jax.nn.log_softmax(logits), y[:, None], axis=1)
        return -chosen.mean(), moving

    def epoch(state: State, rate: Array, batches: Array, key: Array, x: Array, y: Array) -> Any:
        def step(state: State, now: tuple[Array, Array]) -> tuple[State, Array]:
            rows, key = now
            differentiated = jax.value_and_grad(loss_of, has_aux=True)
            (loss, moving), gradients = differentiated(
                state.weights, state.moving, x[rows], y[rows], key
            )
            return adam(state, gradients, rate)._replace(moving=moving), loss

        return lax.scan(step, state, (batches, jax.random.split(key, len(batches))))

    return epoch


def adam(state: State, gradients: Layers, rate: Array) -> State:
    """Take Adam's step, by Keras's form of it (Kingma and Ba, 2015, before section 2.1)."""
    decay, square_decay, epsilon = ADAM["beta_1"], ADAM["beta_2"], ADAM["epsilon"]
    count = state.count + 1
    size = rate * jnp.sqrt(1 - square_decay**count) / (1 - decay**count)
    first = jax.tree.map(lambda m, g: m + (1 - decay) * (g - m), state.first, gradients)
    second = jax.tree.map(
        lambda v, g: v + (1 - square_decay) * (g * g - v), state.second, gradients
    )
    weights = jax.tree.map(
        lambda w, m, v: w - size * m / (jnp.sqrt(v) + epsilon), state.weights, first, second
    )
    return State(weights, state.moving, first, second, count)


def forward(
    case: Case, weights: Layers, moving: Layers, x: Array, key: Array | None
) -> tuple[Array, Layers]:
    """Compute logits; with a key as in training, without one as in inference.

    Returns:
        Logits `[batch, outputs]`, and the moving statistics after the batch.
    """
    *hidden, (output_kernel, output_bias) = weights
    if case.family == "gru":
        return _gru(hidden[0], x) @ output_kernel + output_bias, moving
    keys = jax.random.split(key, len(hidden)) if key is not None else [None] * len(hidden)
    after = []
    for (kernel, scale, shift), statistics, layer_key in zip(hidden, moving, keys, strict=True):
        if kernel.ndim == 4:
            x = lax.conv_general_dilated(
                x, kernel, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
            )
        else:
            x = x.reshape(len(x), -1) @ kernel
        x, statistics = _normalize(x, scale, shift, statistics, training=key is not None)
        x = jax.nn.relu(x)
        if kernel.ndim == 4:
            x = lax.reduce_window(x, -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")
        if layer_key is not None:
            kept = jax.random.bernoulli(layer_key, 1 - DROPOUT, x.shape)
            x = jnp.where(kept, x / (1 - DROPOUT), 0.0)
        after.append(statistics)
    return x @ output_kernel + output_bias, after


def _normalize(
    x: Array, scale: Array, shift: Array, moving: list[Array], *, training: bool
) -> tuple[Array, list[Array]]:
    mean, variance = moving
    if training:
        axes = tuple(range(x.ndim - 1))
        mean, variance = x.mean(axes), x.var(axes)
        share = 1 - BATCH_NORM_MOMENTUM
        now = (mean, variance)
        moving = [old + share * (new - old) for old, new in zip(moving, now, strict=True)]
    return (x - mean) * lax.rsqrt(variance + BATCH_NORM_EPSILON) * scale + shift, moving


def _gru(weights: list[Array], x: Array) -> Array:
    """The last state, `[batch, units]`; gates as in Keras: update, reset, candidate."""
    kernel, recurrent_kernel, (input_bias, recurrent_bias) = weights

    def step(state: Array, given: Array) -> tuple[Array, None]:
        held = state @ recurrent_kernel + recurrent_bias
        (update, reset, candidate), (held_update, held_reset, held_candidate) = (
            jnp.split(part, 3, axis=-1) for part in (given, held)
        )
        update = jax.nn.sigmoid(update + held_update)
        reset = jax.nn.sigmoid(reset + held_reset)
        candidate = jnp.tanh(candidate + reset * held_candidate)
        return update * state + (1 - update) * candidate, None

    start = jnp.zeros((len(x), len(recurrent_kernel)), x.dtype)
    given = jnp.swapaxes(x @ kernel + input_bias, 0, 1)
    return lax.scan(step, start, given)[0]
