import numpy as np
import pytest

from dlsuite.analysis.factor_values import (
    distinct_values,
    format_value,
    is_numeric,
    same_value,
    spans_decades,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (np.float64(0.25), "0.25"),
        (1e-5, "1e-5"),
        (0.1234567891, "0.1234567891"),
        (np.True_, "true"),
        (False, "false"),
        ("adam", "adam"),
        ((16, 32), "[16, 32]"),
        (float("nan"), "none"),
        (None, "none"),
    ],
)
def test_values_are_written_as_a_study_would(value, text):
    assert format_value(value) == text


def test_a_value_from_a_table_equals_the_studys_own():
    assert same_value(np.float64(1.0), 1)
    assert same_value(np.False_, False)
    assert same_value("[16, 32]", [16, 32])
    assert not same_value(False, 0)
    assert not same_value(0.1, 0.2)


def test_numbers_are_sorted_and_names_stay_in_order():
    assert distinct_values([10.0, 0.1, 10.0]) == [0.1, 10.0]
    assert distinct_values([True, False]) == [False, True]
    assert distinct_values(["sgd", "adam", "sgd"]) == ["sgd", "adam"]


def test_true_and_false_are_no_numbers():
    assert is_numeric([1, 0.5])
    assert not is_numeric([True, False])
    assert not is_numeric([1.0, float("nan")])


def test_two_decades_are_counted_from_the_smallest_positive_number():
    assert spans_decades([0.001, 0.1])
    assert not spans_decades([0.01, 0.5])
    assert not spans_decades([0.0, 1.0])
    assert not spans_decades(["a"])
