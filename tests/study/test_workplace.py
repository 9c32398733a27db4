"""What workers elsewhere are told, and what they have to have."""

from dataclasses import replace

import pytest

from dlsuite.errors import SpecError
from dlsuite.study.workplace import Workplace


def test_a_machine_with_other_versions_is_refused() -> None:
    place = Workplace.here()
    assert {package for package, _ in place.versions} >= {"tensorflow", "keras"}
    place.settle()
    older = tuple((name, "1.0" if name == "keras" else version) for name, version in place.versions)
    with pytest.raises(SpecError, match=r"^machine .* has keras 3\.\S+, the run 1\.0\. Results"):
        replace(place, versions=older).settle()
