"""The registry of models: names to builders, with what each takes and what kinds of data it is for."""

import inspect
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from dlsuite.errors import SpecError
from dlsuite.models.adapt import with_logits
from dlsuite.models.saved import SUFFIX, content_version, saved_builder
from dlsuite.registry import Registry
from dlsuite.source import source_version
from dlsuite.spec import Hyperparameter, hyperparameters_of, is_path, validate_settings

if TYPE_CHECKING:
    import keras

KINDS = ("table", "text", "series", "image")
"""The kinds of data a model can be for."""

FROM_DATA = ("input_shape", "outputs", "vocabulary")
"""The arguments of a builder that the data set gives; all others are hyperparameters."""

Builder = TypeVar("Builder", bound=Callable[..., Any])


@dataclass(frozen=True)
class ModelEntry:
    """A registered model.

    Attributes:
        name: Its name.
        kinds: The kinds of data it takes.
        builder: The function that builds it.
        path: The `.keras` file that it was saved in, if it comes from one.
    """

    name: str
    kinds: tuple[str, ...]
    builder: Callable[..., Any]
    path: Path | None = None

    @cached_property
    def hyperparameters(self) -> dict[str, Hyperparameter]:
        """What a study can set, by name."""
        return hyperparameters_of(self.builder, skip=FROM_DATA)

    @cached_property
    def version(self) -> str:
        """What tells this builder from another of its name.

        For one of the suite's own it is empty, since their changes are counted by hand; for a user's it is
        a hash of its source, for a saved one of the file.
        """
        if self.path is not None:
            return content_version(self.path)
        return "" if self.is_own else source_version(self.builder)

    @property
    def is_own(self) -> bool:
        """Whether it is one of the suite's own."""
        return self.path is None and self.builder.__module__.startswith("dlsuite.")

    @property
    def summary(self) -> str:
        """The first line of the builder's docstring."""
        return (inspect.getdoc(self.builder) or "").partition("\n")[0]


_models: Registry[ModelEntry] = Registry("model")


def register_model(name: str, *, kinds: Iterable[str]) -> Callable[[Builder], Builder]:
    """Register a function that builds a model, under a name that studies can use.

    The function takes keyword-only arguments: `input_shape` (without the batch axis), `outputs` (classes,
    or 1 for regression), `vocabulary` if it is for text (number of token ids, or None for other kinds), and
    hyperparameters with annotations and defaults. It returns a `keras.Model` that ends in logits or values,
    and imports Keras inside, so that listing and checking stay quick.

    Args:
        name: The name.
        kinds: The kinds of data it takes: of `table`, `text`, `series`, `image`.

    Returns:
        A decorator that registers the function and returns it unchanged.

    Raises:
        SpecError: The name is taken, a kind is unknown or the function lacks an argument.

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
        parameters = inspect.signature(builder).parameters
        needed = FROM_DATA if "text" in chosen else FROM_DATA[:2]
        for argument in needed:
            if argument not in parameters:
                raise SpecError(
                    f"model {name!r}: its builder needs a keyword-only argument {argument!r}; "
                    f"it has {', '.join(parameters) or 'none'}."
                )
        for argument, parameter in parameters.items():
            if parameter.kind is not parameter.KEYWORD_ONLY:
                raise SpecError(
                    f"model {name!r}: its builder's arguments must be keyword-only, after a '*'; "
                    f"{argument!r} is not."
                )
        _models.add(name, ModelEntry(name=name, kinds=chosen, builder=builder))
        return builder

    return register


def add_model(name: str, builder: Callable[..., Any]) -> None:
    """Register a builder for every kind of data, as it is.

    Raises:
        SpecError: The name is taken.
    """
    _models.add(name, ModelEntry(name=name, kinds=KINDS, builder=builder))


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
        SpecError: A hyperparameter is unknown or out of bounds, or the model cannot take this shape.
    """
    entry = model_entry(name)
    settings = validate_settings(hyperparameters, entry.hyperparameters, taker=f"model {name!r}")
    given: dict[str, Any] = {"input_shape": tuple(input_shape), "outputs": outputs}
    if "vocabulary" in inspect.signature(entry.builder).parameters:
        given["vocabulary"] = vocabulary
    import keras

    def build() -> Any:
        built = entry.builder(**given, **settings)
        adapt = isinstance(built, keras.Model) and not entry.is_own
        return with_logits(built, outputs=outputs) if adapt else built

    try:
        model = build_apart(build)
    except ValueError as error:  # Keras's word for a shape that does not fit.
        reason = str(error).partition("\n")[0]
        raise SpecError(
            f"model {name!r}: cannot be built for examples of shape {given['input_shape']}: {reason}"
        ) from error
    if not isinstance(model, keras.Model):
        raise SpecError(
            f"model {name!r}: its builder must return a keras.Model; got a {type(model).__name__}."
        )
    if not model.built:
        raise SpecError(
            f"model {name!r}: its builder must return a built model; begin it with keras.Input."
        )
    if tuple(model.output_shape) != (None, outputs):
        raise SpecError(
            f"model {name!r}: expected an output of shape (None, {outputs}); got {model.output_shape}."
        )
    return model


def build_apart(build: Callable[[], Any]) -> Any:
    """Build in a thread of its own, where Keras counts unnamed layers from the beginning.

    A layer's draws depend on its name: a second model of the same builder must not be called otherwise
    than the first.
    """
    import keras

    policy = keras.config.dtype_policy()  # Keras keeps it for each thread, as it does the names.

    def work() -> Any:
        keras.config.set_dtype_policy(policy)
        return build()

    with ThreadPoolExecutor(max_workers=1) as pool:
        return pool.submit(work).result()
