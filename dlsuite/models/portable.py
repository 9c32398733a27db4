"""A trained network that can be taken away: raw inputs in, probabilities or values in their own units out.

The data's preprocessing stands in front of the network and softmax, or the target's scale, behind it, all of
plain Keras layers and operations, so that `keras.models.load_model` needs nothing of the suite.
"""

import io
import json
import re
import tempfile
import warnings
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dlsuite.atomic import write_file
from dlsuite.data import Dataset
from dlsuite.data.encoding import TableEncoder
from dlsuite.errors import SpecError, StoreError
from dlsuite.models.building import build_apart
from dlsuite.models.card import CARD, ModelCard, input_names
from dlsuite.models.preprocessing import array_preprocessing, table_preprocessing

if TYPE_CHECKING:
    import keras

_BATCH = 1024
"""Examples that are predicted at once."""
_FIRST_DAY = (1980, 1, 1, 0, 0, 0)
"""The first moment that a zip archive can tell: files that say no other are the same bytes every time."""


def portable_model(model: "keras.Model", data: Dataset) -> "keras.Model":
    """Put a data set's preprocessing in front of a trained network, and what makes outputs readable behind.

    All preprocessing is done in float64, in the data set's own order, and rounded to float32 at the end:
    a network sees the numbers that it was trained on, to the bit. (`keras.Model.predict` itself rounds NumPy
    arrays to float32 before it hands them on; a call, or a `tf.data.Dataset`, does not.)

    Args:
        model: The network, from encoded inputs to logits or standardized values. It is not copied: what is
            trained later changes both.
        data: The data set that it was trained on.

    Returns:
        A `keras.Model`. Of a table from a file it takes a dict of columns, each `[n]`: float64 numbers,
        float64 days since 1970-01-01, texts of categories as an object array; NaN and `""` are missing. Of
        raw texts it takes an object array of them, `[n]`. Of anything else it takes raw inputs `[n, ...]`, as
        they were before scaling, or token ids. It gives probabilities `[n, classes]`, or values in the
        target's unit `[n, 1]`.
    """
    return build_apart(lambda: _portable(model, data))


def check_portable(model: "keras.Model") -> None:
    """Refuse a model that cannot be saved for use elsewhere, which is better told before it is trained.

    Raises:
        SpecError: It is not made of Keras's own layers.
    """
    _refuse_own_code(json.loads(model.to_json()))


def save_model(
    model: "keras.Model", data: Dataset, path: str | Path, about: Mapping[str, Any]
) -> None:
    """Save a trained network as a portable model, with a card that says what it takes and gives.

    The same model gives the same bytes, whenever and wherever it is saved.

    Args:
        model: The network, as `portable_model` takes it.
        data: The data set that it was trained on.
        path: The file, `.keras`.
        about: For the card: whatever JSON can hold.

    Raises:
        SpecError: The file's name does not end in `.keras`, or the model is not made of plain Keras layers.
        StoreError: The file cannot be written.
    """
    path = Path(path)
    if path.suffix != ".keras":
        raise SpecError(f"{path}: expected a file name that ends in .keras.")
    try:
        with tempfile.TemporaryDirectory() as folder:
            saved = Path(folder) / "model.keras"
            with warnings.catch_warnings():
                # Keras 3.15 asks for its weights in a way that NumPy 2 warns of.
                warnings.simplefilter("ignore", DeprecationWarning)
                portable_model(model, data).save(saved)
            content = _finished(saved.read_bytes(), ModelCard.of(data, about))
        path.parent.mkdir(parents=True, exist_ok=True)
        write_file(path, content)
    except OSError as error:
        reason = error.strerror or str(error)
        raise StoreError(f"{path}: cannot be written ({reason}).") from error


def predict(model: "keras.Model", inputs: Any) -> np.ndarray[Any, Any]:
    """Predict like `keras.Model.predict`, but without rounding inputs to float32.

    Args:
        model: A Keras model.
        inputs: An array `[n, ...]`, or a dict of arrays `[n]` or `[n, 1]`, by the inputs' names.

    Returns:
        The outputs, `[n, outputs]`.
    """
    import tensorflow as tf

    batches = tf.data.Dataset.from_tensor_slices(inputs).batch(_BATCH)
    return np.asarray(model.predict(batches, verbose=0))


def _portable(model: "keras.Model", data: Dataset) -> "keras.Model":
    import keras

    encoder = data.encoder
    if isinstance(encoder, TableEncoder):
        names = input_names(encoder)
        preprocessing = table_preprocessing(encoder, name=_free("preprocessing", names, model.name))
        inputs: Any = {
            name: keras.Input((1,), name=name, dtype=raw.dtype)
            for name, raw in zip(names, preprocessing.inputs, strict=True)
        }
        features = preprocessing(list(inputs.values()))
    else:
        names = (_free("inputs", (), model.name),)
        preprocessing = array_preprocessing(data, name=_free("preprocessing", names, model.name))
        (raw,) = preprocessing.inputs
        inputs = keras.Input(raw.shape[1:], name=names[0], dtype=raw.dtype)
        features = preprocessing(inputs)
    network = model
    if model.name in names:
        # Keras wants each name in a graph once, and a column's is what its user types.
        network = keras.Sequential([model], name=_free(model.name, names))
    if data.task_type == "classification":
        answer: Any = keras.layers.Softmax(
            name=_free("probabilities", names, model.name), dtype="float32"
        )
    else:
        # In float64: the target's mean may be large beside its scale.
        answer = keras.layers.Rescaling(
            data.target_scale,
            data.target_mean,
            name=_free("values", names, model.name),
            dtype="float64",
        )
    return keras.Model(inputs, answer(network(features)), name="portable")


def _free(name: str, taken: Iterable[str], network: str = "") -> str:
    """A name that is not taken."""
    while name in {*taken, network}:
        name += "_"
    return name


def _finished(saved: bytes, card: ModelCard) -> bytes:
    """Write a `.keras` archive anew, with the card and without what differs from one saving to the next.

    Raises:
        SpecError: It holds what is not Keras's own.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(saved)) as archive, zipfile.ZipFile(buffer, "w") as written:
        for name in archive.namelist():
            content = archive.read(name)
            if name == "metadata.json":
                told = json.loads(content)
                told.pop("date_saved", None)
                content = json.dumps(told).encode()
            elif name == "config.json":
                _refuse_own_code(json.loads(content))
                content = _with_own_numbers(content.decode()).encode()
            written.writestr(zipfile.ZipInfo(name, _FIRST_DAY), content)
        written.writestr(zipfile.ZipInfo(CARD, _FIRST_DAY), card.to_json())
    return buffer.getvalue()


def _refuse_own_code(config: Any, layer: str = "") -> None:
    """See that another process can read a model without its author's code."""
    if isinstance(config, list):
        for item in config:
            _refuse_own_code(item, layer)
    if not isinstance(config, dict):
        return
    module, kind = config.get("module"), config.get("class_name")
    own = config.get("config")
    layer = own.get("name", layer) if isinstance(own, dict) else layer
    if kind == "Lambda":
        reason = "a Lambda is Python code, which is not run from a file"
    elif kind and (not _is_keras(module) or (module, kind) == ("builtins", "function")):
        name = own if kind == "function" else kind
        reason = f"{name!r} is not Keras's own, and a file holds no code"
    else:
        for item in config.values():
            _refuse_own_code(item, layer)
        return
    raise SpecError(
        f"layer {layer!r}: cannot be saved for use elsewhere: {reason}. Build the model of Keras's own "
        "layers and keras.ops."
    )


def _is_keras(module: Any) -> bool:
    """Whether a saved object's module is Keras's; plain values have none, or Python's own."""
    return module in (None, "builtins") or str(module).partition(".")[0] == "keras"


def _with_own_numbers(config: str) -> str:
    """Number the objects that layers share, which Keras tells apart by their place in memory."""
    numbers: dict[str, int] = {}
    return re.sub(
        r'("shared_object_id": )(\d+)',
        lambda found: f"{found[1]}{numbers.setdefault(found[2], len(numbers))}",
        config,
    )
