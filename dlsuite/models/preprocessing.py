"""A data set's preprocessing as a Keras model: the encoders' arithmetic in Keras's own operations.

Everything is computed in float64, in the encoders' order, and rounded to float32 once, at the end.
"""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from dlsuite.data import Dataset
from dlsuite.data.encoding import (
    PERIODS,
    CategoryEncoding,
    DateEncoding,
    NumberEncoding,
    TableEncoder,
)
from dlsuite.data.inputs import MISSING
from dlsuite.data.scaling import ChannelScaler
from dlsuite.data.texts import TextEncoder
from dlsuite.data.words import WordEncoder

if TYPE_CHECKING:
    import keras

_Block = tuple[Any, list[int]]
"""Features side by side, `[n, features]`, and the places of each among all features."""


def table_preprocessing(encoder: TableEncoder, *, name: str) -> "keras.Model":
    """The arithmetic of a table's encoder: all numbers and dates at once, then each category.

    Args:
        encoder: The encoder.
        name: The model's name.

    Returns:
        A model from a list of the encoder's input columns, float64 or string `[n, 1]`, to float32 features
        `[n, features]`.
    """
    import keras

    inputs = []
    numbers: list[tuple[NumberEncoding | DateEncoding, Any, int]] = []
    blocks: list[_Block] = []
    place = 0
    for column in encoder.columns:
        if isinstance(column, CategoryEncoding):
            inputs.append(keras.Input((1,), dtype="string"))
            blocks += _category(column, inputs[-1], place)
        else:
            inputs.append(keras.Input((1,), dtype="float64"))
            numbers.append((column, inputs[-1], place))
        place += len(column.feature_names)
    if numbers:
        blocks += _numbers(numbers)
    features = _side_by_side([values for values, _ in blocks])
    order = np.argsort([place for _, places in blocks for place in places])
    return keras.Model(inputs, keras.ops.take(features, order.tolist(), axis=1), name=name)


def array_preprocessing(data: Dataset, *, name: str) -> "keras.Model":
    """The preprocessing of what is no file's table: scaling, or texts to token ids.

    Args:
        data: The data set.
        name: The model's name.

    Returns:
        A model from raw texts, string `[n, 1]`, to token ids, int32 `[n, length]`; from raw arrays, float64
        `[n, ...]`, to scaled float32; where nothing is done to the inputs, from them to themselves.
    """
    import keras

    encoder = data.encoder
    if isinstance(encoder, TextEncoder):
        inputs = keras.Input((1,), dtype="string")
        return keras.Model(inputs, _token_ids(inputs, encoder), name=name)
    if isinstance(encoder, ChannelScaler):
        inputs = keras.Input(data.input_shape, dtype="float64")
        scaled = (inputs - encoder.mean) / encoder.scale
        return keras.Model(inputs, keras.ops.cast(scaled, "float32"), name=name)
    inputs = keras.Input(data.input_shape, dtype=str(data.train.x.dtype))
    return keras.Model(inputs, keras.layers.Identity()(inputs), name=name)


def _numbers(
    numbers: Sequence[tuple[NumberEncoding | DateEncoding, "keras.KerasTensor", int]],
) -> list[_Block]:
    """Numbers and days filled and scaled, dates' circles, and what is missing."""
    from keras import ops

    columns = [column for column, _, _ in numbers]
    raw = _side_by_side([values for _, values, _ in numbers])
    absent = ops.isnan(raw)
    filled = ops.where(absent, _constants([column.fill for column in columns]), raw)
    centered = filled - _constants([column.mean for column in columns])
    scaled = centered / _constants([column.scale for column in columns])
    blocks = [(ops.cast(scaled, "float32"), [place for _, _, place in numbers])]

    circles = [
        (index, PERIODS[part], place + 1 + 2 * turn)
        for index, (column, _, place) in enumerate(numbers)
        if isinstance(column, DateEncoding)
        for turn, part in enumerate(column.parts)
    ]
    if circles:
        days = ops.take(filled, [index for index, _, _ in circles], axis=1)
        turns = days / _constants([period for _, period, _ in circles])
        angle = (turns - ops.floor(turns)) * (2 * math.pi)
        places = [place for _, _, place in circles]
        blocks.append((ops.cast(ops.sin(angle), "float32"), places))
        blocks.append((ops.cast(ops.cos(angle), "float32"), [place + 1 for place in places]))

    flags = [
        (index, place + len(column.feature_names) - 1)
        for index, (column, _, place) in enumerate(numbers)
        if column.missing_flag
    ]
    if flags:
        told = ops.take(absent, [index for index, _ in flags], axis=1)
        blocks.append((ops.cast(told, "float32"), [place for _, place in flags]))
    return blocks


def _category(column: CategoryEncoding, raw: "keras.KerasTensor", place: int) -> list[_Block]:
    """A feature for each category, for all others and for what is missing, as far as training had them."""
    import keras

    unknown = "[UNK]"
    while unknown in column.kept:
        unknown += "]"
    lookup = keras.layers.StringLookup(
        vocabulary=[*column.kept, MISSING],
        mask_token=None,
        oov_token=unknown,
        output_mode="one_hot",
    )
    kept = len(column.kept)
    chosen = [
        *range(1, kept + 1),
        *([0] if column.other else []),
        *([kept + 1] if column.missing else []),
    ]
    if not chosen:
        return []
    features = keras.ops.take(keras.ops.cast(lookup(raw), "float32"), chosen, axis=1)
    return [(features, list(range(place, place + len(chosen))))]


def _token_ids(raw: "keras.KerasTensor", encoder: TextEncoder) -> Any:
    """Texts to token ids, padded on the left, where Keras pads on the right."""
    import keras
    from keras import ops

    by_words = isinstance(encoder, WordEncoder)
    lookup = keras.layers.TextVectorization(
        standardize="lower_and_strip_punctuation" if by_words else None,
        split="whitespace" if by_words else "character",
        vocabulary=list(encoder.vocabulary[2:]),
        output_sequence_length=encoder.length,
    )
    token_ids = ops.cast(lookup(raw), "int32")
    count = ops.sum(ops.cast(token_ids != 0, "int32"), axis=1, keepdims=True)
    place = ops.arange(encoder.length, dtype="int32") - (encoder.length - count)
    moved = ops.take_along_axis(token_ids, ops.maximum(place, 0), axis=1)
    return ops.where(place >= 0, moved, 0)


def _side_by_side(values: Sequence[Any]) -> Any:
    """Join columns; Keras refuses to join one."""
    from keras import ops

    return ops.concatenate(values, axis=1) if len(values) > 1 else values[0]


def _constants(values: Sequence[float]) -> np.ndarray[Any, Any]:
    """A number for each column; as an array, which a saved model keeps to the bit."""
    return np.array(values, dtype=np.float64)
