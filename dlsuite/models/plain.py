"""Builders that know nothing of the suite: any function that returns a Keras model."""

import inspect
import typing
from collections.abc import Callable, Collection
from typing import Annotated, Any

from dlsuite.errors import SpecError
from dlsuite.models.entry import FROM_DATA
from dlsuite.spec import Vectorized


def keyword_builder(
    function: Callable[..., Any], *, vectorized: Collection[str] = ()
) -> Callable[..., Any]:
    """Make a registered builder of a plain function.

    Its arguments become hyperparameters, whatever their kind; one without an annotation takes values of its
    default's type. `input_shape`, `outputs` and `vocabulary` are handed in where it asks for them.

    Args:
        function: Returns a `keras.Model`.
        vectorized: The arguments in which models of one population may differ.

    Raises:
        SpecError: It takes `*args` or `**kwargs`, whose names cannot be known.
    """
    name = getattr(function, "__name__", type(function).__name__)
    parameters = inspect.signature(function).parameters
    for parameter in parameters.values():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            raise SpecError(
                f"builder {name!r}: takes {parameter}, so that nobody can tell what can be varied; name its "
                "arguments."
            )
    try:
        hints = typing.get_type_hints(function, include_extras=True)
    except (NameError, TypeError):  # Names that only its author's type checker knows.
        hints = {}
    annotations = {
        key: Annotated[hint, Vectorized()] if key in vectorized else hint
        for key, parameter in parameters.items()
        if (hint := hints.get(key, _type_of(parameter.default))) is not None
    }

    def build(**given: Any) -> Any:
        taken = {key: value for key, value in given.items() if key in parameters}
        positional = [
            taken.pop(key)
            for key, parameter in parameters.items()
            if parameter.kind is parameter.POSITIONAL_ONLY and key in taken
        ]
        return function(*positional, **taken)

    handed = [key for key in FROM_DATA if key not in parameters]
    build.__name__ = build.__qualname__ = name
    build.__module__ = getattr(function, "__module__", "__main__")
    build.__doc__ = inspect.getdoc(function)
    build.__annotations__ = annotations
    build.__wrapped__ = function  # type: ignore[attr-defined]
    build.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            *(inspect.Parameter(key, inspect.Parameter.KEYWORD_ONLY) for key in handed),
            *(
                parameter.replace(kind=parameter.KEYWORD_ONLY, annotation=parameter.empty)
                for parameter in parameters.values()
            ),
        ]
    )
    return build


def _type_of(default: Any) -> Any:
    """The type that a default stands for: a whole number, as in `dropout=0`, takes any number."""
    if default is None or default is inspect.Parameter.empty:
        return None
    if isinstance(default, tuple | list):
        return tuple[Any, ...]
    if type(default) is int:
        return int | float
    return type(default) if isinstance(default, bool | float | str) else None
