"""How much room results take is told before they are there, and told right."""

from collections import namedtuple
from collections.abc import Callable
from pathlib import Path

import pytest

from dlsuite.spec import Study
from dlsuite.study import Results, make_plan
from dlsuite.study import space as spaces
from dlsuite.study.describe import describe_plan, plan_lines
from dlsuite.study.space import size_text, space_at

Make = Callable[..., Study]
Usage = namedtuple("Usage", "total used free")


def bytes_in(*paths: Path) -> int:
    return sum(path.stat().st_size for path in paths if path.is_file())


def test_the_estimate_is_near_what_a_study_takes(
    small: Make, train: Callable[..., Results], tmp_path: Path
) -> None:
    study = small(seeds=3, factors={"dropout": [0.0, 0.5], "batch_norm": [False, True]})
    told = describe_plan(make_plan(study), out=tmp_path)["space"]
    assert told["taken"] == 0 and told["fits"]

    folder = train(study, report=True).folder

    weights = bytes_in(*folder.glob("parts/*/weights.npz"))
    assert told["weights"] == pytest.approx(weights, rel=0.1)
    assert told["parts"] == pytest.approx(bytes_in(*folder.rglob("parts/*/*")) - weights, rel=0.5)
    assert told["tables"] == pytest.approx(bytes_in(*folder.glob("*.csv")), rel=0.5)
    assert told["figures"] == pytest.approx(
        bytes_in(folder / "report.html", *folder.glob("figures/*")), rel=0.3
    )
    assert told["models"] == pytest.approx(bytes_in(*folder.glob("models/*")), rel=0.3)
    assert told["total"] == pytest.approx(bytes_in(*folder.rglob("*")), rel=0.2)
    after = describe_plan(make_plan(study), out=tmp_path)["space"]
    assert after["taken"] == bytes_in(*folder.rglob("*"))


def test_a_disk_that_is_too_small_is_told_before_anything_is_trained(
    small: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = make_plan(small())
    *_, fits = plan_lines(describe_plan(plan, out=tmp_path))
    assert fits.startswith("The results take about ") and "are free there." in fits
    assert f"in {tmp_path / 'small'} (parts " in fits

    monkeypatch.setattr(spaces.shutil, "disk_usage", lambda _: Usage(0, 0, 10**5))
    description = describe_plan(plan, out=tmp_path)
    assert not description["space"]["fits"] and description["space"]["free"] == 10**5
    *_, line, warning = plan_lines(description)
    assert line.endswith("100 kB are free there.")
    assert warning.startswith("They will not fit: make room, or give another place with --out.")


def test_a_disk_that_tells_nothing_is_no_reason_to_warn(
    small: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object) -> None:
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(spaces.shutil, "disk_usage", fail)
    description = describe_plan(make_plan(small()), out=tmp_path)
    assert description["space"]["free"] is None and description["space"]["fits"]
    assert plan_lines(description)[-1].endswith(").")


def test_the_room_is_looked_up_where_the_folder_will_be(tmp_path: Path) -> None:
    free, taken = space_at(tmp_path / "not" / "yet" / "there")
    assert free is not None and free > 0
    assert taken == 0


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 bytes"),
        (820, "820 bytes"),
        (1200, "1.2 kB"),
        (14_200_000, "14 MB"),
        (999_700, "1 MB"),
        (1.25e9, "1.2 GB"),
        (6.6e10, "66 GB"),
        (3e12, "3 TB"),
    ],
)
def test_sizes_are_written_for_people(size: float, text: str) -> None:
    assert size_text(size) == text
