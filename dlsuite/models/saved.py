"""Keras models from `.keras` files: read in safe mode, and made into builders that studies can use."""

import functools
import hashlib
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlsuite.data.packed import MOST_PACKED, most_unpacked
from dlsuite.errors import SpecError, closest
from dlsuite.models.building import build_apart
from dlsuite.spec import DropoutRate, found_path

if TYPE_CHECKING:
    import keras

SUFFIX = ".keras"
_MUCH = 2**26
"""Weights, and bytes of a file's parts, below which it does not matter what a file makes of little."""


def read_model(path: Path) -> "keras.Model":
    """Read a `.keras` file in safe mode: no code from it is run.

    Raises:
        SpecError: It is not there, is no such file, or holds code or a class that is not Keras's own.
    """
    _check_is_there(path)
    if not zipfile.is_zipfile(path):
        raise SpecError(
            f"{path}: is no '.keras' file, as model.save('model.keras') of Keras 3 writes it."
        )
    import keras

    _refuse_more_than_it_holds(path)
    try:
        model = keras.models.load_model(path, compile=False, safe_mode=True)
    except Exception as error:
        # Keras, h5py and TensorFlow raise whatever comes of what they read, and zipfile too.
        reason = " ".join(str(error).split())
        if "lambda" in reason.lower() and "deserializ" in reason.lower():
            raise SpecError(
                f"{path}: holds a Lambda layer, which is code, and code from a file is never run. Write the "
                "model as a function in a plugin, or its Lambda as a layer of Keras."
            ) from error
        if "Could not locate class" in reason or "Could not locate function" in reason:
            raise SpecError(
                f"{path}: holds a class or function that is not Keras's own. Import what defines it, with "
                "keras.saving.register_keras_serializable, in a plugin that the study names."
            ) from error
        raise SpecError(f"{path}: Keras cannot read it: {reason[:200]}") from error
    if not isinstance(model, keras.Model):
        raise SpecError(f"{path}: expected a Keras model; it holds a {type(model).__name__}.")
    return model


def _refuse_more_than_it_holds(path: Path) -> None:
    """Refuse a file of which little would become very much: it could take all memory before it fails.

    Raises:
        SpecError: Unpacked it is very much larger, or its layers have more weights than it holds bytes.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            held = sum(member.file_size for member in archive.infolist())
            packed = held > most_unpacked(path, _MUCH)
            config = "" if packed else archive.read("config.json").decode()
    except Exception:  # Keras says what is wrong with it.
        return
    if packed:
        raise SpecError(
            f"{path}: unpacked, it is more than {MOST_PACKED} times as large. Save it again."
        )
    weights = _count_weights(config)
    if weights > max(_MUCH, 2 * held):  # Two of the smallest, of four bits, in a byte.
        raise SpecError(
            f"{path}: its layers have {weights:,} weights, but it holds no more than {held:,} bytes: its "
            "configuration is damaged, or was changed by hand. Save it again."
        )


def _count_weights(config: str) -> int:
    """How many weights a saved model's layers have; none of them is made. 0 if that cannot be told."""
    import keras

    def build() -> Any:
        with keras.StatelessScope(initialize_variables=False):
            model = keras.saving.deserialize_keras_object(json.loads(config), safe_mode=True)
            return model.count_params()

    try:
        return int(build_apart(build))  # Keras remembers, by thread, what it has not made.
    except Exception:  # Keras says what is wrong with it.
        return 0


def content_version(path: Path) -> str:
    """Hash a file's content: 16 hexadecimal digits.

    Raises:
        SpecError: It cannot be read.
    """
    _check_is_there(path)
    try:
        state = path.stat()
        return _hash_of(path, state.st_mtime_ns, state.st_size)
    except OSError as error:
        raise SpecError(f"model: {path} cannot be read ({error.strerror}).") from error


def _check_is_there(path: Path) -> None:
    if not found_path(path).is_file():
        near = [str(other) for other in path.parent.glob(f"*{SUFFIX}")]
        hint = f" {closest(str(path), near)}" if near else ""
        raise SpecError(f"model: there is no file {path}.{hint}")


@functools.lru_cache(maxsize=32)
def _hash_of(path: Path, changed: int, size: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def saved_builder(path: Path) -> Callable[..., Any]:
    """A builder that gives a saved model anew.

    Args:
        path: The `.keras` file; it is read when a model is built.
    """

    def saved(
        *,
        input_shape: tuple[int, ...],
        outputs: int,
        vocabulary: int | None = None,
        dropout: DropoutRate | None = None,
    ) -> "keras.Model":
        """A model from a `.keras` file: its layers; every seed draws its weights anew.

        Args:
            input_shape: The shape of one example.
            outputs: Number of logits or values.
            vocabulary: Number of token ids, for text; the model must know as many.
            dropout: The rate of all its dropout layers; their own rates if absent.

        Raises:
            SpecError: The file cannot be read, or the model does not fit the data.
        """
        model = _read_once(path, content_version(path))
        if len(model.inputs) == 1 and tuple(model.input_shape[1:]) != tuple(input_shape):
            raise SpecError(
                f"{path}: takes examples of shape {tuple(model.input_shape[1:])}; the data's are "
                f"{tuple(input_shape)}. Change its keras.Input, or what the data hold."
            )
        return _rebuilt(model, dropout)

    return saved


@functools.lru_cache(maxsize=8)
def _read_once(path: Path, version: str) -> Any:
    model = read_model(path)
    for layer in model._flatten_layers(include_self=False):
        if layer.weights and not layer.trainable and not _is_normalization(layer):
            raise SpecError(
                f"{path}: layer {layer.name!r} is frozen, but a study draws every weight anew from the seed, "
                "so that what it has learned would be lost. Set its 'trainable' to True, or leave it out."
            )
    return model


def _is_normalization(layer: Any) -> bool:
    import keras

    return isinstance(layer, keras.layers.Normalization)


def _rebuilt(model: Any, rate: float | None) -> Any:
    """Build the model anew, with another dropout rate and with what its normalization has adapted to."""
    import keras

    layers = keras.layers
    kinds = (layers.Dropout, layers.SpatialDropout1D, layers.SpatialDropout2D)
    flat = model._flatten_layers(include_self=False)
    dropping = [layer for layer in flat if isinstance(layer, kinds)]
    if rate is not None and not dropping:
        raise SpecError(f"model {model.name!r}: 'dropout' is set, but it has no dropout layer.")

    def clone(layer: Any) -> Any:
        config = layer.get_config()
        if isinstance(layer, kinds) and rate is not None:
            config["rate"] = rate
        if _is_normalization(layer) and layer.input_mean is None:
            config["mean"] = keras.ops.convert_to_numpy(layer.adapt_mean)
            config["variance"] = keras.ops.convert_to_numpy(layer.adapt_variance)
        return type(layer).from_config(config)

    return keras.models.clone_model(model, clone_function=clone)
