"""Registering a builder: what is wrong with it is said at once, in a line that names the place."""

import functools
import inspect
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from dlsuite.errors import SpecError
from dlsuite.models import create_model, list_models, model_entry, register_model, unregister_model

HERE = str(Path(__file__))
Build = Callable[[tuple[int, ...], int], Any]


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """Takes what a test has registered out again."""
    before = set(list_models())
    yield
    for name in set(list_models()) - before:
        unregister_model(name)


def register(builder: Any, *kinds: str) -> None:
    register_model("own", kinds=kinds or ["table"])(builder)


def line_of(function: Any) -> int:
    return int(inspect.unwrap(function).__code__.co_firstlineno)


def linear(*, input_shape: tuple[int, ...], outputs: int) -> keras.Model:
    return keras.Sequential([keras.Input(input_shape), keras.layers.Dense(outputs)])


def by_position(input_shape: tuple[int, ...], outputs: int, *, units: int = 3) -> None: ...


def by_many_positions(*shapes: int, input_shape: tuple[int, ...], outputs: int) -> None: ...


def by_any_name(*, input_shape: tuple[int, ...], outputs: int, **settings: Any) -> None: ...


def without_outputs(*, input_shape: tuple[int, ...]) -> None: ...


def misspelled(*, input_shape: tuple[int, ...], outputs: int, units: "Sizess" = 3) -> None: ...  # type: ignore[name-defined]  # noqa: F821


@pytest.mark.parametrize(
    ("builder", "kind", "message"),
    [
        (by_position, "table", "takes 'input_shape' by position; write '*, ' before its first arg"),
        (by_many_positions, "table", "takes 'shapes' by position; write '*, ' before"),
        (by_any_name, "table", "takes '**settings', whose names a study cannot check; write each"),
        (without_outputs, "table", "needs a keyword-only argument 'outputs'; it has input_shape."),
        (linear, "text", "needs a keyword-only argument 'vocabulary'; it has input_shape, outputs"),
        (misspelled, "table", "has an annotation that cannot be read: NameError: name 'Sizess' is"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_signature_that_no_study_can_call_is_refused(
    builder: Any, kind: str, message: str
) -> None:
    with pytest.raises(SpecError) as caught:
        register(builder, kind)
    begin = f"model 'own': its builder ({HERE}, line {line_of(builder)}) "
    assert str(caught.value).startswith(begin + message)
    assert "\n" not in str(caught.value)
    assert not list_models("own")


@pytest.mark.parametrize(
    ("builder", "kind"),
    [
        ("linear", "str"),
        (functools.partial(linear, outputs=3), "partial"),
        (keras.Sequential, "type"),
    ],
)
def test_what_is_not_written_as_a_function_is_refused(builder: Any, kind: str) -> None:
    with pytest.raises(SpecError) as caught:
        register(builder)
    assert str(caught.value) == (
        f"model 'own': expected a function that builds it, written with 'def'; got a {kind}."
    )


def nothing(shape: tuple[int, ...], outputs: int) -> Any:
    keras.Sequential([keras.Input(shape), keras.layers.Dense(outputs)])


def a_class(shape: tuple[int, ...], outputs: int) -> Any:
    return keras.Sequential


def a_tensor(shape: tuple[int, ...], outputs: int) -> Any:
    return keras.layers.Dense(outputs)(keras.Input(shape))


def a_layer(shape: tuple[int, ...], outputs: int) -> Any:
    return keras.layers.Dense(outputs)


def unbuilt(shape: tuple[int, ...], outputs: int) -> Any:
    return keras.Sequential([keras.layers.Dense(outputs)])


def too_wide(shape: tuple[int, ...], outputs: int) -> Any:
    return keras.Sequential([keras.Input(shape), keras.layers.Dense(outputs + 1)])


def two_outputs(shape: tuple[int, ...], outputs: int) -> Any:
    x = keras.Input(shape)
    return keras.Model(x, [keras.layers.Dense(outputs)(x), keras.layers.Dense(outputs)(x)])


def for_another_width(shape: tuple[int, ...], outputs: int) -> Any:
    return keras.Sequential([keras.Input((5,)), keras.layers.Dense(outputs)])


class Subclassed(keras.Model):
    def __init__(self, outputs: int) -> None:
        super().__init__()
        self.dense = keras.layers.Dense(outputs)

    def call(self, x: Any) -> Any:
        return self.dense(x)


def subclassed(shape: tuple[int, ...], outputs: int) -> Any:
    model = Subclassed(outputs)
    model(np.zeros((1, *shape), np.float32))
    return model


WRONG: list[tuple[Build, str]] = [
    (nothing, "must return a keras.Model; got None; end it with a return."),
    (a_class, "must return a keras.Model; got the class Sequential; return a model made of it."),
    (a_tensor, "must return a keras.Model; got a layer's output; return keras.Model(inputs, "),
    (a_layer, "must return a keras.Model; got a keras.src.layers.core.dense.Dense; return keras."),
    (unbuilt, "must return a built model; begin it with keras.Input(shape=input_shape)."),
    (too_wide, "must return a model with an output of shape (None, 3); got (None, 4); end it with"),
    (two_outputs, "must return a model with an output of shape (None, 3); got [(None, 3), (None,"),
    (for_another_width, "must return a model that takes (None, 4); got one that takes (None, 5); "),
    (subclassed, "must return a functional or sequential model; got a Subclassed, whose shapes "),
]


def builder_of(build: Build) -> Any:
    def builder(*, input_shape: tuple[int, ...], outputs: int) -> Any:
        return build(input_shape, outputs)

    return builder


@pytest.mark.parametrize(
    ("build", "message"), WRONG, ids=lambda value: getattr(value, "__name__", "")
)
def test_a_builder_that_gives_something_else_is_refused_at_once(build: Build, message: str) -> None:
    builder = builder_of(build)
    with pytest.raises(SpecError) as caught:
        register(builder)
    begin = f"model 'own': its builder ({HERE}, line {line_of(builder)}) "
    assert str(caught.value).startswith(begin + message)
    assert "\n" not in str(caught.value)
    assert not list_models("own")


def divides(*, input_shape: tuple[int, ...], outputs: int, by: int = 0) -> keras.Model:
    return linear(input_shape=input_shape, outputs=outputs // by)


def test_what_a_builder_raises_names_the_line_of_the_raise() -> None:
    with pytest.raises(SpecError) as caught:
        register(divides)
    assert str(caught.value) == (
        "model 'own': cannot be built for examples of shape (4,): ZeroDivisionError: integer division or "
        f"modulo by zero ({HERE}, line {line_of(divides) + 1}); mend the builder there."
    )
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    assert not list_models("own")


def test_what_a_builder_raises_later_names_the_line_of_the_raise() -> None:
    def odd(*, input_shape: tuple[int, ...], outputs: int, units: int = 3) -> keras.Model:
        inputs = keras.Input(input_shape)
        x = keras.layers.Dense(units)(inputs)
        hidden = keras.layers.Reshape((2, -1) if units != 3 else (3,))(x)
        return keras.Model(inputs, keras.layers.Dense(outputs)(hidden))

    register(odd)
    with pytest.raises(SpecError) as caught:
        create_model("own", input_shape=(4,), outputs=2, units=5)
    assert str(caught.value).startswith(
        "model 'own': cannot be built for examples of shape (4,): ValueError: The total size of the tensor"
    )
    assert str(caught.value).endswith(f"({HERE}, line {line_of(odd) + 3}).")
    assert "\n" not in str(caught.value)
    assert isinstance(caught.value.__cause__, ValueError)


def test_an_error_within_a_layers_call_is_told_by_its_reason() -> None:
    class Broken(keras.layers.Layer):
        def call(self, x: Any) -> Any:
            raise RuntimeError("the reason\nmore")

    def broken(*, input_shape: tuple[int, ...], outputs: int) -> Any:
        return keras.Model(x := keras.Input(input_shape), Broken()(x))

    with pytest.raises(SpecError, match=r"RuntimeError: the reason \(.*test_registering"):
        register(broken)


def test_an_error_without_words_names_its_type() -> None:
    def silent(*, input_shape: tuple[int, ...], outputs: int) -> Any:
        raise AssertionError

    with pytest.raises(SpecError, match=r"AssertionError: no message \(.*; mend the builder ther"):
        register(silent)


def test_an_error_in_calling_a_builder_names_the_builder() -> None:
    @functools.wraps(linear)
    def unlike_its_signature(**settings: Any) -> keras.Model:
        return linear(**settings, units=3)  # type: ignore[call-arg]

    with pytest.raises(SpecError, match=r"TypeError: linear\(\) got an unexpected .* \(.*, line "):
        register(unlike_its_signature)


@pytest.mark.parametrize("error", [SpecError, ValueError])
def test_a_model_may_find_the_sample_too_small(error: type[Exception]) -> None:
    def picky(*, input_shape: tuple[int, ...], outputs: int) -> keras.Model:
        if input_shape[0] < 100:
            raise error("too small")
        return linear(input_shape=input_shape, outputs=outputs)

    register(picky)
    assert create_model("own", input_shape=(100,), outputs=2).output_shape == (None, 2)
    with pytest.raises(SpecError, match="too small"):
        create_model("own", input_shape=(9,), outputs=2)


def test_every_kind_is_tried() -> None:
    seen = []

    def watched(*, input_shape: tuple[int, ...], outputs: int, vocabulary: int | None) -> Any:
        seen.append((input_shape, outputs, vocabulary))
        x = inputs = keras.Input(input_shape)
        x = keras.layers.Flatten()(x)
        return keras.Model(inputs, keras.layers.Dense(outputs)(x))

    register(watched, "table", "text", "series", "image")
    assert seen == [
        ((4,), 3, None),
        ((12,), 3, 20),
        ((16, 2), 3, None),
        ((32, 32, 3), 3, None),
    ]


def test_a_model_with_a_hyperparameter_without_default_is_not_tried() -> None:
    def open_ended(*, input_shape: tuple[int, ...], outputs: int, by: int) -> keras.Model:
        return linear(input_shape=input_shape, outputs=outputs // by)

    register(open_ended)
    assert create_model("own", input_shape=(4,), outputs=2, by=1).output_shape == (None, 2)
    with pytest.raises(SpecError, match="ZeroDivisionError"):
        create_model("own", input_shape=(4,), outputs=2, by=0)


def test_a_builder_needs_no_docstring() -> None:
    register(linear)
    entry = model_entry("own")
    assert (entry.summary, entry.papers, entry.purpose) == ("", (), "")
    assert not entry.is_shipped


def test_without_keras_a_builder_is_not_tried_before_it_is_asked(tmp_path: Path) -> None:
    code = """
import sys
from dlsuite.models import model_entry, register_model
from dlsuite.errors import SpecError

@register_model("own", kinds=["table"])
def own(*, input_shape, outputs):
    return None

assert "keras" not in sys.modules
try:
    model_entry("own").try_build()
except SpecError as error:
    print(error)
"""
    file = tmp_path / "plugin.py"
    file.write_text(code)
    run = f"import runpy; runpy.run_path({str(file)!r})"
    done = subprocess.run([sys.executable, "-c", run], capture_output=True, text=True, check=True)
    assert done.stdout.startswith(f"model 'own': its builder ({file}, line 6) must return a keras.")
