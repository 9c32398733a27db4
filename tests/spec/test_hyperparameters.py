"""Hyperparameters: read off a signature, validated, shown."""

import json
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlsuite.errors import SpecError
from dlsuite.spec import (
    Count,
    DropoutRate,
    Penalty,
    Positive,
    Sizes,
    Vectorized,
    display,
    hyperparameters_of,
    validate_settings,
)


def build(
    ignored: int = 0,
    *,
    outputs: int,
    units: Sizes = (8, 4),
    depth: Count = 1,
    dropout: DropoutRate = 0.0,
    l2: Penalty = 0.0,
    clip: Positive | None = None,
    rate: Annotated[Positive, Vectorized()] | None = None,
    activation: Literal["relu", "tanh"] = "relu",
    batch_norm: bool = False,
    untyped=3,
    anything=None,
) -> "not_imported.Thing":  # noqa: F821
    """Build something.

    Args:
        outputs: Not a hyperparameter.
        units: Units of each layer,
            first to last.
        dropout: The rate: of dropout.

    Returns:
        Nothing.
    """


KNOWN = hyperparameters_of(build, skip=["outputs"])


def test_keyword_only_arguments_are_hyperparameters_in_order() -> None:
    names = "units depth dropout l2 clip rate activation batch_norm untyped anything"
    assert " ".join(KNOWN) == names
    assert KNOWN["units"].default == (8, 4)


def test_docs_are_read_from_the_docstring() -> None:
    assert KNOWN["units"].doc == "Units of each layer, first to last."
    assert KNOWN["dropout"].doc == "The rate: of dropout."
    assert KNOWN["depth"].doc == ""


def test_vectorized_ones_are_marked() -> None:
    assert [name for name, known in KNOWN.items() if known.vectorized] == ["dropout", "rate"]


def test_a_dataclass_has_hyperparameters_too() -> None:
    @dataclass(frozen=True, kw_only=True)
    class Settings:
        """Settings.

        Args:
            size: How large.
        """

        size: int = 3

    [size] = hyperparameters_of(Settings).values()
    assert (size.name, size.default, size.doc) == ("size", 3, "How large.")
    assert size.validate(5) == 5


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("units", [16, 8], (16, 8)),
        ("units", 16, (16,)),
        ("units", (3,), (3,)),
        ("dropout", 0, 0.0),
        ("dropout", np.float32(0.5), 0.5),
        ("depth", np.int64(2), 2),
        ("clip", None, None),
        ("clip", 2, 2.0),
        ("activation", "tanh", "tanh"),
        ("batch_norm", True, True),
        ("untyped", 4, 4),
        ("anything", [1, "a"], [1, "a"]),
    ],
)
def test_a_value_comes_back_in_its_own_type(name: str, value: object, expected: object) -> None:
    got = KNOWN[name].validate(value)
    assert got == expected
    assert type(got) is type(expected)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("dropout", 1, "dropout: expected a number, at least 0, less than 1; got 1."),
        ("dropout", -0.1, "dropout: expected a number, at least 0, less than 1; got -0.1."),
        ("dropout", float("nan"), "dropout: expected a number, at least 0, less than 1; got nan."),
        ("dropout", "0.5", 'dropout: expected a number, at least 0, less than 1; got "0.5".'),
        ("dropout", True, "dropout: expected a number, at least 0, less than 1; got true."),
        ("depth", 1.5, "depth: expected a whole number, at least 1; got 1.5."),
        ("depth", 0, "depth: expected a whole number, at least 1; got 0."),
        ("l2", float("inf"), "l2: expected a number, at least 0; got inf."),
        ("clip", 0, "clip: expected a number, more than 0, or nothing; got 0."),
        ("batch_norm", 1, "batch_norm: expected true or false; got 1."),
        ("activation", "rel", 'activation: expected one of "relu", "tanh"; got "rel".'),
        ("untyped", "x", 'untyped: expected a whole number; got "x".'),
        ("anything", object(), "anything: expected a value; got "),
        (
            "units",
            [16, 0],
            "units: expected a whole number, at least 1, or a list of at least 1, each a whole number, "
            "at least 1; got [16, 0].",
        ),
        ("units", [], "or a list of at least 1, each a whole number, at least 1; got []."),
        ("units", {1, 2}, "each a whole number, at least 1; got "),
    ],
)
def test_a_bad_value_says_what_was_expected_and_what_came(
    name: str, value: object, message: str
) -> None:
    with pytest.raises(SpecError) as caught:
        KNOWN[name].validate(value)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.integers(0, 3).map(lambda n: 10 ** (5000 * n))
    | st.binary(max_size=3)
    | st.complex_numbers(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(max_size=3) | st.tuples(st.integers()), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(name=st.sampled_from(list(KNOWN)), value=json_values)
def test_any_value_is_taken_or_refused_in_one_line(name: str, value: object) -> None:
    known = KNOWN[name]
    try:
        taken = known.validate(value)
    except SpecError as error:
        assert str(error).startswith(f"{name}: expected ")
        assert str(error).count("\n") == 0
        return
    if name != "anything":
        assert known.validate(taken) == taken


def test_what_json_cannot_hold_is_refused() -> None:
    endless: list[Any] = []
    endless.append(endless)
    for value in (endless, 10**5000, {(1,): 2}):
        with pytest.raises(SpecError, match="depth: expected a whole number, at least 1; got a "):
            KNOWN["depth"].validate(value)


def test_settings_are_filled_up_with_defaults() -> None:
    known = hyperparameters_of(build)
    values = validate_settings({"units": 3, "outputs": 2}, known, taker="model 'x'")
    assert list(values) == list(known)
    assert values["units"] == (3,)
    assert values["depth"] == 1


def test_an_unknown_setting_names_the_closest_ones() -> None:
    with pytest.raises(
        SpecError, match=r"^model 'x' does not take 'dropuot'\. Did you mean 'dropout'"
    ):
        validate_settings({"dropuot": 0.5}, KNOWN, taker="model 'x'")


def test_a_setting_without_a_default_is_needed() -> None:
    known = hyperparameters_of(build)
    with pytest.raises(
        SpecError, match=r"model 'x' needs a value for 'outputs': a whole number\. Set one, or"
    ):
        validate_settings({}, known, taker="model 'x'")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (0.001, "0.001"),
        (1 / 3, "0.3333333333333333"),
        ([16, 0.5], "[16, 0.5]"),
        ("a", '"a"'),
        ((), "[]"),
        (2, "2"),
        (None, "null"),
    ],
)
def test_a_value_is_shown_as_a_study_file_would(value: object, text: str) -> None:
    assert display(value) == text


@given(value=st.floats(allow_nan=False) | st.integers(-(2**63), 2**63) | st.booleans() | st.text())
def test_a_shown_value_reads_back_as_itself(value: object) -> None:
    shown = display(value)
    if value in (float("inf"), float("-inf")):
        assert shown in ("inf", "-inf")
    else:
        assert json.loads(shown) == value
