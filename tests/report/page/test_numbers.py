import math

import pytest

from dlsuite.report.page.numbers import Estimate, format_number


@pytest.mark.parametrize(
    ("value", "metric", "text"),
    [
        (0.9666, "accuracy", "0.967"),
        (27.0, "rmse", "27.0"),
        (24.94, "", "24.9"),
        (0.0005, "", "0.000500"),
        (0.00001234, "", "1.23e-5"),
        (123.4, "", "123"),
        (999.7, "", "1000"),
        (13706.0, "", "13706"),
        (2.5e7, "", "2.50e7"),
        (0.0, "", "0"),
        (-0.5, "", "\u22120.500"),
        (-0.0001, "accuracy", "\u22120.000"),
        (math.nan, "", "\u2013"),
        (math.inf, "", "\u2013"),
    ],
)
def test_a_number_has_three_digits(value: float, metric: str, text: str) -> None:
    assert format_number(value, metric) == text


def test_a_difference_shows_its_sign_and_zero_has_none() -> None:
    assert format_number(0.0126, "accuracy", signed=True) == "+0.013"
    assert format_number(0.0, signed=True) == "0"


def test_an_estimate_without_an_interval_stands_alone() -> None:
    estimate = Estimate.read({"mean": 0.5, "ci_low": math.nan, "ci_high": math.nan}, "mean")
    assert (estimate.middle.text, estimate.low, estimate.high) == ("0.500", None, None)
    assert Estimate.read({}, "mean").middle.text == "\u2013"
    assert Estimate.read({}, "mean").middle.raw == ""
