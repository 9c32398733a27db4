"""Builders that know nothing of the suite take part by their arguments."""

from typing import Any

import pytest

from dlsuite.errors import SpecError
from dlsuite.models import ModelEntry, keyword_builder
from dlsuite.source import source_version


def entry(function: Any, **options: Any) -> ModelEntry:
    return ModelEntry(name="own", kinds=("table",), builder=keyword_builder(function, **options))


def plain(units=16, dropout=0, rate=0.5, batch_norm=False, kind="relu", sizes=(8, 4), other=None):  # type: ignore[no-untyped-def]
    """Build it."""
    return units, dropout, rate, batch_norm, kind, sizes, other


def test_arguments_become_hyperparameters_of_their_defaults_types() -> None:
    own = entry(plain)
    taken = own.hyperparameters
    assert list(taken) == ["units", "dropout", "rate", "batch_norm", "kind", "sizes", "other"]
    assert own.summary == "Build it."
    assert taken["units"].validate(8) == 8
    assert (taken["dropout"].validate(0.25), taken["dropout"].validate(0)) == (0.25, 0)
    assert isinstance(taken["rate"].validate(1), float)
    assert taken["sizes"].validate([3, 2]) == (3, 2)
    assert taken["other"].validate("anything") == "anything"
    for key, wrong in (("batch_norm", 1), ("units", "many"), ("kind", 3)):
        with pytest.raises(SpecError, match=f"{key}: expected"):
            taken[key].validate(wrong)


def test_what_it_does_not_ask_for_is_not_handed_in() -> None:
    def sized(input_shape: tuple[int, ...], /, units: int = 3, *, outputs: int) -> Any:
        return input_shape, units, outputs

    given = {"input_shape": (4,), "outputs": 2, "vocabulary": None}
    assert entry(plain).builder(**given, units=5)[0] == 5
    assert entry(sized).builder(**given) == ((4,), 3, 2)
    assert list(entry(sized).hyperparameters) == ["units"]


def test_arguments_can_be_marked_as_vectorized() -> None:
    taken = entry(plain, vectorized=["rate"]).hyperparameters
    assert [key for key, parameter in taken.items() if parameter.vectorized] == ["rate"]


def test_it_is_known_by_the_source_of_the_function_itself() -> None:
    assert entry(plain).version == source_version(plain)


def test_annotations_that_cannot_be_resolved_are_left_to_the_defaults() -> None:
    def odd(width: "Unheard" = 3) -> "Unheard":  # type: ignore[name-defined]  # noqa: F821
        return width

    assert entry(odd).hyperparameters["width"].validate(4) == 4


def test_arguments_without_names_are_refused() -> None:
    def many(**options: Any) -> Any:
        return options

    def listed(*sizes: int) -> Any:
        return sizes

    for function, sign in ((many, r"\*\*options"), (listed, r"\*sizes")):
        with pytest.raises(SpecError, match=f"builder .* takes {sign}.*; name its arguments"):
            keyword_builder(function)
