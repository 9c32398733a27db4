"""Which layer has which population form."""

from collections.abc import Callable
from typing import Any

import keras

from dlsuite.training.augmentation import RANDOM_IMAGE_LAYERS
from dlsuite.training.forms.augmentation import augmentation
from dlsuite.training.forms.convolution import convolution
from dlsuite.training.forms.dense import dense, embedding
from dlsuite.training.forms.fusion import Form, Fusion
from dlsuite.training.forms.general import (
    ELEMENTWISE,
    apart,
    dropout,
    elementwise,
    weightless,
)
from dlsuite.training.forms.normalization import batch_normalization, layer_normalization
from dlsuite.training.forms.pooling import average_pooling, global_max_pooling, max_pooling
from dlsuite.training.forms.recurrent import bidirectional, is_plain, recurrent
from dlsuite.training.members import Members, map_members

layers = keras.layers
Maker = Callable[[Any, Fusion, str], Form]

_FORMS: dict[type, tuple[Maker, Callable[[Any], bool]]] = {
    layers.Dense: (dense, lambda layer: True),
    layers.Embedding: (embedding, lambda layer: True),
    layers.Conv1D: (convolution, lambda layer: _is_simple_convolution(layer)),
    layers.Conv2D: (convolution, lambda layer: _is_simple_convolution(layer)),
    layers.MaxPooling1D: (max_pooling, lambda layer: True),
    layers.MaxPooling2D: (max_pooling, lambda layer: True),
    layers.AveragePooling1D: (average_pooling, lambda layer: True),
    layers.AveragePooling2D: (average_pooling, lambda layer: True),
    layers.GlobalMaxPooling1D: (global_max_pooling, lambda layer: True),
    layers.GlobalMaxPooling2D: (global_max_pooling, lambda layer: True),
    layers.BatchNormalization: (
        batch_normalization,
        lambda layer: not getattr(layer, "renorm", False),
    ),
    layers.LayerNormalization: (
        layer_normalization,
        lambda layer: not getattr(layer, "rms_scaling", False),
    ),
    layers.SimpleRNN: (recurrent, is_plain),
    layers.GRU: (recurrent, is_plain),
    layers.LSTM: (recurrent, is_plain),
    layers.Bidirectional: (bidirectional, lambda layer: _is_simple_bidirectional(layer)),
    layers.Dropout: (dropout, lambda layer: True),
    **{kind: (augmentation, lambda layer: True) for kind in RANDOM_IMAGE_LAYERS},
}
_READS_MASKS = (
    layers.Dense,
    layers.Embedding,
    layers.LayerNormalization,
    layers.SimpleRNN,
    layers.GRU,
    layers.LSTM,
    layers.Bidirectional,
    layers.Dropout,
    *RANDOM_IMAGE_LAYERS,
)


_CONVOLUTIONS = (layers.Conv1D, layers.Conv2D)
_READS_SHARED = (*_CONVOLUTIONS, *RANDOM_IMAGE_LAYERS)
_READS_BATCH_LAST = (
    *_CONVOLUTIONS,
    layers.MaxPooling1D,
    layers.MaxPooling2D,
    layers.AveragePooling1D,
    layers.AveragePooling2D,
    layers.GlobalMaxPooling1D,
    layers.GlobalMaxPooling2D,
    layers.BatchNormalization,
    layers.Dropout,
)
_MERGES = (layers.Add, layers.Subtract, layers.Multiply, layers.Maximum, layers.Minimum)


def is_fused(operation: Any) -> bool:
    """Whether an operation computes all members in one; otherwise one after another.

    Convolution and batch normalization go one after another behind a mask too, recurrent layers where they
    are handed a state: that shows only in the call.
    """
    return _own_form(operation) is not None or not getattr(operation, "weights", ())


def form_of(operation: Any, fusion: Fusion, path: str) -> Form:
    """The population form of a layer or operation.

    Args:
        operation: A layer of the plain model, built, or another Keras operation.
        fusion: The population.
        path: The layer's path.
    """
    own = _own_form(operation)
    if own is None and _is_elementwise(operation):
        return _spread(elementwise(operation, fusion, path))
    general = apart if getattr(operation, "weights", ()) else weightless
    otherwise = _plainly(general(operation, fusion, path))
    if own is None:
        return otherwise
    form = own(operation, fusion, path)

    def choose(*args: Any, training: bool, **kwargs: Any) -> Any:
        """A call that the form does not know (a state handed in, a mask) goes the general way."""
        given = kwargs.pop("mask", None)
        known = len(args) == 1 and isinstance(args[0], Members) and not kwargs and given is None
        if known and (args[0].mask is None or isinstance(operation, _READS_MASKS)):
            x = args[0] if isinstance(operation, _READS_SHARED) else args[0].spread()
            x = x if isinstance(operation, _READS_BATCH_LAST) else x.with_batch_first()
            return form(x, training=training)
        if given is not None:
            kwargs["mask"] = given
        return otherwise(*args, training=training, **kwargs)

    return choose


def _plainly(form: Form) -> Form:
    """Give a form its members as most know them: a value for each, the batch behind the members."""

    def plain(x: Members) -> Members:
        return x.spread().with_batch_first()

    def call(*args: Any, training: bool, **kwargs: Any) -> Any:
        args, kwargs = map_members(plain, (args, kwargs))
        return form(*args, training=training, **kwargs)

    return call


def _own_form(operation: Any) -> Maker | None:
    maker, fits = _FORMS.get(type(operation), (None, None))
    if maker is None or fits is None or not fits(operation):
        return None
    if getattr(operation, "quantization_mode", None) or getattr(operation, "lora_enabled", False):
        return None
    parts = ("activation", "recurrent_activation")
    if any(isinstance(getattr(operation, part, None), keras.Layer) for part in parts):
        return None  # An activation that is a layer may have weights.
    return maker


def _spread(form: Form) -> Form:
    """Give a form a value for each member."""

    def call(*args: Any, training: bool, **kwargs: Any) -> Any:
        args, kwargs = map_members(Members.spread, (args, kwargs))
        return form(*args, training=training, **kwargs)

    return call


def _is_elementwise(operation: Any) -> bool:
    """Whether an operation treats every number alike, wherever it stands."""
    if type(operation) is layers.Activation:
        return operation.activation in ELEMENTWISE
    return type(operation) in (*_MERGES, layers.ReLU, layers.LeakyReLU)


def _is_simple_convolution(layer: Any) -> bool:
    return bool(layer.groups == 1) and layer.data_format == "channels_last"


def _is_simple_bidirectional(layer: Any) -> bool:
    inner = (layer.forward_layer, layer.backward_layer)
    return not layer.return_state and all(
        type(part) in (layers.SimpleRNN, layers.GRU, layers.LSTM) and is_plain(part)
        for part in inner
    )
