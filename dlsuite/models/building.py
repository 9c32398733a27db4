"""Calling a model's builder, and checking what it gives: whatever is wrong with it becomes one line."""

import inspect
import itertools
import re
import sysconfig
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlsuite.errors import SpecError
from dlsuite.source import definition_place

if TYPE_CHECKING:
    import keras

_LIBRARIES = {
    Path(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib", "purelib", "platlib")
}
_BEFORE_REASON = re.compile(r".*Error encountered:$|Exception encountered when calling .*")
"""The lines of Keras's errors that what was raised inside a layer follows, the nearest one last."""
_COLORS = re.compile(r"\x1b\[[0-9;]*m")


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


def check_built(
    model: Any,
    *,
    name: str,
    builder: Callable[..., Any],
    input_shape: tuple[int, ...],
    outputs: int,
    path: Path | None = None,
) -> "keras.Model":
    """Check that a builder has given what it was asked for, and return it.

    Raises:
        SpecError: It is no `keras.Model`, not built, or of another input or output shape.
    """
    import keras

    def refused(what: str) -> SpecError:
        return SpecError(f"model {name!r}: its builder ({definition_place(builder)}) {what}")

    if not isinstance(model, keras.Model):
        raise refused(f"must return a keras.Model; got {_kind_of(model)}")
    if not model.built:
        raise refused("must return a built model; begin it with keras.Input(shape=input_shape).")
    try:
        taken, given = model.input_shape, model.output_shape
    except AttributeError as error:  # A subclassed model, which has no graph.
        raise refused(
            f"must return a functional or sequential model; got a {type(model).__name__}, whose shapes "
            "cannot be told; return keras.Model(inputs, outputs)."
        ) from error
    if not _takes(taken, input_shape):
        raise refused(
            f"must return a model that takes {(None, *input_shape)}; got one that takes {taken}; begin it "
            "with keras.Input(shape=input_shape)."
        )
    if given != (None, outputs):
        if path is not None:
            raise SpecError(
                f"{path}: gives outputs of shape {given}; the data need {(None, outputs)}. Change its last "
                "layer, or what the data hold."
            )
        raise refused(
            f"must return a model with an output of shape {(None, outputs)}; got {given}; end it with "
            "keras.layers.Dense(outputs)."
        )
    return model


def failure(
    error: Exception, *, name: str, builder: Callable[..., Any], input_shape: tuple[int, ...]
) -> SpecError:
    """What a builder raised, as a line that names the model, the place and the error."""
    advice = "" if isinstance(error, ValueError) else "; mend the builder there"
    return SpecError(
        f"model {name!r}: cannot be built for examples of shape {input_shape}: {type(error).__name__}: "
        f"{_reason(error)} ({_place_of_raise(error, builder)}){advice}."
    )


def _code_of(builder: Callable[..., Any]) -> Any:
    return getattr(inspect.unwrap(builder), "__code__", None)


def _place_of_raise(error: Exception, builder: Callable[..., Any]) -> str:
    """The last line on the way to a raise that its user wrote; the builder's own if there is none."""
    code = _code_of(builder)
    own = code.co_filename if code is not None else ""
    for frame, line in reversed(list(traceback.walk_tb(error.__traceback__))):
        file = frame.f_code.co_filename
        if file == __file__:  # What lies before is the suite, not the builder.
            break
        if file == own or not _is_of_a_library(file):
            return f"{file}, line {line}"
    return definition_place(builder)


def _is_of_a_library(file: str) -> bool:
    return file.startswith("<frozen") or not _LIBRARIES.isdisjoint(Path(file).parents)


def _reason(error: Exception) -> str:
    """What an error says, in one line: of Keras's words on a failed call the one that tells why."""
    lines = [line.strip() for line in _COLORS.sub("", str(error)).splitlines() if line.strip()]
    for line, following in reversed(list(itertools.pairwise(lines))):
        if _BEFORE_REASON.fullmatch(line):
            return following
    return lines[0].rstrip(".") if lines else "no message"


def _kind_of(value: Any) -> str:
    """What came instead of a model, and what to do."""
    import keras

    if value is None:
        return "None; end it with a return."
    if inspect.isclass(value):
        return f"the class {value.__name__}; return a model made of it."
    if isinstance(value, keras.KerasTensor):
        return "a layer's output; return keras.Model(inputs, outputs)."
    kind = type(value)
    return (
        f"a {kind.__module__}.{kind.__qualname__}; return keras.Model(inputs, outputs) or a "
        "keras.Sequential."
    )


def _takes(taken: Any, shape: tuple[int, ...]) -> bool:
    """Whether a model takes examples of a shape; None stands for any length."""
    return (
        isinstance(taken, tuple)
        and len(taken) == 1 + len(shape)
        and all(size in (None, wanted) for size, wanted in zip(taken[1:], shape, strict=True))
    )
