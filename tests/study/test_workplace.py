"""What workers elsewhere are told, and what they have to have."""

from dataclasses import replace

import numpy as np
import pytest

from dlsuite.data import Dataset, add_data, unregister_data
from dlsuite.errors import SpecError
from dlsuite.study.workplace import Workplace


def test_a_machine_with_other_versions_is_refused() -> None:
    place = Workplace.here()
    assert {package for package, _ in place.versions} >= {"tensorflow", "keras"}
    place.settle()
    older = tuple((name, "1.0" if name == "keras" else version) for name, version in place.versions)
    with pytest.raises(SpecError, match=r"^machine .* has keras 3\.\S+, the run 1\.0\. Results"):
        replace(place, versions=older).settle()


def test_arrays_that_are_registered_do_not_travel_with_every_job() -> None:
    before = Workplace.here()
    x = np.random.default_rng(0).normal(size=(200, 50)).astype("float32")
    add_data("arrays_for_test", Dataset.from_arrays(x, np.arange(200) % 2))
    try:
        assert Workplace.here() == before
    finally:
        unregister_data("arrays_for_test")
