import numpy as np
import pytest

from dlsuite.report.limits import bulk_limits
from dlsuite.report.style import OKABE_ITO, axes_grid, value_colors


def test_two_values_have_colors_apart_and_numbers_ordered_ones():
    assert list(value_colors([False, True]).values()) == list(OKABE_ITO[:2])
    shades = value_colors([0.4, 0.0, 0.2])
    assert list(shades) == ["0", "0.2", "0.4"]
    assert not set(shades.values()) & set(OKABE_ITO)


def test_any_number_of_names_has_colors_of_its_own():
    assert len(set(value_colors([f"name {n}" for n in range(20)]).values())) == 20


@pytest.mark.parametrize(("n", "columns"), [(1, 1), (3, 2), (4, 2)])
def test_a_grid_has_as_many_panels_as_asked_for(n, columns):
    figure, panels = axes_grid(n)
    assert figure.axes == panels
    assert len(panels) == n
    assert panels[0].get_gridspec().ncols == columns


def test_values_above_the_ceiling_do_not_set_the_range():
    limits = bulk_limits([1.0, 2.0, 1e6], ceiling=10)
    assert limits.low < 1 < 2 < limits.high < 3


def test_where_all_lie_above_the_ceiling_they_are_shown():
    assert bulk_limits([1e6, 2e6], ceiling=10).high > 2e6


def test_a_wide_range_is_logarithmic_only_where_that_is_wanted():
    assert bulk_limits([0.01, 1.0], decades=4).log
    assert not bulk_limits([0.01, 1.0]).log
    assert not bulk_limits([-0.01, 1.0], decades=4).log


def test_a_logarithmic_range_has_a_bottom():
    limits = bulk_limits([0.0, 1e-9, 1.0], decades=3)
    assert limits.log
    assert 1e-4 < limits.low < 1e-3


@pytest.mark.parametrize("values", [[], [np.nan], [0.0], [3.0, 3.0], [np.inf]])
def test_any_values_give_a_range_with_a_length(values):
    limits = bulk_limits(values)
    assert np.isfinite([limits.low, limits.high]).all()
    assert limits.low < limits.high
