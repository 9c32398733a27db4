"""The registry of models: names to builders, with what each takes and what kinds of data it is for."""

import inspect
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from dlsuite.data import Dataset
from dlsuite.errors import SpecError
from dlsuite.models.entry import FROM_DATA, ModelEntry
from dlsuite.models.saved import SUFFIX, saved_builder
from dlsuite.registry import Registry
from dlsuite.source import definition_place
from dlsuite.spec import is_path, validate_settings
from dlsuite.spec.kinds import KINDS

if TYPE_CHECKING:
    import keras

Builder = TypeVar("Builder", bound=Callable[..., Any])

_models: Registry[ModelEntry] = Registry("model")


def register_model(
    name: str, *, kinds: Iterable[str], purpose: str = ""
) -> Callable[[Builder], Builder]:
    """Register a function that builds a model, under a name that studies can use.

    The function takes keyword-only arguments: `input_shape` (without the batch axis), `outputs` (classes,
    or 1 for regression), `vocabulary` if it is for text (number of token ids, or None for other kinds), and
    hyperparameters with annotations and defaults. It returns a `keras.Model` that ends in logits or values,
    and imports Keras inside, so that listing and checking stay quick. Where Keras is imported already, it
    is tried at once (`ModelEntry.try_build`).

    Args:
        name: The name.
        kinds: The kinds of data it takes: of `table`, `text`, `series`, `image`.
        purpose: What it is for, in a phrase, for listings.

    Returns:
        A decorator that registers the function and returns it unchanged.

    Raises:
        SpecError: The name is taken, a kind is unknown, the function lacks an argument or has one that a
            study could not set, or what it builds is not what was asked for.

    Example:
        >>> @register_model("linear", kinds=["table"])
        ... def linear(*, input_shape, outputs):
        ...     import keras
        ...     return keras.Sequential([keras.Input(input_shape), keras.layers.Dense(outputs)])
    """
    chosen = tuple(kinds)
    if not chosen or any(kind not in KINDS for kind in chosen):
        raise SpecError(f"model {name!r}: expected kinds among {KINDS}; got {chosen}.")

    def register(builder: Builder) -> Builder:
        entry = ModelEntry(name=name, kinds=chosen, builder=builder, purpose=purpose)
        _check_signature(entry)
        _models.add(name, entry)
        if "keras" in sys.modules and not entry.is_shipped:
            try:
                entry.try_build()
            except SpecError:
                _models.remove(name)
                raise
        return builder

    return register


def add_model(name: str, builder: Callable[..., Any]) -> None:
    """Register a builder for every kind of data, as it is.

    Raises:
        SpecError: The name is taken.
    """
    _models.add(name, ModelEntry(name=name, kinds=KINDS, builder=builder))


def _check_signature(entry: ModelEntry) -> None:
    """Refuse a builder that cannot be called with what a study gives."""
    builder = entry.builder
    if not inspect.isfunction(builder):
        raise SpecError(
            f"model {entry.name!r}: expected a function that builds it, written with 'def'; got a "
            f"{type(builder).__name__}."
        )
    its_builder = f"model {entry.name!r}: its builder ({definition_place(builder)})"
    parameters = inspect.signature(builder).parameters
    needed = FROM_DATA if "text" in entry.kinds else FROM_DATA[:2]
    for argument, parameter in parameters.items():
        if parameter.kind is parameter.VAR_KEYWORD:
            raise SpecError(
                f"{its_builder} takes '**{argument}', whose names a study cannot check; write each "
                "hyperparameter out, with a default."
            )
        if parameter.kind is not parameter.KEYWORD_ONLY:
            raise SpecError(
                f"{its_builder} takes {argument!r} by position; write '*, ' before its first argument, so "
                "that all are keyword-only."
            )
    for argument in needed:
        if argument not in parameters:
            raise SpecError(
                f"{its_builder} needs a keyword-only argument {argument!r}; it has "
                f"{', '.join(parameters) or 'none'}."
            )
    try:
        _ = entry.hyperparameters
    except Exception as error:  # A text as annotation is code, and may raise anything.
        raise SpecError(
            f"{its_builder} has an annotation that cannot be read: {type(error).__name__}: {error}; import "
            "what it names in its module."
        ) from error


def unregister_model(name: str) -> None:
    """Take a model out of the registry again."""
    _models.remove(name)


def model_entry(name: str) -> ModelEntry:
    """Look a registered model up, or make an entry of a `.keras` file.

    Args:
        name: Its name, or the path of a file.

    Raises:
        UnknownNameError: There is none of this name; the message lists the closest ones.
        SpecError: It is a path, but not of a `.keras` file.
    """
    if not is_path(name):
        return _models.get(name)
    path = Path(name)
    if path.suffix != SUFFIX:
        raise SpecError(
            f"model {name!r}: expected a registered name, or a file that ends in '{SUFFIX}'; a Python file "
            "that registers models goes into 'plugins'."
        )
    return ModelEntry(name=path.stem, kinds=KINDS, builder=saved_builder(path), path=path)


def list_models(pattern: str = "*", *, kind: str | None = None) -> list[str]:
    """List registered models, sorted.

    Args:
        pattern: A shell wildcard, as in `"*rnn"`.
        kind: Only those that take this kind of data: `table`, `text`, `series` or `image`.

    Raises:
        SpecError: The kind is unknown.
    """
    if kind is not None and kind not in KINDS:
        raise SpecError(f"kind: expected one of {KINDS}; got {kind!r}.")
    return [
        name for name in _models.names(pattern) if kind is None or kind in _models.get(name).kinds
    ]


def create_model(
    name: str,
    *,
    input_shape: tuple[int, ...],
    outputs: int,
    vocabulary: int | None = None,
    **hyperparameters: Any,
) -> "keras.Model":
    """Build a registered model.

    Args:
        name: Its name.
        input_shape: The shape of one example: `(features,)` for tables, `(length,)` for text,
            `(steps, channels)` for series, `(height, width, channels)` for images.
        outputs: Number of classes, or 1 for regression.
        vocabulary: For text, the number of different token ids.
        **hyperparameters: Whatever the model takes.

    Returns:
        A plain `keras.Model`, built, that gives logits `[batch, outputs]` (values for regression). Its
        weights are drawn by Keras; `dlsuite.training` draws them anew for each seed.

    Raises:
        UnknownNameError: There is no such model.
        SpecError: A hyperparameter is unknown or out of bounds, the model cannot take this shape, or its
            builder fails; the message names the line.
    """
    entry = model_entry(name)
    settings = validate_settings(hyperparameters, entry.hyperparameters, taker=f"model {name!r}")
    return entry.build(
        input_shape=tuple(input_shape), outputs=outputs, vocabulary=vocabulary, settings=settings
    )


def create_model_for(name: str, data: Dataset, **hyperparameters: Any) -> "keras.Model":
    """Build a model for the shape of a data set's examples; see `create_model`.

    Args:
        name: Its name, or the path of a `.keras` file.
        data: The data set.
        **hyperparameters: Whatever the model takes.
    """
    return create_model(
        name,
        input_shape=data.input_shape,
        outputs=data.outputs,
        vocabulary=len(data.vocabulary) if data.vocabulary is not None else None,
        **hyperparameters,
    )
