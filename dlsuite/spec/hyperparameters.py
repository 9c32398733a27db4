"""Hyperparameters, read off the signature that takes them.

A model builder, a data loader and the training settings each declare what they take as keyword-only,
annotated arguments. This module turns such a signature into named, typed, documented hyperparameters,
so that a study can be checked without calling anything and without importing TensorFlow.
"""

import inspect
import json
import re
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError

from dlsuite.errors import SpecError, closest


class Vectorized:
    """Marks a hyperparameter in which the members of one population may differ.

    Unmarked ones are structural: they change the graph or the data, and separate populations.
    """


class Later:
    """Marks a hyperparameter that came when there were trials already.

    Where it is at its default it is no part of a trial's key, so that what was trained before is not trained
    again. Its default therefore never changes.
    """


Rate = Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)]
"""A share of something, from 0 up to but not including 1."""
DropoutRate = Annotated[Rate, Vectorized()]
"""The probability with which a unit is dropped in a training step."""
Penalty = Annotated[float, Field(ge=0, allow_inf_nan=False)]
"""The weight of a penalty, 0 or more."""
WeightPenalty = Annotated[Penalty, Vectorized()]
"""The weight of a penalty on a model's weights."""
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
"""A number above 0."""
Count = Annotated[int, Field(ge=1)]
"""A whole number, 1 or more."""
Sizes = Annotated[
    tuple[Count, ...],
    Field(min_length=1),
    BeforeValidator(
        lambda raw: tuple(raw) if isinstance(raw, list) else (raw,),
        json_schema_input_type=Count | Annotated[list[Count], Field(min_length=1)],
    ),
]
"""The sizes of a stack of layers, each 1 or more; a single number stands for a stack of one."""


@dataclass(frozen=True)
class Hyperparameter:
    """A setting that a model, a data set or the training takes.

    Attributes:
        name: Its name, as written in a study.
        annotation: Its type, with bounds.
        default: Its value where a study says nothing.
        vectorized: Whether the members of one population may differ in it.
        doc: What it does, in a line or two.
        later: Whether it came when there were trials already.
    """

    name: str
    annotation: Any
    default: Any
    vectorized: bool
    doc: str
    later: bool = False

    @cached_property
    def _adapter(self) -> TypeAdapter[Any]:
        return TypeAdapter(self.annotation)

    def validate(self, value: object) -> Any:
        """Return the value in its own type: lists become tuples, `1` becomes `1.0` for a float.

        Raises:
            SpecError: The value has the wrong type or is out of bounds.
        """
        try:
            # Strict JSON mode is as exact as strict Python mode but takes TOML's lists for tuples.
            return self._adapter.validate_json(json.dumps(value, default=_plain), strict=True)
        except ValidationError as error:
            raise SpecError(
                f"{self.name}: expected {self.expected}; got {display(value)}."
            ) from error
        except (TypeError, ValueError, RecursionError) as error:  # JSON cannot hold it.
            raise SpecError(
                f"{self.name}: expected {self.expected}; got {display(value)}."
            ) from error

    @property
    def expected(self) -> str:
        """The type and bounds in words, as in `a number, at least 0, less than 1`."""
        return _in_words(self._adapter.json_schema())


def hyperparameters_of(
    taker: Callable[..., Any], *, skip: Iterable[str] = ()
) -> dict[str, Hyperparameter]:
    """Read the hyperparameters that a function or a dataclass takes.

    Args:
        taker: A function with keyword-only arguments, or a keyword-only dataclass. An argument without
            an annotation takes any value of its default's type.
        skip: Arguments that are not hyperparameters.

    Returns:
        Hyperparameters by name, in the signature's order.
    """
    hints = _argument_hints(taker)
    docs = _argument_docs(inspect.getdoc(taker) or "")
    found: dict[str, Hyperparameter] = {}
    for name, parameter in inspect.signature(taker).parameters.items():
        if parameter.kind is not parameter.KEYWORD_ONLY or name in set(skip):
            continue
        default = parameter.default
        annotation = hints.get(name, Any if default in (None, parameter.empty) else type(default))
        found[name] = Hyperparameter(
            name=name,
            annotation=annotation,
            default=default,
            vectorized=_is_marked(annotation, Vectorized),
            doc=docs.get(name, ""),
            later=_is_marked(annotation, Later),
        )
    return found


def validate_settings(
    settings: Mapping[str, object],
    known: Mapping[str, Hyperparameter],
    *,
    taker: str,
    akin: Iterable[str] = (),
) -> dict[str, Any]:
    """Check settings against the hyperparameters of whoever takes them, and fill in the defaults.

    Args:
        settings: Values by name.
        known: The hyperparameters taken.
        taker: Who takes them, as in `"model 'cnn'"`, for messages.
        akin: Names that are taken under other circumstances, and may be meant.

    Returns:
        A value for every hyperparameter, in the order of `known`.

    Raises:
        SpecError: A setting is unknown, has the wrong type or is out of bounds, or one without a default
            is missing.
    """
    for name in settings:
        if name not in known:
            raise SpecError(f"{taker} does not take {name!r}. {closest(name, [*known, *akin])}")
    values: dict[str, Any] = {}
    for name, hyperparameter in known.items():
        if name in settings:
            values[name] = hyperparameter.validate(settings[name])
        elif hyperparameter.default is inspect.Parameter.empty:
            raise SpecError(
                f"{taker} needs a value for {name!r}: {hyperparameter.expected}. Set one, or give "
                "it a default."
            )
        else:
            values[name] = hyperparameter.default
    return values


def display(value: object) -> str:
    """Write a value as a study file would: `true`, `[16, 32]`, `0.001`; else name its type."""
    try:
        return _display(value)
    except (TypeError, ValueError, RecursionError):
        return f"a {type(value).__name__}"


def _display(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:g}" if float(f"{value:g}") == value else repr(value)
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_display(item) for item in value) + "]"
    return json.dumps(value, ensure_ascii=False, default=str)


def _argument_hints(taker: Callable[..., Any]) -> dict[str, Any]:
    """The arguments' types. What is returned is left alone: builders name a module not yet imported."""
    if inspect.isclass(taker):
        return typing.get_type_hints(taker, include_extras=True)
    arguments = {key: hint for key, hint in taker.__annotations__.items() if key != "return"}
    holder = types.SimpleNamespace(__annotations__=arguments)
    return typing.get_type_hints(
        holder, globalns=getattr(taker, "__globals__", {}), include_extras=True
    )


def _plain(value: Any) -> Any:
    """Turn a NumPy scalar or array into what JSON knows."""
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError


def _is_marked(annotation: Any, mark: type) -> bool:
    metadata = getattr(annotation, "__metadata__", ())
    if any(isinstance(item, mark) for item in metadata):
        return True
    if isinstance(annotation, types.UnionType) or typing.get_origin(annotation) is typing.Union:
        return any(_is_marked(choice, mark) for choice in typing.get_args(annotation))
    return False


def _in_words(schema: Mapping[str, Any]) -> str:
    if "anyOf" in schema:
        return ", or ".join(_in_words(choice) for choice in schema["anyOf"])
    if "const" in schema:
        return json.dumps(schema["const"])
    if "enum" in schema:
        return "one of " + ", ".join(json.dumps(choice) for choice in schema["enum"])
    words = {
        "number": "a number",
        "integer": "a whole number",
        "boolean": "true or false",
        "string": "a text",
        "null": "nothing",
        "array": "a list",
    }.get(schema.get("type", ""), "a value")
    if "items" in schema:
        least, most = schema.get("minItems", 0), schema.get("maxItems")
        count = f" of {least}" if least == most else f" of at least {least}" if least else ""
        return words + (count if least else "") + ", each " + _in_words(schema["items"])
    bounds = {
        "minimum": "at least {}",
        "exclusiveMinimum": "more than {}",
        "maximum": "at most {}",
        "exclusiveMaximum": "less than {}",
    }
    parts = [
        text.format(display(schema[bound])) for bound, text in bounds.items() if bound in schema
    ]
    return ", ".join([words, *parts])


def _argument_docs(docstring: str) -> dict[str, str]:
    """Read the `Args:` section of a Google-style docstring."""
    section = re.search(r"^Args:\n((?:[ \t]+.*\n?|\n)+)", docstring, re.MULTILINE)
    if section is None:
        return {}
    entries = re.findall(r"^ {4}(\w+): ((?:.*\n?)(?: {8}.*\n?)*)", section.group(1), re.MULTILINE)
    return {name: " ".join(text.split()) for name, text in entries}
