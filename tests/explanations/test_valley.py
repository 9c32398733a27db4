"""Gradient descent in one variable: what can be worked out by hand."""

import numpy as np
import pytest

from dlsuite.explanations.valley import (
    LEARNING_RATES,
    curvature,
    curve_table,
    descents,
    slope,
    stationary_points,
    valley,
)


def test_derivatives_are_those_of_the_function() -> None:
    x, step = np.linspace(-3, 3, 25), 1e-4
    differences = (valley(x + step) - valley(x - step)) / (2 * step)
    np.testing.assert_allclose(slope(x), differences, atol=1e-6)
    differences = (slope(x + step) - slope(x - step)) / (2 * step)
    np.testing.assert_allclose(curvature(x), differences, atol=1e-6)


def test_stationary_points_are_two_minima_and_a_maximum_between() -> None:
    points = stationary_points().set_index("kind")
    np.testing.assert_allclose(slope(points["x"]), 0.0, atol=1e-9)
    assert points.loc["absolute minimum", "f"] < points.loc["relative minimum", "f"]
    assert points.loc["relative minimum", "f"] < points.loc["maximum", "f"]
    assert list(points["x"]) == sorted(points["x"])
    assert list(points["curvature"] > 0) == [True, False, True]
    assert points["largest_rate"].isna().sum() == 1


def test_step_is_the_rate_times_the_slope() -> None:
    rows = descents([2.0], [0.1], steps=1)
    assert list(rows["step"]) == [0, 1]
    assert rows["x"][1] == pytest.approx(2.0 - 0.1 * float(slope(2.0)))
    assert rows["f"][1] == pytest.approx(float(valley(rows["x"][1])))


def test_low_rate_reaches_the_minimum_of_its_own_side() -> None:
    top = stationary_points().set_index("kind").loc["maximum", "x"]
    ends = descents(learning_rates=[LEARNING_RATES[0]]).groupby("start").tail(1)
    for start, reached in ends[["start", "reached"]].itertuples(index=False):
        assert reached == ("absolute minimum" if start < top else "relative minimum")


def test_middle_rate_leaps_out_of_the_narrow_minimum_and_a_high_one_diverges() -> None:
    low, middle, high = LEARNING_RATES
    points = stationary_points().set_index("kind")["largest_rate"]
    assert low < points["relative minimum"] < middle < points["absolute minimum"] < high
    ends = descents().drop_duplicates(["start", "learning_rate"])
    reached = ends.groupby("learning_rate")["reached"].unique()
    assert list(reached[middle]) == ["absolute minimum"]
    assert list(reached[high]) == ["diverged"]


def test_diverging_descent_ends_early_and_with_numbers() -> None:
    rows = descents([3.0], [10.0], steps=500)
    assert np.isfinite(rows[["x", "f"]].to_numpy()).all()
    assert len(rows) < 50 and set(rows["reached"]) == {"diverged"}


def test_curve_is_the_function() -> None:
    curve = curve_table()
    np.testing.assert_array_equal(curve["f"], valley(curve["x"]))
