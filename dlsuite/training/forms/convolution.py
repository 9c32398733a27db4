"""Convolutions of one and two axes: patches, and one batched product for all members.

XLA's own convolution is slow on a CPU, a grouped one slower still. Patches are shifted slices laid one after
another; the product then does nearly all of the arithmetic. The batch is the last axis, so that slices are
whole rows of it, and what the product gives is in the order that the next layer takes.
"""

import itertools
from dataclasses import replace

import keras
import tensorflow as tf

from dlsuite.training.forms.fusion import Form, Fusion
from dlsuite.training.forms.general import ELEMENTWISE
from dlsuite.training.members import Members, for_variants


def convolution(layer: keras.layers.Layer, fusion: Fusion, path: str) -> Form:
    """`activation(conv(x, W) + b)` for channels that come last and one group."""

    def form(x: Members, *, training: bool) -> Members:
        # What members share is cut into patches once.
        patches = patches_of(
            x.with_batch_last().value,
            layer.kernel_size,
            strides=layer.strides,
            dilation=layer.dilation_rate,
            padding=layer.padding,
        )
        groups, window, *rest = patches.shape
        outputs = tf.matmul(
            tf.reshape(fusion.weight(layer.kernel), [fusion.members, window, layer.filters]),
            for_variants(tf.reshape(patches, [groups, window, -1]), x.repeats),
            transpose_a=True,
        )
        if layer.use_bias:
            outputs += fusion.weight(layer.bias)[:, :, None]
        sizes = [-1 if size is None else size for size in rest]
        outputs = tf.reshape(outputs, [fusion.members, layer.filters, *sizes])
        convolved = Members(outputs, batch_last=True)
        if layer.activation is None:
            return convolved
        if layer.activation not in ELEMENTWISE:  # A softmax reads the last axis.
            convolved = convolved.with_batch_first()
        return replace(convolved, value=layer.activation(convolved.value))

    return form


def patches_of(
    x: tf.Tensor,
    window: tuple[int, ...],
    *,
    strides: tuple[int, ...],
    dilation: tuple[int, ...],
    padding: str,
) -> tf.Tensor:
    """The windows that a kernel sees.

    Args:
        x: `[members, channels, *spatial, batch]`.
        window: Size of the kernel in each spatial axis.
        strides: Steps between windows.
        dilation: Steps between the entries of a window.
        padding: `valid`, `same` or `causal`, as in Keras.

    Returns:
        `[members, entries * channels, *windows, batch]`.
    """
    sizes = x.shape[2:-1]
    before, after, counts = [], [], []
    for size, width, stride, gap in zip(sizes, window, strides, dilation, strict=True):
        reach = (width - 1) * gap + 1
        if padding == "same":
            total = max((-(-size // stride) - 1) * stride + reach - size, 0)
            before.append(total // 2)
            after.append(total - total // 2)
        else:
            before.append(reach - 1 if padding == "causal" else 0)
            after.append(0)
        counts.append((size + before[-1] + after[-1] - reach) // stride + 1)
    margins = [[0, 0], [0, 0], *([b, a] for b, a in zip(before, after, strict=True)), [0, 0]]
    padded = tf.pad(x, margins) if any(map(any, margins)) else x
    slices = []
    for entry in itertools.product(*(range(width) for width in window)):
        index: list[slice] = [slice(None), slice(None)]
        for at, stride, gap, count in zip(entry, strides, dilation, counts, strict=True):
            first = at * gap
            index.append(slice(first, first + (count - 1) * stride + 1, stride))
        slices.append(padded[tuple(index)])
    return slices[0] if len(slices) == 1 else tf.concat(slices, axis=1)
