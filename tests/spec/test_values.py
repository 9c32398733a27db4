"""Ranges, and the values of a factor."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from dlsuite.spec import Range

numbers = st.floats(-1e9, 1e9)


def spread(start: float, stop: float, steps: int, scale: str = "linear") -> tuple[Any, ...]:
    return Range.model_validate(
        {"from": start, "to": stop, "steps": steps, "scale": scale}
    ).values()


def test_a_log_range_grows_by_the_same_factor() -> None:
    assert spread(1e-4, 1e-1, 4, "log") == pytest.approx((0.0001, 0.001, 0.01, 0.1))
    assert spread(1e-4, 1e-1, 7, "log") == (0.0001, 0.0003162, 0.001, 0.003162, 0.01, 0.03162, 0.1)


def test_a_linear_range_grows_by_the_same_step() -> None:
    assert spread(0, 0.6, 4) == (0.0, 0.2, 0.4, 0.6)


def test_a_range_can_fall() -> None:
    assert spread(1, 0.01, 3, "log") == (1.0, 0.1, 0.01)


@pytest.mark.parametrize(
    ("given_range", "expected"),
    [((1, 5, 5), (1, 2, 3, 4, 5)), ((8, 64, 4, "log"), (8, 16, 32, 64))],
)
def test_whole_steps_between_whole_ends_are_whole(
    given_range: Any, expected: tuple[int, ...]
) -> None:
    values = spread(*given_range)
    assert values == expected
    assert {type(value) for value in values} == {int}


def test_the_ends_are_kept_to_the_last_digit() -> None:
    assert spread(12345, 67891, 2) == (12345, 67891)
    assert spread(0.123456, 0.9, 3)[0] == 0.123456


@given(
    start=numbers,
    stop=numbers,
    steps=st.integers(2, 30),
    scale=st.sampled_from(["linear", "log"]),
)
def test_a_range_goes_from_one_end_to_the_other_or_is_refused(
    start: float, stop: float, steps: int, scale: str
) -> None:
    if start == stop or (scale == "log" and min(start, stop) <= 0):
        with pytest.raises(ValidationError):
            spread(start, stop, steps, scale)
        return
    values = spread(start, stop, steps, scale)
    assert len(values) == steps
    assert (values[0], values[-1]) == (start, stop)
    assert all(math.isfinite(value) for value in values)
    slack = 1e-3 * max(abs(start), abs(stop))
    assert all(min(start, stop) - slack <= value <= max(start, stop) + slack for value in values)
